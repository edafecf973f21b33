"""Where the emulator of a test run lives: in this process, with sockets or without, in one of its own, elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from amlemulator.settings import Settings, SettingsError, words

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator
    from amlemulator.remote import RemoteEmulator

    AnyEmulator: TypeAlias = "Emulator | RemoteEmulator"

PLACES = ("here", "wsgi", "subprocess")
GIVE_UP_AFTER = 60.0  # seconds for a child to end


@contextmanager
def hosted(where: str, options: Mapping[str, Any]) -> Iterator[AnyEmulator]:
    """Give the emulator that ``where`` names, for the block.

    ``here`` listens in this process on free ports; ``wsgi`` is in this process and listens at nothing; ``subprocess``
    is ``amlclassic serve`` in a process of its own, which ends with this one, however that ends; a URL is an emulator
    that runs already, a container's say, with the settings that it has. ``options`` are settings by name. Raises
    SettingsError for anything else, and when the emulator does not start.
    """
    if where in ("here", "wsgi"):
        with _in_process(where == "here", options) as emulator:
            yield emulator
        return
    from amlemulator.remote import RemoteEmulator

    if where == "subprocess":
        with _child(options) as url, RemoteEmulator(url, options.get("control_token")) as remote:
            yield remote
    elif where.startswith(("http://", "https://")):
        with RemoteEmulator(where, options.get("control_token")) as remote:
            yield remote
    else:
        raise SettingsError(f"The emulator of tests is {', '.join(PLACES)} or the URL of one that runs, not '{where}'.")


@contextmanager
def _in_process(listens: bool, options: Mapping[str, Any]) -> Iterator[Emulator]:
    from amlemulator.emulator import Emulator

    emulator = Emulator(**options)
    try:
        yield emulator.start() if listens else emulator
    finally:
        emulator.close()


@contextmanager
def _child(options: Mapping[str, Any]) -> Iterator[str]:
    """Run ``amlclassic serve`` for the block; gives its base URL on this machine."""
    given = {"port": 0, "blob_port": 0, **options, "stop_with_stdin": True}
    with tempfile.TemporaryDirectory(prefix="amlclassic-") as folder:
        file = Path(folder, "endpoints.json")
        command = [sys.executable, "-m", "amlemulator.cli", "serve", *words({**given, "endpoints_file": str(file)})]
        with Path(folder, "log").open("w+", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program, and no shell
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
            try:
                assert process.stdout is not None
                if not process.stdout.readline().startswith("READY "):
                    log.seek(0)
                    raise SettingsError(log.read().strip().removeprefix("amlclassic serve: "))
                yield json.loads(file.read_text("utf-8"))["local_url"]
            finally:
                process.communicate(timeout=GIVE_UP_AFTER)  # which ends its standard input


def check(options: Mapping[str, Any]) -> None:
    """Raise SettingsError for a setting that there is none of."""
    known = {item.name for item in Settings.__dataclass_fields__.values()}
    unknown = sorted(set(options) - known - {"where", "samples"})
    if unknown:
        raise SettingsError(f"aml_config has no {', '.join(unknown)}; see amlclassic serve --help.")
