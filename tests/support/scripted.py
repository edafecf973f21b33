"""A workspace as a table of addresses and answers, for a client without sockets; it keeps what it was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import requests

from amlclient import NotSent, Transport
from amlclient._clock import Deadline
from amlclient._endpoints_file import ServiceEntry, WorkspaceEntry
from amlclient._transport import Answer, Call

MANAGEMENT = "https://europewest.management.azureml.net"
SERVICES = "https://europewest.services.azureml.net"
TOKEN = "the-workspace-token"
OF_TRAINER, OF_DEFAULT, OF_ADDED, OF_OTHER = ("4" * 32, "1" * 32, "2" * 32, "3" * 32)
MODEL = "http://store.test/acct/c/m.ilearner"
SAS = f"?sv=2015-04-05&sr=b&sig={'A' * 43}%3D&se=2099-01-01&sp=r"


class Refusal:
    """An answer that says no, in the service's envelope."""

    def __init__(self, status: int, code: str = "X", message: str = "m") -> None:
        self.status = status
        self.content = json.dumps({"error": {"code": code, "message": message}}).encode()


UNAUTHORIZED = Refusal(401, "Unauthorized", "no")
NOT_FOUND = Refusal(404, "NotFound", "gone")
OF_ANOTHER_REGION = Refusal(500, "GetWorkspaceFailed", "elsewhere")


def open_to(answer: Any, *keys: str) -> Callable[[Call], Any]:
    """Return an answer for those who send one of these keys; 401 for the others."""
    return lambda call: (
        answer if call.headers.get("Authorization") in [f"Bearer {key}" for key in keys] else UNAUTHORIZED
    )


def scoring(guid: str) -> str:
    """Return the scoring address of an endpoint."""
    return f"{SERVICES}/workspaces/w/services/{guid}"


def management(path: str = "", root: str = MANAGEMENT) -> str:
    """Return a management address."""
    return f"{root}/workspaces/w/webservices{path}"


PATCH = management("/s/endpoints/ep1")
PATH = f"/workspaces/w/services/{OF_ADDED}"
EXECUTE, SWAGGER = f"{SERVICES}{PATH}/execute", f"{SERVICES}{PATH}/swagger.json"
KNOWN = WorkspaceEntry(
    "w",
    "W",
    "West Europe",
    TOKEN,
    MANAGEMENT,
    (ServiceEntry("t", "Trainer", "training"), ServiceEntry("s", "Scorer", "scoring")),
)


def endpoint(name: str, guid: str, **members: Any) -> dict[str, Any]:
    """Return an endpoint as it is listed."""
    return {"Name": name, "ApiLocation": scoring(guid), "PrimaryKey": f"key-{name}", **members}


def resources(location: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the members of an endpoint that has a trained model."""
    return {"Resources": [{"Name": "m [trained model]", "Location": location or {}}]}


def scored(cell: str) -> dict[str, Any]:
    """Return what RRS answers."""
    return {"Results": {"out": {"type": "table", "value": {"ColumnNames": ["s"], "Values": [[cell]] * 8}}}}


def workspace() -> dict[str, Any]:
    """Return the answers of a workspace in West Europe where all is well; the endpoint ep1 was patched with MODEL.

    Of an address that is not in it the management hosts of other regions say that they do not know the workspace,
    every other host that there is no such thing.
    """
    patched = {"BaseLocation": "http://store.test/acct/", "RelativeLocation": "c/m.ilearner"}
    default, added, other = endpoint("default", OF_DEFAULT), endpoint("ep1", OF_ADDED), endpoint("ep2", OF_OTHER)
    trainer = {**endpoint("default", OF_TRAINER), "PrimaryKey": "training-key"}
    document = {
        "definitions": {"ExecutionRequest": {"example": {"Inputs": {"in": [{"n": 4}]}, "GlobalParameters": {"P": "1"}}}}
    }
    result = {"BaseLocation": "http://store.test/acct/", "RelativeLocation": "c/m.ilearner", "SasBlobToken": SAS}
    told = {
        "": [{"Id": "t", "Name": "Trainer"}, {"Id": "s", "Name": "Scorer"}],
        "/t/endpoints": [trainer],
        "/t/endpoints/default": {**trainer, "Resources": []},
        "/s/endpoints": [default, added, other],
        "/s/endpoints/default": {**default, **resources()},
        "/s/endpoints/ep1": {**added, **resources(patched)},
        "/s/endpoints/ep2": {**other, **resources()},
    }
    return {
        **{management(path): open_to(answer, TOKEN) for path, answer in told.items()},
        **{f"{scoring(guid)}/swagger.json": document for guid in (OF_TRAINER, OF_DEFAULT, OF_ADDED, OF_OTHER)},
        f"{scoring(OF_DEFAULT)}/execute": open_to(scored("0.25"), "key-default"),
        f"{scoring(OF_ADDED)}/execute": open_to(scored("0.75"), "key-ep1"),
        f"{scoring(OF_OTHER)}/execute": open_to(scored("0.25"), "key-ep2"),
        f"{scoring(OF_TRAINER)}/jobs/j": open_to({"StatusCode": "Finished", "Results": {"o": result}}, "training-key"),
        MODEL: b"\x00\x01model",
    }


class Scripted(Transport):
    """Answers by the table; ``asked`` are the calls, in their order. Hosts that begin like ``away`` are not there."""

    def __init__(self, answers: Mapping[str, Any], *away: str) -> None:
        super().__init__(requests.Session())
        self.answers, self.away = answers, away
        self.calls: list[Call] = []
        self.allowed: list[float] = []  # seconds, of each call
        self.closed = False

    @property
    def asked(self) -> list[str]:
        """Method and address of each call."""
        return [f"{one.method} {one.url}" + ("?" + urlencode(one.params) if one.params else "") for one in self.calls]

    @property
    def keys(self) -> list[str]:
        """What each call was made with."""
        return [one.headers.get("Authorization", "").removeprefix("Bearer ") for one in self.calls]

    def send(self, call: Call, deadline: Deadline) -> Answer:
        """Answer as the table says."""
        self.calls.append(call)
        self.allowed.append(deadline.left)
        if call.url.startswith(self.away):
            raise NotSent("the host name is not known", method=call.method, url=call.url)
        address = call.url.partition("?")[0]
        of_another_region = re.match(r"https://(\w+\.)?management\.", address) and not address.startswith(MANAGEMENT)
        found = self.answers.get(address, OF_ANOTHER_REGION if of_another_region else NOT_FOUND)
        answer = found(call) if callable(found) else found
        if isinstance(answer, Refusal):
            return Answer(call, answer.status, MappingProxyType({}), answer.content)
        return Answer(
            call, 200, MappingProxyType({}), answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        )

    def close(self) -> None:
        """Remember that somebody closed it."""
        self.closed = True
