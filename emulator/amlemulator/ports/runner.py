"""Where experiments run: outside the server process, one task at a time per worker, killable at any moment.

A task and its outcome are JSON; data goes through files, because a large result through a pipe is where pools hang.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

TaskKind = Literal["run", "check_model", "score", "studio", "schemas", "predictive", "warm"]


@dataclass(frozen=True, slots=True)
class Task:
    """Something for a worker to do. ``body`` is JSON; its members depend on ``kind`` (experiments/worker.py)."""

    kind: TaskKind
    body: dict[str, Any] = field(default_factory=dict)
    time_limit: float | None = None  # seconds; None: no limit


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ended. ``status``: done, failed (``error`` says how, as a module error), cancelled, or crashed."""

    status: Literal["done", "failed", "cancelled", "crashed"]
    result: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] = field(default_factory=dict)  # module, id, code, message: see experiments/errors.py


Progress = Callable[[dict[str, Any]], None]  # {"module": ..., "done": 3, "of": 7}
Done = Callable[[Outcome], None]


class Runner(Protocol):
    """A set of workers. Callbacks come from the runner's own threads, exactly one Done per task."""

    def submit(self, task: Task, done: Done, progress: Progress | None = None) -> str:
        """Queue a task; returns a handle."""
        ...

    def cancel(self, handle: str) -> None:
        """Stop a task, killing its worker if it runs. Its Done comes with ``cancelled``. Unknown handles: nothing."""
        ...

    def run(self, task: Task) -> Outcome:
        """Submit and wait."""
        ...

    def close(self) -> None:
        """Kill every worker; pending tasks end as ``cancelled``."""
        ...


def outcome_of(runner: Runner, task: Task) -> Outcome:
    """Submit a task and wait for its end: how any runner runs one."""
    ended = threading.Event()
    outcomes: list[Outcome] = []

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        ended.set()

    runner.submit(task, done)
    ended.wait()
    return outcomes[0]
