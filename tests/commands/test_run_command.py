"""``amlclassic run``: an unmodified program, its report, its exit status, and what happens when it is interrupted."""

import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from support.runner import until
from support.server import environment, serve

SECONDS = 60
CALLS = """
import json, os, sys, urllib.request
key, url, rows = sys.argv[1:]
headers = {"Authorization": "Bearer " + key, "Content-Type": "application/json"}
request = urllib.request.Request(url, rows.encode(), headers)
with urllib.request.urlopen(request) as answer:
    print(answer.status, list(json.load(answer)))
sys.exit(3)
"""
VISIT = """
import urllib.error, urllib.request
try:
    urllib.request.urlopen("https://studio.azureml.net/x")
except urllib.error.HTTPError as error:
    print(error.code)
"""


@pytest.fixture
def folder(tmp_path):
    """Return a folder with one for temporary files in it."""
    (tmp_path / "tmp").mkdir()
    return tmp_path


def words(*arguments):
    return [sys.executable, "-m", "amlemulator.cli", "run", *map(str, arguments)]


def surroundings(folder, **variables):
    home = {"XDG_DATA_HOME": str(folder / "data"), "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
    return {**environment(folder / "tmp"), **home, **variables}


def ran(folder, *arguments, **variables):
    """Run a program; return status, standard output and the lines of standard error."""
    done = subprocess.run(
        words(*arguments),
        capture_output=True,
        text=True,
        cwd=folder,
        env=surroundings(folder, **variables),
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


def left(folder):
    """Return what this project has left; onnxruntime leaves a file of its own."""
    return sorted(path.name for path in (folder / "tmp").glob("amlclassic*"))


def sample(endpoints):
    from support.census import plain

    service = next(one for one in endpoints["workspaces"][0]["services"] if one["name"].endswith("[Predictive Exp.]"))
    endpoint = service["endpoints"][0]
    path = endpoint["api_location"].partition("/ussouthcentral.services/")[2]
    url = f"https://ussouthcentral.services.azureml.net/{path}/execute?api-version=2.0"
    return endpoint["primary_key"], url, json.dumps(plain())


def test_a_program_with_the_real_names_in_it_runs(folder):
    """Nothing runs: an emulator is started, called at the real name, reported, gone; the status is the program's."""
    from amlemulator import Emulator
    from amlemulator.commands.serve import endpoints

    with Emulator(workers=1) as twin:  # the same seed, the same ids and keys
        key, url, rows = sample(endpoints(twin))
    status, out, errors = ran(folder, "--", sys.executable, "-c", CALLS, key, url, rows)
    assert (3, "200 ['Results']\n") == (status, out), errors
    python = os.path.basename(sys.executable)
    assert [
        f"amlclassic run: {python} ended with status 3. It called 1 real host, 1 call:",
        "  ussouthcentral.services.azureml.net  POST 200",
    ] == errors
    assert [] == left(folder)


DIRECT = """
import http.client, socket, sys
connection = http.client.HTTPSConnection("studio.azureml.net", timeout=30)
connection.request("GET", "/x")
print(connection.getresponse().status, "customized" in sys.modules)
print(socket.getaddrinfo("127.0.0.1", 1)[0][4])
"""


def test_a_program_that_knows_no_proxy_runs(folder):
    """Python's http.client asks for no proxy: it is led there by name; the user's own sitecustomize still runs."""
    (folder / "own").mkdir()
    (folder / "own" / "customized.py").write_text("")
    (folder / "own" / "sitecustomize.py").write_text("import customized")
    variables = {"PYTHONPATH": str(folder / "own")}
    status, out, errors = ran(folder, "--", sys.executable, "-c", DIRECT, **variables)
    assert (0, "404 True\n('127.0.0.1', 1)\n") == (status, out), errors
    assert "  studio.azureml.net  GET 404" == errors[1]


def test_a_running_emulator_is_used(folder):
    """Where the endpoints file names one, the program calls that one, and its proxy is shut behind it."""
    served = serve(folder, "--workers", "1", XDG_DATA_HOME=str(folder / "data"))
    try:
        file = served.file
        key, url, rows = sample(served.endpoints)
        before = left(folder)
        arguments = ("--endpoints-file", file, "--", sys.executable, "-c", CALLS, key, url, rows)
        status, out, errors = ran(folder, *arguments)
        assert (3, "200 ['Results']\n") == (status, out), errors
        assert before == left(folder)
        assert file.is_file()
    finally:
        served.stop()


def command(folder, *arguments):
    """Run another command, which succeeds."""
    words = [sys.executable, "-m", "amlemulator.cli", *arguments]
    subprocess.run(words, cwd=folder, env=surroundings(folder), check=True, timeout=SECONDS, capture_output=True)


def test_the_emulator_in_the_background_is_used(folder):
    """Without any file named, the program's calls are in the journal of the emulator that `start` has started."""
    file = folder / "state" / "amlclassic" / "endpoints.json"
    command(folder, "start", "--port", "0", "--blob-port", "0")
    try:
        status, _, errors = ran(folder, "--", sys.executable, "-c", VISIT)
        base = json.loads(file.read_text())["base_url"]
        with urllib.request.urlopen(f"{base}/_emulator/requests?path=/x") as answer:
            assert 1 == len(json.load(answer))
    finally:
        command(folder, "stop")
    assert (0, "  studio.azureml.net  GET 404") == (status, errors[1])


def test_two_at_once_are_told_apart(folder):
    """Programs that share an emulator get a report of their own calls each."""
    served = serve(folder, "--workers", "1", XDG_DATA_HOME=str(folder / "data"))
    script = "import urllib.request\ntry: urllib.request.urlopen('https://{}.azureml.net/x')\nexcept OSError: pass"
    try:
        programs = {
            name: subprocess.Popen(
                words("--endpoints-file", served.file, "--", sys.executable, "-c", script.format(name)),
                stderr=subprocess.PIPE,
                text=True,
                cwd=folder,
                env=surroundings(folder),
            )
            for name in ("studio", "management")
        }
        told = {name: program.communicate(timeout=SECONDS)[1] for name, program in programs.items()}
    finally:
        served.stop()
    for name, text in told.items():
        assert "It called 1 real host, 1 call:" in text
        assert f"{name}.azureml.net" in text


def test_a_file_left_by_a_killed_emulator_is_no_hindrance(folder):
    """Nobody listens there: one is started, and its endpoints file takes the place of the old one for as long."""
    file = folder / "aml.json"
    stale = {"version": 1, "pid": 1, "base_url": "http://127.0.0.1:9", "workspaces": []}
    file.write_text(json.dumps(stale))
    script = "import json, sys; print(json.load(open(sys.argv[1]))['base_url'])"
    status, out, errors = ran(folder, "--quiet", "--endpoints-file", file, "--", sys.executable, "-c", script, file)
    assert (0, []) == (status, errors)
    assert out.startswith("http://127.0.0.1:")
    assert "http://127.0.0.1:9\n" != out
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no program is named"),
        (("--",), "no program is named"),
        (("--", "no-such-program"), "no program 'no-such-program'"),
        (("--", "."), "no program '.'"),
        (("--passthrough", "http://x", "--", "true"), "--passthrough takes HOST"),
        (("--state", "/nowhere/at/all", "--", "true"), "/nowhere/at/all"),
        (("--frobnicate", "--", "true"), "--frobnicate"),
    ],
)
def test_what_is_called_wrongly(folder, arguments, told):
    """One sentence, status 2, no traceback, nothing started."""
    status, out, errors = ran(folder, *arguments)
    assert (2, "", 1) == (status, out, len(errors))
    assert told in errors[0]
    assert [] == left(folder)


def test_an_emulator_that_opens_no_proxy_is_told(folder):
    """One that wants a control token says so; status 1."""
    served = serve(folder, "--workers", "1", "--control-token", "secret", XDG_DATA_HOME=str(folder / "data"))
    try:
        arguments = ("--endpoints-file", served.file, "--", "true")
        status, _, errors = ran(folder, *arguments)
        assert (1, 1) == (status, len(errors))
        assert "--control-token" in errors[0]
        assert 0 == ran(folder, *arguments, AMLCLASSIC_CONTROL_TOKEN="secret")[0]
    finally:
        served.stop()


def test_a_program_ended_by_a_signal(folder):
    """128 and the signal's number, as a shell tells it."""
    assert 128 + signal.SIGKILL == ran(folder, "--", "sh", "-c", "kill -9 $$")[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_program(folder, number):
    """It may clear up first; its own status is told, and nothing is left."""
    script = f"trap 'echo cleared; exit 5' {number.name[3:]}; echo begun; while :; do sleep 0.05; done"
    program = subprocess.Popen(
        words("--", "sh", "-c", script),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=surroundings(folder),
        start_new_session=True,  # no terminal
    )
    assert "begun\n" == program.stdout.readline()
    program.send_signal(number)
    out, errors = program.communicate(timeout=SECONDS)
    assert (5, "cleared\n") == (program.returncode, out), errors
    assert [] == left(folder)


def test_a_signal_before_the_program_starts(folder):
    """Ctrl-C while the emulator starts ends it all, without a program and without a trace."""
    program = subprocess.Popen(
        words("--", "sh", "-c", "echo begun"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=surroundings(folder),
        start_new_session=True,
    )
    until(lambda: left(folder) or program.poll() is not None)
    program.send_signal(signal.SIGTERM)
    _, errors = program.communicate(timeout=SECONDS)
    assert program.returncode in (0, 128 + signal.SIGTERM), errors
    assert "Traceback" not in errors
    assert [] == left(folder)
