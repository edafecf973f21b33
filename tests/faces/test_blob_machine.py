"""Any sequence of requests does to blob storage what it does to a dictionary."""

import base64
import tempfile
from contextlib import ExitStack

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from support.blob_storage import ACCOUNT, escaped, open_storage

NAMES = st.sampled_from(["a", "dir/b", "dir/ \ud55c %+#?", "z"])
BLOCKS = st.sampled_from(["1", "2", "3"])
CONTENTS = st.binary(max_size=30)
CONDITIONS = st.sampled_from(["none", "create", "own", "stale"])


def path_of(name):
    return f"/cont/{escaped(name)}"


class WireMachine(RuleBasedStateMachine):
    """Requests with the account's key, against a dictionary of contents."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.storage = self.stack.enter_context(open_storage(self.stack.enter_context(tempfile.TemporaryDirectory())))
        self.storage.make()
        self.contents, self.tags, self.staged, self.committed = {}, {}, {}, {}

    def _condition(self, name, kind):
        """Return headers for a condition, and the status of a refusal when it does not hold."""
        there = name in self.contents
        if kind == "create":
            return {"if-none-match": "*"}, 409 if there else None
        if kind == "own":
            return {"if-match": self.tags.get(name, '"0x1"')}, None if there else 412
        if kind == "stale":
            return {"if-match": '"0x1"'}, 412
        return {}, None

    def _wrote(self, name, content, reply, blocks=()):
        self.contents[name], self.tags[name] = content, reply.headers["etag"]
        self.committed[name] = dict(blocks)
        self.staged.pop(name, None)

    @rule(name=NAMES, content=CONTENTS, kind=CONDITIONS)
    def put(self, name, content, kind):
        """Put Blob, perhaps on a condition."""
        headers, refused = self._condition(name, kind)
        reply = self.storage.put(path_of(name), content, headers)
        assert (refused or 201) == reply.status
        if refused is None:
            self._wrote(name, content, reply)

    @rule(name=NAMES, block=BLOCKS, content=st.binary(min_size=1, max_size=9))
    def stage(self, name, block, content):
        """Put Block."""
        blockid = escaped(base64.b64encode(block.encode()).decode())
        assert 201 == self.storage.call("PUT", path_of(name), f"comp=block&blockid={blockid}", content).status
        self.staged.setdefault(name, {})[block] = content

    @rule(name=NAMES, blocks=st.lists(BLOCKS, max_size=3), kind=CONDITIONS)
    def commit(self, name, blocks, kind):
        """Put Block List, perhaps on a condition."""
        headers, refused = self._condition(name, kind)
        items = "".join(f"<Latest>{base64.b64encode(block.encode()).decode()}</Latest>" for block in blocks)
        body = f"<BlockList>{items}</BlockList>".encode()
        known = {**self.committed.get(name, {}), **self.staged.get(name, {})}
        if refused is None and not set(blocks) <= known.keys():
            refused = 400
        reply = self.storage.call("PUT", path_of(name), "comp=blocklist", body, headers)
        assert (refused or 201) == reply.status
        if refused is None:
            chosen = [(block, known[block]) for block in blocks]
            self._wrote(name, b"".join(content for _, content in chosen), reply, chosen)

    @rule(source=NAMES, onto=NAMES, kind=CONDITIONS)
    def copy(self, source, onto, kind):
        """Copy Blob, perhaps on a condition."""
        headers, refused = self._condition(onto, kind)
        if source not in self.contents:
            refused = 404
        url = f"http://127.0.0.1:10000/{ACCOUNT}{path_of(source)}"
        reply = self.storage.call("PUT", path_of(onto), headers={**headers, "x-ms-copy-source": url})
        assert (refused or 202) == reply.status
        if refused is None:
            self._wrote(onto, self.contents[source], reply)

    @rule(name=NAMES, kind=st.sampled_from(["none", "own", "stale"]))
    def delete(self, name, kind):
        """Delete Blob, perhaps on a condition."""
        headers, refused = self._condition(name, kind)
        if name not in self.contents:
            refused = 404
        assert (refused or 202) == self.storage.call("DELETE", path_of(name), headers=headers).status
        if refused is None:
            for known in (self.contents, self.tags, self.staged, self.committed):
                known.pop(name, None)

    @rule(name=NAMES, first=st.integers(0, 35), length=st.integers(1, 35))
    def read_range(self, name, first, length):
        """Get Blob with a range."""
        reply = self.storage.get(path_of(name), headers={"x-ms-range": f"bytes={first}-{first + length - 1}"})
        content = self.contents.get(name)
        if content is None:
            assert 404 == reply.status
        elif first >= len(content):
            assert 416 == reply.status
        else:
            assert (206, content[first : first + length]) == (reply.status, reply.body)

    @rule(name=NAMES)
    def read_on_a_condition(self, name):
        """Get Blob unless it is the one we have."""
        if name in self.contents:
            tags = [self.tags[name], '"0x1"']
            replies = [self.storage.get(path_of(name), headers={"if-none-match": tag}).status for tag in tags]
            assert [304, 200] == replies

    @rule(prefix=st.sampled_from(["", "dir/", "q"]), limit=st.integers(1, 3))
    def list_in_pages(self, prefix, limit):
        """List Blobs by prefix, page by page."""
        names, marker = [], ""
        while True:
            query = f"restype=container&comp=list&prefix={prefix}&maxresults={limit}&marker={escaped(marker)}"
            reply = self.storage.get("/cont", query)
            names += [item.text for item in reply.xml.iter("Name")]
            marker = reply.text("NextMarker")
            if not marker:
                break
        assert sorted(name for name in self.contents if name.startswith(prefix)) == names

    @invariant()
    def everything_is_there(self):
        """Each blob has its content and its entity tag."""
        for name, content in self.contents.items():
            reply = self.storage.get(path_of(name))
            assert (200, content, self.tags[name]) == (reply.status, reply.body, reply.headers["etag"])

    def teardown(self):
        """Close the folder."""
        self.stack.close()


WireMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestWireMachine = WireMachine.TestCase
