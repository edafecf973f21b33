"""A server that is killed in the middle of uploads loses nothing that it acknowledged, and shows nothing by half."""

import http.client
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import BlobAddress, FilesBlobs
from amlemulator.core.sas import make_account_sas
from support.blob_storage import ACCOUNT, KEY

SERVER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from support.blob_storage import ACCOUNT, KEY, serving
from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.faces.blob import BlobApplication

blobs = FilesBlobs(sys.argv[2], {ACCOUNT: KEY}, SystemClock(), durable=sys.argv[3] == "durable")
blobs.create_container(ACCOUNT, "cont")
with serving(BlobApplication(blobs, SystemClock()), blobs.spool) as url:
    print(url, flush=True)
    time.sleep(600)
"""
UPLOADS, WRITERS, KILLED_AFTER = 1000, 4, 150


def content_of(number):
    """Return what upload ``number`` sends: small ones, and some that are received straight into the folder."""
    return f"{number:06}".encode() * (1 + (number % 7) * 500 + (100_000 if number % 50 == 0 else 0))


class Uploads:
    """Uploads that several writers share, until the server is gone."""

    def __init__(self, url, when_enough):
        self.acknowledged = set()
        self._url = urlsplit(url)
        self._numbers = iter(range(UPLOADS))
        self._lock = threading.Lock()
        self._when_enough = when_enough
        self._token = make_account_sas(ACCOUNT, KEY, "w", 0, 4e9)

    def run(self):
        """Upload until there is no server any more."""
        connection = http.client.HTTPConnection(self._url.netloc, timeout=10)
        headers = {"x-ms-version": "2021-12-02", "x-ms-blob-type": "BlockBlob"}
        try:
            while (number := self._next()) is not None:
                path = f"/{ACCOUNT}/cont/{number}{self._token}"
                connection.request("PUT", path, content_of(number), headers)
                response = connection.getresponse()
                response.read()
                assert 201 == response.status
                with self._lock:
                    self.acknowledged.add(number)
                    if len(self.acknowledged) == KILLED_AFTER:
                        self._when_enough()
        except (OSError, http.client.HTTPException):
            pass  # killed
        finally:
            connection.close()

    def _next(self):
        with self._lock:
            return next(self._numbers, None)


@pytest.mark.parametrize("durable", ["durable", "not"])
def test_killed_in_the_middle_of_uploads(tmp_path, durable):
    """After kill -9 and a restart every acknowledged blob is whole; of the others at most those under way are there."""
    tests, folder = str(Path(__file__).parents[1]), tmp_path / "blobs"
    command = [sys.executable, "-c", SERVER, tests, str(folder), durable]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        uploads = Uploads(server.stdout.readline().strip(), server.kill)
        writers = [threading.Thread(target=uploads.run) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    with closing(FilesBlobs(folder, {ACCOUNT: KEY}, SystemClock())) as blobs:
        shown = {int(name) for name in blobs.names(ACCOUNT, "cont")}
        broken = []
        for number in shown:
            with blobs.open(*BlobAddress(ACCOUNT, "cont", str(number))) as content:
                broken += [number] if content.read() != content_of(number) else []
        kept = len(list((folder / "content").iterdir()))
    assert (set(), []) == (uploads.acknowledged - shown, broken)
    assert len(uploads.acknowledged) < UPLOADS
    assert len(shown - uploads.acknowledged) <= WRITERS
    assert len(shown) == kept
