"""What a retraining has done so far, on disk, so that it can be killed at any point and go on.

One JSON file, replaced atomically and synced after every step, readable by its owner alone. It holds ids, names and
addresses, never a key, a token or a signature: those come from the caller again, and fresh tokens from the service.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ._exceptions import JournalError

__all__ = ["Journal"]

_VERSION = 1


class Journal:
    """The journal of one retraining; use it as a context manager, which keeps a second process out.

    Raises JournalError when another process has it, or when the file is no journal of this version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: _Lock | None = None
        self._data: dict[str, Any] = {"version": _VERSION}

    def __enter__(self) -> Self:
        self._lock = _Lock(self.path)
        try:
            self._data = self._read()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def get(self, name: str) -> Any:
        """Return what was recorded under ``name``, or None."""
        return self._data.get(name)

    def record(self, **members: Any) -> None:
        """Add members, durably: when this returns they outlive a power cut."""
        data = {**self._data, **members}
        self._write(data)
        self._data = data

    def set_aside(self) -> Path | None:
        """Begin anew; what was there is kept beside, under the first free number. Return its path, or None."""
        self._data = {"version": _VERSION}
        if not self.path.exists():
            return None
        kept = next(path for n in range(1, 1_000_000) if not (path := self.path.with_suffix(f".{n}.json")).exists())
        self.path.replace(kept)
        _sync_directory(self.path.parent)
        return kept

    def _read(self) -> dict[str, Any]:
        try:
            data = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {"version": _VERSION}
        except (OSError, ValueError) as error:
            raise JournalError(f"the journal {self.path} cannot be read: {error}; move it away to begin anew") from None
        if not isinstance(data, Mapping) or data.get("version") != _VERSION:
            raise JournalError(f"{self.path} is not a journal of version {_VERSION}; name another file")
        return dict(data)

    def _write(self, data: Mapping[str, Any]) -> None:
        beside = self.path.with_name(f"{self.path.name}.new")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(data, file, indent=1, sort_keys=False)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except OSError as error:
            raise JournalError(f"the journal {self.path} cannot be written: {error.strerror}") from None
        _sync_directory(self.path.parent)


class _Lock:
    """An advisory lock on a file beside the journal. The system drops it with the process, however that ends."""

    def __init__(self, journal: Path) -> None:
        self._path = journal.with_name(f"{journal.name}.lock")
        try:
            self._take()
        except BlockingIOError:
            raise JournalError(
                f"another process is working on {journal}; wait for it, or name another journal"
            ) from None
        except OSError as error:
            raise JournalError(f"the journal {journal} cannot be made: {error.strerror}") from None

    def _take(self) -> None:
        while True:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _lock_file(self._descriptor)
                if os.fstat(self._descriptor).st_ino == os.stat(self._path).st_ino:
                    return
            except FileNotFoundError:
                pass  # its last holder removed it between our open and our lock: take the new one
            except BaseException:
                os.close(self._descriptor)
                raise
            os.close(self._descriptor)

    def release(self) -> None:
        """Remove the lock file and let go."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def _lock_file(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: no such lock; two processes on one journal stay the user's care
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_directory(path: Path) -> None:
    """Make a rename durable, where the system lets a directory be synced."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
