"""The transcripts of contracts/transcripts that can be played: each is a check of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from amlcontracts import load
from amlcontracts.harness.breach import NotApplicable, hold
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import Endpoint, Service
from amlcontracts.harness.registry import Check, add
from amlcontracts.transcripts import operation_of, play, transcripts

Transcript = Mapping[str, Any]
EVIDENCE = {name: entry["id"] for entry in load("evidence") for name in entry.get("operations", ())}  # by operation


def _service(ground: Ground, name: str) -> Service:
    found = next((one for one in ground.home.services if one.name == name), None)
    if found is None:
        raise NotApplicable(f"the workspace '{ground.home.name}' has no service '{name}'")
    return found


@contextmanager
def _endpoint(ground: Ground, transcript: Transcript) -> Iterator[Endpoint]:
    """Have the endpoint that is called: the default one, or an added one, so that nothing is left of its jobs."""
    service = _service(ground, transcript["at"])
    if "endpoint" not in transcript and all(operation_of(one).api != "rrs-bes" for one in transcript["exchanges"]):
        yield service.default
        return
    with service.endpoint() as endpoint:
        yield endpoint


def _values(ground: Ground, endpoint: Endpoint) -> dict[str, str]:
    place, before = ground.home, endpoint.api.partition("/workspaces/")[0]
    return {
        "services_url": before,
        "management_url": place.management,
        "blobs": ground.storage.base,
        "connection": ground.storage.connection_string,
        "workspace": place.id,
        "service": endpoint.service.id,
        "endpoint": endpoint.guid,
        "name": endpoint.name,
        "key": endpoint.key,
        "token": place.token,
    }


def _play(transcript: Transcript, ground: Ground) -> None:
    def send(method: str, url: str, headers: Mapping[str, str], content: bytes) -> tuple[int, bytes]:
        answer = ground.wire.call(method, url, raw=content or None, headers=headers)
        return answer.status, answer.body

    with _endpoint(ground, transcript) as endpoint:
        told = play(transcript, _values(ground, endpoint), send)
    hold(not told, "; ".join(told))


for _transcript in transcripts(played=True):
    if any(operation_of(_one).api not in ("rrs-bes", "management") for _one in _transcript["exchanges"]):
        continue  # of the Studio API: these checks are about web services
    _evidence = tuple(dict.fromkeys(EVIDENCE[_one["operation"]] for _one in _transcript["exchanges"]))
    add(
        Check(
            f"transcripts.{_transcript['id']}",
            _transcript["text"],
            "transcript",
            _evidence,
            partial(_play, _transcript),
        )
    )
