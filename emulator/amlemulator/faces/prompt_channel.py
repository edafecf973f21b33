"""Small calls of blob storage, answered by waitress' loop itself instead of by one of its threads.

To read or write a small blob takes less time than to hand a request to a thread and to be told that it is done: with
sixteen clients the threads spent most of theirs waiting for each other. What is answered here must not wait: not for a
client (what it does not take at once the loop sends later), not for another host, not for an armed delay, not for a
disk to be in step. It may wait for another writer's transaction, which without that last is over in microseconds.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from waitress.task import Task, ThreadedTaskDispatcher

from amlemulator.faces.blob_channel import Channel

READS = frozenset({"GET", "HEAD"})
WRITES = frozenset({"PUT", "DELETE"})
SMALL = 64 * 1024  # bytes of a body
LONGER = re.compile(r"(?:^|&)(?:restype|comp)=(?!(?:metadata|properties|block|tags)(?:&|$))")
MOST_THREADS = 16


def is_small(request: Any) -> bool:  # an HTTPRequestParser, whose stubs are wrong or incomplete here
    """Tell whether a call concerns one blob, and has at most a small body.

    Listings, block lists and everything about containers may go through thousands of names; a copy asks another host.
    """
    return (
        not request.error
        and request.command in READS | WRITES
        and not request.chunked  # whose length waitress does not tell here
        and request.content_length <= SMALL
        and "X_MS_COPY_SOURCE" not in request.headers
        and LONGER.search(request.query) is None
    )


class PromptChannel(Channel):
    """A connection to blob storage.

    ``prompt`` tells whether storage waits for nothing now, with a call that writes (True) or with one that reads.
    """

    prompt: Callable[[bool], bool] = staticmethod(lambda writes: True)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._loop = threading.get_ident()  # whoever accepts connections is the loop
        self._kept = False

    def keep(self) -> bool:
        """Tell whether the loop keeps the call that has come, so that no thread is to be given it."""
        request: Any = self.requests[0]
        in_loop = threading.get_ident() == self._loop
        self._kept = in_loop and is_small(request) and self.prompt(request.command in WRITES)
        return self._kept

    def handle_read(self) -> None:
        """Take what has come, and answer it when it was kept."""
        super().handle_read()
        if not self._kept:
            return
        self._kept = False
        if len(self.requests) == 1 and not self.total_outbufs_len:
            self.service()
        else:  # an answer behind another one may have to wait until the client has taken that
            threads: Any = self.server.task_dispatcher
            threads.queue_task(self)


class Threads(ThreadedTaskDispatcher):
    """Waitress' threads, each started when there is first something for it to do.

    To start sixteen at once takes longer than all the rest of a start, on a busy machine some tens of milliseconds.
    """

    def add_task(self, task: Task) -> None:
        """Queue a task that the loop does not keep."""
        if not (isinstance(task, PromptChannel) and task.keep()):
            self.queue_task(task)

    def queue_task(self, task: Task) -> None:
        """Queue a task, with one thread more where none is idle."""
        with self.lock:
            running = len(self.threads) - self.stop_count
            busy = len(self.queue) >= running - self.active_count
        if busy and running < MOST_THREADS:
            self.set_thread_count(running + 1)
        super().add_task(task)
