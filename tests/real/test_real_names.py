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
from support.real import environment, node_packages

pytestmark = pytest.mark.timeout(600)

PROGRAMS = Path(__file__).parent / "programs"
HOSTS = ("ussouthcentral.services.azureml.net", "management.azureml.net", "retrainstore.blob.core.windows.net")
TOKEN = "ImXaughy/DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Wy0eASmPPIqefbKRpJowp7p5ypQWbYtClmP5C38jcxRvA=="
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


def run_in(folder, *words):
    """Run a command of amlclassic; return status, standard output and standard error."""
    home = {"XDG_DATA_HOME": str(folder / "data"), "HOME": str(folder)}
    if "node" in words:
        home["NODE_PATH"] = str(node_packages("blob_node", ["@azure/storage-blob@12.31.0"]))
    done = subprocess.run(
        [sys.executable, "-m", "amlemulator.cli", *map(str, words)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **home},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def retrained(folder, workspace, command, name):
    """Run a program under ``amlclassic run``; see that it went all the way, at the real hosts."""
    status, out, errors = run_in(folder, "run", "--workspace", workspace, "--", *command, "rows.csv", name)
    assert status == 0, out + errors
    found = dict(line.split()[:2] for line in out.splitlines() if line.startswith(("before ", "after ")))
    assert 0 < float(found["before"]) != float(found["after"]) > 0
    for host in HOSTS:
        assert host in errors
    assert "refused" not in errors


@pytest.mark.parametrize("program", COMMANDS)
def test_an_unmodified_program_retrains(folder, program):
    """It uploads, trains, adds an endpoint, patches it and scores another probability; all at the real hosts."""
    retrained(folder, "workspace", COMMANDS[program], f"re{program}")


@pytest.mark.parametrize("source", ["Retrain.exe", "retrain.R"])
def test_a_program_is_adopted(folder, source):
    """The workspace that is found in a program, in its source or compiled, is one that it runs with."""
    path = folder / source if source == "Retrain.exe" else PROGRAMS / source
    # An assembly keeps no names of constants, so nothing tells its token from a key.
    flags = ("--token", TOKEN) if source == "Retrain.exe" else ()
    status, _, errors = run_in(folder, "adopt", path, *flags, "--output", f"adopted-{source}")
    assert status == 0, errors
    command = COMMANDS["csharp" if source == "Retrain.exe" else "r"]
    retrained(folder, f"adopted-{source}", command, "readopted")


@pytest.mark.parametrize(
    ("client", "hosts"),
    [
        ("azureml", ("studio.azureml.net", HOSTS[0])),
        ("azmlclient", (HOSTS[0], HOSTS[2])),
    ],
)
def test_a_client_of_then_with_its_own_addresses(folder, client, hosts):
    """No base URL is given to it: it calls the service that it was made for."""
    command = (environment(client), PROGRAMS / f"client_{client}.py", "rows.csv")
    status, out, errors = run_in(folder, "run", "--workspace", "workspace", "--", *command)
    assert status == 0, out + errors
    assert out.splitlines()[-1].startswith(("refused ", "scored "))
    for host in hosts:
        assert host in errors
