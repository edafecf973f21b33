"""Keys and tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.access import bearer, matches, opens_endpoint, opens_workspace
from support.records import make_endpoint, make_workspace

KEYS = st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), min_size=1, max_size=90)


@given(KEYS, st.sampled_from(["Bearer", "bearer", "BEARER", "bEaReR"]), st.integers(1, 3))
def test_the_schemes_case_and_blanks_do_not_matter(key, scheme, blanks):
    """Bearer in any case with any number of blanks gives the key exactly as it was sent."""
    assert key == bearer(scheme + " " * blanks + key)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearerabc", "abc", "SharedKey a:b"])
def test_another_scheme_or_none_is_no_key(header):
    """What is no bearer token gives the empty string, which opens nothing."""
    assert "" == bearer(header)
    assert not opens_endpoint(bearer(header), make_endpoint(primary_key="", secondary_key=""))


@given(KEYS, st.lists(KEYS))
def test_a_token_matches_exactly_and_nothing_else(token, keys):
    """A token is one of the keys when it equals one of them, case and all."""
    assert (token in keys) == matches(token, keys)


@given(st.text(), st.text())
def test_any_characters_can_be_compared(token, key):
    """Characters outside ASCII are compared like any others and never break the comparison."""
    assert (bool(token) and token == key) == matches(token, [key])


def test_the_empty_token_opens_nothing():
    """An empty token is refused even where a key is empty."""
    assert not matches("", [""])


def test_both_keys_of_an_endpoint_open_it():
    """The primary and the secondary key open an endpoint; a workspace token does not."""
    endpoint = make_endpoint(primary_key="one", secondary_key="two")
    assert [True, True, False] == [opens_endpoint(token, endpoint) for token in ("one", "two", "token-one")]


def test_both_tokens_of_a_workspace_open_it():
    """The primary and the secondary token open a workspace; an endpoint's key does not."""
    workspace = make_workspace(primary_token="one", secondary_token="two")
    assert [True, True, False] == [opens_workspace(token, workspace) for token in ("one", "two", "key-one")]
