"""What a check is, and the list of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from amlcontracts.harness.ground import Ground

Kind = Literal["law", "state machine", "transcript", "concurrency"]
# In the order in which they are made: first what costs nothing, then what needs a job, then what needs a trained model.
MODULES: tuple[str, ...] = ("transcripts", "access", "regions", "rrs", "rrs_refusals", "endpoints", "endpoint_settings")
MODULES += ("bes_refusals", "bes", "bes_states", "results", "patch_refusals", "patch", "edges", "together", "machine")
Run = Callable[["Ground"], None]


@dataclass(frozen=True)
class Check:
    """One promise and how it is checked. ``evidence`` names entries of contracts/evidence.yaml."""

    id: str
    sentence: str
    kind: Kind
    evidence: tuple[str, ...]
    run: Run


_CHECKS: dict[str, Check] = {}


def check(name: str, *evidence: str, kind: Kind = "law") -> Callable[[Run], Run]:
    """Register a function as the check ``name``; the first line of its docstring is the promise."""

    def register(run: Run) -> Run:
        assert name not in _CHECKS, name
        assert run.__doc__, name
        _CHECKS[name] = Check(name, run.__doc__.strip().partition("\n")[0], kind, evidence, run)
        return run

    return register


def add(one: Check) -> None:
    """Register a check that was made from data."""
    assert one.id not in _CHECKS, one.id
    _CHECKS[one.id] = one


def checks() -> list[Check]:
    """Return every check, in the order in which they are made."""
    for name in MODULES:
        import_module(f"amlcontracts.harness.checks.{name}")
    return list(_CHECKS.values())


def chosen(only: list[str]) -> list[Check]:
    """Return the checks that begin with one of ``only``, without any all. ValueError names a word that fits none."""
    every = checks()
    for word in only:
        if not any(one.id.startswith(word) for one in every):
            raise ValueError(word)
    return [one for one in every if not only or any(one.id.startswith(word) for word in only)]
