"""Metadata, joins, SQL, normalising, indicators and scripts, against pandas and against modules.md."""

from datetime import datetime, timedelta
from math import erf, log, nan, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.interface import Column
from amlemulator.experiments.execute import Environment, NodeCall
from amlemulator.experiments.frame import Frame, Series
from amlemulator.experiments.graph import Node
from amlemulator.experiments.metadata import edit_metadata
from amlemulator.experiments.palette import registry
from amlemulator.experiments.pandas_frames import from_pandas, to_pandas
from amlemulator.experiments.transforms import apply
from support.frames import bikes, cells_of, code_of, make_frame, run_module, sample


def edit(frame, column, **parameters):
    given = {"Column": column, **{name.replace("_", " "): value for name, value in parameters.items()}}
    (edited,) = run_module("Edit Metadata", {"Dataset": frame}, given)
    return edited


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (["1 ", None, "-3"], "Integer", [1, None, -3]),
        (["1,234.5", "2"], "Floating point", [1234.5, 2.0]),
        ([1.4, 2.6], "Integer", [1, 3]),
        ([1, 0], "Boolean", [True, False]),
        (["true"], "Boolean", [True]),
        ([1.5, None], "String", ["1.5", None]),
        ([True], "String", ["True"]),
        (["5/30/2010 18:07:00"], "DateTime", [datetime(2010, 5, 30, 18, 7)]),
        ([634108396200000000], "DateTime", [datetime(2010, 5, 30, 18, 7)]),
        ([36000000000], "TimeSpan", [timedelta(hours=1)]),
        (["01:00:00"], "TimeSpan", [timedelta(hours=1)]),
    ],
)
def test_types_are_converted_cell_by_cell(cells, kind, expected):
    """Each conversion keeps gaps and follows .NET's reading."""
    assert expected == cells_of(edit(make_frame(a=cells), "a", Data_type=kind))["a"]


def test_a_date_format_is_nets():
    """A .NET format string reads what the default does not."""
    edited = edit(make_frame(a=["30.05.2010 07"]), "a", Data_type="DateTime", DateTime_Format="dd.MM.yyyy HH")
    assert [datetime(2010, 5, 30, 7)] == cells_of(edited)["a"]


def test_categories_are_the_levels_there_are():
    """Making a column categorical collects its levels; taking it back forgets them."""
    frame = edit(make_frame(a=[2, 1, None, 2]), "a", Categorical="Make categorical")
    assert ("1", "2") == frame.find("a").categories
    assert not frame.find("a").is_numeric
    assert edit(frame, "a", Categorical="Make non-categorical").find("a").categories is None


def test_levels_kept_with_the_graph_come_first():
    """In a call of one row the levels found at deployment stay, so that indicators keep their columns."""
    module = registry()["Edit Metadata"]
    values = {
        spec.name: spec.value({"Column": ["a"], "Categorical": "Make categorical"}.get(spec.name))
        for spec in module.parameters
    }
    node = Node("edit", module, columns=(Column("a", "String", ("x", "y")),))
    call = NodeCall(node, "E", {"Dataset": make_frame(a=["z"])}, values, Environment())
    assert ("x", "y", "z") == edit_metadata(call)[0].find("a").categories


def test_fields_and_names_change():
    """A column becomes label or no feature; names are given for every chosen column in order."""
    frame = make_frame(a=[1], b=[2], c=[3])
    assert "label" == edit(frame, "a", Fields="Label").find("a").role
    assert "none" == edit(frame, "a", Fields="Clear feature").find("a").role
    assert ["x", "b", "y"] == edit(frame, "a,c", New_column_names="x, y").names


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"New_column_names": "x"}, "0027"),
        ({"New_column_names": "x, "}, "0027"),
        ({"New_column_names": "x, c"}, "0028"),
        ({"Data_type": "Integer"}, "0139"),
    ],
)
def test_metadata_that_cannot_be_are_refused(parameters, expected):
    """A wrong number of names, a name twice, a cell that cannot be converted."""
    assert expected == code_of(edit, make_frame(a=["x"], b=["y"], c=["z"]), "a,b", **parameters)


def join(left, right, **parameters):
    given = {"Join key columns for L": "k", "Join key columns for R": "k"}
    given |= {name.replace("_", " "): value for name, value in parameters.items()}
    (joined,) = run_module("Join Data", {"Dataset1": left, "Dataset2": right}, given)
    return joined


KEYS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=6)


@pytest.mark.parametrize(
    ("kind", "how"), [("Inner Join", "inner"), ("Left Outer Join", "left"), ("Full Outer Join", "outer")]
)
@given(left=KEYS, right=KEYS)
def test_joins_are_pandas_joins(kind, how, left, right):
    """Whatever the keys, the joined rows are those of pandas' merge, as a set."""
    upper = make_frame(k=left, x=[f"l{n}" for n in range(len(left))])
    lower = make_frame(k=right, y=[f"r{n}" for n in range(len(right))])
    joined = join(upper, lower, Join_type=kind)
    found = sorted(map(str, zip(cells_of(joined)["x"], cells_of(joined)["y"], strict=True)))
    tables = (pd.DataFrame(cells_of(each), dtype=object) for each in (upper, lower))
    merged = next(tables).merge(next(tables), on="k", how=how)[["x", "y"]]
    expected = sorted(
        str(tuple(None if pd.isna(cell) else cell for cell in row)) for row in merged.itertuples(index=False)
    )
    assert expected == found


def test_a_join_names_and_keeps_columns():
    """A name on both sides gets (1) on the right, the key too unless it is dropped; order is the left's."""
    left, right = make_frame(k=[2, 1, None], v=[1, 2, 3]), make_frame(k=[1, 2, None], v=[9, 8, 7])
    assert {"k": [2, 1], "v": [1, 2], "k (1)": [2, 1], "v (1)": [8, 9]} == cells_of(join(left, right))
    assert ["k", "v", "v (1)"] == join(left, right, Keep_right_key_columns_in_joined_table=False).names
    assert {"k": [2, 1], "v": [1, 2]} == cells_of(join(left, right, Join_type="Left Semi-Join"))


def test_a_join_may_fold_case():
    """With Match case off, text keys of another case match."""
    left, right = make_frame(k=["A"]), make_frame(k=["a"])
    assert (0, 1) == (join(left, right).rows, join(left, right, Match_case=False).rows)
    assert "0016" == code_of(join, left, make_frame(k=[1]))


def test_rows_are_added_below():
    """Rows of the second data set follow; names and types must agree."""
    frame = make_frame(a=[1], b=["x"])
    (added,) = run_module("Add Rows", {"Dataset1": frame, "Dataset2": frame})
    assert {"a": [1, 1], "b": ["x", "x"]} == cells_of(added)
    for other, expected in (
        (make_frame(a=[1]), "0008"),
        (make_frame(a=[1], c=["x"]), "0010"),
        (make_frame(a=[1], b=[1]), "0016"),
    ):
        assert expected == code_of(run_module, "Add Rows", {"Dataset1": frame, "Dataset2": other})


def sql(script, *frames):
    ports = ("Table1", "Table2", "Table3")
    (table,) = run_module(
        "Apply SQL Transformation", dict(zip(ports, frames, strict=False)), {"SQL Query Script": script}
    )
    return table


def test_sql_runs_on_sqlite():
    """Tables are t1 to t3; several statements may stand there; types follow from the values."""
    left = make_frame(id=[1, 2], name=["a", "b"], on=[True, False], day=[datetime(2020, 1, 2), None])
    right = make_frame(id=[2, 1], score=[0.5, 1.5])
    view = "create view v as select * from t2 where score > 0;"
    found = sql(
        view + "select t1.*, v.score, 7 as n, 'x;y' as id from t1 join v using (id) order by t1.id", left, right
    )
    assert ["id", "name", "on", "day", "score", "n", "id (1)"] == found.names
    assert ["Int32", "String", "Int32", "String", "Double", "Int32", "String"] == [s.type for s in found.series]
    assert {"day": ["2020-01-02 00:00:00", None], "score": [1.5, 0.5]} == {
        n: cells_of(found)[n] for n in ("day", "score")
    }


def test_sql_equals_pandas_on_real_data():
    """A grouped query over the bike rentals is pandas' groupby."""
    found = sql("select mnth, count(*) as n, avg(bikers) as mean from t1 group by mnth order by mnth", bikes())
    table = pd.DataFrame(cells_of(bikes())).groupby("mnth").bikers.agg(["size", "mean"])
    assert (table.index.tolist(), table["size"].tolist()) == (cells_of(found)["mnth"], cells_of(found)["n"])
    assert table["mean"].tolist() == pytest.approx(cells_of(found)["mean"], rel=1e-12)


@pytest.mark.parametrize(
    "script", ["selec 1", "select * from t9", "create table a (b)", "attach '/tmp/x.db' as x; select 1", ""]
)
def test_sql_that_does_not_work_is_error_0069(script):
    """A wrong query, one without a result, and one that reaches for another file are refused."""
    assert "0069" == code_of(sql, script or ";", make_frame(a=[1]))


def normalize(frame, method, **parameters):
    given = {"Transformation method": method, **{name.replace("_", " "): value for name, value in parameters.items()}}
    return run_module("Normalize Data", {"Dataset": frame}, given)


def test_normalising_equals_pandas_on_real_data():
    """Z-score and min-max of every numeric column of the bike rentals are pandas' own; texts pass through."""
    numeric = [series.name for series in bikes().series if series.is_numeric]
    table = pd.DataFrame(cells_of(bikes()))[numeric].astype(float)
    for method, expected in (
        ("ZScore", (table - table.mean()) / table.std(ddof=0)),
        ("MinMax", (table - table.min()) / (table.max() - table.min())),
    ):
        normal, _ = normalize(bikes(), method)
        found = pd.DataFrame({name: cells_of(normal)[name] for name in numeric})
        pd.testing.assert_frame_equal(expected, found, rtol=1e-10, atol=1e-12)
        assert cells_of(bikes())["mnth"] == cells_of(normal)["mnth"]
        assert {"Double"} == {series.type for series in normal.series if series.name in numeric}


@pytest.mark.parametrize(
    ("method", "formula"),
    [
        ("Logistic", lambda x: 1 / (1 + np.exp(-x))),
        ("TanH", np.tanh),
        ("LogNormal", lambda x: 0.5 * (1 + erf((log(x) - log(2)) / (log(2) * sqrt(2) * sqrt(2 / 3))))),
    ],
)
def test_the_other_formulas(method, formula):
    """Logistic, TanH and LogNormal follow their formulas; LogNormal's parameters are those of the logarithms."""
    normal, _ = normalize(make_frame(x=[1.0, 2.0, 4.0, None]), method)
    expected = [formula(x) for x in (1.0, 2.0, 4.0)]
    assert expected == pytest.approx(cells_of(normal)["x"][:3])
    assert cells_of(normal)["x"][3] is None


def test_odd_columns_are_normalised_too():
    """A constant column is 0 or NaN as told; what has no logarithm is 0; far values do not overflow."""
    constant = make_frame(x=[5, 5])
    assert [0.0, 0.0] == cells_of(normalize(constant, "ZScore")[0])["x"]
    unticked, _ = normalize(constant, "MinMax", Use_0_for_constant_columns_when_checked=False)
    assert [True, True] == [cell != cell for cell in cells_of(unticked)["x"]]  # noqa: PLR0124 - NaN is not itself
    assert [0.0] == cells_of(normalize(make_frame(x=[-1.0, 1.0, 2.0]), "LogNormal")[0])["x"][:1]
    assert [0.0, 1.0] == cells_of(normalize(make_frame(x=[-1e6, 1e6]), "Logistic")[0])["x"]
    assert "0017" == code_of(normalize, make_frame(x=["a"]), "ZScore", Columns_to_transform="x")
    assert "0011" == code_of(normalize, make_frame(x=["a"]), "ZScore")


def test_a_normalisation_is_repeated_with_what_was_learned():
    """Applied to one row, the transform gives what the row had among the others, without clipping."""
    normal, transform = normalize(make_frame(x=[0, 10], t=["a", "b"]), "MinMax")
    assert [2.5] == cells_of(apply(transform, make_frame(x=[25], t=["c"])))["x"]
    assert [0.0, 1.0] == cells_of(normal)["x"]


def indicators(frame, columns, **parameters):
    given = {"Categorical columns to convert": columns}
    given |= {name.replace("_", " "): value for name, value in parameters.items()}
    (made,) = run_module("Convert to Indicator Values", {"Dataset": frame}, given)
    return made


def test_indicators_equal_pandas_on_real_data():
    """Indicators of the months are pandas' dummies, named column-level."""
    frame = edit(bikes(), "mnth", Categorical="Make categorical")
    made = indicators(frame, "mnth", Overwrite_categorical_columns=True)
    expected = pd.get_dummies(pd.Series(cells_of(bikes())["mnth"]), prefix="mnth", prefix_sep="-", dtype=int)
    assert expected.to_dict("list") == {name: cells_of(made)[name] for name in expected.columns}
    assert "mnth" not in made.names


def test_missing_values_have_an_indicator_of_their_own():
    """A gap adds a column; the source column stays unless it is overwritten; only categories are converted."""
    frame = edit(make_frame(c=["a", None]), "c", Categorical="Make categorical")
    assert {"c": ["a", None], "c-a": [1, 0], "c-Missing": [0, 1]} == cells_of(indicators(frame, "c"))
    assert "0056" == code_of(indicators, make_frame(c=["a"]), "c")
    assert "0011" == code_of(indicators, make_frame(c=["a"]), {"begin with": "no columns"})


def script(text, *frames):
    inputs = dict(zip(("Dataset1", "Dataset2"), frames, strict=False))
    return run_module("Execute Python Script", inputs, {"Python script": text})


FRAME = Frame(
    (
        Series("i", "Int32", [1, None]),
        Series("x", "Double", [0.5, None]),
        Series("t", "String", ["a", None]),
        Series("b", "Boolean", [True, False]),
        Series("d", "DateTime", [datetime(2020, 1, 2), None]),
        Series("s", "TimeSpan", [timedelta(hours=1), None]),
        Series("c", "String", ["u", "v"], ("u", "v")),
    ),
    2,
)


def test_a_script_gets_frames_and_gives_one():
    """azureml_main of the classic signature; what it prints stands on the second port."""
    head = "def azureml_main(dataframe1 = None, dataframe2 = None):\n"
    found, device = script(head + "    print('seen', len(dataframe1))\n    return dataframe1,", FRAME)
    assert "seen 2\n" == device
    assert [
        ("i", "Double"),
        ("x", "Double"),
        ("t", "String"),
        ("b", "Boolean"),
        ("d", "DateTime"),
        ("s", "TimeSpan"),
    ] == [(series.name, series.type) for series in found.series[:6]]
    assert {name: cells for name, cells in cells_of(FRAME).items() if name != "i"} == {
        name: cells for name, cells in cells_of(found).items() if name != "i"
    }
    assert [1.0, None] == cells_of(found)["i"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def azureml_main(a, b): return [a.merge(b)]", {"k": [1], "x": [2], "y": [3]}),
        ("def azureml_main(a): return a[['x']]", {"x": [2]}),
        (
            "import pandas as pd\ndef azureml_main(): return pd.DataFrame({1: [2**40], 2: [None]}), 'rest'",
            {"1": [2**40], "2": [None]},
        ),
        (
            "import pandas as pd\ndef azureml_main(*a): return pd.DataFrame([[1, 2]], columns=['a', 'a']),",
            {"a": [1], "a (1)": [2]},
        ),
    ],
)
def test_a_script_may_take_and_give_what_classic_allowed(text, expected):
    """None, one or two parameters; a frame or a sequence; the index is dropped, names become text."""
    assert expected == cells_of(script(text, make_frame(k=[1], x=[2]), make_frame(k=[1], y=[3]))[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1", "name 'azureml_main' is not defined"),
        ("def azureml_main(:", "SyntaxError"),
        ("def azureml_main(a):\n    return a['nothing']", 'File "<Python script>", line 2, in azureml_main'),
        ("def azureml_main(a): return 5", "TypeError"),
        ("def azureml_main(a): return 'no', a", "must return a pandas.DataFrame, not str"),
        ("import pandas as pd\ndef azureml_main(a): return pd.DataFrame({'z': [1j]}),", "which no module knows"),
    ],
)
def test_a_script_that_fails_is_error_0085(text, expected):
    """Whatever goes wrong in the script stands in the documented sentence, without the emulator's own frames."""
    from amlemulator.experiments.errors import ModuleError

    with pytest.raises(ModuleError) as caught:
        script(text, make_frame(a=[1]))
    message = caught.value.message
    assert "0085" == caught.value.code
    assert expected in message
    assert "---------- Start of error message from Python interpreter ----------" in message
    assert "scripts.py" not in message


@given(
    st.lists(
        st.tuples(st.integers(-(2**31), 2**31 - 1), st.floats(allow_nan=False), st.text(max_size=3), st.booleans()),
        min_size=1,
        max_size=4,
    )
)
def test_frames_survive_pandas(rows):
    """Numbers, texts and booleans come back as they went."""
    columns = list(zip(*rows, strict=True))
    frame = Frame(
        tuple(
            Series(n, k, list(c))
            for n, k, c in zip("ixtb", ("Int32", "Double", "String", "Boolean"), columns, strict=True)
        ),
        len(rows),
    )
    assert cells_of(frame) == cells_of(from_pandas(to_pandas(frame)))


def test_real_data_survive_pandas():
    """The census rows come back from pandas as they went."""
    frame = sample("census-test").take(range(500))
    assert cells_of(frame) == cells_of(from_pandas(to_pandas(frame)))
    assert [None] == from_pandas(pd.DataFrame({"x": [nan]})).series[0].cells
