"""An emulator that runs in the background: found by its endpoints file, started, asked, stopped.

The endpoints file is the only record: it holds the process and the addresses, and goes when that process goes. What it
says is believed only when the emulator at that address names the same process, for ids of processes come again.
"""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 60.0  # seconds for a start or a stop: on a loaded machine Python alone takes some
LOOK_EVERY = 0.02
ANSWER_WITHIN = 5.0


class NotStarted(Exception):  # noqa: N818 - what came of it, told to a person
    """The emulator did not get ready; the message is its own. ``status`` is its exit status, 1 for too late."""

    def __init__(self, message: str, status: int = 1) -> None:
        self.status = status
        super().__init__(message)


class StillRunning(Exception):  # noqa: N818 - what came of it, told to a person
    """The emulator has been asked to stop and has not yet."""


@dataclass(frozen=True, slots=True)
class Running:
    """A running emulator, as its endpoints file describes it."""

    pid: int
    file: Path
    endpoints: dict[str, Any]

    @property
    def line(self) -> str:
        """Where it is, as its READY line says."""
        return f"{self.endpoints['base_url']} blobs at {self.endpoints['blob_url']}"

    def ask(self, path: str) -> Any:
        """Return the JSON at a path of it. Raises OSError or ValueError when it does not answer well."""
        # Where it listens, for its public address may be known elsewhere only.
        root = self.endpoints.get("local_url") or self.endpoints["base_url"]
        return _get(f"{root}{path}", self.endpoints.get("ca_file"))


def default_file() -> Path:
    """Return the endpoints file of ``amlclassic start`` where none is named: in the user's own state folder."""
    import platformdirs

    return platformdirs.user_state_path("amlclassic", appauthor=False) / "endpoints.json"


def log_of(file: Path) -> Path:
    """Return where the emulator of an endpoints file writes what it has to say."""
    return file.with_suffix(".log")


def find(file: Path) -> Running | None:
    """Return the emulator that wrote an endpoints file, or None when it is not there any more."""
    try:
        endpoints = json.loads(file.read_text("utf-8"))
        running = Running(endpoints["pid"], file, endpoints)
        return running if running.ask("/_emulator")["pid"] == running.pid else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ready(running: Running) -> bool:
    """Tell whether everything of an emulator answers."""
    try:
        return bool(running.ask("/_emulator/readyz")["status"] == "ready")
    except (OSError, ValueError):
        return False


def _get(url: str, ca_file: str | None) -> Any:
    context = ssl.create_default_context(cafile=ca_file) if url.startswith("https:") else None
    # Whatever proxy the environment names, the emulator is on this machine.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context) if context else _Nothing()
    )
    with opener.open(url, timeout=ANSWER_WITHIN) as answer:
        return json.load(answer)


class _Nothing(urllib.request.BaseHandler):
    """Adds nothing to an opener."""


def start(
    words: Sequence[str],
    file: Path,
    *,
    patience: float = PATIENCE,
    held: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> tuple[Running, bool]:
    """Return the emulator of an endpoints file, started with these words if need be, and whether it was.

    ``held`` puts signals off for a block: one between the process and the note of its id would leave it behind. Raises
    NotStarted with what the emulator said; nothing is left behind then, nor after a signal.
    """
    file = file.absolute()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(file.with_suffix(".lock")):
            found = find(file)
            return (found, False) if found is not None else (_start(words, file, patience, held), True)
    except OSError as error:
        raise NotStarted(
            f"{file.parent} cannot be written to ({error.strerror}). Name another file with --endpoints-file.", 2
        ) from error


def _start(
    words: Sequence[str], file: Path, patience: float, held: Callable[[], AbstractContextManager[None]]
) -> Running:
    command = [sys.executable, "-m", "amlemulator.cli", "serve", *words, "--endpoints-file", str(file)]
    process: subprocess.Popen[bytes] | None = None
    try:
        with held(), os.fdopen(os.open(log_of(file), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as log:
            # A session of its own: the terminal's Ctrl-C, or its end, is nothing to it.
            process = subprocess.Popen(  # noqa: S603 - our own program, and no shell
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        return _ready(process, file, time.monotonic() + patience)
    except BaseException:
        with held():
            if process is not None:
                process.terminate()
                process.wait()
        raise


def _ready(process: subprocess.Popen[bytes], file: Path, end: float) -> Running:
    while process.poll() is None:
        running = find(file)
        if running is not None and running.pid == process.pid:
            return running
        if time.monotonic() >= end:
            raise NotStarted(f"It is not ready yet, and was stopped. What it said is in {log_of(file)}.")
        time.sleep(LOOK_EVERY)
    said = log_of(file).read_text("utf-8", "replace").strip() or "It ended without a word."
    raise NotStarted(said.splitlines()[-1].removeprefix("amlclassic serve: "), process.returncode or 1)


def stop(running: Running, *, patience: float = PATIENCE) -> None:
    """Stop an emulator and wait until it is gone. Raises StillRunning when that takes too long."""
    end = time.monotonic() + patience
    with suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    while alive(running.pid):
        if time.monotonic() >= end:
            raise StillRunning(f"process {running.pid} has not ended yet; what it says is in {log_of(running.file)}")
        time.sleep(LOOK_EVERY)


def alive(pid: int) -> bool:
    """Tell whether a process still runs; one that has ended and that nobody has waited for does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    if Path("/proc/self/stat").exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock for the block, so that of two who start one emulator only one does."""
    try:
        import fcntl
    except ImportError:  # where there is none, the second one finds the port taken, and says so
        yield
        return
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
