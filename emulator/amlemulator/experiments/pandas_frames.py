"""Data sets as pandas' frames and back, for scripts (modules.md 4.1)."""

from __future__ import annotations

from typing import Any

import pandas as pd

from amlemulator.core.cells import Cell
from amlemulator.core.interface import ColumnType
from amlemulator.experiments.combining import free_name
from amlemulator.experiments.frame import Frame, Series


def to_pandas(frame: Frame) -> pd.DataFrame:
    """Return the data set under a fresh index; gaps in numbers become NaN, texts are Python strings."""
    return pd.DataFrame({series.name: _values(series) for series in frame.series}, index=range(frame.rows))


def _values(series: Series) -> pd.Series[Any]:
    if series.categories is not None:
        return pd.Series(series.cells, dtype="category")
    if series.type in ("Int32", "Int64", "Boolean") and None not in series.cells:
        return pd.Series(series.cells, dtype={"Int32": "int32", "Int64": "int64", "Boolean": "bool"}[series.type])
    if series.type in ("Double", "Int32", "Int64"):
        return pd.Series(series.cells, dtype="float64")
    if series.type in ("DateTime", "TimeSpan"):
        return pd.Series(series.cells, dtype="datetime64[us]" if series.type == "DateTime" else "timedelta64[us]")
    return pd.Series(series.cells, dtype=object)


def from_pandas(table: pd.DataFrame) -> Frame:
    """Return a frame of pandas' frame: NaN and NA are missing, the index is dropped, names become text.

    Raises TypeError for what is no DataFrame or has columns of types that no module knows.
    """
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"The script must return a pandas.DataFrame, not {type(table).__name__}")
    series: list[Series] = []
    for place, name in enumerate(table.columns):
        free = free_name(str(name), [each.name for each in series])
        series.append(_series(free, table.iloc[:, place]))
    return Frame(tuple(series), len(table))


def _series(name: str, column: pd.Series[Any]) -> Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    missing = column.isna().tolist()
    kind = _kind(column, missing)
    convert = _CONVERT[kind]
    cells: list[Cell] = [None if gap else convert(cell) for cell, gap in zip(column.tolist(), missing, strict=True)]
    return Series(name, kind, cells)


def _kind(column: pd.Series[Any], missing: list[bool]) -> ColumnType:
    types = pd.api.types
    if types.is_bool_dtype(column.dtype):
        return "Boolean"
    if types.is_integer_dtype(column.dtype):
        present = [int(cell) for cell, gap in zip(column.tolist(), missing, strict=True) if not gap]
        return "Int32" if all(-(2**31) <= cell < 2**31 for cell in present) else "Int64"
    if types.is_float_dtype(column.dtype):
        return "Double"
    if types.is_datetime64_any_dtype(column.dtype):
        return "DateTime"
    if types.is_timedelta64_dtype(column.dtype):
        return "TimeSpan"
    if types.is_complex_dtype(column.dtype):
        raise TypeError(f"The column '{column.name}' has the type {column.dtype}, which no module knows")
    return _object_kind([cell for cell, gap in zip(column.tolist(), missing, strict=True) if not gap])


def _object_kind(cells: list[Any]) -> ColumnType:
    if cells and all(isinstance(cell, bool) for cell in cells):
        return "Boolean"
    if cells and all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in cells):
        return "Double"
    return "String"


def _date(cell: Any) -> Cell:
    moment = cell.tz_convert("UTC").tz_localize(None) if cell.tzinfo else cell
    found: Cell = moment.to_pydatetime(warn=False)
    return found


_CONVERT: dict[ColumnType, Any] = {
    "Boolean": bool,
    "Int32": int,
    "Int64": int,
    "Double": float,
    "DateTime": _date,
    "TimeSpan": lambda cell: cell.to_pytimedelta(),
    "String": str,
}
