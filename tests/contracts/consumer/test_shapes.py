"""Shapes: what is relied on in a value, said in Python, kept as JSON, held by any validator of JSON Schema."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from amlcontracts.consumer.shapes import schema_of, shape_of, unlike, with_texts
from support.exchanges import JSON, statements_about


@pytest.mark.parametrize(
    ("stated", "shape"),
    [
        ("a", "a"),
        (None, None),
        (str, {"$type": "string"}),
        (str | None, {"$type": ["string", "null"]}),
        (..., {"$present": True}),
        (re.compile("^a"), {"$matches": "^a"}),
        ([int, ...], {"$each": {"$type": "integer"}}),
        ([int, 1.5], [{"$type": "integer"}, 1.5]),
        ({"a": {"$b": bool}, "$$c": 1}, {"a": {"$$b": {"$type": "boolean"}}, "$$$c": 1}),
    ],
)
def test_a_shape_looks_like_its_value(stated, shape):
    """What is exact stands as it is; what is looser is marked, and a member that begins with a dollar is not."""
    assert shape == shape_of(stated)


@pytest.mark.parametrize(
    ("stated", "error", "said"),
    [
        (object(), TypeError, "says nothing about JSON"),
        ((1, 2), TypeError, "says nothing about JSON"),
        (bytes, TypeError, "is no type of JSON; those are str, bool, int, float, list, dict and None"),
        ({1: 2}, TypeError, "has a text for its name"),
        (re.compile("a", re.IGNORECASE), ValueError, "without flags"),
        (re.compile(b"a"), ValueError, "without flags"),
        (re.compile(r"a\Z"), ValueError, "those of ECMAScript"),
    ],
)
def test_what_a_file_cannot_keep_is_refused(stated, error, said):
    """It is told at once, with what to use."""
    with pytest.raises(error, match=said):
        shape_of({"member": stated})


@pytest.mark.parametrize(
    "shape", [{"$type": 1, "more": 2}, {"$present": False}, {"$each": 1, "$type": "string"}, {"$x": 1}]
)
def test_what_is_no_shape_is_refused(shape):
    """A mark that there is none of, or that stands with others, is named."""
    with pytest.raises(ValueError, match=r"is no shape: there are \$type"):
        schema_of({"a": shape})


@pytest.mark.parametrize(
    ("stated", "value", "told"),
    [
        ({"a": str}, {"a": 1, "b": 2}, ['$.a: 1 is not of type "string"']),
        ({"a": 1}, {"b": 1}, ['$: "a" is a required property']),
        ({"a b": [{"c": "x"}, ...]}, {"a b": [{"c": "x"}, {"c": "y"}]}, ['$[\'a b\'][1].c: "x" was expected, got "y"']),
        ([1], [1, 2], ["$: [1,2] has more than 1 item"]),
        ([str, ...], [], ["$: [] has less than 1 item"]),
        ({"s": re.compile("^Fin")}, {"s": "Failed"}, ['$.s: "Failed" does not match "^Fin"']),
        (1, True, ["$: 1 was expected, got true"]),
    ],
)
def test_what_is_amiss_is_told_with_its_place(stated, value, told):
    """One line for each: where, what was stated, what came."""
    assert told == unlike(shape_of(stated), value)


@given(st.data(), JSON)
def test_what_is_truly_stated_holds(data, value):
    """A value is of every shape that is truly stated of it."""
    assert [] == unlike(shape_of(data.draw(statements_about(value))), value)


@given(st.data(), JSON, JSON)
def test_two_validators_agree_on_shapes(data, value, other):
    """The reference implementation of JSON Schema and the fast one say the same of any value."""
    shape = shape_of(data.draw(statements_about(value)))
    schema = {"allOf": [schema_of(shape)]}
    assert Draft202012Validator(schema).is_valid(other) == (unlike(shape, other) == [])


@given(JSON, JSON)
def test_a_whole_value_is_nothing_else(value, other):
    """An exact statement, lists and plain values to their ends, is of no value that lacks or changes any of it."""
    if unlike(shape_of(value), other) == []:
        assert _within(value, other)


def _within(value, other):
    if isinstance(value, dict):
        return isinstance(other, dict) and all(
            name in other and _within(one, other[name]) for name, one in value.items()
        )
    if isinstance(value, list):
        return isinstance(other, list) and len(value) == len(other) and all(map(_within, value, other))
    return value == other and isinstance(value, bool) == isinstance(other, bool)


@given(JSON, st.text(max_size=5), JSON)
def test_more_than_is_stated_is_accepted(value, name, more):
    """A member that nobody relies on may come, go and change."""
    shape = shape_of({"stated": value})
    assert [] == unlike(shape, {"stated": value, f"un{name}": more})


def test_texts_of_a_shape_are_changed_and_marks_are_not():
    """Exact texts and names of members are; patterns and types stay."""
    shape = {"a": ["b", {"$type": "string"}, {"$matches": "c"}, {"$each": {"d": "e"}}], "$$f": 1}
    changed = {"A": ["B", {"$type": "string"}, {"$matches": "c"}, {"$each": {"D": "E"}}], "$$F": 1}
    assert changed == with_texts(shape, str.upper)
