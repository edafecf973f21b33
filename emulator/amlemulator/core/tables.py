"""Tables and their two forms on the wire: ``{"ColumnNames", "Values"}`` and a list of objects (``format=swagger``).

Columns are matched by name in any order; without names, by position (documents.md 4.1). What does not fit is refused as
errors.md section 15 decides: another number of columns is the library's TableSchemaColumnCountMismatch (observed code,
our sentence), a name that is not there InputMismatchError, a cell that cannot be read InputParseError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

from amlemulator.core.cells import PARSERS, RENDERERS, Cell, CellError, parse
from amlemulator.core.errors import ServiceError, catalogue, failure
from amlemulator.core.interface import Column, ColumnType

Row = Sequence[Cell]

# What a column of a table without a declared schema may be, narrowest first.
INFERRED: tuple[ColumnType, ...] = ("Int32", "Int64", "Double", "Boolean", "DateTime", "TimeSpan")


@dataclass(slots=True)
class Table:
    """Rows of cells under typed columns. ``rows[i][j]`` belongs to ``columns[j]``; None is a missing cell."""

    columns: tuple[Column, ...]
    rows: list[Row] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> list[Cell]:
        """Return the cells of one column. Raises KeyError when there is no such column."""
        names = self.names
        if name not in names:
            raise KeyError(name)
        place = names.index(name)
        return [row[place] for row in self.rows]


# Refusals


def execution_failure(
    group: str, code: str, message: str, *, target: str | None = None, evidence: str | None = None
) -> ServiceError:
    """Make an error of a group whose details codes Microsoft's list leaves open: Library- or ModuleExecutionError."""
    entry = replace(catalogue()[group], code=code)
    return ServiceError(entry, (), target=target, message=message, evidence=evidence)


def _count_mismatch(expected: int, actual: int) -> ServiceError:
    return execution_failure(
        "LibraryExecutionError",
        "TableSchemaColumnCountMismatch",
        f"The number of columns of the input ({actual}) differs from the number in its schema ({expected}).",
        evidence="tables.column-count",
    )


def _unreadable(error: CellError, row: int, column: str) -> ServiceError:
    return failure(
        "BadUserArgument/InputParseError",
        f"{error} (row {row + 1}, column '{column}')",
        evidence="tables.unreadable-cell",
    )


def _ragged(row: int, expected: int, actual: int) -> ServiceError:
    detail = f"Row {row + 1} has {actual} cells instead of {expected}"
    return failure("BadUserArgument/InputParseError", detail, evidence="tables.unreadable-cell")


# Reading


def from_plain(value: Mapping[str, Any], columns: Sequence[Column]) -> Table:
    """Read ``{"ColumnNames": [...], "Values": [[...]]}``; no ``columns`` means any table, its types inferred.

    Raises ServiceError: BadArgument/RequestBodyInvalid for another shape, else as the module says.
    """
    names, rows = value.get("ColumnNames"), value.get("Values")
    if rows is None:
        rows = []
    if not isinstance(rows, list) or not _is_names(names):
        raise failure("BadArgument/RequestBodyInvalid")
    for row in rows:
        if not isinstance(row, list):
            raise failure("BadArgument/RequestBodyInvalid")
    if not columns:
        return _untyped(names, rows)
    if names is None:
        if rows and len(rows[0]) != len(columns):
            raise _count_mismatch(len(columns), len(rows[0]))
        return Table(tuple(columns), _read(rows, columns))
    order = _order(names, columns)
    return Table(tuple(columns), _read(rows, columns, order))


def _is_names(names: Any) -> bool:
    return names is None or (isinstance(names, list) and all(isinstance(name, str) for name in names))


def _order(names: list[str], columns: Sequence[Column]) -> list[int] | None:
    """Return for each column its place in the request; None when they stand in order."""
    if len(names) != len(columns):
        raise _count_mismatch(len(columns), len(names))
    expected = [column.name for column in columns]
    if names == expected:
        return None
    places = {name: place for place, name in enumerate(names)}
    try:
        return [places[name] for name in expected]
    except KeyError as error:
        raise failure("BadUserArgument/InputMismatchError") from error


def _read(rows: list[list[Any]], columns: Sequence[Column], order: list[int] | None = None) -> list[Row]:
    parsers = [PARSERS[column.type] for column in columns]
    count = len(parsers)
    arrange = itemgetter(*order) if order is not None else None
    result: list[Row] = []
    for number, row in enumerate(rows):
        if len(row) != count:
            raise _ragged(number, count, len(row))
        cells = arrange(row) if arrange else row
        try:
            result.append([None if cell is None else parser(cell) for parser, cell in zip(parsers, cells, strict=True)])
        except CellError as error:
            raise _unreadable(error, number, _culprit(cells, columns)) from error
    return result


def _culprit(cells: Sequence[Any], columns: Sequence[Column]) -> str:
    """Return the name of the first column whose cell cannot be read; there is one."""
    return next(column.name for cell, column in zip(cells, columns, strict=True) if not _readable(cell, column.type))


def _readable(cell: Any, kind: ColumnType) -> bool:
    try:
        parse(cell, kind)
    except CellError:
        return False
    return True


def from_swagger(value: Sequence[Any], columns: Sequence[Column]) -> Table:
    """Read ``[{name: cell}, ...]``; no ``columns`` means any table, its types inferred.

    Raises ServiceError: BadArgument/RequestBodyInvalid for another shape, else as the module says.
    """
    if not all(isinstance(row, dict) for row in value):
        raise failure("BadArgument/RequestBodyInvalid")
    if not columns:
        names = list(dict.fromkeys(name for row in value for name in row))
        return _untyped(names, [[row.get(name) for name in names] for row in value])
    expected = [column.name for column in columns]
    rows: list[list[Any]] = []
    for row in value:
        if len(row) != len(expected):
            raise _count_mismatch(len(expected), len(row))
        try:
            rows.append([row[name] for name in expected])
        except KeyError as error:
            raise failure("BadUserArgument/InputMismatchError") from error
    return Table(tuple(columns), _read(rows, columns))


def _untyped(names: list[str] | None, rows: list[list[Any]]) -> Table:
    width = len(names) if names is not None else len(rows[0]) if rows else 0
    for number, row in enumerate(rows):
        if len(row) != width:
            raise _ragged(number, width, len(row))
    names = names if names is not None else numbered(width)
    if len(set(names)) != len(names):
        raise failure("BadUserArgument/InputMismatchError")
    columns = tuple(Column(name, infer([row[place] for row in rows])) for place, name in enumerate(names))
    return Table(columns, _read(rows, columns))


def numbered(width: int) -> list[str]:
    """Return the names of columns that have none: ``Col1``, ``Col2``, ... (modules.md 1.1)."""
    return [f"Col{place}" for place in range(1, width + 1)]


def infer(values: Sequence[Any]) -> ColumnType:
    """Return the narrowest type that every value fits, String when none does or nothing is there."""
    present = [value for value in values if value is not None and value != ""]
    if not present:
        return "String"
    return next((kind for kind in INFERRED if all(_fits(value, kind) for value in present)), "String")


def _fits(value: Any, kind: ColumnType) -> bool:
    # 0 and 1 are numbers, not truth values; "1.0" is no integer when a type is to be guessed.
    if kind == "Boolean":
        return isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in ("true", "false"))
    if isinstance(value, bool):
        return False
    if kind in ("Int32", "Int64") and (isinstance(value, float) or (isinstance(value, str) and not _digits(value))):
        return False
    try:
        return PARSERS[kind](value) is not None
    except CellError:
        return False


def _digits(text: str) -> bool:
    word = text.strip()
    return word.lstrip("+-").isdecimal() and word.isascii()


# Writing


def rendered(table: Table) -> Iterator[list[str | None]]:
    """Yield each row as the service writes its cells."""
    renderers = [RENDERERS[column.type] for column in table.columns]
    for row in table.rows:
        yield [None if cell is None else render(cell) for render, cell in zip(renderers, row, strict=True)]


def to_plain(table: Table, *, details: bool) -> dict[str, Any]:
    """Return ``{"ColumnNames", "ColumnTypes", "Values"}``, or ``{"Values"}`` alone without ``details``."""
    values = list(rendered(table))
    if not details:
        return {"Values": values}
    return {"ColumnNames": table.names, "ColumnTypes": [column.type for column in table.columns], "Values": values}


def to_swagger(table: Table) -> list[dict[str, str | None]]:
    """Return the rows as objects, every value a string or null (clients.md section 3)."""
    names = table.names
    return [dict(zip(names, row, strict=True)) for row in rendered(table)]
