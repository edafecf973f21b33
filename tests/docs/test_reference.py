"""docs/reference: made from the contracts, fresh, and whole."""

import re

import pytest

from amlcontracts import load, reference
from amlcontracts.operations import operations

PAGES = reference.pages()


def test_the_pages_are_fresh():
    """Making them anew would change no page, and none is left over."""
    assert PAGES == {path.name: path.read_text("utf-8") for path in reference.FOLDER.glob("*.md")}


def test_every_operation_and_error_has_its_place():
    """Each operation has a heading; each error of the catalogue, limit and rule stands on its page."""
    for one in operations():
        assert f"\n## {one.id}\n" in PAGES[f"{one.api}.md"]
    for group, facts in load("errors")["groups"].items():
        assert f"\n## {group}\n" in PAGES["errors.md"]
        assert all(f"| `{code}` |" in PAGES["errors.md"] for code in facts.get("codes") or ())
    assert all(f"| `{name}` |" in PAGES["limits.md"] for name in load("limits"))
    assert all(f"| `{name}` |" in PAGES["strict.md"] for name in load("rules")["rules"])


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_lead_somewhere(name):
    """Each link to a file of the project leads to one."""
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[name]):
        assert "://" in target or (reference.FOLDER / target).exists(), target


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_rows_of_a_table_have_as_many_cells_as_its_head(name):
    """No text breaks its table."""
    width = 0
    for line in PAGES[name].splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert width == 0 or cells in (0, width), line
        width = cells


def test_what_is_stale_is_told(tmp_path, monkeypatch, capsys):
    """With --check the command names the stale pages and ends with 1; without, it writes them and takes others away."""
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    (tmp_path / "old.md").write_text("old", "utf-8")
    assert 1 == reference.main(["--check"])
    assert "docs/reference/old.md is stale" in capsys.readouterr().out
    assert 0 == reference.main([])
    assert not (tmp_path / "old.md").exists()
    assert 0 == reference.main(["--check"])
