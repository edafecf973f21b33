"""An emulator of one's own, as a process that never outlives its purpose."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from amlclient import EndpointsFile


class StartError(Exception):
    """The emulator did not get ready; the text is what it said."""


class Interrupted(BaseException):
    """A signal came that ends the command. ``status`` is the exit status that tells which."""

    def __init__(self, number: int) -> None:
        self.status = 128 + number
        super().__init__(signal.Signals(number).name)


class Signals:
    """Turns signals into Interrupted, but never while something is being made or cleared away.

    Without that, a Ctrl-C between the fork and the note of its process id would leave a process behind.
    """

    NUMBERS: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self._held = False
        self._pending = 0

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._handle) for number in self.NUMBERS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put signals off until the block has ended."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending:
            raise Interrupted(self._pending)

    @contextmanager
    def folder(self, prefix: str = "amlclassic-") -> Iterator[Path]:
        """Give a temporary folder, gone at the end, also where the signal comes while it is made."""
        made: tempfile.TemporaryDirectory[str] | None = None
        try:
            with self.held():
                made = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
            yield Path(made.name)
        finally:
            with self.held():
                if made is not None:
                    made.cleanup()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._pending = number
            return
        raise Interrupted(number)


class ChildEmulator:
    """``amlclassic serve`` on free ports, with a temporary folder; as a context manager it leaves neither behind.

    It runs in a session of its own, so that a terminal's Ctrl-C reaches only its parent, who stops it in order.
    """

    def __init__(self, signals: Signals, *, patience: float = 60.0) -> None:
        self._signals = signals
        self._patience = patience
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._made = ExitStack()

    def __enter__(self) -> Self:
        self.folder = self._made.enter_context(self._signals.folder())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._made, self._signals.held():
            self._stop()

    def start(self) -> EndpointsFile:
        """Start it, wait for the READY line, and return where everything is. Raises StartError."""
        path = self.folder / "endpoints.json"
        command = [sys.executable, "-m", "amlemulator.cli", "serve", "--port", "0", "--blob-port", "0"]
        with self._signals.held(), (self.folder / "serve.log").open("w") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own program, no shell
                [*command, "--endpoints-file", str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.folder,  # no amlclassic.toml of the caller's
                env=_environment(self.folder),
                start_new_session=True,
            )
        threading.Thread(target=self._read, name="emulator's output", daemon=True).start()
        self._wait_until_ready()
        return EndpointsFile.read(path)

    def _stop(self) -> None:
        """Stop it, gently first. Whatever happens, no process is left."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its own session: it and its workers, nobody else
            process.wait()

    def _wait_until_ready(self) -> None:
        ends = time.monotonic() + self._patience
        while (left := ends - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=min(left, 0.2))  # short, so that a signal is handled at once
            except queue.Empty:
                continue
            if line is None:
                break
            if line.startswith("READY "):
                return
        said = (self.folder / "serve.log").read_text("utf-8", "replace").strip()
        raise StartError(f"the emulator did not start: {said[-2000:] or 'it said nothing'}")

    def _read(self) -> None:
        """Drain its output to the end: an unread pipe would block it one day."""
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(None)


def _environment(folder: Path) -> dict[str, str]:
    """Return our environment, without settings of the caller's own emulator; temporary files go into ``folder``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AMLCLASSIC_")}
    return {**kept, "TMPDIR": str(folder)}
