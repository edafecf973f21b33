"""The form of one row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.interface import Column, InputPort, Parameter, ServiceInterface
from amlemulator.core.trial import TrialForm, TrialPort, fill_in, request_of, sample_cell
from interfaces import SCORING, interfaces


def names(interface):
    ports = enumerate(interface.inputs)
    cells = [f"cell-{number}-{place}" for number, port in ports for place, _ in enumerate(port.columns)]
    return cells + [f"parameter-{number}" for number, _ in enumerate(interface.parameters)]


@given(interfaces(), st.data())
def test_what_is_filled_in_is_what_is_sent(interface, data):
    """Each field's value comes back in its cell, in the order of the columns, whatever ports are called."""
    values = {name: data.draw(st.text(max_size=5)) for name in names(interface)}
    body = request_of(fill_in(interface, values))
    cells = [value for port in body["Inputs"].values() for row in port.get("Values", []) for value in row]
    assert [value for name, value in values.items() if name.startswith("cell")] == cells
    parameters = [value for name, value in values.items() if name.startswith("parameter")]
    assert dict(zip([one.name for one in interface.parameters], parameters, strict=True)) == body["GlobalParameters"]


def test_an_empty_form_has_the_samples():
    """Without anything given each cell is its column's sample."""
    body = request_of(fill_in(SCORING, {}))
    port = SCORING.inputs[0]
    assert [[sample_cell(column) for column in port.columns]] == body["Inputs"][port.name]["Values"]


def test_samples():
    """A value of the data first, then a known category, then the help pages' own sample."""
    assert "39" == sample_cell(Column("age", "Int32", sample=39))
    assert "False" == sample_cell(Column("b", "Boolean", sample=False))
    assert "a" == sample_cell(Column("c", "String", ("a", "b")))
    assert ("value", "0") == (sample_cell(Column("s")), sample_cell(Column("n", "Double")))


def test_any_table_is_sent_as_it_is_given():
    """An input without columns takes JSON."""
    interface = ServiceInterface("scoring", (InputPort("input1"),))
    body = request_of(fill_in(interface, {"table-0": '{"ColumnNames": ["a"], "Values": [[1]]}'}))
    assert {"ColumnNames": ["a"], "Values": [[1]]} == body["Inputs"]["input1"]


def test_a_form_is_made_of_what_was_given_and_of_samples():
    """Inputs with columns have cells, others a text; parameters have their values."""
    interface = ServiceInterface(
        "scoring",
        (InputPort("any"), InputPort("rows", (Column("a"), Column("b", "Double")))),
        parameters=(Parameter("p", default="d"), Parameter("q")),
    )
    given = {"table-0": "[]", "cell-1-1": "5", "parameter-1": "x"}
    expected = TrialForm(
        (TrialPort("any", None, "[]"), TrialPort("rows", (("a", "value"), ("b", "5")))), (("p", "d"), ("q", "x"))
    )
    assert expected == fill_in(interface, given)
    body = {
        "Inputs": {"any": [], "rows": {"ColumnNames": ["a", "b"], "Values": [["value", "5"]]}},
        "GlobalParameters": {"p": "d", "q": "x"},
    }
    assert body == request_of(expected)
    assert {"ColumnNames", "Values"} == set(request_of(fill_in(interface, {}))["Inputs"]["any"])


def test_a_table_that_is_no_json_is_told_by_its_port():
    """Broken, or nested without end."""
    for text in ("{", "[" * 100_000):
        with pytest.raises(ValueError, match=r"^any$"):
            request_of(TrialForm((TrialPort("any", None, text),), ()))
