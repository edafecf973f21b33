"""The tutorial and the how-to guides do what they say: their files are written, their commands are run."""

import sys
from pathlib import Path

import pytest

from support.how_to import Command, blocks, commands, play
from support.server import environment

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["tutorial.md", *sorted(f"how-to/{path.name}" for path in (DOCS / "how-to").glob("*.md"))]
# A reader has pytest alone; whatever else this machine's pytest has is none of the page's, and takes long to import.
NOT_THE_READERS = ("randomly", "cacheprovider", "xdist", "schemathesis", "hypothesispytest", "anyio", "timeout")
UNPLAYED = {"how-to/ci.md"}  # a container engine, a service manager or a CI would have to be there


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page, tmp_path):
    """Everything that it shows comes, in a folder and a home of its own."""
    for name in ("tmp", "home", "work"):
        (tmp_path / name).mkdir()
    variables = {
        **environment(tmp_path / "tmp"),
        "HOME": str(tmp_path / "home"),
        "XDG_STATE_HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTEST_ADDOPTS": " ".join(f"-p no:{name}" for name in NOT_THE_READERS),
        "COLUMNS": "200",
    }
    text = (DOCS / page).read_text("utf-8")
    assert [] == play(text, tmp_path / "work", variables)
    played = any(language == "console" for language, _ in blocks(text))
    assert played == (page not in UNPLAYED)


def test_commands_with_what_they_print():
    """A console block is commands, the lines below each, and a status."""
    block = "$ a b\none\n\n$ c\n(exit status 2)\n"
    assert [Command("a b", ("one",), 0), Command("c", (), 2)] == list(commands(block))


def test_what_does_not_come_is_told(tmp_path):
    """A wrong status and a missing line are both faults, and dots stand for anything, brackets for themselves."""
    page = "```console\n$ echo '[a] bc'; exit 3\n[a]...c\nnothing\n```\n"
    faults = play(page, tmp_path, {"PATH": "/usr/bin:/bin"})
    assert ["status 3", "no line 'nothing'"] == [
        fault.split(": ", 1)[1].split("\n")[0].split(" in")[0] for fault in faults
    ]
