import csv
import io
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.interface import Column
from amlemulator.core.tables import Table
from amlemulator.core.textdata import RowLengthError, TextDataError, convert, format_of, read, write


def read_text(text, form="csv"):
    return read(io.StringIO(text, newline=""), form)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b.csv", "csv"), ("A.NH.CSV", "nh.csv"), ("x.tsv", "tsv"), ("x.nh.tsv", "nh.tsv"), ("x.arff", "arff")],
)
def test_the_extension_names_the_format(name, expected):
    """A blob's format follows from its extension."""
    assert expected == format_of(name)


def test_another_extension_is_no_data_set():
    """A name without one of the extensions is refused, naming those there are."""
    with pytest.raises(TextDataError, match=r"\.csv, \.tsv, \.arff"):
        format_of("model.ilearner")


def test_a_csv_has_names_types_and_missing_cells():
    """The first row names the columns, types are inferred, an empty field is missing."""
    table = read_text("age,job,score\r\n39,clerk,0.5\r\n,,1\r\n")
    assert (
        Table(
            (Column("age", "Int32"), Column("job"), Column("score", "Double")), [[39, "clerk", 0.5], [None, None, 1.0]]
        )
        == table
    )


def test_without_its_header_row_the_first_row_names_the_columns():
    """A CSV without its header row gives what it gave: data as names."""
    assert ["39", "clerk"] == read_text("39,clerk\n50,smith\n").names


def test_nh_csv_has_numbered_columns():
    """A .nh.csv has no header row: Col1, Col2."""
    table = read_text("39,clerk\n50,smith\n", "nh.csv")
    assert (["Col1", "Col2"], 2) == (table.names, len(table.rows))


def test_quoted_fields_follow_rfc_4180():
    """Quotes hold separators, quotes and line ends."""
    assert [['a,"b"\nc', 1]] == read_text('t,n\n"a,""b""\nc",1\n').rows


def test_rows_of_different_lengths_are_the_observed_failure():
    """Ragged rows raise the service's own sentence."""
    with pytest.raises(RowLengthError, match="All rows must have same number of elements"):
        read_text("a,b\n1,2\n3\n")


def test_an_empty_line_is_a_row_of_missing_values():
    """A blank line, at the end too, becomes a row of missing values."""
    assert [[1, 2], [None, None]] == read_text("a,b\n1,2\n\n").rows


def test_a_byte_order_mark_is_no_part_of_the_first_name():
    """A UTF-8 mark at the start is dropped."""
    assert ["a"] == read_text("\ufeffa\n1\n").names


def test_names_become_usable():
    """An empty name is numbered, a repeated one gets a number in brackets."""
    assert ["a", "Col2", "a (1)", "a (2)"] == read_text("a,,a,a\n1,2,3,4\n").names


def test_nothing_is_an_empty_table():
    """An empty text is a table without columns; a header alone has no rows."""
    assert Table(()) == read_text("")
    assert Table((Column("a"), Column("b"))) == read_text("a,b\n")


def test_a_field_beyond_all_measure_is_refused():
    """What the reader cannot take is a TextDataError, in the reader's words."""
    with pytest.raises(TextDataError, match=r"^field larger than field limit \(\d+\)$"):
        read_text("a\n" + "x" * (csv.field_size_limit() + 1))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", " 2"], "Int32"),
        (["1", "3000000000"], "Int64"),
        (["1", "99999999999999999999"], "Double"),
        (["1", "2.5"], "Double"),
        (["1e5", "nan"], "Double"),
        (["1_0"], "String"),
        (["1.5", "x"], "String"),
        (["true", "FALSE"], "Boolean"),
        (["true", "1"], "String"),
        (["5/30/2010 18:07:00", "2010-05-30"], "DateTime"),
        (["00:10:00", "1.02:00:00"], "TimeSpan"),
        (["0-5", "10-20"], "String"),
        (["Jan"], "String"),
    ],
)
def test_types_are_inferred_from_the_text(values, expected):
    """A column has the narrowest type that all its cells fit."""
    assert expected == read_text("\n".join(["c", *values])).columns[0].type


def test_csv_is_written_without_quotes():
    """Output is one header row and bare commas, numbers in .NET's form, missing cells empty, lines ended by CR LF."""
    table = Table((Column("a"), Column("b", "Double")), [["x,y", 0.00001], [None, float("inf")]])
    assert "a,b\r\nx,y,1E-05\r\n,Infinity\r\n" == "".join(write(table, "csv"))
    assert "x,y\t1E-05\r\n\tInfinity\r\n" == "".join(write(table, "nh.tsv"))


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters=",\"'\\?"), min_size=1)
COLUMNS = (Column("n", "Int32"), Column("x", "Double"), Column("t"))
QUARTERS = st.integers(-4000, 4000).map(lambda number: number / 4)
ROWS = st.lists(st.tuples(st.integers(-9, 9), QUARTERS, WORDS.map("w".__add__)).map(list), min_size=1, max_size=5)


@pytest.mark.parametrize("form", ["csv", "tsv", "nh.csv"])
@given(rows=ROWS)
def test_what_is_written_reads_back(form, rows):
    """A table of plain words and numbers survives writing and reading."""
    rows[0][1] = 0.25
    back = read_text("".join(write(Table(COLUMNS, rows), form)), form)
    assert rows == back.rows


@given(rows=ROWS)
def test_arff_carries_types_and_words(rows):
    """ARFF keeps every word, quoted where need be, and numbers as doubles."""
    columns = (Column("n n", "Double"), Column("x", "Double"), Column("it's"))
    rows = [[float(number), x, f"{word}, '\\' {word}"] for number, x, word in rows]
    assert Table(columns, rows) == read_text("".join(write(Table(columns, rows), "arff")), "arff")


def test_arff_as_others_write_it():
    """Comments, nominal attributes, dates, quotes and ? for missing are understood."""
    text = """% comment
@RELATION r
@attribute 'full name' string
@attribute class {<=50K, ">50K"}
@attribute n integer
@attribute d date "yyyy-MM-dd"
@data
'O\\'Neil, A', <=50K, 3, 2010-05-30
?,">50K",?,?
"""
    table = read_text(text, "arff")
    assert ["full name", "class", "n", "d"] == table.names
    assert ("<=50K", ">50K") == table.columns[1].categories
    assert [["O'Neil, A", "<=50K", 3], [None, ">50K", None]] == [row[:3] for row in table.rows]


def test_arff_writes_categories():
    """A categorical column is a nominal attribute."""
    table = Table((Column("c", "String", ("a", "b c")), Column("b", "Boolean")), [["a", True]])
    assert ["@ATTRIBUTE c {a,'b c'}\r\n", "@ATTRIBUTE b STRING\r\n"] == list(write(table, "arff"))[1:3]


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        "@relation r\n@data\n",
        "@relation r\n@attribute a numeric\n",
        "@attribute a\n@data\n",
        "@attribute a money\n@data\n",
        "@attribute a numeric\n@data\nx\n",
        "@attribute a numeric\n@data\n{0 1}\n",
        "@attribute a numeric\n@data\n'1' 2\n",
    ],
)
def test_broken_arff_is_refused(text):
    """Text that is no ARFF is a TextDataError."""
    with pytest.raises(TextDataError):
        read_text(text, "arff")


def test_ragged_arff_is_the_observed_failure():
    """Ragged ARFF rows raise the service's own sentence."""
    with pytest.raises(RowLengthError):
        read_text("@attribute a numeric\n@data\n1,2\n", "arff")


@pytest.mark.parametrize(
    ("text", "form", "sentence"),
    [
        ("a,b\n1\n", "csv", "All rows must have same number of elements"),
        ("@relation x\n@nothing", "arff", "'@nothing' is no ARFF declaration"),
        ("@" + "x" * 60, "arff", f"'@{'x' * 59}' is no ARFF declaration"),
        ("@data\n", "arff", "ARFF needs @ATTRIBUTE and @DATA lines"),
        ("@attribute a numeric\n", "arff", "ARFF needs @ATTRIBUTE and @DATA lines"),
        ("@attribute " + "a" * 60, "arff", f"'@attribute {'a' * 49}' is no ARFF attribute"),
        ("@attribute a " + "x" * 41, "arff", f"ARFF attribute 'a' has the unknown type '{'x' * 40}'"),
        ("@attribute a {x", "arff", "ARFF attribute 'a' has the unknown type '{x'"),
        ("@attribute a numeric\n@data\n{0 1}", "arff", "Sparse ARFF rows are not emulated; write every value"),
        ("@attribute a numeric\n@data\n1,2", "arff", "All rows must have same number of elements"),
        ("@attribute a numeric\n@data\nx", "arff", "Cannot convert 'x' to Double (attribute 'a')"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_sentence(text, form, sentence):
    """What was found and why it is none."""
    with pytest.raises(TextDataError) as caught:
        read_text(text, form)
    assert sentence == str(caught.value)


def test_an_extension_that_is_none_is_named():
    """With those that there are."""
    with pytest.raises(TextDataError) as caught:
        format_of("a.xlsx")
    assert "The extension of 'a.xlsx' is none of .csv, .tsv, .arff, .nh.csv, .nh.tsv" == str(caught.value)


def test_an_arff_is_read_with_all_that_it_may_have():
    """Comments, quotes of both kinds, escapes, every type, missing values and categories."""
    text = (
        "\ufeff% a comment\n@RELATION r\n\n@Attribute 'a \\'b' NUMERIC\n@attribute \"c\" real\n@attribute d integer\n"
        "@attribute e string\n@attribute f date \"M/d/yyyy\"\n@attribute g {x,'y z',?}\n@DATA\n% another\n"
        "1.5, 2,3 ,'it\\'s, so','5/30/2010',x\n?,?,?,\"q\",?,'y z'\n"
    )
    columns = (
        Column("a 'b", "Double"),
        Column("c", "Double"),
        Column("d", "Int32"),
        Column("e"),
        Column("f", "DateTime"),
        Column("g", "String", ("x", "y z")),
    )
    rows = [
        [1.5, 2.0, 3, "it's, so", datetime(2010, 5, 30), "x"],
        [None, None, None, "q", None, "y z"],
    ]
    assert Table(columns, rows) == read_text(text, "arff")


def test_an_arff_is_written_whole():
    """Names, types and cells quoted where they have to be, missing ones as question marks."""
    columns = (
        Column("a b", "Double"),
        Column("i", "Int32"),
        Column("j", "Int64"),
        Column("s"),
        Column("d", "DateTime"),
        Column("t", "TimeSpan"),
        Column("o", "Boolean"),
        Column("c", "String", ("x", "y z")),
    )
    rows = [
        [0.5, 1, 2, "it's\r\n\\so", datetime(2010, 5, 30, 6, 7), timedelta(hours=1), True, "y z"],
        [None, None, None, None, None, None, None, "x"],
    ]
    expected = (
        "@RELATION Unnamed\r\n\r\n@ATTRIBUTE 'a b' NUMERIC\r\n@ATTRIBUTE i NUMERIC\r\n@ATTRIBUTE j NUMERIC\r\n"
        '@ATTRIBUTE s STRING\r\n@ATTRIBUTE d DATE "M/d/yyyy h:mm:ss a"\r\n@ATTRIBUTE t STRING\r\n'
        "@ATTRIBUTE o STRING\r\n@ATTRIBUTE c {x,'y z'}\r\n\r\n@DATA\r\n"
        "0.5,1,2,'it\\'s  \\\\so','5/30/2010 6:07:00 AM','01:00:00',True,'y z'\r\n?,?,?,?,?,?,?,x\r\n"
    )
    assert expected == "".join(write(Table(columns, rows), "arff"))


@given(st.permutations(["", " ", "1", "2.5", "5/30/2010", "00:10", "true", "x"]), st.integers(0, 8))
def test_the_order_of_cells_does_not_decide_their_type(cells, count):
    """A column read from its end has the same type and the same cells."""
    kind, found = convert(cells[:count])
    assert (kind, found[::-1]) == convert(cells[:count][::-1])


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("csv", "a,b\r\n1,\r\n"),
        ("tsv", "a\tb\r\n1\t\r\n"),
        ("nh.csv", "1,\r\n"),
        ("nh.tsv", "1\t\r\n"),
    ],
)
def test_delimited_text_is_written_whole(form, expected):
    """With names unless the format has none; a missing cell is nothing."""
    assert expected == "".join(write(Table((Column("a", "Int32"), Column("b")), [[1, None]]), form))


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (["-1:02", ""], "TimeSpan", [-timedelta(hours=1, minutes=2), None]),
        (["1", "2147483648"], "Int64", [1, 2**31]),
        (["1", "9223372036854775808"], "Double", [1.0, 2.0**63]),
        (["1.5", "x"], "String", ["1.5", "x"]),
        (["true", " FALSE "], "Boolean", [True, False]),
        ([" ", "1.5"], "Double", [None, 1.5]),
        ([" ", "5/30/2010"], "DateTime", [None, datetime(2010, 5, 30)]),
        ([" ", ""], "String", [" ", None]),
        (["true", "1"], "String", ["true", "1"]),
        (["5/30/2010", "5/31/2010"], "DateTime", [datetime(2010, 5, 30), datetime(2010, 5, 31)]),
        (["inf"], "Double", [float("inf")]),
    ],
)
def test_a_column_has_the_narrowest_type(cells, kind, expected):
    """And its cells are of that type."""
    table = read_text("a,z\n" + "".join(f"{cell},1\n" for cell in cells))
    assert (kind, expected) == (table.columns[0].type, table.column("a"))


def test_names_are_made_usable():
    """Blank ones are counted, repeated ones numbered, and blanks around them dropped."""
    assert ["a", "Col2", "a (1)", "a (2)", "b"] == read_text(" a ,,a,a,b\n").names
    assert ([], []) == ((empty := read_text("")).names, empty.rows)


def test_a_line_without_anything_is_a_row_of_missing_cells():
    """Unlike a row of another length."""
    assert [[1, 2], [None, None]] == read_text("a,b\n1,2\n\n").rows


def test_a_comma_at_the_end_of_an_arff_row_has_a_missing_value_after_it():
    """As one between two commas has between them."""
    head = "@attribute a numeric\n@attribute b string\n@attribute c numeric\n@data\n"
    assert [[1.0, None, None], [None, "2", None]] == read_text(head + "1,,\n,2,\n", "arff").rows
