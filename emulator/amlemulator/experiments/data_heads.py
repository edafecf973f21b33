"""The first rows of a data file that an experiment names: its columns, or what is wrong with it."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from amlemulator.core.interface import Column
from amlemulator.core.textdata import RowLengthError, TextDataError, format_of, read_columns
from amlemulator.experiments.frame import frame_of_columns, table_of_frame

HEAD_ROWS = 1000  # looked at; what comes later is found when the experiment runs


@dataclass(frozen=True, slots=True)
class Head:
    """Columns with the types of the first rows; or none, with what is wrong and what to do about it."""

    columns: tuple[Column, ...] = ()
    fault: str = ""
    mend: str = ""


def read_head(path: Path) -> Head:
    """Look at a data file, which may be packed with gzip."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as lines:
            text = "".join(islice(lines, HEAD_ROWS + 1))
            whole = next(lines, None) is None
        found = frame_of_columns(read_columns(io.StringIO(text, newline=""), format_of(path.name.removesuffix(".gz"))))
    except RowLengthError:
        line = _odd_line(text, "\t" if path.suffix == ".tsv" else ",")
        fault = f"Line {line} of the data file {path.name} has more or fewer cells than the first."
        # A quoted cell that goes on behind the last line that was read is no fault.
        return Head(fault=fault, mend="Give every row as many cells.") if whole else Head()
    except (TextDataError, OSError, UnicodeDecodeError) as error:
        return Head(fault=f"The data file {path.name} cannot be read: {error}.", mend="Save it as CSV in UTF-8.")
    if not found.rows:
        return Head(fault=f"The data file {path.name} has no rows.", mend="Give it at least one below the names.")
    return Head(tuple(table_of_frame(found.take([])).columns))


def _odd_line(text: str, separator: str) -> int:
    """Return the number of the line on which the first row of another length ends."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    width = len(next(rows))
    return next((rows.line_num for row in rows if row and len(row) != width), rows.line_num)
