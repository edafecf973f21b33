"""The mutants of the client: many, each found by a test of the client, and each still fitting the client."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mutants.client import mutants
from mutants.patching import Patch

EVERY = {one.name: one for one in mutants()}
ROOT = Path(__file__).parents[3]


def searched(*words: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-m", "mutants.client", *words]
    return subprocess.run(command, capture_output=True, text=True, env=surroundings, cwd=ROOT)  # noqa: PLW1510  # the status is what is asked


def test_there_are_many():
    """More than a hundred plausible wrong behaviours are written down, a sentence each."""
    assert len(EVERY) > 100
    assert [] == [one.name for one in EVERY.values() if not one.sentence.endswith(".") or "\n" in one.sentence]


def test_the_page_lists_them_all():
    """docs/client-mutants.md has a line for each, found by a test: it was made after the last one was written."""
    page = (ROOT / "docs" / "client-mutants.md").read_text("utf-8")
    lines = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")][1:]
    assert [(one.name, one.sentence) for one in EVERY.values()] == [(line[0][2:], line[1]) for line in lines]
    assert [] == [line[0] for line in lines if line[2].startswith("**")]


def test_the_tests_that_should_find_them_are_there():
    """What is looked at first exists, so that nothing is found merely because its test could not be run."""
    for one in EVERY.values():
        file, _, test = one.found_by.partition("[")[0].partition("::")
        assert f"def {test}" in (ROOT / "tests" / "client" / file).read_text("utf-8"), one.name


@pytest.mark.parametrize("name", EVERY)
def test_each_fits_the_client(name, monkeypatch):
    """What a mutant replaces is there to be replaced."""
    patch = Patch(monkeypatch.setattr)
    EVERY[name].apply(patch)
    assert patch.count


def test_some_are_found_here():
    """A mutant is found by its test, which the client as it is passes; all of them are tried by make contracts."""
    done = searched("start-repeated", "redirect-followed", "cancelled-is-success")
    assert (0, "") == (done.returncode, "".join(line for line in done.stderr.splitlines() if "NOT FOUND" in line))
    assert done.stdout.startswith("3 of 3 mutants of the client found")


def test_an_unknown_mutant_is_a_wrong_call():
    """A name that there is not: a sentence, and status 2."""
    done = searched("no-such-mutant")
    assert (2, "mutants.client: there is no no-such-mutant\n") == (done.returncode, done.stderr)
