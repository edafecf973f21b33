"""How long Hypothesis may look for a shorter example: people wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis.internal.conjecture import engine
from hypothesis.reporting import with_reporter

SECONDS = 20


@contextmanager
def bounded_shrinking(seconds: int = SECONDS) -> Iterator[None]:
    """Let the search for a shorter example end after so long, instead of five minutes, and say nothing of it.

    Hypothesis has no setting for that, only this constant; a version without it takes its time and is as right.
    """
    before = getattr(engine, "MAX_SHRINKING_SECONDS", None)
    if before is not None:
        engine.MAX_SHRINKING_SECONDS = seconds
    try:
        with with_reporter(lambda text: None):
            yield
    finally:
        if before is not None:
            engine.MAX_SHRINKING_SECONDS = before
