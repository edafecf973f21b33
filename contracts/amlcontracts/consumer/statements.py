"""What a team states of the answers that its program relies on, and what becomes of it for each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from amlcontracts.consumer.calls import Answer, Call, Exchange, Made, made_of
from amlcontracts.consumer.places import Writer
from amlcontracts.consumer.shapes import Shape, shape_of, unlike

UNSTATED: Any = object()


@dataclass(frozen=True, slots=True)
class Statement:
    """What is relied on in the answers to some calls. ``answer`` and ``headers`` are shapes, None when not stated."""

    operation: str
    service: str | None
    endpoint: str | None
    request: Shape
    status: int | None
    headers: Shape
    answer: Shape

    def misses(self, made: Made) -> list[str]:
        """Return why a call is not meant, a line each."""
        call = made.call
        lines = [
            f"{name}: stated {stated!r}, was {call.get(name)!r}"
            for name, stated in (("service", self.service), ("endpoint", self.endpoint))
            if stated not in (None, call.get(name))
        ]
        if not fnmatchcase(call["operation"], self.operation):
            lines.insert(0, f"operation: stated {self.operation!r}, was {call['operation']!r}")
        if self.request is not UNSTATED:
            lines += [f"request {one}" for one in unlike(self.request, call["request"].get("body"))]
        return lines


@dataclass
class Statements:
    """The statements of one test. Of several that mean a call the last one counts."""

    made: list[Statement] = field(default_factory=list)

    def add(
        self,
        operation: str,
        *,
        service: str | None = None,
        endpoint: str | None = None,
        request: Any = UNSTATED,
        status: int | None = None,
        headers: Mapping[str, Any] | None = None,
        answer: Any = UNSTATED,
    ) -> None:
        """State what is relied on. Raises TypeError and ValueError for what cannot be kept."""
        wanted, shown = (one if one is UNSTATED else shape_of(one) for one in (request, answer))
        named = {name.lower(): one for name, one in (headers or {}).items()}
        stated = UNSTATED if headers is None else shape_of(named)
        self.made.append(Statement(operation, service, endpoint, wanted, status, stated, shown))

    def about(self, made: Made) -> Statement | None:
        """Return the statement that counts for a call, None when there is none."""
        return next((one for one in reversed(self.made) if not one.misses(made)), None)

    def of_nothing(self, run: list[Made]) -> list[str]:
        """Return the statements that mean no call of a run, with the nearest call and why it is not meant."""
        told = []
        for one in self.made:
            if all(one.misses(made) for made in run):
                told.append(f"{one.operation!r} is stated, and no such call was made.")
                if run:
                    nearest = min(run, key=lambda made: len(one.misses(made)))
                    told.append(f"  The nearest: {nearest.line}")
                    told += [f"    {missed}" for missed in one.misses(nearest)]
        return told


def relied_on(statement: Statement | None, made: Made) -> Answer:
    """Return what a contract keeps of an answer: what is stated, or its status alone."""
    if statement is None:
        return {"status": made.status}
    stated = {"status": made.status if statement.status is None else statement.status}
    more = {"headers": statement.headers, "body": statement.answer}
    return stated | {name: shape for name, shape in more.items() if shape is not UNSTATED}


def amiss(answer: Mapping[str, Any], status: int, headers: Mapping[str, str], body: Any) -> list[str]:
    """Return how an answer is not what is relied on, a line each."""
    if status != answer["status"]:
        return [f"status: relied on {answer['status']}, got {status} {body if body is not None else ''}".rstrip()]
    lines = [f"headers{one.removeprefix('$')}" for one in unlike(answer.get("headers", {}), dict(headers))]
    return lines + [f"answer {one}" for one in (unlike(answer["body"], body) if "body" in answer else ())]


def settled(statements: Statements, exchanges: Sequence[Exchange], writer: Writer) -> tuple[list[Call], list[str]]:
    """Return the calls of a run as the contract keeps them, and what is not as stated."""

    def relied(made: Made) -> Answer:
        return relied_on(statements.about(made), made)

    run = made_of(exchanges, writer, relied)
    told = statements.of_nothing(run)
    for made in run:
        found = amiss(relied(made), made.status, made.headers, made.body)
        told += [f"{made.line}:", *(f"  {one}" for one in found)] if found else []
    return [made.call for made in run], told
