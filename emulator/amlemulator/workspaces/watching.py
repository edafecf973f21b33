"""A workspace folder that is served while somebody works on it: read again when a file of it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from amlemulator.settings import SettingsError
from amlemulator.workspaces import WorkspaceFolder, look

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

LOOK_EVERY = 0.5  # seconds


def reload(emulator: Emulator, tell: Callable[[str], None]) -> None:
    """Read an emulator's folder again and begin anew with it, as a fresh start would: ports stay, jobs and blobs go.

    Raises SettingsError with everything that is wrong; then what was served is served on.
    """
    before = emulator.workspace_folder
    emulator.begin_with(WorkspaceFolder(emulator.settings.workspace, tell))
    try:
        emulator.reset()
    except BaseException:
        emulator.begin_with(before)
        raise


class Watch:
    """Looks at the folder of an emulator now and then, from a thread of its own, until it is closed.

    ``changed`` is called after each time that the folder has been read again; ``tell`` hears what is wrong with it.
    """

    def __init__(
        self,
        emulator: Emulator,
        changed: Callable[[], None],
        tell: Callable[[str], None],
        look_every: float = LOOK_EVERY,
    ) -> None:
        assert emulator.settings.workspace is not None
        self._emulator = emulator
        self._folder = Path(emulator.settings.workspace)
        self._changed, self._tell, self._look_every = changed, tell, look_every
        self._known = emulator.workspace_folder.seen  # as it was when it was read, not as it is by now
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="amlclassic-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(self._look_every):
            seen = look(self._folder)
            # An editor writes several files one after the other: wait until nothing changes any more.
            while seen != self._known and not self._closed.wait(self._look_every):
                before, seen = seen, look(self._folder)
                if seen == before:
                    self._known = seen
                    self._read()

    def _read(self) -> None:
        try:
            reload(self._emulator, self._tell)
        except SettingsError as error:
            for line in str(error).splitlines():
                self._tell(line)
            self._tell(f"{self._folder} is wrong now; what it said before is served on")
            return
        self._known = self._emulator.workspace_folder.seen
        names = ", ".join(workspace.name for workspace in self._emulator.directory.workspaces())
        self._tell(f"{self._folder} has changed: {names} served anew")
        self._changed()
