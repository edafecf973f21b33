"""Programs that know only the real host names, unmodified, under ``amlclassic run``: the whole retraining flow.

Python with requests, Python with urllib and Azure's blob library, C# under mono, R with httr, Node with Azure's blob
library, curl. The ids, the keys and the storage account in their sources stand in a workspace folder.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from help_runs import training_rows
from support.carried import carried
from support.real import node_packages

pytestmark = pytest.mark.timeout(600)

PROGRAMS = Path(__file__).parent / "programs"
HOSTS = ("ussouthcentral.services.azureml.net", "management.azureml.net", "retrainstore.blob.core.windows.net")
COMMANDS = {
    "requests": [sys.executable, PROGRAMS / "retrain_requests.py"],
    "urllib": [sys.executable, PROGRAMS / "retrain_urllib.py"],
    "csharp": ["mono", "Retrain.exe"],
    "r": ["Rscript", PROGRAMS / "retrain.R"],
    "node": ["node", PROGRAMS / "retrain.cjs"],
    "curl": ["sh", PROGRAMS / "retrain.sh"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Lay down the workspace folder, the rows, and the compiled program."""
    made = tmp_path_factory.mktemp("names")
    carried(made / "workspace")
    (made / "rows.csv").write_text(training_rows(), "utf-8")
    compiler = ["mcs", "-r:System.Net.Http", "-r:System.Web.Extensions", f"-out:{made / 'Retrain.exe'}"]
    subprocess.run([*compiler, PROGRAMS / "Retrain.cs"], check=True)
    return made


@pytest.mark.parametrize("program", COMMANDS)
def test_an_unmodified_program_retrains(folder, program):
    """It uploads, trains, adds an endpoint, patches it and scores another probability; all at the real hosts."""
    modules = node_packages("blob_node", ["@azure/storage-blob@12.31.0"]) if program == "node" else folder
    home = {"XDG_DATA_HOME": str(folder / "data"), "NODE_PATH": str(modules), "HOME": str(folder)}
    run = [sys.executable, "-m", "amlemulator.cli", "run", "--workspace", "workspace", "--"]
    done = subprocess.run(
        [*run, *COMMANDS[program], "rows.csv", f"re{program}"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **home},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = dict(line.split()[:2] for line in done.stdout.splitlines() if line.startswith(("before ", "after ")))
    assert 0 < float(found["before"]) != float(found["after"]) > 0
    for host in HOSTS:
        assert host in done.stderr
    assert "refused" not in done.stderr
