"""Diagnosing a healthy retraining beside its floor (the same calls sent again, bare), in one run, as ratios.

    python benchmarks/diagnose.py [--rounds 20]

Starts an emulator, retrains the census sample once, then diagnoses it with everything given: all twelve checks are
made. The two take turns within each round, so a drift of the machine hits both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from amlclient import (
    Answer,
    BlobLocation,
    Call,
    Deadline,
    EndpointsFile,
    RetrainingSetup,
    ScoringClient,
    SystemClock,
    Transport,
    diagnose,
)
from amlemulator import Emulator
from amlemulator.commands.serve import endpoints
from amlemulator.samples import dataset_content


class Recording(Transport):
    """Keeps what was sent."""

    sent: list[Call]

    def send(self, call: Call, deadline: Deadline) -> Answer:
        """Send it, and remember it."""
        self.sent.append(call)
        return super().send(call, deadline)


def retrained(emulator: Emulator, folder: Path) -> RetrainingSetup:
    """Retrain once, and return what a program has then."""
    rows, file, journal = folder / "rows.csv", folder / "aml.json", folder / "journal.json"
    rows.write_bytes(b"\n".join(dataset_content("census-train").splitlines()[:2000]))
    file.write_text(json.dumps(endpoints(emulator)))
    words = ["retrain", "--endpoints-file", str(file), "--input", str(rows), "--state", str(journal)]
    subprocess.run([sys.executable, "-m", "amlemulator.cli", *words], check=True, capture_output=True)
    done = json.loads(journal.read_text())
    workspace = EndpointsFile.read(file).workspace()
    training = workspace.service("Census Model", "training").default
    job = ScoringClient(training.api_location, training.primary_key).job(done["job_id"])
    return RetrainingSetup(
        patch_url=done["patch"]["url"],
        token=workspace.token,
        resource_name=done["patch"]["resource"],
        model=next((one for one in job.results.values() if one.extension == ".ilearner"), BlobLocation()),
        scoring_url=done["endpoint"]["api_location"],
        training_url=training.api_location,
        training_key=training.primary_key,
        job_id=done["job_id"],
        workspace=workspace,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    times: tuple[list[float], list[float]] = ([], [])
    with Emulator() as emulator, tempfile.TemporaryDirectory() as folder:
        setup = retrained(emulator, Path(folder))
        transport = Recording()
        for _ in range(rounds + 1):
            transport.sent = []
            begun = time.perf_counter()
            diagnosis = diagnose(setup, transport=transport)
            times[0].append((time.perf_counter() - begun) * 1000)
            assert [check for check in diagnosis.checks if check.outcome != "ok"] == [], diagnosis
            calls = transport.sent
            begun = time.perf_counter()
            for call in calls:
                Transport.send(transport, call, Deadline(SystemClock(), 30.0))
            times[1].append((time.perf_counter() - begun) * 1000)
    ours, floor = times[0][1:], times[1][1:]
    ratios = [one / other for one, other in zip(ours, floor, strict=True)]
    print(f"{len(diagnosis.checks)} checks, {len(calls)} calls; {rounds} rounds")
    print(f"diagnose, ms    {statistics.median(ours):8.1f}  [{min(ours):.1f} - {max(ours):.1f}]")
    print(f"calls alone, ms {statistics.median(floor):8.1f}  [{min(floor):.1f} - {max(floor):.1f}]")
    print(f"ratio           {statistics.median(ratios):8.2f}  [{min(ratios):.2f} - {max(ratios):.2f}]")


if __name__ == "__main__":
    main()
