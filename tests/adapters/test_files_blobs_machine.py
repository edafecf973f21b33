"""Any sequence of operations does to the folder what it does to a dictionary."""

import io
import os
import tempfile

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from amlemulator.adapters.files_blobs import BlobAddress, FilesBlobs, Version
from amlemulator.core.errors import ServiceError
from amlemulator.ports.blobs import BlobMissing
from support.blob_folder import Ticking, content_of, put

IDS = st.sampled_from(["AA==", "BB==", "CC=="])


class BlobMachine(RuleBasedStateMachine):
    """Any sequence of operations does to the folder what it does to a dictionary."""

    names = Bundle("names")

    def __init__(self):
        super().__init__()
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
