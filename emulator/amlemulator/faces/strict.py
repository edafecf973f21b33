"""``--strict``: refuse what the documents do not allow, and say which line of which document.

Without it the emulator takes what real clients send (clients.md section 16). With it, every request is held against
its description in ``contracts/openapi`` before its view runs, after region and key. A refusal names the place in the
request, never what stood there: that may be a secret.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

import jsonschema_rs

from amlcontracts import load
from amlcontracts.operations import Operation, operations
from amlcontracts.schemas import bundled, references
from amlemulator.core.errors import failure

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator
    from amlemulator.faces.calls import Call

# The API that describes the operations of each host.
APIS = {
    "services": "rrs-bes",
    "management": "management",
    "studioapi": "studio",
    "studio": "help",
    "control": "control",
}
RULES: Mapping[str, Mapping[str, Any]] = load("rules")["rules"]
DOCUMENTS: Mapping[str, Mapping[str, str]] = load("rules")["documents"]
REFUSALS = {
    "rrs-bes": "BadArgument/RequestBodyInvalid",
    "management": "management/RequestBodyInvalid",
    "studio": "studio/BadRequest",
    "help": "control/BadRequest",
    "control": "control/BadRequest",
}


def check(emulator: Emulator, call: Call) -> None:
    """Hold a request against its description. The last stage of the pipeline, and only where it was asked for."""
    assert call.operation is not None
    for one in _described(APIS.get(call.host.role, ""), call.operation.name, call.method):
        Request(one, call).check()
        return


@cache
def _described(api: str, name: str, method: str) -> tuple[Operation, ...]:
    return tuple(one for one in operations() if (one.api, one.name, one.method) == (api, name, method))


def sentence(rule: str, where: str = "") -> str:
    """Return what a rule says, of which part of the request, and where it is written."""
    facts = RULES[rule]
    document = DOCUMENTS[facts["document"]]
    place = f"line {facts['line']}" if "line" in facts else facts["place"]
    address = f"{document['address']}#L{facts['line']}" if "line" in facts else document["address"]
    seen = f" Seen at {where}." if where else ""
    return f"--strict: {facts['text']}{seen} ({document['title']}, {place}: {address})"


class Request:
    """One request beside its description."""

    def __init__(self, operation: Operation, call: Call) -> None:
        self._operation = operation
        self._call = call

    def check(self) -> None:
        """Raise the refusal of the first breach: of the query, the headers, the body."""
        self._check_query()
        self._check_key()
        if self._operation.bodies and (self._body or self._operation.body_required):
            self._check_body()

    def _refuse(self, rule: str, where: str = "") -> NoReturn:
        raise failure(REFUSALS[self._operation.api], message=sentence(rule, where), evidence="strict.request")

    def _check_query(self) -> None:
        known = {one["name"]: one for one in self._operation.parameters if one["in"] == "query"}
        given = parse_qsl(self._call.environ.get("QUERY_STRING", ""), keep_blank_values=True)
        for name, value in given:
            if name in known and name == "api-version" and self._operation.name.startswith(("rrs.", "bes.")):
                continue  # these have words of their own for another version
            if name not in known or not _fits(known[name]["schema"], value):
                self._refuse("query", f"the parameter {name[:40]}")
        missing = {name for name, one in known.items() if one.get("required")} - {name for name, _ in given}
        if missing:
            self._refuse("query", f"the missing parameter {min(missing)}")

    def _check_key(self) -> None:
        bearer = self._operation.api in ("rrs-bes", "management") and self._operation.security
        if bearer:
            scheme, _, key = (self._call.authorization or "").partition(" ")
            if scheme != "Bearer" or key != key.strip():
                self._refuse("bearer", "the header Authorization")

    @cached_property
    def _body(self) -> bytes:
        """The body, which stays readable for the view."""
        body = self._call.body
        self._call.environ["wsgi.input"] = io.BytesIO(body)
        return body

    def _check_body(self) -> None:
        kind = self._call.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        name = next(references(list(self._operation.bodies.values())), None)
        if name is None:
            return  # a file
        if kind not in self._operation.bodies:
            self._refuse("content-type", "the header Content-Type")
        breach = next(breaches(name, self._value(), "control" if self._operation.api == "control" else "body"), None)
        if breach is not None:
            self._refuse(*breach)

    def _value(self) -> Any:
        def refuse(constant: str) -> NoReturn:
            raise ValueError(constant)

        try:
            return json.loads(self._body.decode("utf-8-sig"), parse_constant=refuse)
        except (ValueError, RecursionError):
            self._refuse("body", "the body")


def _fits(schema: Mapping[str, Any], value: str) -> bool:
    """Tell whether a parameter's text fits: as it is, or as the number that it writes."""
    validator = _validator_of(json.dumps(schema))
    return validator.is_valid(value) or (value.isascii() and value.isdecimal() and validator.is_valid(int(value)))


@cache
def _validator_of(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(schema))


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(bundled(name))


def breaches(name: str, value: Any, rule: str = "body") -> Iterator[tuple[str, str]]:
    """Yield the rule and the place of each breach of a body's schema; ``rule`` where the schema names none."""
    for error in _validator(name).iter_errors(value):
        deepest = _deepest(error)
        path = ".".join(str(step)[:40] for step in deepest.instance_path)
        yield _rule(name, deepest.schema_path) or rule, path or "the body"


def _deepest(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """Return the breach that lies deepest in the request: of several alternatives, the one that was meant."""
    within = [_deepest(one) for branch in getattr(error.kind, "context", ()) for one in branch]
    return max(within, key=lambda one: len(one.instance_path), default=error)


def _rule(name: str, path: list[str | int]) -> str | None:
    """Return the rule that holds where a breach was found, the innermost that a schema on the way names, or None."""
    schema: Any = bundled(name)
    rule: str | None = schema["$defs"][name].get("x-rule")
    for step in path:
        schema = schema[step]
        if isinstance(schema, dict):
            rule = schema.get("x-rule", rule)
    return rule
