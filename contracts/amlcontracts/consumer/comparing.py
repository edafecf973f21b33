"""Holding a run against its scenario in the contract: what is not in it, what is not made any more, and what is near.

The order of calls is not compared: programs make some at the same time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from amlcontracts.consumer.calls import Call, line
from amlcontracts.consumer.shapes import step_of

SHOWN = 120  # characters of a value
Scenario = dict[str, Any]


def departures(kept: Scenario, run: Scenario) -> list[str]:
    """Return how a run departs from what the contract keeps of it, a line each; none when it does not."""
    around, now = ({name: one for name, one in scenario.items() if name != "calls"} for scenario in (kept, run))
    lines = list(differences(around, now))
    missing, unknown = _apart(kept["calls"], run["calls"])
    for call in unknown:
        nearest = min(missing, key=lambda one: _distance(one, call), default=None)
        if nearest is None or nearest["operation"] != call["operation"]:
            lines.append(f"made, and not in the contract: {line(call)}")
            continue
        missing.remove(nearest)
        lines.append(f"not as in the contract: {line(call)}")
        lines += [f"  {one}" for one in differences(nearest, call)]
    lines += [f"in the contract, and not made: {line(call)}" for call in missing]
    return lines


def _apart(kept: list[Call], run: list[Call]) -> tuple[list[Call], list[Call]]:
    """Return the calls of either that the other does not have, each as often as it is too many."""
    left, unknown = Counter(map(_text, kept)), []
    for call in run:
        if left[_text(call)]:
            left[_text(call)] -= 1
        else:
            unknown.append(call)
    missing: list[Call] = []
    for call in reversed(kept):
        if left[_text(call)]:
            left[_text(call)] -= 1
            missing.insert(0, call)
    return missing, unknown


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _distance(one: Call, other: Call) -> tuple[bool, int]:
    return one["operation"] != other["operation"], len(list(differences(one, other)))


def differences(kept: Any, run: Any, where: str = "") -> Iterator[str]:
    """Yield where two JSON values part: the place, what the contract has there, and what the run has."""
    if isinstance(kept, dict) and isinstance(run, dict):
        for name in {**kept, **run}:
            inner = f"{where}{step_of(name)}".removeprefix(".")
            if name not in run:
                yield f"{inner}: {_shown(kept[name])} in the contract, nothing now"
            elif name not in kept:
                yield f"{inner}: nothing in the contract, {_shown(run[name])} now"
            else:
                yield from differences(kept[name], run[name], inner)
    elif isinstance(kept, list) and isinstance(run, list) and len(kept) == len(run):
        for number, (one, other) in enumerate(zip(kept, run, strict=True)):
            yield from differences(one, other, f"{where}[{number}]")
    elif _text(kept) != _text(run):
        yield f"{where}: {_shown(kept)} in the contract, {_shown(run)} now"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
