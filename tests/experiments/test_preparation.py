"""Column selection, cleaning, splitting and sources, against what modules.md says of them."""

import gzip
from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.interface import Column
from amlemulator.core.tables import Table
from amlemulator.experiments.columns import select, select_one
from amlemulator.experiments.execute import Environment, File
from amlemulator.experiments.frame import Frame, Series, frame_of_table, table_of_frame
from amlemulator.experiments.transforms import apply
from support.frames import cells_of, code_of, make_frame, run_module, sample

FRAME = make_frame(a=[1, 2], b=[1.5, 2.5], c=["x", "y"])


def names(selection, frame=FRAME):
    return [series.name for series in select(frame, selection)]


ALL = {"begin with": "all columns"}
NONE = {"begin with": "no columns"}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (["c", "a"], ["a", "c"]),
        ("c, a", ["a", "c"]),
        (["a", "a"], ["a"]),
        (ALL, ["a", "b", "c"]),
        ({**ALL, "rules": [{"exclude": {"names": ["b"]}}]}, ["a", "c"]),
        ({**ALL, "rules": [{"exclude": {"types": "Numeric"}}, {"include": {"names": "a"}}]}, ["a", "c"]),
        ({**NONE, "rules": [{"include": {"indices": "3,1-2"}}]}, ["a", "b", "c"]),
        ({**NONE, "rules": [{"include": {"indices": "2,1-3"}}]}, ["a", "b", "c"]),
        ({**NONE, "rules": [{"include": {"types": ["String"]}}]}, ["c"]),
        (
            {**NONE, "rules": [{"include": {"names": ["c", "a", "c"]}}], "keep order and duplicates": True},
            ["c", "a", "c"],
        ),
        ({**NONE, "rules": [{"include": {"all": "features"}}]}, ["a", "b", "c"]),
        ({**NONE, "rules": [{"include": {"all": "labels"}}]}, []),
    ],
)
def test_columns_are_selected_as_the_column_selector_did(selection, expected):
    """Rules add up in order; the data set's order stays unless it is told otherwise."""
    assert expected == names(selection)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (["d"], "0001"),
        ({**NONE, "rules": [{"include": {"indices": "1-"}}]}, "0059"),
        ({**NONE, "rules": [{"include": {"indices": "2-9"}}]}, "0060"),
        ({**NONE, "rules": [{"include": {"indices": "0"}}]}, "0060"),
    ],
)
def test_what_is_not_there_cannot_be_selected(selection, expected):
    """Unknown names, unreadable indices and indices out of range have their errors."""
    assert expected == code_of(select, FRAME, selection)


def test_one_column_means_one():
    """Where one column is wanted, two are Error 0022."""
    assert "0022" == code_of(select_one, FRAME, "a,b")
    assert "a" == select_one(FRAME, "a").name


def test_select_columns_keeps_rows_and_refuses_to_select_nothing():
    """Select Columns in Dataset passes the chosen columns on; an empty selection is Error 0011."""
    (kept,) = run_module("Select Columns in Dataset", {"Dataset": FRAME}, {"Select columns": ["c"]})
    assert {"c": ["x", "y"]} == cells_of(kept)
    assert "0011" == code_of(run_module, "Select Columns in Dataset", {"Dataset": FRAME}, {"Select columns": NONE})


def clean(frame, mode, **parameters):
    given = {"Cleaning mode": mode, **{name.replace("_", " "): value for name, value in parameters.items()}}
    return run_module("Clean Missing Data", {"Dataset": frame}, given)


GAPS = make_frame(n=[1, None, 4], x=[0.5, None, 2.0], t=["a", None, "b"], full=[1, 2, 3])


@pytest.mark.parametrize(
    ("mode", "columns", "expected"),
    [
        ("Replace with mean", ["n", "x"], {"n": [1, 2, 4], "x": [0.5, 1.25, 2.0]}),
        ("Replace with median", ["n", "x"], {"n": [1, 2, 4], "x": [0.5, 1.25, 2.0]}),
        ("Replace with mode", ["n", "t"], {"n": [1, 1, 4], "t": ["a", "a", "b"]}),
        ("Custom substitution value", ["n", "x", "t"], {"n": [1, 0, 4], "x": [0.5, 0.0, 2.0], "t": ["a", "0", "b"]}),
        ("Remove entire row", ["n"], {"n": [1, 4], "full": [1, 3]}),
    ],
)
def test_gaps_are_cleaned(mode, columns, expected):
    """Each mode does what its name says, to the selected columns only."""
    cleaned, _ = clean(GAPS, mode, **{"Columns_to_be_cleaned": columns})
    assert expected == {name: cells_of(cleaned)[name] for name in expected}


def test_a_transform_repeats_what_was_learned():
    """Applied to other data it takes the learned values, removes nothing else, and adds no indicators."""
    cleaned, transform = clean(
        GAPS, "Replace with mean", Columns_to_be_cleaned=["n", "x"], Generate_missing_value_indicator_column=True
    )
    assert [False, True, False] == cells_of(cleaned)["n_IsMissing"]
    other = make_frame(n=[None, 100], x=["odd", "type"], y=[None, 1])
    assert {"n": [2, 100], "x": ["odd", "type"], "y": [None, 1]} == cells_of(apply(transform, other))


def test_a_transform_goes_through_the_modules():
    """Saved Transform gives it, Apply Transformation applies it; what is none is Error 0018."""
    _, transform = clean(GAPS, "Remove entire column", Columns_to_be_cleaned=["n"])
    (saved,) = run_module("Saved Transform", parameters={"Name": "t", "Transform": transform})
    (applied,) = run_module("Apply Transformation", {"Transformation": saved, "Dataset": GAPS})
    assert ["x", "t", "full"] == applied.names
    assert "0018" == code_of(apply, {"kind": "odd"}, GAPS)


def test_columns_are_cleaned_by_their_share_of_gaps():
    """Both ratios count in; a column outside them stays as it is."""
    cleaned, _ = clean(GAPS, "Replace with mode", Minimum_missing_value_ratio=0.5)
    assert cells_of(GAPS) == cells_of(cleaned)


def test_a_column_without_any_value_is_removed_or_left():
    """Mean, median and mode remove such a column unless it is to be propagated."""
    frame = Frame((Series("e", "Double", [None, None]), Series("n", "Int32", [1, None])), 2)
    assert ["n"] == clean(frame, "Replace with mean")[0].names
    propagated, _ = clean(frame, "Replace with mean", Cols_with_all_missing_values="Propagate")
    assert {"e": [None, None], "n": [1, 1]} == cells_of(propagated)


def test_cleaning_refuses_what_has_no_answer():
    """A mean of text is Error 0017, a replacement of the wrong type Error 0002."""
    assert "0017" == code_of(clean, GAPS, "Replace with mean")
    assert "0002" == code_of(clean, GAPS, "Custom substitution value", Replacement_value="many")


def test_cleaning_equals_pandas_on_real_data():
    """Mean and median of real columns with every tenth cell missing are pandas' own."""
    frame = sample("bikeshare")
    holes = frame.with_series(
        series.with_cells([None if row % 10 == 3 else cell for row, cell in enumerate(series.cells)])
        for series in frame.series
        if series.type == "Double"
    )
    table = pd.DataFrame({series.name: pd.Series(series.cells, dtype=float) for series in holes.series})
    for mode, expected in (("mean", table.mean()), ("median", table.median())):
        cleaned, _ = clean(holes, f"Replace with {mode}")
        found = pd.DataFrame(cells_of(cleaned))
        pd.testing.assert_frame_equal(table.fillna(expected), found, rtol=1e-12)


def split(frame, **parameters):
    given = {name.replace("_", " "): value for name, value in parameters.items()}
    return run_module("Split Data", {"Dataset": frame}, given)


FRACTION = "Fraction_of_rows_in_the_first_output_dataset"


@pytest.mark.parametrize(
    ("fraction", "expected"), [(0.5, 2), ("0.5", 2), (0.7, 3), (0, 0), (1, 5), ("3", 3), ("40%", 2), (0.3, 1)]
)
def test_the_first_part_has_the_fraction_of_rows(fraction, expected):
    """Of an odd number of rows, half a row goes to the second part."""
    first, second = split(make_frame(n=[1, 2, 3, 4, 5]), **{FRACTION: fraction, "Randomized_split": False})
    assert ([1, 2, 3, 4, 5][:expected], [1, 2, 3, 4, 5][expected:]) == (cells_of(first)["n"], cells_of(second)["n"])


@given(st.integers(2, 60), st.floats(0, 1), st.integers(0, 5))
def test_a_split_keeps_every_row_once(count, fraction, seed):
    """Whatever the fraction and seed, the two parts together are the data set, and a run repeats itself."""
    frame = make_frame(n=list(range(count)))
    first, second = split(frame, **{FRACTION: fraction, "Random_seed": seed})
    again, _ = split(frame, **{FRACTION: fraction, "Random_seed": seed})
    assert list(range(count)) == sorted([*cells_of(first)["n"], *cells_of(second)["n"]])
    assert cells_of(again) == cells_of(first)


def test_a_stratified_split_has_its_share_of_each_level():
    """Each level of the key column is split by itself."""
    frame = make_frame(k=["a"] * 10 + ["b"] * 20, n=list(range(30)))
    first, _ = split(frame, Stratified_split=True, Stratification_key_column="k")
    assert ["a"] * 5 + ["b"] * 10 == cells_of(first)["k"]


@pytest.mark.parametrize(
    ("mode", "parameter", "expression", "expected"),
    [
        ("Regular Expression", "Regular_expression", '\\"t" ^b', ["bx", "by"]),
        ("Regular Expression", "Regular_expression", "(\\0) x", ["ax", "bx"]),
        ("Relative Expression", "Relational_expression", '\\"n" > 1 & <= 3', ["ay", "bx"]),
        ("Relative Expression", "Relational_expression", "(\\1)<2 | ==4", ["ax", "by"]),
        ("Relative Expression", "Relational_expression", '\\"d" >= 1/3/2020', ["bx", "by"]),
        ("Relative Expression", "Relational_expression", '\\"n" != 1', ["ay", "bx", "by"]),
    ],
)
def test_rows_are_split_by_an_expression(mode, parameter, expression, expected):
    """Rows that match go to the first part."""
    days = [datetime(2020, 1, day) for day in (1, 2, 3, 4)]
    frame = make_frame(t=["ax", "ay", "bx", "by"], n=[1, 2, 3, 4], d=days)
    first, second = split(frame, Splitting_mode=mode, **{parameter: expression})
    assert expected == cells_of(first)["t"]
    assert 4 - len(expected) == second.rows


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({FRACTION: "half"}, "0002"),
        ({FRACTION: "7"}, "0008"),
        ({"Stratified_split": True, "Stratification_key_column": "b"}, "0017"),
        ({"Splitting_mode": "Regular Expression"}, "0001"),
        ({"Splitting_mode": "Regular Expression", "Regular_expression": '\\"c" ('}, "0002"),
        ({"Splitting_mode": "Regular Expression", "Regular_expression": "c"}, "0002"),
        ({"Splitting_mode": "Relative Expression", "Relational_expression": '\\"c" > 1'}, "0017"),
        ({"Splitting_mode": "Relative Expression", "Relational_expression": "(\\7) > 1"}, "0001"),
        ({"Splitting_mode": "Relative Expression", "Relational_expression": '\\"a" > x'}, "0002"),
        ({"Splitting_mode": "Relative Expression", "Relational_expression": '\\"a" ~ 1'}, "0002"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(parameters, expected):
    """Fractions, keys and expressions that cannot be used have their errors."""
    assert expected == code_of(split, FRAME, **parameters)


def test_a_split_needs_two_rows():
    """One row cannot be split: Error 0021."""
    assert "0021" == code_of(split, make_frame(n=[1]))


def test_typed_data_are_read():
    """Enter Data Manually reads CSV, TSV and ARFF, with or without a header row; a broken text is Error 0049."""
    (table,) = run_module("Enter Data Manually", parameters={"Data": "a,b\n1,x\n"})
    assert {"a": [1], "b": ["x"]} == cells_of(table)
    (table,) = run_module("Enter Data Manually", parameters={"Data": "1\tx\n", "DataFormat": "TSV", "HasHeader": False})
    assert {"Col1": [1], "Col2": ["x"]} == cells_of(table)
    assert "0049" == code_of(run_module, "Enter Data Manually", parameters={"Data": "x", "DataFormat": "ARFF"})
    assert "1000" == code_of(run_module, "Enter Data Manually", parameters={"Data": "a,b\n1\n"})


def test_imported_data_are_read_from_the_file_that_was_fetched(tmp_path):
    """Import Data reads the staged file, by its own format parameters; without a file the address was invalid."""
    (tmp_path / "a").write_text("1,2\n")
    environment = Environment(sources={"node": File(tmp_path / "a", "csv")})
    by_address = {"Authentication type": "PublicOrSas", "URI has header row": False}
    (table,) = run_module("Import Data", parameters=by_address, environment=environment)
    assert {"Col1": [1], "Col2": [2]} == cells_of(table)
    assert "0029" == code_of(run_module, "Import Data", parameters=by_address)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", b"\xff\xfe", "0049"),
        ("a.csv.gz", b"no gzip", "0049"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-12], "0049"),
        ("a.csv", b"a,b\n1\n", "1000"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_module_error(tmp_path, name, content, expected):
    """Wrong encodings, broken archives and ragged rows have their errors; so has a file that is not there."""
    (tmp_path / name).write_bytes(content)
    datasets = {"given": File(tmp_path / name, "csv"), "gone": File(tmp_path / "gone", "csv")}
    environment = Environment(datasets=datasets.__getitem__)
    assert expected == code_of(run_module, "Dataset", parameters={"Dataset": "given"}, environment=environment)
    assert "0048" == code_of(run_module, "Dataset", parameters={"Dataset": "gone"}, environment=environment)


def test_request_data_that_is_not_there_is_an_error():
    """A Web Service Input without data is Error 0003."""
    assert "0003" == code_of(run_module, "Web Service Input", parameters={"Name": "input1"})


@given(st.lists(st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=2, max_size=2), max_size=4))
def test_a_table_survives_becoming_columns(rows):
    """Rows to columns and back is the identity."""
    table = Table((Column("a", "Int32"), Column("b", "Int32")), rows)
    back = table_of_frame(frame_of_table(table))
    assert (table.columns, [list(row) for row in table.rows]) == (back.columns, [list(row) for row in back.rows])
