"""What a check saw, as data: a message of ``contracts/diagnosis.yaml`` and what stands in its places.

So the same sighting reads in every language that the contract has, and a program need not read sentences at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from amlclient._exceptions import AmlError, ServiceError, UnexpectedAnswer
from amlclient._redaction import redact
from amlcontracts import load

__all__ = ["NoSample", "Seen", "quoted", "refused", "seen"]


class NoSample(UnexpectedAnswer):
    """A swagger document without a sample of which rows could be made."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One sentence. ``values`` are by place: a text, a number, another sighting, or several of these."""

    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, language: str = "en") -> str:
        """Return the sentence in a language, ``en`` or ``ko``, without secrets."""
        values = {name: _shown(value, language) for name, value in self.values.items()}
        return redact(str(load("diagnosis")[self.message][language]).format(**values))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON: ``message`` and ``values``, without secrets."""
        return {"message": self.message, "values": {name: _plain(value) for name, value in self.values.items()}}

    def __str__(self) -> str:
        """Return the sentence in English."""
        return self.text()


def seen(message: str, **values: Any) -> Seen:
    """Return a sighting."""
    return Seen(message, {name: tuple(one) if isinstance(one, list) else one for name, one in values.items()})


def quoted(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in quotes, to be listed."""
    return tuple(map(repr, names))


def refused(error: AmlError | None) -> Seen:
    """Return what a refusal says, in its own words, which are the service's; or why an answer cannot be read."""
    if isinstance(error, NoSample):
        return seen("no-sample")
    if isinstance(error, UnexpectedAnswer):
        return seen("unreadable", reason=error.reason)
    text = str(error)
    call = f"{error.method} {error.url}" if isinstance(error, ServiceError) and error.url else ""
    if not call:
        return seen("quoted", text=text)
    return seen("answered", call=call, answer=text.removeprefix(f"{call} answered "))


def _shown(value: Any, language: str) -> Any:
    if isinstance(value, tuple):
        return ", ".join(str(_shown(one, language)) for one in value) or Seen("none").text(language)
    return value.text(language) if isinstance(value, Seen) else value


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Seen):
        return value.to_json()
    return redact(value) if isinstance(value, str) else value
