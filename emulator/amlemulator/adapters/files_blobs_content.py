"""Contents of blobs: one immutable file each, under a random name that owes nothing to the blob's.

A file is written before any row names it and unlinked after no row does, so a reader who has opened it keeps that
version whole, and a crash leaves at worst a file that nobody names; ``sweep`` removes those at the next start.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import weakref
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO, RawIOBase
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from amlemulator.adapters.files_blobs_records import FolderError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

CHUNK = 256 * 1024
EMPTY = ""  # the key of a content without bytes, which needs no file


class ShortBody(Exception):  # noqa: N818 - named for the fact: the stream ended before the size it had promised
    """The stream ended early: the client went away in the middle of an upload."""


@dataclass(frozen=True, slots=True)
class Written:
    """A content that was just written. ``md5`` is None when nobody asked for it."""

    key: str
    size: int
    md5: bytes | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a content."""

    key: str
    offset: int
    size: int


class Spool(RawIOBase):
    """A body on its way in, in a file that can become a content as it is: large bodies are written only once.

    Closing it removes the file, unless a folder has adopted it; so does forgetting it.
    """

    def __init__(self, folder: ContentFolder, key: str, path: str) -> None:
        super().__init__()
        self.folder = folder
        self.key = key
        self.size = 0
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._at = 0
        self._forget = weakref.finalize(self, _forget_spool, self.file, path)

    def append(self, piece: bytes) -> None:
        """Add bytes at the end."""
        _write(self.file, piece)
        self.size += len(piece)

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read on from where the last read ended; appending does not move that place."""
        view = memoryview(buffer).cast("B")
        os.lseek(self.file, self._at, os.SEEK_SET)
        piece = os.read(self.file, len(view))
        os.lseek(self.file, 0, os.SEEK_END)
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def whole(self, size: int | None) -> bool:
        """Tell whether this is just what is to be written: nothing read yet, and of that size."""
        return self._at == 0 and size in (None, self.size)

    def adopt(self) -> None:
        """Leave the file to the folder."""
        self._forget.detach()
        os.close(self.file)
        super().close()

    def close(self) -> None:
        """Remove the file, if nobody has adopted it."""
        self._forget()
        super().close()


def _forget_spool(file: int, path: str) -> None:
    os.close(file)
    with suppress(OSError):
        os.unlink(path)


class ContentFolder:
    """A folder of contents. ``durable`` means: on the disk, not only with the operating system, before it counts.

    Raises FolderError when the folder cannot be made.
    """

    def __init__(self, folder: Path, *, durable: bool) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderError(f"The folder {folder} cannot be made ({error.strerror}).") from error
        self._folder = str(folder)
        # Random for this process, counted within it: never the same twice, and nobody's to guess or to choose.
        self._prefix = secrets.token_hex(8)
        self._count = count()
        self._durable = durable

    def _new_key(self) -> str:
        return f"{self._prefix}{next(self._count):016x}"

    def _path(self, key: str) -> str:
        return f"{self._folder}/{key}"

    def write(self, content: BinaryIO, size: int | None = None, *, md5: bool = True) -> Written:
        """Write ``size`` bytes of a stream (None: all of it) as a new content.

        Raises ShortBody when there are fewer; nothing stays behind then.
        """
        if isinstance(content, Spool) and content.folder is self and content.whole(size) and content.size:
            return self._adopt(content, md5=md5)
        digest = _md5() if md5 else None
        key, written = self._fill(lambda file: _pump(content, file, size, digest.update if digest else None))
        if size is not None and written < size:
            self.discard(key)
            raise ShortBody(f"the body ended after {written} of {size} bytes")
        if not written:
            self.discard(key)
            key = EMPTY
        return Written(key, written, digest.digest() if digest else None)

    def spool(self) -> Spool:
        """Return a body to receive, which ``write`` takes over without copying it."""
        key = self._new_key()
        return Spool(self, key, self._path(key))

    def _adopt(self, spool: Spool, *, md5: bool) -> Written:
        digest = hashlib.file_digest(spool, _md5).digest() if md5 else None
        if self._durable:
            os.fsync(spool.file)
        spool.adopt()
        self._keep_name()
        return Written(spool.key, spool.size, digest)

    def join(self, segments: Sequence[Segment]) -> str:
        """Write the segments one after the other as a new content and return its key.

        Raises FileNotFoundError when one of them has gone meanwhile.
        """
        return self._fill(lambda file: sum(self._append(segment, file) for segment in segments))[0]

    def _fill(self, write: Callable[[int], int]) -> tuple[str, int]:
        key = self._new_key()
        file = os.open(self._path(key), os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            size = write(file)
            if self._durable:
                os.fsync(file)
        except BaseException:
            os.close(file)
            self.discard(key)
            raise
        os.close(file)
        self._keep_name()
        return key, size

    def _append(self, segment: Segment, target: int) -> int:
        with open(self._path(segment.key), "rb", buffering=0) as source:
            source.seek(segment.offset)
            copied = _pump(source, target, segment.size, None)
        if copied < segment.size:
            raise ShortBody("a stored block is shorter than it was")
        return copied

    def link(self, key: str) -> str:
        """Return a second key for a content; both live and die on their own. Raises FileNotFoundError."""
        if key == EMPTY:
            return EMPTY
        twin = self._new_key()
        try:
            os.link(self._path(key), self._path(twin))
        except FileNotFoundError:
            raise
        except OSError:  # a file system without hard links
            return self.join([Segment(key, 0, os.stat(self._path(key)).st_size)])
        self._keep_name()
        return twin

    def _keep_name(self) -> None:
        if self._durable and hasattr(os, "O_DIRECTORY"):  # where folders can be opened, their entries need a sync too
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def open(self, key: str) -> BinaryIO:
        """Open a content for reading. Raises FileNotFoundError when it has gone meanwhile."""
        return BytesIO() if key == EMPTY else open(self._path(key), "rb")

    def discard(self, *keys: str) -> None:
        """Remove contents that no row names any more."""
        for key in keys:
            if key != EMPTY:
                with suppress(OSError):  # gone already; or open, where that forbids it: the next sweep gets it
                    os.unlink(self._path(key))

    def sweep(self, known: Container[str]) -> int:
        """Remove every file that is not ``known``, left by a crash. Returns how many."""
        orphans = [name for name in self._names() if name not in known]
        self.discard(*orphans)
        return len(orphans)

    def _names(self) -> Iterable[str]:
        with os.scandir(self._folder) as entries:
            return [entry.name for entry in entries]


def _pump(source: BinaryIO, target: int, size: int | None, seen: Callable[[bytes], object] | None) -> int:
    """Copy up to ``size`` bytes to a file descriptor, showing each piece to ``seen``. Returns how many there were."""
    done = 0
    while size is None or done < size:
        piece = source.read(CHUNK if size is None else min(CHUNK, size - done))
        if not piece:
            break
        if seen is not None:
            seen(piece)
        done += len(piece)
        _write(target, piece)
    return done


def _write(file: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(file, view) :]


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)
