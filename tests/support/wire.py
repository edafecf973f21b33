"""Calling the emulator's WSGI application with no socket, exactly as a server would hand a request on."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

from amlemulator import Emulator
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.faces.call import PEOPLE
from support import described

BASE = "http://127.0.0.1:8350"
BLOB = "http://127.0.0.1:10000"
# The settings of an emulator that is only called in process.
COMMON: dict[str, Any] = {"samples": False, "seed": "tests", "public_url": BASE, "public_blob_url": BLOB, "workers": 1}


@dataclass(frozen=True)
class Answer:
    """What came back: the status, every header as it was sent, the body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header's value, None when it was not sent. Fails when it was sent twice."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) <= 1, found
        return found[0] if found else None

    @property
    def json(self) -> Any:
        """The JSON body."""
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, str, str | None]:
        """Status, code and, in the envelope with details, the first detail's code."""
        error = self.json["error"]
        details = error.get("details")
        return self.status, error["code"], details[0]["code"] if details else None

    @property
    def message(self) -> str:
        """The innermost message of a refusal."""
        error = self.json["error"]
        details = error.get("details")
        return str(details[0]["message"] if details else error["message"])


Headers = Mapping[str, str] | Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Wire:
    """A caller of one emulator."""

    emulator: Emulator

    def call(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Headers = (),
        raw: bytes | None = None,
    ) -> Answer:
        """Send one request. ``url`` is a path or one of the emulator's own URLs; ``body`` is sent as JSON."""
        parts = urlsplit(url if not url.startswith("/") else BASE + url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        given = dict(headers)
        if key is not None:
            given.setdefault("Authorization", f"Bearer {key}")
        given.setdefault("Host", parts.netloc)
        given.setdefault("Content-Length", str(len(content)))
        if body is not None:
            given.setdefault("Content-Type", "application/json")
        return self.send(method, target, given, content)

    def send(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> Answer:
        """Send one request exactly as it is given, as waitress would hand it on."""
        path, _, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": target,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8350",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(content),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers.items():
            variable = name.upper().replace("-", "_")
            environ[variable if variable in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{variable}"] = value
        return self._run(environ)

    def _run(self, environ: dict[str, Any]) -> Answer:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            begun.append((status, headers))
            return lambda data: None

        to_blobs = environ.get("HTTP_HOST") == urlsplit(BLOB).netloc  # the other listener
        application = self.emulator.blob_application if to_blobs else self.emulator.wsgi_app
        chunks = application(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        status, headers = begun[-1]
        answer = Answer(int(status[:3]), tuple(headers), body)
        self._look_at(environ, answer)
        return answer

    def _look_at(self, environ: dict[str, Any], answer: Answer) -> None:
        """Fail the test whose answer is not one that the contracts describe, unless it asked for a fault."""
        call = environ.get("amlemulator.call")
        if call is None or call.operation is None or call.fault is not None:
            return
        if call.operation.access in PEOPLE:  # pages for people are no part of what the service promises to programs
            return
        name, kind = call.operation.name, answer.header("Content-Type")
        faults = described.faults(call.host.role, name, call.method, answer.status, kind, answer.body)
        assert [] == faults, faults


@dataclass(frozen=True)
class Place:
    """A fresh workspace of an emulator, with ways to call what is deployed in it."""

    wire: Wire
    workspace: Workspace

    @property
    def emulator(self) -> Emulator:
        """The emulator it is in."""
        return self.wire.emulator

    def sample(self, graph: str, name: str | None = None) -> Target:
        """Deploy one of the sample experiments; return its default endpoint."""
        from amlemulator.samples import workspaces

        found = next(one for sample in workspaces() for one in sample.services if one.graph == graph)
        service = self.emulator.add_service(self.workspace, name or found.name, found.experiment, found.models)
        return self.target(service)

    def deploy(self, experiment: Mapping[str, Any], models: Mapping[str, bytes] | None = None) -> Target:
        """Deploy a graph; return its default endpoint."""
        service = self.emulator.add_service(self.workspace, str(experiment["experiment"]), experiment, models)
        return self.target(service)

    def target(self, service: WebService, name: str = "default") -> Target:
        """Return an endpoint of a service."""
        endpoint = self.emulator.directory.endpoint_named(service.id, name)
        assert endpoint is not None
        return Target(self, service, endpoint)

    @property
    def management(self) -> str:
        """The workspace's address on its own management host."""
        return f"{self.emulator.addresses.management_url(self.workspace)}/workspaces/{self.workspace.id}"

    def manage(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """Call the management host below the workspace's address, with the workspace's token."""
        options.setdefault("key", self.workspace.primary_token)
        return self.wire.call(method, self.management + path, body, **options)


@dataclass(frozen=True)
class Target:
    """One endpoint of a service in a place."""

    place: Place
    service: WebService
    endpoint: Endpoint

    @property
    def api(self) -> str:
        """ApiLocation."""
        return self.place.emulator.addresses.api_location(self.place.workspace, self.endpoint)

    @property
    def path(self) -> str:
        """The service's path on the management host, below the workspace's."""
        return f"/webservices/{self.service.id}"

    @property
    def endpoints(self) -> str:
        """The path of the service's endpoints on the management host."""
        return f"{self.path}/endpoints"

    @property
    def managed(self) -> str:
        """The endpoint's own path on the management host."""
        return f"{self.endpoints}/{self.endpoint.name}"

    def fresh(self) -> Endpoint:
        """Return the endpoint as it is now."""
        found = self.place.emulator.directory.endpoint(self.endpoint.id)
        assert found is not None
        return found

    def score(self, body: Any, /, *, path: str = "/execute", query: Any = None, **options: Any) -> Answer:
        """POST to RRS with the endpoint's key; ``query`` defaults to version 2.0."""
        options.setdefault("key", self.endpoint.primary_key)
        shown = "?" + urlencode({"api-version": "2.0"} if query is None else query)
        return self.place.wire.call("POST", self.api + path + shown.rstrip("?"), body, **options)

    def jobs(self, method: str, path: str = "", body: Any = None, *, query: Any = None, **options: Any) -> Answer:
        """Call BES with the endpoint's key; ``query`` defaults to version 2.0."""
        options.setdefault("key", self.endpoint.primary_key)
        shown = "?" + urlencode({"api-version": "2.0"} if query is None else query)
        return self.place.wire.call(method, f"{self.api}/jobs{path}{shown.rstrip('?')}", body, **options)

    def add(self, name: str, **settings: Any) -> Target:
        """Add an endpoint to the service over the wire."""
        answer = self.place.manage("PUT", f"{self.endpoints}/{name}", settings)
        assert answer.status == 200, answer
        return self.place.target(self.service, name)
