"""Blocks, and bodies that are received straight into the folder."""

import base64
import hashlib
import io
from contextlib import closing

import pytest

from amlemulator.adapters.files_blobs import BlobAddress, FilesBlobs, Version
from amlemulator.adapters.files_blobs_records import Block
from amlemulator.core.errors import ServiceError
from support.blob_folder import WHERE, Ticking, content_of, files, put, refuse


@pytest.fixture
def clock():
    return Ticking()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder, clock):
    with closing(FilesBlobs(folder, {"acct": "a2V5"}, clock)) as opened:
        opened.create_container("acct", "cont")
        yield opened


def spooled(blobs, *pieces):
    spool = blobs.spool()
    for piece in pieces:
        spool.append(piece)
    return spool


class TestSpools:
    """Bodies that are received straight into the folder."""

    def test_one_becomes_the_content(self, blobs, folder):
        """A body received into the folder becomes the blob without a second file, MD5 and all."""
        spool = spooled(blobs, b"con", b"tent")
        written = blobs.versions.write(WHERE, spool, Version(), size=7)
        spool.close()
        expected = base64.b64encode(hashlib.md5(b"content").digest()).decode()
        assert (b"content", expected, [spool.key]) == (content_of(blobs), written.content_md5, files(folder))

    def test_one_becomes_a_block(self, blobs, folder):
        """A block can be received so, too, with an MD5 or without."""
        for name, digest in (("aa", True), ("bb", False)):
            found = blobs.blocks.stage(WHERE, name, spooled(blobs, b"block"), size=5, digest=digest)
            assert digest == (found is not None)
        assert (2, 2) == (len(files(folder)), len(blobs.blocks.lists(WHERE).uncommitted))

    @pytest.mark.parametrize("options", [{"check": refuse}, {"md5": base64.b64encode(bytes(16)).decode()}])
    def test_one_that_is_refused(self, blobs, folder, options):
        """A refused body leaves no file."""
        with pytest.raises((PermissionError, ServiceError)):
            blobs.versions.write(WHERE, spooled(blobs, b"content"), Version(), **options)
        assert [] == files(folder)

    def test_one_that_nobody_wants(self, blobs, folder):
        """A body that is closed or forgotten leaves no file."""
        spooled(blobs, b"closed").close()
        spooled(blobs, b"forgotten")
        assert [] == files(folder)

    def test_one_that_is_only_read(self, blobs, folder):
        """A body can be read as any stream, while it grows and in parts; what is not whole is copied."""
        with spooled(blobs, b"012345") as spool:
            assert b"01" == spool.read(2)
            spool.append(b"6789")
            blobs.versions.write(WHERE, spool, Version(), size=4)
            assert b"6789" == spool.read()
        assert (b"2345", 1) == (content_of(blobs), len(files(folder)))

    def test_one_that_is_empty(self, blobs, folder):
        """A body of nothing makes an empty blob."""
        with spooled(blobs) as spool:
            blobs.versions.write(WHERE, spool, Version(), size=0)
        assert (b"", []) == (content_of(blobs), files(folder))

    def test_a_durable_one(self, folder, clock):
        """With durable, a body received into the folder goes down to the disk as well."""
        with closing(FilesBlobs(folder, {}, clock, durable=True)) as blobs:
            blobs.create_container("acct", "cont")
            blobs.versions.write(WHERE, spooled(blobs, b"content"), Version(), size=7)
            assert b"content" == content_of(blobs)


class TestBlocks:
    """Blocks: staging and committing."""

    def _stage(self, blobs, **contents):
        for name, content in contents.items():
            blobs.blocks.stage(WHERE, name, io.BytesIO(content))

    def test_committing(self, blobs, folder):
        """The committed blocks in their order are the content; those not listed are discarded."""
        self._stage(blobs, aa=b"1", bb=b"22", cc=b"333")
        committed = blobs.blocks.commit(WHERE, [("Latest", "cc"), ("Uncommitted", "aa")], Version())
        lists = blobs.blocks.lists(WHERE)
        assert (b"3331", 4) == (content_of(blobs), committed.size)
        assert ([Block("cc", 3), Block("aa", 1)], []) == (lists.committed, lists.uncommitted)
        assert 1 == len(files(folder))

    def test_committing_committed_blocks_again(self, blobs):
        """Blocks of the blob itself can be rearranged, left out, doubled, and mixed with new ones."""
        self._stage(blobs, aa=b"1", bb=b"22")
        blobs.blocks.commit(WHERE, [("Latest", "aa"), ("Latest", "bb")], Version())
        self._stage(blobs, bb=b"new")
        ids = [("Committed", "bb"), ("Latest", "bb"), ("Latest", "aa"), ("Committed", "aa")]
        blobs.blocks.commit(WHERE, ids, Version())
        assert b"22new11" == content_of(blobs)

    def test_keeping_one_committed_block(self, blobs):
        """Committing only the first block of a blob cuts the rest off."""
        self._stage(blobs, aa=b"1", bb=b"22")
        blobs.blocks.commit(WHERE, [("Latest", "aa"), ("Latest", "bb")], Version())
        blobs.blocks.commit(WHERE, [("Committed", "aa")], Version())
        assert b"1" == content_of(blobs)

    def test_committing_nothing(self, blobs):
        """An empty list makes an empty blob."""
        assert (0, b"") == (blobs.blocks.commit(WHERE, [], Version()).size, content_of(blobs))

    @pytest.mark.parametrize("place", ["Committed", "Uncommitted", "Latest"])
    def test_a_block_that_is_not_there(self, blobs, place):
        """A list that names an unknown block is refused, and the staged blocks stay."""
        self._stage(blobs, aa=b"1")
        with pytest.raises(ServiceError, match="block list is invalid"):
            blobs.blocks.commit(WHERE, [("Latest", "aa"), (place, "zz")], Version())
        assert [Block("aa", 1)] == blobs.blocks.lists(WHERE).uncommitted

    def test_ids_of_another_length(self, blobs, folder):
        """All uncommitted blocks of a blob have ids of one length."""
        self._stage(blobs, aa=b"1")
        with pytest.raises(ServiceError, match="blob or block content is invalid"):
            self._stage(blobs, aaaa=b"1")
        assert 1 == len(files(folder))

    def test_staging_again_replaces(self, blobs, folder):
        """A block staged again replaces the one before it."""
        self._stage(blobs, aa=b"1")
        self._stage(blobs, aa=b"22")
        assert ([Block("aa", 2)], 1) == (blobs.blocks.lists(WHERE).uncommitted, len(files(folder)))

    def test_writing_the_blob_discards_its_blocks(self, blobs, folder):
        """A whole upload discards the blocks that were staged."""
        self._stage(blobs, aa=b"1")
        put(blobs, b"whole")
        assert ([], 1) == (blobs.blocks.lists(WHERE).uncommitted, len(files(folder)))

    def test_a_commit_that_meets_another(self, blobs, monkeypatch):
        """A commit that finds the blob changed under its hands starts again from what there is now."""
        self._stage(blobs, aa=b"1")
        joined, met = blobs.blocks._joined, []

        def meeting(parts, segments):
            content = joined(parts, segments)
            if not met:
                met.append(put(blobs, b"other"))
            return content

        monkeypatch.setattr(blobs.blocks, "_joined", meeting)
        with pytest.raises(ServiceError, match="block list is invalid"):
            blobs.blocks.commit(WHERE, [("Latest", "aa")], Version())
        assert b"other" == content_of(blobs)

    def test_blocks_that_vanish_while_they_are_joined(self, blobs, monkeypatch):
        """A commit whose blocks are discarded under its hands looks again, and finds that they are gone."""
        self._stage(blobs, aa=b"1", bb=b"2")
        joined, met = blobs.blocks._joined, []

        def vanishing(parts, segments):
            if not met:
                met.append(put(blobs, b"other"))
            return joined(parts, segments)

        monkeypatch.setattr(blobs.blocks, "_joined", vanishing)
        with pytest.raises(ServiceError, match="block list is invalid"):
            blobs.blocks.commit(WHERE, [("Latest", "aa"), ("Latest", "bb")], Version())
        assert b"other" == content_of(blobs)

    def test_a_condition_that_fails_after_the_joining(self, blobs, folder):
        """A condition that no longer holds when the blocks are joined leaves the blob and no other file."""
        self._stage(blobs, aa=b"1", bb=b"2")
        calls = []

        def check(blob):
            calls.append(blob)
            if len(calls) == 2:
                raise PermissionError

        with pytest.raises(PermissionError):
            blobs.blocks.commit(WHERE, [("Latest", "aa"), ("Latest", "bb")], Version(), check)
        assert 2 == len(files(folder))

    def test_uncommitted_blobs_are_listed_when_asked(self, blobs):
        """A blob that has only uncommitted blocks is listed only when uncommitted blobs are asked for."""
        self._stage(blobs, aa=b"1")
        put(blobs, b"x", BlobAddress("acct", "cont", "a"))
        put(blobs, b"x", BlobAddress("acct", "cont", "z"))
        every = blobs.page("acct", "cont", uncommitted=True).entries
        assert [("a", True), ("b", False), ("z", True)] == [(entry.name, entry.committed) for entry in every]
        assert ["a", "z"] == list(blobs.names("acct", "cont"))
