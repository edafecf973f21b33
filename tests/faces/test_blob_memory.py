"""No body is ever held whole: uploads and downloads of any size need the same memory."""

import subprocess
import sys
from pathlib import Path

# Runs in a process of its own, with a server as the emulator has it, and talks to it from a second process, so that
# only the server's memory is measured. Linux tells the peak; what imports and first requests took is not counted.
SERVER = """
import sys, tempfile
sys.path.insert(0, sys.argv[1])
from support.blob_storage import ACCOUNT, KEY, serving
from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.faces.blob import BlobApplication

def resident():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])

with tempfile.TemporaryDirectory() as folder:
    blobs = FilesBlobs(folder, {ACCOUNT: KEY}, SystemClock())
    with serving(BlobApplication(blobs, SystemClock()), blobs.spool) as url:
        print(url, flush=True)
        for line in sys.stdin:
            with open("/proc/self/clear_refs", "w") as peak:
                if line.strip() == "start":
                    peak.write("5")
            status = open("/proc/self/status").read()
            high = next(part for part in status.splitlines() if part.startswith("VmHWM")).split()[1]
            print(high if line.strip() == "peak" else resident(), flush=True)
    blobs.close()
"""
MEGABYTE = 1024 * 1024
SIZE = 64 * MEGABYTE
"""Four times what waitress may keep of an answer, and a quarter of a thousand times what it keeps of a body."""

CLIENT = """
import sys
from azure.storage.blob import ContainerClient
sys.path.insert(0, sys.argv[1])
from support.blob_storage import ACCOUNT, KEY

class Zeros:
    def __init__(self, size):
        self.left = size
    def read(self, size=-1):
        size = self.left if size < 0 else min(size, self.left)
        self.left -= size
        return bytes(size)

size, single = int(sys.argv[3]), int(sys.argv[4])
client = ContainerClient.from_container_url(
    f"{sys.argv[2]}/{ACCOUNT}/cont", {"account_name": ACCOUNT, "account_key": KEY},
    max_single_put_size=single, max_block_size=8 * 1024 * 1024, retry_total=0,
)
if not client.exists():
    client.create_container()
blob = client.upload_blob("big", Zeros(size), length=size, overwrite=True)
assert size == sum(len(chunk) for chunk in blob.download_blob().chunks())
blob.stage_block_from_url("1", blob.url)
blob.commit_block_list(["1"])
"""


def test_uploads_and_downloads_do_not_grow_the_server(tmp_path):
    """64 MB up in one piece, up in blocks, down, and copied, grow the server by no more than 16 MB."""
    tests = str(Path(__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, tests], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:

        def ask(word):
            server.stdin.write(word + "\n")
            server.stdin.flush()
            return int(server.stdout.readline()) * 1024

        def play(size, single):
            arguments = [sys.executable, "-c", CLIENT, tests, url, str(size), str(single)]
            subprocess.run(arguments, check=True)

        url = server.stdout.readline().strip()
        for single in (SIZE, MEGABYTE):
            play(2 * MEGABYTE, single)
        before = ask("start")
        for single in (SIZE, MEGABYTE):
            play(SIZE, single)
        growth = ask("peak") - before
        server.stdin.close()
        server.wait(timeout=30)
    assert growth < 16 * MEGABYTE
