"""What data preparation learns, as plain data, and doing it again: no value is computed afresh (modules.md 3.1, 3.8).

A transform is a dictionary that JSON can hold, so that a saved one stands in a graph::

    {"kind": "replace", "columns": {"age": {"type": "Int32", "value": 38}}}
    {"kind": "remove rows", "columns": {"age": {"type": "Int32"}}}
    {"kind": "remove columns", "columns": {"age": {"type": "Int32"}}}
    {"kind": "normalize", "method": "ZScore", "zero": true,
     "columns": {"age": {"type": "Int32", "shift": 38.6, "width": 13.6}}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import erf, exp, log, nan, sqrt, tanh
from typing import Any

from amlemulator.core.cells import Cell, parse
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.frame import Frame, Series

Transform = Mapping[str, Any]


def apply(transform: Transform, frame: Frame) -> Frame:
    """Apply a transform; columns that it does not know, or knows under another type, are left as they are.

    Raises ModuleError 0018 for what is no transform.
    """
    try:
        if transform["kind"] == "normalize":
            return _normalize(transform, frame)
        return _APPLY[transform["kind"]](transform["columns"], frame)
    except (KeyError, TypeError, AttributeError) as error:
        raise module_error("0018", "Transformation") from error


def _matches(series: Series, columns: Mapping[str, Any]) -> bool:
    return series.name in columns and columns[series.name]["type"] == series.type


def _replace(columns: Mapping[str, Any], frame: Frame) -> Frame:
    return frame.with_series(
        fill_gaps(series, parse(columns[series.name]["value"], series.type)) if _matches(series, columns) else series
        for series in frame.series
    )


def fill_gaps(series: Series, value: Cell) -> Series:
    """Return the column with ``value`` where a cell is missing."""
    if None not in series.cells:
        return series
    return series.with_cells([value if cell is None else cell for cell in series.cells])


def _remove_rows(columns: Mapping[str, Any], frame: Frame) -> Frame:
    watched = [series.cells for series in frame.series if _matches(series, columns)]
    gaps = {row for cells in watched for row, cell in enumerate(cells) if cell is None}
    return frame.take([row for row in range(frame.rows) if row not in gaps]) if gaps else frame


def _remove_columns(columns: Mapping[str, Any], frame: Frame) -> Frame:
    return frame.with_series(series for series in frame.series if not _matches(series, columns))


def _normalize(transform: Transform, frame: Frame) -> Frame:
    formula, zero, columns = _FORMULAS[transform["method"]], transform["zero"], transform["columns"]
    made = []
    for series in frame.series:
        if not _matches(series, columns):
            made.append(series)
            continue
        shift, width = columns[series.name]["shift"], columns[series.name]["width"]
        constant = 0.0 if zero else nan
        cells: list[Cell] = [
            None if cell is None else formula(cell, shift, width) if width else constant for cell in series.cells
        ]
        made.append(Series(series.name, "Double", cells, None, series.role))
    return frame.with_series(made)


def _linear(value: Any, shift: float, width: float) -> float:
    return float((value - shift) / width)


def _logistic(value: Any, *_: float) -> float:
    return 1 / (1 + exp(-value)) if value > -700 else 0.0


def _log_normal(value: Any, shift: float, width: float) -> float:
    return 0.5 * (1 + erf((log(value) - shift) / (width * sqrt(2)))) if value > 0 else 0.0


def _tanh(value: Any, *_: float) -> float:
    return tanh(value)


_FORMULAS: Mapping[str, Callable[[Any, float, float], float]] = {
    "ZScore": _linear,
    "MinMax": _linear,
    "Logistic": _logistic,
    "LogNormal": _log_normal,
    "TanH": _tanh,
}
_APPLY = {"replace": _replace, "remove rows": _remove_rows, "remove columns": _remove_columns}
