"""Cells of a table: Python values inside, strings as .NET wrote them on the wire.

A missing cell is None everywhere. Doubles are written with at most 15 significant digits (.NET's G15), dates as the
en-US general format; reading is lenient, for clients send JSON numbers, booleans and strings alike (documents.md 4.2,
clients.md section 3).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isfinite, isnan
from typing import Any

from amlemulator.core.interface import ColumnType

Cell = str | float | int | bool | datetime | timedelta | None

_US_DATE = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?(?: ?([AaPp])\.?[Mm]\.?)?)?"
)
_SPAN = re.compile(r"(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?")


class CellError(ValueError):
    """A value that cannot be a cell of the wanted type."""

    def __init__(self, value: Any, wanted: ColumnType) -> None:
        self.value = value
        self.wanted = wanted
        super().__init__(f"Cannot convert {str(value)[:60]!r} to {wanted}")


def render(value: Cell, wanted: ColumnType) -> str | None:
    """Return the cell as the service writes it, None for a missing one."""
    return None if value is None else RENDERERS[wanted](value)


def parse(value: Any, wanted: ColumnType) -> Cell:
    """Return the cell that a JSON value or a text means; null is missing, and so is "" unless the type is String.

    Raises CellError when the value cannot be of that type.
    """
    return None if value is None else PARSERS[wanted](value)


# Writing


def render_double(value: Any) -> str:
    """Return a double as .NET's G15 does: ``1E-05``, ``0.0001``, ``1.5E+20``, ``NaN``, ``-Infinity``, ``0`` for -0."""
    if isfinite(value):
        return f"{value:.15G}" if value else "0"
    if isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _render_int(value: Any) -> str:
    return str(int(value)) if isfinite(value) else render_double(value)


def _render_boolean(value: Any) -> str:
    return "True" if value else "False"


def render_date(value: Any) -> str:
    """Return ``M/d/yyyy h:mm:ss tt``, .NET's general format of en-US: ``5/30/2010 6:07:00 PM``."""
    hour, half = (value.hour - 1) % 12 + 1, "PM" if value.hour >= 12 else "AM"
    return f"{value.month}/{value.day}/{value.year:04} {hour}:{value.minute:02}:{value.second:02} {half}"


def render_span(value: Any) -> str:
    """Return ``[-][d.]hh:mm:ss[.fffffff]``, .NET's constant format of a TimeSpan."""
    total = abs(value) // timedelta(microseconds=1)
    seconds, micro = divmod(total, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    sign, days = "-" if value < timedelta(0) else "", f"{day}." if day else ""
    return f"{sign}{days}{hour:02}:{minute:02}:{second:02}" + (f".{micro:06}0" if micro else "")


def _render_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return RENDERERS[type_of(value)](value)


RENDERERS: dict[str, Callable[[Any], str]] = {
    "String": _render_text,
    "Double": render_double,
    "Int32": _render_int,
    "Int64": _render_int,
    "Boolean": _render_boolean,
    "DateTime": render_date,
    "TimeSpan": render_span,
}


def type_of(value: Any) -> ColumnType:
    """Return the column type a Python value is of."""
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Int32" if -(2**31) <= value < 2**31 else "Int64"
    if isinstance(value, float):
        return "Double"
    if isinstance(value, datetime):
        return "DateTime"
    return "TimeSpan" if isinstance(value, timedelta) else "String"


# Reading


def _parse_text(value: Any) -> Cell:
    if type(value) is str:
        return value
    if isinstance(value, (bool, int, float, datetime, timedelta)):
        return _render_text(value)
    raise CellError(value, "String")


def _parse_double(value: Any) -> Cell:
    if type(value) is float:
        return value
    if isinstance(value, str):
        # float() also takes "1_000"; .NET does not.
        if "_" in value:
            raise CellError(value, "Double")
        if not value or value.isspace():
            return None
    elif not isinstance(value, (int, float)):
        raise CellError(value, "Double")
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise CellError(value, "Double") from error


def _whole(value: Any, wanted: ColumnType) -> int | None:
    if isinstance(value, str):
        if not value or value.isspace():
            return None
        if "_" in value:
            raise CellError(value, wanted)
    elif not isinstance(value, (int, float)):
        raise CellError(value, wanted)
    try:
        return int(value) if isinstance(value, str) else _exactly(value)
    except ValueError:
        pass  # "3.0" is how R and pandas write an integer column that once held a gap
    except OverflowError as error:
        raise CellError(value, wanted) from error
    try:
        return _exactly(float(value))
    except (ValueError, OverflowError) as error:
        raise CellError(value, wanted) from error


def _exactly(value: float) -> int:
    whole = int(value)
    if whole != value:
        raise ValueError(value)
    return whole


def _parse_whole(wanted: ColumnType, limit: int) -> Callable[[Any], Cell]:
    def parse_whole(value: Any) -> Cell:
        number = value if type(value) is int else _whole(value, wanted)
        if number is not None and not -limit <= number < limit:
            raise CellError(value, wanted)
        return number

    return parse_whole


def _parse_boolean(value: Any) -> Cell:
    if isinstance(value, str):
        word = value.strip().lower()
        if not word:
            return None
        if word in ("true", "1", "false", "0"):
            return word in ("true", "1")
    elif isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    raise CellError(value, "Boolean")


def _parse_date(value: Any) -> Cell:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise CellError(value, "DateTime")
    text = value.strip()
    if not text:
        return None
    try:
        found = _US_DATE.fullmatch(text)
        if found:
            return _us_date(found)
        if len(text) < 8 or text.isdigit():  # fromisoformat takes 20100530; a column of such is numbers
            raise CellError(value, "DateTime")
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError) as error:
        raise CellError(value, "DateTime") from error


def _us_date(found: re.Match[str]) -> datetime:
    month, day, year, hour, minute, second, fraction, half = found.groups()
    clock = int(hour or 0)
    if half:
        if not 1 <= clock <= 12:
            raise ValueError(clock)
        clock = clock % 12 + (12 if half in "pP" else 0)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    return datetime(int(year), int(month), int(day), clock, int(minute or 0), int(second or 0), micro)


def _parse_span(value: Any) -> Cell:
    if isinstance(value, timedelta):
        return value
    text = value.strip() if isinstance(value, str) else None
    if text == "":
        return None
    found = _SPAN.fullmatch(text) if text is not None else None
    if not found:
        raise CellError(value, "TimeSpan")
    sign, day, hour, minute, second, fraction = found.groups()
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        span = timedelta(int(day or 0), int(second or 0), micro, 0, int(minute), int(hour))
    except OverflowError as error:
        raise CellError(value, "TimeSpan") from error
    return -span if sign else span


PARSERS: dict[str, Callable[[Any], Cell]] = {
    "String": _parse_text,
    "Double": _parse_double,
    "Int32": _parse_whole("Int32", 2**31),
    "Int64": _parse_whole("Int64", 2**63),
    "Boolean": _parse_boolean,
    "DateTime": _parse_date,
    "TimeSpan": _parse_span,
}
