"""Every public call of the client that talks to a service, as a case that the laws go through.

What :func:`public_calls` finds in ``amlclient`` and no case names fails ``test_every_call_has_a_case``.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import amlclient
from amlclient import AmlError, BlobLocation, Call, EndpointSettings, ServiceClient
from client.fake_service import BASE, CONNECTION_STRING, RESOURCE, SCORING
from client.laws.ground import ENDPOINT, MODEL, Ground, Outcome, listening

ROWS = [{"age": 39, "name": "x"}]
PAGE = f"{BASE}/studio/apihelp/{ENDPOINT}"
INPUT = BlobLocation("in/rows.csv", connection_string=CONNECTION_STRING)


@dataclass(frozen=True)
class Case:
    """One public call, as it is made of a ground.

    ``calls`` is how often it has the service called when all is well, ``times`` how often the time-out is given anew.
    """

    name: str
    make: Callable[[Ground], Any]
    calls: int = 1
    times: int = 1

    def play(self, ground: Ground) -> Outcome:
        """Make the call, and tell what a caller is told."""
        began = ground.clock.monotonic()
        with listening() as said:
            outcome = Outcome(said=said)
            try:
                outcome.value = self.make(ground)
            except AmlError as error:
                outcome.error = error
        outcome.seconds = round(ground.clock.monotonic() - began, 6)  # the clock counts from a million
        return outcome


def _waited(ground: Ground) -> Any:
    return ground.training.wait_for_job(ground.running, timeout=ground.timeout)


def _downloaded(ground: Ground) -> bytes:
    file = io.BytesIO()
    ground.blobs.download(MODEL, file, timeout=ground.timeout)
    return file.getvalue()


CASES = tuple(
    Case(*facts)
    for facts in (
        ("ServiceClient.call", lambda on: on.training.call(Call("GET", PAGE, repeatable=True)).content),
        ("ScoringClient.score", lambda on: on.scoring.score(ROWS).table),
        ("ScoringClient.score_in_batches", lambda on: list(on.scoring.score_in_batches(ROWS * 2, most_rows=1)), 2, 2),
        ("ScoringClient.swagger", lambda on: on.scoring.swagger()),
        ("ScoringClient.submit_job", lambda on: on.training.submit_job(inputs={"input1": INPUT}) in on.service.jobs),
        ("ScoringClient.start_job", lambda on: on.training.start_job(on.job)),
        ("ScoringClient.job", lambda on: on.training.job(on.running)),
        ("ScoringClient.delete_job", lambda on: on.training.delete_job(on.job)),
        ("ScoringClient.wait_for_job", _waited, 3),
        ("ManagementClient.services", lambda on: on.management.services()),
        ("ManagementClient.service", lambda on: on.management.service(SCORING)),
        ("ManagementClient.endpoints", lambda on: on.management.endpoints(SCORING)),
        ("ManagementClient.endpoint", lambda on: on.management.endpoint(SCORING, ENDPOINT)),
        ("ManagementClient.add_endpoint", lambda on: on.management.add_endpoint(SCORING, "added")),
        (
            "ManagementClient.update_endpoint",
            lambda on: on.management.update_endpoint(SCORING, ENDPOINT, EndpointSettings("new")),
            2,
        ),
        ("ManagementClient.delete_endpoint", lambda on: on.management.delete_endpoint(SCORING, ENDPOINT)),
        ("ManagementClient.refresh_endpoint", lambda on: on.management.refresh_endpoint(SCORING, ENDPOINT)),
        (
            "ManagementClient.patch_resource",
            lambda on: on.management.patch_resource(SCORING, ENDPOINT, RESOURCE, MODEL),
            2,
        ),
        ("HelpReader.update_resource", lambda on: on.pages.update_resource(PAGE), 2),
        ("BlobReader.read", lambda on: on.blobs.read(MODEL)),
        ("BlobReader.download", _downloaded),
    )
)
BY_NAME = {case.name: case for case in CASES}


def may_be_done_twice(method: str, path: str) -> bool:
    """Whether doing it twice does no harm: what changes nothing, what sets a state, and a job that nobody starts."""
    return method in ("GET", "PUT") or path.endswith(("/execute", "/jobs"))


def public_calls() -> Iterator[str]:
    """Yield ``Class.method`` for all that a client of any kind can be asked to do."""
    for name in amlclient.__all__:
        kind = getattr(amlclient, name)
        if inspect.isclass(kind) and issubclass(kind, ServiceClient):
            for method, function in vars(kind).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    yield f"{name}.{method}"


def public_functions() -> Iterator[str]:
    """Yield the functions that the package publishes."""
    return (name for name in amlclient.__all__ if inspect.isfunction(getattr(amlclient, name)))
