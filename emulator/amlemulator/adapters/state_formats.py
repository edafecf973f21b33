"""State files of older programs: each is brought up to the format of this one, whole or not at all, or is refused.

The file as it was stays beside it, so the older program can go on with that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

Step = Callable[[sqlite3.Connection], None]

FORMAT = 1
"""Raised whenever the meaning of a stored record changes. A member with a default that is added changes none."""

STEPS: Mapping[int, Step] = {}
"""From each older format to the next. A step changes rows and tables, and neither commits nor rolls back."""


class StateFileError(Exception):
    """The state file cannot be used; the message says why and what to do."""


def bring_up(
    connection: sqlite3.Connection, path: str | Path, steps: Mapping[int, Step] = STEPS, to: int = FORMAT
) -> None:
    """Bring an open state file up to date. A new, empty one is left to whoever fills it.

    Raises StateFileError for a newer file, for one that is too old, and for one that is none: it is left as it is.
    """
    found = connection.execute("pragma user_version").fetchone()[0]
    tables = connection.execute("select count(*) from sqlite_master").fetchone()[0]
    if found == to or (found == 0 and not tables):
        return
    if found == 0 or found > to or any(number not in steps for number in range(found, to)):
        raise StateFileError(f"The state file {path} {_why_not(found, to)}. It was left as it is.{_MEND}")
    kept = Path(f"{path}.format-{found}")
    _copy(connection, kept)
    connection.execute("begin immediate")
    try:
        for number in range(found, to):
            steps[number](connection)
        connection.execute(f"pragma user_version = {to}")
        connection.execute("commit")
    except BaseException as error:
        connection.execute("rollback")
        kept.unlink(missing_ok=True)
        if isinstance(error, Exception):
            raise StateFileError(
                f"The state file {path} cannot be brought from format {found} to {to} ({error}). It was left as it is."
                f"{_MEND}"
            ) from error
        raise


_MEND = " Name another with --state."


def _why_not(found: int, to: int) -> str:
    if found == 0:
        return "is no amlclassic state file"
    if found > to:
        return f"was written by a newer amlclassic (format {found}; this one knows {to})"
    return f"was written by an amlclassic that is too old (format {found}; this one knows {to})"


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    """Keep the file as it is, whole, whatever is in its log yet."""
    draft = target.with_name(f"{target.name}.part")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(draft)) as copy:
        connection.backup(copy)
    draft.replace(target)
