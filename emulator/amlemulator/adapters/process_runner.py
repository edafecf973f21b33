"""The Runner port as a small pool of worker processes that can be killed while they work.

Why not a library: multiprocessing's spawn and forkserver import the caller's ``__main__`` again, which breaks scripts
that hold an emulator in process; the maintained pool that kills running tasks is LGPL, and breaks for good when an idle
worker dies (feasibility.md). One thread here minds one process: it writes a line, reads lines, and starts another
process when that one is gone.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import signal
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amlemulator.ports.runner import Done, Outcome, Progress, Task, outcome_of

if TYPE_CHECKING:
    import subprocess  # imported with the first worker: a program that only scores has none

LOG = logging.getLogger(__name__)
IDLE_SECONDS = 120.0  # a worker with nothing to do for so long is ended; a new one costs about a second
LAST_BREATH = 2.0  # seconds for a crashing process to be gone, so that it can be told how it went
PROMPT = ("check_model", "score", "warm")  # kinds of tasks that somebody waits for: no long job stands before them
SCORING = ("score", "warm")  # kinds that leave a graph and its models in the process; "warm" without a body does not
LINE_KEPT = 2000  # characters of one line of a worker's output that reach the log
# With a busy neighbour, the libraries' own threads made fits three times slower (feasibility.md).
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(slots=True)
class _Entry:
    """A task on its way."""

    handle: str
    task: Task
    done: Done
    progress: Progress | None
    cancelled: bool = False
    late: bool = False
    taken: bool = False  # the worker said that it has it
    module: str | None = None  # the module that the worker was at, by its last word
    process: subprocess.Popen[bytes] | None = field(default=None)


class ProcessRunner:
    """A pool of processes, started when there is something to do. See the Runner protocol.

    At most ``workers`` do what takes its time, one more what somebody waits for (PROMPT). The worker that has scored
    last, or was warmed to, is kept for the next score: jobs go to the others. ``memory`` bounds what each process may
    take, in bytes; 0 leaves it to the system.
    """

    def __init__(self, workers: int, idle_seconds: float = IDLE_SECONDS, memory: int = 0) -> None:
        self._workers = max(1, workers)
        self._idle_seconds = idle_seconds
        self._memory = memory
        self._lock = threading.Lock()
        # What wakes each thread that has nothing to do, the one that worked last at the end.
        self._idle: dict[threading.Thread, threading.Condition] = {}
        self._kept: threading.Thread | None = None  # whose process has a scoring graph and its models in memory
        self._pending: deque[_Entry] = deque()
        self._prompt: deque[_Entry] = deque()
        self._slow = 0  # tasks that are no prompt ones and are with a worker
        self._entries: dict[str, _Entry] = {}
        self._numbers = itertools.count(1)
        self._threads: set[threading.Thread] = set()
        # Who is on the way to a task, and finds it there: one that is no prompt one, and a prompt one.
        self._coming: tuple[set[threading.Thread], ...] = (set(), set())
        self._answered: set[threading.Thread] = set()  # whose task has ended: they look for work in a moment
        self._closed = False

    def submit(self, task: Task, done: Done, progress: Progress | None = None) -> str:
        """Queue a task; returns a handle. After close it ends at once as cancelled."""
        entry = _Entry(f"task-{next(self._numbers)}", task, done, progress)
        with self._lock:
            closed = self._closed
            if not closed:
                self._entries[entry.handle] = entry
                self._queue_of(entry).append(entry)
                self._wake(entry)
        if closed:
            done(Outcome("cancelled"))
        return entry.handle

    def _wake(self, entry: _Entry) -> None:
        """Have a thread look for work."""
        prompt = self._queue_of(entry) is self._prompt
        if not prompt and self._slow + len(self._pending) > self._workers:
            return  # it has to wait for one of those that came before
        thread = self._chosen(prompt)
        if thread in self._idle:
            self._idle.pop(thread).notify()
        elif thread is None and self._has_room():
            thread = self._start_thread()
        if thread is not None:
            self._coming[prompt].add(thread)

    def _chosen(self, prompt: bool) -> threading.Thread | None:
        """Return the free thread whose process knows most of what it is to do; None when there is none, or better not.

        A job that took the kept one would have the next score wait until another has imported all that it needs.
        """
        # Whoever was told of the end of a PATCH may be quicker with the score than the thread with what it does then;
        # but a callback in that thread must not wait for itself.
        returning = self._answered - self._coming[True] - {threading.current_thread()}
        if prompt and (self._kept in self._idle or self._kept in returning):
            return self._kept
        others = [thread for thread in self._idle if thread is not self._kept]
        if others or self._has_room():
            return others[-1] if others else None
        return next(iter(self._idle), None)

    def _has_room(self) -> bool:
        return len(self._threads) <= self._workers

    def _queue_of(self, entry: _Entry) -> deque[_Entry]:
        return self._prompt if entry.task.kind in PROMPT else self._pending

    def cancel(self, handle: str) -> None:
        """Stop a task; a running one is killed with everything it started."""
        with self._lock:
            entry = self._entries.get(handle)
            if entry is None:
                return
            entry.cancelled = True
            queue = self._queue_of(entry)
            waiting = entry in queue
            if waiting:
                queue.remove(entry)
                del self._entries[handle]
            elif entry.process is not None:
                _kill(entry.process)
        if waiting:
            entry.done(Outcome("cancelled"))

    def run(self, task: Task) -> Outcome:
        """Submit and wait."""
        return outcome_of(self, task)

    def close(self) -> None:
        """Kill every worker; what is pending or running ends as cancelled."""
        with self._lock:
            self._closed = True
            handles = list(self._entries)
            threads = list(self._threads)
            while self._idle:
                self._idle.popitem()[1].notify()
        for handle in handles:
            self.cancel(handle)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(timeout=10)

    # --- the threads, one per worker ---------------------------------------------------------------------------------

    def _start_thread(self) -> threading.Thread:
        thread = threading.Thread(target=self._mind, name=f"amlclassic-worker-{len(self._threads) + 1}", daemon=True)
        self._threads.add(thread)
        thread.start()
        return thread

    def _mind(self) -> None:
        """Do tasks with one process for as long as there are some."""
        process: subprocess.Popen[bytes] | None = None
        try:
            while (entry := self._next()) is not None:
                try:
                    process = self._perform(entry, process)
                finally:
                    self._done_with(entry)
        finally:
            if process is not None:
                _end(process)
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _next(self) -> _Entry | None:
        me = threading.current_thread()
        with self._lock:
            while (entry := self._take(me)) is None:
                bell = self._idle[me] = threading.Condition(self._lock)
                woken = self._closed or bell.wait(self._idle_seconds)
                rung = me not in self._idle  # perhaps in the moment in which the patience was over
                self._idle.pop(me, None)
                if self._closed or not (woken or rung or self._kept is me):
                    # Gone in the same breath: a task that comes now must find that there is no thread for it.
                    self._threads.discard(me)
                    return None
            return entry

    def _take(self, me: threading.Thread) -> _Entry | None:
        for threads in (*self._coming, self._answered):
            threads.discard(me)
        if len(self._prompt) > len(self._coming[True]):
            return self._prompt.popleft()
        # The thread that is kept leaves a job to those that will be here in a moment.
        others = len(self._coming[False] | self._answered) if self._kept is me else 0
        if min(len(self._pending), self._workers - self._slow) > others:
            self._slow += 1
            return self._pending.popleft()
        return None

    def _done_with(self, entry: _Entry) -> None:
        if self._queue_of(entry) is self._pending:
            with self._lock:
                self._slow -= 1

    def _perform(self, entry: _Entry, process: subprocess.Popen[bytes] | None) -> subprocess.Popen[bytes] | None:
        """Have the process do the task, or a new one where it died while it was idle; return it, or None when gone."""
        answer = None if process is None else self._ask(entry, process)
        if answer is None:
            if process is not None:
                _end(process)
            process = _start_process(self._memory)
            answer = self._ask(entry, process) or {}
        assert process is not None
        with self._lock:
            self._entries.pop(entry.handle, None)
        unharmed = bool(answer) and not (entry.cancelled or entry.late)
        stopped = entry.cancelled or entry.late
        how = "" if unharmed else _end(process, 0.0 if stopped else LAST_BREATH)
        outcome = _outcome(entry, answer, how)
        self._keep(entry.task, unharmed)
        try:
            entry.done(outcome)
        except Exception:
            LOG.exception("a callback of %s failed", entry.handle)
        return process if unharmed else None

    def _keep(self, task: Task, unharmed: bool) -> None:
        """Keep the process of this thread for scores, or keep it no more."""
        me = threading.current_thread()
        with self._lock:
            self._answered.add(me)
            if unharmed and task.kind in SCORING and task.body:
                self._kept = me
            elif self._kept is me:
                self._kept = None

    def _ask(self, entry: _Entry, process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
        """Return the worker's answer, {} when there will be none, None when it was gone before it took the task."""
        with self._lock:
            if entry.cancelled:
                return {}
            entry.process = process
        timer = self._timer(entry, process)
        try:
            answer = _converse(entry, process)
        finally:
            if timer is not None:
                timer.cancel()
        with self._lock:
            entry.process = None
        nobody_has_it = not (answer or entry.taken or entry.cancelled or entry.late)
        return None if nobody_has_it else answer

    def _timer(self, entry: _Entry, process: subprocess.Popen[bytes]) -> threading.Timer | None:
        if entry.task.time_limit is None:
            return None

        def expire() -> None:
            entry.late = True
            _kill(process)

        timer = threading.Timer(entry.task.time_limit, expire)
        timer.daemon = True
        timer.start()
        return timer


def _start_process(memory: int) -> subprocess.Popen[bytes]:
    import subprocess

    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "amlemulator.experiments.worker", str(memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **THREADS},
        start_new_session=True,  # a group of its own, so that killing it takes what user code started along
    )
    threading.Thread(target=_drain, args=(process,), daemon=True).start()
    return process


def _drain(process: subprocess.Popen[bytes]) -> None:
    """Read what the worker prints, for an unread pipe would stop it in the end."""
    assert process.stderr is not None
    while line := process.stderr.readline(LINE_KEPT):
        LOG.debug("worker %d: %s", process.pid, line.decode("utf-8", "replace").rstrip())
    process.stderr.close()


def _converse(entry: _Entry, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Tell the worker its task and listen until it answers; {} when it went away instead.

    That a process is still there says little before: one with several threads stays a while after it was killed.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"kind": entry.task.kind, "body": entry.task.body}).encode() + b"\n")
        process.stdin.flush()
    except OSError:  # it was killed before it could read
        return {}
    for raw in process.stdout:
        try:
            line: dict[str, Any] = json.loads(raw)
        except ValueError:  # cut short by a kill
            return {}
        entry.taken = True
        if "taken" in line:
            continue
        if "progress" not in line:
            return line
        entry.module = line["progress"].get("module", entry.module)
        if entry.progress is not None and not entry.cancelled:
            entry.progress(line["progress"])
    return {}


def _outcome(entry: _Entry, answer: dict[str, Any], how: str) -> Outcome:
    if entry.cancelled:
        return Outcome("cancelled")
    if "result" in answer:
        return Outcome("done", result=answer["result"])
    if "error" in answer:
        return Outcome("failed", error=answer["error"])
    from amlemulator.experiments.errors import ModuleError

    reason = f"it took longer than {entry.task.time_limit:g} seconds" if entry.late else how
    crashed = ModuleError("1000", f"The module did not finish: {reason}")
    crashed.module = entry.module or ("Web Service Input" if entry.taken else "Emulator")
    return Outcome("crashed", error=crashed.to_dict())


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        process.poll()


def _end(process: subprocess.Popen[bytes], patience: float = 0.0) -> str:
    """Kill a process, wait for it and close its pipes, so that neither a zombie nor a descriptor stays.

    One that is ending by itself is left ``patience`` seconds to do so. Returns how it ended, for people.
    """
    import subprocess

    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    _kill(process)
    status = process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with contextlib.suppress(OSError):  # what was still to be written to it has nowhere to go
            pipe.close()
    return f"its process ended with status {status}" if status >= 0 else f"its process was ended by {_name(-status)}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
