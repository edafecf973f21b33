import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.errors import ServiceError
from amlemulator.core.interface import Column
from amlemulator.core.tables import Table, execution_failure, from_plain, from_swagger, infer, to_plain, to_swagger

COLUMNS = (Column("age", "Int32"), Column("job"), Column("score", "Double"))


def refusal(action):
    with pytest.raises(ServiceError) as caught:
        action()
    return caught.value.entry.group, caught.value.entry.code


def test_columns_are_matched_by_name():
    """The order of ColumnNames is the caller's own; the table has the schema's."""
    table = from_plain({"ColumnNames": ["score", "age", "job"], "Values": [["0.5", "39", "clerk"]]}, COLUMNS)
    assert Table(COLUMNS, [[39, "clerk", 0.5]]) == table


@pytest.mark.parametrize("names", [{}, {"ColumnNames": None}])
def test_without_names_cells_go_by_position(names):
    """Absent and null ColumnNames mean the schema's order; JSON numbers and null are cells."""
    assert Table(COLUMNS, [[None, "clerk", 1.0]]) == from_plain({**names, "Values": [[None, "clerk", 1]]}, COLUMNS)


def test_another_number_of_columns_is_the_librarys_failure():
    """A wrong count answers LibraryExecutionError with the observed details code."""
    expected = ("LibraryExecutionError", "TableSchemaColumnCountMismatch")
    assert expected == refusal(lambda: from_plain({"ColumnNames": ["age"], "Values": [["1"]]}, COLUMNS))
    assert expected == refusal(lambda: from_plain({"Values": [["1", "2"]]}, COLUMNS))
    assert expected == refusal(lambda: from_swagger([{"age": 1}], COLUMNS))


def test_a_missing_name_does_not_match_the_port():
    """The right number of columns with a wrong name, or one name twice, is InputMismatchError."""
    expected = ("BadUserArgument", "InputMismatchError")
    for names in (["age", "jobs", "score"], ["age", "age", "score"]):
        assert expected == refusal(lambda names=names: from_plain({"ColumnNames": names, "Values": []}, COLUMNS))
    assert expected == refusal(lambda: from_swagger([{"age": 1, "jobs": 2, "score": 3}], COLUMNS))


def test_an_unreadable_cell_is_named():
    """A cell that cannot be read is InputParseError, saying row, column and value."""
    with pytest.raises(ServiceError) as caught:
        from_plain({"Values": [["1", "a", "2"], ["1", "a", "many"]]}, COLUMNS)
    assert "InputParseError" == caught.value.entry.code
    assert "Cannot convert 'many' to Double (row 2, column 'score')" in caught.value.message


def test_a_ragged_row_is_unreadable():
    """A row of another length than the names is InputParseError."""
    body = {"ColumnNames": ["age", "job", "score"], "Values": [["1", "a", "2"], ["1", "a"]]}
    assert ("BadUserArgument", "InputParseError") == refusal(lambda: from_plain(body, COLUMNS))
    assert ("BadUserArgument", "InputParseError") == refusal(lambda: from_plain({"Values": [[1], []]}, ()))


@pytest.mark.parametrize("body", [{"Values": 5}, {"Values": [5]}, {"ColumnNames": "a"}, {"ColumnNames": [1]}])
def test_another_shape_is_a_broken_body(body):
    """What is no table at all is RequestBodyInvalid."""
    assert ("BadArgument", "RequestBodyInvalid") == refusal(lambda: from_plain(body, COLUMNS))
    assert ("BadArgument", "RequestBodyInvalid") == refusal(lambda: from_swagger([1], COLUMNS))


def test_no_values_are_no_rows():
    """A table without Values has none."""
    assert [] == from_plain({"ColumnNames": ["age", "job", "score"]}, COLUMNS).rows


def test_a_port_without_schema_takes_any_table():
    """Types are inferred, columns without names are called Col1, Col2, ..."""
    assert ["Int32", "String"] == [c.type for c in from_swagger([{"a": "1", "b": "x"}, {"a": 2}], ()).columns]
    assert ["Col1", "Col2"] == from_plain({"Values": [[1, 2]]}, ()).names
    repeated = {"ColumnNames": ["a", "a"], "Values": []}
    assert ("BadUserArgument", "InputMismatchError") == refusal(lambda: from_plain(repeated, ()))


def test_details_add_names_and_types():
    """With details the value has names, types and values, without only values; cells are strings or null."""
    table = Table(COLUMNS, [[39, "clerk", 0.5], [None, None, 1.0]])
    values = [["39", "clerk", "0.5"], [None, None, "1"]]
    assert {"Values": values} == to_plain(table, details=False)
    assert {
        "ColumnNames": ["age", "job", "score"],
        "ColumnTypes": ["Int32", "String", "Double"],
        "Values": values,
    } == to_plain(table, details=True)
    assert [
        {"age": "39", "job": "clerk", "score": "0.5"},
        {"age": None, "job": None, "score": "1"},
    ] == to_swagger(table)


def test_a_column_is_found_by_name():
    """A column's cells come by its name; an unknown name is a KeyError."""
    table = Table(COLUMNS, [[39, "clerk", 0.5]])
    assert ["clerk"] == table.column("job")
    with pytest.raises(KeyError):
        table.column("Job")


ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-1000, 1000)),
        st.one_of(st.none(), st.text(max_size=5)),
        st.one_of(st.none(), st.floats(-1e6, 1e6).map(lambda value: float(f"{value:.15g}") + 0.0)),
    ).map(list),
    max_size=5,
)


@given(ROWS, st.permutations(range(3)))
def test_both_forms_carry_the_same_table(rows, order):
    """A table survives the plain form in any order of columns, and the swagger form."""
    table = Table(COLUMNS, rows)
    plain = to_plain(table, details=True)
    shuffled = {
        "ColumnNames": [plain["ColumnNames"][place] for place in order],
        "Values": [[row[place] for place in order] for row in plain["Values"]],
    }
    assert table == from_plain(shuffled, COLUMNS)
    assert table == from_swagger(to_swagger(table), COLUMNS)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2"], "Int32"),
        (["1", "3000000000"], "Int64"),
        (["1", "2.5"], "Double"),
        ([1, 2.0], "Double"),
        (["true", "False"], "Boolean"),
        ([True], "Boolean"),
        (["0", "1"], "Int32"),
        (["5/30/2010 18:07:00", ""], "DateTime"),
        (["00:10:00"], "TimeSpan"),
        (["a", "1"], "String"),
        ([None, ""], "String"),
        ([], "String"),
        (["²"], "String"),
    ],
)
def test_a_type_is_the_narrowest_that_fits(values, expected):
    """Missing cells say nothing; 0 and 1 are numbers."""
    assert expected == infer(values)


def sentence(action):
    with pytest.raises(ServiceError) as caught:
        action()
    return caught.value.message, caught.value.evidence


def test_refusals_are_whole_sentences_of_ours():
    """What was expected and what came, with the evidence that the wording is ours."""
    counted = "The number of columns of the input (1) differs from the number in its schema (3)."
    for action in (
        lambda: from_plain({"ColumnNames": ["age"], "Values": []}, COLUMNS),
        lambda: from_plain({"Values": [["1"]]}, COLUMNS),
        lambda: from_swagger([{"age": 1}], COLUMNS),
    ):
        assert (counted, "tables.column-count") == sentence(action)
    told = (
        "Parsing of input vector failed.  Verify the input vector has the correct number of columns and data types.  "
        "Additional details: {}."
    )
    ragged = told.format("Row 2 has 1 cells instead of 3")
    rows = {"Values": [["1", "a", "2"], ["1"]]}
    assert (ragged, "tables.unreadable-cell") == sentence(lambda: from_plain(rows, COLUMNS))
    assert (ragged, "tables.unreadable-cell") == sentence(lambda: from_plain(rows, ()))
    named = {"ColumnNames": ["a", "b", "c"], "Values": [[1, 2, 3], ["1"]]}
    short = {"ColumnNames": ["a", "b"], "Values": [["1"]]}
    assert [ragged, told.format("Row 1 has 1 cells instead of 2")] == [
        sentence(lambda body=body: from_plain(body, ()))[0] for body in (named, short)
    ]
    unreadable = told.format("Cannot convert 'x' to Int32 (row 1, column 'age')")
    body = {"ColumnNames": ["job", "score", "age"], "Values": [[None, "1", "x"]]}
    assert (unreadable, "tables.unreadable-cell") == sentence(lambda: from_plain(body, COLUMNS))
    assert (unreadable, "tables.unreadable-cell") == sentence(
        lambda: from_swagger([{"age": "x", "job": None, "score": 1}], COLUMNS)
    )


@pytest.mark.parametrize(
    "value", [{"ColumnNames": "a"}, {"ColumnNames": [5]}, {"Values": {}}, {"Values": ["x"]}, {"Values": [{}]}]
)
def test_a_table_of_another_shape_is_no_body(value):
    """Names that are no texts, values that are no rows."""
    assert ("BadArgument", "RequestBodyInvalid") == refusal(lambda: from_plain(value, COLUMNS))
    assert ("BadArgument", "RequestBodyInvalid") == refusal(lambda: from_swagger([5], COLUMNS))


def test_one_column_in_another_order_is_the_same():
    """A table of one column, and one of none."""
    one = (Column("age", "Int32"),)
    assert Table(one, [[1], [2]]) == from_plain({"ColumnNames": ["age"], "Values": [["1"], [2]]}, one)
    assert Table((), []) == from_plain({}, ())
    assert Table((), []) == from_swagger([], ())
    assert Table(COLUMNS, []) == from_plain({"Values": None}, COLUMNS)


def test_any_table_has_numbered_or_given_names():
    """Without names they are counted from one; a name twice is a mismatch; missing members are missing cells."""
    assert ["Col1", "Col2"] == from_plain({"Values": [[1, 2]]}, ()).names
    table = from_swagger([{"b": 1}, {"a": "x", "b": None}], ())
    assert (["b", "a"], [[1, None], [None, "x"]]) == (table.names, table.rows)
    twice = {"ColumnNames": ["a", "a"], "Values": [[1, 2]]}
    assert ("BadUserArgument", "InputMismatchError") == refusal(lambda: from_plain(twice, ()))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "String"),
        ([None, ""], "String"),
        (["1", "-2", "+3", " 4 "], "Int32"),
        ([1, 2**31], "Int64"),
        (["1.0"], "Double"),
        ([1.0], "Double"),
        (["x1"], "String"),
        (["٣"], "Double"),
        ([True, "false", " TRUE "], "Boolean"),
        ([True, 1], "String"),
        ([True, "x"], "String"),
        (["5/30/2010", "2010-05-30T00:00:00"], "DateTime"),
        (["1:02:03"], "TimeSpan"),
        (["1-2"], "String"),
    ],
)
def test_the_narrowest_type_that_fits(values, kind):
    """Whole numbers, numbers, truth values, dates, spans, and text for the rest."""
    assert kind == infer(values)


def test_a_column_is_found_by_its_name():
    """Its cells in the order of the rows; an unknown name is a KeyError."""
    table = Table(COLUMNS, [[1, "a", 0.5], [2, "b", 1.5]])
    assert ["a", "b"] == table.column("job")
    with pytest.raises(KeyError, match="nobody"):
        table.column("nobody")


def test_a_table_is_written_in_both_forms():
    """Names and types only with details; every cell as text."""
    table = Table(COLUMNS, [[1, None, 0.5]])
    assert {"Values": [["1", None, "0.5"]]} == to_plain(table, details=False)
    expected = {
        "ColumnNames": ["age", "job", "score"],
        "ColumnTypes": ["Int32", "String", "Double"],
        "Values": [["1", None, "0.5"]],
    }
    assert expected == to_plain(table, details=True)
    assert [{"age": "1", "job": None, "score": "0.5"}] == to_swagger(table)


def test_an_execution_failure_carries_what_it_is_given():
    """Group and code, the sentence as it is, target and evidence."""
    error = execution_failure("ModuleExecutionError", "0003", "{0} is wrong", target="t", evidence="e")
    assert ("ModuleExecutionError", "0003", "{0} is wrong", "t", "e") == (
        error.entry.group,
        error.code,
        error.message,
        error.target,
        error.evidence,
    )
