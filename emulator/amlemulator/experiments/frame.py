"""What flows along the wires of an experiment: data sets, column by column, with the metadata that Studio kept.

Nothing here is changed once it is made: modules build new frames and share the columns they leave alone. Cells are
plain Python values, so that one row costs microseconds in the server; what needs arrays makes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from amlemulator.core.cells import Cell
from amlemulator.core.interface import Column, ColumnType
from amlemulator.core.tables import Table
from amlemulator.core.textdata import Columns

Role = Literal["feature", "label", "weight", "none"]
Task = Literal["binary", "multiclass", "regression", "gaussian", "clusters", "function"]

NUMERIC: tuple[ColumnType, ...] = ("Double", "Int32", "Int64")


@dataclass(slots=True)  # not frozen: making one would cost three times as much, on the path of every row
class Series:
    """A column and its cells. ``categories`` are the levels of a categorical column; None: it is not categorical."""

    name: str
    type: ColumnType
    cells: Sequence[Cell]
    categories: tuple[str, ...] | None = None
    role: Role = "feature"

    @property
    def is_numeric(self) -> bool:
        """Whether the cells are numbers and not categories."""
        return self.type in NUMERIC and self.categories is None

    def with_cells(self, cells: Sequence[Cell]) -> Series:
        """Return the same column with other cells."""
        return replace(self, cells=cells)


@dataclass(frozen=True, slots=True)
class Scores:
    """How a scored data set is to be read: the kind of learner, and which column says what."""

    task: Task
    label: str = ""
    classes: tuple[Cell, ...] = ()  # of a classifier, in order; of two the second is the positive one
    labels: str = "Scored Labels"
    probabilities: tuple[str, ...] = ()
    deviation: str = ""  # standard deviation column of a Gaussian regressor


@dataclass(slots=True)
class Frame:
    """A data set: its columns, all of ``rows`` cells, and how its scores are to be read, if it was scored."""

    series: tuple[Series, ...]
    rows: int
    scores: Scores | None = None

    @property
    def names(self) -> list[str]:
        """The column names in order."""
        return [series.name for series in self.series]

    def find(self, name: str) -> Series | None:
        """Return the column of that name, or None."""
        return next((series for series in self.series if series.name == name), None)

    def with_series(self, series: Iterable[Series]) -> Frame:
        """Return the same rows under other columns."""
        return Frame(tuple(series), self.rows, self.scores)

    def take(self, rows: Sequence[int]) -> Frame:
        """Return the rows at the given places, in the given order."""
        chosen = tuple(series.with_cells([series.cells[row] for row in rows]) for series in self.series)
        return Frame(chosen, len(rows), self.scores)


def frame_of_table(table: Table) -> Frame:
    """Make a frame of a table of rows."""
    rows = table.rows
    if len(rows) == 1:  # the hot path of RRS
        series = [
            Series(column.name, column.type, (cell,), column.categories or None)
            for column, cell in zip(table.columns, rows[0], strict=True)
        ]
        return Frame(tuple(series), 1)
    cells: list[Sequence[Cell]] = list(zip(*rows, strict=True)) if rows else [()] * len(table.columns)
    made = zip(table.columns, cells, strict=True)
    return Frame(tuple(Series(c.name, c.type, column, c.categories or None) for c, column in made), len(rows))


def frame_of_columns(data: Columns) -> Frame:
    """Make a frame of what ``textdata.read_columns`` returns."""
    columns, cells = data
    made = zip(columns, cells, strict=True)
    series = tuple(Series(c.name, c.type, column, c.categories or None) for c, column in made)
    return Frame(series, len(cells[0]) if cells else 0)


def table_of_frame(frame: Frame) -> Table:
    """Make a table of rows of a frame."""
    columns = tuple([_column(series.name, series.type, series.categories or ()) for series in frame.series])
    if frame.rows == 1:
        return Table(columns, [[series.cells[0] for series in frame.series]])
    return Table(columns, list(zip(*(series.cells for series in frame.series), strict=True)))


@lru_cache(maxsize=10_000)
def _column(name: str, kind: ColumnType, categories: tuple[str, ...]) -> Column:
    """Return a column; the same services score the same columns again and again."""
    return Column(name, kind, categories)
