"""Running a page of the docs: its files are written, its commands are run, and what they say is held against it.

A ``python`` block whose first line is ``# NAME.py`` is a file. A ``console`` block holds commands, each after ``$``,
with what they print below; ``...`` stands for anything, and ``(exit status N)`` for a status other than 0. Everything
happens in the order of the page, in one folder.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
STATUS = re.compile(r"\(exit status (\d+)\)")
SECONDS = 300


@dataclass(frozen=True)
class Command:
    """A command, the lines that are to be in what it prints, and its exit status."""

    words: str
    lines: tuple[str, ...]
    status: int


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Return language and text of each block."""
    yield from ((found[1], found[2]) for found in BLOCK.finditer(page))


def commands(block: str) -> Iterator[Command]:
    """Return the commands of a console block."""
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        words, _, rest = part.partition("\n")
        found = STATUS.search(rest)
        lines = tuple(line for line in rest.splitlines() if line.strip() and not STATUS.fullmatch(line))
        yield Command(words, lines, int(found[1]) if found else 0)


def play(page: str, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Play a page in a folder; returns what did not come as it says."""
    faults: list[str] = []
    for language, text in blocks(page):
        name = re.match(r"# ([\w.]+\.py)\n", text)
        if language == "python" and name:
            (folder / name[1]).write_text(text, "utf-8")
        elif language == "console":
            for command in commands(text):
                faults += _run(command, folder, environment)
    return faults


def _run(command: Command, folder: Path, environment: Mapping[str, str]) -> list[str]:
    done = subprocess.run(
        ["bash", "-c", command.words],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    said = done.stdout + done.stderr
    faults = [] if done.returncode == command.status else [f"$ {command.words}: status {done.returncode}\n{said}"]
    missing = [line for line in command.lines if not any(_fits(shown, line) for shown in said.splitlines())]
    return faults + [f"$ {command.words}: no line '{line}' in\n{said}" for line in missing]


def _fits(shown: str, line: str) -> bool:
    return fnmatchcase(shown, re.sub(r"([\[?*])", r"[\1]", line).replace("...", "*"))
