"""Placeholders and answer patterns of the catalogue: filling the one, holding an answer against the other."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

PLACE = re.compile(r"\{([a-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*)\}")
ABSENT = object()


class CatalogueFault(Exception):  # noqa: N818 - of the catalogue's text, not of a call
    """A failure file names what its setup does not make, or a step that does not exist."""


def fill(value: Any, names: Mapping[str, Any]) -> Any:
    """Return ``value`` with its placeholders filled. A string that is one placeholder becomes the thing itself.

    Raises CatalogueFault for a name that nothing made.
    """
    if isinstance(value, str):
        whole = PLACE.fullmatch(value)
        if whole is not None:
            return look_up(whole[1], names)
        return PLACE.sub(lambda place: str(look_up(place[1], names)), value)
    if isinstance(value, Mapping):
        return {key: fill(item, names) for key, item in value.items()}
    return [fill(item, names) for item in value] if isinstance(value, list) else value


def look_up(path: str, names: Mapping[str, Any]) -> Any:
    """Return what a dotted name stands for: ``training.api``."""
    found: Any = names
    for part in path.split("."):
        found = found.get(part, ABSENT) if isinstance(found, Mapping) else ABSENT
        if found is ABSENT:
            raise CatalogueFault(f"nothing made {{{path}}}")
    return found


def readable(pattern: Any) -> Any:
    """Return a pattern as people read it: in place of each regular expression the text that it looks for."""
    if isinstance(pattern, Mapping):
        return {key: readable(item) for key, item in pattern.items()}
    if isinstance(pattern, list):
        return [readable(item) for item in pattern]
    return sought(pattern[1:]) if isinstance(pattern, str) and pattern.startswith("~") else pattern


def sought(expression: str) -> str:
    """Return the text that a regular expression of the catalogue looks for; dots stand for what may be around it."""
    begins, ends = expression.startswith("^"), expression.endswith("$")
    text = expression.removeprefix("^").removesuffix("$").replace(".*", "…")
    return ("" if begins else "…") + re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) + ("" if ends else "…")


def described(answer: Mapping[str, Any]) -> str:
    """Return the answer of a call as one line: its status, and what of its body the failure is about."""
    told = str(answer["status"])
    if "json" in answer:
        told += " " + json.dumps(readable(answer["json"]), ensure_ascii=False)
    told += "".join(f" {sought(expression)}" for expression in answer.get("text", ()))
    told += f" (as {answer['same']})" if "same" in answer else ""
    return told + (f" (other than {answer['differs']})" if "differs" in answer else "")


def differences(pattern: Any, value: Any, where: str = "$") -> list[str]:
    """Say where ``value`` does not fit ``pattern``; nothing when it does.

    An object fits when each named member does (others may stand beside it), a list when it has as many members and each
    fits, a string that begins with ``~`` when its regular expression is found; anything else must be equal.
    """
    if isinstance(pattern, Mapping):
        if not isinstance(value, Mapping):
            return [f"{where} is no object"]
        return [
            told
            for key, item in pattern.items()
            for told in differences(item, value.get(key, ABSENT), f"{where}.{key}")
        ]
    if isinstance(pattern, list):
        if not isinstance(value, list) or len(value) != len(pattern):
            return [f"{where} is no list of {len(pattern)}"]
        return [told for n, item in enumerate(pattern) for told in differences(item, value[n], f"{where}[{n}]")]
    if value is ABSENT:
        return [f"{where} is missing"]
    if isinstance(pattern, str) and pattern.startswith("~"):
        fits = isinstance(value, str) and re.search(pattern[1:], value, re.DOTALL) is not None
    else:
        fits = bool(pattern == value)
    return [] if fits else [f"{where} is {value!r}, not {pattern!r}"]
