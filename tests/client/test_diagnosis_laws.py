"""The law of diagnosing: break a healthy retraining in one way, and exactly that is named; in two, one by one.

``make diagnose-cases`` runs thousands of cases; here every cause and a share of the pairs is tried with random
workspaces. The transport lets nothing pass but GET and RRS.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlclient import Transport, known_failure
from amlcontracts import load
from amlemulator import Emulator
from support.causes import CAUSES
from support.diagnoses import ORDER, healthy, pair, pairs, single
from support.retraining import emulator_for_diagnoses, retrained, transport_to

SEEDS = st.integers(0, 1_000_000)
SHARED = settings(max_examples=25, deadline=None)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Share an emulator that shows everything that takes time or load."""
    retrained("census")
    made = emulator_for_diagnoses()
    yield made
    made.close()
    assert [] == made.faults_of_ours


@pytest.fixture(scope="module")
def transport(emulator) -> Transport:
    return transport_to(emulator)


@given(SEEDS)
@SHARED
def test_a_healthy_retraining_is_found_healthy(emulator, transport, seed):
    """Every check of a healthy retraining is made, and finds nothing."""
    assert [] == healthy(emulator, transport, seed)


@pytest.mark.parametrize("key", CAUSES)
def test_every_cause_is_named(emulator, transport, key):
    """With an endpoints file and without one, exactly the cause is named, by its own check."""
    assert [[], []] == [single(emulator, transport, key, seed) for seed in (0, 1)]


@given(st.sampled_from(sorted(CAUSES)), SEEDS)
@SHARED
def test_any_one_cause_is_named(emulator, transport, key, seed):
    """In any workspace exactly the cause is named, or with it those that look the same."""
    assert [] == single(emulator, transport, key, seed)


@given(st.sampled_from(pairs()), SEEDS)
@SHARED
def test_of_two_causes_the_first_is_named_and_then_the_second(emulator, transport, both, seed):
    """The first in the document's order is named first; when it is mended, the second is."""
    assert [] == pair(emulator, transport, *both, seed)


def test_causes_are_of_the_catalogue():
    """Every cause is a documented failure, found by a check that there is; what looks alike has a test to part it."""
    groups = [tuple(group["failures"]) for group in load("failures")["alike"]]
    for cause in CAUSES.values():
        assert cause.id == known_failure(cause.id).id
        assert cause.check in ORDER
        assert not cause.alike or (cause.alike in groups and cause.id in cause.alike)
