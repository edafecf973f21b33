"""Placeholders and patterns: what is filled in, and what fits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.failures.patterns import CatalogueFault, described, differences, fill, readable, sought

NAMES = {"training": {"api": "http://x/y", "key": "k"}, "job": "17", "rows": {"a": [1]}}
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc {}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_a_lone_placeholder_is_the_thing_itself():
    """A string that is one placeholder becomes what it stands for, of whatever type; within text it becomes text."""
    filled = fill({"a": "{rows}", "b": ["GET {training.api}/jobs/{job}", 3]}, NAMES)
    assert {"a": {"a": [1]}, "b": ["GET http://x/y/jobs/17", 3]} == filled


def test_an_unknown_placeholder_is_told():
    """A name that nothing made is a fault of the catalogue."""
    with pytest.raises(CatalogueFault, match=r"nothing made \{training\.token\}"):
        fill("{training.token}", NAMES)


@given(TREES)
def test_everything_fits_itself(value):
    """Any JSON fits the pattern that is itself (no string of it begins with ~)."""
    assert [] == differences(value, value)


@given(st.dictionaries(st.text("ab", max_size=2), TREES, max_size=3), TREES)
def test_more_members_are_no_difference(value, more):
    """An object may have more members than the pattern."""
    assert [] == differences(value, {**value, "more": more})


@pytest.mark.parametrize(
    ("pattern", "value", "told"),
    [
        ({"a": 1}, [], "$ is no object"),
        ({"a": 1}, {}, "$.a is missing"),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "$.a.b is 2, not 1"),
        ([1], [1, 2], "$ is no list of 1"),
        ({"a": "~^x"}, {"a": "yx"}, "$.a is 'yx', not '~^x'"),
    ],
)
def test_differences_say_where(pattern, value, told):
    """What does not fit is named by its place."""
    assert [told] == differences(pattern, value)


@given(st.text())
def test_a_text_that_is_looked_for_whole_reads_as_it_is(text):
    """Nothing of a regular expression is left in it."""
    assert text == sought(f"^{re.escape(text)}$")


def test_what_is_around_a_text_is_shown_as_dots():
    """Where the expression leaves open what stands there."""
    assert "…no .csv…" == sought(r"no \.csv")
    assert {"a": ["begins…ends", 1]} == readable({"a": ["~^begins.*ends$", 1]})


def test_an_answer_is_described_in_a_line():
    """Status, body, and what it is held against."""
    assert '400 {"error": {"code": "X"}}' == described({"status": 400, "json": {"error": {"code": "X"}}})
    assert "200 …Sorry…" == described({"status": 200, "text": ["Sorry"]})
    assert "200 (as before)" == described({"status": 200, "same": "before"})
    assert "200 (other than before)" == described({"status": 200, "differs": "before"})
