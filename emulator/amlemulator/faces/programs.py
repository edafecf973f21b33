"""The sample programs of the help pages: one template per operation and language, filled for one endpoint.

A template is the program itself with holes; a hole takes a value through the filter of its language (``python``,
``csharp``, ``r``), which writes a literal, so nothing that a user named can break out of its quotes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from amlemulator.core.literals import CSHARP, PYTHON, R

TEMPLATES = Path(__file__).parent / "templates" / "help"
LANGUAGES = {"C#": "cs", "Python": "py", "R": "r"}  # in the order of the real page (documents.md 11.1)

OperationName = Literal["score", "jobs", "update"]


@dataclass(frozen=True, slots=True)
class Program:
    """A complete program, ready to run once its placeholders are filled in."""

    language: str
    extension: str
    text: str


@cache
def environment() -> Environment:
    """Return the templates of the programs; each hole has the filter of its language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape([]),  # programs, not pages
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters.update(python=PYTHON.write, csharp=CSHARP.write, r=R.write)
    return made


def programs(operation: OperationName, values: Mapping[str, Any]) -> list[Program]:
    """Return the programs that call ``operation``; ``values`` fill the holes."""
    return [
        Program(
            language, extension, environment().get_template(f"programs/{operation}.{extension}.jinja").render(values)
        )
        for language, extension in LANGUAGES.items()
    ]
