"""Tables between server and worker: JSON that keeps types, categories and every bit of a number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from amlemulator.core.cells import Cell, parse, render
from amlemulator.core.tables import Table
from amlemulator.experiments.graph import read_column, write_column

FORMAT = "table"  # beside csv, tsv and arff; it never leaves the emulator


def save_table(table: Table, path: Path) -> None:
    """Write a table to a file."""
    kinds = [column.type for column in table.columns]
    rows = [[_plain(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in table.rows]
    path.write_text(json.dumps({"columns": list(map(write_column, table.columns)), "rows": rows}), "utf-8")


def load_table(path: Path) -> Table:
    """Read a table that ``save_table`` wrote."""
    document = json.loads(path.read_text("utf-8"))
    columns = tuple(map(read_column, document["columns"]))
    rows = [[parse(cell, column.type) for cell, column in zip(row, columns, strict=True)] for row in document["rows"]]
    return Table(columns, list(rows))


def _plain(cell: Cell, kind: Any) -> Any:
    if kind == "DateTime" and cell is not None:
        return cell.isoformat()  # type: ignore[union-attr] # a date, by its column's type
    return cell if cell is None or isinstance(cell, (str, bool, int, float)) else render(cell, kind)
