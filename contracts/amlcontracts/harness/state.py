"""The state of a service as far as a caller can see it, so that a check can say that nothing of it changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amlcontracts.harness.breach import same
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import Endpoint, Place

State = dict[str, Any]


def shown_by(places: list[Place]) -> State:
    """Return every service and endpoint of the workspaces with all its members."""
    state: State = {}
    for place in places:
        for described in _services(place):
            state[f"service {described['Name']} in {place.name}"] = described
        for service in place.services:
            for endpoint in service.endpoints():
                state[f"endpoint {endpoint.name} of {service.name} in {place.name}"] = endpoint.shown()
    return state


def state_of(ground: Ground, *jobs: tuple[Endpoint, str]) -> State:
    """Return every service and endpoint, what the endpoints of the scoring service answer, and those jobs."""
    state = shown_by(ground.places)
    for endpoint in ground.scoring.endpoints():
        state[f"scores of {endpoint.name}"] = ground.scores(endpoint)
    for endpoint, job in jobs:
        state[f"job {job}"] = _settled(endpoint.status(job))
    return state


def _services(place: Place) -> list[dict[str, Any]]:
    answer = place.call("GET")
    same(200, answer.status, answer.line)
    found: list[dict[str, Any]] = answer.json
    return found


def _settled(status: dict[str, Any]) -> dict[str, Any]:
    """Return a status without the tokens, of which each status call gives a fresh one."""
    results = status["Results"] or {}
    shown = {name: {**one, "SasBlobToken": None} for name, one in results.items()}
    return {**status, "Results": shown}


@contextmanager
def unchanged(ground: Ground, *jobs: tuple[Endpoint, str]) -> Iterator[None]:
    """Raise Breach when the block leaves any trace in the state."""
    before = state_of(ground, *jobs)
    yield
    same(before, state_of(ground, *jobs), "the state after calls that were refused")
