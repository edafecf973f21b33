import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.errors import ServiceError
from amlemulator.core.interface import Column
from amlemulator.core.tables import Table, from_plain, from_swagger, infer, to_plain, to_swagger

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
