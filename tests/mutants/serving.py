"""One mutant, in a process that is patched already: served, and checked until the first breach."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress

from amlclient import EndpointsFile
from amlcontracts.harness import place
from amlcontracts.harness.ground import Effort, Ground, Trained
from amlcontracts.harness.registry import Check
from amlcontracts.harness.runner import Result, perform
from amlemulator import Emulator
from amlemulator.commands.serve import endpoints
from mutants.patching import Mutant

EFFORT = Effort(examples=12, programs=4, steps=15, crowd=6, shrink=False)
JOB_PATIENCE = 15.0  # seconds: a job that does not end is a breach, and these jobs take none


def train() -> Trained:
    """Have the emulator as it is train the two models that the checks need."""
    with Emulator(port=0, blob_port=0, workers=2) as emulator:
        ground = Ground(EndpointsFile.from_json(endpoints(emulator)))
        try:
            return ground.trained
        finally:
            ground.close()


def expected_first(checks: list[Check], mutant: Mutant) -> list[Check]:
    """Return all checks, that which should find the mutant before the others."""
    return sorted(checks, key=lambda one: one.id != mutant.found_by)


def first_breach(checks: list[Check], trained: Trained, seed: str) -> tuple[str, str]:
    """Serve and check; return the first check that found something, and what. ``("", "")`` when none did."""
    place.PATIENCE = JOB_PATIENCE
    emulator = Emulator(port=0, blob_port=0, workers=2)
    with emulator:
        results = perform(EndpointsFile.from_json(endpoints(emulator)), checks, EFFORT, seed, trained=trained)
        try:
            return next(((one.check.id, one.message) for one in results if one.verdict == "broken"), ("", ""))
        finally:
            _close(results)


def _close(results: Generator[Result, None, None]) -> None:
    with suppress(Exception):  # what a mutant does not let us remove goes with the process
        results.close()
