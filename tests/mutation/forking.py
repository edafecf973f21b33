"""One process per mutant: forked where every module and test is imported already, so that it costs milliseconds."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from mutation.reaching import Reach, measure, run
from mutation.sites import Mutation
from mutation.swapping import Functions

FORK = multiprocessing.get_context("fork")
SURVIVED, KILLED, ENDLESS, UNREACHED = "survived", "killed", "endless", "unreached"
NOTICED = 10  # the exit status that says so: that of a process which fails by itself is 1
VERDICTS = {0: SURVIVED, NOTICED: KILLED, -signal.SIGPROF: ENDLESS, -signal.SIGKILL: ENDLESS}
ALLOWANCE = 2.0  # seconds of processor time that a mutant may take beyond ten times what its tests take without it
PATIENCE = 20.0  # seconds that one may wait for something, beyond twice that
MEMORY = 4 << 30  # bytes
EXAMPLES = 25  # of a property; what a mutant breaks shows in a few or in none


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant."""

    mutation: Mutation
    verdict: str

    @property
    def killed(self) -> bool:
        """Whether the tests noticed; one that never ends is noticed."""
        return self.verdict in {KILLED, ENDLESS}


@dataclass(frozen=True)
class _Attempt:
    mutation: Mutation
    process: BaseProcess
    folder: Path
    end: float


class Loop:
    """Stands in for pytest's loop over the tests: runs them once, then for each mutant those that reach it."""

    def __init__(
        self, modules: tuple[Path, ...], chosen: list[Mutation], jobs: int, told: Callable[[Outcome], None]
    ) -> None:
        self._modules, self._chosen, self._jobs, self._told = modules, chosen, jobs, told
        self.trouble, self.interrupted = "", False
        self.left_out: list[str] = []  # tests that fail without a mutant

    def pytest_collection(self) -> None:
        """Have Hypothesis draw the same examples each time, and not look for the shortest one that fails."""
        from hypothesis import Phase, settings  # its pytest plugin has to be the first to import it

        phases = (Phase.explicit, Phase.generate)
        kept = {"derandomize": True, "database": None, "phases": phases, "max_examples": EXAMPLES}
        settings.register_profile("mutation", settings.default, **kept)
        settings.load_profile("mutation")

    def pytest_keyboard_interrupt(self) -> None:
        """Remember that Ctrl-C ended the run: pytest itself only prints it."""
        self.interrupted = True

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Go through the mutants."""
        if session.testsfailed:
            self.trouble = "the tests cannot be collected; run pytest to see why"
            return True
        functions = Functions(self._modules)
        with tempfile.TemporaryDirectory(prefix="amlclassic-") as folder:
            reach = _in_child(lambda: measure(session.items, self._modules, functions.forget), Path(folder))
            if isinstance(reach, Reach):
                self.left_out = [session.items[number].nodeid for number in sorted(reach.failing)]
                gc.collect()
                gc.freeze()
                for outcome in self._outcomes(session.items, reach, functions, Path(folder)):
                    self._told(outcome)
            else:
                self.trouble = reach
        return True

    def _outcomes(
        self, items: list[pytest.Item], reach: Reach, functions: Functions, folder: Path
    ) -> Iterator[Outcome]:
        running: dict[int, _Attempt] = {}
        waiting = list(reversed(self._chosen))
        try:
            while waiting or running:
                while waiting and len(running) < self._jobs:
                    one = waiting.pop()
                    tests = reach.tests(one)
                    if tests:
                        limit = ALLOWANCE + 10 * sum(reach.seconds[number] for number in tests)
                        attempt = _start(one, functions, [items[number] for number in tests], limit, folder)
                        running[attempt.process.sentinel] = attempt
                    else:
                        yield Outcome(one, UNREACHED)
                for sentinel in wait(list(running), timeout=1.0):
                    assert isinstance(sentinel, int)
                    yield _ended(running.pop(sentinel))
                for attempt in running.values():
                    if time.monotonic() > attempt.end:
                        attempt.process.kill()
        finally:
            for attempt in running.values():
                attempt.process.kill()
                _ended(attempt)


def _start(one: Mutation, functions: Functions, tests: list[pytest.Item], limit: float, folder: Path) -> _Attempt:
    own = Path(tempfile.mkdtemp(dir=folder))
    process = FORK.Process(target=_attempt, args=(one, functions, tests, limit, own))
    process.start()
    return _Attempt(one, process, own, time.monotonic() + PATIENCE + 2 * limit)


def _ended(attempt: _Attempt) -> Outcome:
    attempt.process.join()
    shutil.rmtree(attempt.folder, ignore_errors=True)
    status = attempt.process.exitcode
    assert status is not None
    assert status in VERDICTS or status < 0, f"{attempt.mutation.path}:{attempt.mutation.line} could not be changed"
    return Outcome(attempt.mutation, VERDICTS.get(status, KILLED))  # one that crashes the interpreter is noticed


def _attempt(one: Mutation, functions: Functions, tests: list[pytest.Item], limit: float, folder: Path) -> None:
    """Show one mutant to its tests. The exit status tells the outcome; the process ends without any tidying up."""
    functions.put(one)
    _confine(folder, limit)
    try:
        failed = any(run(test, following) for test, following in zip(tests, [*tests[1:], None], strict=True))
    except BaseException:  # a mutant may end pytest itself
        failed = True
    os._exit(NOTICED if failed else 0)


def _confine(folder: Path, limit: float) -> None:
    """Bound what a mutant can do: it may loop, print, fill the memory and leave files."""
    os.setpgrp()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    tempfile.tempdir = str(folder)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, limit)
    random.seed(0)


def _in_child(work: Callable[[], Reach], folder: Path) -> Reach | str:
    """Return what ``work`` returns, made in a process of its own: it starts threads, and forking with those is no good.

    A text says why there is nothing to return.
    """
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_send, args=(work, folder, there))
    process.start()
    there.close()
    try:
        made: Reach | str = here.recv()
        return made
    except EOFError:
        return "the process that ran the tests without a mutant has ended without a word"
    finally:
        process.kill()
        process.join()


def _send(work: Callable[[], Reach], folder: Path, pipe: Connection) -> None:
    _confine(folder, 900.0)
    try:
        pipe.send(work())
    except BaseException as trouble:  # whatever it is, it is told
        pipe.send(str(trouble) or repr(trouble))
    pipe.close()
    os._exit(0)
