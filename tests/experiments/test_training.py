"""Train Model and Score Model: labels, gaps, unknown levels, and the columns that come out."""

from datetime import datetime, timedelta

import pytest

from amlemulator.core.tables import Table
from amlemulator.experiments.frame import Frame, Series, table_of_frame
from amlemulator.experiments.model_file import Feature, Header, ModelFile
from amlemulator.experiments.palette import registry
from amlemulator.experiments.trained import TrainedModel
from amlemulator.experiments.training import Untrained, train
from support.frames import cells_of, code_of, make_frame, run_module


def learner(name="Linear Regression", **parameters):
    given = {spec.name: spec.value(parameters.get(spec.name)) for spec in registry()[name].parameters}
    return Untrained(name, given)


LOGISTIC = "Two-Class Logistic Regression"
PEOPLE = make_frame(age=[20, 30, 40, 50] * 5, job=["a", "b", "a", "b"] * 5, rich=["no", "no", "yes", "yes"] * 5)


def rich_model(frame=PEOPLE, **parameters):
    return train(learner(LOGISTIC, **parameters), frame, ["rich"], "Test")


def test_a_trained_model_says_what_it_is():
    """Task, learner, label, classes in order, features with their levels, and how many rows were used."""
    header = rich_model().header
    assert ("binary", LOGISTIC, "rich", "String", ("no", "yes")) == (
        header.task,
        header.learner,
        header.label,
        header.label_type,
        header.classes,
    )
    assert (Feature("age", "Int32", "number"), Feature("job", "String", "text", ("a", "b"))) == header.features
    assert ("Test [trained model]", 20, 20) == (header.resource, header.facts["rows"], header.facts["rows used"])


@pytest.mark.parametrize(
    ("labels", "classes", "kind"),
    [
        ([0, 1], (0, 1), "Int32"),
        ([2, 1], (1, 2), "Int32"),
        ([True, False], (False, True), "Boolean"),
        (["yes", "no"], ("no", "yes"), "String"),
        (["b", "B"], ("B", "b"), "String"),
    ],
)
def test_the_positive_class_is_the_second_in_order(labels, classes, kind):
    """true, the larger number, the text that sorts last; the scored labels have the label's own type."""
    frame = make_frame(x=[0, 1] * 10, y=labels * 10)
    scored = train(learner(LOGISTIC), frame, "y", "Test").score(frame)
    assert classes == scored.scores.classes
    assert kind == scored.find("Scored Labels").type
    positive = [cell == classes[1] for cell in cells_of(scored)["Scored Labels"]]
    assert [probability > 0.5 for probability in cells_of(scored)["Scored Probabilities"]] == positive


def test_rows_with_gaps_are_not_trained_on():
    """Rows without a label or with a gap are skipped; the file says how many were used."""
    frame = make_frame(
        age=[20, None, 40, 50, 60] * 4, job=["a", "b", None, "b", "a"] * 4, rich=["no", "no", "yes", "yes", None] * 4
    )
    assert (20, 8) == (rich_model(frame).header.facts["rows"], rich_model(frame).header.facts["rows used"])


def test_a_row_with_a_gap_has_no_score():
    """A missing feature, or one that is not a number, leaves the score cells missing, in a batch and alone."""
    rows = make_frame(age=[20, None, 40], job=["a", "a", None], rich=["no", "no", "no"])
    scored = rich_model().score(rows)
    assert [False, True, True] == [cell is None for cell in cells_of(scored)["Scored Probabilities"]]
    assert [False, True, True] == [cell is None for cell in cells_of(scored)["Scored Labels"]]
    assert [None] == cells_of(rich_model().score(rows.take([1])))["Scored Labels"]
    unknown = Frame((Series("age", "Double", [float("nan")]), Series("job", "String", ["a"])), 1)
    assert [None] == cells_of(rich_model().score(unknown))["Scored Labels"]


def test_no_rows_score_to_no_rows():
    """An empty data set has its score columns, empty."""
    scored = rich_model().score(PEOPLE.take([]))
    assert (["age", "job", "rich", "Scored Labels", "Scored Probabilities"], 0) == (scored.names, scored.rows)


def test_an_unknown_level_scores_as_none_of_the_known():
    """A level that training did not see is allowed by default, and refused where the learner says so."""
    row = make_frame(age=[30], job=["new"], rich=["no"])
    assert cells_of(rich_model().score(row))["Scored Probabilities"][0] is not None
    strict = rich_model(**{"Allow unknown categorical levels": False})
    assert "0039" == code_of(strict.score, row)
    assert cells_of(strict.score(PEOPLE))["Scored Labels"]


def test_columns_are_found_by_name_and_the_label_may_be_absent():
    """The order of columns does not matter, other columns pass through, the label is not needed."""
    row = make_frame(extra=["z"], job=["a"], age=[50])
    scored = rich_model().score(row)
    assert ["extra", "job", "age", "Scored Labels", "Scored Probabilities"] == scored.names
    assert "0001" == code_of(rich_model().score, make_frame(age=[50]))


def test_score_columns_alone_keep_the_true_label():
    """Without appending, only the label and the score columns come out."""
    scored = rich_model().score(PEOPLE, append=False)
    assert ["rich", "Scored Labels", "Scored Probabilities"] == scored.names


def test_scoring_a_scored_data_set_writes_over_its_scores():
    """Score columns that are there already are replaced in their places."""
    once = rich_model().score(PEOPLE)
    stale = once.with_series([once.series[-1].with_cells([9.0] * 20), *once.series[:-1]])
    again = rich_model().score(stale)
    assert stale.names == again.names
    assert cells_of(once)["Scored Probabilities"] == cells_of(again)["Scored Probabilities"]


def test_types_that_differ_from_training_are_read_all_the_same():
    """A number that arrives as text and a level that arrives as a number are understood; other text is Error 0042."""
    frame = make_frame(zip_code=["1", "2", "x"] * 8, age=[1, 2, 3] * 8, y=[1.0, 2.0, 3.0] * 8)
    model = train(learner(), frame, "y", "Test")
    expected = cells_of(model.score(make_frame(zip_code=["2"], age=[2])))["Scored Labels"]
    odd = Frame((Series("zip code", "Int32", [2]), Series("age", "String", ["2.0"])), 1)
    assert expected == cells_of(model.score(odd))["Scored Labels"]
    unreadable = Frame((Series("zip code", "Int32", [2]), Series("age", "String", ["two"])), 1)
    assert "0042" == code_of(model.score, unreadable)


def test_dates_and_spans_are_features_in_ticks():
    """DateTime and TimeSpan features become numbers of ticks, booleans 0 and 1."""
    days = [datetime(2020, 1, day) for day in range(1, 11)]
    spans = [timedelta(hours=hour) for hour in range(10)]
    frame = make_frame(day=days, span=spans, flag=[True, False] * 5, y=list(map(float, range(10))))
    scored = train(learner(), frame, "y", "Test").score(frame)
    assert list(map(float, range(10))) == pytest.approx(cells_of(scored)["Scored Labels"], abs=1e-3)


@pytest.mark.parametrize(
    ("frame", "label", "name", "expected"),
    [
        (PEOPLE, ["income"], LOGISTIC, "0001"),
        (PEOPLE, ["age", "job"], LOGISTIC, "0037"),
        (PEOPLE, None, LOGISTIC, "0024"),
        (make_frame(x=[1, 2, 3], y=["a", "b", "c"]), ["y"], LOGISTIC, "0083"),
        (make_frame(x=[1, 2], y=["a", "a"]), ["y"], LOGISTIC, "0083"),
        (make_frame(x=[1, 2], y=[0.5, 1.5]), ["y"], LOGISTIC, "0083"),
        (make_frame(x=[1, 2], y=["a", "b"]), ["y"], "Linear Regression", "0023"),
        (make_frame(y=[1.0, 2.0]), ["y"], "Linear Regression", "0140"),
        (make_frame(x=[1, 2], y=[None, None]), ["y"], "Linear Regression", "0134"),
        (make_frame(x=[None, 1], y=[1.0, None]), ["y"], "Linear Regression", "0130"),
    ],
)
def test_data_unfit_for_training_have_their_errors(frame, label, name, expected):
    """Each documented reason why Train Model refuses has its code."""
    assert expected == code_of(train, learner(name), frame, label, "Test")


def test_the_label_may_be_marked_in_the_data():
    """Without a label column in Train Model, the column that carries the mark is taken."""
    marked = PEOPLE.with_series(
        Series(each.name, each.type, each.cells, role="label" if each.name == "rich" else "feature")
        for each in PEOPLE.series
    )
    assert "rich" == train(learner(LOGISTIC), marked, None, "Test").header.label


def test_a_cluster_model_cannot_be_scored_so():
    """Score Model refuses a cluster model with Error 0013."""
    header = Header("clusters", "K-Means Clustering", (Feature("x", "Double", "number"),))
    assert "0013" == code_of(TrainedModel(ModelFile(header, b"")).score, PEOPLE)


def test_the_modules_pass_models_on():
    """A learner module gives an untrained model, Train Model a trained one, Score Model a scored data set."""
    (untrained,) = run_module("Linear Regression")
    (model,) = run_module("Train Model", {"Untrained model": untrained, "Dataset": PEOPLE}, {"Label column": "age"})
    (scored,) = run_module("Score Model", {"Trained model": model, "Dataset": PEOPLE})
    assert isinstance(table_of_frame(scored), Table)
    assert "Scored Labels" == scored.names[-1]
    assert "0003" == code_of(run_module, "Saved Model", parameters={"Name": "nobody's"})


@pytest.mark.parametrize("odd", ["\ud800", "a\0b", "", "é" * 50])
def test_odd_text_is_an_unknown_level(odd):
    """Text that is no valid Unicode, holds NUL or is empty scores as an unknown level, never as a crash."""
    row = Frame((Series("age", "Int32", [30]), Series("job", "String", [odd])), 1)
    expected = cells_of(rich_model().score(make_frame(age=[30], job=["new"])))["Scored Probabilities"]
    assert expected == cells_of(rich_model().score(row))["Scored Probabilities"]
