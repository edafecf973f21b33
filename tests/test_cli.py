"""The command line: what is called wrongly is told in one sentence, and nothing is imported that is not needed."""

import argparse
import os
import subprocess
import sys

import pytest

from amlemulator.cli import COMMANDS, Parser, main, parser

HEAVY = (
    "numpy",
    "pandas",
    "sklearn",
    "onnx",
    "onnxruntime",
    "skl2onnx",
    "azure",
    "yaml",
    "jsonschema",
    "jsonschema_rs",
    "flask",
)


def called(*words):
    try:
        return main(words)
    except SystemExit as end:
        return end.code


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([], "amlclassic"),
        (["serv"], "amlclassic"),
        (["--frobnicate"], "amlclassic"),
        (["serve", "--frobnicate"], "amlclassic serve"),
        (["serve", "--por", "1"], "amlclassic serve"),
        (["serve", "--port"], "amlclassic serve"),
        (["serve", "extra"], "amlclassic serve"),
        (["serve", "--port", "http"], "amlclassic serve"),
        (["serve", "--auto-accounts=yes"], "amlclassic serve"),
    ],
)
def test_what_is_called_wrongly(capsys, words, name):
    """One line on standard error that begins with the command's name, status 2, nothing on standard output."""
    status = called(*words)
    shown = capsys.readouterr()
    assert (2, "") == (status, shown.out)
    assert shown.err.startswith(f"{name}: ")
    assert 1 == len(shown.err.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys, command):
    """Each command explains itself and ends with 0."""
    assert 0 == called(command, "--help")
    assert f"usage: amlclassic {command}" in capsys.readouterr().out


def parsers(found, called="amlclassic"):
    """Return a parser and all those below it, by what calls them."""
    yield called, found
    for action in found._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, one in action.choices.items():
                yield from parsers(one, f"{called} {name}")


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_the_help_reads_well_at_80_columns(monkeypatch, command):
    """No line of any command's or subcommand's help is wider, each says what it does, and so does each of its flags."""
    monkeypatch.setenv("COLUMNS", "80")
    for called, found in parsers(parser(command)):
        wide = [line for line in found.format_help().splitlines() if len(line) > 80]
        assert (called, [], True) == (called, wide, bool(found.description))
        undescribed = [action.dest for action in found._actions if not action.help and not action.choices]
        assert (called, []) == (called, undescribed)


def test_paragraphs_of_an_epilog_are_kept(monkeypatch):
    """Each is filled for itself, and what is indented is left as it is."""
    monkeypatch.setenv("COLUMNS", "40")
    text = "one two three four five six seven eight nine ten\n\n  amlclassic run -- an example that is wide\n"
    shown = Parser(prog="p", epilog=text).format_help()
    assert shown.endswith(
        "one two three four five six seven\neight nine ten\n\n  amlclassic run -- an example that is wide\n"
    )


def test_the_help_lists_every_command(capsys):
    """The help without a command names them all, and where to start."""
    assert 0 == called("--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert [] == [name for name, text in COMMANDS.items() if name not in shown or text.split(",")[0] not in shown]
    assert "Start with: amlclassic demo" in shown


def test_only_the_called_command_has_its_flags():
    """The parser of one command imports no other's module."""
    assert "--blob-port" in parser("serve")._subparsers._group_actions[0].choices["serve"].format_help()
    assert "--blob-port" not in parser("demo")._subparsers._group_actions[0].choices["serve"].format_help()


@pytest.mark.parametrize(
    "program", ["import amlemulator", "import amlclient", "from amlemulator.cli import parser; parser('serve')"]
)
def test_nothing_heavy_is_imported_for_the_help(program):
    """Importing the packages and showing the help loads no library that takes long."""
    script = f"{program}\nimport sys\nprint(sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout


def test_a_reader_that_goes_away_is_no_traceback():
    """As with `amlclassic experiments schema | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "amlemulator.cli", "experiments", "schema"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (1, "") == (done.returncode, done.stderr)


def test_ctrl_c_is_no_traceback(monkeypatch, capsys):
    """Status 130 for commands that do not say more of it themselves."""

    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("amlemulator.commands.models.run", interrupted)
    assert 130 == main(["models", "show", "any"])
    assert ("", "") == tuple(capsys.readouterr())
