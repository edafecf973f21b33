"""What a diagnosis says: one result per check, in the document's order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from amlclient._failures import KnownFailure, known_failure
from amlclient._redaction import redact
from amlcontracts import load

__all__ = ["CheckResult", "Diagnosis"]

Outcome = Literal["ok", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check. ``evidence`` is what was seen, in sentences without secrets.

    ``outcome`` is ``unknown`` where it could not be found out, and the evidence says why. When it is ``wrong``,
    ``failures`` holds the id of the cause: several where causes cannot be told apart from outside (then ``parted_by``
    is the test that would part them), none where the catalogue does not know it.
    """

    check: str
    outcome: Outcome
    evidence: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()

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
        return {**told, "evidence": list(self.evidence), "causes": causes, "parted_by": self.parted_by(language)}


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


def ok(check: str, *evidence: str) -> CheckResult:
    """Return that all is well."""
    return CheckResult(check, "ok", tuple(map(redact, evidence)))


def unknown(check: str, *evidence: str) -> CheckResult:
    """Return that it could not be found out, and why."""
    return CheckResult(check, "unknown", tuple(map(redact, evidence)))


def wrong(check: str, failures: str | tuple[str, ...], *evidence: str) -> CheckResult:
    """Return what is wrong, and what shows it."""
    ids = (failures,) if isinstance(failures, str) else failures
    return CheckResult(check, "wrong", tuple(map(redact, evidence)), ids)
