"""The worker process: ``python -m amlemulator.experiments.worker``. It does one task after another, told by JSON lines.

In:  ``{"kind": "run", "body": {...}}``. Out: ``{"taken": true}`` (until then another worker may be given the task), any
number of ``{"progress": {...}}``, then one ``{"result": {...}}`` or ``{"error": {...}}``. Data goes through files. What
a task does stands in experiments/tasks.py.

When the pipe from the emulator ends, however it ended, the worker kills its whole process group, itself included: no
worker and no child of user code outlives the emulator.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import traceback
from typing import IO, Any

Line = dict[str, Any]


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Keep the pipes for the protocol; whatever user code prints goes to the log, whatever it reads is empty."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


def _listen(incoming: IO[bytes], tasks: queue.SimpleQueue[Line]) -> None:
    for line in incoming:
        tasks.put(json.loads(line))
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _answer(task: Line, progress: Any) -> Line:
    from amlemulator.experiments.errors import ModuleError

    try:
        from amlemulator.experiments import tasks

        return {"result": tasks.TASKS[task["kind"]](task["body"], progress)}
    except ModuleError as error:
        return {"error": error.to_dict()}
    except Exception as error:
        traceback.print_exc()  # into the emulator's log
        unexpected = ModuleError("1000", f"{type(error).__name__}: {error}")
        unexpected.module = getattr(error, "module", None) or task["kind"]
        return {"error": unexpected.to_dict()}


def main() -> None:
    """Serve tasks until the emulator goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the emulator's to handle
    incoming, outgoing = _take_pipes()
    tasks: queue.SimpleQueue[Line] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, tasks), daemon=True).start()

    def send(line: Line) -> None:
        outgoing.write(json.dumps(line).encode() + b"\n")

    while True:
        task = tasks.get()
        send({"taken": True})
        send(_answer(task, lambda event: send({"progress": event})))
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    main()
