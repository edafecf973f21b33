"""How a check says that a promise was broken."""

from __future__ import annotations

from typing import Any, ClassVar

SHOWN = 600  # characters of one value in a message


class Breach(AssertionError):
    """The service did not do what it promises; the message says what was expected and what came.

    ``latest`` is the last one of all: of one that does not come again Hypothesis says only that it is flaky.
    """

    latest: ClassVar[Breach | None] = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        Breach.latest = self


class NotApplicable(Exception):
    """The check cannot be made here; the message says what is missing."""


def show(value: Any) -> str:
    """Return a value as it stands in messages, cut where it is long."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


def hold(condition: object, sentence: str) -> None:
    """Raise Breach with the sentence unless the condition holds."""
    if not condition:
        raise Breach(sentence)


def same(expected: Any, actual: Any, what: str) -> None:
    """Raise Breach unless both are equal, naming where they part."""
    if expected != actual:
        raise Breach(f"{what}: {_difference(expected, actual)}")


def _difference(expected: Any, actual: Any) -> str:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in [*expected, *actual]:
            if name not in actual:
                return f"{name} is missing"
            if name not in expected:
                return f"{name} should not be there"
            if expected[name] != actual[name]:
                return f"{name}: {_difference(expected[name], actual[name])}"
    if isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)) and len(expected) == len(actual):
        for place, (one, other) in enumerate(zip(expected, actual, strict=True)):
            if one != other:
                return f"[{place}]: {_difference(one, other)}"
    return f"expected {show(expected)}, got {show(actual)}"
