"""Join Data and Add Rows (modules.md 3.5 and 3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from amlemulator.core.cells import Cell
from amlemulator.experiments.columns import select_one
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame, Series

Pairs = list[tuple[int | None, int | None]]  # rows of the left and of the right data set that stand beside each other


def join_data(call: NodeCall) -> tuple[Frame]:
    """Join two data sets on one key column each; a name that both have gets `` (1)`` on the right.

    Rows come in the left data set's order, then unmatched right ones; missing keys match nothing (both ours, the
    documents do not say). Raises ModuleError 0001, 0016 (types of the keys) and 0022.
    """
    left, right = call.inputs["Dataset1"], call.inputs["Dataset2"]
    values = call.parameters
    left_key = select_one(left, values["Join key columns for L"])
    right_key = select_one(right, values["Join key columns for R"])
    if left_key.type != right_key.type and not (left_key.is_numeric and right_key.is_numeric):
        raise module_error("0016", left_key.name, right_key.name)
    folded = not values["Match case"]
    pairs = _pairs(_keys(left_key, folded), _keys(right_key, folded), values["Join type"])
    columns = [_picked(series, [row for row, _ in pairs]) for series in left.series]
    if values["Join type"] == "Left Semi-Join":
        return (Frame(tuple(columns), len(pairs), left.scores),)
    for series in right.series:
        if series.name != right_key.name or values["Keep right key columns in joined table"]:
            name = free_name(series.name, [column.name for column in columns])
            columns.append(replace(_picked(series, [row for _, row in pairs]), name=name))
    return (Frame(tuple(columns), len(pairs), left.scores),)


def _keys(series: Series, folded: bool) -> list[Any]:
    return [cell.casefold() if folded and isinstance(cell, str) else cell for cell in series.cells]


def _pairs(left: Sequence[Any], right: Sequence[Any], kind: str) -> Pairs:
    places: dict[Any, list[int]] = {}
    for row, key in enumerate(right):
        if key is not None:
            places.setdefault(key, []).append(row)
    pairs: Pairs = []
    matched: set[int] = set()
    for row, key in enumerate(left):
        found = places.get(key, [])
        if kind == "Left Semi-Join":
            pairs += [(row, None)] if found else []
            continue
        pairs += [(row, other) for other in found]
        matched.update(found)
        if not found and kind != "Inner Join":
            pairs.append((row, None))
    if kind == "Full Outer Join":
        pairs += [(None, row) for row in range(len(right)) if row not in matched]
    return pairs


def _picked(series: Series, rows: Sequence[int | None]) -> Series:
    cells: list[Cell] = [None if row is None else series.cells[row] for row in rows]
    return series.with_cells(cells)


def free_name(name: str, taken: Sequence[str]) -> str:
    """Return the name, with a number in brackets behind it when it is taken (modules.md 1.1)."""
    free, count = name, 0
    while free in taken:
        count += 1
        free = f"{name} ({count})"
    return free


def add_rows(call: NodeCall) -> tuple[Frame]:
    """Append the rows of the second data set; names and types must agree column by column.

    Raises ModuleError 0008 (number of columns), 0010 (names, by zero-based index) and 0016 (types).
    """
    first, second = call.inputs["Dataset1"], call.inputs["Dataset2"]
    if len(first.series) != len(second.series):
        raise module_error("0008", "Dataset2")
    columns = []
    for place, (upper, lower) in enumerate(zip(first.series, second.series, strict=True)):
        if upper.name != lower.name:
            raise module_error("0010", place, "Dataset1", "Dataset2")
        if upper.type != lower.type:
            raise module_error("0016", place, "Dataset1", "Dataset2")
        columns.append(_appended(upper, lower))
    return (Frame(tuple(columns), first.rows + second.rows, first.scores),)


def _appended(upper: Series, lower: Series) -> Series:
    categories = upper.categories
    if categories is not None and lower.categories is not None:
        categories = tuple(dict.fromkeys((*categories, *lower.categories)))
    return replace(upper, cells=[*upper.cells, *lower.cells], categories=categories)
