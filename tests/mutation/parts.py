"""What is mutated, and which tests have to notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What talks to a socket, a file or the clock: broken connections test that (tests/client), not changed rules.
WIRE = {"__init__", "_auth", "_blobs", "_client", "_clock", "_journal", "_transport", "_upload", "_wire", "_wsgi"}


@dataclass(frozen=True)
class Part:
    """A set of modules and the folder of tests that is theirs, ``apart`` from one in it."""

    name: str
    modules: tuple[Path, ...]
    tests: Path
    apart: Path | None = None


def parts() -> list[Part]:
    """Return the rules of the emulator and the decisions of the client."""
    core = sorted((ROOT / "emulator/amlemulator/core").glob("*.py"))
    client = [one for one in sorted((ROOT / "client/amlclient").glob("**/*.py")) if one.stem not in WIRE]
    tests = ROOT / "tests"
    # The laws break connections and clocks for minutes; what they would notice, the tests beside them notice at once.
    client_part = Part("client", tuple(client), tests / "client", tests / "client/laws")
    return [Part("core", tuple(core), tests / "core"), client_part]
