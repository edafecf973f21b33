"""The condition that a new model has to meet: ``AUC >= 0.9 and Accuracy > 0.8``.

Read by a grammar of three parts, column, comparison and number; nothing is evaluated as code.
"""

from __future__ import annotations

import csv
import io
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ._exceptions import NotAccepted, UnexpectedAnswer, WrongCall

__all__ = ["Condition", "read_evaluation"]

Evaluation = Sequence[Mapping[str, str]]

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_CLAUSE = re.compile(r"\s*(?P<column>[^<>=!]*[^<>=!\s])\s*(?P<sign>>=|<=|==|!=|>|<)\s*(?P<number>[^<>=!\s]+)\s*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison of a column with a number."""

    column: str
    sign: str
    number: float

    def __str__(self) -> str:
        return f"{self.column} {self.sign} {self.number:g}"

    def is_met_by(self, value: float) -> bool:
        """Whether ``value`` passes; what is not a finite number never does."""
        return math.isfinite(value) and _OPERATORS[self.sign](value, self.number)


@dataclass(frozen=True, slots=True)
class Condition:
    """Clauses that all have to be met, by every row of the evaluation."""

    clauses: tuple[Clause, ...]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read ``COLUMN OP NUMBER [and COLUMN OP NUMBER ...]``. Raises WrongCall with what is wrong."""
        return cls(tuple(_clause(part) for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE)))

    def check(self, evaluation: Evaluation) -> None:
        """Raise NotAccepted unless every row meets every clause; an empty evaluation meets nothing."""
        if not evaluation:
            raise NotAccepted(f"there is no evaluation to hold against {self}; nothing was patched")
        for row in evaluation:
            for clause in self.clauses:
                value = _value(row, clause)
                if not clause.is_met_by(value):
                    raise NotAccepted(f"{clause.column} is {value:g}, the condition is {clause}; nothing was patched")

    def __str__(self) -> str:
        return " and ".join(str(clause) for clause in self.clauses)


def read_evaluation(content: bytes) -> list[dict[str, str]]:
    """Read an evaluation CSV: a header row, then one row per scored data set. Raises UnexpectedAnswer."""
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (ValueError, csv.Error):
        raise UnexpectedAnswer("the evaluation is not a CSV file") from None
    rows = [row for row in rows if row]
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
        raise UnexpectedAnswer("the evaluation is not a CSV file with a header row and values")
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def _clause(text: str) -> Clause:
    found = _CLAUSE.fullmatch(text)
    if found is None or not _NUMBER.fullmatch(found["number"]):
        raise WrongCall(f"{text.strip()!r} is not a condition; write one like: AUC >= 0.9 and Accuracy > 0.8")
    number = float(found["number"])
    if not math.isfinite(number):
        raise WrongCall(f"{found['number']} is too large for a condition")
    return Clause(found["column"].strip(), found["sign"], number)


def _value(row: Mapping[str, str], clause: Clause) -> float:
    """Find the clause's column, by its exact name or else by the only one that differs in case and separators."""
    matches = [name for name in row if name == clause.column] or [
        name for name in row if _plain(name) == _plain(clause.column)
    ]
    if len(matches) != 1:
        known = ", ".join(row)
        raise NotAccepted(f"the evaluation has no column {clause.column!r} (it has {known}); nothing was patched")
    try:
        return float(row[matches[0]])
    except ValueError:
        raise NotAccepted(f"{matches[0]} is {row[matches[0]]!r}, not a number; nothing was patched") from None


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()
