"""Errors as data: each refusal is one entry of ``contracts/errors.yaml``, carried by one exception class.

An entry is named by its group and code as in Microsoft's list (``BadArgument/InvalidBlobExtension``, or the group
alone where it has no codes), or by the host whose envelope it wears (``management/GetWorkspaceFailed``,
``blob/BlobNotFound``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from amlcontracts import load

PLACE = re.compile(r"\{(\d+)\}")
Envelope = Literal["details", "flat", "studio", "plain", "blob", "control"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue. ``message`` may hold places ``{0}``, ``{1}``; group fields are None when flat."""

    name: str
    status: int
    code: str
    message: str
    envelope: Envelope
    group: str | None = None
    group_message: str | None = None


@cache
def catalogue() -> dict[str, Entry]:
    """Return every entry by its name."""
    entries: dict[str, Entry] = {}
    document = load("errors")
    for group, facts in document["groups"].items():
        common = {"status": facts["status"], "envelope": "details", "group": group, "group_message": facts["message"]}
        entries[group] = Entry(name=group, code="", message="", **common)
        for code, message in (facts.get("codes") or {}).items():
            entries[f"{group}/{code}"] = Entry(name=f"{group}/{code}", code=code, message=message, **common)
    for code, facts in document["scoring"].items():
        name, status = f"scoring/{code}", facts["status"]
        entries[name] = Entry(name, status, "", "", "details", group=code, group_message=facts["message"])
    for host in ("management", "studio", "blob", "control"):
        envelope: Envelope = "flat" if host == "management" else host  # type: ignore[assignment] # names of envelopes
        for code, facts in document[host].items():
            name = f"{host}/{code}"
            status, message = facts["status"], facts["message"]
            worn = facts.get("envelope", envelope)
            entries[name] = Entry(
                name=name, code=facts.get("code", code), status=status, message=message, envelope=worn
            )
    return entries


class ServiceError(Exception):
    """A refusal, ready to render. ``evidence`` names an entry of contracts/evidence.yaml when the wording is ours."""

    def __init__(
        self, entry: Entry, arguments: tuple[str, ...], *, target: str | None, message: str | None, evidence: str | None
    ) -> None:
        self.entry = entry
        self.target = target
        self.evidence = evidence
        self.message = fill(message if message is not None else entry.message, arguments)
        self.group_message = fill(entry.group_message or "", arguments)
        self.code = entry.code
        super().__init__(f"{entry.name}: {self.message or entry.group_message}")


def fill(template: str, arguments: tuple[str, ...]) -> str:
    """Put the arguments into the places ``{0}``, ``{1}``, ...; other braces stay as they are."""
    # In one pass, so that a "{1}" inside the first argument is left alone.
    return PLACE.sub(lambda place: arguments[int(place[1])] if int(place[1]) < len(arguments) else place[0], template)


def failure(
    name: str, *arguments: str, target: str | None = None, message: str | None = None, evidence: str | None = None
) -> ServiceError:
    """Make the error called ``name``, its places filled with ``arguments``.

    ``message`` replaces the catalogue's text where the service's own is not known; ``evidence`` then says so.
    Raises KeyError for a name that the catalogue does not have.
    """
    return ServiceError(catalogue()[name], arguments, target=target, message=message, evidence=evidence)
