"""The test kit beside what people use for other services: moto's server, pytest-httpserver, and the floor. As ratios.

    python benchmarks/kit.py [--rounds 7]

Installs moto and pytest-httpserver into an environment of its own (.build/benchmark-kit). Prints for each figure the
medians and the median ratio with its smallest and largest value over the rounds; those that are compared take turns
within each round, so a drift of the machine hits all. Below 1.00 we are ahead.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parent / ".build" / "benchmark-kit"
PACKAGES = ("moto[server,s3]", "pytest-httpserver", "boto3")
JOBS = 1000

# Each is run in a process of its own and prints milliseconds, after a first time that does not count.
IMPORTS = {
    "ours": "from amlemulator import Emulator",
    "moto": "import moto.server",
    "floor": "import flask, waitress.server",
}
START_STOP = """
import statistics, time
{make}
def once():
    begin = time.perf_counter()
    server = make(); started = time.perf_counter()
    stop(server)
    return (started - begin) * 1000, (time.perf_counter() - started) * 1000
once()
times = [once() for _ in range({times})]
print(*(statistics.median(column) for column in zip(*times)))
"""
MAKE = {
    "ours": "from amlemulator import Emulator\nmake = lambda: Emulator().start()\nstop = lambda server: server.close()",
    "httpserver": "from pytest_httpserver import HTTPServer\n"
    "def make():\n    server = HTTPServer(); server.start(); return server\n"
    "stop = lambda server: server.stop()",
    "moto": "from moto.server import ThreadedMotoServer\n"
    "def make():\n    server = ThreadedMotoServer(port=0, verbose=False); server.start(); return server\n"
    "stop = lambda server: server.stop()",
}
OURS_RESET = f"""
import statistics, time, urllib.request
from amlemulator import Emulator
emulator = Emulator(auto_accounts=True).start()
def fill():
    aml = emulator.workspace("Full")
    endpoint = aml.endpoint("Bike Rental Training")
    url = endpoint.api_location + "/jobs?api-version=2.0"
    with emulator.session() as session:
        for _ in range({JOBS}):
            headers = {{"Authorization": "Bearer " + endpoint.key}}
            body = {{"GlobalParameters": {{"URI": "http://x/y.csv"}}}}
            assert session.post(url, json=body, headers=headers).ok
    return aml
def timed(call):
    begin = time.perf_counter(); call(); return (time.perf_counter() - begin) * 1000
def over_http():
    urllib.request.urlopen(urllib.request.Request(emulator.base_url + "/_emulator/reset", b"", method="POST")).close()
fill(); emulator.reset(); over_http()
fill(); first = timed(emulator.reset)
fill(); second = timed(over_http)
aml = fill(); third = timed(aml.reset)
for _ in range(5): emulator.workspace("Warm")
fresh = statistics.median(timed(lambda: emulator.workspace("Fresh")) for _ in range(50))
print(first, second, third, fresh)
emulator.close()
"""
MOTO_RESET = f"""
import time, urllib.request
import boto3
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(port=0, verbose=False); server.start()
host, port = server.get_host_and_port()
base = f"http://127.0.0.1:{{port}}"
def fill():
    s3 = boto3.client("s3", endpoint_url=base, region_name="us-east-1")
    s3.create_bucket(Bucket="full")
    for number in range({JOBS}):
        s3.put_object(Bucket="full", Key=str(number), Body=b"x")
def reset():
    begin = time.perf_counter()
    urllib.request.urlopen(urllib.request.Request(base + "/moto-api/reset", b"", method="POST")).close()
    return (time.perf_counter() - begin) * 1000
reset()
fill()
print(reset())
server.stop()
"""


def peers() -> Path:
    """Return the Python that has the others, made the first time."""
    python = PEERS / "bin" / "python"
    if not (PEERS / ".installed").exists():
        print("installing the others into", PEERS, file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES, "flask", "waitress"], check=True)
        (PEERS / ".installed").touch()
    return python


def run(python: Path | str, script: str) -> list[float]:
    """Run a script; return the numbers it prints."""
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    done = subprocess.run([str(python), "-c", script], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    return [float(word) for word in done.stdout.split()]


def wall(python: Path | str, script: str) -> list[float]:
    """Return how long a process takes that runs a script and ends, in milliseconds."""
    begin = time.perf_counter()
    subprocess.run([str(python), "-c", script], check=True)
    return [(time.perf_counter() - begin) * 1000]


def cold(command: list[str], probe: Callable[[subprocess.Popen[str]], str]) -> list[float]:
    """Start a server; return milliseconds until it answers, and its resident memory then, in MiB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = probe(process)
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except urllib.error.HTTPError:
                break  # it answers
            except OSError:
                time.sleep(0.002)
        taken = (time.perf_counter() - begin) * 1000
        status = Path(f"/proc/{process.pid}/status").read_text()
        return [taken, int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024]  # type: ignore[index]
    finally:
        process.terminate()
        process.wait()


def ready(process: subprocess.Popen[str]) -> str:
    """Return the address in a READY line."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("READY "), line
    return line.split()[1] + "/_emulator/readyz"


def report(name: str, ours: list[float], other: str, theirs: list[float]) -> None:
    """Print one figure beside another's."""
    ratios = [one / two for one, two in zip(ours, theirs, strict=True)]
    medians = f"{statistics.median(ours):9.2f} {statistics.median(theirs):9.2f}"
    print(f"{name:34} {medians} {other:18} {statistics.median(ratios):6.2f}  [{min(ratios):.2f} - {max(ratios):.2f}]")


def one_round(theirs: Path, port: int) -> dict[str, list[float]]:
    """Take every figure once, each peer's right after ours; ``port`` is free for moto."""
    serve = [sys.executable, "-m", "amlemulator.cli", "serve", "--port", "0", "--blob-port", "0"]
    moto = [str(theirs), "-m", "moto.server", "-p", str(port)]
    return {
        "import": wall(sys.executable, IMPORTS["ours"]),
        "import moto": wall(theirs, IMPORTS["moto"]),
        "import floor": wall(theirs, IMPORTS["floor"]),
        "cold": cold(serve, ready),
        "cold moto": cold(moto, lambda _: f"http://127.0.0.1:{port}/moto-api/"),
        "cold floor": cold([sys.executable, str(HERE / "floor.py")], ready),
        "start": run(sys.executable, START_STOP.format(make=MAKE["ours"], times=20)),
        "start httpserver": run(theirs, START_STOP.format(make=MAKE["httpserver"], times=3)),
        "start moto": run(theirs, START_STOP.format(make=MAKE["moto"], times=3)),
        "reset": run(sys.executable, OURS_RESET),
        "reset moto": run(theirs, MOTO_RESET),
    }


def tell(figures: dict[str, list[list[float]]]) -> None:
    """Print the table: ours beside the others', then what nobody else has."""

    def column(name: str, place: int = 0) -> list[float]:
        return [values[place] for values in figures[name]]

    print(f"{'':34} {'ours':>9} {'other':>9} {'':18}  ratio  [spread]")
    for other in ("moto", "floor"):
        report("import, ms", column("import"), other, column(f"import {other}"))
        report("cold start to an answer, ms", column("cold"), other, column(f"cold {other}"))
        report("idle memory, MiB", column("cold", 1), other, column(f"cold {other}", 1))
    for other in ("httpserver", "moto"):
        both = [column("start"), column("start", 1), column(f"start {other}"), column(f"start {other}", 1)]
        report("start in this process, ms", both[0], other, both[2])
        report("stop in this process, ms", both[1], other, both[3])
        ours, theirs_both = ([one + two for one, two in zip(*pair, strict=True)] for pair in (both[:2], both[2:]))
        report("start and stop together, ms", ours, other, theirs_both)
    report(f"reset with {JOBS} jobs over HTTP, ms", column("reset", 1), f"moto, {JOBS} objects", column("reset moto"))
    alone = {"reset, ms": 0, "reset of one workspace, ms": 2, "fresh workspace, ms": 3}
    for name, place in alone.items():
        values = column("reset", place)
        print(
            f"{name:34} {statistics.median(values):9.2f} {'':9} {'':18}         [{min(values):.2f} - {max(values):.2f}]"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    theirs, figures = peers(), dict[str, list[list[float]]]()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number in range(rounds + 1):
            found = one_round(theirs, 38400 + number)
            print(f"round {number} of {rounds}", file=sys.stderr)
            if number:  # the first one warms the disk
                for name, values in found.items():
                    figures.setdefault(name, []).append(values)
    tell(figures)
    print(json.dumps({"rounds": rounds, "processors": os.cpu_count(), "load": os.getloadavg()}))


if __name__ == "__main__":
    main()
