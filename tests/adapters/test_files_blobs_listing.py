"""Containers, and listings of what is in them."""

import io
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlemulator.adapters.files_blobs import BlobAddress, FilesBlobs
from amlemulator.adapters.files_blobs_listing import after_prefix
from amlemulator.adapters.files_blobs_records import BlobPrefix
from amlemulator.core.errors import ServiceError
from support.blob_folder import WHERE, Ticking, files, put, refuse


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
