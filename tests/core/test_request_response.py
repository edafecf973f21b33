"""RRS: from a body to tables and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.interface import Column, InputPort, OutputPort, Parameter, ServiceInterface
from amlemulator.core.request_response import (
    Query,
    check_version,
    read_execution,
    read_legacy_score,
    read_query,
    render_execution,
    render_legacy_score,
)
from amlemulator.core.tables import Table
from support.records import refusal_of

COLUMNS = (Column("x", "Double"), Column("y"))
SCORING = ServiceInterface(
    "scoring",
    inputs=(InputPort("input1", COLUMNS),),
    outputs=(OutputPort("output1", columns=(*COLUMNS, Column("Scored Labels"))),),
    parameters=(Parameter("seed", "Int32", default="1"),),
)
TWO_INPUTS = ServiceInterface("scoring", inputs=(InputPort("input1", COLUMNS), InputPort("input2", COLUMNS)))
NO_INPUT = ServiceInterface("scoring", outputs=(OutputPort("output1"),))
TRAINING = ServiceInterface("training", inputs=(InputPort("input1"),), outputs=(OutputPort("output1", "model"),))
PLAIN = {"ColumnNames": ["y", "x"], "Values": [["a", "1.5"], [None, 2]]}
GIVEN = {"Inputs": {"input1": PLAIN}}
ROWS = [[1.5, "a"], [2.0, None]]


def code_of(*arguments):
    error = refusal_of(read_execution, *arguments)
    return error.entry.group, error.code


# The query string


def test_a_missing_query_is_version_2_with_values_only():
    """Stream Analytics is configured without a query and gets version 2.0's plain form (documents.md section 17)."""
    assert Query() == read_query({})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"api-version": "2.0", "details": "true"}, Query(details=True)),
        ({"api-version": "2.0 ", "details": "TRUE", "format": "Swagger"}, Query(swagger=True, details=True)),
        ({"api-version": "2.0", "details": "false", "format": ""}, Query()),
        ({"api-version": "", "amp;format": "swagger", "x": "1"}, Query()),
    ],
)
def test_what_the_query_may_say(arguments, expected):
    """Values are read in any case; unknown parameters, a mangled one among them, are ignored (clients.md 3)."""
    assert expected == read_query(arguments)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"api-version": "1.0"}, "BadVersionCall"),
        ({"api-version": "3.0"}, "BadVersionCall"),
        ({"format": "xml"}, "InvalidQueryParameter"),
        ({"details": "yes"}, "InvalidQueryParameter"),
    ],
)
def test_what_it_may_not(arguments, code):
    """Another version, format or value of details is refused by name (documents.md 13.3)."""
    assert code == refusal_of(read_query, arguments).code


def test_the_refused_version_stands_in_the_text():
    """BadVersionCall quotes the version it was given."""
    assert "during the API call: 9.9. Check" in refusal_of(check_version, "9.9").message


# The body


@pytest.mark.parametrize(
    "value",
    [
        PLAIN,
        {"Values": [["1.5", "a"], [2, None]]},
        [{"y": "a", "x": 1.5}, {"x": "2", "y": None}],
    ],
)
def test_rows_in_every_form(value):
    """By name in any order, by position, or as objects: the same table, whatever the query said."""
    execution = read_execution({"Inputs": {"input1": value}, "GlobalParameters": None, "GolbalParameters": 5}, SCORING)
    assert Table(COLUMNS, ROWS) == execution.tables["input1"]
    assert {"seed": "1"} == execution.parameters


@pytest.mark.parametrize(
    ("body", "interface", "expected"),
    [
        (None, SCORING, ("BadArgument", "RequestIsEmpty")),
        ([], SCORING, ("BadArgument", "RequestBodyInvalid")),
        ({}, SCORING, ("BadArgument", "MissingRequestInput")),
        ({"Inputs": None}, SCORING, ("BadArgument", "MissingRequestInput")),
        ({"Inputs": {"input1": None}}, SCORING, ("BadArgument", "MissingRequestInput")),
        ({"Inputs": []}, SCORING, ("BadArgument", "RequestBodyInvalid")),
        ({"Inputs": {"input1": "a"}}, SCORING, ("BadArgument", "RequestBodyInvalid")),
        ({"Inputs": {"input1": PLAIN, "input9": PLAIN}}, SCORING, ("BadArgument", "InvalidInputNames")),
        ({"Inputs": {"Input1": PLAIN}}, SCORING, ("BadArgument", "InvalidInputNames")),
        (GIVEN, TWO_INPUTS, ("BadArgument", "MissingRequestInput")),
        ({**GIVEN, "GlobalParameters": {"a": 1}}, SCORING, ("BadArgument", "UnexpectedParameter")),
        (
            {**GIVEN, "GlobalParameters": {"seed": "x"}},
            SCORING,
            ("BadArgument", "BadParameterValue"),
        ),
        (
            {"Inputs": {"input1": {"Values": [["1"]]}}},
            SCORING,
            ("LibraryExecutionError", "TableSchemaColumnCountMismatch"),
        ),
        ({"Inputs": {"input1": [{"x": 1, "z": 2}]}}, SCORING, ("BadUserArgument", "InputMismatchError")),
        ({"Inputs": {"input1": [{"x": "a", "y": 2}]}}, SCORING, ("BadUserArgument", "InputParseError")),
        (GIVEN, TRAINING, ("InvalidOperation", "IncompatibleModel")),
    ],
)
def test_bodies_that_are_refused(body, interface, expected):
    """Each fault of an RRS body has its code of errors.md sections 1 and 15."""
    assert expected == code_of(body, interface)


def test_unknown_inputs_are_listed():
    """InvalidInputNames lists the names that the service does not have."""
    error = refusal_of(read_execution, {"Inputs": {"a": PLAIN, "input1": PLAIN, "b": PLAIN}}, SCORING)
    assert "specified in the request: a, b. Please" in error.message


def test_a_service_without_inputs_ignores_those_it_is_sent():
    """R sends Inputs to services that have none, and is answered (clients.md section 3)."""
    assert {} == read_execution({"Inputs": {"input1": PLAIN}}, NO_INPUT).tables
    assert {} == read_execution({}, NO_INPUT).tables


def test_several_inputs_are_all_read():
    """Each port gets its own table."""
    body = {"Inputs": {"input2": {"Values": []}, "input1": PLAIN}}
    assert {"input1": Table(COLUMNS, ROWS), "input2": Table(COLUMNS, [])} == read_execution(body, TWO_INPUTS).tables


# The answer


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), {"type": "table", "value": {"Values": [["1.5", "a"]]}}),
        (
            Query(details=True),
            {
                "type": "table",
                "value": {"ColumnNames": ["x", "y"], "ColumnTypes": ["Double", "String"], "Values": [["1.5", "a"]]},
            },
        ),
        (Query(names=True), {"type": "table", "value": {"ColumnNames": ["x", "y"], "Values": [["1.5", "a"]]}}),
        (Query(swagger=True, details=True), [{"x": "1.5", "y": "a"}]),
    ],
)
def test_forms_of_the_answer(query, expected):
    """Values alone without details; names and types with it; objects with format=swagger, details or not."""
    assert {"Results": {"output1": expected}} == render_execution({"output1": Table(COLUMNS, [[1.5, "a"]])}, query)


@given(st.lists(st.tuples(st.none() | st.floats(), st.none() | st.text()), max_size=5), st.booleans(), st.booleans())
def test_every_cell_is_a_string_or_null(rows, swagger, details):
    """Numbers, too, are JSON strings in both forms, for a number would break the Python client (clients.md 13)."""
    tables = {"output1": Table(COLUMNS, [list(row) for row in rows])}
    shown = render_execution(tables, Query(swagger, details))["Results"]["output1"]
    lines = [row.values() for row in shown] if swagger else shown["value"]["Values"]
    cells = [cell for line in lines for cell in line]
    assert all(cell is None or isinstance(cell, str) for cell in cells)
    assert 2 * len(rows) == len(cells)


# API version 1


def test_a_row_of_version_1():
    """A feature vector is one row by name; the answer is a flat list of strings (documents.md 4.3)."""
    body = {"Id": "score00001", "Instance": {"FeatureVector": {"y": "a", "x": "1.5"}, "GlobalParameters": {"seed": 3}}}
    execution = read_legacy_score(body, SCORING)
    assert (Table(COLUMNS, [[1.5, "a"]]), {"seed": "3"}) == (execution.tables["input1"], execution.parameters)
    assert ["1.5", None] == render_legacy_score({"output1": Table(COLUMNS, [[1.5, None]])})
    assert [] == render_legacy_score({"output1": Table(COLUMNS, [])})


@pytest.mark.parametrize(
    ("body", "interface", "expected"),
    [
        ({}, TWO_INPUTS, "MultipleInputsNotAllowed"),
        ({}, ServiceInterface("scoring", inputs=SCORING.inputs), "IncompatibleModel"),
        ({}, TRAINING, "IncompatibleModel"),
        ({}, SCORING, "TableSchemaColumnCountMismatch"),
        ({"Instance": []}, SCORING, "RequestBodyInvalid"),
        ({"Instance": {"FeatureVector": "a"}}, SCORING, "RequestBodyInvalid"),
        (None, SCORING, "RequestIsEmpty"),
    ],
)
def test_what_version_1_cannot_do(body, interface, expected):
    """Several inputs and anything but one output are InvalidOperation; the rest is refused as in version 2."""
    assert expected == refusal_of(read_legacy_score, body, interface).code


@pytest.mark.parametrize(
    ("arguments", "name"),
    [({"format": "x" * 41}, "format"), ({"details": "x" * 41}, "details")],
)
def test_a_refused_query_names_the_parameter_and_its_value(arguments, name):
    """The value as it came, at most forty characters of it."""
    expected = f"Invalid query parameter '{name}'. The value '{'x' * 40}' is not supported."
    assert expected == refusal_of(read_query, arguments).message


def test_a_refused_version_is_cut():
    """Forty characters tell which it is."""
    message = refusal_of(check_version, " " + "9" * 41).message
    assert [True, False] == ["9" * 40 in message, "9" * 41 in message]


def test_versions_that_an_operation_knows():
    """What is allowed passes, with blanks around it; what is missing passes too."""
    check_version(" 1.0 ", ("1.0",))
    check_version(None)
    assert "BadVersionCall" == refusal_of(check_version, "2.0", ("1.0",)).code


def test_the_other_reading_of_details_is_kept():
    """The setting is the caller's, not the query's; details in the query go beyond it."""
    assert Query(names=True) == read_query({}, names=True)
    value = {"ColumnNames": ["x", "y"], "ColumnTypes": ["Double", "String"], "Values": []}
    shown = render_execution({"o": Table(COLUMNS, [])}, Query(details=True, names=True))
    assert {"Results": {"o": {"type": "table", "value": value}}} == shown


def test_the_port_and_the_member_that_are_wrong_are_the_target():
    """A table that is none, and members that are no objects."""
    bodies = [{"Inputs": {"input1": "a"}}, {"Inputs": 5}, {**GIVEN, "GlobalParameters": 5}]
    found = [refusal_of(read_execution, body, SCORING).target for body in bodies]
    assert ["input1", "Inputs", "GlobalParameters"] == found
    bodies = [{"Instance": []}, {"Instance": {"FeatureVector": 5}}]
    assert ["Instance", "FeatureVector"] == [refusal_of(read_legacy_score, body, SCORING).target for body in bodies]


def test_a_training_service_answers_no_rows_and_says_that_the_wording_is_ours():
    """The evidence of the refusal."""
    assert "rrs.training-service" == refusal_of(read_execution, GIVEN, TRAINING).evidence
