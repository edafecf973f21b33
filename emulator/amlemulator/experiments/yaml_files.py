"""Experiments as YAML files: read with the line of everything, and every finding told with its place.

Needs PyYAML, so only commands and ``Emulator.add_service`` with a path import this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlemulator.core.interface import Column
from amlemulator.experiments.catalogue_data import DATASET
from amlemulator.experiments.document_schema import MEMBERS
from amlemulator.experiments.graph import Finding, Graph, GraphError, read_graph
from amlemulator.experiments.modules import nearest
from amlemulator.experiments.yaml_lines import Place, Placed, YamlFile, read_yaml

if TYPE_CHECKING:
    from amlemulator.experiments.data_heads import Head

__all__ = ["ExperimentFile", "Placed", "check_file", "load_experiment_file", "read_experiment_file"]


@dataclass(slots=True)
class ExperimentFile(YamlFile):
    """An experiment's file, with the place of whatever a finding names."""

    def placed(self, finding: Finding) -> Placed:
        """Return the finding with the line that it is about: the nearest part of the file that is there."""
        return Placed(self.path, self.line((*self._root(finding), *finding.at)), finding)

    def _root(self, finding: Finding) -> Place:
        """Return the way to what a finding names: a member, a node, a web service parameter, a port by its name."""
        if finding.node == "experiment" and finding.at:  # the file's own members
            return ()
        if (finding.node,) in self.lines:
            return (finding.node,)
        found: Place = ()
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
    file = read_yaml(path, "An experiment", "experiment:")
    return ExperimentFile(path, file.document, file.lines, file.findings)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def check_file(path: Path) -> list[Placed]:
    """Return everything that is wrong with an experiment file, by line. Raises OSError when it cannot be read."""
    file = read_experiment_file(path)
    findings = list(file.findings)
    if not findings or file.document:
        shape = list(_check_shape(file.document))
        graph, rest = read_graph(file.document)
        findings += [*shape, *_not_told_by(shape, [*rest, *_check_columns(graph, rest, file.path.parent)])]
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


def _not_told_by(shape: Sequence[Finding], rest: Sequence[Finding]) -> Iterator[Finding]:
    """Leave out that something is missing where something of the wrong kind stands: it reads as nothing."""
    wrong = {(finding.node, *finding.at[:-1]) for finding in shape if finding.at[-1:] == (_KIND,)}
    groups = {place[-1] for place in wrong if place[0] == "experiment"}
    for finding in rest:
        if finding.node not in groups and (finding.node, *finding.at[:1]) not in wrong:
            yield finding


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


def _check_columns(graph: Graph, wrong: Sequence[Finding], folder: Path) -> list[Finding]:
    """Find columns that cannot be there, as far as that can be told of a graph with which other things are wrong."""
    from amlemulator.experiments.dry_run import check_columns

    schemas: dict[str, Sequence[Column]] = {}
    findings = []
    for node in graph.having(DATASET):
        head = _head(str(node.parameters.get("Dataset")), folder)
        schemas[str(node.parameters.get("Dataset"))] = head.columns
        if head.fault:
            findings.append(Finding(node.id, head.fault, head.mend, ("parameters", "Dataset")))
    try:
        found = check_columns(graph, schemas, {finding.node for finding in (*wrong, *findings)})
    except CycleError:  # which is among the findings
        return findings
    for finding in found:
        at = finding.at or ("parameters",)
        findings.append(Finding(finding.node, finding.message, finding.mend, at))
    return findings


def _head(name: str, folder: Path) -> Head:
    """Look at a sample, or at a data file beside the experiment; a data set of a workspace is not at hand."""
    from amlemulator import samples
    from amlemulator.experiments.data_heads import Head, read_head

    path = local_dataset(name, folder) or samples.datasets().get(name)
    if path is not None:
        return read_head(path)
    if "/" not in name:
        return Head()
    return Head(fault=f"There is no data file {folder / name}.", mend="Name a .csv, .tsv or .arff file that is there.")


def local_dataset(name: str, folder: Path) -> Path | None:
    """Return the data file that a ``Dataset`` node names relative to its experiment file, or None."""
    path = folder / name
    return path if name and Path(name).suffix in (".csv", ".tsv", ".arff") and path.is_file() else None
