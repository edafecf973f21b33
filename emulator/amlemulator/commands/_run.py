"""The work of ``amlclassic run``: a proxy for the program alone, on the emulator that runs or on one started here."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from amlclient import EndpointsFile, WrongCall
from amlemulator import background
from amlemulator.commands._child import Interrupted, Signals
from amlemulator.core.allowed_hosts import rules_of
from amlemulator.programs.report import report
from amlemulator.settings import Settings, SettingsError, resolve

FLAGS = ("endpoints_file", "workspace", "state", "passthrough")


class NotReachable(Exception):  # noqa: N818 - a finding, told as it is
    """The emulator does not answer, or not as one; the message says what to do."""


@dataclass
class OpenProxy:
    """A proxy for one program. ``traffic`` is there once it is shut."""

    url: str
    certificate: Path
    traffic: dict[str, Any]


def run(arguments: argparse.Namespace) -> int:
    """Run the program. Returns its exit status; 2 for a wrong call, 1 when the emulator cannot be used."""
    words = arguments.program[1:] if arguments.program[:1] == ["--"] else arguments.program
    try:
        if not words:
            raise WrongCall("no program is named; put it behind two dashes: amlclassic run -- PROGRAM ...")
        if shutil.which(words[0]) is None:
            raise WrongCall(f"there is no program '{words[0]}' that could be started")
        settings = resolve({name: getattr(arguments, name) for name in FLAGS})
        with Warden() as warden:
            return _run(words, settings, warden, quiet=arguments.quiet)
    except (WrongCall, SettingsError) as error:
        print("\n".join(f"amlclassic run: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 2
    except NotReachable as error:
        print(f"amlclassic run: {error}", file=sys.stderr)
        return 1
    except Interrupted as error:
        return error.status


def _run(words: Sequence[str], settings: Settings, warden: Warden, *, quiet: bool) -> int:
    with warden.folder("amlclassic-run-") as folder, proxy(settings) as opened:
        from amlemulator.programs.surroundings import surroundings

        environment = surroundings(os.environ, opened.url, opened.certificate, folder)
        status = warden.run(words, environment)
    if not quiet:
        first, *others = report(opened.traffic)
        print(f"amlclassic run: {Path(words[0]).name} ended with status {status}. {first}", file=sys.stderr)
        print(*others, sep="\n", end="\n" * bool(others), file=sys.stderr)
    return status


class Warden(Signals):
    """Keeps watch over the program: passes signals on to it, and ends when it does.

    Before and after, signals raise Interrupted. A terminal sends its Ctrl-C to the program by itself; that
    one is not passed on, or the program would get it twice.
    """

    NUMBERS: tuple[signal.Signals, ...] = (*Signals.NUMBERS, signal.SIGHUP)

    def __init__(self) -> None:
        super().__init__()
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = False
        self._for_program: list[int] = []  # what came while it was started

    def run(self, words: Sequence[str], environment: dict[str, str]) -> int:
        """Run the program to its end. Returns its exit status, 128 and more when a signal ended it.

        Raises WrongCall when the system cannot start it.
        """
        self._starting = True
        try:
            self._process = subprocess.Popen(words, env=environment)  # noqa: S603 - what the user asked for, no shell
        except OSError as error:
            raise WrongCall(f"'{words[0]}' cannot be started ({error.strerror})") from error
        finally:
            self._starting = False
        for number in self._for_program:
            self._process.send_signal(number)
        status = self._process.wait()
        self._process = None
        return 128 - status if status < 0 else status

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._starting:
            self._for_program.append(number)
        elif self._process is None:
            super()._handle(number, frame)
        elif number != signal.SIGINT or not _terminal_sends():
            self._process.send_signal(number)


def _terminal_sends() -> bool:
    """Tell whether a terminal's keys reach this process, and so the program too: both are in its foreground."""
    for descriptor in (0, 1, 2):
        with suppress(OSError):
            return os.tcgetpgrp(descriptor) == os.getpgrp()
    return False


@contextmanager
def proxy(settings: Settings) -> Iterator[OpenProxy]:
    """Open a proxy on the emulator that runs, by its endpoints file, or on one that is started for this program."""
    path = _file(settings)
    if path is not None and path.is_file():
        with _on_running(EndpointsFile.read(path), settings, path) as opened:
            if opened is not None:
                yield opened
                return
    with _on_own(settings) as opened:
        yield opened


def _file(settings: Settings) -> Path | None:
    """Return the endpoints file: the one that is named, else that of the background, unless another one is wanted."""
    if settings.endpoints_file is not None:
        return Path(settings.endpoints_file)
    return None if settings.workspace or settings.state else background.default_file()


@contextmanager
def _on_running(file: EndpointsFile, settings: Settings, path: Path) -> Iterator[OpenProxy | None]:
    """Give a proxy of a running emulator, None when nothing listens there: the file was left by one that was killed."""
    import requests

    session = requests.Session()
    session.trust_env = False
    if settings.control_token is not None:
        session.headers["x-amlclassic-control-token"] = settings.control_token
    proxies = f"{file.base_url}/_emulator/proxies"
    try:
        answer = session.post(proxies, json={"passthrough": rules_of(settings.passthrough)}, timeout=30)
    except requests.ConnectionError:
        yield None
        return
    if answer.status_code != 201:
        raise NotReachable(f"the emulator of {path} opens no proxy: {answer.status_code} {answer.text[:300]}")
    shown = answer.json()
    opened = OpenProxy(shown["proxy_url"], Path(shown["ca_file"]), {})
    try:
        yield opened
    finally:
        try:
            opened.traffic = session.delete(f"{proxies}/{shown['id']}", timeout=30).json()
        except (requests.RequestException, ValueError):
            opened.traffic = {"calls": [], "troubles": []}
            print(f"amlclassic run: the emulator of {path} ended before the program did.", file=sys.stderr)


@contextmanager
def _on_own(settings: Settings) -> Iterator[OpenProxy]:
    """Start an emulator in this process, on free ports."""
    from amlemulator.commands.serve import announced, made

    logging.getLogger("amlemulator.faces.entrance").setLevel(logging.ERROR)  # the report tells it
    changed = replace(settings, port=0, blob_port=0, host="127.0.0.1", proxy_port=None, tls=False)
    with made(changed, "run") as emulator, announced(emulator):
        door = emulator.doors.open_proxy()
        opened = OpenProxy(door.url, door.certificate, {})
        try:
            yield opened
        finally:
            emulator.doors.shut(door)
            opened.traffic = door.traffic.as_json()
