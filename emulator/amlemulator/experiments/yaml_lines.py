"""YAML files read with the line of every part, so that what is wrong with one can be told with its place.

Needs PyYAML, so only what reads people's files imports this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import BaseConstructor, SafeConstructor

from amlemulator.experiments.graph import Finding

Place = tuple[str | int, ...]  # the way to a part: names of members and places in lists


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding in a file; ``line`` is 1-based."""

    path: Path
    line: int
    finding: Finding

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.finding}"


@dataclass(slots=True)
class YamlFile:
    """A YAML file: its document, and the line on which each part of it begins."""

    path: Path
    document: dict[str, Any]
    lines: dict[Place, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """Return the line of a part, or of the nearest part around it that is there."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_yaml(path: Path, what: str, begin: str, *, plain: bool = False) -> YamlFile:
    """Read a file. What is not YAML, or not a mapping, is among the ``findings``. Raises OSError.

    ``what`` and ``begin`` name what the file ought to be and how one begins. ``plain``: every value stays the text that
    was written, for an id of 32 digits is no number.
    """
    try:
        node = yaml.compose(path.read_text("utf-8", errors="replace"), Loader=yaml.SafeLoader)
        content = None if node is None else _value(node, plain=plain)
        lines: dict[Place, int] = {}
        doubled = [] if node is None else list(_walk(node, (), lines))
    except (
        yaml.YAMLError,
        ValueError,
        RecursionError,
    ) as error:  # such as a day that no month has, a part within itself
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or (str(error).splitlines() or ["too deep"])[0]
        broken = Finding("file", f"This is not YAML: {problem}.", "Mend the file's layout.")
        return YamlFile(path, {}, {("file",): mark.line + 1 if mark else 1}, [broken])
    if not isinstance(content, dict):
        return YamlFile(path, {}, {}, [Finding("file", f"{what} is a mapping.", f"Begin with '{begin}'.")])
    return YamlFile(path, content, lines, doubled)


def _value(node: yaml.Node, *, plain: bool) -> Any:
    constructor: Any = BaseConstructor() if plain else SafeConstructor()
    return constructor.construct_document(node)


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int]) -> Iterator[Finding]:
    """Note the line of each part below ``node``; yield a finding for each key that stands twice."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for number, entry in enumerate(node.value):
            yield from _walk(entry, (*place, number), lines)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*place, str(key.value))
            if below in lines:
                message = f"'{key.value}' stands twice here: lines {lines[below]} and {key.start_mark.line + 1}."
                yield Finding(str(place[0] if place else below[0]), message, "Remove one.", tuple(map(str, below[1:])))
            lines[below] = key.start_mark.line + 1
            yield from _walk(value, below, lines)
