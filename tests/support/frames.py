"""Data sets, modules and graphs for tests of experiments, in few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from amlemulator import samples
from amlemulator.core.cells import type_of
from amlemulator.core.interface import ColumnType
from amlemulator.experiments.errors import ModuleError
from amlemulator.experiments.execute import Environment, File, NodeCall
from amlemulator.experiments.frame import Frame, Series
from amlemulator.experiments.graph import Node
from amlemulator.experiments.modules import implementation
from amlemulator.experiments.palette import registry
from amlemulator.experiments.sources import read_frame


def make_frame(**columns: Sequence[Any]) -> Frame:
    """Return a data set; types follow from the cells, ``_`` in a name stands for a blank."""
    series = [Series(name.replace("_", " "), _type(cells), list(cells)) for name, cells in columns.items()]
    return Frame(tuple(series), len(series[0].cells) if series else 0)


def _type(cells: Sequence[Any]) -> ColumnType:
    types = {type_of(cell) for cell in cells if cell is not None}
    return next(iter(types)) if len(types) == 1 else "Double" if types else "String"


def cells_of(frame: Frame) -> dict[str, list[Any]]:
    """Return the cells of each column."""
    return {series.name: list(series.cells) for series in frame.series}


def run_module(
    name: str,
    inputs: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    environment: Environment | None = None,
) -> Sequence[Any]:
    """Run one module of the registry on values for its ports; return its outputs."""
    module = registry()[name]
    given = parameters or {}
    values = {spec.name: spec.value(given.get(spec.name)) for spec in module.parameters}
    node = Node("node", module, given)
    call = NodeCall(node, "Experiment", inputs or {}, values, environment or Environment())
    return implementation(module.run)(call)


def code_of(action: Any, *arguments: Any, **options: Any) -> str:
    """Return the code of the module error that the action raises."""
    try:
        action(*arguments, **options)
    except ModuleError as error:
        return error.code
    raise AssertionError("no module error")


@cache
def sample(name: str) -> Frame:
    """Return a sample data set, read once."""
    return read_frame(File(samples.dataset(name), "csv"))


@cache
def bikes() -> Frame:
    """Return the bike rentals without the columns that give the answer away."""
    frame = sample("bikeshare")
    return frame.with_series(series for series in frame.series if series.name not in ("casual", "registered"))
