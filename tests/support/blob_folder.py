"""What the tests of the blob folder share."""

import io
import os

from amlemulator.adapters.files_blobs import BlobAddress, Version


class Ticking:
    """A clock that shows what it is told to."""

    def __init__(self):
        self.time = 1_600_000_000.0

    def now(self):
        """Return the time that was set."""
        return self.time


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
