"""``python -m mutants.client [--seed N] [--jobs N] [--markdown FILE] [--all-checks] [NAME ...]``.

Runs the client's tests on each mutant of the client; prints which test found which. Exit status 0 when every one was
found.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from mutants.client import mutants
from mutants.patching import Mutant
from mutants.running import Bench, Page, Search

SUITE = Path(__file__).parents[2] / "client"
BENCH = Bench("mutants.client", "client", limit=600.0)
PAGE = Page(
    "Mutants of the client",
    "Each line is one plausible wrong behaviour, put into `amlclient` by a small patch (`tests/mutants/client/`), and\n"
    "the test of `tests/client/` that found it. Made by `make contracts-client-mutants`.",
)
# The order of the tests and their examples are the seed's alone; a mutant that hangs fails its test. That our pytest
# plugin was imported before pytest could rewrite its assertions is meant so.
OPTIONS = ("-x", "-q", "-ppytest_timeout", "--timeout=120", "-p_hypothesis_pytestplugin", "-pno:cacheprovider")
OPTIONS += ("-Wignore::pytest.PytestAssertRewriteWarning",)


class FirstFailure:
    """A pytest plugin that keeps the name of the first test that failed, and hurries to it."""

    def __init__(self) -> None:
        self.test, self.message = "", ""

    def pytest_sessionstart(self) -> None:
        """Have no example made shorter: that it was found is all that is asked."""
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", settings.get_profile("suite"), phases=phases, database=None)
        settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear of one phase of one test."""
        if report.failed and not self.test:
            self.test = report.nodeid.partition("tests/client/")[2].partition("[")[0]
            self.message = str(report.longrepr).strip().rpartition("\n")[2][:120]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Hear of tests that could not even be imported."""
        if report.failed and not self.test:
            self.test = report.nodeid.partition("tests/client/")[2]


def _prepared(arguments: Namespace) -> Search:
    os.chdir(SUITE.parents[1])  # where pytest finds its settings
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # others' plugins cost more than the tests
    _import_all()
    options = (*OPTIONS, f"--hypothesis-seed={arguments.seed}")

    def search(one: Mutant) -> tuple[str, str]:
        failure = FirstFailure()
        likely = [] if arguments.all_checks else [[SUITE / one.found_by]]
        for tests in (*likely, sorted(SUITE.glob("test_*.py")), [SUITE / "laws"]):
            pytest.main([*options, *map(str, tests)], plugins=[failure])
            if failure.test:
                break
        return failure.test, failure.message

    return search


def _import_all() -> None:
    """Import what the children need, so that each starts at once; none of it starts a thread."""
    for name in ("amlclient", "amlemulator.pytest_plugin", "azure.storage.blob", "hypothesis", "pytest_timeout"):
        import_module(name)
    for name in ("support.runner", "support.wire", "_hypothesis_pytestplugin", "_pytest.assertion.rewrite"):
        import_module(name)


if __name__ == "__main__":
    sys.exit(BENCH.main(sys.argv[1:], mutants(), _prepared, PAGE))
