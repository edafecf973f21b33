"""``amlclassic contracts check``: wrong calls, reports, exit status."""

import json
import os
import signal
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from amlclient import EndpointsFile
from amlcontracts.harness.registry import checks
from amlemulator import Emulator
from amlemulator.cli import main
from amlemulator.commands.serve import endpoints
from amlemulator.core import access
from support.runner import until


@pytest.fixture(scope="module")
def served():
    """Serve an emulator with the samples."""
    with Emulator(port=0, blob_port=0, workers=1) as emulator:
        yield emulator


@pytest.fixture
def words(served, tmp_path, monkeypatch):
    """Return the command for it, with the flags that every test here wants."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {**os.environ})
    file = tmp_path / "aml.json"
    file.write_text(json.dumps(endpoints(served)))
    return ["contracts", "check", "--endpoints-file", str(file), "--quick", "--seed", "3"]


def test_what_holds_is_status_0(words, capsys, tmp_path):
    """Reports are written, progress goes to standard error, and nothing else is left in the folder."""
    assert 0 == main([*words, "--only", "regions.", "--html", "r.html", "--junit", "r.xml"])
    out, err = capsys.readouterr()
    assert out.startswith("6 promises held, 0 broken; ")
    assert "seed 3" in err
    assert "All promises held" in (tmp_path / "r.html").read_text("utf-8")
    assert "6" == ElementTree.parse(tmp_path / "r.xml").getroot()[0].get("tests")
    assert {"aml.json", "r.html", "r.xml"} == {one.name for one in tmp_path.iterdir()}


def test_what_breaks_is_status_1(words, capsys, monkeypatch):
    """A breach is told with the command that makes it again."""
    monkeypatch.setattr(access, "matches", lambda token, keys: bool(token))
    assert 1 == main([*words, "--only", "access.scoring-key", "--json"])
    out, err = capsys.readouterr()
    (broken,) = [one for one in json.loads(out)["checks"] if one["verdict"] == "broken"]
    assert "access.scoring-key" == broken["id"]
    assert "BROKEN access.scoring-key" in err
    assert broken["replay"] in err


def test_the_checks_are_listed_without_a_service(capsys):
    """``--list`` needs no endpoints file and shows every check on a line."""
    assert 0 == main(["contracts", "check", "--list"])
    assert len(checks()) == len(capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--only", "nobody"], "no check begins with 'nobody'; `amlclassic contracts check --list` lists them"),
        (["--settle", "-1"], "--settle takes seconds from 0 to 600, not -1"),
        (["--html", "nowhere/r.html"], "nowhere/r.html cannot be written: its folder is not there"),
        (["--endpoints-file", "nobody.json"], "the endpoints file nobody.json cannot be read"),
    ],
)
def test_a_wrong_call_is_status_2(words, flags, sentence, capsys):
    """What cannot be done is one sentence, before anything is checked."""
    assert 2 == main([*words, *flags])
    out, err = capsys.readouterr()
    assert sentence in err
    assert ("", 1) == (out, len(err.splitlines()))


@pytest.mark.parametrize("library", ["hypothesis", "jsonschema"])
def test_a_missing_library_is_named(words, library, capsys, monkeypatch):
    """Who has not installed the extra is told how."""
    monkeypatch.setitem(sys.modules, library, None)
    assert 2 == main(words)
    assert "pip install 'amlclassic[contracts]'" in capsys.readouterr().err


def test_a_stop_in_the_middle_leaves_nothing(served, words, tmp_path):
    """Ctrl-C ends it at once, with the signal's status, and removes what was made."""
    file = EndpointsFile.read(tmp_path / "aml.json")
    scoring = file.workspace().service("Census Model [Predictive Exp.]")
    process = subprocess.Popen(
        [sys.executable, "-m", "amlemulator.cli", *words[:4], "--full", "--only", "settings.kept"],
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: len(served.directory.endpoints(scoring.id)) > 1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert 130 == process.returncode
    assert "stopped" in err
    assert "Traceback" not in err
    assert ["default"] == [one.name for one in served.directory.endpoints(scoring.id)]
