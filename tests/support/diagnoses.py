"""The laws of diagnosing, as functions of a seed: each breaks a random retraining, and says what is misnamed."""

from __future__ import annotations

import json
import random
import re
from dataclasses import fields
from itertools import permutations
from urllib.parse import parse_qs, quote

from amlclient import Diagnosis, RetrainingSetup, Transport, diagnose
from amlcontracts import load
from amlemulator import Emulator
from support.causes import CAUSES, Cause
from support.retraining import Retraining

HANGUL = re.compile("[가-힣]")
ORDER = [check["id"] for check in load("failures")["checks"]]
# What keeps a PATCH from working: nothing can come of it that would be wrong in its turn.
BLOCKING = ("patch", "region", "token", "model", "resource", "job")
# Pairs of what is broken that cannot be broken together: the one takes away what the other breaks.
APART = [{"scoring", "key"}, {"scoring", "load"}]


def _named(diagnosis: Diagnosis, cause: Cause) -> bool:
    """Whether the first thing found is the cause, found by its own check; with those alike, how they are parted."""
    first = next(iter(diagnosis.findings), None)
    if first is None or first.check != cause.check or first.failures not in cause.named:
        return False
    return len(first.failures) == 1 or None not in (first.parted_by(), first.parted_by("ko"))


def _told(diagnosis: Diagnosis, wanted: object) -> list[str]:
    found = [(one.check, one.failures, one.evidence) for one in diagnosis.findings]
    return [f"wanted {wanted}, found {found}"]


def _secrets(setup: RetrainingSetup, diagnosis: Diagnosis) -> list[str]:
    """Return the secrets that stand in what a diagnosis shows: keys, tokens, signatures."""
    shown = json.dumps(diagnosis.to_json())
    keys = [key for key in (setup.token, setup.scoring_key, setup.training_key) if key and key in shown]
    sas = setup.model.sas_blob_token if setup.model is not None else None
    signature = parse_qs((sas or "").lstrip("?")).get("sig", ["-" * 40])[0]
    return keys + [text for text in (signature, quote(signature, safe="")) if len(text) > 8 and text in shown]


def _untranslated(diagnosis: Diagnosis) -> list[str]:
    """Return what a Korean reader is told without one Korean word; quotations of the service may be so."""
    sightings = [one for check in diagnosis.checks for one in check.seen if one.message not in ("quoted", "result")]
    return [told for told in (one.text("ko") for one in sightings) if HANGUL.search(told) is None]


def healthy(emulator: Emulator, transport: Transport, seed: int) -> list[str]:
    """Return what is wrong with the diagnosis of a healthy retraining."""
    retraining = Retraining(emulator, random.Random(seed), known=seed % 2 == 0)
    try:
        diagnosis = diagnose(retraining.setup, transport=transport)
        doubts = [one.check for one in diagnosis.checks if one.outcome != "ok"]
        return _told(diagnosis, f"all well; not sure of {doubts}") if doubts else []
    finally:
        retraining.close()


def single(emulator: Emulator, transport: Transport, key: str, seed: int) -> list[str]:
    """Return what is wrong with the diagnosis of a retraining with one cause; its mend is tried where it has one."""
    retraining = Retraining(emulator, random.Random(f"{key}/{seed}"), known=seed % 2 == 0)
    try:
        CAUSES[key].inject(retraining)
        diagnosis = diagnose(retraining.setup, transport=transport)
        exactly = len(diagnosis.findings) == 1 and _named(diagnosis, CAUSES[key])
        amiss = _secrets(retraining.setup, diagnosis) + _untranslated(diagnosis)
        return amiss if exactly else _told(diagnosis, key)
    finally:
        retraining.close()


def pairs() -> list[tuple[str, str]]:
    """Return every pair of causes that can be there at once, the one that is found first in front."""
    return [(first, second) for first, second in permutations(CAUSES, 2) if _possible(first, second)]


def _possible(first: str, second: str) -> bool:
    one, other = CAUSES[first], CAUSES[second]
    if ORDER.index(one.check) >= ORDER.index(other.check) or one.slot == other.slot or one.id == other.id:
        return False
    if {one.slot, other.slot} in APART or first == "predictive-not-deployed":  # whose mend is another workspace
        return False
    if first == "endpoint-never-added" and other.slot in ("scoring", "key", "load"):
        return False
    if second.startswith("another-endpoint-patched by") or {first, second} == {
        "guid-for-endpoint-name",
        "region-management",
    }:
        return False  # the address of RRS has no management region
    return not (other.slot == "serving" and (one.slot in BLOCKING or first == "fresh-endpoint"))


def pair(emulator: Emulator, transport: Transport, first: str, second: str, seed: int) -> list[str]:
    """Return what is wrong when two causes are there: the first is named, and after its mend the second."""
    known = seed % 2 == 0 or "wrong-token" in (first, second)  # without a token nothing of a workspace can be read
    retraining = Retraining(emulator, random.Random(f"{first}/{second}/{seed}"), known=known)
    try:
        return _pair(retraining, transport, CAUSES[first], CAUSES[second])
    finally:
        retraining.close()


def _pair(retraining: Retraining, transport: Transport, first: Cause, second: Cause) -> list[str]:
    broken: dict[str, dict[str, object]] = {}
    for cause in sorted((first, second), key=_turn):
        before = retraining.setup
        cause.inject(retraining)
        broken[cause.id] = _changed(before, retraining.setup)
    diagnosis = diagnose(retraining.setup, transport=transport)
    if not _named(diagnosis, first):
        return _told(diagnosis, f"{first.id} before {second.id}")
    _mend(retraining, first, second, broken)
    diagnosis = diagnose(retraining.setup, transport=transport)
    return [] if _named(diagnosis, second) else _told(diagnosis, f"{second.id} after the mend of {first.id}")


def _turn(cause: Cause) -> int:
    """Return when a cause is injected: what lets time pass before what time would mend, what takes a model last."""
    return {"serving": 0, "region": 3, "model": 3}.get(cause.slot, 2 if cause.id == "fresh-endpoint" else 1)


def _changed(before: RetrainingSetup, after: RetrainingSetup) -> dict[str, object]:
    """Return the values that were there before, of those that have changed."""
    names = [one.name for one in fields(RetrainingSetup)]
    return {name: getattr(before, name) for name in names if getattr(before, name) != getattr(after, name)}


def _mend(retraining: Retraining, first: Cause, second: Cause, broken: dict[str, dict[str, object]]) -> None:
    """Give the first cause's values back, do what a person would do besides, and PATCH again where that works now."""
    retraining.use(**broken[first.id])
    first.mend(retraining)
    if set(broken[first.id]) & set(broken[second.id]):
        second.inject(retraining)
    if first.slot in BLOCKING and second.slot not in (*BLOCKING, "serving"):
        retraining.patch(retraining.name)
        if second.id != "fresh-endpoint":
            retraining.later()
