"""What holds of every answer, whatever was asked: its headers, its body's schema, its error's place in the catalogue.

The schemas are looked at by the reference implementation of JSON Schema; the emulator's own tests use another one.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import Any

from amlcontracts import load
from amlcontracts.harness.breach import hold, same, show
from amlcontracts.harness.wire import Answer
from amlcontracts.operations import Operation, operations
from amlcontracts.schemas import faults

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
SCORING = re.compile(r"/services/[^/?]+/(execute|score|jobs|swagger\.json)\b")
MANAGEMENT = re.compile(r"/workspaces/[^/?]+/+webservices")
OPEN_GROUPS = ("LibraryExecutionError", "ModuleExecutionError")  # their details hold a module's own code


def family(url: str) -> str:
    """Return which envelope an address answers with: "scoring", "management" or "" for anything else."""
    path = url.partition("?")[0]
    if SCORING.search(path):
        return "scoring"
    return "management" if MANAGEMENT.search(path) and "/apihelp/" not in path else ""


@cache
def _shapes() -> list[tuple[str, re.Pattern[str], Operation]]:
    """Return method, what matches the end of a path, and the operation, those with literal ends first."""
    found = [(one.method, _shape(one), one) for api in ("rrs-bes", "management") for one in operations(api)]
    return sorted(found, key=lambda entry: entry[2].path.count("{"))


def _shape(operation: Operation) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(operation.path)) + r"/?$")


def operation_of(method: str, url: str) -> Operation | None:
    """Return the operation that a request calls, None when no document describes it."""
    written = url.partition("?")[0].partition("://")[2].replace("%20", " ").rstrip("/ ")
    path = "/".join(part.rstrip(" ") or part for part in written.split("/") if part)
    begin = path.find("/workspaces/")
    for verb, pattern, operation in _shapes():
        if verb == method and pattern.fullmatch(path[begin:]):
            return operation
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """Return what matches a message of the catalogue, whatever stands in its places."""
    parts = re.split(r"\{\d\}", template)
    return re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)


def _fits(template: str, message: Any) -> bool:
    return isinstance(message, str) and _pattern(template).fullmatch(message) is not None


class EveryAnswer:
    """Looks at each answer; remembers the request ids, for no two may be the same."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, answer: Answer) -> None:
        """Raise Breach at an answer that no call may get."""
        kind = family(answer.url)
        if not kind:
            return
        self._check_id(answer)
        hold("www-authenticate" not in answer.headers, f"{answer.line}: WWW-Authenticate was never sent")
        hold("location" not in answer.headers, f"{answer.line}: nothing redirects")
        if answer.status == 304:
            same(b"", answer.body, f"{answer.line}: body of a 304")
            return
        if answer.body:
            same("application/json", answer.headers.get("content-type", "").partition(";")[0], f"{answer.line}: type")
        if answer.status >= 400:
            _check_error(answer, kind)
        else:
            same(200, answer.status, f"{answer.line}: status of a success")
        _check_schema(answer)

    def _check_id(self, answer: Answer) -> None:
        given = answer.headers.get("x-ms-request-id", "")
        hold(GUID.fullmatch(given), f"{answer.line}: x-ms-request-id is {given!r}, not a GUID")
        with self._lock:
            known = given in self._ids
            self._ids.add(given)
        hold(not known, f"{answer.line}: x-ms-request-id {given} was another request's")


def _check_schema(answer: Answer) -> None:
    operation = operation_of(answer.method, answer.url)
    if operation is None or not answer.body:
        return
    hold(answer.status in operation.answers, f"{answer.line}: {operation.id} is not described with this status")
    name = operation.schema_of_answer(answer.status, answer.headers.get("content-type", ""))
    found = faults(name, answer.json) if name is not None else []
    hold(not found, f"{answer.line}: not as {name}.schema.json has it: {show('; '.join(found))}")


def _check_error(answer: Answer, kind: str) -> None:
    body = answer.json
    hold(isinstance(body, dict) and list(body) == ["error"], f"{answer.line}: not an error envelope: {show(body)}")
    error = body["error"]
    if kind == "management" and "details" not in error:
        same(["code", "message"], list(error), f"{answer.line}: members of a flat error")
        _check_flat(answer, error)
        return
    same(["code", "message", "details"], list(error), f"{answer.line}: members of error")
    _check_detailed(answer, error)


def _check_flat(answer: Answer, error: dict[str, Any]) -> None:
    entries = load("errors")["management"]
    known = [one for name, one in entries.items() if one.get("code", name) == error["code"]]
    hold(known, f"{answer.line}: the catalogue has no flat error {error['code']}")
    same(True, answer.status in {one["status"] for one in known}, f"{answer.line}: {error['code']} has this status")
    hold(isinstance(error["message"], str) and error["message"], f"{answer.line}: an error without a message")
    # BadArgument carries sentences that nobody recorded (errors.md U3, U7); the others say what the catalogue says.
    worded = error["code"] == "BadArgument" or any(_fits(one["message"], error["message"]) for one in known)
    hold(worded, f"{answer.line}: {error['code']} does not say {show(error['message'])}")


def _check_detailed(answer: Answer, error: dict[str, Any]) -> None:
    groups = load("errors")["groups"] | load("errors")["scoring"]
    group = groups.get(error["code"])
    hold(group, f"{answer.line}: the catalogue has no error {error['code']}")
    same(group["status"], answer.status, f"{answer.line}: status of {error['code']}")
    if "ours" not in group:
        hold(_fits(group["message"], error["message"]), f"{answer.line}: {error['code']} says {show(error['message'])}")
    for detail in error["details"]:
        members = [name for name in ("code", "target", "message") if name != "target" or "target" in detail]
        same(members, list(detail), f"{answer.line}: members of a detail")
        if error["code"] in OPEN_GROUPS:
            continue
        codes = group.get("codes", {})
        hold(detail["code"] in codes, f"{answer.line}: {error['code']} has no detail {detail['code']}")
        said = detail["message"]
        hold(_fits(codes[detail["code"]], said), f"{answer.line}: {detail['code']} says {show(said)}")
