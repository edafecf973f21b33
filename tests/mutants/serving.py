"""One mutant in a process of its own: patched, served, checked until the first breach."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from amlclient import EndpointsFile
from amlcontracts.harness import place
from amlcontracts.harness.ground import Effort, Ground, Trained
from amlcontracts.harness.registry import Check
from amlcontracts.harness.runner import Result, perform
from amlemulator import Emulator
from amlemulator.commands.serve import endpoints
from mutants.patching import Mutant, Patch

EFFORT = Effort(examples=12, programs=4, steps=15, crowd=6, shrink=False)
JOB_PATIENCE = 15.0  # seconds: a job that does not end is a breach, and these jobs take none


@dataclass(frozen=True)
class Outcome:
    """What came of one mutant: the check that found it, or "" where none did."""

    name: str
    found_by: str
    message: str
    seconds: float


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


def attempt(mutant: Mutant, checks: list[Check], trained: Trained, seed: str, pipe: Connection) -> None:
    """Patch this process, serve, check, and send the outcome. Never returns: the process is spoilt."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # a mutant's tracebacks tell nobody anything
    begun = time.monotonic()
    place.PATIENCE = JOB_PATIENCE
    try:
        mutant.apply(Patch())
        found_by, message = _first_breach(checks, trained, seed)
    except BaseException:
        found_by, message = "", traceback.format_exc()
    pipe.send(Outcome(mutant.name, found_by, message, time.monotonic() - begun))
    pipe.close()
    os._exit(0)


def _first_breach(checks: list[Check], trained: Trained, seed: str) -> tuple[str, str]:
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
