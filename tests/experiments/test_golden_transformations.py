"""Golden tests: on all rows of real data each transformation gives what pandas gives, cell for cell."""

import csv

import numpy as np
import pandas as pd
import pytest
from scipy.stats import lognorm

from amlemulator import samples
from support.frames import bikes, cells_of, run_module, sample


@pytest.fixture(scope="module")
def table():
    """All hours as pandas has them."""
    return pd.DataFrame(cells_of(bikes()))


def one(module, frame, **parameters):
    """Run a module of one data set; return its first output."""
    given = {name.replace("_", " "): value for name, value in parameters.items()}
    return run_module(module, {"Dataset": frame}, given)[0]


def same(expected, frame, **tolerance):
    """Compare a pandas table with a data set: names, order, and every cell."""
    found = pd.DataFrame(cells_of(frame))
    assert list(expected.columns) == list(found.columns)
    wanted = expected.reset_index(drop=True)
    pd.testing.assert_frame_equal(wanted, found, check_dtype=False, **(tolerance or {"check_exact": True}))


@pytest.mark.parametrize("name", ["bikeshare", "census-train", "census-test"])
def test_a_csv_is_read_as_pandas_reads_it(name):
    """Every number and every text of the files that ship; quoted numbers stay text, as csv itself has them."""
    content = samples.dataset_content(name).decode()
    read = pd.read_csv(samples.dataset(name), keep_default_na=False, skipinitialspace=False)
    texts = {series.name for series in sample(name).series if series.type == "String"}
    header, *rows = csv.reader(content.splitlines())
    for place, column in enumerate(header):
        found = cells_of(sample(name))[column]
        if column in texts:
            assert [row[place] for row in rows] == found
        else:
            assert read[column].tolist() == found


def test_columns_are_selected(table):
    """Named columns in the data set's order, and all but some."""
    kept = ["mnth", "temp", "bikers"]
    same(table[kept], one("Select Columns in Dataset", bikes(), Select_columns=kept))
    rules = {"begin with": "all columns", "rules": [{"exclude": {"names": kept}}]}
    same(table.drop(columns=kept), one("Select Columns in Dataset", bikes(), Select_columns=rules))


SPLITS = [
    ("Relative Expression", "Relational expression", '\\"temp" > 0.5', lambda table: table["temp"] > 0.5),
    ("Relative Expression", "Relational expression", '\\"bikers" <= 7', lambda table: table["bikers"] <= 7),
    (
        "Regular Expression",
        "Regular expression",
        '\\"mnth" ^(May|June)$',
        lambda table: table["mnth"].str.fullmatch("May|June"),
    ),
]


@pytest.mark.parametrize(("mode", "parameter", "expression", "mask"), SPLITS)
def test_rows_are_split(table, mode, parameter, expression, mask):
    """By an expression: both parts, in the order of the rows."""
    given = {"Splitting mode": mode, parameter: expression}
    first, second = run_module("Split Data", {"Dataset": bikes()}, given)
    chosen = mask(table)
    same(table[chosen], first)
    same(table[~chosen], second)


@pytest.mark.parametrize("fraction", [0.25, 0.7])
def test_rows_are_split_in_order(table, fraction):
    """Not at random: head and tail."""
    given = {"Fraction of rows in the first output dataset": fraction, "Randomized split": False}
    first, second = run_module("Split Data", {"Dataset": bikes()}, given)
    same(table.head(first.rows), first)
    same(table.tail(second.rows), second)
    assert len(table) == first.rows + second.rows


@pytest.fixture(scope="module")
def months(table):
    """One row for each month but December, which no hour then finds."""
    made = table[table["mnth"] != "Dec"].groupby("mnth", as_index=False, sort=True).agg(most=("bikers", "max"))
    frame = run_module("Apply SQL Transformation", {"Table1": bikes()}, {"SQL Query Script": MONTHS})[0]
    same(made, frame)
    return made, frame


MONTHS = "select mnth, max(bikers) as most from t1 where mnth <> 'Dec' group by mnth order by mnth"


@pytest.mark.parametrize(("kind", "how"), [("Inner Join", "inner"), ("Left Outer Join", "left")])
def test_joins_are_merges(table, months, kind, how):
    """Every hour with its month's most riders, in the order of the hours; without a month the cell is missing."""
    given = {"Join key columns for L": "mnth", "Join key columns for R": "mnth", "Join type": kind}
    given["Keep right key columns in joined table"] = False
    (joined,) = run_module("Join Data", {"Dataset1": bikes(), "Dataset2": months[1]}, given)
    expected = table.merge(months[0], on="mnth", how=how)
    kept = expected.drop(columns="most")
    same(kept, joined.with_series(joined.series[:-1]))
    missing = [None if np.isnan(most) else most for most in expected["most"]]
    assert missing == list(joined.series[-1].cells)


def test_a_semi_join_is_isin(table, months):
    """The hours whose month is there, with their own columns."""
    given = {"Join key columns for L": "mnth", "Join key columns for R": "mnth", "Join type": "Left Semi-Join"}
    (joined,) = run_module("Join Data", {"Dataset1": bikes(), "Dataset2": months[1]}, given)
    same(table[table["mnth"].isin(months[0]["mnth"])], joined)


def test_rows_are_added(table):
    """The second data set below the first."""
    (added,) = run_module("Add Rows", {"Dataset1": bikes(), "Dataset2": bikes().take(range(100))})
    same(pd.concat([table, table.head(100)]), added)


def test_types_and_names_change(table):
    """Whole numbers become doubles or text, text becomes whole numbers, columns are renamed."""
    (doubles,) = run_module(
        "Edit Metadata", {"Dataset": bikes()}, {"Column": ["bikers"], "Data type": "Floating point"}
    )
    assert table["bikers"].astype(float).tolist() == cells_of(doubles)["bikers"]
    (texts,) = run_module("Edit Metadata", {"Dataset": bikes()}, {"Column": ["bikers"], "Data type": "String"})
    assert table["bikers"].astype(str).tolist() == cells_of(texts)["bikers"]
    (whole,) = run_module("Edit Metadata", {"Dataset": bikes()}, {"Column": ["hr"], "Data type": "Integer"})
    assert table["hr"].astype(int).tolist() == cells_of(whole)["hr"]
    (renamed,) = run_module("Edit Metadata", {"Dataset": bikes()}, {"Column": ["hr"], "New column names": "hour"})
    same(table.rename(columns={"hr": "hour"}), renamed)


@pytest.fixture(scope="module")
def holes(table):
    """Return the hours with every tenth cell of three columns missing, as a data set and as pandas has it."""
    gaps = {"temp": 3, "hum": 5, "weathersit": 7}
    series = [
        each.with_cells([None if row % 10 == gaps.get(each.name) else cell for row, cell in enumerate(each.cells)])
        for each in bikes().series
    ]
    frame = bikes().with_series(series)
    return frame, pd.DataFrame({each.name: pd.Series(each.cells, dtype=None) for each in series})


def test_gaps_are_cleaned(holes):
    """Rows without, columns without, another value, the most frequent one."""
    frame, gappy = holes
    every = {"Columns_to_be_cleaned": {"begin with": "all columns"}}
    rows = one("Clean Missing Data", frame, **every, Cleaning_mode="Remove entire row")
    same(gappy.dropna(), rows)
    columns = one("Clean Missing Data", frame, **every, Cleaning_mode="Remove entire column")
    same(gappy.dropna(axis="columns"), columns)
    numbers = {"Columns_to_be_cleaned": ["temp", "hum"]}
    other = one(
        "Clean Missing Data", frame, **numbers, Cleaning_mode="Custom substitution value", Replacement_value="-1.5"
    )
    filled = gappy.fillna({"temp": -1.5, "hum": -1.5})
    for name in ("temp", "hum"):
        assert filled[name].tolist() == cells_of(other)[name]
    frequent = one("Clean Missing Data", frame, Columns_to_be_cleaned=["weathersit"], Cleaning_mode="Replace with mode")
    assert gappy["weathersit"].fillna(gappy["weathersit"].mode()[0]).tolist() == cells_of(frequent)["weathersit"]


FORMULAS = {
    "Logistic": lambda column: 1 / (1 + np.exp(-column)),
    "TanH": np.tanh,
    "LogNormal": lambda column: pd.Series(
        lognorm.cdf(column, np.log(column).std(ddof=0), scale=np.exp(np.log(column).mean()))
    ),
}


@pytest.mark.parametrize("method", FORMULAS)
def test_the_other_normalisations(table, method):
    """Logistic, hyperbolic tangent and log-normal of a real column, by numpy and scipy."""
    normal = one("Normalize Data", bikes(), Transformation_method=method, Columns_to_transform=["bikers"])
    expected = FORMULAS[method](table["bikers"].astype(float))
    np.testing.assert_allclose(cells_of(normal)["bikers"], expected, rtol=1e-12, atol=1e-14)
