"""A workspace as a folder: what ``--workspace DIR`` serves, what snapshots write, what a person keeps in git.

Importing this imports nothing of it: PyYAML is loaded when there is a folder to read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amlemulator.adapters.sqlite_store import SqliteStore
    from amlemulator.core.identity import Identity
    from amlemulator.emulator import Emulator
    from amlemulator.workspaces.description import WorkspaceDescription

__all__ = ["WorkspaceFolder", "look"]

Look = dict[str, tuple[int, int]]


def look(folder: Path) -> Look:
    """Return when each file of a folder changed, and its size; hidden ones are editors' and git's own business."""
    found = {}
    for path in folder.rglob("*"):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            state = path.stat()
        except OSError:  # gone since
            continue
        found[str(path)] = (state.st_mtime_ns, state.st_size)
    return found


class WorkspaceFolder:
    """The folder that an emulator was started with, or none (then it is false). Read once, when it is made.

    Raises SettingsError with everything that is wrong with it.
    """

    def __init__(self, path: str | None, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.workspaces: list[WorkspaceDescription] = []
        self.seen: Look = {}
        if path is not None:
            from amlemulator.workspaces.reading import read_workspaces

            self.seen = look(Path(path))  # before it is read: what changes meanwhile has changed since
            self.workspaces = read_workspaces(Path(path))
        self._filled = False

    def __bool__(self) -> bool:
        return bool(self.workspaces)

    def accounts(self, identity: Identity) -> dict[str, str]:
        """Return the storage accounts of the workspaces with their keys, derived from the seed where none is given."""
        storages = [one.storage for one in self.workspaces if one.storage is not None]
        keys = {storage.account: storage.key for storage in storages if storage.key}
        return {one.account: keys.get(one.account) or identity.new_key("account", one.account) for one in storages}

    def put_blobs(self, emulator: Emulator) -> None:
        """Put the folder's blobs and data files into storage."""
        if self:
            from amlemulator.workspaces.planting import put_blobs

            put_blobs(emulator.blobs, self.workspaces)

    def plant(self, emulator: Emulator, store: SqliteStore) -> None:
        """Deploy everything into a store, experiments that lack schemas run once before.

        Raises SettingsError naming those that cannot be run.
        """
        from amlemulator.engine.data_files import DataFiles
        from amlemulator.engine.deployment import Deployment
        from amlemulator.workspaces.planting import Planting, fill_all

        self.put_blobs(emulator)
        if not self._filled:
            self.workspaces = fill_all(emulator.trials, self.workspaces, self._tell)
            self._filled = True
        deployment = Deployment(store, emulator.clock, emulator.identity)
        files = DataFiles(store, emulator.blobs, emulator.clock, emulator.identity)
        for workspace in self.workspaces:
            Planting(deployment, files).plant(workspace)
