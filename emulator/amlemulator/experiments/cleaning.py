"""Clean Missing Data (modules.md 3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import fmean, median
from typing import Any

from amlemulator.core.cells import RENDERERS, Cell, CellError, parse
from amlemulator.experiments.columns import select
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame, Series
from amlemulator.experiments.transforms import Transform, apply

_REMOVALS = {"Remove entire row": "remove rows", "Remove entire column": "remove columns"}
_CUSTOM = "Custom substitution value"


def clean_missing_data(call: NodeCall) -> tuple[Frame, Transform]:
    """Clean the selected columns whose share of gaps lies between the two ratios; give the transform that repeats it.

    Raises ModuleError 0002 when the replacement does not fit a column, 0017 when a column has no mean or median.
    """
    frame: Frame = call.inputs["Dataset"]
    values, mode = call.parameters, call.parameters["Cleaning mode"]
    chosen = [series for series in select(frame, values["Columns to be cleaned"]) if _concerned(series, values)]
    empty = [series for series in chosen if mode != _CUSTOM and mode not in _REMOVALS and _all_missing(series)]
    if empty and values["Cols with all missing values"] == "Remove":
        gone = {series.name for series in empty}
        frame = frame.with_series(series for series in frame.series if series.name not in gone)
    chosen = [series for series in chosen if series not in empty]
    transform = _learn(chosen, values)
    cleaned = apply(transform, frame)
    if values["Generate missing value indicator column"] and mode not in _REMOVALS:
        cleaned = cleaned.with_series((*cleaned.series, *map(_indicator, chosen)))
    return cleaned, transform


def _concerned(series: Series, values: Mapping[str, Any]) -> bool:
    ratio = sum(cell is None for cell in series.cells) / len(series.cells) if series.cells else 0.0
    return bool(values["Minimum missing value ratio"] <= ratio <= values["Maximum missing value ratio"])


def _all_missing(series: Series) -> bool:
    return bool(series.cells) and all(cell is None for cell in series.cells)


def _indicator(series: Series) -> Series:
    return Series(f"{series.name}_IsMissing", "Boolean", [cell is None for cell in series.cells])


def _learn(chosen: list[Series], values: Mapping[str, Any]) -> Transform:
    mode = values["Cleaning mode"]
    if mode in _REMOVALS:
        if (
            mode == "Remove entire column"
        ):  # those with one gap or more: the module cleans gaps, whatever the ratios say
            chosen = [series for series in chosen if None in series.cells]
        return {"kind": _REMOVALS[mode], "columns": {series.name: {"type": series.type} for series in chosen}}
    # A column without gaps is learned too, for the next data may have some; one that was empty has nothing to learn.
    learned = {series.name: _entry(series, mode, values["Replacement value"]) for series in chosen if series.cells}
    return {"kind": "replace", "columns": learned}


def _entry(series: Series, mode: str, replacement: str) -> dict[str, Any]:
    value = _substitution(series, replacement) if mode == _CUSTOM else _STATISTICS[mode](series)
    kept = value if isinstance(value, (bool, int, float, str)) else RENDERERS[series.type](value)
    return {"type": series.type, "value": kept}


def _substitution(series: Series, replacement: str) -> Cell:
    words = {"Inf": "Infinity", "-Inf": "-Infinity"}
    try:
        return parse(words.get(replacement, replacement), series.type)
    except CellError as error:
        raise module_error("0002", "Replacement value", series.type) from error


def _numbers(series: Series, *, booleans: bool) -> list[float]:
    if not series.is_numeric and not (booleans and series.type == "Boolean"):
        raise module_error("0017", series.type, series.name)
    return [float(cell) for cell in series.cells if isinstance(cell, (bool, int, float))]


def _mean(series: Series) -> Cell:
    return _rounded(series, fmean(_numbers(series, booleans=True)))


def _median(series: Series) -> Cell:
    return _rounded(series, median(_numbers(series, booleans=False)))


def _rounded(series: Series, value: float) -> Cell:
    if series.type == "Double":
        return value
    return value >= 0.5 if series.type == "Boolean" else round(value)


def _mode(series: Series) -> Cell:
    counts = Counter(cell for cell in series.cells if cell is not None)
    most = max(counts.values())
    # Which of several equally frequent values was taken is not known; ours is the smallest.
    return min((cell for cell, count in counts.items() if count == most), key=lambda cell: (str(type(cell)), cell))


_STATISTICS = {"Replace with mean": _mean, "Replace with median": _median, "Replace with mode": _mode}
