"""Interfaces read from API documents, and data made to fit."""

import pytest
from hypothesis import given

from amlcontracts.harness.breach import NotApplicable
from amlcontracts.harness.data import (
    Column,
    example_row,
    from_csv,
    interface_of,
    plain,
    probes,
    rows,
    to_csv,
    training_set,
)
from amlcontracts.harness.wire import Answer

COLUMNS = (
    Column("age", "integer", 39),
    Column("share", "number", 0.5),
    Column("kind", "string", "a", ("a", "b")),
    Column("label", "string", "no"),
)


class Documented:
    """An endpoint that answers with an API document."""

    api = "http://h/services/x"

    def __init__(self, definitions):
        self.definitions = definitions
        self.wire = self

    def call(self, method, url):
        """Answer with the document."""
        answer = Answer(method, url, 200, {}, b"")
        answer.__dict__["json"] = {"definitions": self.definitions}
        return answer


def definitions():
    """Return the definitions of a service with one input, one output and two parameters."""
    port = {"type": "array", "items": {"$ref": "#/definitions/input1Item"}}
    item = {"properties": {"age": {"type": "integer"}, "kind": {"type": "string", "enum": ["a", "b"]}}}
    example = {"Inputs": {"input1": [{"age": 3, "kind": "a"}]}}
    return {
        "ExecutionRequest": {"example": example},
        "ExecutionInputs": {"properties": {"input1": port}},
        "input1Item": item,
        "ExecutionOutputs": {"properties": {"output1": port}},
        "BatchOutputs": {"properties": {"output1": {}, "model": {}}},
        "GlobalParameters": {"properties": {"URI": {"type": "string"}, "n": {"type": "integer", "default": 1}}},
    }


def test_an_interface_is_read():
    """Ports, columns, categories, examples and parameters are those of the document."""
    face = interface_of(Documented(definitions()))
    columns = (Column("age", "integer", 3), Column("kind", "string", "a", ("a", "b")))
    assert ("input1", columns) == face.input
    assert (("output1", "model"), ("URI", "n"), ("URI",)) == (face.batch_outputs, face.parameters, face.required)


def test_two_inputs_are_too_many():
    """The laws about rows say that they need a service with one input."""
    document = definitions()
    document["ExecutionInputs"]["properties"]["input2"] = document["ExecutionInputs"]["properties"]["input1"]
    with pytest.raises(NotApplicable, match="2 inputs"):
        assert interface_of(Documented(document)).input


@given(rows(COLUMNS))
def test_rows_fit_their_columns(table):
    """Every row has every column in order, numbers where numbers belong."""
    for row in table:
        assert [one.name for one in COLUMNS] == list(row)
        assert row["age"].isdigit()
        assert row["kind"] in ("a", "b")
        float(row["share"])


def test_probes_are_the_same_each_time():
    """The rows that tell models apart are the same each time."""
    assert probes(COLUMNS) == probes(COLUMNS)


def test_a_table_survives_csv():
    """What is written as CSV is read back."""
    table = [{"a": "1,5", "b": ""}, {"a": 'say "x"', "b": "ü"}]
    assert [["a", "b"], *[list(row.values()) for row in table]] == from_csv(to_csv(table))


def test_the_plain_form():
    """Rows go into the plain form in the order of the names."""
    body = plain("input1", [{"a": "1", "b": "2"}], ["b", "a"])
    assert {"ColumnNames": ["b", "a"], "Values": [["2", "1"]]} == body["Inputs"]["input1"]
    assert {"age": "39", "share": "0.5", "kind": "a", "label": "no"} == example_row(COLUMNS)


def test_two_training_sets_disagree():
    """The label follows the first column of numbers, upwards in the one set and downwards in the other."""
    one, other = (training_set(COLUMNS, ("no", "yes"), upwards=upwards) for upwards in (True, False))
    assert ("no", "yes") == (one[0]["label"], one[-1]["label"])
    assert ("yes", "no") == (other[0]["label"], other[-1]["label"])


def test_no_label_no_training_set():
    """Where no column can be the label that is said."""
    with pytest.raises(NotApplicable, match="which column is the label"):
        training_set(COLUMNS, ("x", "y"), upwards=True)
