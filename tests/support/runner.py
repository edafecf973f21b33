"""A runner whose tasks end when the test says so, and an emulator with it in place of worker processes."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlemulator import Emulator
from amlemulator.core.records import Job, JobState
from amlemulator.experiments.errors import ragged_rows
from amlemulator.ports.runner import Done, Outcome, Progress, Task

# Seconds until a test that waits is told that nothing comes. It is no bound on anything: a worker that trains takes
# long on a machine that does much else.
PATIENCE = 90.0


def until(found: Callable[[], Any]) -> Any:
    """Wait until a call gives something true, and return that."""
    end = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)
    return value


@dataclass
class Running:
    """A task that was handed over."""

    task: Task
    done: Done
    progress: Progress | None


class FakeRunner:
    """The Runner port without processes. ``verdict`` is what ``run`` answers."""

    def __init__(self) -> None:
        self.tasks: dict[str, Running] = {}  # by handle, in order of submission
        self.cancelled: list[str] = []
        self.checked: list[Task] = []
        self.verdict = Outcome("done")
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def submit(self, task: Task, done: Done, progress: Progress | None = None) -> str:
        """Keep a task."""
        with self._lock:
            handle = f"task-{next(self._numbers)}"
            self.tasks[handle] = Running(task, done, progress)
        return handle

    def cancel(self, handle: str) -> None:
        """End a task as cancelled."""
        with self._lock:
            running = self.tasks.pop(handle, None)
        if running is not None:
            self.cancelled.append(handle)
            running.done(Outcome("cancelled"))

    def run(self, task: Task) -> Outcome:
        """Give the verdict at once."""
        self.checked.append(task)
        return self.verdict

    def close(self) -> None:
        """End everything as cancelled."""
        for handle in list(self.tasks):
            self.cancel(handle)

    def finish(self, handle: str, content: bytes = b"x,y\n1,2\n") -> None:
        """End a task well: every output is written."""
        running = self.tasks.pop(handle)
        for output in running.task.body["outputs"].values():
            Path(output["path"]).write_bytes(content)
        running.done(Outcome("done"))

    def fail(self, handle: str) -> None:
        """End a task as a module's failure: the ragged rows of errors.md O20."""
        failed = ragged_rows("All rows must have same number of elements")
        failed.module = "Reader"
        self.tasks.pop(handle).done(Outcome("failed", error=failed.to_dict()))


class StagedEmulator(Emulator):
    """An emulator whose jobs run only in the test's mind."""

    def _make_ports(self) -> None:
        super()._make_ports()
        self.runner.close()
        self.staged = FakeRunner()
        self.runner = self.staged  # type: ignore[assignment] # another implementation of the port

    def handle_of(self, job_id: str) -> str:
        """Wait until a job has been handed to the runner; return its handle there."""
        return str(until(lambda: self.batch._handles.get(job_id)))

    def finish(self, job_id: str, content: bytes = b"x,y\n1,2\n") -> None:
        """Let a running job end well, and wait until it has."""
        self.staged.finish(self.handle_of(job_id), content)
        self.wait_for_end(job_id)

    def fail(self, job_id: str) -> None:
        """Let a running job fail, and wait until it has."""
        self.staged.fail(self.handle_of(job_id))
        self.wait_for_end(job_id)

    def wait_for_end(self, job_id: str) -> None:
        """Wait until a job has ended."""
        until(lambda: self.state(job_id).ended)

    def state(self, job_id: str) -> JobState:
        """Return a job's state."""
        with self.store.transaction() as transaction:
            job = transaction.get(Job, job_id)
        assert job is not None
        return job.state
