"""The worker process: ``python -m amlemulator.experiments.worker [BYTES]``. One task after another, told by JSON lines.

In:  ``{"kind": "run", "body": {...}}``. Out: ``{"taken": true}`` (until then another worker may be given the task), any
number of ``{"progress": {...}}``, then one ``{"result": {...}}`` or ``{"error": {...}}``. Data goes through files. What
a task does stands in experiments/tasks.py.

With BYTES it takes no more memory than that, nor does any process that user code starts (each for itself): a module
that wants more fails with Error 0138, and the worker goes on.

When the pipe from the emulator ends, however it ended, the worker kills its whole process group, itself included: no
worker and no child of user code outlives the emulator.
"""

from __future__ import annotations

import contextlib
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


def answer(task: Line, progress: Any) -> Line:
    """Do a task; return the line that says how it ended."""
    from amlemulator.experiments.errors import ModuleError, module_error

    try:
        from amlemulator.experiments import tasks

        return {"result": tasks.TASKS[task["kind"]](task["body"], progress)}
    except ModuleError as error:
        return {"error": error.to_dict()}
    except Exception as error:
        traceback.print_exc()  # into the emulator's log
        out_of_memory = isinstance(error, MemoryError)
        unexpected = module_error("0138") if out_of_memory else ModuleError("1000", f"{type(error).__name__}: {error}")
        unexpected.module = "Web Service Input"  # what happens in a module is named after it: this was before any
        return {"error": unexpected.to_dict()}


def _limit_memory(size: int) -> None:
    """Bound what this process may take, in bytes; 0 does nothing, and neither does a system without such limits."""
    if size:
        with contextlib.suppress(ImportError, OSError, ValueError):
            import resource

            _, most = resource.getrlimit(resource.RLIMIT_DATA)
            # What it writes to, not its address space: libraries reserve far more of that than they ever use.
            resource.setrlimit(resource.RLIMIT_DATA, (size, most))


def main() -> None:
    """Serve tasks until the emulator goes away."""
    _limit_memory(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the emulator's to handle
    incoming, outgoing = _take_pipes()
    tasks: queue.SimpleQueue[Line] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, tasks), daemon=True).start()

    def send(line: Line) -> None:
        outgoing.write(json.dumps(line).encode() + b"\n")

    while True:
        task = tasks.get()
        send({"taken": True})
        send(answer(task, lambda event: send({"progress": event})))
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    main()
