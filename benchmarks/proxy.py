"""The way by real host names (proxy, TLS) beside the plain listener, in one run, as ratios; and memory of large bodies.

    python benchmarks/proxy.py [--rounds 5] [--requests 400] [--megabytes 256]

One emulator serves both ways, which take turns within each round. Small requests are scores over one kept connection,
and over a connection of their own each (for the proxy: CONNECT and a TLS handshake). Memory is the server's resident
growth, sampled while one blob goes in and out through the proxy.
"""

from __future__ import annotations

import argparse
import http.client
import json
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.core.sas import make_account_sas

PIECE = b"x" * (256 * 1024)
SCORING = "Census Model [Predictive Exp.]"
BLOBS = f"{DEVELOPMENT_ACCOUNT}.blob.core.windows.net"
TOKEN = make_account_sas(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, "rwdlac", 0, 4e9)
ROW = [
    *("39", "State-gov", "77516", "Bachelors", "13", "Never-married", "Adm-clerical", "Not-in-family", "White"),
    *("Male", "2174", "0", "40", "United-States", "<=50K"),
]
NAMES = [
    *("age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship"),
    *("race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"),
]
BODY = json.dumps({"Inputs": {"input1": {"ColumnNames": NAMES, "Values": [ROW]}}}).encode()


@contextmanager
def served(folder: Path) -> Iterator[tuple[Any, int]]:
    """Serve; give the endpoints file's content and the process id."""
    file = folder / "endpoints.json"
    command = [sys.executable, "-m", "amlemulator.cli", "serve", "--endpoints-file", str(file)]
    ports = ["--port", "0", "--blob-port", "0", "--proxy-port", "0", "--ca-folder", str(folder / "ca")]
    process = subprocess.Popen([*command, *ports], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("READY ")
        yield json.loads(file.read_text("utf-8")), process.pid
    finally:
        process.terminate()
        process.wait()


class Ways:
    """Connections to the same place, plain and by its real name through the proxy."""

    def __init__(self, endpoints: Any) -> None:
        self._endpoints = endpoints
        self._context = ssl.create_default_context(cafile=endpoints["ca_file"])
        service = next(one for one in endpoints["workspaces"][0]["services"] if one["name"] == SCORING)
        endpoint = service["endpoints"][0]
        self.headers = {"Authorization": f"Bearer {endpoint['primary_key']}", "Content-Type": "application/json"}
        self._path = urlsplit(endpoint["api_location"]).path + "/execute?api-version=2.0"

    def plain(self, url: str = "base_url") -> http.client.HTTPConnection:
        """Connect with a listener."""
        return http.client.HTTPConnection(urlsplit(self._endpoints[url]).netloc, timeout=60)

    def real(self, host: str = "ussouthcentral.services.azureml.net") -> http.client.HTTPConnection:
        """Connect with a real host name, through the proxy."""
        proxy = urlsplit(self._endpoints["proxy_url"])
        made = http.client.HTTPSConnection(str(proxy.hostname), proxy.port, timeout=60, context=self._context)
        made.set_tunnel(host, 443)
        return made

    def score(self, connection: http.client.HTTPConnection, *, real: bool) -> None:
        """Score one row."""
        path = self._path.replace("/ussouthcentral.services", "", 1) if real else self._path
        connection.request("POST", path, BODY, self.headers)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()


def seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def kept(ways: Ways, count: int, *, real: bool) -> float:
    """Return microseconds of a score over a connection that stays."""
    with closing(ways.real() if real else ways.plain()) as connection:
        ways.score(connection, real=real)
        return seconds(lambda: [ways.score(connection, real=real) for _ in range(count)] and None) / count * 1e6


def fresh(ways: Ways, count: int, *, real: bool) -> float:
    """Return microseconds of a score over a connection of its own."""

    def once() -> None:
        with closing(ways.real() if real else ways.plain()) as connection:
            ways.score(connection, real=real)

    return seconds(lambda: [once() for _ in range(count)] and None) / count * 1e6


def transfer(connection: http.client.HTTPConnection, path: str, megabytes: int) -> tuple[float, float]:
    """Put a blob and get it back; return MB/s of each."""
    size = megabytes * 1024 * 1024
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02", "Content-Length": str(size)}

    def put() -> None:
        connection.request("PUT", path, (PIECE for _ in range(size // len(PIECE))), headers)
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        answer.read()

    def get() -> None:
        connection.request("GET", path)
        answer = connection.getresponse()
        left = size
        while piece := answer.read(len(PIECE)):
            left -= len(piece)
        assert (answer.status, left) == (200, 0)

    return size / seconds(put) / 1e6, size / seconds(get) / 1e6


def resident(pid: int) -> float:
    """Return resident memory in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


@contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """Give a list whose last entry is the largest growth of the process's memory meanwhile, in MiB."""
    before, growth, done = resident(pid), [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.01):
            growth.append(max(growth[-1], resident(pid) - before))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield growth
    finally:
        done.set()
        thread.join()


def report(name: str, ours: list[float], floor: list[float]) -> None:
    ratios = [one / other for one, other in zip(ours, floor, strict=True)]
    medians = f"{statistics.median(ours):10.0f} {statistics.median(floor):10.0f}"
    print(f"{name:38} {medians}   {statistics.median(ratios):5.2f}  [{min(ratios):.2f} - {max(ratios):.2f}]")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--megabytes", type=int, default=256)
    given = parser.parse_args()
    rows: dict[str, tuple[list[float], list[float]]] = {
        name: ([], [])
        for name in ("score, kept connection, us", "score, new connection, us", "PUT blob, MB/s", "GET blob, MB/s")
    }
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as (endpoints, pid):
        ways, growth = Ways(endpoints), [0.0]
        kept(ways, 50, real=False)
        container = f"/large{TOKEN}&restype=container"
        with closing(ways.real(BLOBS)) as connection:
            connection.request("PUT", container)
            connection.getresponse().read()
        for _ in range(given.rounds):
            for real, place in ((True, 0), (False, 1)):
                rows["score, kept connection, us"][place].append(kept(ways, given.requests, real=real))
                rows["score, new connection, us"][place].append(fresh(ways, max(given.requests // 10, 1), real=real))
                path = f"/large/b{TOKEN}" if real else f"/{DEVELOPMENT_ACCOUNT}/large/b{TOKEN}"
                opened = ways.real(BLOBS) if real else ways.plain("blob_url")
                with closing(opened) as connection, watched(pid) as seen:
                    put, get = transfer(connection, path, given.megabytes)
                rows["PUT blob, MB/s"][place].append(put)
                rows["GET blob, MB/s"][place].append(get)
                growth += seen[-1:] if real else []
    print(f"{'':38} {'real name':>10} {'plain':>10}   ratio  [least - most]")
    for row, (ours, floor) in rows.items():
        report(row, ours, floor)
    print(f"growth of memory, {given.megabytes} MB through the proxy: at most {max(growth):.1f} MiB")


if __name__ == "__main__":
    main()
