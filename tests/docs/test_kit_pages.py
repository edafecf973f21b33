"""docs/kit: made from the code, fresh, and whole; every link of the docs leads somewhere, every page is listed."""

import importlib.util
import re
from dataclasses import fields
from pathlib import Path

import pytest

from amlemulator import pytest_plugin
from amlemulator.cli import COMMANDS
from amlemulator.engine.faults import CHECKS
from amlemulator.engine.journal import FILTERS
from amlemulator.settings import Settings, flag_name, variable_name
from support import source

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def maker():
    """Load tools/make_kit_pages.py, which is no package's."""
    spec = importlib.util.spec_from_file_location("make_kit_pages", ROOT / "tools" / "make_kit_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = maker()


def page(name):
    return (DOCS / "kit" / name).read_text("utf-8")


@pytest.mark.parametrize("name", MAKER.PAGES)
def test_a_page_is_fresh(name):
    """It is what `make docs-reference` makes of the code as it is."""
    assert MAKER.PAGES[name]() == page(name)


def test_every_setting_is_there():
    """Each has its flag, its variable and its key."""
    text = page("settings.md")
    names = [name for item in fields(Settings) for name in (flag_name(item.name), variable_name(item.name), item.name)]
    assert [] == [name for name in names if f"`{name}`" not in text]


def test_every_command_and_flag_is_there():
    """Each command has its section, with every flag that its help shows."""
    text = page("commands.md")
    assert [] == [name for name in COMMANDS if f"## amlclassic {name}\n" not in text]
    settings = {flag_name(item.name) for item in fields(Settings)}
    shown = {
        flag
        for name in COMMANDS
        for _, found in MAKER.parsers(name)
        for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]*", found.format_help())
    }
    missing = {flag for flag in shown - settings if f"`{flag}" not in text}
    assert set() == missing - {"--help"} - {f"--no-{flag.removeprefix('--')}" for flag in settings}


def test_every_operation_and_member_is_there():
    """What faults and filters name, and what a fault is made of."""
    text = page("testing.md")
    names = [name for name in source.operations() if not name.startswith(("control.", "portal."))]
    assert [] == [name for name in (*names, *CHECKS, *FILTERS) if f"`{name}`" not in text]


def test_every_fixture_and_handle_is_there():
    """Fixtures, the marker's options, the option of the command line."""
    text = page("fixtures.md")
    assert [] == [name for name in ("aml_config", "aml_server", "aml", *pytest_plugin.OPTIONS) if name not in text]
    wanted = ("--aml WHERE", "--aml-record", "aml_contract", "expects(operation, ")
    assert [] == [one for one in wanted if one not in text]


def anchors(text):
    """Return the anchors of a page's headings, as Sphinx and GitHub make them."""
    heads = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


MARKDOWN = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])


@pytest.mark.parametrize("file", MARKDOWN, ids=[str(path.relative_to(ROOT)) for path in MARKDOWN])
def test_links_lead_somewhere(file):
    """Each relative link of a page names a file that is there, and a heading that it has."""
    text = re.sub(r"^```.*?^```$", "", file.read_text("utf-8"), flags=re.M | re.S)
    broken = []
    for link in LINK.findall(text):
        target, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        path = (file.parent / target).resolve() if target else file
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path.read_text("utf-8"))):
            broken.append(link)
    assert [] == broken


def test_every_page_is_in_the_contents():
    """No page of the docs is left out of the table of contents."""
    listed = re.findall(r"^([\w./*-]+)$", (DOCS / "index.md").read_text("utf-8"), re.M)
    found = {path for name in listed for path in DOCS.glob(f"{name}.md")}
    pages = {path for path in DOCS.rglob("*.md") if "_build" not in path.parts} - {DOCS / "index.md"}
    assert set() == pages - found
