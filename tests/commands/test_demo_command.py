"""``amlclassic demo`` and ``retrain`` with a real emulator: a process, real workers, a real model."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from amlclient import EndpointsFile
from amlemulator.commands._child import ChildEmulator, Signals
from amlemulator.commands._demonstration import sample

COMMAND = [sys.executable, "-m", "amlemulator.cli"]


def start(words: list[str], folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "TMPDIR": str(folder)}
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *words], stdout=pipe, stderr=pipe, text=True, env=environment, cwd=folder)


def alive(folder: Path) -> list[str]:
    """Return the processes that work in ``folder``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in told:
            found.append(process.name)
    return found


def test_the_demo_shows_what_the_document_promises(tmp_path) -> None:
    """The new endpoint has changed, the default one has not, and the retrained model is the better one."""
    process = start(["demo", "--json"], tmp_path)
    out, err = process.communicate(timeout=100)
    assert (0, []) == (process.returncode, list(tmp_path.iterdir())), err
    told = json.loads(out)
    assert ["ok", "training", "evaluation", "test_auc", "endpoint", "scores"] == list(told)
    assert ("Census Model", "Finished", 32561) == tuple(
        told["training"][name] for name in ("service", "status", "rows")
    )
    assert told["test_auc"]["after"] >= 0.92
    assert told["test_auc"]["after"] > told["test_auc"]["before"]
    assert told["evaluation"]["auc"] >= 0.9
    scores = told["scores"]
    assert scores["default_before"] == scores["default_after"] == scores["endpoint_before"]
    assert scores["endpoint_before"] != scores["endpoint_after"]
    assert told["endpoint"]["patch_url"].endswith(f"/endpoints/{told['endpoint']['name']}")
    assert "Census Model [trained model]" == told["endpoint"]["resource_name"]
    assert [] == alive(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("word", ["The emulator is ready", "upload", "training"])
def test_a_demo_that_is_stopped_leaves_nothing(tmp_path, number, word) -> None:
    """Ctrl-C or SIGTERM, early or while the job runs: no process, no folder, no object on standard output."""
    words = ["demo"] if word.startswith("The") else ["demo", "--json"]
    process = start(words, tmp_path)
    stream = process.stdout if word.startswith("The") else process.stderr
    assert stream is not None
    while word not in stream.readline():
        assert process.poll() is None
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (128 + number, [], []) == (process.returncode, list(tmp_path.iterdir()), alive(tmp_path))
    assert "Traceback" not in err
    assert "nothing is left behind" in err


def test_a_retraining_killed_three_times_starts_one_job_and_updates_once(tmp_path) -> None:
    """SIGKILL after the start, after the end and after the PATCH; run again each time, on a real emulator."""
    rows = tmp_path / "rows.csv"
    with Signals() as signals, ChildEmulator(signals) as child:
        file = child.start()
        with sample("census-train", tmp_path).open() as whole:
            rows.write_text("".join(line for line, _ in zip(whole, range(3000), strict=False)))
        words = ["retrain", "--endpoints-file", str(child.folder / "endpoints.json"), "--input", str(rows)]
        words += ["--state", str(tmp_path / "j.json"), "--json"]
        for member in ("started", "finished", "patched"):
            kill_when(words, tmp_path, lambda member=member: member in (tmp_path / "j.json").read_text())
        process = start(words, tmp_path)
        out, err = process.communicate(timeout=60)
        assert 0 == process.returncode, err
        assert (1, 1) == counts(file)
        assert json.loads(out)["verified"]


def kill_when(words: list[str], folder: Path, reached: Callable[[], bool]) -> None:
    process = start(words, folder)
    while process.poll() is None:
        if (folder / "j.json").exists() and reached():
            process.kill()
        time.sleep(0.002)
    process.communicate()


def counts(file: EndpointsFile) -> tuple[int, int]:
    """Return how many jobs were started and how many updates were done, by the emulator's own record."""
    with urllib.request.urlopen(f"{file.base_url}/_emulator/requests") as answer:
        done = [call for call in json.load(answer) if call["status"] == 200]
    starts = [call for call in done if call["url"].split("?")[0].endswith("/start")]
    return len(starts), len([call for call in done if call["method"] == "PATCH"])
