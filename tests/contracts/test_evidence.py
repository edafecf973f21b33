"""How each emulated behaviour is known: the list is complete, and every line of it is held by a test."""

import pytest

from amlcontracts import load
from amlcontracts.schemas import faults
from amlemulator.core.errors import catalogue
from support import source

ENTRIES = load("evidence")


def named(member):
    return {name for entry in ENTRIES for name in entry.get(member, ())}


def test_the_list_is_well_formed():
    """Each entry has an id, one sentence, one of the four marks, a source and a test."""
    assert [] == faults("evidence", ENTRIES)


def test_ids_are_unique():
    """No two entries share an id."""
    ids = [entry["id"] for entry in ENTRIES]
    assert [] == sorted({one for one in ids if ids.count(one) > 1})


def test_every_entry_has_a_test():
    """The test that an entry names is defined where it says."""
    assert [] == [f"{entry['id']}: {entry['test']}" for entry in ENTRIES if not source.defined(entry["test"])]


def test_every_rule_has_an_entry():
    """Each evidence id that the source puts into an answer is in the list."""
    ids = {entry["id"] for entry in ENTRIES}
    assert {} == {rule: where for rule, where in source.rules().items() if rule not in ids}


def test_every_route_has_an_entry():
    """Each operation that a face declares is named by at least one entry, and no entry names another."""
    known = named("operations")
    assert {} == {name: where for name, where in source.operations().items() if name not in known}
    assert set() == known - set(source.operations())


def test_every_error_has_an_entry():
    """Each error that the source raises is named by at least one entry, and no entry names one that is not raised."""
    known = named("errors")
    assert {} == {name: where for name, where in source.errors().items() if name not in known}
    assert set() == known - set(source.errors())


@pytest.mark.parametrize("name", sorted(source.errors()))
def test_every_error_of_the_source_is_in_the_catalogue(name):
    """No refusal can miss its entry in the catalogue when it is needed."""
    assert name in catalogue()
