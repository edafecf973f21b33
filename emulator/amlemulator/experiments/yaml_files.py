"""Experiments as YAML files: read with the line of everything, and every finding told with its place.

Needs PyYAML, so only commands and ``Emulator.add_service`` with a path import this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from amlemulator.core.interface import Column
from amlemulator.experiments.document_schema import MEMBERS
from amlemulator.experiments.graph import Finding, GraphError, check_graph, load_graph
from amlemulator.experiments.modules import nearest

HEAD_ROWS = 1000  # of a data file, looked at for its columns


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding in a file; ``line`` is 1-based."""

    path: Path
    line: int
    finding: Finding

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.finding}"


@dataclass(slots=True)
class ExperimentFile:
    """A YAML file: its document, and the line on which each part of it begins."""

    path: Path
    document: dict[str, Any]
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def placed(self, finding: Finding) -> Placed:
        """Return the finding with the line that it is about: the nearest part of the file that is there."""
        root = self._root(finding)
        place: tuple[str | int, ...] = (*root, *finding.at)
        while place and place not in self.lines:
            place = place[:-1]
        return Placed(self.path, self.lines.get(place, 1), finding)

    def _root(self, finding: Finding) -> tuple[str | int, ...]:
        """Return the way to what a finding names: a member, a node, a web service parameter, a port by its name."""
        if finding.node == "experiment" and finding.at:  # the file's own members
            return ()
        if (finding.node,) in self.lines:
            return (finding.node,)
        found: tuple[str | int, ...] = ()
        for group, member in (("nodes", "id"), ("web service parameters", "name")):
            for number, entry in enumerate(_list(self.document.get(group))):
                if isinstance(entry, Mapping) and str(entry.get(member)) == finding.node:
                    found = (group, number)  # the last of two: that is the one to rename
            if found:
                return found
        for number, entry in enumerate(_list(self.document.get("nodes"))):
            parameters = entry.get("parameters") if isinstance(entry, Mapping) else None
            if isinstance(parameters, Mapping) and str(parameters.get("Name")) == finding.node:
                found = ("nodes", number)
        return found


def read_experiment_file(path: Path) -> ExperimentFile:
    """Read a YAML file. What is not YAML, or not a mapping, is among the ``findings``. Raises OSError."""
    text = path.read_text("utf-8", errors="replace")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        broken = Finding("file", f"This is not YAML: {problem}.", "Mend the file's layout.")
        return ExperimentFile(path, {}, {("file",): mark.line + 1 if mark else 1}, [broken])
    if not isinstance(content, dict) or node is None:
        return ExperimentFile(
            path, {}, {}, [Finding("file", "An experiment is a mapping.", "Begin with 'experiment:'.")]
        )
    file = ExperimentFile(path, content)
    file.findings += _walk(node, (), file.lines)
    return file


def _walk(node: yaml.Node, place: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> Iterator[Finding]:
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


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def check_file(path: Path) -> list[Placed]:
    """Return everything that is wrong with an experiment file, by line. Raises OSError when it cannot be read."""
    file = read_experiment_file(path)
    findings = list(file.findings)
    if not findings or file.document:
        shape = list(_check_shape(file.document))
        findings += shape
        if not any(finding.at[-1:] == (_KIND,) for finding in shape):  # else the rest cannot be read
            findings += check_graph(file.document) or _check_columns(file)
    placed = [file.placed(finding) for finding in findings]
    return sorted(dict.fromkeys(placed), key=lambda one: one.line)


def load_experiment_file(path: Path) -> dict[str, Any]:
    """Return the document of a file that can be deployed. Raises GraphError with every finding, and OSError."""
    wrong = check_file(path)
    if wrong:
        found = [
            Finding(f"{one.path}:{one.line}: {one.finding.node}", one.finding.message, one.finding.mend)
            for one in wrong
        ]
        raise GraphError(found)
    return read_experiment_file(path).document


_KIND = "(kind)"  # marks a finding about a member that is of another kind than it must be


def _check_shape(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Find members that no one would read, and those of the wrong kind."""
    yield from _check_members("experiment", "top", document, ())
    for group, kind in (("nodes", "node"), ("web service parameters", "parameter")):
        for number, entry in enumerate(_list(document.get(group))):
            if isinstance(entry, Mapping):
                name = str(entry.get("id" if kind == "node" else "name") or group)
                yield from _check_members(name, kind, entry, ())
            else:
                yield Finding(group, f"Entry {number + 1} is no mapping.", "Write 'name: value' pairs.", (_KIND,))


def _check_members(name: str, kind: str, entry: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[Finding]:
    known = MEMBERS[kind]
    for member, value in entry.items():
        if member not in known:
            near = nearest(str(member), list(known)) or list(known)
            yield Finding(
                name, f"There is no member '{member}' here.", f"Nearest: {', '.join(near)}.", (*at, str(member))
            )
        elif not isinstance(value, known[member]):
            wanted = {dict: "mapping", list: "list"}.get(known[member], "text")
            message = f"'{member}' must be a {wanted}."
            yield Finding(name, message, f"Write it as a {wanted}, or leave it out.", (*at, member, _KIND))


def _check_columns(file: ExperimentFile) -> list[Finding]:
    from amlemulator.experiments.dry_run import check_columns

    graph = load_graph(file.document)
    names = {str(node.parameters.get("Dataset")) for node in graph.having("Dataset")}
    schemas: dict[str, Sequence[Column]] = {}
    findings = []
    for name in sorted(names):
        columns = dataset_columns(name, file.path.parent)
        if columns:
            schemas[name] = columns
    for finding in check_columns(graph, schemas):
        at = finding.at or ("parameters",)
        findings.append(Finding(finding.node, finding.message, finding.mend, at))
    return findings


def dataset_columns(name: str, folder: Path) -> tuple[Column, ...]:
    """Return the columns of a sample, or of a data file beside the experiment; () for a data set that is not at hand.

    The types are those of the first rows.
    """
    import gzip
    from itertools import islice

    from amlemulator import samples
    from amlemulator.core.textdata import TextDataError, format_of, read_columns

    path = local_dataset(name, folder) or samples.datasets().get(name)
    if path is None:
        return ()
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as text:
            head = "".join(islice(text, HEAD_ROWS + 1))
        import io

        from amlemulator.experiments.frame import frame_of_columns, table_of_frame

        found = frame_of_columns(read_columns(io.StringIO(head, newline=""), format_of(path.name.removesuffix(".gz"))))
        return tuple(table_of_frame(found.take([])).columns)
    except (TextDataError, OSError, UnicodeDecodeError):
        return ()


def local_dataset(name: str, folder: Path) -> Path | None:
    """Return the data file that a ``Dataset`` node names relative to its experiment file, or None."""
    path = folder / name
    return path if name and Path(name).suffix in (".csv", ".tsv", ".arff") and path.is_file() else None
