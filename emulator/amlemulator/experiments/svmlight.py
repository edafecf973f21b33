"""Reading SVMLight text: ``label index:value index:value ... # comment``, a row a line, indices from 1.

Gives Col1 to ColN, as far as the largest index goes, and the labels as the last column, ``Labels`` (modules.md 2.1).
What a row does not mention is 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from amlemulator.core.cells import Cell
from amlemulator.core.interface import Column
from amlemulator.core.textdata import Columns, TextDataError

MOST_COLUMNS = 100_000


def read_svmlight(lines: Iterable[str]) -> Columns:
    """Read the columns. Raises TextDataError naming the line."""
    labels: list[float] = []
    rows: list[dict[int, float]] = []
    for number, line in enumerate(lines, start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            labels.append(_number(words[0]))
            rows.append(dict(map(_pair, words[1:])))
        except ValueError as error:
            raise TextDataError(f"line {number} is no SVMLight: {error}") from error
    count = max((place for row in rows for place in row), default=0)
    names = [f"Col{place}" for place in range(1, count + 1)]
    columns = tuple(Column(name, "Double") for name in (*names, "Labels"))
    cells: list[list[Cell]] = [[row.get(place, 0.0) for row in rows] for place in range(1, count + 1)]
    return columns, [*cells, [*labels]]


def _pair(word: str) -> tuple[int, float]:
    place, colon, value = word.partition(":")
    if not colon or not 1 <= int(place) <= MOST_COLUMNS:
        raise ValueError(f"'{word[:40]}' is no index:value")
    return int(place), _number(value)


def _number(word: str) -> float:
    number = float(word)
    if not isfinite(number):
        raise ValueError(f"'{word[:40]}' is no number")
    return number
