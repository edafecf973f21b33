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
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from amlemulator.adapters.files_blobs import BlobAddress, FilesBlobs, FolderError, ShortBody, Version
from amlemulator.adapters.files_blobs_content import CHUNK
from amlemulator.adapters.files_blobs_listing import after_prefix
from amlemulator.adapters.files_blobs_records import BlobHeaders, BlobPrefix, Block
from amlemulator.core.errors import ServiceError
from amlemulator.core.sas import AccessPolicy
from amlemulator.ports.blobs import BlobMissing


class Ticking:
    """A clock that shows what it is told to."""

    def __init__(self):
        self.time = 1_600_000_000.0

    def now(self):
        """Return the time that was set."""
        return self.time


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


WHERE = BlobAddress("acct", "cont", "b")


def put(blobs, content, where=WHERE, **options):
    return blobs.versions.write(where, io.BytesIO(content), Version(), **options)


def content_of(blobs, where=WHERE):
    with blobs.open(*where) as content:
        return content.read()


def files(folder):
    return sorted(os.listdir(folder / "content"))


def refuse(_):
    raise PermissionError


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


class TestContainers:
    """Containers: pages, changes, deletion."""

    def test_making_one_twice(self, blobs):
        """Making a container twice is refused by the service's operation and accepted by the port's."""
        blobs.create_container("acct", "cont")
        with pytest.raises(ServiceError, match="already exists"):
            blobs.containers.create("acct", "cont")

    def test_pages(self, blobs):
        """Containers are listed in order, by prefix, in pages, for one account."""
        for name in ("b2", "a1", "b1"):
            blobs.create_container("acct", name)
        blobs.create_container("other", "b0")
        first = blobs.containers.page("acct", prefix="b", limit=1)
        second = blobs.containers.page("acct", prefix="b", start=first.next, limit=1)
        assert (["b1"], "b2") == ([entry.name for entry in first.entries], first.next)
        assert (["b2"], None) == ([entry.name for entry in second.entries], second.next)

    def test_changes_move_the_entity_tag(self, blobs, clock):
        """New metadata and new access give a container another entity tag and modification time."""
        before = blobs.containers.get("acct", "cont")
        clock.time += 5
        after = blobs.containers.set_metadata("acct", "cont", {"a": "b"})
        assert (True, before.modified + 5, {"a": "b"}) == (before.etag < after.etag, after.modified, after.metadata)
        assert after.etag < blobs.containers.set_access("acct", "cont", "container", []).etag

    def test_a_refused_change(self, blobs):
        """A check that refuses leaves the container as it was."""
        before = blobs.containers.get("acct", "cont")
        for change in (
            lambda: blobs.containers.set_metadata("acct", "cont", {"a": "b"}, refuse),
            lambda: blobs.containers.set_access("acct", "cont", "blob", [], refuse),
            lambda: blobs.containers.delete("acct", "cont", refuse),
        ):
            with pytest.raises(PermissionError):
                change()
        assert before == blobs.containers.get("acct", "cont")

    def test_deleting_one(self, blobs, folder):
        """Deleting a container removes its blobs, its blocks and their files, and no other container's."""
        blobs.create_container("acct", "other")
        put(blobs, b"x", BlobAddress("acct", "other", "b"))
        put(blobs, b"x")
        blobs.blocks.stage(WHERE, "AA==", io.BytesIO(b"block"))
        blobs.containers.delete("acct", "cont")
        assert 1 == len(files(folder))
        blobs.create_container("acct", "cont")
        assert [] == list(blobs.names("acct", "cont"))


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

    def test_copies_without_hard_links(self, blobs, monkeypatch):
        """On a file system that has no hard links the bytes are copied."""

        def unsupported(*_):
            raise OSError

        put(blobs, b"x" * CHUNK)
        monkeypatch.setattr(os, "link", unsupported)
        target = BlobAddress("acct", "cont", "copy")
        blobs.versions.copy(WHERE, target, metadata={"a": "b"})
        assert b"x" * CHUNK == content_of(blobs, target)


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

    def test_uncommitted_blobs_are_listed_when_asked(self, blobs):
        """A blob that has only uncommitted blocks is listed only when uncommitted blobs are asked for."""
        self._stage(blobs, aa=b"1")
        put(blobs, b"x", BlobAddress("acct", "cont", "a"))
        put(blobs, b"x", BlobAddress("acct", "cont", "z"))
        every = blobs.page("acct", "cont", uncommitted=True).entries
        assert [("a", True), ("b", False), ("z", True)] == [(entry.name, entry.committed) for entry in every]
        assert ["a", "z"] == list(blobs.names("acct", "cont"))


def listed(blobs, **options):
    page = blobs.page("acct", "cont", **options)
    return [("prefix" if isinstance(entry, BlobPrefix) else "blob", entry.name) for entry in page.entries], page.next


def modelled(names, prefix="", delimiter=""):
    """Return what a listing shows, by definition."""
    shown = []
    for name in sorted(name for name in names if name.startswith(prefix)):
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        entry = ("prefix", name[: cut + len(delimiter)]) if cut >= 0 else ("blob", name)
        if entry not in shown:
            shown.append(entry)
    return shown


NAMES = st.text(st.sampled_from("ab/\u0436\ud7ff\ue000\U0010ffff%"), min_size=1, max_size=6)
DELIMITERS = st.sampled_from(["", "/", "b", "//"])


@settings(max_examples=60, deadline=None)
@given(st.sets(NAMES, max_size=12), st.text("ab/\U0010ffff", max_size=2), DELIMITERS, st.integers(1, 4))
def test_listing_is_what_its_definition_says(tmp_path_factory, names, prefix, delimiter, limit):
    """Pages of any length, joined, show each blob or prefix once and in order, for any prefix and delimiter."""
    with closing(FilesBlobs(tmp_path_factory.mktemp("list"), {}, Ticking())) as blobs:
        blobs.create_container("acct", "cont")
        for name in names:
            put(blobs, b"", BlobAddress("acct", "cont", name))
        shown, following = listed(blobs, prefix=prefix, delimiter=delimiter, limit=limit)
        while following is not None:
            more, following = listed(blobs, prefix=prefix, delimiter=delimiter, limit=limit, start=following)
            assert 0 < len(more) <= limit
            shown += more
    assert modelled(names, prefix, delimiter) == shown


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_comes_after_a_prefix(prefix, rest):
    """Everything with a prefix sorts before what comes after it, as SQLite sorts: by UTF-8 bytes."""
    after = after_prefix(prefix)
    assert after is None or (prefix + rest).encode() < after.encode()


def test_names_go_on_over_pages(blobs):
    """The names of a container are all there, though a page holds 5,000."""
    with blobs._index.writing() as connection:
        connection.executemany(
            "insert into blobs select id, ?, 0, 1, 0, 0, '', null, null, null, null, null, '', '', '', '' "
            "from containers",
            [(f"{number:05}",) for number in range(5001)],
        )
    assert [f"{number:05}" for number in range(5001)] == list(blobs.names("acct", "cont"))


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


IDS = st.sampled_from(["AA==", "BB==", "CC=="])


class BlobMachine(RuleBasedStateMachine):
    """Any sequence of operations does to the folder what it does to a dictionary."""

    names = Bundle("names")

    def __init__(self):
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.blobs = FilesBlobs(self.folder.name, {}, Ticking())
        self.blobs.create_container("acct", "cont")
        self.content, self.committed, self.staged = {}, {}, {}

    @initialize(target=names)
    def some_names(self):
        """Take a few names, one with everything that needs escaping."""
        return multiple("a", "dir/b", "dir/\u0436 %+")

    def where(self, name):
        """Return the address of a name."""
        return BlobAddress("acct", "cont", name)

    @rule(name=names, content=st.binary(max_size=50))
    def put(self, name, content):
        """Put Blob."""
        put(self.blobs, content, self.where(name))
        self.content[name], self.committed[name] = content, []
        self.staged.pop(name, None)

    @rule(name=names, block=IDS, content=st.binary(max_size=9))
    def stage(self, name, block, content):
        """Put Block."""
        self.blobs.blocks.stage(self.where(name), block, io.BytesIO(content))
        self.staged.setdefault(name, {})[block] = content

    @rule(
        name=names,
        ids=st.lists(
            st.tuples(
                st.sampled_from(["Committed", "Uncommitted", "Latest"]), st.sampled_from(["AA==", "BB==", "CC=="])
            ),
            max_size=4,
        ),
    )
    def commit(self, name, ids):
        """Put Block List."""
        committed, staged = dict(self.committed.get(name, [])), self.staged.get(name, {})
        places = {"Committed": committed, "Uncommitted": staged, "Latest": {**committed, **staged}}
        chosen = [(block, places[place].get(block)) for place, block in ids]
        if any(content is None for _, content in chosen):
            with pytest.raises(ServiceError):
                self.blobs.blocks.commit(self.where(name), ids, Version())
            return
        self.blobs.blocks.commit(self.where(name), ids, Version())
        self.content[name], self.committed[name] = b"".join(content for _, content in chosen), chosen
        self.staged.pop(name, None)

    @rule(source=names, onto=names)
    def copy(self, source, onto):
        """Copy Blob."""
        target = onto
        if source not in self.content:
            with pytest.raises(BlobMissing):
                self.blobs.versions.copy(self.where(source), self.where(target))
            return
        self.blobs.versions.copy(self.where(source), self.where(target))
        self.content[target], self.committed[target] = self.content[source], []
        self.staged.pop(target, None)

    @rule(name=names)
    def delete(self, name):
        """Delete Blob."""
        if name not in self.content:
            with pytest.raises(BlobMissing):
                self.blobs.versions.delete(self.where(name))
            return
        self.blobs.versions.delete(self.where(name))
        del self.content[name], self.committed[name]
        self.staged.pop(name, None)

    @rule()
    def restart(self):
        """Close the folder and open it again."""
        self.blobs.close()
        self.blobs = FilesBlobs(self.folder.name, {}, Ticking())

    @invariant()
    def the_names_are_those(self):
        """List Blobs."""
        assert sorted(self.content) == list(self.blobs.names("acct", "cont"))

    @invariant()
    def the_contents_are_those(self):
        """Get Blob."""
        assert self.content == {name: content_of(self.blobs, self.where(name)) for name in self.content}

    @invariant()
    def the_blocks_are_those(self):
        """Get Block List."""
        for name in ("a", "dir/b", "dir/\u0436 %+"):
            lists = self.blobs.blocks.lists(self.where(name))
            assert [(block, len(content)) for block, content in self.committed.get(name, [])] == [
                (block.id, block.size) for block in lists.committed
            ]
            assert sorted((block, len(content)) for block, content in self.staged.get(name, {}).items()) == [
                (block.id, block.size) for block in lists.uncommitted
            ]

    def teardown(self):
        """No file is left that nothing names."""
        kept = self.content.values(), *(blocks.values() for blocks in self.staged.values())
        assert sum(bool(content) for group in kept for content in group) == len(
            os.listdir(f"{self.folder.name}/content")
        )
        self.blobs.close()
        self.folder.cleanup()


BlobMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestBlobMachine = BlobMachine.TestCase
