"""The mutants that no test kills, and why each is left, as data: one that is not in it is news."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

FOLDER = Path(__file__).with_name("reasons")
REST = "…"  # in a pattern: anything


@dataclass
class Reason:
    """Why some survivors are left. ``patterns`` are read as ``module function: was → becomes``."""

    why: str
    patterns: tuple[str, ...]
    met: set[str] = field(default_factory=set)  # patterns that fitted a survivor

    def fits(self, name: str) -> bool:
        """Return whether a survivor is one of these, and remember which pattern said so."""
        fitting = {one for one in self.patterns if _expression(one).fullmatch(name)}
        self.met |= fitting
        return bool(fitting)


def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split(REST)))


def read(folder: Path = FOLDER) -> list[Reason]:
    """Return the reasons of every file there, in their order: the first that fits a survivor is its own."""
    files = sorted(folder.glob("*.yaml"))
    entries: list[Mapping[str, object]] = [one for file in files for one in yaml.safe_load(file.read_text("utf-8"))]
    return [Reason(str(one["why"]), tuple(map(str, _list(one["mutants"])))) for one in entries]


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def why(name: str, reasons: Iterable[Reason]) -> str:
    """Return the reason for a survivor; nothing when it has none."""
    fitting = [one.why for one in reasons if one.fits(name)]
    return fitting[0] if fitting else ""
