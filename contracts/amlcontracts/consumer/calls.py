"""The calls of a program, as a contract keeps them: made of the exchanges of its run.

A call that only reads (GET, and scoring) and is made again before anything is changed is one call, and its last answer
counts: how often a program polls depends on the day.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from amlcontracts.consumer.places import Writer
from amlcontracts.consumer.shapes import with_texts
from amlcontracts.operations import Operation, operations

APIS = ("rrs-bes", "management", "studio")  # what is kept; help pages and the control plane are for people and tests
NOUNS = {"bes.submit": "job"}  # what an answer that is a bare text is
Exchange = Mapping[str, Any]  # exchanges.schema.json
Call = dict[str, Any]
Answer = dict[str, Any]  # what is relied on: the status, and the shapes of headers and body


@dataclass(frozen=True, slots=True)
class Made:
    """A call as the contract keeps it, and the answer that it got: status, headers by small name, and body."""

    call: Call
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def line(self) -> str:
        """The call on one line."""
        return line(self.call)


def line(call: Call) -> str:
    """Return a call on one line: its operation, where, and as whom."""
    where = "/".join(call[name] for name in ("service", "endpoint") if name in call)
    return f"{call['operation']}{f' at {where!r}' if where else ''}, called with {_whose(call['as'])}"


def _whose(caller: str) -> str:
    return {"nobody": "no key", "stranger": "a key of nobody"}.get(caller, f"the {caller}")


def made_of(
    exchanges: Sequence[Exchange], writer: Writer, relied_on: Callable[[Made], Answer] = lambda made: {}
) -> list[Made]:
    """Return the calls of a run in order, each with what is relied on in its answer.

    ``writer`` puts places in, and learns from an answer when what is stated of that has been written: it would be true
    of any answer otherwise.
    """
    made = []
    for number, group in enumerate(_groups(exchanges)):
        found = operation_of(group[-1])
        assert found is not None
        last = group[-1]
        call = _call(found, last, writer)
        made.append(Made(call, last["status"], last["answer_headers"], content(last["answer"])[1]))
        relied = relied_on(made[-1]).items()
        call["answer"] = {name: one if name == "status" else with_texts(one, writer.write) for name, one in relied}
        for exchange in group:
            writer.learn(number, NOUNS.get(found.name, "text"), content(exchange["answer"])[1])
    for number, kept in writer.kept.items():
        made[number].call["keep"] = {name: list(pointer) for name, pointer in sorted(kept.items())}
    return made


def operation_of(exchange: Exchange) -> Operation | None:
    """Return the operation as the OpenAPI documents have it, None for one that a contract does not keep."""
    path = re.sub("/+", "/", exchange["url"].partition("?")[0]).rstrip("/")
    fitting = [
        one
        for one in operations()
        if one.api in APIS
        and (one.name, one.method) == (exchange["operation"], exchange["method"])
        and set(re.findall(r"{(\w+)}", one.path)) <= set(exchange["arguments"])
    ]
    fitting.sort(key=lambda one: not path.endswith(one.path.rpartition("}")[2]))
    return fitting[0] if fitting else None


def _groups(exchanges: Sequence[Exchange]) -> list[list[Exchange]]:
    """Put together those that are one call, in the order in which each was first made."""
    groups: list[list[Exchange]] = []
    open_groups: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        if operation_of(exchange) is None:
            continue
        if not _only_reads(exchange):
            open_groups = {}
            groups.append([exchange])
            continue
        same = json.dumps([exchange[name] for name in ("method", "url", "caller", "headers", "body")])
        if same not in open_groups:
            groups.append(open_groups.setdefault(same, []))
        open_groups[same].append(exchange)
    return groups


def _only_reads(exchange: Exchange) -> bool:
    return bool(exchange["method"] == "GET" or exchange["operation"].startswith("rrs."))


def _call(operation: Operation, exchange: Exchange, writer: Writer) -> Call:
    """Return operation, place, caller and request of a call; what it relies on in the answer comes later."""
    call: Call = {"operation": operation.id}
    call |= {name: exchange[name] for name in ("service", "endpoint") if exchange[name] is not None}
    call["as"] = exchange["caller"]
    said = _implied(call)
    path = {name: writer.write(text) for name, text in exchange["arguments"].items() if name not in said}
    query = {name: writer.write(text) for name, text in parse_qsl(exchange["url"].partition("?")[2], True)}
    headers = {name: text for name, text in exchange["headers"].items() if (name, text) != ("accept", "*/*")}
    request: dict[str, Any] = {
        name: one for name, one in (("path", path), ("query", query), ("headers", headers)) if one
    }
    kind, body = content(exchange["body"])
    if kind != "nothing":
        request[kind] = body if kind == "base64" else writer.write(body)
    call["request"] = request
    return call


def _implied(call: Call) -> set[str]:
    """Return the parts of a path that service and endpoint say."""
    said = {"workspace_id"}
    if "service" in call:
        said.add("service_id")
    if "endpoint" in call:
        said |= {"endpoint_id", "endpoint_name"}
    return said


def content(text: Any) -> tuple[str, Any]:
    """Return what a body is: ``body`` and its JSON, else ``text``, ``base64`` or ``nothing`` with it as it is."""
    if isinstance(text, dict):
        return "base64", text["base64"]
    if not text:
        return "nothing", None
    try:
        return "body", json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return "text", text


def _no_constant(name: str) -> Any:
    raise ValueError(name)
