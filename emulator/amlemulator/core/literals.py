"""Literals of Python, C# and R, for programs that are generated for one service.

Values are texts, lists and string-keyed mappings of them. Every text is escaped for its language, so that a port called
``"; os.exit()`` stays a port's name, and what is not ASCII is escaped where the language's compiler may read the file
in another encoding.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

INDENT = "    "
WIDTH = 110


@dataclass(frozen=True, slots=True)
class Language:
    """How a language writes a text, a list and a mapping. ``begin_list`` may look at the list: C# has typed arrays."""

    text: Callable[[str], str]
    begin_list: Callable[[list[Any]], str]
    end_list: str
    begin_mapping: str
    pair: str
    end_mapping: str
    empty_mapping: str
    trailing_comma: str  # after the last item of a block that is broken into lines

    def write(self, value: Any, depth: int = 0) -> str:
        """Return the literal of ``value``; its lines after the first are indented for ``depth`` levels."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self.mapping(value, depth) if value else self.empty_mapping
        items = [self.write(item, depth + 1) for item in value]
        return self._block(self.begin_list(value), items, self.end_list, depth)

    def mapping(self, value: dict[str, Any], depth: int) -> str:
        """Return the literal of a mapping that is not empty."""
        pairs = [self.pair.format(self.text(key), self.write(item, depth + 1)) for key, item in value.items()]
        return self._block(self.begin_mapping, pairs, self.end_mapping, depth, each_on_its_line=len(pairs) > 1)

    def _block(self, begin: str, items: list[str], end: str, depth: int, *, each_on_its_line: bool = False) -> str:
        flat = begin + ", ".join(items) + end
        nested = any("\n" in item for item in items) or any(item.endswith(self.end_list) for item in items)
        if not items or (not each_on_its_line and not nested and len(flat) + depth * len(INDENT) <= WIDTH):
            return flat
        lines = items if nested or each_on_its_line else _filled(items, WIDTH - (depth + 1) * len(INDENT))
        separator = ",\n" + INDENT * (depth + 1)
        inside = INDENT * (depth + 1) + separator.join(lines) + self.trailing_comma
        return f"{begin.rstrip()}\n{inside}\n{INDENT * depth}{end.lstrip()}"


def _filled(items: list[str], width: int) -> list[str]:
    """Join short items into lines of at most ``width`` characters."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 3 <= width:
            lines[-1] += ", " + item
        else:
            lines.append(item)
    return lines


def python_text(text: str) -> str:
    """Return a Python string literal. A double-quoted JSON string is one as long as nothing is a surrogate pair."""
    return json.dumps(text, ensure_ascii=False)


def csharp_text(text: str) -> str:
    r"""Return a C# string literal: JSON's escapes are all C#'s, ``\uXXXX`` pairs included."""
    return json.dumps(text)


def r_text(text: str) -> str:
    r"""Return an R string literal. R has no surrogate pairs, but ``\UXXXXXXXX``; it cannot hold a NUL."""
    escaped = "".join(_r_character(character) for character in text)
    return f'"{escaped}"'


def _r_character(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    if character.isascii() and character.isprintable():
        return character
    if character == "\0":
        return ""
    return f"\\U{ord(character):08x}"


def _csharp_array(items: list[Any]) -> str:
    return "new string[][] { " if items and isinstance(items[0], list) else "new string[] { "


class RLanguage(Language):
    """R, whose argument names go through the locale's encoding: names that are not ASCII must be set as texts."""

    def mapping(self, value: dict[str, Any], depth: int) -> str:
        """Return ``list("a" = ...)``, or ``setNames(list(...), list(...))`` where a name is no plain ASCII."""
        if all(key and key.isascii() for key in value):
            return Language.mapping(self, value, depth)
        inner = (self.write(list(value.values()), depth + 1), self.write(list(value), depth + 1))
        return self._block("setNames(", [*inner], ")", depth)


PYTHON = Language(
    text=python_text,
    begin_list=lambda items: "[",
    end_list="]",
    begin_mapping="{",
    pair="{}: {}",
    end_mapping="}",
    empty_mapping="{}",
    trailing_comma=",",
)
CSHARP = Language(
    text=csharp_text,
    begin_list=_csharp_array,
    end_list=" }",
    begin_mapping="new Dictionary<string, string> { ",
    pair="{{ {}, {} }}",
    end_mapping=" }",
    empty_mapping="new Dictionary<string, string>()",
    trailing_comma="",
)
R = RLanguage(
    text=r_text,
    begin_list=lambda items: "list(",
    end_list=")",
    begin_mapping="list(",
    pair="{} = {}",
    end_mapping=")",
    empty_mapping="setNames(list(), character(0))",  # an empty list() would become [] in JSON
    trailing_comma="",  # R takes none
)
