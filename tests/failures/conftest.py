"""Every failure played once, by the command itself, and a player for plays of one's own."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from amlemulator.cli import main
from amlemulator.failures import player as playing


@pytest.fixture(scope="session")
def outcome() -> Mapping[str, Any]:
    """Return what `failures run --all --json` prints, its answers whole, and the exit status beside."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(playing, "SHOWN", 1_000_000)
        status = main(["failures", "run", "--all", "--json"])
    return {**json.loads(out.getvalue()), "status": status, "progress": err.getvalue()}


@pytest.fixture(scope="session")
def played(outcome) -> Mapping[str, Mapping[str, Any]]:
    """Return what came of each failure, by its id."""
    return {one["id"]: one for one in outcome["failures"]}


@pytest.fixture(scope="session")
def player() -> Iterator[playing.Player]:
    """Share one player: its emulator, and the model that it trains once."""
    with playing.Player(workers=1) as made:
        yield made
