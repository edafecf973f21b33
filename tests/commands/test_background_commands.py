"""``amlclassic start``, ``stop`` and ``status`` of an emulator in the background."""

import argparse
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from amlemulator.background import alive, find, log_of
from amlemulator.commands._environment import SHELLS, lines, variables
from amlemulator.commands.start import serve_words
from amlemulator.settings import Settings, add_flags, resolve
from support.runner import until
from support.server import SECONDS, environment

FREE = ("--port", "0", "--blob-port", "0", "--workers", "1")


class Home:
    """A user's home of the test's own; whatever runs there is stopped at the end."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "state" / "amlclassic" / "endpoints.json"
        (folder / "tmp").mkdir()
        self.variables = {**environment(folder / "tmp"), "XDG_STATE_HOME": str(folder / "state")}

    def begin(self, *words):
        command = [sys.executable, "-m", "amlemulator.cli", *words]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.folder, env=self.variables, **streams)

    def run(self, *words):
        """Run a command; return its status, what it printed and what it said."""
        process = self.begin(*words)
        out, errors = process.communicate(timeout=SECONDS)
        return process.returncode, out, errors

    def processes(self):
        """Return the emulators that were started with its endpoints file."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = path.read_bytes().decode().split("\0")
                found += [int(path.parent.name)] if "serve" in words and str(self.file) in words else []
        return found


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path)
    yield made
    made.run("stop")
    assert [] == made.processes()


def test_started_used_and_stopped(home):
    """Start returns when everything answers, the other commands find it without being told where, stop ends it."""
    status, out, errors = home.run("start", *FREE)
    assert (0, "") == (status, errors)
    running = find(home.file)
    assert f"READY {running.line}, process {running.pid}\n" == out
    assert (0, running.endpoints["base_url"]) == (home.run("status")[0], home.run("status")[1].split()[0])
    assert (0, f"Stopped {running.line}, process {running.pid}\n", "") == home.run("stop")
    assert not alive(running.pid)
    assert not home.file.exists()
    assert [] == list((home.folder / "tmp").iterdir())


def test_a_second_start_and_a_second_stop_change_nothing(home):
    """What runs already is left as it is, and what does not run is no failure to stop."""
    home.run("start", *FREE)
    before = find(home.file)
    status, out, errors = home.run("start", "--seed", "other")
    assert (0, True, True) == (status, "(it ran already)" in out, "keeps the settings" in errors)
    assert before == find(home.file)
    assert (0, "") == home.run("start")[::2]
    assert (0, "", "") == home.run("status", "--ready")
    home.run("stop")
    assert (1, "", "") == home.run("status", "--ready")
    assert (0, f"No amlclassic runs that wrote {home.file}.\n", "") == home.run("stop")


def test_two_starts_at_once(home):
    """Of two who start the same emulator one does, and both are told of it."""
    both = [home.begin("start", *FREE) for _ in range(2)]
    told = [process.communicate(timeout=SECONDS)[0] for process in both]
    assert [0, 0] == [process.returncode for process in both]
    assert [True, False] == sorted(("already" in line for line in told), reverse=True)
    assert 1 == len({line.partition(" (it")[0].strip() for line in told})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", "99999"), "--port takes a port"),
        (("--state", "missing/state.db"), "--state"),
        (("--frobnicate",), "--frobnicate"),
        (("--endpoints-file", "tmp/../aml.json/x.json"), "--endpoints-file"),
    ],
)
def test_what_cannot_start_says_so(home, words, said):
    """The emulator's own sentence, status 2, and nothing runs or is left."""
    (home.folder / "aml.json").write_text("{}")
    status, out, errors = home.run("start", *FREE, *words)
    assert (2, "", 1) == (status, out, len(errors.splitlines()))
    assert errors.startswith("amlclassic start: ")
    assert said in errors
    assert find(home.file) is None
    assert [] == list((home.folder / "tmp").iterdir())


def test_a_start_that_is_given_up(home):
    """One that takes longer than is waited for is stopped again, and the log is named."""
    status, out, errors = home.run("start", *FREE, "--wait", "0")
    assert (1, "") == (status, out)
    assert str(log_of(home.file)) in errors
    assert not home.file.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_start(home, number):
    """An interrupted start leaves nothing running, whenever the signal comes."""
    process = home.begin("start", *FREE)
    until(lambda: log_of(home.file).exists())
    process.send_signal(number)
    _, errors = process.communicate(timeout=SECONDS)
    if process.returncode:  # it may have come when all was done
        said = "amlclassic start: interrupted; nothing was left running.\n"
        assert (128 + number, said) == (process.returncode, errors)
        assert [] == home.processes()


def test_a_file_that_was_left_behind(home):
    """What the file says of a process is not believed when no emulator confirms it: a stranger is never stopped."""
    home.file.parent.mkdir(parents=True)
    home.file.write_text(json.dumps({"pid": os.getpid(), "base_url": "http://127.0.0.1:9", "version": 1}))
    assert 0 == home.run("stop")[0]
    assert 1 == home.run("status", "--print-env")[0]
    assert 0 == home.run("start", *FREE)[0]
    assert find(home.file).pid != os.getpid()


def test_one_that_serve_started(home):
    """Stop and status work for `amlclassic serve` too, by its endpoints file."""
    file = home.folder / "aml.json"
    process = home.begin("serve", *FREE, "--endpoints-file", str(file))
    assert process.stdout.readline().startswith("READY ")
    assert 0 == home.run("stop", "--endpoints-file", str(file))[0]
    assert ("", "") == process.communicate(timeout=SECONDS)
    assert 0 == process.returncode


def test_the_shell_takes_the_variables(home):
    """What --print-env prints can be evaluated; only the variables stand on standard output."""
    status, out, errors = home.run("start", *FREE, "--print-env")
    assert (0, True) == (status, errors.startswith("READY "))
    running = find(home.file)
    script = f"{out}\nenv"
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    found = dict(line.partition("=")[::2] for line in shown)
    wanted = variables(running.endpoints, home.file)
    assert wanted == {name: found[name] for name in wanted}
    assert out == home.run("status", "--print-env")[1]


def test_one_whose_public_address_is_known_elsewhere_only(home):
    """Start, status --ready and stop ask where it listens, not where callers find it."""
    assert 0 == home.run("start", *FREE, "--public-url", "http://elsewhere.invalid")[0]
    assert 0 == home.run("status", "--ready")[0]
    assert home.run("stop")[1].startswith("Stopped http://elsewhere.invalid")
    assert find(home.file) is None


STRANGE = {
    "base_url": "http://x/it's",
    "blob_url": 'a "b" \\c $HOME `d`',
    "storage": {"connection_string": "k=v;"},
    "workspaces": [],
}


@pytest.mark.parametrize(
    ("shell", "first", "second"),
    [
        ("sh", "export AMLCLASSIC_BASE_URL='http://x/it'\"'\"'s'", "'a \"b\" \\c $HOME `d`'"),
        ("fish", "set -gx AMLCLASSIC_BASE_URL 'http://x/it\\'s'", "'a \"b\" \\\\c $HOME `d`'"),
        ("powershell", "$Env:AMLCLASSIC_BASE_URL = 'http://x/it''s'", "'a \"b\" \\c $HOME `d`'"),
        ("plain", "AMLCLASSIC_BASE_URL=http://x/it's", 'a "b" \\c $HOME `d`'),
    ],
)
def test_each_shell_is_quoted_for(shell, first, second):
    """No character of a value means anything to the shell."""
    shown = lines(STRANGE, Path("/f"), shell).splitlines()
    assert first == shown[0]
    assert shown[1].endswith(second)
    assert shell in SHELLS
    assert shell != "sh" or STRANGE["blob_url"] == shlex.split(shown[1])[1].partition("=")[2]


def test_start_hands_on_every_flag_of_serve():
    """Each setting that is given to start reaches serve as it was given."""
    parser = argparse.ArgumentParser()
    add_flags(parser)
    given = {}
    for item in fields(Settings):
        choices = item.metadata.get("choices")
        if item.name != "endpoints_file":
            given[item.name] = not item.default if item.type == "bool" else choices[-1] if choices else "1"
    words = serve_words(argparse.Namespace(**given, endpoints_file="f"))
    parsed = vars(parser.parse_args(words))
    assert given == {name: value for name, value in parsed.items() if name != "endpoints_file"}
    assert serve_words(parser.parse_args(["--no-auto-accounts"])) == ["--no-auto-accounts"]
    assert "f" == resolve({"endpoints_file": "f"}, {}, Path("/nowhere")).endpoints_file


def test_it_stops_with_its_parents_pipe(tmp_path):
    """With --stop-with-stdin the end of standard input is as good as SIGTERM, whoever was killed at its other end."""
    (tmp_path / "tmp").mkdir()
    command = [sys.executable, "-m", "amlemulator.cli", "serve", *FREE, "--stop-with-stdin"]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path / "tmp"), **streams)
    assert process.stdout.readline().startswith("READY ")
    assert ("", "") == process.communicate(timeout=SECONDS)
    assert 0 == process.returncode
    assert [] == list((tmp_path / "tmp").iterdir())
