"""``amlclassic deploy`` against a served emulator."""

import json
import signal
import subprocess
import sys

import pytest

from amlemulator.cli import main
from support.folders import LINE, MODEL, RESOURCE, census, make_folder
from support.server import environment, serve

SLOW = """\
experiment: Slow
nodes:
  - {id: data, module: Enter Data Manually, parameters: {Data: "x\\n1\\n"}}
  - id: script
    module: Execute Python Script
    parameters: {Python script: "import time\\ndef azureml_main(frame):\\n    time.sleep(600)\\n"}
    inputs: {Dataset1: data}
  - {id: result, module: Web Service Output, parameters: {Name: output1}, inputs: {Data: script}}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve one workspace, which the endpoints file names."""
    folder = make_folder(tmp_path_factory.mktemp("served"), {"version": 1, "name": "Bare", "region": "Japan East"})
    made = serve(folder, "--workers", "1", "--workspace", str(folder))
    yield made
    made.stop()


@pytest.fixture
def folder(tmp_path):
    """Lay out experiment files."""
    return make_folder(tmp_path)


@pytest.fixture
def deploy(served, capsys):
    """Call the command; returns its status, what it printed and what it told."""

    def call(*words):
        status = main(["deploy", *map(str, words), "--endpoints-file", str(served.file)])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


def services(served):
    return {one["name"]: one for one in served.endpoints["workspaces"][0]["services"]}


def test_deployed_updated_and_set_up(served, folder, deploy):
    """A file becomes a service, which the endpoints file lists from then on; the key that is shown is masked."""
    path = folder / "experiments" / "line.yaml"
    status, out, err = deploy(path)
    assert (0, True) == (status, out.startswith("Deployed: Line (training) in the workspace Bare\n"))
    assert "upload    line.csv" in err
    first = services(served)["Line"]["endpoints"][0]
    assert first["api_location"] in out
    assert first["primary_key"] not in out
    assert (1, "") == deploy(path)[:2]
    status, out, _ = deploy(path, "--update", "--json")
    shown = json.loads(out)
    assert (0, False, first["primary_key"]) == (
        status,
        shown["created"],
        shown["service"]["endpoints"][0]["primary_key"],
    )
    assert 0 == deploy(path, "--predictive")[0]
    assert "scoring" == services(served)["Line [Predictive Exp.]"]["kind"]


def test_a_scoring_experiment_with_its_model(served, folder, deploy):
    """The model's file is given by the name of its resource."""
    (folder / "experiments" / "census.yaml").write_text(census())
    status, _, err = deploy(folder / "experiments" / "census.yaml", "--name", "Mine")
    assert (1, True) == (status, f"The Saved Model '{RESOURCE}' has no model." in err)
    status, out, _ = deploy(folder / "experiments" / "census.yaml", "--name", "Mine", "--model", f"{RESOURCE}={MODEL}")
    assert (0, True) == (status, out.startswith("Deployed: Mine (scoring)"))


def test_what_is_wrong_is_told_with_file_and_line(served, folder, deploy):
    """All of it, status 1, and nothing is sent."""
    path = folder / "experiments" / "line.yaml"
    path.write_text(LINE.replace("Linear", "Lineal"))
    status, out, err = deploy(path, "--name", "Never")
    assert (1, "") == (status, out)
    assert f"{path}:10: learner: There is no module 'Lineal Regression' here." in err
    assert "nothing was changed" in err
    assert "Never" not in services(served)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere.yaml"], "nowhere.yaml: No such file or directory. Look at how it is spelt"),
        (["{file}", "--model", "nothing"], "--model takes RESOURCE=FILE, not 'nothing'"),
        (["{file}", "--model", "a=nowhere.ilearner"], "nowhere.ilearner: No such file or directory."),
        (["{file}", "--parameter", "a=1", "--parameter", "a=2"], "--parameter names 'a' twice"),
        (["{file}", "--workspace", "None"], "there is no workspace 'None'; there is: Bare"),
    ],
)
def test_wrong_calls(folder, deploy, words, told):
    """One sentence and status 2."""
    file = str(folder / "experiments" / "line.yaml")
    status, out, err = deploy(*(word.format(file=file) for word in words))
    assert (2, "", 1) == (status, out, len(err.splitlines()))
    assert told in err


def test_ctrl_c_changes_nothing(served, tmp_path):
    """The run in the emulator is stopped, too."""
    path = tmp_path / "slow.yaml"
    path.write_text(SLOW)
    command = [sys.executable, "-m", "amlemulator.cli", "deploy", str(path), "--endpoints-file", str(served.file)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(tmp_path))
    assert process.stderr is not None
    assert any("running" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    assert "stopped; nothing was changed" in process.communicate(timeout=60)[1]
    assert 130 == process.returncode
    assert "Slow" not in services(served)


def test_ctrl_c_while_a_folder_is_being_run(tmp_path):
    """Serving that has not begun yet ends at once, with status 0 and no worker left."""
    document = {
        "version": 1,
        "name": "Slow",
        "region": "Japan East",
        "services": [{"name": "Slow", "experiment": "experiments/line.yaml"}],
    }
    folder = make_folder(tmp_path / "w", document, line=SLOW)
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-m", "amlemulator.cli", "serve", "--port", "0", "--blob-port", "0"]
    process = subprocess.Popen(
        [*command, "--workspace", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path / "tmp"),
    )
    assert process.stderr is not None
    assert "running the experiment of 'Slow'" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert ("", "") == process.communicate(timeout=60)
    assert 0 == process.returncode
    assert [] == list((tmp_path / "tmp").iterdir())
