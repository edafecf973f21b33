"""From columns to what a model reads: an array of numbers and an array of texts, of the rows that miss nothing.

Numbers are doubles: Boolean as 0 and 1, DateTime and TimeSpan as ticks of 100 ns, as .NET counted (modules.md 1.4).
A row that misses a feature is left out: its score is missing (modules.md 1.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from amlemulator.core.cells import PARSERS, RENDERERS, Cell, CellError
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.frame import Frame, Series
from amlemulator.experiments.model_file import Feature

Doubles = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]
Booleans = npt.NDArray[np.bool_]

_EPOCH = datetime(1, 1, 1)
_TICK = timedelta(microseconds=1)
_AS_THEY_ARE = ("Double", "Int32", "Int64", "Boolean")


@dataclass(slots=True)
class Arrays:
    """The complete rows: their places in the data set, ``[n, numbers]`` doubles and ``[n, texts]`` strings."""

    rows: Sequence[int]
    numbers: Doubles
    texts: Objects


def feature_of(series: Series) -> Feature:
    """Return how a learner reads a column: a text column and a categorical one by their levels, others as numbers."""
    if series.type != "String" and series.categories is None:
        return Feature(series.name, series.type, "number")
    if series.categories is not None:
        return Feature(series.name, series.type, "text", tuple(sorted(series.categories)))
    render = RENDERERS[series.type]
    return Feature(
        series.name, series.type, "text", tuple(sorted({render(cell) for cell in series.cells if cell is not None}))
    )


def ticks(value: Any) -> float:
    """Return a date or a time span as .NET's ticks."""
    span = value - _EPOCH if isinstance(value, datetime) else value
    return float(span // _TICK * 10)


def numeric_cells(series: Series) -> Sequence[Cell]:
    """Return a column's cells as numbers, None where missing. Raises ModuleError 0042 for text that is no number."""
    if series.type in _AS_THEY_ARE:
        return series.cells
    if series.type != "String":
        return [None if cell is None else ticks(cell) for cell in series.cells]
    parse = PARSERS["Double"]
    try:
        return [None if cell is None else parse(cell) for cell in series.cells]
    except CellError as error:
        raise module_error("0042", "String", "Double", series.name) from error


def text_cells(series: Series) -> Sequence[Cell]:
    """Return a column's cells as text, None where missing."""
    if series.type == "String":
        return series.cells
    render = RENDERERS[series.type]
    return [None if cell is None else render(cell) for cell in series.cells]


def arrays(frame: Frame, numbers: Sequence[Feature], texts: Sequence[Feature]) -> Arrays:
    """Return what a model reads of a data set. Raises ModuleError 0001 when a feature's column is not there."""
    series = {each.name: each for each in frame.series}
    try:
        number_cells = [numeric_cells(series[feature.name]) for feature in numbers]
        texts_cells = [text_cells(series[feature.name]) for feature in texts]
    except KeyError as error:
        raise module_error("0001", error.args[0]) from error
    if frame.rows == 1:
        return _one_row([cells[0] for cells in number_cells], [cells[0] for cells in texts_cells])
    # None becomes NaN here, so one look finds both kinds of gap.
    values = np.array(number_cells, dtype=np.float64).reshape(len(numbers), frame.rows).T
    whole: Booleans = np.logical_not(np.isnan(values).any(axis=1))
    words = np.empty((frame.rows, len(texts)), dtype=object)
    for place, cells in enumerate(texts_cells):
        words[:, place] = cells
        whole[[row for row, cell in enumerate(cells) if cell is None]] = False
    if whole.all():
        return Arrays(range(frame.rows), np.ascontiguousarray(values), words)
    return Arrays(np.flatnonzero(whole).tolist(), np.ascontiguousarray(values[whole]), words[whole])


def _one_row(numbers: list[Any], texts: list[Any]) -> Arrays:
    complete = None not in numbers and None not in texts and not any(map(isnan, numbers))
    rows = 1 if complete else 0
    values = np.array([numbers] if complete else [], dtype=np.float64).reshape(rows, len(numbers))
    words = np.array([texts] if complete else [], dtype=object).reshape(rows, len(texts))
    return Arrays(range(rows), values, words)
