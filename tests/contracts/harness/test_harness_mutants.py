"""The mutants: many, each found by a check, and each still fitting the emulator that it is a mutant of."""

from pathlib import Path

import pytest

from amlclient import EndpointsFile
from amlcontracts.harness.ground import Effort
from amlcontracts.harness.registry import checks, chosen
from amlcontracts.harness.runner import perform
from amlemulator import Emulator
from amlemulator.commands.serve import endpoints
from amlemulator.core import cells
from mutants.patching import Patch, mutants

EVERY = {one.name: one for one in mutants()}


def test_there_are_many():
    """More than sixty plausible wrong behaviours are written down, a sentence each."""
    assert len(EVERY) >= 60
    assert [] == [one.name for one in EVERY.values() if not one.sentence.endswith(".") or "\n" in one.sentence]


def test_the_page_lists_them_all():
    """docs/mutants.md has a line for each, found by a check: it was made after the last one was written."""
    page = (Path(__file__).parents[3] / "docs" / "mutants.md").read_text("utf-8")
    lines = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")][1:]
    assert [(one.name, one.sentence) for one in EVERY.values()] == [(line[0][2:], line[1]) for line in lines]
    assert [] == [line[0] for line in lines if line[2].startswith("**")]


def test_each_names_a_check():
    """The check that should find a mutant is one that there is."""
    known = {one.id for one in checks()}
    assert [] == [one.name for one in EVERY.values() if one.found_by not in known]


@pytest.fixture
def tables():
    """Give back the tables of parsers and renderers, which mutants change in place."""
    before = dict(cells.PARSERS), dict(cells.RENDERERS)
    yield
    cells.PARSERS.update(before[0])
    cells.RENDERERS.update(before[1])


@pytest.mark.parametrize("name", EVERY)
def test_each_fits_the_emulator(name, monkeypatch, tables):
    """What a mutant replaces is there to be replaced."""
    patch = Patch(monkeypatch.setattr)
    EVERY[name].apply(patch)
    assert patch.count


@pytest.mark.parametrize(
    "name", ["no-key-scores", "default-deletable", "columns-by-position", "challenge", "lost-update"]
)
def test_some_are_found_here(name, monkeypatch, tables):
    """A mutant is found by its check, which the emulator as it is keeps; all of them are tried by make contracts."""
    EVERY[name].apply(Patch(monkeypatch.setattr))
    with Emulator(port=0, blob_port=0, workers=1) as emulator:
        file = EndpointsFile.from_json(endpoints(emulator))
        results = list(perform(file, chosen([EVERY[name].found_by]), Effort(crowd=4, shrink=False), "1"))
    assert "broken" == results[0].verdict
