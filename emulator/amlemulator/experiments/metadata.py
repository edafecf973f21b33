"""Edit Metadata and Convert to Indicator Values (modules.md 3.2 and 3.9). Light enough for the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from amlemulator.core.cells import PARSERS, RENDERERS, Cell, CellError
from amlemulator.core.interface import ColumnType
from amlemulator.experiments.columns import select
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame, Role, Series

_TYPES: dict[str, ColumnType] = {"Floating point": "Double"}
_ROLES: dict[str, Role] = {
    "Features": "feature",
    "Label": "label",
    "Weight": "weight",
    "Clear feature": "none",
    "Clear label": "feature",
    "Clear weight": "feature",
}
# .NET's custom date formats, as far as they are Python's under other letters.
_DATE_PARTS = {
    "yyyy": "%Y",
    "MM": "%m",
    "dd": "%d",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "tt": "%p",
    "M": "%m",
    "d": "%d",
    "H": "%H",
    "h": "%I",
}


def edit_metadata(call: NodeCall) -> tuple[Frame]:
    """Change type, categories, field and names of the selected columns, in this order (as the designer's port does).

    Raises ModuleError 0139 for a cell that cannot be converted, 0027 for another number of names, 0028 for a name that
    stands there twice.
    """
    frame: Frame = call.inputs["Dataset"]
    values = call.parameters
    chosen = select(frame, values["Column"])
    known = {column.name: column.categories for column in call.node.columns}
    names = _new_names(values["New column names"], chosen)
    changed = {old.name: _edited(old, values, name, known) for old, name in zip(chosen, names, strict=True)}
    edited = frame.with_series(changed.get(series.name, series) for series in frame.series)
    _refuse_repeated(edited.names)
    if values["Fields"] == "Clear score":
        edited = replace(edited, scores=None)
    return (edited,)


def _new_names(text: str, chosen: Sequence[Series]) -> list[str]:
    if not text.strip():
        return [series.name for series in chosen]
    names = [name.strip() for name in text.split(",")]
    if len(names) != len(chosen) or not all(names):
        raise module_error("0027", "New column names", "Column")
    return names


def _refuse_repeated(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise module_error("0028", name)


def _edited(series: Series, values: Mapping[str, Any], name: str, known: Mapping[str, tuple[str, ...]]) -> Series:
    kind = values["Data type"]
    if kind != "Unchanged":
        series = _converted(series, kind, values)
    categories = series.categories
    if values["Categorical"] == "Make categorical":
        # The levels found when the graph was deployed come first: one row alone would have one level.
        categories = _levels(series, known.get(name, ()) or series.categories or ())
    elif values["Categorical"] == "Make non-categorical":
        categories = None
    return Series(name, series.type, series.cells, categories, _ROLES.get(values["Fields"], series.role))


def _levels(series: Series, known: tuple[str, ...]) -> tuple[str, ...]:
    render = RENDERERS[series.type]
    found = {render(cell) for cell in series.cells if cell is not None} - set(known)
    return (*known, *sorted(found))


def _converted(series: Series, kind: str, values: Mapping[str, Any]) -> Series:
    wanted = _integer(series) if kind == "Integer" else _TYPES.get(kind, kind)
    read = _reader(series, wanted, values)  # type: ignore[arg-type] # the names of Studio's types are ours
    cells: list[Cell] = []
    for row, cell in enumerate(series.cells):
        try:
            cells.append(None if cell is None else read(cell))
        except (CellError, ValueError, OverflowError) as error:
            raise module_error("0139", series.type, wanted, series.name, row) from error
    return Series(series.name, wanted, cells, None, series.role)  # type: ignore[arg-type] # as above


def _integer(series: Series) -> ColumnType:
    return "Int64" if series.type == "Int64" else "Int32"


def _reader(series: Series, wanted: ColumnType, values: Mapping[str, Any]) -> Callable[[Any], Cell]:
    parse = PARSERS[wanted]
    if wanted == "DateTime" and values["DateTime Format"] and series.type == "String":
        form = _date_format(values["DateTime Format"])
        return lambda cell: datetime.strptime(cell, form)
    if wanted == "DateTime" and series.is_numeric:
        return lambda cell: datetime(1, 1, 1) + timedelta(microseconds=int(cell) // 10)  # ticks of 100 ns
    if wanted == "TimeSpan" and series.is_numeric:
        return lambda cell: timedelta(microseconds=int(cell) // 10)
    if wanted in ("Int32", "Int64") and series.type == "Double":
        return lambda cell: parse(round(cell))
    if wanted == "Double" and series.type == "String":
        return lambda cell: parse(cell.replace(",", ""))  # commas of thousands drop out
    return parse


def _date_format(text: str) -> str:
    made, place = "", 0
    while place < len(text):
        part = next((part for part in _DATE_PARTS if text.startswith(part, place)), None)
        made += _DATE_PARTS[part] if part else text[place].replace("%", "%%")
        place += len(part) if part else 1
    return made


def convert_to_indicator_values(call: NodeCall) -> tuple[Frame]:
    """Append a column of 0 and 1 for each level of the selected categorical columns.

    Named ``<column>-<level>``; one more for missing values when there are any. Raises ModuleError 0056 for a column
    that is not categorical.
    """
    frame: Frame = call.inputs["Dataset"]
    chosen = select(frame, call.parameters["Categorical columns to convert"])
    if not chosen:
        raise module_error("0011", call.parameters["Categorical columns to convert"])
    made = [indicator for series in chosen for indicator in _indicators(series)]
    gone = {series.name for series in chosen} if call.parameters["Overwrite categorical columns"] else set()
    kept = [series for series in frame.series if series.name not in gone]
    _refuse_repeated([series.name for series in (*kept, *made)])
    return (frame.with_series((*kept, *made)),)


def _indicators(series: Series) -> list[Series]:
    if series.categories is None:
        raise module_error("0056", series.name)
    render, role = RENDERERS[series.type], "none" if series.role == "label" else "feature"
    texts = [None if cell is None else render(cell) for cell in series.cells]
    levels: list[str | None] = [*series.categories, *([None] if None in texts else [])]
    return [
        Series(
            f"{series.name}-{'Missing' if level is None else level}",
            "Int32",
            [int(text == level) for text in texts],
            role=role,  # type: ignore[arg-type] # one of two roles
        )
        for level in levels
    ]
