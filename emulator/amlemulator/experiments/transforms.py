"""What data preparation learns, as plain data, and doing it again: no value is computed afresh (modules.md 3.1, 3.8).

A transform is a dictionary that JSON can hold, so that a saved one stands in a graph::

    {"kind": "replace", "columns": {"age": {"type": "Int32", "value": 38}}}
    {"kind": "remove rows", "columns": {"age": {"type": "Int32"}}}
    {"kind": "remove columns", "columns": {"age": {"type": "Int32"}}}
"""

from __future__ import annotations

from collections.abc import Mapping
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


_APPLY = {"replace": _replace, "remove rows": _remove_rows, "remove columns": _remove_columns}
