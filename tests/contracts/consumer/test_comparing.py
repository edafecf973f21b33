"""A run beside its scenario: what is not in the contract, what is not made any more, and where both part."""

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from amlcontracts.consumer.comparing import departures, differences
from support.exchanges import JSON


def call(operation, body=None, **more):
    return {"operation": operation, "as": "key", "request": {"body": body}, "answer": {"status": 200}, **more}


def scenario(*calls, **more):
    return {"test": "t", "region": "R", "calls": list(calls), **more}


@given(st.lists(JSON, max_size=4), st.randoms(use_true_random=False))
def test_the_same_calls_in_any_order_are_no_departure(bodies, chance):
    """Programs make some calls at the same time."""
    calls = [call("rrs.execute", body) for body in bodies]
    shuffled = deepcopy(calls)
    chance.shuffle(shuffled)
    assert [] == departures(scenario(*calls), scenario(*shuffled))


def test_a_call_that_is_new_is_told():
    """With its operation, and as it is called."""
    told = departures(scenario(call("a")), scenario(call("a"), call("b", service="S", endpoint="e")))
    assert ["made, and not in the contract: b at 'S/e', called with the key"] == told


def test_a_call_that_is_gone_is_told():
    """Each as often as it is missing."""
    told = departures(scenario(call("a"), call("a"), call("b")), scenario(call("a")))
    assert [f"in the contract, and not made: {one}, called with the key" for one in "ab"] == told


def test_the_nearest_call_is_told_with_the_difference():
    """Of those with the same operation it is the one with the fewest differences."""
    kept = scenario(call("a", {"x": 1, "y": [1, 2]}), call("a", {"x": 7, "y": 8}))
    run = scenario(call("a", {"x": 7, "y": 8}), call("a", {"x": 1, "y": [1, 3]}, extra="n"))
    assert [
        "not as in the contract: a, called with the key",
        "  request.body.y[1]: 2 in the contract, 3 now",
        '  extra: nothing in the contract, "n" now',
    ] == departures(kept, run)


def test_what_is_given_is_compared_too():
    """Another region, and blobs that are not there any more."""
    kept = scenario(given={"blobs": {"c/n": {"text": "x"}}})
    assert [
        'region: "R" in the contract, "Q" now',
        'given: {"blobs": {"c/n": {"text": "x"}}} in the contract, nothing now',
    ] == departures(kept, {**scenario(), "region": "Q"})


@given(JSON, JSON)
def test_two_values_differ_just_when_something_is_told(one, other):
    """A truth value is no number, and a whole number is none with a point."""
    assert [] == list(differences(one, deepcopy(one)))
    assert bool(list(differences(one, other))) == (repr(_sorted(one)) != repr(_sorted(other)))


def _sorted(value):
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def test_long_values_are_cut():
    """A line stays one that a person reads."""
    [told] = differences({"a": "x" * 500}, {"a": "y" * 500})
    assert len(told) < 300
