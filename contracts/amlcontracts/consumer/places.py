"""What differs from run to run, taken out of texts and put in again: addresses, ids, keys, tokens.

A text in a contract has places. ``{workspace}`` or ``{key:Census Model/default}`` are known beforehand, ``{job}`` is
kept from an earlier answer, ``{guid}`` is an id that the program made itself, ``{sas}`` a token that it signed,
``{secret}`` a key of somewhere else. ``{open}`` is a brace of the text itself.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PLACE = re.compile(r"{([^{}]*)}")
GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
HEX = r"(?<![0-9a-zA-Z])[0-9a-fA-F]{32}(?![0-9a-zA-Z])"
SAS = r"(?:\bs[a-z]{1,3}=[^\s\"';]*?)?\bsig=[^\s\"';]*"
OTHERS_KEY = r"(?<=AccountKey=)[^;\"\s{]+"  # one with a place in it is ours
OWN = {"guid": GUID, "hex": HEX, "sas": SAS, "secret": OTHERS_KEY}
RESERVED = ("open", *OWN)
# A text with one of these differs from run to run, or had better not be in a file.
VOLATILE = re.compile(f"{GUID}|{HEX}|{SAS}|[A-Za-z0-9+/]{{80,}}={{0,2}}")
Pointer = tuple[str | int, ...]
Parent = tuple[int, Pointer]  # the number of a call, and an object in its answer
Change = Callable[[str], str]


def named(text: str) -> str:
    """Return a text as it stands in the name of a place."""
    return re.sub(r"[{}]", "", text)


def changed(value: Any, change: Change) -> Any:
    """Return a copy of a JSON value with every text in it changed, names of members too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [changed(one, change) for one in value]
    if isinstance(value, dict):
        return {change(name): changed(one, change) for name, one in value.items()}
    return value


def leaves(value: Any, at: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield every text of a JSON value with the way to it."""
    if isinstance(value, str):
        yield at, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in members:
        yield from leaves(one, (*at, step))


def at(value: Any, pointer: Pointer) -> Any:
    """Return what stands at a place of a value. Raises KeyError when nothing does."""
    for step in pointer:
        try:
            value = value[step]
        except (IndexError, KeyError, TypeError):
            raise KeyError(pointer) from None
    return value


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text was seen: at a place of the answer to a call, by its number."""

    call: int
    pointer: Pointer
    noun: str = "text"

    @property
    def parent(self) -> Parent:
        """What it is a part of: what belongs together is taken from there together."""
        return self.call, self.pointer[:-1]


class Writer:
    """Puts places into the texts of one run. ``known`` has what is known beforehand: the text, and its place's name."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = {text: name for text, name in known.items() if text}
        self._seen: dict[str, list[Origin]] = {}
        self._named: dict[Origin | str, str] = {}
        self.kept: dict[int, dict[str, Pointer]] = {}  # by call, what of its answer later calls need, by name
        self._pattern = self._compiled()

    def _compiled(self) -> re.Pattern[str]:
        literals = sorted({*self._known, *self._seen}, key=len, reverse=True)  # the longest says most
        named = [f"(?P<{name}>{pattern})" for name, pattern in OWN.items()]
        return re.compile("|".join([*map(re.escape, literals), *named, "(?P<open>{)"]))

    def learn(self, call: int, noun: str, answer: Any) -> None:
        """Take note of the texts of an answer that later requests may hold. ``noun`` is what a bare text is."""
        for pointer, text in leaves(answer):
            if text not in self._known and (VOLATILE.search(text) or any(one in text for one in self._known)):
                origins = self._seen.setdefault(text, [])
                origins += {Origin(call, pointer, noun)} - set(origins)
        self._pattern = self._compiled()

    def leaks(self, value: Any) -> list[str]:
        """Return the places of known texts that a value holds all the same."""
        texts = [text for _, text in leaves(value)]
        return [name for known, name in self._known.items() if any(known in text for text in texts)]

    def raw(self, text: str) -> str:
        """Return a text of this run as it was before places came into it."""
        own = {name: text for text, name in self._named.items() if isinstance(text, str)}
        known = {"open": "{", **own, **{name: text for text, name in self._known.items()}}
        return PLACE.sub(lambda place: known.get(place[1], place[0]), text)

    def write(self, value: Any) -> Any:
        """Return a copy of a JSON value with places in its texts.

        Texts that answers held more than once are taken from where most of their object comes from: a result's token
        from where its location is.
        """
        return self._written(value, None)

    def _written(self, value: Any, near: Parent | None) -> Any:
        if isinstance(value, str):
            source = self._source(value) if near is None else near
            return self._pattern.sub(lambda found: self._placed(found, source), value)
        if isinstance(value, list):
            return [self._written(one, near) for one in value]
        if isinstance(value, dict):
            near = self._source(*(one for one in value.values() if isinstance(one, str)))
            return {self._written(name, near): self._written(one, near) for name, one in value.items()}
        return value

    def _source(self, *texts: str) -> Parent | None:
        """Return the object that most parts of these texts come from, the earliest of several."""
        parts = [match[0] for text in texts for match in self._pattern.finditer(text)]
        counts = Counter(origin.parent for part in parts for origin in self._seen.get(part, ()))
        return max(counts, key=lambda parent: counts[parent], default=None)

    def _placed(self, found: re.Match[str], near: Parent | None) -> str:
        text, kind = found[0], found.lastgroup
        if kind is None and text in self._known:
            return f"{{{self._known[text]}}}"
        if kind in ("open", "sas", "secret"):
            return f"{{{kind}}}"
        origins = self._seen.get(text, ())
        origin = next((one for one in origins if one.parent == near), origins[0] if origins else None)
        name = self._named.get(origin or text)
        if name is None:
            if origin is None:  # an id of the program's own
                name = self._unused(kind or "text", ())
            else:
                name = self._unused(_noun(origin), RESERVED)
                self.kept.setdefault(origin.call, {})[name] = origin.pointer
            self._named[origin or text] = name
        return f"{{{name}}}"

    def _unused(self, name: str, reserved: Collection[str]) -> str:
        plain = named(name)
        taken = {*self._named.values(), *self._known.values(), *reserved}
        candidates = (plain if number == 1 else f"{plain} {number}" for number in range(1, len(taken) + 2))
        return next(one for one in candidates if one not in taken)


def _noun(origin: Origin) -> str:
    steps = [step for step in origin.pointer if isinstance(step, str)]
    return ".".join(steps[-2:]) or origin.noun


class UnknownPlace(Exception):  # noqa: N818 - named for what it says
    """Nothing gives a place of a text; the message is its name."""


class Filler:
    """Fills places in. ``known`` gives texts by name; what the program made itself is made anew, once for each name."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.values: dict[str, str] = {"open": "{", "secret": uuid.uuid4().hex, **known}

    def fill(self, text: str) -> str:
        """Return a text with its places filled. Raises UnknownPlace."""
        return PLACE.sub(lambda place: self._value(place[1]), text)

    def _value(self, name: str) -> str:
        if name not in self.values:
            kind, _, number = name.partition(" ")
            if kind not in ("guid", "hex") or (number and not number.isdecimal()):
                raise UnknownPlace(name)
            made = uuid.uuid4()
            self.values[name] = str(made) if kind == "guid" else made.hex
        return self.values[name]
