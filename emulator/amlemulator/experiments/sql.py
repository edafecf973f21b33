"""Apply SQL Transformation: SQLite over the tables t1, t2 and t3 (modules.md 3.7)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from amlemulator.core.cells import RENDERERS, Cell, type_of
from amlemulator.core.interface import ColumnType
from amlemulator.experiments.combining import free_name
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame, Series

# A query reads its tables and writes into its own memory; other files are none of its business.
_REFUSED = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}


def apply_sql(call: NodeCall) -> tuple[Frame]:
    """Run the script; the result of its last query comes out. Raises ModuleError 0069 with SQLite's own words.

    Which statement's result counted is not known; types follow from the values, as SQLite's do.
    """
    script = call.parameters["SQL Query Script"]
    with closing(sqlite3.connect(":memory:")) as database:
        for number, port in enumerate(("Table1", "Table2", "Table3"), 1):
            if port in call.inputs:
                _load(database, f"t{number}", call.inputs[port])
        database.set_authorizer(_authorize)
        try:
            return (_last_result(database, script),)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise module_error("0069", script, error) from error


def _authorize(action: int, *_: Any) -> int:
    return sqlite3.SQLITE_DENY if action in _REFUSED else sqlite3.SQLITE_OK


def _load(database: sqlite3.Connection, name: str, frame: Frame) -> None:
    columns = ", ".join(
        f'"{series.name.replace(chr(34), chr(34) * 2)}" {_DECLARED[series.type]}' for series in frame.series
    )
    database.execute(f"CREATE TABLE {name} ({columns})")
    places = ", ".join("?" * len(frame.series))
    cells = [[_stored(cell) for cell in series.cells] for series in frame.series]
    database.executemany(f"INSERT INTO {name} VALUES ({places})", zip(*cells, strict=True))  # noqa: S608 - our names


_DECLARED: dict[ColumnType, str] = {
    "String": "TEXT",
    "Double": "REAL",
    "Int32": "INTEGER",
    "Int64": "INTEGER",
    "Boolean": "INTEGER",
    "DateTime": "TEXT",
    "TimeSpan": "TEXT",
}


def _stored(cell: Cell) -> Any:
    if isinstance(cell, datetime):
        return cell.isoformat(" ")  # the form that SQLite's own date functions read
    return cell if cell is None or isinstance(cell, (str, int, float)) else RENDERERS["TimeSpan"](cell)


def _last_result(database: sqlite3.Connection, script: str) -> Frame:
    result: Frame | None = None
    for statement in _statements(script):
        cursor = database.execute(statement)
        if cursor.description:
            result = _frame([column[0] for column in cursor.description], cursor.fetchall())
    if result is None:
        raise sqlite3.ProgrammingError("no statement of the script returns rows")
    return result


def _statements(script: str) -> list[str]:
    statements, current = [], ""
    for piece in script.split(";"):
        current += piece + ";"
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    statements.append(current)
    return [statement for statement in statements if statement.strip("; \t\r\n")]


def _frame(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Frame:
    series: list[Series] = []
    for place, name in enumerate(names):
        cells = [row[place] for row in rows]
        kind = common_type(cells)
        texts: list[Cell] = [_cell(cell, kind) for cell in cells]
        series.append(Series(free_name(name, [each.name for each in series]), kind, texts))
    return Frame(tuple(series), len(rows))


def common_type(cells: Sequence[Any]) -> ColumnType:
    """Return the narrowest type that holds all the cells: one type, numbers as Double, else String."""
    kinds = {type_of(cell) for cell in cells if cell is not None}
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {"Int32", "Int64"}:
        return "Int64"
    return "Double" if kinds and kinds <= {"Int32", "Int64", "Double"} else "String"


def _cell(cell: Any, kind: ColumnType) -> Cell:
    if cell is None or isinstance(cell, bytes):
        return None if cell is None else cell.decode("utf-8", "replace")
    if kind == "Double":
        return float(cell)
    return RENDERERS["String"](cell) if kind == "String" else cell
