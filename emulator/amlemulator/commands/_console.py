"""What commands show: progress on standard error, results on standard output."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TextIO

_WIDTH = 28
_PLAIN_SECONDS = 5.0  # between lines where there is no terminal to draw a bar on


def unusable(command: str, name: str, error: OSError) -> int:
    """Say on standard error why a file named in a call cannot be used, and what mends it. Returns status 2."""
    if isinstance(error, FileNotFoundError):
        mend = "Look at how it is spelt, and at the folder that it is looked for in."
    elif isinstance(error, PermissionError):
        mend = "Let this user use it, or name another."
    else:
        mend = "Name another."
    print(f"amlclassic {command}: {error.filename or name}: {error.strerror or error}. {mend}", file=sys.stderr)
    return 2


class Progress:
    """One bar at a time on a terminal; on anything else a plain line now and then. ``stream`` is standard error."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._drawn = False
        self._told = ""
        self._when = 0.0

    def line(self, text: str) -> None:
        """Write a line of its own."""
        self.clear()
        print(text, file=self._stream, flush=True)

    def share(self, label: str, done: int, total: int, unit: str = "") -> None:
        """Show how much of a known whole is done."""
        part = min(1.0, done / total) if total else 1.0
        filled = round(part * _WIDTH)
        count = f"{done:,} of {total:,}{unit}"
        self._show(
            label, f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {part:4.0%} {count}", f"{part:.0%} {count}", part >= 1
        )

    def moving(self, label: str, state: str, seconds: float) -> None:
        """Show that something of unknown length goes on: the service tells no more of a job than its state."""
        place = int(seconds * 4) % (_WIDTH - 4)
        bar = "." * place + "####" + "." * (_WIDTH - 4 - place)
        self._show(label, f"[{bar}] {state}, {seconds:.0f} s", f"{state}, {seconds:.0f} s", False)

    def clear(self) -> None:
        """Take the bar off the terminal."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False

    def _show(self, label: str, bar: str, plain: str, last: bool) -> None:
        if self._stream.isatty():
            width = shutil.get_terminal_size().columns - 1  # a bar that wraps cannot be redrawn
            self._stream.write(f"\r{f'   {label} {bar}'[:width]}\x1b[K")
            self._stream.flush()
            self._drawn = True
            return
        now = time.monotonic()
        if self._told != label or last or now - self._when >= _PLAIN_SECONDS:
            self._told, self._when = label, now
            print(f"   {label}: {plain}", file=self._stream, flush=True)


def table(rows: Sequence[Sequence[str]], *, indent: str = "") -> str:
    """Lay out rows under their first, the heading; the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append(indent + "  ".join(cells).rstrip())
    return "\n".join(lines)


def figures(row: Mapping[str, str]) -> str:
    """Put an evaluation on one line: ``AUC 0.9270, Accuracy 0.8741``."""
    return ", ".join(f"{name} {_rounded(value)}" for name, value in row.items())


def _rounded(value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return value
    return value if number.is_integer() else f"{number:.4f}"
