"""Armed faults: which calls they meet and hit, and what becomes of those."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.errors import ServiceError, catalogue
from amlemulator.engine.faults import CHECKS, ConnectionCut, Faults, Rule, read_rule, refusal


class Hours:
    """A clock that stands where it is put."""

    time = 0.0

    def now(self):
        return self.time


def hits(calls, **rule):
    """Return the numbers of the calls that a rule hits."""
    faults = Faults(Hours())
    fault = faults.add(status=503, **rule)
    found = []
    for number in range(1, calls + 1):
        if faults.strike("bes.submit", "/workspaces/w/x", "w") is not None:
            found.append(number)
    assert len(found) == faults.hits(fault)
    return found


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"nth": 3}, [3]),
        ({"nth": [1, 4]}, [1, 4]),
        ({"count": 2}, [1, 2]),
        ({"nth": [2, 3, 4], "count": 2}, [2, 3]),
        ({"share": 1}, [1, 2, 3, 4, 5]),
        ({"share": 0}, []),
        ({"operation": "bes.*"}, [1, 2, 3, 4, 5]),
        ({"operation": "rrs.*"}, []),
        ({"path": "*/w/*"}, [1, 2, 3, 4, 5]),
        ({"path": "/w/*"}, []),
        ({"workspace": "w"}, [1, 2, 3, 4, 5]),
        ({"workspace": "v"}, []),
        ({"until": 10}, [1, 2, 3, 4, 5]),
        ({"until": 0}, []),
        ({"seconds": 10}, [1, 2, 3, 4, 5]),
        ({"seconds": 0}, []),
        ({"seconds": 10, "until": 0}, []),
    ],
)
def test_which_calls_are_hit(rule, expected):
    """A rule hits the calls that its members say, of those that it meets."""
    assert expected == hits(5, **rule)


@given(st.text(max_size=5), st.floats(0, 1))
def test_a_share_is_the_same_each_time(seed, share):
    """The same seed hits the same calls."""
    assert hits(30, share=share, seed=seed) == hits(30, share=share, seed=seed)


@given(st.text(max_size=5), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_hits_what_a_smaller_one_does(seed, one, other):
    """Growing a share adds hits and takes none away."""
    smaller, larger = sorted((one, other))
    assert set(hits(20, share=smaller, seed=seed)) <= set(hits(20, share=larger, seed=seed))


def test_a_share_is_about_that_share():
    """A third of many calls is hit, more or less."""
    assert 80 <= len(hits(300, share=1 / 3, seed="x")) <= 120


def test_the_first_rule_that_hits_is_the_one():
    """Rules are asked in the order in which they were armed; one that meets and does not hit leaves it to the next."""
    faults = Faults(Hours())
    first, second = faults.add(nth=2, status=500), faults.add(status=503)
    for status in (503, 500, 503):
        struck = faults.strike("x", "/")
        assert struck is not None
        assert status == struck.status
    assert [(first, 3, 1), (second, 2, 2)] == [(one["id"], one["met"], one["hits"]) for one in faults.list()]


def test_time_runs_out():
    """From ``until`` on nothing is hit."""
    clock = Hours()
    faults = Faults(clock)
    faults.add(until=5, cut="before")
    with pytest.raises(ConnectionCut):
        faults.strike("x", "/")
    clock.time = 5.0
    assert faults.strike("x", "/") is None


def test_a_fault_for_a_time():
    """``seconds`` count from when it was armed."""
    clock = Hours()
    clock.time = 100.0
    faults = Faults(clock)
    faults.add(seconds=5, status=503)
    struck = []
    for clock.time in (100.0, 104.9, 105.0, 1000.0):
        struck.append(faults.strike("x", "/") is not None)
    assert [True, True, False, False] == struck


def test_the_pipeline_is_told_whether_any_is_armed():
    """Arming the first and disarming the last is what it hears of."""
    told = []
    faults = Faults(Hours(), lambda: told.append(faults.armed))
    one, two = faults.add(delay=0, workspace="w"), faults.add(delay=0)
    faults.remove(one)
    assert not faults.remove(one)
    faults.remove(two)
    faults.add(workspace="w", delay=0)
    faults.clear("w")
    assert [True, True, True, True, False, True, False] == told


@pytest.mark.parametrize("name", sorted(catalogue()))
@pytest.mark.parametrize("envelope", ["details", "flat", "studio", "control", "blob"])
def test_every_error_can_be_armed_on_every_host(name, envelope):
    """Each error of the catalogue makes a refusal with its status that the host can render."""
    error = refusal(Rule(error=name), envelope)
    assert catalogue()[name].status == error.entry.status
    assert (envelope == "blob") == (error.entry.envelope == "blob")
    assert "control.faults" == error.evidence


def test_an_effect_and_a_job_meet_their_moment_alone():
    """No call is met by them; being asked at another moment, or in another workspace, is not counted."""
    faults = Faults(Hours())
    effect, job = faults.add(effect="sas-cut", workspace="w", nth=2), faults.add(job={"fail": "x"}, count=1)
    assert None is faults.strike("bes.status", "/x", "w")
    assert [None, None] == [faults.interfere("patch", "w"), faults.interfere("results", "v")]
    found = [faults.interfere("results", "w") for _ in range(3)]
    assert [None, "sas-cut", None] == [rule and rule.effect for rule in found]
    assert [{"fail": "x"}, None] == [faults.job_policy("v") for _ in range(2)]
    assert [1, 1] == [faults.hits(one) for one in (effect, job)]


WRONG = {
    "operation": 1,
    "path": None,
    "workspace": [],
    "nth": [0],
    "share": 1.5,
    "seed": 5,
    "count": 0,
    "until": -1,
    "seconds": -1,
    "error": "NoSuch/Error",
    "arguments": [1],
    "message": {},
    "status": 200,
    "delay": 1e9,
    "cut": "now",
    "headers": {"a": "b\nc"},
    "code": 1,
    "effect": "sas-stolen",
    "job": {"fail": 1},
}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_member_that_cannot_be(name):
    """What a member cannot be is refused with what it takes."""
    with pytest.raises(ServiceError, match=f"'{name}' of a fault is "):
        read_rule({name: WRONG[name]})


@given(st.sampled_from(sorted(CHECKS)), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_whatever_is_given_is_read_or_refused(name, value):
    """No value of a member makes anything but a rule or a refusal."""
    with suppress(ServiceError):
        assert isinstance(read_rule({name: value}), Rule)


@pytest.mark.parametrize("given", [None, [], {}, "x", {"oops": 1}, {"status": 500, "cut": "before"}])
def test_what_is_no_rule(given):
    """What is no object, has no or unknown members, or two ends at once, is refused."""
    with pytest.raises(ServiceError):
        read_rule(given)
