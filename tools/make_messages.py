"""Bring the Korean messages of the pages up to what the pages say, and compile them: ``make messages``.

A text that is new stands in ``ko.po`` without translation until somebody writes it; a test refuses that.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

FACES = Path(__file__).resolve().parents[1] / "emulator" / "amlemulator" / "faces"
MESSAGES = FACES / "messages"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
THEN = datetime(2024, 8, 31, tzinfo=UTC)  # the same file from the same texts, whenever it is made
LANGUAGES = ("ko",)


def said() -> Catalog:
    """Return every text of the pages, in the order of the files."""
    found = Catalog(project="amlclassic", fuzzy=False, creation_date=THEN)
    for _file, _line, message, comments, context in extract_from_dir(FACES, METHODS, OPTIONS):
        found.add(message, auto_comments=comments, context=context)
    return found


def updated(language: str) -> Catalog:
    """Return the messages of a language: what the pages say now, with the translations that there are."""
    path = MESSAGES / f"{language}.po"
    with path.open("rb") as file:
        known = read_po(file, locale=language)
    fresh = Catalog(
        locale=language,
        project="amlclassic",
        header_comment="# The pages' texts. Brought up to date and compiled by `make messages`.",
        fuzzy=False,
        creation_date=THEN,
        revision_date=THEN,
    )
    for message in said():
        if message.id:
            there = known.get(message.id, message.context)
            fresh.add(message.id, there.string if there else None, context=message.context)
    return fresh


def missing(catalogue: Catalog) -> list[str]:
    """Return the texts without translation."""
    return [str(message.id) for message in catalogue if message.id and not all(_strings(message.string))]


def _strings(string: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return string if isinstance(string, tuple) else (string or "",)


def files(catalogue: Catalog) -> tuple[bytes, bytes]:
    """Return the two files of a language: as people write it, and compiled."""
    written, compiled = BytesIO(), BytesIO()
    write_po(written, catalogue, width=100, sort_output=True, omit_header=False)
    write_mo(compiled, catalogue)
    return written.getvalue(), compiled.getvalue()


def main() -> int:
    """Write the files; tell what is missing. Returns the exit status."""
    status = 0
    for language in LANGUAGES:
        catalogue = updated(language)
        written, compiled = files(catalogue)
        (MESSAGES / f"{language}.po").write_bytes(written)
        (MESSAGES / f"{language}.mo").write_bytes(compiled)
        for text in missing(catalogue):
            print(f"{language}: not translated: {text!r}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
