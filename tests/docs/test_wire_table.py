"""docs/wire-table.md: every operation, parameter and client habit, and the test that holds it."""

import re

import pytest

from support import source

TEXT = (source.ROOT / "docs" / "wire-table.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
    for line in TEXT.splitlines()
    if line.startswith("|") and not line.startswith(("| What", "|--"))
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:60] for row in ROWS])
def test_a_row_has_a_test_and_says_how_it_is_known(row):
    """Each row names what it is about, who does it, how it is known, and a test that is defined where it says."""
    what, who, known, tests = row
    assert what
    assert who
    assert known in ("observed", "documented", "inferred", "chosen")
    nodes = re.findall(r"`(tests/[^`]+)`", tests)
    assert nodes
    assert [] == [node for node in nodes if not source.defined(node)]


def test_no_two_rows_are_about_the_same():
    """What a row is about stands in one row only."""
    about = [row[0] for row in ROWS]
    assert [] == sorted({one for one in about if about.count(one) > 1})


def test_every_habit_of_the_checklist_has_a_row():
    """All fifteen points of the checklist of habits (clients.md section 16) are there."""
    numbers = {int(number) for row in ROWS for number in re.findall(r"\b16\.(\d+)\b", row[1])}
    assert set(range(1, 16)) == numbers
