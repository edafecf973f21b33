"""The words in which a breach is told."""

import pytest

from amlcontracts.harness.breach import Breach, hold, same


def said(expected, actual):
    """Return what is said of two values that differ."""
    with pytest.raises(Breach) as told:
        same(expected, actual, "it")
    return str(told.value)


def test_what_is_equal_is_silent():
    """Nothing is said of what is as it should be."""
    same({"a": [1]}, {"a": [1]}, "it")
    hold(True, "never said")


@pytest.mark.parametrize(
    ("expected", "actual", "words"),
    [
        (1, 2, "it: expected 1, got 2"),
        ({"a": 1}, {}, "it: a is missing"),
        ({}, {"a": 1}, "it: a should not be there"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "it: a: b: [1]: expected 2, got 3"),
        ([1], [1, 2], "it: expected [1], got [1, 2]"),
    ],
)
def test_a_difference_names_its_place(expected, actual, words):
    """Of two values that differ the message names where they part."""
    assert words == said(expected, actual)


def test_long_values_are_cut():
    """A value of many thousand characters does not fill the screen."""
    assert len(said("x" * 10_000, "y")) < 700
