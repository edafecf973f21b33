"""``amlclassic serve``: run the emulator until SIGTERM or SIGINT, then leave with status 0."""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from amlemulator.commands import _supervisor
from amlemulator.listing import endpoints
from amlemulator.settings import Settings, SettingsError, add_flags, resolve

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator


def configure(parser: argparse.ArgumentParser) -> None:
    """Add one flag per setting."""
    add_flags(parser)
    parser.usage = "amlclassic serve [FLAGS]"
    parser.epilog = (
        "Each flag is also an environment variable (--blob-port is AMLCLASSIC_BLOB_PORT) and a key of amlclassic.toml "
        "in the current folder (blob_port = 0). Flag before variable before file."
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve. Returns 0 when stopped, 2 when it cannot start."""
    gc.disable()  # a start makes what stays; to look through it for rubbish takes a tenth of it
    try:
        with StopSignals() as stop:
            return _run(arguments, stop)
    finally:
        gc.enable()


def _run(arguments: argparse.Namespace, stop: StopSignals) -> int:
    try:
        settings = resolve(vars(arguments))
        _log(settings.log_level)
        # Experiments of a workspace folder may run for long; anything else is made before one could wish it were not.
        with stop.interrupting() if settings.workspace else contextlib.nullcontext():
            emulator = made(settings, "serve")
        return _serve(emulator, stop)
    except Interrupted:
        return 0
    except SettingsError as error:
        print("\n".join(f"amlclassic serve: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 2


def made(settings: Settings, command: str) -> Emulator:
    """Make the emulator of a command, which says on standard error what it has to tell.

    Raises SettingsError, whatever it is that cannot be used.
    """
    from amlemulator.adapters.files_blobs import FolderError
    from amlemulator.adapters.state_formats import StateFileError
    from amlemulator.emulator import Emulator

    try:
        emulator = Emulator(settings, tell=lambda line: tell(line, command))
    except (StateFileError, FolderError) as error:
        raise SettingsError(str(error)) from error
    emulator.diagnose = partial(_diagnosed, emulator)
    return emulator


def _diagnosed(emulator: Emulator, workspace_id: str, values: Mapping[str, str], language: str) -> dict[str, Any]:
    from amlemulator.commands._page_diagnosis import diagnosed  # brings the client, which no start waits for

    return diagnosed(emulator, workspace_id, values, language)


def tell(line: str, command: str = "serve") -> None:
    """Say something on standard error."""
    print(f"amlclassic {command}: {line}", file=sys.stderr, flush=True)


def _log(level: str) -> None:
    """Tell on standard error what is of this level or above, each line with its time."""
    if level != "warning":  # warnings are told by Python itself
        import logging

        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger = logging.getLogger("amlemulator")
        logger.addHandler(handler)
        logger.setLevel(level.upper())


class Interrupted(Exception):  # noqa: N818 - a signal, no error
    """A signal to stop has come while the emulator was being made."""


class StopSignals:
    """SIGINT and SIGTERM, to be waited for.

    Not an Event that a handler sets: a handler runs only when the main thread wakes, and a signal that the system gave
    to another thread (it does, now and then, while a worker is being started) does not wake it.
    """

    def __enter__(self) -> Self:
        self._read, self._write = socket.socketpair()
        self._write.setblocking(False)
        # Written to by whichever thread the signal reaches.
        self._wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        numbers = (signal.SIGINT, signal.SIGTERM)
        self._interrupts = False
        self._before = {number: signal.signal(number, self._handle) for number in numbers}
        return self

    def _handle(self, *_: object) -> None:
        if self._interrupts:
            self._interrupts = False  # once: what is then taken down is not to be broken off again
            raise Interrupted

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let a signal break the block off: it raises Interrupted there."""
        self._interrupts = True
        try:
            yield
        finally:
            self._interrupts = False

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._read.close()
        self._write.close()

    def watch(self, stream: int) -> None:
        """Take the end of a stream for a signal, too: whoever holds its other end has ended, however that was.

        A file descriptor, for a thread that still reads a Python file when the process ends is a fatal error.
        """
        threading.Thread(target=self._read_to_end, args=(stream,), name="amlclassic-stdin", daemon=True).start()

    def _read_to_end(self, stream: int) -> None:
        with contextlib.suppress(OSError):
            while os.read(stream, 4096):
                pass
        with contextlib.suppress(OSError):  # it stops anyway
            self._write.send(b"\0")

    def wait(self) -> None:
        """Wait for one of them; one that has come already counts."""
        self._read.recv(1)


def _serve(emulator: Emulator, stop: StopSignals) -> int:
    try:
        if emulator.settings.stop_with_stdin:
            stop.watch(sys.stdin.fileno())
        emulator.start()
        with announced(emulator), _watching(emulator):
            print(f"READY {emulator.base_url} blobs at {emulator.blob_url}{_ways_in(emulator)}", flush=True)
            _supervisor.tell("READY=1")
            gc.freeze()  # what is there now stays until the end: no later collection looks at it again
            gc.enable()
            emulator.warm()
            stop.wait()
    finally:
        emulator.close()
    return 0


@contextlib.contextmanager
def announced(emulator: Emulator) -> Iterator[None]:
    """Write the endpoints file of a started emulator, where it has one, and remove it at the end."""
    path = emulator.settings.endpoints_file
    if path is None:
        yield
        return
    write_endpoints_file(Path(path), endpoints(emulator))
    emulator.on_deployed = lambda: _write_again(Path(path), emulator)
    try:
        yield
    finally:
        remove_endpoints_file(Path(path))


def _ways_in(emulator: Emulator) -> str:
    """Return what the READY line says of a proxy and of TLS, where there are any."""
    return "".join(
        f" proxy at {door.url}" if door.proxy else f" TLS on port {door.port}" for door in emulator.ways_in()
    )


def _write_again(path: Path, emulator: Emulator) -> None:
    with contextlib.suppress(SettingsError):  # what was deployed is deployed all the same
        write_endpoints_file(path, endpoints(emulator))


@contextlib.contextmanager
def _watching(emulator: Emulator) -> Iterator[None]:
    """Read the workspace folder again when it changes, where that was asked for."""
    if not emulator.settings.watch:
        yield
        return
    from amlemulator.workspaces.watching import Watch

    def announce() -> None:
        if emulator.settings.endpoints_file is not None:
            write_endpoints_file(Path(emulator.settings.endpoints_file), endpoints(emulator))

    watch = Watch(emulator, announce, tell)
    try:
        yield
    finally:
        watch.close()


def remove_endpoints_file(path: Path) -> None:
    """Remove the file if it is this process's own: another emulator may have written it since, or before."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if json.loads(path.read_text("utf-8")).get("pid") == os.getpid():
            path.unlink()


def write_endpoints_file(path: Path, content: dict[str, Any]) -> None:
    """Write the file whole or not at all, readable by its owner only: it holds keys.

    Raises SettingsError when the folder cannot be written to.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        message = f"The endpoints file {path} cannot be written ({error.strerror}). Name another with --endpoints-file."
        raise SettingsError(message) from error
