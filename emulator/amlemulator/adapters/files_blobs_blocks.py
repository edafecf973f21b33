"""Blocks: staging them, and committing a list of them as a blob."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Literal

from amlemulator.adapters.files_blobs_content import EMPTY, ContentFolder, Segment
from amlemulator.adapters.files_blobs_index import Found, Index, container_id, find
from amlemulator.adapters.files_blobs_records import BlobAddress, Block, BlockLists, Check, unchecked
from amlemulator.adapters.files_blobs_versions import Version, Versions, matching_md5
from amlemulator.core.errors import failure
from amlemulator.ports.blobs import BlobProperties
from amlemulator.ports.clock import Clock

Place = Literal["Committed", "Uncommitted", "Latest"]
"""Where a block list looks for a block (Put Block List); Latest is uncommitted first."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """The blocks that a blob has at one moment."""

    found: Found
    blocks: Sequence[tuple[str, int]]  # the committed ones as listed; one may stand there twice
    committed: Mapping[str, Segment]
    staged: Mapping[str, Segment]


class Blocks:
    """The blocks of all blobs."""

    def __init__(self, index: Index, contents: ContentFolder, versions: Versions, clock: Clock) -> None:
        self._index = index
        self._contents = contents
        self._versions = versions
        self._clock = clock

    def stage(
        self,
        where: BlobAddress,
        block_id: str,
        content: BinaryIO,
        *,
        size: int | None = None,
        md5: str | None = None,
        digest: bool = True,
    ) -> bytes | None:
        """Write a block, replacing one with its id; returns its MD5 when ``digest`` or ``md5`` asked for it.

        Raises BlobMissing without the container, ServiceError Md5Mismatch, or InvalidBlobOrBlock when the blob has
        uncommitted blocks with ids of another length; ShortBody when the stream ends before ``size``.
        """
        written = self._contents.write(content, size, md5=digest or md5 is not None)
        try:
            matching_md5(md5, written)
            replaced = self._record(where, block_id, Segment(written.key, 0, written.size))
        except BaseException:
            self._contents.discard(written.key)
            raise
        self._contents.discard(replaced)
        return written.md5

    def _record(self, where: BlobAddress, block_id: str, block: Segment) -> str:
        with self._index.writing() as connection:
            key = (container_id(connection, where.account, where.container), where.name)
            other = connection.execute("select id from staged where container = ? and name = ? limit 1", key).fetchone()
            if other and len(other[0]) != len(block_id):
                raise failure("blob/InvalidBlobOrBlock")
            replaced = connection.execute(
                "select content from staged where container = ? and name = ? and id = ?", (*key, block_id)
            ).fetchone()
            connection.execute(
                "insert or replace into staged(container, name, id, size, content, staged) values (?, ?, ?, ?, ?, ?)",
                (*key, block_id, block.size, block.key, self._clock.now()),
            )
        return replaced[0] if replaced else EMPTY

    def lists(self, where: BlobAddress) -> BlockLists:
        """Return the blocks of a blob: all empty when there is none. Raises BlobMissing without the container."""
        with self._index.reading() as connection:
            parts = _parts(connection, where)
        return BlockLists(
            parts.found.blob,
            [Block(name, size) for name, size in parts.blocks],
            [Block(name, segment.size) for name, segment in parts.staged.items()],
        )

    def commit(
        self, where: BlobAddress, ids: Sequence[tuple[Place, str]], version: Version, check: Check = unchecked
    ) -> BlobProperties:
        """Make the listed blocks, in that order, the blob's content; blocks not listed are discarded.

        The blocks are joined outside any transaction; when somebody has changed the blob meanwhile it is done again.
        Raises BlobMissing without the container, ServiceError InvalidBlockList, and what ``check`` raises.
        """
        while True:
            with self._index.reading() as connection:
                parts = _parts(connection, where)
            check(parts.found.blob)
            segments = _chosen(parts, ids)
            try:
                content = self._joined(parts, segments)
            except FileNotFoundError:
                continue  # a commit or an upload that came first has discarded them
            listed = [(block_id, segment.size) for (_, block_id), segment in zip(ids, segments, strict=True)]
            size = sum(segment.size for segment in segments)
            joined = replace(version, content=content, size=size, blocks=json.dumps(listed))
            committed = self._versions.replace_if_still(where, joined, check, parts.found.content)
            if committed is not None:
                return committed

    def _joined(self, parts: _Parts, segments: Sequence[Segment]) -> str:
        filled = [segment for segment in segments if segment.size]
        if not filled:
            return EMPTY
        if len(filled) == 1 and filled[0] in parts.staged.values():
            return self._contents.link(filled[0].key)  # a staged block is a content of its own, whole
        return self._contents.join(filled)


def _parts(connection: sqlite3.Connection, where: BlobAddress) -> _Parts:
    found = find(connection, where)
    blocks = _committed_blocks(connection, found.container, where.name)
    offset, committed = 0, {}
    for name, size in blocks:
        committed[name] = Segment(found.content, offset, size)
        offset += size
    staged = connection.execute(
        "select id, content, size from staged where container = ? and name = ? order by id",
        (found.container, where.name),
    )
    return _Parts(found, blocks, committed, {row[0]: Segment(row[1], 0, row[2]) for row in staged})


def _committed_blocks(connection: sqlite3.Connection, container: int, name: str) -> Sequence[tuple[str, int]]:
    row = connection.execute("select blocks from blobs where container = ? and name = ?", (container, name)).fetchone()
    return json.loads(row[0]) if row and row[0] else []


def _chosen(parts: _Parts, ids: Sequence[tuple[Place, str]]) -> Sequence[Segment]:
    places: Mapping[Place, Sequence[Mapping[str, Segment]]] = {
        "Committed": (parts.committed,),
        "Uncommitted": (parts.staged,),
        "Latest": (parts.staged, parts.committed),
    }
    segments = []
    for place, block_id in ids:
        segment = next((blocks[block_id] for blocks in places[place] if block_id in blocks), None)
        if segment is None:
            raise failure("blob/InvalidBlockList")
        segments.append(segment)
    return segments
