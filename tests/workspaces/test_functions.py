"""References to functions in the experiment files of a workspace folder."""

import pytest

from amlemulator.settings import SettingsError
from amlemulator.workspaces.reading import read_workspaces

WORKSPACE = """\
version: 1
name: Mine
region: Japan East
services:
  - {name: Mine, experiment: experiments/mine.yaml}
"""
EXPERIMENT = """\
experiment: Mine
nodes:
  - {id: request, module: Web Service Input, parameters: {Name: input1}, columns: [{name: x, type: Double}]}
  - id: train
    module: Train Python Function
    parameters: {Function: "mine:train"}
    inputs: {Dataset: request}
  - {id: model, module: Web Service Output, parameters: {Name: output1}, inputs: {Data: train}}
"""
SCRIPT = "def train(rows):\n    return b''\n"


@pytest.fixture
def folder(tmp_path):
    """Lay the workspace out, but for the script."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "workspace.yaml").write_text(WORKSPACE)
    (tmp_path / "experiments" / "mine.yaml").write_text(EXPERIMENT)
    return tmp_path


def test_the_script_is_taken_into_the_graph(folder):
    """A reference becomes the function's name and the text of the file beside the experiment."""
    (folder / "experiments" / "mine.py").write_text(SCRIPT)
    (workspace,) = read_workspaces(folder)
    train = workspace.services[0].experiment["nodes"][1]
    assert {"Function": "train", "Python script": SCRIPT} == train["parameters"]


def test_a_reference_that_leads_nowhere_is_found(folder):
    """A missing script is told with file, line and mend."""
    with pytest.raises(SettingsError, match=r"mine\.yaml:6: train: 'mine:train' is no module:function"):
        read_workspaces(folder)
