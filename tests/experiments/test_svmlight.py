"""SVMLight text, typed in and imported."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.textdata import TextDataError
from amlemulator.experiments.execute import Environment, File
from amlemulator.experiments.svmlight import read_svmlight
from support.frames import cells_of, code_of, run_module

TEXT = "1 1:0.5 3:2 # the first\n\n-1 2:4\n"
COLUMNS = {"Col1": [0.5, 0.0], "Col2": [0.0, 4.0], "Col3": [2.0, 0.0], "Labels": [1.0, -1.0]}


def test_labels_stand_last_and_what_is_not_mentioned_is_0(tmp_path):
    """Col1 to ColN, then Labels (modules.md 2.1): typed in, or imported whatever the header flag says."""
    (table,) = run_module("Enter Data Manually", parameters={"DataFormat": "SvmLight", "Data": TEXT})
    assert COLUMNS == cells_of(table)
    (tmp_path / "a").write_text(TEXT)
    given = {"Data source": "Web URL via HTTP", "Data format": "SVMLight"}
    environment = Environment(sources={"node": File(tmp_path / "a", "csv")})
    (table,) = run_module("Import Data", parameters=given, environment=environment)
    assert COLUMNS == cells_of(table)


@pytest.mark.parametrize("line", ["x 1:2", "1 2", "1 0:2", "1 a:2", "1 1:b", "nan 1:2", "1 1:inf", "1 999999999:1"])
def test_what_is_no_svmlight_is_error_0049(line):
    """The line and the word that is wrong are named."""
    with pytest.raises(TextDataError, match="line 2 is no SVMLight"):
        read_svmlight(["1 1:1", line])
    assert "0049" == code_of(run_module, "Enter Data Manually", parameters={"DataFormat": "SvmLight", "Data": line})


ROWS = st.lists(
    st.tuples(
        st.floats(allow_nan=False, allow_infinity=False),
        st.dictionaries(st.integers(1, 6), st.floats(allow_nan=False, allow_infinity=False)),
    ),
    min_size=1,
)


@given(ROWS)
def test_what_is_written_reads_back(rows):
    """Every value comes to its row and column, to the last bit."""
    lines = [" ".join([repr(label), *(f"{place}:{value!r}" for place, value in row.items())]) for label, row in rows]
    columns, cells = read_svmlight(lines)
    width = max(place for _, row in rows for place in [0, *row])
    assert [f"Col{place}" for place in range(1, width + 1)] + ["Labels"] == [column.name for column in columns]
    assert [label for label, _ in rows] == cells[-1]
    assert [[row.get(place, 0.0) for _, row in rows] for place in range(1, width + 1)] == list(cells[:-1])
