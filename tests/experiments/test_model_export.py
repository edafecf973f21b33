"""The program that scores with an exported model, for every kind of model there is."""

import ast
import csv
import io
import runpy
import sys
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.experiments.model_export import scoring_program
from amlemulator.experiments.model_file import Feature, Header
from amlemulator.experiments.palette import registry
from amlemulator.experiments.training import Untrained, train
from support.frames import make_frame, run_module

NAMES = st.text(max_size=8)
FEATURES = st.lists(
    st.builds(
        Feature,
        name=NAMES,
        type=st.sampled_from(["Double", "Int32", "Boolean", "DateTime", "TimeSpan", "String"]),
        kind=st.sampled_from(["number", "text"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda feature: feature.name,
)
HEADERS = st.builds(
    Header,
    task=st.sampled_from(["binary", "multiclass", "regression", "gaussian", "clusters"]),
    learner=NAMES,
    features=FEATURES.map(tuple),
    experiment=NAMES,
    resource=NAMES,
    label=NAMES,
    classes=st.lists(st.one_of(NAMES, st.integers(0)), max_size=3).map(tuple),
)


def shape(program):
    """Return a program's syntax without its literals, and without how many there are of them."""

    class Blank(ast.NodeTransformer):
        def visit_List(self, node):
            return ast.Constant(0) if all(isinstance(each, ast.Constant) for each in node.elts) else node

        def visit_Dict(self, node):
            return node if node.keys and node.keys[0].value in ("numbers", "texts") else ast.Constant(0)

        def visit_Constant(self, node):
            return ast.Constant(0)

    return ast.dump(Blank().visit(ast.parse(program)))


@given(HEADERS, st.lists(NAMES, max_size=3))
def test_names_stay_literals(header, columns):
    """Whatever a stranger called columns and classes: the program is the same but for its literals."""
    tame = Header(
        header.task,
        "learner",
        tuple(Feature(f"c{place}", each.type, each.kind) for place, each in enumerate(header.features)),
        classes=("a",) * len(header.classes),
    )
    assert shape(scoring_program(tame, ["x"])) == shape(scoring_program(header, columns))


COUNT = 24
ROWS = make_frame(
    size=[None if place == 5 else place * 0.37 for place in range(COUNT)],
    old=[place % 3 == 0 for place in range(COUNT)],
    day=[datetime(2017, 5, 1 + place, 18, 7) for place in range(COUNT)],
    word=["zero 'quoted'", "one, two"] * (COUNT // 2),
    two=["no", "yes"] * (COUNT // 2),
    three=["a", "b", "c"] * (COUNT // 3),
    much=[place**1.5 for place in range(COUNT)],
)
LABELS = {
    "Two-Class Boosted Decision Tree": "two",
    "Two-Class Logistic Regression": "two",
    "Multiclass Decision Forest": "three",
    "Linear Regression": "much",
    "Decision Forest Regression": "much",
}


def as_csv(frame):
    """Return the rows as a person would have them: dates in ISO 8601, nothing where a cell is missing."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(series.name for series in frame.series)
    columns = [
        [cell.isoformat() if isinstance(cell, datetime) else cell for cell in each.cells] for each in frame.series
    ]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


@pytest.fixture
def scored_at_home(tmp_path, monkeypatch, capsys):
    """Run a model's program beside its ONNX; returns what it writes, read again."""

    def run(model, frame):
        (tmp_path / "m.onnx").write_bytes(model.file.onnx)
        names = [column.name for column in model.added_columns()]
        (tmp_path / "m.py").write_text(scoring_program(model.header, names), "utf-8")
        monkeypatch.setattr(sys, "stdin", io.StringIO(as_csv(frame)))
        runpy.run_path(str(tmp_path / "m.py"))
        return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))

    return run


def as_cells(frame, names):
    """Return the rows of a scored data set as CSV cells; doubles with all their digits."""
    columns = [["" if cell is None else str(cell) for cell in frame.find(name).cells] for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def labelled(label):
    """Return the rows with their features and one label."""
    return make_frame(**{name: ROWS.find(name).cells for name in ("size", "old", "day", "word", label)})


@pytest.mark.parametrize("name", LABELS)
def test_the_program_scores_as_score_model_does(scored_at_home, name):
    """To the last digit, every kind of column and of model; a row that misses a number has no score."""
    frame = labelled(LABELS[name])
    given = {spec.name: spec.value(None) for spec in registry()[name].parameters}
    model = train(Untrained(name, given), frame, LABELS[name], "Test")
    names = [column.name for column in model.added_columns()]
    expected = as_cells(model.score(frame), names)
    assert dict.fromkeys(names, "") == expected[5]
    assert expected == scored_at_home(model, frame)


def test_the_program_assigns_to_clusters(scored_at_home):
    """The nearest centre, and the distances from all."""
    untrained = run_module("K-Means Clustering", parameters={"Number of Centroids": 3})[0]
    columns = {"Column Set": ["size", "old", "word"]}
    frame = labelled("much")
    model = run_module("Train Clustering Model", {"Untrained model": untrained, "Dataset": frame}, columns)[0]
    names = ["Assignments", *(f"DistancesToClusterCenter no.{place}" for place in range(3))]
    assert names == [column.name for column in model.added_columns()]
    assert as_cells(model.assign(frame), names) == scored_at_home(model, frame)
