"""Blob storage beside Azurite, in one run: small operations, one large upload, one long listing.

``python benchmarks/blobs.py [--azurite PATH] [--rounds 5] [--requests 1000]``. ``PATH`` is Azurite's program, as
``npm install azurite`` puts it at ``node_modules/.bin/azurite-blob``; without it only our own numbers are printed. Both
servers run at the same time in processes of their own, and take turns within each round, so that a noisy machine is
noisy for both. The data lie in a temporary folder; where files are made slowly in it (a file system may search long for
free inodes), name another with ``TMPDIR``. Printed are medians with minimum and maximum, and the ratio of each round
likewise.
"""

from __future__ import annotations

import argparse
import os
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from amlemulator.core.connection import DEVELOPMENT_ACCOUNT as ACCOUNT
from amlemulator.core.connection import DEVELOPMENT_KEY as KEY
from amlemulator.core.sas import make_account_sas

OURS = """
import logging, sys
from waitress.server import create_server
from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.faces.blob import BlobApplication
from amlemulator.faces.blob_channel import adapt
from amlemulator.faces.prompt_channel import PromptChannel, Threads

logging.getLogger("waitress.queue").setLevel(logging.ERROR)
blobs = FilesBlobs(sys.argv[1], {DEVELOPMENT_ACCOUNT: DEVELOPMENT_KEY}, SystemClock())
listeners = {}
server = create_server(
    BlobApplication(blobs, SystemClock()), map=listeners, host="127.0.0.1", port=int(sys.argv[2]),
    max_request_body_size=5 * 1024**3, recv_bytes=65536, asyncore_use_poll=True, _dispatcher=Threads(),
)
adapt(listeners, blobs.spool, PromptChannel)
server.run()
"""
VERSION = "2021-12-02"
LARGE = 256 * 1024 * 1024
BLOBS = 10_000


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    pid: int

    def request(self, method: str, path: str, query: str = "", body: bytes = b"", extra: str = "") -> bytes:
        """Return the bytes of a request."""
        token = make_account_sas(ACCOUNT, KEY, "rwdlac", time.time() - 300, time.time() + 86400, version="2019-12-12")
        target = f"/{ACCOUNT}{path}{token}{query and '&' + query}"
        head = (
            f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nx-ms-version: {VERSION}\r\n"
            f"Content-Length: {len(body)}\r\n{extra}\r\n"
        )
        return head.encode() + body

    def growth_mark(self) -> None:
        """Begin to note the peak of the server's memory anew."""
        for pid in self._family():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def memory(self, what: str) -> float:
        """Return VmRSS or VmHWM in MiB, of the server and its children."""
        found = 0
        for pid in self._family():
            status = Path(f"/proc/{pid}/status").read_text()
            found += int(re.search(rf"{what}:\s+(\d+)", status)[1])  # type: ignore[index] # Linux tells always
        return found / 1024

    def _family(self) -> list[int]:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(name: str, command: Sequence[str], port: int) -> Iterator[Server]:
    """Start a server, wait until it listens, and stop it at the end."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            else:
                raise RuntimeError(f"{name} did not listen within 30 s: {' '.join(command)[:100]}")
            yield Server(name, port, process.pid)
        finally:
            process.terminate()
            process.wait(10)


class Connection:
    """A connection that sends ready-made requests and reads whole answers, with as little work as can be."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer = b""
        self._head = False

    def send(self, request: bytes) -> None:
        """Send a request."""
        self._answer, self._head = b"", request.startswith(b"HEAD")
        self.socket.sendall(request)

    def received(self) -> bool:
        """Read what has come; tell whether the answer is whole. Raises RuntimeError for a refusal."""
        self._answer += self.socket.recv(1 << 18)
        head, blank, body = self._answer.partition(b"\r\n\r\n")
        if not blank:
            return False
        if head[9:10] != b"2":
            raise RuntimeError(self._answer[:300])
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if length is None:  # chunked
            return self._head or body.endswith(b"0\r\n\r\n")
        return self._head or len(body) >= int(length[1])


def play(server: Server, requests: Sequence[bytes], clients: int) -> float:
    """Send the requests over so many connections at once, and return how many were answered in a second."""
    waiting = iter(requests)
    begun = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for request in [request for _, request in zip(range(clients), waiting, strict=False)]:
            connection = Connection(server)
            connection.send(request)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while selector.get_map():
            for key, _ in selector.select():
                if key.data.received():
                    following = next(waiting, None)
                    if following is not None:
                        key.data.send(following)
                    else:
                        selector.unregister(key.fileobj)
                        key.data.socket.close()
    return len(requests) / (time.perf_counter() - begun)


def one(server: Server, request: bytes) -> float:
    """Send one request, and return its seconds."""
    return 1 / play(server, [request], 1)


def upload(server: Server, size: int) -> float:
    """Put one large blob; return MB/s."""
    head = server.request("PUT", "/bench/large", extra="x-ms-blob-type: BlockBlob\r\n")
    head = head.replace(b"Content-Length: 0", f"Content-Length: {size}".encode())
    piece = os.urandom(1 << 20)
    connection = Connection(server)
    begun = time.perf_counter()
    connection.send(head)
    for _ in range(size // len(piece)):
        connection.socket.sendall(piece)
    while not connection.received():
        pass
    connection.socket.close()
    return size / 1e6 / (time.perf_counter() - begun)


def download(server: Server, size: int) -> float:
    """Get the large blob; return MB/s."""
    connection = Connection(server)
    begun = time.perf_counter()
    connection.send(server.request("GET", "/bench/large"))
    left = size
    while left > 0:
        left -= len(connection.socket.recv(1 << 20))
    connection.socket.close()
    return size / 1e6 / (time.perf_counter() - begun)


def listing(server: Server) -> float:
    """List all blobs, page by page; return the names in a second."""
    begun, names, marker = time.perf_counter(), 0, ""
    while True:
        connection = Connection(server)
        connection.send(server.request("GET", "/many", f"restype=container&comp=list&marker={marker}"))
        while not connection.received():
            pass
        connection.socket.close()
        names += connection._answer.count(b"<Name>")
        found = re.search(rb"<NextMarker>([^<]+)</NextMarker>", connection._answer)
        if found is None:
            return names / (time.perf_counter() - begun)
        marker = found[1].decode()


def small_requests(server: Server, count: int) -> dict[str, list[bytes]]:
    """Return the requests of each small operation, in the order in which they can be played."""
    put = [
        server.request("PUT", f"/bench/b{number}", body=b"x" * 1024, extra="x-ms-blob-type: BlockBlob\r\n")
        for number in range(count)
    ]
    metadata, blocks = "x-ms-meta-a: 1\r\n", b"<BlockList><Latest>AA==</Latest></BlockList>"
    return {
        "Put Blob 1 KB": put,
        "Get Blob 1 KB": [server.request("GET", f"/bench/b{number}") for number in range(count)],
        "Get Blob, 100 bytes": [
            server.request("GET", f"/bench/b{number}", extra="x-ms-range: bytes=100-199\r\n") for number in range(count)
        ],
        "Get Blob Properties": [server.request("HEAD", f"/bench/b{number}") for number in range(count)],
        "Set Blob Metadata": [
            server.request("PUT", f"/bench/b{number}", "comp=metadata", extra=metadata) for number in range(count)
        ],
        "Put Block 1 KB": [
            server.request("PUT", f"/bench/c{number}", "comp=block&blockid=AA%3D%3D", b"x" * 1024)
            for number in range(count)
        ],
        "Put Block List": [
            server.request("PUT", f"/bench/c{number}", "comp=blocklist", blocks) for number in range(count)
        ],
        "List Blobs, 10": [
            server.request("GET", "/bench", "restype=container&comp=list&maxresults=10") for _ in range(count // 4)
        ],
        "Delete Blob": [server.request("DELETE", f"/bench/c{number}") for number in range(count)],
    }


def shown(values: Sequence[float], unit: str = "") -> str:
    """Return median and spread."""
    return f"{statistics.median(values):9,.2f}{unit} [{min(values):,.2f}-{max(values):,.2f}]"


Measured = dict[tuple[str, str], list[float]]


def measure(servers: Sequence[Server], rounds: int, count: int) -> Measured:
    """Play everything, the servers taking turns; return the values by operation and server.

    The small operations come first, while there are few blobs: Azurite's slow down with their number.
    """
    measured: Measured = {}
    for server in servers:
        one(server, server.request("PUT", "/bench", "restype=container"))
        play(server, small_requests(server, count)["Put Blob 1 KB"][:200], 4)  # warm
    for turn in range(rounds):
        measure_small(measured, servers if turn % 2 else list(reversed(servers)), count)
    for server in servers:
        one(server, server.request("PUT", "/many", "restype=container"))
        many = [
            server.request("PUT", f"/many/{number:06}", body=b"x", extra="x-ms-blob-type: BlockBlob\r\n")
            for number in range(BLOBS)
        ]
        play(server, many, 16)
    for turn in range(rounds):
        measure_large(measured, servers if turn % 2 else list(reversed(servers)))
    return measured


def measure_small(measured: Measured, servers: Sequence[Server], count: int) -> None:
    """Play each small operation once, at 1 and at 16 clients."""
    for clients in (1, 16):
        requests = {server.name: small_requests(server, count) for server in servers}
        for operation in requests[servers[0].name]:
            for server in servers:
                rate = play(server, requests[server.name][operation], clients)
                measured.setdefault((f"{operation}, {clients} clients [1/s]", server.name), []).append(rate)


def measure_large(measured: Measured, servers: Sequence[Server]) -> None:
    """Upload and download one large blob, and list many small ones."""
    for server in servers:
        before = server.memory("VmRSS")
        server.growth_mark()
        measured.setdefault(("Put Blob 256 MiB [MB/s]", server.name), []).append(upload(server, LARGE))
        grown = server.memory("VmHWM") - before
        measured.setdefault(("  growth of memory [MiB]", server.name), []).append(grown)
        measured.setdefault(("Get Blob 256 MiB [MB/s]", server.name), []).append(download(server, LARGE))
        measured.setdefault((f"List Blobs, {BLOBS:,} [names/s]", server.name), []).append(listing(server))


def report(measured: Measured, servers: Sequence[Server]) -> None:
    """Print the table."""
    for operation in dict.fromkeys(operation for operation, _ in measured):
        columns = [f"{server.name} {shown(measured[operation, server.name])}" for server in servers]
        if len(servers) == 2 and "growth" not in operation:
            pairs = zip(*(measured[operation, server.name] for server in servers), strict=True)
            columns.append(f"ratio {shown([ours / theirs for ours, theirs in pairs])}")
        print(f"{operation:38} {'   '.join(columns)}", flush=True)


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--azurite", default=shutil.which("azurite-blob"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1000)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        port = free_port()
        ours = running("ours", [sys.executable, "-c", OURS, f"{folder}/ours", str(port)], port)
        servers = [stack.enter_context(ours)]
        if options.azurite:
            port = free_port()
            command = [options.azurite, "--blobPort", str(port), "--location", f"{folder}/azurite", "--silent"]
            command += ["--disableTelemetry"]
            servers.append(stack.enter_context(running("azurite", command, port)))
        report(measure(servers, options.rounds, options.requests), servers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
