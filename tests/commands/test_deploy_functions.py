"""``amlclassic deploy --train --score``: a person's own functions, in the workers of a served emulator."""

import os
from pathlib import Path

import pytest
import requests

from amlemulator.cli import main
from support.folders import make_folder
from support.server import serve

SCRIPT = """\
import os

def train(rows):
    return b"%d" % os.getpid()

def score(model, rows):
    rows["trained in"] = int(model)
    rows["scored in"] = os.getpid()
    return rows
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve one empty workspace."""
    folder = make_folder(tmp_path_factory.mktemp("functions"), {"version": 1, "name": "Bare", "region": "Japan East"})
    made = serve(folder, "--workers", "1", "--workspace", str(folder))
    yield made
    made.stop()


@pytest.fixture
def deploy(served, tmp_path, monkeypatch, capsys):
    """Call the command in a folder that has rows and functions; returns its status and what it told."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n3,4\n")
    (tmp_path / "mine.py").write_text(SCRIPT)

    def call(*words):
        status = main(["deploy", "rows.csv", *words, "--endpoints-file", str(served.file)])
        shown = capsys.readouterr()
        return status, shown.out + shown.err

    return call


def test_functions_run_in_workers_only(served, deploy):
    """Both services are there; training and scoring saw other processes than the one that serves."""
    status, _ = deploy("--train", "mine:train", "--score", "mine:score", "--name", "Mine")
    assert 0 == status
    services = {one["name"]: one for one in served.endpoints["workspaces"][0]["services"]}
    assert ["Mine", "Mine [Predictive Exp.]"] == [name for name in services if name.startswith("Mine")]
    default = services["Mine [Predictive Exp.]"]["endpoints"][0]
    answer = requests.post(
        default["api_location"] + "/execute?api-version=2.0&details=true",
        json={"Inputs": {"input1": {"ColumnNames": ["x", "y"], "Values": [["1", "2"]]}}, "GlobalParameters": {}},
        headers={"Authorization": f"Bearer {default['primary_key']}"},
        timeout=60,
    )
    (row,) = answer.json()["Results"]["output1"]["value"]["Values"]
    seen = {int(cell) for cell in row[2:]}
    assert not seen & {served.process.pid, os.getpid()}


def test_both_services_or_neither(served, deploy):
    """A score that fails at the deployment leaves no training service behind; with the mend both are there."""
    words = ("--train", "mine:train", "--score", "mine:score", "--name", "Both")
    Path("mine.py").write_text(SCRIPT.replace("int(model)", "int(model) / 0"))
    status, told = deploy(*words)
    assert (1, True) == (status, "division by zero" in told and "nothing was changed" in told)
    Path("mine.py").write_text(SCRIPT)
    status, told = deploy(*words)
    assert (0, True) == (status, "Deployed: Both (training)" in told and "Deployed: Both [Predictive Exp.] (sc" in told)
    status, told = deploy(*words)
    assert (1, True) == (status, "There is a web service 'Both' already" in told)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--train", "mine:train"), "--name"),
        (("--train", "mine", "--name", "M"), "no module:function"),
        (("--score", "nothing:score", "--name", "M"), "no module:function"),
        (("--score", "mine:score", "--name", "M", "--predictive"), "--predictive"),
    ],
)
def test_a_wrong_call_is_one_sentence(deploy, words, told):
    """What cannot be is told with status 2, before anything is sent."""
    status, said = deploy(*words)
    assert 2 == status
    assert told in said
    assert 1 == said.count("\n")
