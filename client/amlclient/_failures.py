"""The documented failures, as far as a client needs them: recognising one from what came back, and explaining it.

The catalogue is ``contracts/failures/*.yaml``; each entry's ``signs`` say how it shows. Several failures can look the
same from outside (four mistakes with keys are one 401), so recognising returns all that fit, in the document's order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from amlcontracts import load

__all__ = ["KnownFailure", "Sighting", "known_failure", "recognise"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """One documented way to go wrong, as the catalogue explains it."""

    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its name in the catalogue, in the documents and in every command."""
        return str(self.data["id"])

    def text(self, name: str, language: str = "en") -> str:
        """Return title, story, why, mend or mended in a language, ``en`` or ``ko``."""
        return str(self.data["text"][language][name])

    def link(self, url: str = "", language: str = "en") -> str:
        """Return where it is explained: on the emulator that ``url`` belongs to, or else in the documents."""
        parts = urlsplit(url)
        if parts.hostname in _LOOPBACK:
            tongue = "" if language == "en" else f"?lang={language}"
            return f"{parts.scheme}://{parts.netloc}/_emulator/failures/{self.id}{tongue}"
        document = "troubleshooting.md" if language == "en" else f"troubleshooting.{language}.md"
        return f"docs/{document}#{self.id}"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of a call or a job: the members are those of a sign (contracts/schemas/failure.schema.json).

    ``call`` is method and path, ``detail`` the codes of the error's details, ``message`` its own text and theirs.
    """

    call: str = ""
    status: int | None = None
    code: str = ""
    detail: tuple[str, ...] = ()
    message: tuple[str, ...] = ()
    state: str = ""
    details: str = ""

    def shows(self, sign: Mapping[str, Any]) -> bool:
        """Whether every member of the sign fits."""
        return all(_FITS[member](self, wanted) for member, wanted in sign.items())


_FITS: Mapping[str, Any] = {
    "call": lambda seen, wanted: re.fullmatch(wanted, seen.call),
    "status": lambda seen, wanted: seen.status == wanted,
    "code": lambda seen, wanted: re.fullmatch(wanted, seen.code),
    "detail": lambda seen, wanted: any(re.fullmatch(wanted, code) for code in seen.detail),
    "message": lambda seen, wanted: any(re.search(wanted, text, re.DOTALL) for text in seen.message),
    "state": lambda seen, wanted: seen.state == wanted,
    "details": lambda seen, wanted: re.search(wanted, seen.details, re.DOTALL),
}


@cache
def _catalogue() -> Mapping[str, KnownFailure]:
    return {data["id"]: KnownFailure(data) for data in load("failures")["failures"]}


def known_failure(failure_id: str) -> KnownFailure:
    """Return the failure of that id. KeyError when the catalogue has none."""
    return _catalogue()[failure_id]


def recognise(seen: Sighting) -> tuple[str, ...]:
    """Return the ids of the failures that show so, in the document's order; of those, the ones that say most.

    "A job failed" is a sign of one failure, "a job failed with these details" of others: the second says more.
    """
    fits = {
        failure.id: max((len(sign) for sign in failure.data.get("signs", ()) if seen.shows(sign)), default=0)
        for failure in _catalogue().values()
    }
    most = max(fits.values())
    return tuple(failure_id for failure_id, says in fits.items() if says == most and says)
