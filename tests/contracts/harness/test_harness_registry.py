"""The list of checks."""

import pytest

from amlcontracts import load
from amlcontracts.harness.registry import checks, chosen


def test_every_check_says_what_it_promises():
    """Each check is one sentence, and what it holds is in the list of evidence."""
    known = {entry["id"] for entry in load("evidence")}
    for one in checks():
        assert one.sentence.endswith("."), one.id
        assert one.evidence, one.id
        assert [] == [name for name in one.evidence if name not in known], one.id


def test_every_kind_is_there():
    """There are laws, walks of state machines, transcripts and checks of concurrency."""
    assert {"law", "state machine", "transcript", "concurrency"} == {one.kind for one in checks()}


def test_every_state_is_walked():
    """Each state of each table has a check of its own."""
    states = {f"edges.{name}." for name, machine in load("state_machines").items() for _ in machine["states"]}
    walked = [one.id for one in checks() if one.id.startswith("edges.")]
    assert sum(len(machine["states"]) for machine in load("state_machines").values()) == len(walked)
    assert states == {name.rpartition(".")[0] + "." for name in walked}


def test_checks_are_chosen_by_how_they_begin():
    """A word chooses every check that begins with it, in their own order."""
    assert [one.id for one in checks() if one.id.startswith("rrs.")] == [one.id for one in chosen(["rrs."])]
    assert ["access.order", "rrs.batch"] == [one.id for one in chosen(["rrs.batch", "access.order"])]
    assert checks() == chosen([])


def test_a_word_that_fits_no_check_is_refused():
    """A misspelt check is no empty run."""
    with pytest.raises(ValueError, match=r"^nobody$"):
        chosen(["rrs.", "nobody"])
