"""What runs the emulator elsewhere: image, compose file, unit, workflow. Held as far as that goes without an engine."""

import configparser
import importlib.util
import json
import os
import re
import shlex
import socket
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
import yaml
from jsonschema import validators

from amlemulator.background import find
from amlemulator.cli import COMMANDS
from amlemulator.commands import _supervisor
from amlemulator.settings import Settings, variable_name
from support.server import SECONDS, environment, serve

ROOT = Path(__file__).parents[2]
VARIABLES = {variable_name(name) for name in Settings.__dataclass_fields__}


def instructions():
    """Return the Dockerfile's instructions: name and rest, comments left out and lines joined."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]


def one(name):
    [found] = [rest for word, rest in instructions() if word == name]
    return found


def schema(name):
    folder = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


def faults(document, name):
    found = schema(name)
    return [error.message for error in validators.validator_for(found)(found).iter_errors(document)]


def variables_of(text):
    return set(re.findall(r"AMLCLASSIC_[A-Z_]+", text))


# The image


def test_the_image_copies_what_is_there():
    """Every file that it takes from this folder exists and reaches the builder."""
    taken = [
        source
        for word, rest in instructions()
        if word == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert [] == [source for source in taken if not (ROOT / source).exists() or f"!{source}" not in ignored]


def test_the_image_runs_without_privileges():
    """It runs as a user with a number, for Kubernetes cannot tell whether a name is root."""
    assert int(one("USER")) > 0


def test_the_images_environment_is_of_settings():
    """Each variable that it sets is one that serve reads."""
    set_there = variables_of(one("ENV"))
    assert {"AMLCLASSIC_HOST", "AMLCLASSIC_ENDPOINTS_FILE"} <= set_there <= VARIABLES


def test_the_images_commands_work_in_an_empty_environment(tmp_path):
    """With the image's variables alone it gets ready, the health check passes, and SIGTERM ends it with 0."""
    words = [*json.loads(one("ENTRYPOINT")), *json.loads(one("CMD"))]
    given = dict(pair.split("=", 1) for pair in shlex.split(one("ENV")))
    given |= {"PATH": str(Path(sys.executable).parent), "AMLCLASSIC_PORT": "0", "AMLCLASSIC_BLOB_PORT": "0"}
    given |= {"AMLCLASSIC_ENDPOINTS_FILE": str(tmp_path / "endpoints.json")}
    assert "amlclassic" == words[0]
    process = subprocess.Popen(
        words, env=given, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert "READY http://127.0.0.1:8350 blobs at http://127.0.0.1:10000\n" == process.stdout.readline()
    check = json.loads(one("HEALTHCHECK").partition(" CMD ")[2])
    assert 0 == subprocess.run(check, env=given, cwd=tmp_path, timeout=SECONDS, check=False).returncode
    process.terminate()
    assert ("", "") == process.communicate(timeout=SECONDS)
    assert 0 == process.returncode
    assert 1 == subprocess.run(check, env=given, cwd=tmp_path, timeout=SECONDS, check=False).returncode


def test_the_image_exposes_what_it_listens_at():
    """The ports are the defaults of the settings."""
    assert one("EXPOSE").split() == [str(Settings.port), str(Settings.blob_port)]


# The compose file


def test_the_compose_file_is_one():
    """It is valid by the Compose Specification."""
    assert [] == faults(yaml.safe_load((ROOT / "compose.yaml").read_text()), "compose-spec")


def test_the_compose_file_fits_the_image():
    """Its variables are settings, its volumes are declared, its files exist, and nothing is open to other machines."""
    document = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = document["services"]
    assert variables_of((ROOT / "compose.yaml").read_text()) <= VARIABLES
    mounts = [mount.split(":")[0] for service in services.values() for mount in service.get("volumes", ())]
    assert [] == [m for m in mounts if m not in document["volumes"] and not (ROOT / m).exists()]
    assert [] == [
        port for service in services.values() for port in service.get("ports", ()) if not port.startswith("127.0.0.1:")
    ]
    assert set(services["client"]["depends_on"]) <= set(services)


def test_the_clients_program(tmp_path):
    """The program of the compose file retrains: rows from storage of its own, a model behind an endpoint."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "its").mkdir()
    emulator, own = serve(tmp_path / "ours", "--workers", "1"), serve(tmp_path / "its")
    try:
        given = {
            **environment(tmp_path / "ours" / "tmp"),
            "AMLCLASSIC_ENDPOINTS_FILE": str(emulator.file),
            "OWN_STORAGE": own.endpoints["storage"]["connection_string"],
        }
        command = [sys.executable, str(ROOT / "deploy" / "client.py")]
        done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=SECONDS, check=True)
    finally:
        emulator.stop()
        own.stop()
    assert re.match(r"retrained at http.* serves http.*\.ilearner; AUC 0\.9", done.stdout)


# The unit


def unit():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(ROOT / "deploy" / "amlclassic.service")
    return parser


def test_the_unit_starts_what_there_is():
    """Its command and its variables are those of amlclassic, and its files lie where it may write."""
    service = unit()["Service"]
    command = shlex.split(service["ExecStart"])
    assert ("amlclassic", ["serve"]) == (Path(command[0]).name, command[1:])
    assert variables_of((ROOT / "deploy" / "amlclassic.service").read_text()) <= VARIABLES
    assert "/var/lib/" + service["StateDirectory"] == service["WorkingDirectory"]


def test_the_unit_is_told_when_it_is_ready(tmp_path):
    """A manager that named a socket gets READY=1 when everything answers, and not before."""
    assert "notify" == unit()["Service"]["Type"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(SECONDS)
        served = serve(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert b"READY=1" == manager.recv(100)
        assert find(served.file) is not None
        served.stop()


def test_a_manager_in_the_abstract_name_space(monkeypatch):
    """A socket whose name begins with @ has no file."""
    name = f"amlclassic-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        _supervisor.tell("STOPPING=1")
        assert b"STOPPING=1" == manager.recv(100)


# The workflow


def test_the_workflow_is_one():
    """It is valid by GitHub's schema, and calls only commands that there are."""
    text = (ROOT / "deploy" / "github-actions.yaml").read_text()
    # YAML 1.1, which PyYAML reads, takes the key "on" for a truth.
    document = {"on" if key is True else key: value for key, value in yaml.safe_load(text).items()}
    assert [] == faults(document, "github-workflows")
    steps = [step.get("run", "") for job in document["jobs"].values() for step in job["steps"]]
    called = [run.split()[1] for run in steps if run.startswith("amlclassic ")]
    assert ["start", "status", "stop"] == called
    assert set(called) <= set(COMMANDS)


# The container class


class Engine:
    """Stands in for the container engine: a container is an emulator in a process of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.served = None

    def run(self, environment):
        given = {name: value for name, value in environment.items() if name != "AMLCLASSIC_HOST"}
        self.served = serve(self.folder, **given)
        return self.served

    def port(self, inside):
        url = self.served.endpoints["base_url" if inside == 8350 else "blob_url"]
        return int(url.rpartition(":")[2])


@pytest.fixture
def container(tmp_path, monkeypatch):
    """Make the container class with an engine that runs processes."""
    from testcontainers.core.container import DockerContainer

    from amlemulator import containers

    engine = Engine(tmp_path)
    monkeypatch.setattr(
        DockerContainer, "__init__", lambda self, image: self.__dict__.update(image=image, env={}, ports={})
    )
    monkeypatch.setattr(DockerContainer, "start", lambda self: engine.run(self.env))
    monkeypatch.setattr(DockerContainer, "stop", lambda self, *arguments: engine.served and engine.served.stop())
    monkeypatch.setattr(DockerContainer, "get_container_host_ip", lambda self: "localhost")
    monkeypatch.setattr(DockerContainer, "get_exposed_port", lambda self, inside: engine.port(inside))
    return containers.AmlClassicContainer(workers=1)


def test_a_container_is_an_emulator_elsewhere(container):
    """Started, it gives workspaces whose addresses are those of the host, and its handles work; stopped, it is gone."""
    with container:
        aml = container.emulator.workspace("Test")
        port = container.get_exposed_port(8350)
        assert f"http://localhost:{port}" == aml.base_url
        assert aml.endpoint("Census Model").api_location.startswith(f"http://localhost:{port}/")
        assert "AccountName=devstoreaccount1;" in container.connection_string
        assert aml.faults.add(status=503) in {fault["id"] for fault in container.emulator.faults.list()}
    with pytest.raises(AssertionError, match="start the container first"):
        container.emulator  # noqa: B018 - asking is what raises


def test_nothing_of_testcontainers_is_needed_otherwise():
    """The class is in a module of its own: without testcontainers only that is missing."""
    assert importlib.util.find_spec("amlemulator.containers") is not None
    script = "import sys, amlemulator.remote, amlemulator.hosting; print('testcontainers' in sys.modules)"
    assert (
        "False\n" == subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    )
