"""Azure's own storage clients, unmodified, against the served emulator: Python's of then and of today, and Node's."""

import json
import os
import subprocess

import pytest

from support.real import DRIVERS, driven, drives_of, node_packages, served

pytestmark = pytest.mark.timeout(600)

PACKAGES = ["@azure/storage-blob@12.31.0"]  # newer ones want Node 22


@pytest.fixture(scope="module")
def drove(tmp_path_factory):
    """Drive each client once, all against one emulator."""
    folder = tmp_path_factory.mktemp("blobs")
    found = {}
    with served(folder) as file:
        for client in ("blob_classic", "blob_sdk"):
            (folder / client).mkdir()
            found[client] = driven(client, folder / client, file)
        found["blob_node"] = _driven_by_node(folder / "blob_node", file)
    return {client: {drive["name"]: drive["error"] for drive in result["drives"]} for client, result in found.items()}


def _driven_by_node(folder, file):
    modules = node_packages("blob_node", PACKAGES)
    folder.mkdir()
    program = ["node", str(DRIVERS / "blob_node_drive.cjs"), str(file), str(folder / "result.json")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "NODE_PATH": str(modules)}
    done = subprocess.run(
        program, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "result.json").read_text("utf-8"))


def _node_drives():
    lines = (DRIVERS / "blob_node_drive.cjs").read_text("utf-8").splitlines()
    return [line.partition('"')[2].partition('"')[0] for line in lines if line.startswith('drive("')]


DRIVES = [
    *(("blob_classic", name) for name in drives_of("blob_classic")),
    *(("blob_sdk", name) for name in drives_of("blob_sdk")),
    *(("blob_node", name) for name in _node_drives()),
]


@pytest.mark.parametrize(("client", "name"), DRIVES)
def test_drive(drove, client, name):
    """What the client does works as it does against the service."""
    assert drove[client][name] is None, drove[client][name]
