"""What every run with other people's programs shares: a count, at the end, of their functions that were driven."""

from __future__ import annotations

from typing import Any

import pytest

COUNTS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with no counts."""
    config.stash[COUNTS] = []


@pytest.fixture(scope="session")
def counts(request: pytest.FixtureRequest) -> list[str]:
    """Collect the lines that the end of the run shows."""
    return request.config.stash[COUNTS]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show how many functions of each client were driven."""
    for line in config.stash[COUNTS]:
        terminalreporter.write_line(line)
