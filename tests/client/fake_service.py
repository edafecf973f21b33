"""A scripted service for the client's tests: small, without a socket, and as strict as the real one where it matters.

It keeps count of what really happened (jobs started, updates done), whatever the client was told.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import requests
import urllib3

from amlclient import BlobLocation, Transport, WSGIAdapter

BASE = "http://aml.test"
WORKSPACE = "a" * 32
TRAINING, SCORING = "b" * 32, "c" * 32
TRAINING_ENDPOINT = "d" * 32
KEY = "trainingkey+" + "K" * 70 + "=="
TOKEN = "workspacetoken" + "T" * 50
SIGNATURE = "sIgNaTuReSeCrEt"
ACCOUNT_KEY = "AcCoUnTkEySeCrEt=="
CONNECTION_STRING = f"DefaultEndpointsProtocol=http;AccountName=acct;AccountKey={ACCOUNT_KEY}"
RESOURCE = "Census Model [trained model]"
TRAINING_URL = f"{BASE}/ussouthcentral.services/workspaces/{WORKSPACE}/services/{TRAINING_ENDPOINT}"
MANAGEMENT_URL = f"{BASE}/management"
SECRETS = (KEY, TOKEN, SIGNATURE, ACCOUNT_KEY)


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass: a little at least, or who waits for the last trillionth of a second would wait for ever."""
        if seconds > 0:
            self.time = max(self.time + seconds, math.nextafter(self.time, math.inf))


@dataclass
class FakeEndpoint:
    name: str
    guid: str
    key: str
    born: float
    model: dict[str, str] = field(default_factory=dict)  # the Location of the last PATCH


@dataclass
class FakeJob:
    state: str = "NotStarted"
    polls: int = 0
    body: Any = None


class RefusalError(Exception):
    def __init__(self, status: int, code: str, detail: str = "") -> None:
        self.status, self.code, self.detail = status, code, detail


class FakeService:
    """The WSGI application, and what happened to it."""

    base = BASE

    def __init__(self, clock: FakeClock | None = None, *, fresh_seconds: float = 0.0, ending: str = "Finished") -> None:
        self.clock = clock or FakeClock()
        self.fresh_seconds = fresh_seconds
        self.ending = ending
        self.polls_needed = 2
        self.polls_queued = 0  # how often a started job still shows NotStarted
        self.starts_twice = False  # whether a second start is taken as it comes, against the documents
        self.evaluation = b"AUC,Accuracy\r\n0.93,0.87\r\n"
        self.jobs: dict[str, FakeJob] = {}
        self.started: list[str] = []
        self.updates: list[tuple[str, Any]] = []
        self.tokens = 0
        self.endpoints = {"default": FakeEndpoint("default", "e" * 32, "scoringkey" + "S" * 60, -1e9)}
        self.resources = (RESOURCE,)
        self.shows_resources = True
        self.help_pages = True
        self.calls: list[tuple[str, str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.calls.append((method, path))
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            status, kind, answer = self.route(method, path, environ, content)
        except RefusalError as error:
            details = [{"code": error.detail, "message": f"because {CONNECTION_STRING}"}] if error.detail else []
            message = f"refused the key {environ.get('HTTP_AUTHORIZATION', '').partition(' ')[2]}"
            wire = {"error": {"code": error.code, "message": message, "details": details}}
            status, kind, answer = error.status, "application/json", json.dumps(wire).encode()
        headers = [("Content-Type", kind), ("Content-Length", str(len(answer))), ("x-ms-request-id", "req-1")]
        start_response(f"{status} X", headers)
        return [answer]

    def route(self, method: str, path: str, environ: dict[str, Any], content: bytes) -> tuple[int, str, bytes]:
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if re.fullmatch(r"/management/workspaces/a+/webservices/?", path):
            return self._json([self.manage("GET", SCORING, None, "", b"")])
        if found := re.fullmatch(r"/management/workspaces/a+/webservices/(\w+)(?:/endpoints(?:/(\w+))?)?", path):
            if authorization != f"Bearer {TOKEN}":
                raise RefusalError(401, "Unauthorized")
            return self._json(self.manage(method, found[1], found[2], path, content))
        if found := re.fullmatch(r"/ussouthcentral\.services/workspaces/a+/services/d+/jobs(?:/(\w+)(/start)?)?", path):
            if authorization != f"Bearer {KEY}":
                raise RefusalError(401, "Unauthorized", "ScoreRequestUnauthorized")
            return self._json(self.batch(method, found[1], bool(found[2]), content))
        if found := re.fullmatch(r"/ussouthcentral\.services/workspaces/a+/services/(\w+)/execute", path):
            return self._json(self.score(found[1], authorization, json.loads(content)))
        if path.startswith("/studio/"):
            return 200, "text/html", self.help(path).encode()
        if path.startswith("/blobs/"):
            return 200, "text/csv", self.blob(path, parse_qs(environ["QUERY_STRING"]))
        raise RefusalError(404, "NotFound")

    @staticmethod
    def _json(value: Any) -> tuple[int, str, bytes]:
        return 200, "application/json; charset=utf-8", b"" if value is None else json.dumps(value).encode()

    def manage(self, method: str, service: str, name: str | None, path: str, content: bytes) -> Any:
        if service != SCORING:
            raise RefusalError(404, "NotFound")
        if not path.partition("/endpoints")[1]:
            return {
                "Id": SCORING,
                "Name": "Census Model [Predictive Exp.]",
                "DefaultEndpointName": "default",
                "More": 1,
            }
        if name is None:
            return [self.shown(endpoint) for endpoint in self.endpoints.values()]
        if method == "PUT":
            guid = f"{len(self.endpoints):032x}"
            made = FakeEndpoint(name, guid, f"scoringkey{guid}" + "S" * 30, self.clock.now())
            self.endpoints.setdefault(name, made)
        if name not in self.endpoints:
            raise RefusalError(404, "NotFound")
        if method == "PATCH":
            self.patch(self.endpoints[name], json.loads(content))
        return self.shown(self.endpoints[name])

    def patch(self, endpoint: FakeEndpoint, body: Any) -> None:
        (resource,) = body["Resources"]
        if endpoint.name == "default" or resource["Name"] not in self.resources:
            raise RefusalError(400, "InvalidOperation")
        if SIGNATURE not in resource["Location"].get("SasBlobToken", ""):
            raise RefusalError(400, "InvalidBlob")
        self.updates.append((endpoint.name, body))
        endpoint.model = {name: resource["Location"][name] for name in ("BaseLocation", "RelativeLocation")}

    def shown(self, endpoint: FakeEndpoint) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "Name": endpoint.name,
            "PrimaryKey": endpoint.key,
            "ApiLocation": f"{self.base}/ussouthcentral.services/workspaces/{WORKSPACE}/services/{endpoint.guid}",
            "HelpLocation": f"{self.base}/studio/apihelp/{endpoint.name}" if self.help_pages else None,
        }
        if self.shows_resources:
            resources = [{"Name": n, "Kind": "TrainedModel", "Location": dict(endpoint.model)} for n in self.resources]
            shown["Resources"] = resources
        return shown

    def batch(self, method: str, job_id: str | None, start: bool, content: bytes) -> Any:
        if job_id is None:
            made = f"{len(self.jobs) + 1:032x}"
            self.jobs[made] = FakeJob(body=json.loads(content))
            return made
        if job_id not in self.jobs:
            raise RefusalError(404, "NotFound")
        job = self.jobs[job_id]
        if method == "DELETE":
            job.state = "Cancelled"
            return None
        if start:
            if job.state != "NotStarted" and not self.starts_twice:
                raise RefusalError(400, "InvalidOperation", "CannotStartJob")
            job.state = "Running"
            self.started.append(job_id)
            return None
        return self.status(job_id, job)

    def status(self, job_id: str, job: FakeJob) -> Any:
        if job.state == "Running":
            job.polls += 1
            if job.polls > self.polls_needed:
                job.state = self.ending
        failed = job.state == "Failed"
        if job.state == "Running" and job.polls <= self.polls_queued:
            return {"StatusCode": "NotStarted", "Results": None, "Details": None}
        results = self.results(job_id) if job.state == "Finished" else None
        return {
            "StatusCode": job.state,
            "Results": results,
            "Details": f"cannot read https://acct/c/b?sv=1&sig={SIGNATURE}&sp=r" if failed else None,
        }

    def results(self, job_id: str) -> Any:
        self.tokens += 1
        token = f"?sv=2013&sig={SIGNATURE}{self.tokens}&sp=r"
        names = {"output1": f"out/{job_id}.ilearner", "output2": f"out/{job_id}.csv"}
        return {
            output: {"BaseLocation": f"{self.base}/blobs/", "RelativeLocation": name, "SasBlobToken": token}
            for output, name in names.items()
        }

    def blob(self, path: str, query: dict[str, list[str]]) -> bytes:
        if SIGNATURE not in query.get("sig", [""])[0]:
            raise RefusalError(403, "AuthenticationFailed")
        return self.evaluation if path.endswith(".csv") else b"model"

    def help(self, path: str) -> str:
        name = path.split("/")[3]
        if not path.endswith("/update"):
            return f"<h1>API</h1><p><a href='/studio/apihelp/{name}/update'>Update\n Resource</a></p>"
        if not self.resources:
            return "<p>Sorry. This Web Service has no updatable resources. We apologize.</p>"
        address = f"{self.base}/management/workspaces/{WORKSPACE}/webservices/{SCORING}/endpoints/{name}"
        rows = "".join(f"<tr><td>{resource}</td></tr>" for resource in self.resources)
        return (
            "<table><tr><th>Method</th><th>Request URI</th></tr>"
            f"<tr><td>PATCH</td><td>{address}</td></tr></table><table><tr><th>Resource Name</th></tr>{rows}</table>"
        )

    def score(self, guid: str, authorization: str, body: Any) -> Any:
        endpoint = next((e for e in self.endpoints.values() if e.guid == guid), None)
        fresh = endpoint is not None and self.clock.now() < endpoint.born + self.fresh_seconds
        if endpoint is None or fresh or authorization != f"Bearer {endpoint.key}":
            raise RefusalError(401, "Unauthorized", "ScoreRequestUnauthorized")
        cell = "0.75" if endpoint.model else "0.25"
        rows = body["Inputs"]["input1"]
        if isinstance(rows, list):
            return {"Results": {"output1": [{"Scored Probabilities": cell} for _ in rows]}}
        value = {
            "ColumnNames": ["Scored Probabilities"],
            "ColumnTypes": ["Double"],
            "Values": [[cell]] * len(rows["Values"]),
        }
        return {"Results": {"output1": {"type": "table", "value": value}}}

    def location(self) -> BlobLocation:
        """Return an input that is already in storage."""
        return BlobLocation("in/rows.csv", connection_string=CONNECTION_STRING)


class Killed(BaseException):
    """The process was killed here."""


FAULTS = ("ok", "refuse", "vanish", "lose", "reset", "silence", "503", "cut", "short", "kill before", "kill after")


class FaultyAdapter(WSGIAdapter):
    """Plays one fault per call, by its number; calls without one go well."""

    def __init__(self, app: FakeService, faults: dict[int, str] | None = None) -> None:
        super().__init__(app)
        self.faults = faults or {}
        self.count = 0

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        fault = self.faults.get(self.count, "ok")
        self.count += 1
        self._before(fault, request)
        if fault == "503":
            return self.build_response(request, raw(503, b'{"error":{"code":"ServiceUnavailable","message":"m"}}'))
        response = super().send(request, *args, **options)
        return self._after(fault, request, response)

    def _before(self, fault: str, request: requests.PreparedRequest) -> None:
        if fault == "kill before":
            raise Killed
        if fault == "vanish":  # it never arrived, but nobody can tell
            raise requests.ReadTimeout(f"{request.url} timed out")
        if fault == "refuse":
            reason = urllib3.exceptions.NewConnectionError(None, f"refused {request.url}")  # type: ignore[arg-type]
            raise requests.ConnectionError(urllib3.exceptions.MaxRetryError(None, request.url or "", reason))  # type: ignore[arg-type]

    def _after(self, fault: str, request: requests.PreparedRequest, response: requests.Response) -> requests.Response:
        if fault == "kill after":
            raise Killed
        if fault in ("lose", "reset"):
            cause = ConnectionResetError(104, "Connection reset by peer")
            raise requests.ConnectionError(urllib3.exceptions.ProtocolError(f"aborted {request.url}", cause))
        if fault == "silence":
            raise requests.ReadTimeout(f"{request.url} timed out")
        content = response.content
        if fault == "cut" and response.status_code == 200:
            return self.build_response(request, raw(200, content[: len(content) // 2]))
        length = len(content) + (7 if fault == "short" else 0)
        return self.build_response(request, raw(response.status_code, content, length, response.headers))


def raw(status: int, body: bytes, length: int | None = None, headers: Any = None) -> urllib3.response.HTTPResponse:
    import io

    told = {**dict(headers or {}), "Content-Length": str(len(body) if length is None else length)}
    return urllib3.response.HTTPResponse(
        io.BytesIO(body), told, status, reason="X", preload_content=False, enforce_content_length=True
    )


def transport(service: FakeService, faults: dict[int, str] | None = None) -> Transport:
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", FaultyAdapter(service, faults))
    return Transport(session)
