"""Making the checks one after the other, and what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Literal

from hypothesis.errors import Flaky

from amlclient import EndpointsFile
from amlcontracts.harness.breach import Breach, NotApplicable, hold
from amlcontracts.harness.ground import Effort, Ground, Trained
from amlcontracts.harness.registry import Check
from amlcontracts.harness.shrinking import bounded_shrinking
from amlcontracts.harness.state import State, shown_by
from amlcontracts.harness.wire import Exchange, masked

Verdict = Literal["held", "broken", "not applicable"]
REACHED, LEFT = "run.reachable", "run.leaves-no-trace"


@dataclass(frozen=True)
class Result:
    """What came of one check. ``example`` is the shortest one found, ``exchanges`` the last requests."""

    check: Check
    verdict: Verdict
    seconds: float
    requests: int
    message: str = ""
    example: str = ""
    exchanges: list[Exchange] = field(default_factory=list)


Tell = Callable[[int, int, Check], None]


def perform(
    file: EndpointsFile,
    checks: list[Check],
    effort: Effort,
    seed: str,
    tell: Tell = lambda done, total, check: None,
    trained: Trained | None = None,
    *,
    compare: bool = True,
) -> Generator[Result, None, None]:
    """Make the checks and yield what came of each; at the end ``compare`` the state with that of the beginning.

    However it ends, also when the caller stops listening, what was made is removed.
    """
    before: list[State] = []
    first = _look(file, _made_up(REACHED, "The service answers and shows its services and endpoints.", before.append))
    if first.verdict != "held":  # nothing else can be checked
        yield first
        return
    ground = Ground(file, effort, seed, trained)
    try:
        for done, one in enumerate(checks):
            tell(done, len(checks), one)
            yield _make(ground, one)
    finally:
        ground.close()
    if compare:
        left = _made_up(LEFT, "After all checks every service and endpoint is as before.", _unlike(before[0]))
        yield _look(file, left)


def _unlike(before: State) -> Callable[[State], None]:
    def compare(left: State) -> None:
        names = sorted(name for name in left.keys() | before.keys() if left.get(name) != before.get(name))
        hold(not names, f"what was made was removed, and yet these are not as before: {', '.join(names)}")

    return compare


def _made_up(name: str, sentence: str, found: Callable[[State], None]) -> Check:
    return Check(name, sentence, "law", (), lambda ground: found(shown_by(ground.places)))


def _look(file: EndpointsFile, one: Check) -> Result:
    """Make a check of the whole state. What is wrong with single answers is for the others to find."""
    ground = Ground(file)
    ground.wire.look = lambda answer: None
    try:
        return _make(ground, one)
    finally:
        ground.close()


def _make(ground: Ground, one: Check) -> Result:
    ground.check_id = one.id
    ground.wire.forget()
    begun, sent = time.monotonic(), ground.wire.sent
    verdict, message, example = _verdict(ground, one)
    exchanges = ground.wire.recent() if verdict == "broken" else []
    return Result(one, verdict, time.monotonic() - begun, ground.wire.sent - sent, message, example, exchanges)


def _verdict(ground: Ground, one: Check) -> tuple[Verdict, str, str]:
    try:
        with bounded_shrinking():
            one.run(ground)
    except NotApplicable as error:
        return "not applicable", str(error), ""
    except Breach as error:
        return "broken", masked(str(error)), _example(error)
    except Flaky:
        return "broken", masked(f"{Breach.latest}; and with the same calls again it was not so"), ""
    except Exception as error:  # an answer of a shape that nobody thought of is a breach as well
        return "broken", masked(f"{type(error).__name__}: {error}"), _example(error)
    return "held", "", ""


def _example(error: BaseException) -> str:
    """Return what Hypothesis noted about the example, without its advice on how to replay: ours is the seed."""
    notes: list[str] = []
    for note in getattr(error, "__notes__", ()):
        if note.startswith(("You can reproduce", "Explanation", "Highest target")):
            continue
        notes.append(note)
    return masked("\n".join(notes))
