"""The call being answered, how an operation is declared, and how a body is written: what needs no Flask.

RRS and every refusal are answered with this alone, so that Flask is loaded when the first other call comes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from amlemulator.core.addresses import Addresses
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.core.regions import Host
from amlemulator.engine.faults import Rule

JSON = "application/json; charset=utf-8"

# Who may call: with an endpoint's key; with the workspace's token or an endpoint's key; with the workspace's token
# alone; with the workspace's token in Studio's own header; anybody; only this machine; people who have signed in;
# people at the door.
Access = Literal["scoring", "endpoint", "workspace", "studio", "anonymous", "control", "page", "visitor"]
PEOPLE: tuple[Access, ...] = ("page", "visitor")  # who look at pages, which are no calls of the service


@dataclass(frozen=True, slots=True)
class Operation:
    """What the pipeline needs to know of a route before its view runs. ``name`` is what faults and the journal use."""

    name: str
    access: Access


@dataclass(slots=True)
class Call:
    """One request on its way through the pipeline; the stages fill in what they find out."""

    request_id: str
    host: Host
    addresses: Addresses
    arrived: float
    environ: dict[str, Any]
    operation: Operation | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)  # the variable parts of the path
    workspace: Workspace | None = None
    service: WebService | None = None
    endpoint: Endpoint | None = None
    fault: Rule | None = None  # what an armed fault still has to do to the answer
    without_scoring: bool = False  # an armed fault hides the scoring services

    @property
    def method(self) -> str:
        """The request's method."""
        return str(self.environ["REQUEST_METHOD"])

    def header(self, name: str) -> str | None:
        """Return a header's value."""
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"))

    @property
    def host_header(self) -> str:
        """The Host header as it came, with its port; the server's own name where a client of HTTP 1.0 sent none."""
        own = f"{self.environ['SERVER_NAME']}:{self.environ['SERVER_PORT']}"
        return str(self.environ.get("HTTP_HOST", own))

    @property
    def authorization(self) -> str | None:
        """The Authorization header."""
        return self.environ.get("HTTP_AUTHORIZATION")

    @property
    def content_length(self) -> int:
        """The length of the body in bytes, 0 when there is none or the header holds no number."""
        given = self.environ.get("CONTENT_LENGTH") or ""
        return int(given) if given.isascii() and given.isdigit() else 0

    @property
    def body(self) -> bytes:
        """The request's body, what came of it when the caller hung up before its end."""
        content: bytes = self.environ["wsgi.input"].read(self.content_length)
        return content

    @property
    def here(self) -> tuple[Workspace, WebService, Endpoint]:
        """The three records of an endpoint operation, which the pipeline has found."""
        assert self.workspace is not None
        assert self.service is not None
        assert self.endpoint is not None
        return self.workspace, self.service, self.endpoint


View = TypeVar("View", bound=Callable[..., Any])


def operation(name: str, access: Access) -> Callable[[View], View]:
    """Declare a view: its name for faults, journal and evidence, and who may call it."""

    def declare(view: View) -> View:
        view.__dict__["operation"] = Operation(name, access)
        return view

    return declare


def route(method: str, path: str, name: str, access: Access) -> Callable[[View], View]:
    """Declare a method of a face as the view of a route; one method may have several."""

    def declare(view: View) -> View:
        view.__dict__.setdefault("routes", []).append((method, path))
        return operation(name, access)(view)

    return declare


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(value: Any) -> bytes:
    """Return JSON in .NET's compact form and UTF-8."""
    text = _COMPACT(value)
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair that the request held: only an escape can write it
        return json.dumps(value, separators=(",", ":")).encode()
