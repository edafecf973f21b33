"""Which tests run which lines, and how long each takes: a mutant is shown only to the tests that reach it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from coverage import Coverage

from mutation.sites import Mutation

FEW = 3  # tests may fail without a mutant, as one that a busy machine is too slow for
# Seconds. A law that takes longer is shown only what nothing faster reaches; so is a test with an emulator, which each
# mutant's process would have to start anew.
SLOW = 0.5


class Reach:
    """The tests of a part by the lines that they run."""

    def __init__(self, seconds: list[float], by_line: dict[str, dict[int, list[int]]], failing: set[int]) -> None:
        self.seconds = seconds
        self.failing = failing  # without a mutant: they tell nothing, and are shown none
        self._by_line = by_line

    def tests(self, one: Mutation) -> list[int]:
        """Return the numbers of the tests that run what the mutation changes, the fastest first."""
        lines = self._by_line.get(str(one.path), {})
        found = {test for line in range(one.reach[0], one.reach[1] + 1) for test in lines.get(line, ())}
        every = sorted(found - self.failing, key=lambda test: self.seconds[test])
        return [test for test in every if self.seconds[test] < SLOW] or every


def measure(items: list[pytest.Item], modules: tuple[Path, ...], before: Callable[[], None]) -> Reach:
    """Run every test once, ``before`` it what has to be done, and return what each reached.

    Raises AssertionError when more than a few fail as things are: then nothing can be said about mutants.
    """
    cover = Coverage(data_file=None, config_file=False, include=[str(one) for one in modules], branch=False)
    cover.start()
    seconds, failing = [], dict[int, str]()
    for number, item in enumerate(items):
        before()
        cover.switch_context(str(number))
        begun = time.process_time()
        failed = run(item, items[number + 1] if number + 1 < len(items) else None)
        if failed:
            failing[number] = f"{item.nodeid} fails without a mutant:\n{failed}"
        seconds.append(time.process_time() - begun + (SLOW if "emulator" in getattr(item, "fixturenames", ()) else 0.0))
    cover.stop()
    assert len(failing) <= FEW, next(iter(failing.values()))
    data = cover.get_data()
    by_line = {name: _tests(data.contexts_by_lineno(name)) for name in data.measured_files()}
    return Reach(seconds, by_line, set(failing))


def _tests(contexts: dict[int, list[str]]) -> dict[int, list[int]]:
    lines = defaultdict(list)
    for line, tests in contexts.items():
        lines[line] = [int(test) for test in tests if test]
    return lines


def run(item: pytest.Item, following: pytest.Item | None) -> str:
    """Run one test as pytest would; return how it failed, nothing when it passed."""
    recorder = _Recorder()
    manager = item.config.pluginmanager
    manager.register(recorder)
    try:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    finally:
        manager.unregister(recorder)
    return recorder.failed


class _Recorder:
    failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = self.failed or report.longreprtext
