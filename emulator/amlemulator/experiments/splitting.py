"""Split Data (modules.md 3.4)."""

from __future__ import annotations

import operator
import random
import re
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from amlemulator.core.cells import RENDERERS, Cell, CellError, parse
from amlemulator.experiments.columns import select_one
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame, Series

Parts = tuple[list[int], list[int]]

_FRACTION = "Fraction of rows in the first output dataset"
_REFERENCE = re.compile(r'\s*(?:\\"(?P<name>[^"]*)"|\(\\(?P<index>\d+)\))\s*(?P<rest>.*)', re.DOTALL)
_COMPARISON = re.compile(r"\s*(<=|>=|==|!=|<|>)\s*(.+?)\s*")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def split_data(call: NodeCall) -> tuple[Frame, Frame]:
    """Split a data set in two. Raises ModuleError 0021 for fewer than two rows, 0001, 0002 and 0017."""
    frame: Frame = call.inputs["Dataset"]
    if frame.rows < 2:
        raise module_error("0021", "Dataset", 2)
    first, second = parts(frame, call.parameters)
    return frame.take(first), frame.take(second)


def parts(frame: Frame, values: Mapping[str, Any]) -> Parts:
    """Return the places of the rows that go first, and of the others, of however few. Raises ModuleError."""
    return _MODES[values["Splitting mode"]](frame, values)


def _rows(frame: Frame, values: Mapping[str, Any]) -> Parts:
    if not values["Stratified split"]:
        return _share(list(range(frame.rows)), values)
    series = select_one(frame, values["Stratification key column"])
    if series.type == "Double" and series.categories is None:
        raise module_error("0017", series.type, series.name)
    strata: dict[Cell, list[int]] = {}
    for row, cell in enumerate(series.cells):
        strata.setdefault(cell, []).append(row)
    parts = [_share(rows, values) for rows in strata.values()]
    return [row for first, _ in parts for row in first], [row for _, second in parts for row in second]


def _share(rows: list[int], values: Mapping[str, Any]) -> Parts:
    count = _count(str(values[_FRACTION]).strip(), len(rows))
    if values["Randomized split"]:
        # Seed 0 was the clock; ours is fixed, so that a run can be repeated (modules.md 1.5).
        random.Random(values["Random seed"]).shuffle(rows)  # noqa: S311 - a split keeps no secret
    return rows[:count], rows[count:]


def _count(text: str, rows: int) -> int:
    """Return how many rows go first: a proportion below 1, a count, or a percentage; of a half row too few."""
    try:
        number = float(text.rstrip("%"))
    except ValueError as error:
        raise module_error("0002", _FRACTION, "Float") from error
    share = number / 100 if text.endswith("%") else number if number <= 1 else number / rows if rows else 1.0
    if not 0 <= share <= 1:
        raise module_error("0008", _FRACTION, 0, 1)
    return ceil(rows * share - 0.5)


def _column(frame: Frame, expression: str) -> tuple[Series, str]:
    found = _REFERENCE.fullmatch(expression)
    if not found:
        raise module_error("0002", "Splitting expression")
    if found["name"] is not None:
        series = frame.find(found["name"])
        if series is None:
            raise module_error("0001", found["name"])
        return series, found["rest"]
    if int(found["index"]) >= len(frame.series):
        raise module_error("0001", found["index"])
    return frame.series[int(found["index"])], found["rest"]


def _matching(frame: Frame, series: Series, test: Callable[[Any], bool]) -> Parts:
    chosen = [cell is not None and test(cell) for cell in series.cells]
    rows = range(frame.rows)
    return [row for row in rows if chosen[row]], [row for row in rows if not chosen[row]]


def _by_pattern(frame: Frame, values: Mapping[str, Any]) -> Parts:
    series, pattern = _column(frame, values["Regular expression"])
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise module_error("0002", "Regular expression") from error
    render = RENDERERS[series.type]
    return _matching(frame, series, lambda cell: compiled.search(render(cell)) is not None)


def _by_relation(frame: Frame, values: Mapping[str, Any]) -> Parts:
    series, expression = _column(frame, values["Relational expression"])
    if series.type in ("String", "Boolean"):
        raise module_error("0017", series.type, series.name)
    # "and" binds tighter than "or"; there is no grouping.
    alternatives = [[_comparison(series, part) for part in either.split("&")] for either in expression.split("|")]
    return _matching(frame, series, lambda cell: any(all(test(cell) for test in tests) for tests in alternatives))


def _comparison(series: Series, text: str) -> Callable[[Any], bool]:
    found = _COMPARISON.fullmatch(text)
    if not found:
        raise module_error("0002", "Relational expression")
    compare, wanted = _OPERATORS[found[1]], "Double" if series.is_numeric else series.type
    try:
        bound = parse(found[2], wanted)
    except CellError as error:
        raise module_error("0002", "Relational expression", series.type) from error
    return lambda cell: compare(cell, bound)


_MODES: dict[str, Callable[[Frame, Mapping[str, Any]], Parts]] = {
    "Split Rows": _rows,
    "Regular Expression": _by_pattern,
    "Relative Expression": _by_relation,
}
