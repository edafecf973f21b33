"""What a diagnosis says: one result per check, in the document's order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from amlclient._failures import KnownFailure, known_failure
from amlcontracts import load

from .sightings import Seen

__all__ = ["CheckResult", "Diagnosis"]

Outcome = Literal["ok", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check. ``seen`` is what was seen; ``evidence`` the same in English sentences, without secrets.

    ``outcome`` is ``unknown`` where it could not be found out, and what was seen says why. When it is ``wrong``,
    ``failures`` holds the id of the cause: several where causes cannot be told apart from outside (then ``parted_by``
    is the test that would part them), none where the catalogue does not know it.
    """

    check: str
    outcome: Outcome
    seen: tuple[Seen, ...] = ()
    failures: tuple[str, ...] = ()

    @property
    def evidence(self) -> tuple[str, ...]:
        """What was seen, in English sentences."""
        return self.told()

    def told(self, language: str = "en") -> tuple[str, ...]:
        """Return what was seen, in sentences of a language, ``en`` or ``ko``."""
        return tuple(one.text(language) for one in self.seen)

    @property
    def causes(self) -> tuple[KnownFailure, ...]:
        """The causes, explained."""
        return tuple(known_failure(one) for one in self.failures)

    def question(self, language: str = "en") -> str:
        """Return what the check asks."""
        return next(str(check[language]) for check in load("failures")["checks"] if check["id"] == self.check)

    def parted_by(self, language: str = "en") -> str | None:
        """Return the test that would tell apart the causes that are named together; None for a single one."""
        if len(self.failures) < 2:
            return None
        groups = (one for one in load("failures")["alike"] if set(self.failures) <= set(one["failures"]))
        smallest = min(groups, key=lambda one: len(one["failures"]), default=None)
        return str(smallest["test"][language]) if smallest is not None else None

    def to_json(self, language: str = "en") -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        causes = [
            {"id": one.id, "link": one.link(language=language)}
            | {name: one.text(name, language) for name in ("title", "why", "mend", "mended")}
            for one in self.causes
        ]
        told = {"check": self.check, "question": self.question(language), "outcome": self.outcome}
        seen = {"evidence": list(self.told(language)), "seen": [one.to_json() for one in self.seen]}
        return {**told, **seen, "causes": causes, "parted_by": self.parted_by(language)}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Every check that was made. ``healthy`` when none found anything wrong."""

    checks: tuple[CheckResult, ...] = field(default=())

    @property
    def findings(self) -> tuple[CheckResult, ...]:
        """What is wrong, in the document's order: mend the first, then look again."""
        return tuple(one for one in self.checks if one.outcome == "wrong")

    @property
    def healthy(self) -> bool:
        """Whether nothing wrong was found."""
        return not self.findings

    def to_json(self, language: str = "en") -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        ids = [list(finding.failures) for finding in self.findings]
        return {"ok": self.healthy, "found": ids, "checks": [check.to_json(language) for check in self.checks]}


def ok(check: str, *sightings: Seen) -> CheckResult:
    """Return that all is well."""
    return CheckResult(check, "ok", sightings)


def unknown(check: str, *sightings: Seen) -> CheckResult:
    """Return that it could not be found out, and why."""
    return CheckResult(check, "unknown", sightings)


def wrong(check: str, failures: str | tuple[str, ...], *sightings: Seen) -> CheckResult:
    """Return what is wrong, and what shows it."""
    return CheckResult(check, "wrong", sightings, (failures,) if isinstance(failures, str) else failures)
