"""The blob folder: laws against a dictionary, atomicity, isolation of readers, names, restarts."""

import base64
import hashlib
import io
import os
import threading
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import BlobAddress, FilesBlobs, FolderError, ShortBody, Version
from amlemulator.adapters.files_blobs_content import CHUNK
from amlemulator.adapters.files_blobs_records import BlobHeaders, Block
from amlemulator.core.access_policies import AccessPolicy
from amlemulator.core.errors import ServiceError
from amlemulator.ports.blobs import BlobMissing
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


class BrokenStream(io.RawIOBase):
    """A body that breaks off in the middle, as a client's connection does."""

    def __init__(self, content):
        self._content = io.BytesIO(content)

    def read(self, size=-1):
        """Return what there is, then break off."""
        piece = self._content.read(size)
        if not piece:
            raise ConnectionResetError
        return piece


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 7])
def test_what_is_written_is_read(blobs, size):
    """A blob of any size is read as it was written, with its size and its MD5."""
    content = os.urandom(size)
    written = put(blobs, content)
    assert content == content_of(blobs)
    assert written == blobs.properties(*WHERE)
    assert (size, base64.b64encode(hashlib.md5(content).digest()).decode()) == (written.size, written.content_md5)


def test_writing_keeps_the_time_of_creation(blobs, clock):
    """Replacing a blob changes its entity tag and modification time, not its time of creation."""
    first = put(blobs, b"1")
    clock.time += 60
    second = put(blobs, b"2")
    assert (first.created, first.created + 60) == (second.created, second.modified)
    assert first.etag != second.etag


def test_entity_tags_differ_though_time_stands_still(blobs):
    """Each write has an entity tag of its own, even at the same moment."""
    tags = [put(blobs, b"x").etag for _ in range(20)]
    assert 20 == len(set(tags))


def test_entity_tags_go_on_after_a_restart(blobs, folder, clock):
    """After a restart at the same moment no entity tag comes twice."""
    before = put(blobs, b"x").etag
    blobs.close()
    with closing(FilesBlobs(folder, {}, clock)) as again:
        assert before < put(again, b"x").etag


def test_the_port_writes_with_a_type(blobs):
    """The port's put sets the content type and needs no size."""
    blobs.put("acct", "cont", "m.csv", io.BytesIO(b"a,b"), content_type="text/csv")
    assert "text/csv" == blobs.properties("acct", "cont", "m.csv").content_type


def test_what_is_missing_is_said(blobs):
    """A missing blob and a missing container are told apart."""
    for use in (blobs.properties, lambda *where: content_of(blobs, BlobAddress(*where))):
        with pytest.raises(BlobMissing) as blob:
            use("acct", "cont", "nothing")
        with pytest.raises(BlobMissing) as container:
            use("acct", "nowhere", "b")
        assert (False, True) == (blob.value.container_missing, container.value.container_missing)


@pytest.mark.parametrize(
    "use",
    [
        lambda blobs: put(blobs, b"x", BlobAddress("acct", "nowhere", "b")),
        lambda blobs: blobs.blocks.stage(BlobAddress("acct", "nowhere", "b"), "AA==", io.BytesIO(b"x")),
        lambda blobs: blobs.names("acct", "nowhere"),
        lambda blobs: blobs.containers.get("acct", "nowhere"),
        lambda blobs: blobs.containers.delete("acct", "nowhere"),
        lambda blobs: blobs.versions.delete(WHERE),
        lambda blobs: blobs.versions.change(WHERE, metadata={}),
        lambda blobs: blobs.versions.copy(WHERE, BlobAddress("acct", "cont", "copy")),
    ],
)
def test_refusals_leave_no_file(blobs, folder, use):
    """What is refused for want of a container or blob leaves nothing in the folder."""
    with pytest.raises(BlobMissing):
        use(blobs)
    assert [] == files(folder)


@pytest.mark.parametrize(
    ("content", "options", "error"),
    [
        (BrokenStream(b"x" * 3 * CHUNK), {}, ConnectionResetError),
        (io.BytesIO(b"short"), {"size": 6}, ShortBody),
        (io.BytesIO(b"other"), {"md5": base64.b64encode(b"0" * 16).decode()}, ServiceError),
        (io.BytesIO(b"other"), {"check": refuse}, PermissionError),
    ],
)
def test_a_broken_upload_changes_nothing(blobs, folder, content, options, error):
    """An upload that breaks off, is too short, has another MD5 or is refused leaves the old blob and no file."""
    put(blobs, b"old")
    before = files(folder)
    with pytest.raises(error):
        blobs.versions.write(WHERE, content, Version(), **options)
    assert (before, b"old") == (files(folder), content_of(blobs))


def test_a_reader_keeps_its_version(blobs, folder):
    """Who has opened a blob reads that version to its end, though it is replaced and deleted meanwhile."""
    old = b"old" * CHUNK
    put(blobs, old)
    with blobs.open(*WHERE) as content:
        start = content.read(10)
        put(blobs, b"new")
        blobs.versions.delete(WHERE)
        assert old == start + content.read()
    assert [] == files(folder)


def test_only_one_version_stays(blobs, folder):
    """Old contents are removed when nobody needs them any more."""
    for number in range(5):
        put(blobs, b"%d" % number)
    assert 1 == len(files(folder))


def test_a_content_that_somebody_removed(blobs, folder):
    """A content file that was removed by hand is an error, not an endless search for a newer one."""
    put(blobs, b"x")
    (folder / "content" / files(folder)[0]).unlink()
    with pytest.raises(FileNotFoundError):
        content_of(blobs)


@settings(max_examples=60, deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1024))
def test_any_name_is_kept(tmp_path_factory, name):
    """Any text is a name, comes back as it was, and appears nowhere in the file system."""
    folder = tmp_path_factory.mktemp("names")
    with closing(FilesBlobs(folder, {}, Ticking())) as blobs:
        blobs.create_container("acct", "cont")
        put(blobs, b"x", BlobAddress("acct", "cont", name))
        assert [name] == list(blobs.names("acct", "cont"))
        assert all(entry.startswith(("content", "index.sqlite", "in-use")) for entry in os.listdir(folder))
        assert [32] == [len(entry) for entry in files(folder)]


@pytest.mark.parametrize("name", ["../../evil", "/etc/passwd", "..\\evil", "a/../../b", "con\0trol", "C:\\x"])
def test_names_that_try_to_leave_the_folder(blobs, folder, name):
    """A name that looks like a path out of the folder is just a name."""
    put(blobs, b"x", BlobAddress("acct", "cont", name))
    assert b"x" == content_of(blobs, BlobAddress("acct", "cont", name))
    assert 1 == len(files(folder))


def test_restart(blobs, folder, clock):
    """After a restart everything is there: contents, headers, metadata, policies, settings, blocks."""
    headers = BlobHeaders("text/csv", None, "gzip", "ko", "attachment", "no-cache")
    blobs.versions.write(WHERE, io.BytesIO(b"x"), Version(headers, {"who": "me"}))
    blobs.blocks.stage(WHERE, "AA==", io.BytesIO(b"block"))
    blobs.containers.set_access("acct", "cont", "blob", [AccessPolicy("p", "s", "e", "r")])
    blobs.containers.set_metadata("acct", "cont", {"k": "v"})
    blobs.containers.set_service_properties("acct", "<xml/>")
    before = blobs.properties(*WHERE), blobs.containers.get("acct", "cont")
    blobs.close()
    with closing(FilesBlobs(folder, {}, clock)) as again:
        assert before == (again.properties(*WHERE), again.containers.get("acct", "cont"))
        assert [Block("AA==", 5)] == again.blocks.lists(WHERE).uncommitted
        assert ["<xml/>", None] == [again.containers.service_properties(name) for name in ("acct", "other")]
        assert b"x" == content_of(again)


def test_what_a_crash_left_is_removed_at_the_next_start(blobs, folder, clock):
    """Files that no row names are removed when the folder is opened, and only those."""
    put(blobs, b"x")
    known = files(folder)
    blobs.close()
    (folder / "content" / ("0" * 32)).write_bytes(b"half an upload")
    FilesBlobs(folder, {}, clock).close()
    assert known == files(folder)


def test_blocks_that_nobody_committed_are_forgotten_after_a_week(blobs, folder, clock):
    """Uncommitted blocks live for a week; the next start after that removes them."""
    blobs.blocks.stage(WHERE, "AA==", io.BytesIO(b"block"))
    blobs.close()
    clock.time += 8 * 24 * 3600
    with closing(FilesBlobs(folder, {}, clock)) as again:
        assert [[], []] == [again.blocks.lists(WHERE).uncommitted, files(folder)]


def test_two_processes_do_not_share_a_folder(blobs, folder, clock):
    """A folder that is in use is refused with a sentence, and is free after close."""
    with pytest.raises(FolderError, match="in use"):
        FilesBlobs(folder, {}, clock)
    blobs.close()
    FilesBlobs(folder, {}, clock).close()


def test_a_folder_of_a_newer_version_is_refused(folder, clock):
    """A folder written by a newer version is refused by name and left as it is."""
    import sqlite3

    FilesBlobs(folder, {}, clock).close()
    with closing(sqlite3.connect(folder / "index.sqlite")) as connection:
        connection.execute("pragma user_version = 99")
    with pytest.raises(FolderError, match="newer"):
        FilesBlobs(folder, {}, clock)


def test_a_folder_that_holds_something_else_is_refused(folder, clock):
    """A file that is no index is refused with a sentence."""
    folder.mkdir()
    (folder / "index.sqlite").write_bytes(b"this is no database, and never was one" * 50)
    with pytest.raises(FolderError, match="no index"):
        FilesBlobs(folder, {}, clock)


def test_durable_writes(folder, clock):
    """With durable, the same operations work while every write goes down to the disk."""
    with closing(FilesBlobs(folder, {}, clock, durable=True)) as blobs:
        blobs.create_container("acct", "cont")
        put(blobs, b"x")
        blobs.versions.copy(WHERE, BlobAddress("acct", "cont", "copy"))
        assert b"x" == content_of(blobs, BlobAddress("acct", "cont", "copy"))


def test_accounts(folder, clock):
    """Configured accounts are listed with their keys, others when they were used; a key exists for whom it is made."""
    with closing(FilesBlobs(folder, {"acct": "a2V5"}, clock, lambda name: "bmV3" if name != "no" else None)) as blobs:
        assert ["a2V5", "bmV3", None] == [blobs.key(name) for name in ("acct", "auto", "no")]
        assert {"acct": "a2V5"} == blobs.accounts()
        blobs.create_container("auto", "cont")
        assert {"acct": "a2V5", "auto": "bmV3"} == blobs.accounts()


def test_without_auto_accounts_an_unknown_account_has_no_key(blobs):
    """Only configured accounts have keys unless others are asked for."""
    assert [None, {"acct": "a2V5"}] == [blobs.key("other"), blobs.accounts()]


def test_reset(blobs, folder):
    """A reset forgets every container, blob, block and file."""
    put(blobs, b"x")
    blobs.blocks.stage(WHERE, "AA==", io.BytesIO(b"block"))
    blobs.reset()
    assert [[], []] == [blobs.containers.page("acct").entries, files(folder)]


class TestChanges:
    """Headers, metadata, deletion, copies."""

    def test_headers_and_metadata(self, blobs):
        """Headers and metadata are replaced each on its own; the content and its size stay."""
        put(blobs, b"content")
        blobs.versions.change(WHERE, headers=BlobHeaders("text/csv", cache_control="no-cache"))
        changed = blobs.versions.change(WHERE, metadata={"a": "b"})
        assert ("text/csv", "no-cache", {"a": "b"}, 7) == (
            changed.content_type,
            changed.cache_control,
            changed.metadata,
            changed.size,
        )
        assert b"content" == content_of(blobs)

    def test_refused(self, blobs):
        """A check that refuses leaves blob and content as they were."""
        before = put(blobs, b"content")
        for change in (
            lambda: blobs.versions.change(WHERE, metadata={"a": "b"}, check=refuse),
            lambda: blobs.versions.delete(WHERE, refuse),
            lambda: blobs.versions.copy(WHERE, WHERE, check=refuse),
            lambda: blobs.versions.copy(WHERE, WHERE, check_source=refuse),
            lambda: blobs.blocks.commit(WHERE, [], Version(), refuse),
        ):
            with pytest.raises(PermissionError):
                change()
        assert before == blobs.properties(*WHERE)

    def test_copies_live_on_their_own(self, blobs):
        """A copy has the source's bytes, headers and metadata, and stays when the source goes."""
        blobs.versions.write(WHERE, io.BytesIO(b"x"), Version(BlobHeaders("text/csv"), {"a": "b"}))
        target = BlobAddress("other", "cont2", "copy")
        blobs.create_container("other", "cont2")
        copy = blobs.versions.copy(WHERE, target)
        blobs.versions.delete(WHERE)
        assert ("text/csv", {"a": "b"}, b"x") == (copy.content_type, copy.metadata, content_of(blobs, target))

    def test_a_source_that_is_replaced_while_it_is_copied(self, blobs, monkeypatch):
        """A copy whose source is replaced under its hands copies the new one."""
        put(blobs, b"old")
        link, met = os.link, []

        def replacing(source, twin):
            if not met:
                met.append(put(blobs, b"new"))
            link(source, twin)

        monkeypatch.setattr(os, "link", replacing)
        target = BlobAddress("acct", "cont", "copy")
        blobs.versions.copy(WHERE, target)
        assert b"new" == content_of(blobs, target)

    def test_copies_without_hard_links(self, blobs, monkeypatch):
        """On a file system that has no hard links the bytes are copied."""

        def unsupported(*_):
            raise OSError

        put(blobs, b"x" * CHUNK)
        monkeypatch.setattr(os, "link", unsupported)
        target = BlobAddress("acct", "cont", "copy")
        blobs.versions.copy(WHERE, target, metadata={"a": "b"})
        assert b"x" * CHUNK == content_of(blobs, target)


def test_many_writers_end_with_one_of_theirs(blobs, folder):
    """When many write one blob at once, in one piece and in blocks, it ends as one of them wrote it."""
    contents = {bytes([letter]) * (CHUNK + letter) for letter in b"abcdefgh"}
    barrier = threading.Barrier(len(contents))

    def write(content):
        barrier.wait()
        for turn in range(4):
            if turn % 2:
                put(blobs, content)
                continue
            name = base64.b64encode(content[:1]).decode()
            blobs.blocks.stage(WHERE, name, io.BytesIO(content))
            try:
                blobs.blocks.commit(WHERE, [("Uncommitted", name)], Version())
            except ServiceError:  # another's write came between and discarded the block, as the service says
                put(blobs, content)

    threads = [threading.Thread(target=write, args=[content]) for content in contents]
    for thread in threads:
        thread.start()
    seen = [content_of(blobs) for _ in range(20) if blobs.page("acct", "cont").entries]
    for thread in threads:
        thread.join()
    assert set() == {content_of(blobs), *seen} - contents
    staged = blobs.blocks.lists(WHERE).uncommitted
    assert 1 + len(staged) == len(files(folder))


def test_conditions_are_atomic(blobs):
    """Of many who create a blob only if it is not there, one succeeds."""

    def absent(blob):
        if blob is not None:
            raise PermissionError

    outcomes = []
    barrier = threading.Barrier(8)

    def create(number):
        barrier.wait()
        try:
            put(blobs, b"%d" % number, check=absent)
            outcomes.append(number)
        except PermissionError:
            pass

    threads = [threading.Thread(target=create, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [content_of(blobs)] == [b"%d" % number for number in outcomes]


def test_a_folder_that_is_still_to_be_had_is_made_with_the_first_blob(tmp_path):
    """Who stores nothing leaves no trace of it, whatever else is asked."""
    asked = []

    def folder():
        asked.append(tmp_path / "blobs")
        return asked[0]

    blobs = FilesBlobs(folder, {"account": "a2V5"}, SystemClock())
    blobs.reset()
    assert ({"account": "a2V5"}, "a2V5") == (blobs.accounts(), blobs.key("account"))
    assert [] == asked
    blobs.create_container("account", "box")
    blobs.create_container("account", "other")
    assert ([tmp_path / "blobs"], True) == (asked, (tmp_path / "blobs").is_dir())
    blobs.close()
    FilesBlobs(folder, {}, SystemClock()).close()
