"""The walk through the checks, in the order of ``checks`` in contracts/failures/_sections.yaml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amlclient._clock import Clock
from amlclient._retry import RetryPolicy
from amlclient._transport import Transport
from amlcontracts import load

from . import checks_access, checks_model, checks_serving, checks_update
from .result import CheckResult, Diagnosis, unknown
from .setup import RetrainingSetup
from .sightings import seen
from .survey import Survey

__all__ = ["diagnose"]

Check = Callable[[Survey], CheckResult]
CHECKS: dict[str, Check] = {
    "patch-url": checks_update.patch_url,
    "service": checks_update.service,
    "default": checks_update.default,
    "scored": checks_update.scored,
    "region": checks_update.region,
    "token": checks_access.token,
    "key": checks_access.key,
    "job": checks_model.job,
    "model": checks_model.model,
    "sas": checks_model.sas,
    "resource": checks_model.resource,
    "serves": checks_serving.serves,
}
# What a check builds on: with one of these wrong it would only tell of the consequences.
BUILDS_ON: dict[str, tuple[str, ...]] = {
    "service": ("patch-url",),
    "default": ("patch-url", "service"),
    "scored": ("patch-url", "service"),
    "resource": ("patch-url", "service"),
    "serves": tuple(name for name in CHECKS if name != "serves"),
}


def diagnose(
    setup: RetrainingSetup,
    *,
    transport: Transport | None = None,
    clock: Clock | None = None,
    timeout: float = 30.0,
    on_check: Callable[[CheckResult], None] | None = None,
) -> Diagnosis:
    """Say what is wrong with a retraining, and how it is mended. Nothing is changed: only GET and RRS are sent.

    ``on_check`` is told each result as it comes; ``timeout`` bounds each call, in seconds. Raises WrongCall when it is
    not known which workspace is meant, TransportError when the service cannot be reached.
    """
    owned = transport if transport is not None else Transport()
    options: dict[str, Any] = {"transport": owned, "retry": RetryPolicy(attempts=1), "timeout": timeout, "clock": clock}
    survey = Survey(setup, options)
    assert survey.workspace_id
    results: list[CheckResult] = []
    try:
        for check in load("failures")["checks"]:
            results.append(_made(check["id"], survey, results))
            if on_check is not None:
                on_check(results[-1])
    finally:
        if transport is None:
            owned.close()
    return Diagnosis(tuple(results))


def _made(name: str, survey: Survey, before: list[CheckResult]) -> CheckResult:
    first = next((one for one in before if one.outcome == "wrong" and one.check in BUILDS_ON.get(name, ())), None)
    if first is not None:
        return unknown(name, seen("mend-first", causes=first.failures or first.seen[0]))
    return CHECKS[name](survey)
