"""Data sets as text: CSV and TSV with or without a header row, and ARFF.

Reading follows Studio: quoted fields as RFC 4180, an empty field is a missing value, column types are inferred, columns
without names are ``Col1``, ``Col2``, ...; an empty line is a row of missing values (modules.md 1.1, 2.2). A CSV without
its header row gives what it gave: the first row taken as names. Writing follows what was observed of the service:
one header row, commas, a missing value as an empty field, no quotes even around commas (modules.md 1.1, section 13).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from amlemulator.core.cells import PARSERS, Cell, CellError
from amlemulator.core.interface import Column, ColumnType
from amlemulator.core.tables import Table, numbered, rendered

Format = Literal["csv", "nh.csv", "tsv", "nh.tsv", "arff"]
Columns = tuple[tuple[Column, ...], list[list[Cell]]]  # the columns and, for each, its cells

LINE_END = "\r\n"  # .NET's own on Windows; no raw output was found (modules.md section 15)
_SUFFIXES: tuple[Format, ...] = ("nh.csv", "nh.tsv", "csv", "tsv", "arff")


class TextDataError(ValueError):
    """Text that is not in the format it should be in."""


class RowLengthError(TextDataError):
    """Rows of different lengths, in the service's observed words (errors.md section 3, O20)."""

    def __init__(self) -> None:
        super().__init__("All rows must have same number of elements")


def format_of(name: str) -> Format:
    """Return the format that a file name's extension stands for. Raises TextDataError for another extension."""
    for suffix in _SUFFIXES:
        if name.lower().endswith(f".{suffix}"):
            return suffix
    raise TextDataError(f"The extension of '{name}' is none of .csv, .tsv, .arff, .nh.csv, .nh.tsv")


def read(lines: Iterable[str], form: Format) -> Table:
    """Read a table from lines of text. Raises TextDataError."""
    columns, cells = read_columns(lines, form)
    return Table(columns, [list(row) for row in zip(*cells, strict=True)])


def read_columns(lines: Iterable[str], form: Format) -> Columns:
    """Read a table column by column from lines of text. Raises TextDataError."""
    if form == "arff":
        return _read_arff(lines)
    return _read_delimited(lines, "\t" if form.endswith("tsv") else ",", header=not form.startswith("nh."))


def write(table: Table, form: Format) -> Iterator[str]:
    """Yield the text of a table, line by line."""
    if form == "arff":
        yield from _write_arff(table)
        return
    separator = "\t" if form.endswith("tsv") else ","
    if not form.startswith("nh."):
        yield separator.join(table.names) + LINE_END
    for row in rendered(table):
        yield separator.join(cell if cell is not None else "" for cell in row) + LINE_END


# Delimited text


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    iterator = iter(lines)
    for first in iterator:
        yield first.removeprefix("\ufeff")
        break
    yield from iterator


def _read_delimited(lines: Iterable[str], separator: str, *, header: bool) -> Columns:
    try:
        rows = list(csv.reader(_without_mark(lines), delimiter=separator))
    except csv.Error as error:
        raise TextDataError(str(error)) from error
    if not rows:
        return (), []
    names = _names(rows[0]) if header else numbered(len(rows[0]))
    body = rows[1:] if header else rows
    width = len(names)
    for place, row in enumerate(body):
        if len(row) != width:
            if row:
                raise RowLengthError
            body[place] = [""] * width
    texts: list[tuple[str, ...]] = list(zip(*body, strict=True)) if body else [()] * width
    found = [convert(column) for column in texts]
    return tuple(Column(name, kind) for name, (kind, _) in zip(names, found, strict=True)), [
        cells for _, cells in found
    ]


def _names(row: Sequence[str]) -> list[str]:
    """Return usable names: an empty one becomes ``Col{n}``, a repeated one gets a number in brackets."""
    names: list[str] = []
    for place, text in enumerate(row, 1):
        name, count = text.strip() or f"Col{place}", 0
        base = name
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names.append(name)
    return names


def convert(texts: Sequence[str]) -> tuple[ColumnType, list[Cell]]:
    """Return the narrowest type that all the texts fit, and the cells; an empty text is a missing cell."""
    present = [text for text in texts if text]
    for kind in _candidates(present):
        parse = PARSERS[kind]
        try:
            return kind, [parse(text) for text in texts]
        except CellError:
            continue
    return "String", [text or None for text in texts]


_DIGITS = re.compile(r"\s*[+-]?[0-9]+\s*")


def _candidates(present: Sequence[str]) -> Iterator[ColumnType]:
    if not any(map(str.strip, present)):
        return  # every type would fit
    if all(map(_DIGITS.fullmatch, present)):
        yield from ("Int32", "Int64")
    yield "Double"
    if all(text.strip().lower() in ("true", "false") for text in present):
        yield "Boolean"
    yield from ("DateTime", "TimeSpan")


# ARFF

_ATTRIBUTE = re.compile(r"""@attribute\s+(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\S+))\s+(.+)""", re.IGNORECASE)
_VALUE = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,]*?))\s*(?:,|$)""")
_ESCAPE = re.compile(r"\\(.)")
_ARFF_TYPES: dict[str, ColumnType] = {
    "numeric": "Double",
    "real": "Double",
    "integer": "Int32",
    "string": "String",
    "date": "DateTime",
}


def _read_arff(lines: Iterable[str]) -> Columns:
    columns: list[Column] = []
    rows: list[list[str | None]] = []
    in_data = False
    for raw in _without_mark(lines):
        line = raw.strip()
        if not line or line.startswith("%"):
            continue
        if in_data:
            rows.append(_arff_row(line, len(columns)))
        elif line.lower().startswith("@attribute"):
            columns.append(_arff_attribute(line))
        elif line.lower().startswith("@data"):
            in_data = True
        elif not line.lower().startswith("@relation"):
            raise TextDataError(f"'{line[:60]}' is no ARFF declaration")
    if not in_data or not columns:
        raise TextDataError("ARFF needs @ATTRIBUTE and @DATA lines")
    texts = [[row[place] for row in rows] for place in range(len(columns))]
    return tuple(columns), [_arff_cells(column, text) for column, text in zip(columns, texts, strict=True)]


def _arff_attribute(line: str) -> Column:
    found = _ATTRIBUTE.fullmatch(line)
    if not found:
        raise TextDataError(f"'{line[:60]}' is no ARFF attribute")
    single, double, bare, kind = found.groups()
    name = _ESCAPE.sub(r"\1", single or double or "") or bare
    if kind.startswith("{") and kind.endswith("}"):
        return Column(name, "String", tuple(cell for cell in _arff_row(kind[1:-1], None) if cell is not None))
    known = _ARFF_TYPES.get(kind.split()[0].lower())
    if known is None:
        raise TextDataError(f"ARFF attribute '{name}' has the unknown type '{kind[:40]}'")
    return Column(name, known)


def _arff_row(line: str, width: int | None) -> list[str | None]:
    if line.startswith("{"):
        raise TextDataError("Sparse ARFF rows are not emulated; write every value")
    cells: list[str | None] = []
    place = 0
    while place <= len(line):
        found = _VALUE.match(line, place)
        assert found is not None  # what is not quoted is a value up to the next comma
        single, double, bare = found.groups()
        quoted = single if single is not None else double
        cells.append(_ESCAPE.sub(r"\1", quoted) if quoted is not None else None if bare in ("?", "") else bare)
        if not found.group().endswith(","):
            break
        place = found.end()
    if width is not None and len(cells) != width:
        raise RowLengthError
    return cells


def _arff_cells(column: Column, texts: Sequence[str | None]) -> list[Cell]:
    parse = PARSERS[column.type]
    try:
        return [None if text is None else parse(text) for text in texts]
    except CellError as error:
        raise TextDataError(f"{error} (attribute '{column.name}')") from error


def _write_arff(table: Table) -> Iterator[str]:
    yield f"@RELATION Unnamed{LINE_END}{LINE_END}"
    for column in table.columns:
        yield f"@ATTRIBUTE {_arff_quoted(column.name)} {_arff_type(column)}{LINE_END}"
    yield f"{LINE_END}@DATA{LINE_END}"
    for row in rendered(table):
        yield ",".join("?" if cell is None else _arff_quoted(cell) for cell in row) + LINE_END


def _arff_type(column: Column) -> str:
    if column.categories:
        return "{" + ",".join(_arff_quoted(category) for category in column.categories) + "}"
    if column.type in ("Double", "Int32", "Int64"):
        return "NUMERIC"
    return 'DATE "M/d/yyyy h:mm:ss a"' if column.type == "DateTime" else "STRING"


_PLAIN = re.compile(r"[A-Za-z0-9_.<>=+/&-]+")


def _arff_quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ").replace("\r", " ")
    return f"'{escaped}'"
