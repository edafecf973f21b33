"""Evaluate Model: the columns, the rules behind the numbers, and the CSV that a caller gets."""

from math import inf, isnan, log

import pytest
from sklearn import metrics

from amlemulator.core.textdata import write
from amlemulator.experiments.frame import Frame, Scores, Series, table_of_frame
from support.frames import cells_of, code_of, run_module

BINARY = ["Accuracy", "Precision", "Recall", "F-Score", "AUC", "Average Log Loss", "Training Log Loss"]
REGRESSION = [
    "Mean Absolute Error",
    "Root Mean Squared Error",
    "Relative Absolute Error",
    "Relative Squared Error",
    "Coefficient of Determination",
]


def binary(true, probabilities, classes=("no", "yes")):
    assigned = [None if p is None else classes[p > 0.5] for p in probabilities]
    series = (
        Series("y", "String", true),
        Series("Scored Labels", "String", assigned),
        Series("Scored Probabilities", "Double", probabilities),
    )
    return Frame(series, len(true), Scores("binary", "y", classes, probabilities=("Scored Probabilities",)))


def regression(true, found, deviation=None):
    series = [Series("y", "Double", true), Series("Scored Labels", "Double", found)]
    if deviation is None:
        return Frame(tuple(series), len(true), Scores("regression", "y"))
    series.append(Series("Deviation", "Double", deviation))
    return Frame(tuple(series), len(true), Scores("gaussian", "y", deviation="Deviation"))


def evaluate(*frames):
    ports = ("Scored dataset", "Scored dataset to compare")
    (table,) = run_module("Evaluate Model", dict(zip(ports, frames, strict=False)))
    return cells_of(table)


TRUE = ["no", "yes", "yes", "no", "yes"]
FOUND = [0.1, 0.8, 0.4, 0.6, 0.9]


def test_a_binary_evaluation_has_the_observed_columns_and_values():
    """Seven numbers in the observed order, equal to scikit-learn's."""
    found = evaluate(binary(TRUE, FOUND))
    truth, assigned = [y == "yes" for y in TRUE], [p > 0.5 for p in FOUND]
    loss = metrics.log_loss(truth, FOUND)
    entropy = -(0.6 * log(0.6) + 0.4 * log(0.4))
    expected = [
        metrics.accuracy_score(truth, assigned),
        metrics.precision_score(truth, assigned),
        metrics.recall_score(truth, assigned),
        metrics.f1_score(truth, assigned),
        metrics.roc_auc_score(truth, FOUND),
        loss,
        100 * (1 - loss / entropy),
    ]
    assert BINARY == list(found)
    assert expected == pytest.approx([cells[0] for cells in found.values()], abs=1e-12)


def test_training_log_loss_follows_the_printed_numbers():
    """A log loss of 0.33044 over the census prior of 7,508 in 30,162 is the printed 41.10 or so."""
    share = 7508 / 30162
    entropy = -(share * log(share) + (1 - share) * log(1 - share))
    assert 41.10 == pytest.approx(100 * (1 - 0.33044 / entropy), abs=0.02)


def test_rows_without_score_or_label_do_not_count():
    """Gaps in label or score are left out."""
    assert evaluate(binary(TRUE, FOUND)) == evaluate(binary([*TRUE, None, "yes"], [*FOUND, 0.5, None]))


def test_nothing_to_evaluate_has_the_values_of_classic():
    """Without rows AUC is NaN and precision 1; a regression's numbers are all NaN."""
    found = evaluate(binary([], []))
    assert isnan(found["AUC"][0])
    assert ([1.0], [0.0]) == (found["Precision"], found["Accuracy"])
    assert all(isnan(cells[0]) for cells in evaluate(regression([], [])).values())


def test_one_class_alone_has_no_area_under_its_curve():
    """AUC and training log loss are NaN when only one class is there."""
    found = evaluate(binary(["yes", "yes"], [0.9, 0.2]))
    assert isnan(found["AUC"][0])
    assert isnan(found["Training Log Loss"][0])
    assert [0.5] == found["Recall"]


def test_a_certain_and_wrong_score_does_not_make_the_loss_infinite():
    """A probability of zero for what is true is bounded."""
    assert 0 < evaluate(binary(["yes", "no"], [0.0, 0.1]))["Average Log Loss"][0] < 100


def test_labels_that_were_read_back_as_another_type_still_compare():
    """A label True in training and 1 or "True" in the data is the same label."""
    frame = binary(["True", "False"], [0.9, 0.1], classes=(False, True))
    assert [1.0] == evaluate(frame)["Accuracy"]


def test_a_regression_has_five_numbers():
    """Errors are relative to the mean of the true values."""
    found = evaluate(regression([1.0, 2.0, 4.0, 5.0], [1.5, 2.0, 3.0, 5.5]))
    expected = [2 / 4, (1.5 / 4) ** 0.5, 2 / 6, 1.5 / 10, 1 - 1.5 / 10]
    assert REGRESSION == list(found)
    assert expected == pytest.approx([cells[0] for cells in found.values()])


def test_a_gaussian_beside_another_puts_its_likelihood_first():
    """One Gaussian learner adds a first column, which is Infinity for the other (observed)."""
    found = evaluate(regression([1.0, 2.0], [1.0, 3.0]), regression([1.0, 2.0], [1.0, 2.0], [1.0, 2.0]))
    assert ["Negative Log Likelihood", *REGRESSION] == list(found)
    expected = 0.5 * log(2 * 3.141592653589793) + 0.5 * log(2 * 3.141592653589793 * 4)
    assert [inf, pytest.approx(expected)] == found["Negative Log Likelihood"]


def test_two_scored_data_sets_give_two_rows():
    """The left input's row comes first."""
    assert [1.0, 0.0] == evaluate(binary(["no"], [0.1]), binary(["yes"], [0.1]))["Accuracy"]


def test_multiclass_averages():
    """The six averages of the screen, each class counted once in the macro ones."""
    series = (
        Series("y", "String", ["a", "a", "b", "c"]),
        Series("Scored Labels", "String", ["a", "b", "b", "b"]),
    )
    found = evaluate(Frame(series, 4, Scores("multiclass", "y", ("a", "b", "c"))))
    expected = [0.5, 1 - 4 / 12, 0.5, (1 + 1 / 3) / 2, 0.5, (0.5 + 1 + 0) / 3]
    assert expected == pytest.approx([cells[0] for cells in found.values()])


def test_what_cannot_be_evaluated_is_refused():
    """Data that were not scored, without labels, or of two kinds have their errors."""
    good = binary(TRUE, FOUND)
    unscored = Frame(good.series[:1], good.rows)
    dropped = Frame(good.series[:1], good.rows, good.scores)
    unlabelled = Frame(good.series[1:], good.rows, good.scores)
    assert ["0025", "0025", "0024"] == [code_of(evaluate, frame) for frame in (unscored, dropped, unlabelled)]
    assert "0062" == code_of(evaluate, good, regression([1.0], [1.0]))


def test_the_csv_has_the_observed_form():
    """Header and one row of numbers in .NET's form, as callers parse it."""
    frame = regression([1.0, 3.0, 1.0, 3.0], [1.0, 3.0, 1.0, 4.0])
    (table,) = run_module("Evaluate Model", {"Scored dataset": frame})
    expected = f"{','.join(REGRESSION)}\r\n0.25,0.5,0.25,0.25,0.75\r\n"
    assert expected == "".join(write(table_of_frame(table), "csv"))
