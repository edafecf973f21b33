"""RRS beside its floor (bare Flask on waitress, the same route, an answer of the same size), in one run, as ratios.

    python benchmarks/rrs.py [--seconds 4] [--rounds 5]

Needs wrk on the PATH. Prints, for each figure, the emulator's and the floor's median, and the median ratio with its
smallest and largest value over the rounds. The two take turns within each round, so a drift of the machine hits both.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Server:
    """A server in a process of its own."""

    def __init__(self, *command: str) -> None:
        started = time.perf_counter()
        self.process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.cold = time.perf_counter() - started
        assert line.startswith("READY "), line
        self.url = line.split()[1]

    def resident(self) -> float:
        """Return resident memory in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait()


def wrk(url: str, key: str, body: str, connections: int, seconds: int) -> tuple[float, float]:
    """Return requests per second and the 99th percentile in ms. Fails on any answer that is not 200."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        headers = f'wrk.headers["Authorization"]="Bearer {key}"; wrk.headers["Content-Type"]="application/json"'
        script.write(f'wrk.method="POST"; wrk.body=[==[{body}]==]; {headers}')
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script.name, url]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out, out
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])  # type: ignore[index]
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()  # type: ignore[union-attr]
    return rate, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def call(url: str, key: str, body: str) -> dict[str, object]:
    """Score once."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)) as answer:
        return json.load(answer)


def report(name: str, ours: list[float], floor: list[float]) -> None:
    """Print one figure."""
    ratios = [one / other for one, other in zip(ours, floor, strict=True)]
    low, high, middle = min(ratios), max(ratios), statistics.median(ratios)
    medians = f"{statistics.median(ours):10.1f} {statistics.median(floor):10.1f}"
    print(f"{name:34} {medians}   {middle:5.2f}  [{low:.2f} - {high:.2f}]")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("This needs wrk: install it with the system's package manager.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "aml.json"
        serve = ["-m", "amlemulator.cli", "serve", "--port", "0", "--blob-port", "0", "--endpoints-file", str(file)]
        print(f"{'':34} {'amlclassic':>10} {'floor':>10}   ratio  [spread]")
        starts(serve, arguments.rounds)
        scores(serve, file, arguments.rounds, arguments.seconds)


def starts(serve: list[str], rounds: int) -> None:
    """Start the two in turns, and tell how long each takes and what it holds when it is idle."""
    colds: tuple[list[float], list[float]] = ([], [])
    memory: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for index, command in enumerate((serve, [str(HERE / "floor.py")])):
            server = Server(*command)
            colds[index].append(server.cold * 1000)
            time.sleep(1)  # it goes on loading beside the first calls: idle is afterwards
            memory[index].append(server.resident())
            server.stop()
    report("cold start to READY, ms", colds[0][1:], colds[1][1:])
    report("idle memory, MiB", memory[0][1:], memory[1][1:])


def scores(serve: list[str], file: Path, rounds: int, seconds: int) -> None:
    """Score a row on the two in turns, by one client and by sixteen, so many seconds each."""
    ours = Server(*serve)
    services = json.loads(file.read_text())["workspaces"][0]["services"]
    endpoint = next(one for one in services if one["name"].endswith("[Predictive Exp.]"))["endpoints"][0]
    sample = ["39", "State-gov", "77516", "Bachelors", "13", "Never-married", "Adm-clerical", "Not-in-family", "White"]
    row = [*sample, "Male", "2174", "0", "40", "United-States", "<=50K"]
    body = json.dumps({"Inputs": {"input1": {"Values": [row]}}, "GlobalParameters": {}})
    url, key = endpoint["api_location"] + "/execute?api-version=2.0&details=true", endpoint["primary_key"]
    answer = call(url, key, body)
    floor = Server(str(HERE / "floor.py"), json.dumps(answer))
    floor_url = floor.url + "/workspaces/w/services/s/execute?api-version=2.0&details=true"
    for connections in (1, 16):
        figures: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
        for _ in range(rounds):
            figures[0].append(wrk(url, key, body, connections, seconds))
            figures[1].append(wrk(floor_url, key, body, connections, seconds))
        report(f"RRS one row, {connections} clients, per second", *([one[0] for one in side] for side in figures))
        report(f"RRS one row, {connections} clients, p99 ms", *([one[1] for one in side] for side in figures))
    ours.stop()
    floor.stop()


if __name__ == "__main__":
    main()
