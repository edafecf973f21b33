"""The Runner port for functions of the caller's own: their tasks run in threads of this process, all others in workers.

Only a program that holds the emulator in its own process can hand it such functions, so ``serve`` never takes this way.
A thread cannot be killed: a task that is cancelled or late has ended for everybody else, and its result is dropped.
"""

from __future__ import annotations

import itertools
import json
import threading
from pathlib import Path
from typing import Any

from amlemulator.ports.runner import Done, Outcome, Progress, Runner, Task, outcome_of


class CallerRunner:
    """Hands tasks on to ``workers``, but for those whose graph names one of ``names``."""

    def __init__(self, workers: Runner) -> None:
        self._workers = workers
        self.names: set[str] = set()  # of functions that are held in this process
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._running: dict[str, Done] = {}
        self._closed = False

    def submit(self, task: Task, done: Done, progress: Progress | None = None) -> str:
        """Begin a task here, or queue it for the workers; returns a handle."""
        if not self.names or not self._is_ours(task):
            return self._workers.submit(task, done, progress)
        handle = f"caller-{next(self._numbers)}"
        with self._lock:
            closed = self._closed
            if not closed:
                self._running[handle] = done
        if closed:
            done(Outcome("cancelled"))
            return handle
        timer = threading.Timer(task.time_limit, self._late, (handle, task.time_limit)) if task.time_limit else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        threading.Thread(target=self._perform, args=(handle, task, progress, timer), daemon=True).start()
        return handle

    def _is_ours(self, task: Task) -> bool:
        if task.kind == "check_model":
            return False  # it runs no function
        graph = task.body.get("experiment") or {}
        if isinstance(graph, str):
            graph = json.loads(Path(graph).read_text("utf-8"))
        nodes = graph.get("nodes") or ()
        return any((node.get("parameters") or {}).get("Function") in self.names for node in nodes)

    def _perform(self, handle: str, task: Task, progress: Progress | None, timer: threading.Timer | None) -> None:
        from amlemulator.experiments.worker import answer

        def tell(event: dict[str, Any]) -> None:
            if progress is not None and handle in self._running:
                progress(event)

        line = answer({"kind": task.kind, "body": task.body}, tell)
        if timer is not None:
            timer.cancel()
        ended = Outcome("done", line["result"]) if "result" in line else Outcome("failed", error=line["error"])
        self._end(handle, ended)

    def _late(self, handle: str, seconds: float) -> None:
        from amlemulator.experiments.errors import ModuleError

        late = ModuleError("1000", f"The module did not finish: it took longer than {seconds:g} seconds")
        late.module = "Web Service Input"
        self._end(handle, Outcome("crashed", error=late.to_dict()))

    def _end(self, handle: str, outcome: Outcome) -> None:
        with self._lock:
            done = self._running.pop(handle, None)
        if done is not None:
            done(outcome)

    def cancel(self, handle: str) -> None:
        """End a task as cancelled; what a function still does then is dropped."""
        self._workers.cancel(handle)
        self._end(handle, Outcome("cancelled"))

    def run(self, task: Task) -> Outcome:
        """Submit and wait."""
        return outcome_of(self, task)

    def close(self) -> None:
        """Kill every worker; what is pending or running ends as cancelled."""
        with self._lock:
            self._closed = True
            handles = list(self._running)
        for handle in handles:
            self.cancel(handle)
        self._workers.close()
        if self.names:
            from amlemulator.experiments.functions import release

            release(self.names)
