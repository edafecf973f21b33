"""The catalogue as it is read: ``contracts/failures/*.yaml``, compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from amlcontracts import load

LANGUAGES = ("en", "ko")
PHASES = ("setup", "calls", "mend", "mended")


@dataclass(frozen=True, slots=True)
class Failure:
    """One documented way to go wrong. ``data`` is the file as it stands (contracts/schemas/failure.schema.json)."""

    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The name of the file, and of the failure everywhere."""
        return str(self.data["id"])

    @property
    def section(self) -> str:
        """Where in the user's document it belongs."""
        return str(self.data["section"])

    @property
    def settings(self) -> dict[str, Any]:
        """What the emulator has to be started with to show it."""
        return dict(self.data.get("settings", {}))

    def text(self, name: str, language: str = "en") -> str:
        """Return title, story, why, mend or mended in a language, ``en`` or ``ko``."""
        return str(self.data["text"][language][name])

    def steps(self, phase: str) -> list[Mapping[str, Any]]:
        """Return the steps of setup, calls, mend or mended, as they stand."""
        return list(self.data.get(phase, ()))


def failures() -> tuple[Failure, ...]:
    """Return every failure, in the order of the user's document."""
    return tuple(Failure(data) for data in load("failures")["failures"])


def find(failure_id: str) -> Failure | None:
    """Return the failure of that id, or None."""
    return next((failure for failure in failures() if failure.id == failure_id), None)


def sections() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the document's sections in its order: id, and the title per language."""
    yield from load("failures")["sections"].items()
