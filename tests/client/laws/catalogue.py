"""Every error of the contracts as it goes over the wire, in its host's envelope, with secrets where a text has room."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from amlcontracts import load
from client.fake_service import CONNECTION_STRING, SIGNATURE

JSON = "application/json; charset=utf-8"
QUOTED = f"https://a.test/c/b?sv=1&sig={SIGNATURE}&sp=r with {CONNECTION_STRING}"
SCHEMAS = {"scoring": "error", "management": "management-error", "studio": "studio-error", "control": "control-error"}


@dataclass(frozen=True)
class Refusal:
    """One error: what a client has to read out of ``body``. ``detail`` is its code among the details, or ``""``."""

    host: str
    name: str
    status: int
    code: str
    detail: str
    message: str
    body: bytes
    kind: str = JSON

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer so, whatever is asked: a WSGI application."""
        body = b"" if self.status == 304 else self.body
        length = [] if self.status == 304 else [("Content-Length", str(len(body)))]
        start_response(f"{self.status} X", [("Content-Type", self.kind), *length, ("x-ms-request-id", "req-7")])
        return [body]


def refusals() -> Iterator[Refusal]:
    """Yield every error of contracts/errors.yaml."""
    errors = load("errors")
    for group, facts in errors["groups"].items():
        yield _of_group(group, "", facts["message"], facts)
        for code, message in facts.get("codes", {}).items():
            yield _of_group(group, code, message, facts)
    for host, rendered in ENVELOPES.items():
        for name, facts in errors[host].items():
            code, message = facts.get("code", name), _filled(facts["message"])
            body, kind = rendered(code, message, facts)
            unread = facts.get("envelope") == "plain"
            yield Refusal(host, name, facts["status"], "" if unread else code, "", message, body, kind)


def _filled(message: str) -> str:
    """Fill every place of a text with secrets, as the service quotes what it was sent."""
    return re.sub(r"{\d}", lambda _: QUOTED, message)


def _of_group(group: str, code: str, message: str, facts: dict[str, Any]) -> Refusal:
    details = [{"code": code, "target": "input1", "message": _filled(message)}] if code else []
    wire = {"error": {"code": group, "message": facts["message"], "details": details}}
    body = json.dumps(wire).encode()
    return Refusal("groups", f"{group}/{code}", facts["status"], group, code, facts["message"], body)


Rendered = Callable[[str, str, dict[str, Any]], tuple[bytes, str]]


def _flat(code: str, message: str, facts: dict[str, Any]) -> tuple[bytes, str]:
    return json.dumps({"error": {"code": code, "message": message}}).encode(), JSON


def _scoring(code: str, message: str, facts: dict[str, Any]) -> tuple[bytes, str]:
    return json.dumps({"error": {"code": code, "message": message, "details": []}}).encode(), JSON


def _studio(code: str, message: str, facts: dict[str, Any]) -> tuple[bytes, str]:
    if facts.get("envelope") == "plain":
        return message.encode(), "text/plain"
    rest = {"Target": None, "Details": [], "InnerError": None, "DebugInfo": None}
    return json.dumps({"Error": {"Code": code, "Message": message, **rest}}).encode(), JSON


def _blob(code: str, message: str, facts: dict[str, Any]) -> tuple[bytes, str]:
    told = f"{message}\nRequestId:0\nTime:2016-01-01T00:00:00Z"
    text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{escape(told)}</Message></Error>'
    return b"\xef\xbb\xbf" + text.encode(), "application/xml"


ENVELOPES: dict[str, Rendered] = {
    "scoring": _scoring,
    "management": _flat,
    "studio": _studio,
    "control": _flat,
    "blob": _blob,
}
EVERY = tuple(refusals())
