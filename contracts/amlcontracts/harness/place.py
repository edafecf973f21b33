"""Workspaces, services and endpoints as a caller sees them: ids, keys, and one method for each operation."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from amlclient import EndpointsFile
from amlcontracts import load
from amlcontracts.harness.breach import Breach, NotApplicable, hold, same, show
from amlcontracts.harness.wire import Answer, Wire

ENDED = ("Finished", "Failed", "Cancelled")
PATIENCE = 120.0  # seconds for a job; a machine may be busy
POLL_SECONDS = 0.02
Settings = dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: its address, its key, and what can be done with them."""

    service: Service
    name: str
    api: str
    key: str = field(repr=False)
    secondary: str = field(default="", repr=False)

    @property
    def wire(self) -> Wire:
        """Who sends the requests."""
        return self.service.place.wire

    @property
    def managed(self) -> str:
        """Its address on the management host."""
        return f"{self.service.address}/endpoints/{self.name}"

    @property
    def guid(self) -> str:
        """Its id, the last part of its address."""
        return self.api.rstrip("/").rpartition("/")[2]

    def score(self, body: Any = None, *, query: Mapping[str, str] | None = None, **options: Any) -> Answer:
        """Call RRS; ``query`` is that of version 2.0 when it is not given."""
        shown = urlencode({"api-version": "2.0"} if query is None else query)
        options.setdefault("key", self.key)
        return self.wire.call("POST", f"{self.api}/execute?{shown}".rstrip("?"), body, **options)

    def jobs(
        self, method: str, path: str = "", body: Any = None, *, version: str | None = "2.0", **options: Any
    ) -> Answer:
        """Call BES below ``/jobs``; without a version it is the first one's."""
        options.setdefault("key", self.key)
        query = f"?api-version={version}" if version else ""
        return self.wire.call(method, f"{self.api}/jobs{path}{query}", body, **options)

    def submit(self, body: Any) -> str:
        """Register a job; returns its id. Raises Breach when that is refused."""
        answer = self.jobs("POST", "", body)
        same(200, answer.status, answer.line)
        hold(isinstance(answer.json, str) and answer.json, f"{answer.line}: a submission answers with the job's id")
        return str(answer.json)

    def start(self, job: str) -> None:
        """Start a job. Raises Breach when that is refused."""
        answer = self.jobs("POST", f"/{job}/start")
        same((200, b""), (answer.status, answer.body), answer.line)

    def status(self, job: str) -> dict[str, Any]:
        """Return a job's status. Raises Breach when there is none."""
        answer = self.jobs("GET", f"/{job}")
        same(200, answer.status, answer.line)
        shown: dict[str, Any] = answer.json
        return shown

    def wait(self, job: str, seen: Callable[[dict[str, Any]], None] = lambda status: None) -> dict[str, Any]:
        """Poll until a job has ended; ``seen`` is shown every status. Raises Breach when it does not end."""
        end = time.monotonic() + PATIENCE
        while True:
            status = self.status(job)
            seen(status)
            if status["StatusCode"] in ENDED:
                return status
            hold(time.monotonic() < end, f"job {job} has not ended after {PATIENCE:.0f} s: {status}")
            time.sleep(POLL_SECONDS)

    def run(self, body: Any) -> dict[str, Any]:
        """Submit, start and wait; returns the Results. Raises Breach when the job does not finish."""
        job = self.submit(body)
        self.start(job)
        status = self.wait(job)
        same("Finished", status["StatusCode"], f"job {job} ({status.get('Details')})")
        results: dict[str, Any] = status["Results"]
        return results

    def manage(self, method: str, path: str = "", body: Any = None, **options: Any) -> Answer:
        """Call the management host for this endpoint, with the workspace's token unless ``key`` is given."""
        options.setdefault("key", self.service.place.token)
        return self.wire.call(method, self.managed + path, body, **options)

    def patch(self, body: Any, **options: Any) -> Answer:
        """Call PATCH with the endpoint's own key, as the documents have it."""
        return self.manage("PATCH", "", body, **{"key": self.key, **options})

    def shown(self) -> dict[str, Any]:
        """Return what the management host tells of it. Raises Breach when it is not there."""
        answer = self.manage("GET")
        same(200, answer.status, answer.line)
        described: dict[str, Any] = answer.json
        return described

    def resources(self) -> list[str]:
        """Return the names of its updatable resources."""
        return [one["Name"] for one in self.shown()["Resources"]]


@dataclass(frozen=True)
class Service:
    """One web service."""

    place: Place
    id: str
    name: str
    kind: str

    @property
    def address(self) -> str:
        """Its address on the management host."""
        return f"{self.place.address}/{self.id}"

    def _read(self, described: Mapping[str, Any]) -> Endpoint:
        names = ("Name", "ApiLocation", "PrimaryKey", "SecondaryKey")
        return Endpoint(self, *(str(described.get(name, "")) for name in names))

    def listed(self) -> list[dict[str, Any]]:
        """Return the endpoints as the management host lists them."""
        answer = self.place.call("GET", f"/{self.id}/endpoints")
        same(200, answer.status, answer.line)
        found: list[dict[str, Any]] = answer.json
        return found

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints, with their keys."""
        return [self._read(one) for one in self.listed()]

    @property
    def default(self) -> Endpoint:
        """The default endpoint. Raises NotApplicable when it is gone."""
        for endpoint in self.endpoints():
            if endpoint.name == "default":
                return endpoint
        raise NotApplicable(f"the service '{self.name}' has no default endpoint")

    def named(self, name: str) -> Endpoint:
        """Return the endpoint of that name, whether it is there or not; its keys are empty."""
        return Endpoint(self, name, "", "")

    def add(self, name: str, settings: Settings | None = None) -> Endpoint:
        """Add an endpoint. Raises Breach when that is refused."""
        answer = self.named(name).manage("PUT", "", settings or {})
        same(200, answer.status, answer.line)
        made = self._read(answer.json)
        self.settled(made)
        return made

    def settled(self, made: Endpoint) -> None:
        """Wait until a new endpoint's key is known, as long as that may take: at first the service answered 401."""
        end = time.monotonic() + self.place.settle
        while time.monotonic() < end and made.score({}).status == 401:
            time.sleep(POLL_SECONDS)

    @contextmanager
    def endpoint(self, settings: Settings | None = None) -> Iterator[Endpoint]:
        """Have an endpoint of one's own for the length of a with block."""
        name = own_name()
        try:
            yield self.add(name, settings)
        finally:
            self.named(name).manage("DELETE")  # whatever came of it: it is not there afterwards


def own_name() -> str:
    """Return an endpoint name that nobody else has."""
    return f"check{uuid.uuid4().hex[:16]}"


@dataclass(frozen=True)
class Place:
    """One workspace."""

    wire: Wire
    id: str
    name: str
    region: str
    token: str = field(repr=False)
    management: str = ""
    services: tuple[Service, ...] = ()
    settle: float = 0.0  # seconds that a change may take

    @property
    def address(self) -> str:
        """Its services on the management host."""
        return f"{self.management}/workspaces/{self.id}/webservices"

    def call(self, method: str, path: str = "", body: Any = None, **options: Any) -> Answer:
        """Call the management host below the workspace's services, with its token unless ``key`` is given."""
        options.setdefault("key", self.token)
        return self.wire.call(method, self.address + path, body, **options)

    def pairs(self) -> list[tuple[Service, Service]]:
        """Return each training service with the scoring service whose name goes on where its own ends."""
        return [
            (training, scoring)
            for training in self.services
            for scoring in self.services
            if (training.kind, scoring.kind) == ("training", "scoring") and scoring.name.startswith(training.name)
        ]

    def elsewhere(self, url: str) -> list[str]:
        """Return an address of this workspace as it would be on each other region's host."""
        regions = load("regions")
        own = regions.get(self.region)
        if own is None:
            raise NotApplicable(f"'{self.region}' is no region of contracts/regions.yaml")
        role = "services" if "/services/" in url else "management"
        first = re.compile(rf"(?<=/){re.escape(own[role])}(?=[/.])")
        return [first.sub(other[role], url, count=1) for name, other in regions.items() if name != self.region]


def places(file: EndpointsFile, wire: Wire, settle: float = 0.0) -> list[Place]:
    """Return the workspaces of an endpoints file, whose changes may take ``settle`` seconds to show."""
    found = []
    for entry in file.workspaces:
        bare = Place(
            wire, entry.id, entry.name, entry.region, entry.token, entry.management_url.rstrip("/"), settle=settle
        )
        services = tuple(Service(bare, one.id, one.name, one.kind) for one in entry.services)
        found.append(replace(bare, services=services))
    return found


def expect(answer: Answer, status: int, code: str | None = None, detail: str | None = None) -> Answer:
    """Raise Breach unless an answer is this refusal; returns the answer. None: not looked at."""
    came = answer.refusal
    wanted = (status, code, detail)
    if any(want not in (None, part) for want, part in zip(wanted, came, strict=True)):
        words = " ".join(str(part) for part in wanted if part is not None)
        raise Breach(f"{answer.line}: expected {words}, got {show(answer.text)}")
    return answer
