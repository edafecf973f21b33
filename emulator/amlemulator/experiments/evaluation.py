"""Evaluate Model: the tables that the service wrote (modules.md section 8).

Rows without a score or a label do not count. Training Log Loss and the relative errors follow rules that were checked
against printed numbers; where nothing is known the comment says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, isnan, log, nan, pi
from typing import Any

import numpy as np
import numpy.typing as npt

from amlemulator.core.cells import Cell
from amlemulator.core.interface import ColumnType
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame, Scores, Series, Task

Metrics = dict[str, float]
Doubles = npt.NDArray[np.float64]

TINY = 1e-15  # a probability of 0 would make the mean loss infinite; how classic bounded it is not known
LIKELIHOOD = "Negative Log Likelihood"


def evaluate_model(call: NodeCall) -> tuple[Frame]:
    """Measure one or two scored data sets: a row for each, the left input first.

    Raises ModuleError 0025 for data that were not scored, 0024 without true labels, 0062 for two kinds of learner.
    """
    ports = [port for port in ("Scored dataset", "Scored dataset to compare") if port in call.inputs]
    if all(_is_clustered(call.inputs[port]) for port in ports):
        return (_clusters([call.inputs[port] for port in ports]),)
    measured = [measure(call.inputs[port], port) for port in ports]
    if len({_family(task) for task, _ in measured}) > 1:
        raise module_error("0062")
    rows = [metrics for _, metrics in measured]
    # With one Gaussian learner the column is there for both, Infinity for the other (observed).
    first = [LIKELIHOOD] if any(LIKELIHOOD in row for row in rows) else []
    names = [*first, *(name for name in rows[0] if name != LIKELIHOOD)]
    series = [Series(name, "Double", [row.get(name, inf) for row in rows]) for name in names]
    return (Frame(tuple(series), len(rows)),)


def _family(task: Task) -> Task:
    return "regression" if task == "gaussian" else task


def measure(frame: Frame, port: str) -> tuple[Task, Metrics]:
    """Return the kind of learner that scored the data set, and its metrics in the table's order."""
    scores = frame.scores
    if scores is None or scores.task not in _METRICS or frame.find(scores.labels) is None:
        raise module_error("0025", port)
    if frame.find(scores.label) is None:
        raise module_error("0024", port)
    return scores.task, _METRICS[scores.task](frame, scores)


def _pairs(frame: Frame, *names: str) -> list[tuple[Any, ...]]:
    """Return the rows of some columns that miss nothing."""
    columns = [series.cells for series in map(frame.find, names) if series is not None]
    return [row for row in zip(*columns, strict=True) if not any(map(_gap, row))]


def _gap(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, float) and isnan(cell))


def _binary(frame: Frame, scores: Scores) -> Metrics:
    from sklearn.metrics import roc_auc_score

    rows = _pairs(frame, scores.label, scores.labels, *scores.probabilities)
    if not rows:
        return _of_binary(0.0, 1.0, 0.0, nan, 0.0, 0.0)  # as the designer's port says classic did
    positive = scores.classes[1]
    true = np.array([_same(row[0], positive) for row in rows])
    assigned = np.array([_same(row[1], positive) for row in rows])
    probability = np.array([row[2] for row in rows], dtype=np.float64)
    hits = int((true & assigned).sum())
    precision = hits / int(assigned.sum()) if assigned.any() else 1.0
    recall = hits / int(true.sum()) if true.any() else 0.0
    both = true.any() and not true.all()
    auc = float(roc_auc_score(true, probability)) if both else nan
    loss = float(-np.log(np.clip(np.where(true, probability, 1 - probability), TINY, 1)).mean())
    share = float(true.mean())
    entropy = -(share * log(share) + (1 - share) * log(1 - share)) if both else nan
    return _of_binary(float((true == assigned).mean()), precision, recall, auc, loss, 100 * (1 - loss / entropy))


def _same(cell: Cell, wanted: Cell) -> bool:
    # A label read back from text may be 1 where training saw True, or the text of a number.
    return cell == wanted or str(cell) == str(wanted)


def _of_binary(
    accuracy: float, precision: float, recall: float, auc: float, loss: float, training_loss: float
) -> Metrics:
    harmonic = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "Accuracy": accuracy,
        "Precision": precision,
        "Recall": recall,
        "F-Score": harmonic,
        "AUC": auc,
        "Average Log Loss": loss,
        "Training Log Loss": training_loss,
    }


def _regression(frame: Frame, scores: Scores) -> Metrics:
    rows = np.array(_pairs(frame, scores.label, scores.labels), dtype=np.float64).reshape(-1, 2)
    true, error = rows[:, 0], rows[:, 1] - rows[:, 0]
    if not len(rows):
        return dict.fromkeys(_REGRESSION, nan)
    spread = true - true.mean()
    relative = _ratio(np.abs(error).sum(), np.abs(spread).sum())
    squared = _ratio((error**2).sum(), (spread**2).sum())
    values = (float(np.abs(error).mean()), float(np.sqrt((error**2).mean())), relative, squared, 1 - squared)
    return dict(zip(_REGRESSION, values, strict=True))


_REGRESSION = (
    "Mean Absolute Error",
    "Root Mean Squared Error",
    "Relative Absolute Error",
    "Relative Squared Error",
    "Coefficient of Determination",
)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else nan


def _gaussian(frame: Frame, scores: Scores) -> Metrics:
    rows = np.array(_pairs(frame, scores.label, scores.labels, scores.deviation), dtype=np.float64).reshape(-1, 3)
    true, mean, deviation = rows.T
    with np.errstate(divide="ignore", invalid="ignore"):  # a forest sure of a value has no deviation
        densities = 0.5 * np.log(2 * pi * deviation**2) + (true - mean) ** 2 / (2 * deviation**2)
    return {LIKELIHOOD: float(densities.sum()), **_regression(frame, scores)}


def _multiclass(frame: Frame, scores: Scores) -> Metrics:
    """Return the six averages that the screen showed; how the table looked is not known (modules.md 8.1)."""
    rows = _pairs(frame, scores.label, scores.labels)
    hits, assigned, true = ({str(each): 0 for each in scores.classes} for _ in range(3))
    for label, found in rows:
        assigned[str(found)] = assigned.get(str(found), 0) + 1
        true[str(label)] = true.get(str(label), 0) + 1
        if str(label) == str(found):
            hits[str(found)] += 1
    total, right = len(rows), sum(hits.values())
    classes = [each for each in true if true[each] or assigned.get(each)]
    overall = right / total if total else nan
    average = 1 - 2 * (total - right) / (total * len(classes)) if total else nan
    precisions = [hits[each] / assigned[each] for each in classes if assigned.get(each)]
    recalls = [hits.get(each, 0) / true[each] for each in classes if true[each]]
    return {
        "Overall accuracy": overall,
        "Average accuracy": average,
        "Micro-averaged precision": overall,
        "Macro-averaged precision": _mean(precisions),
        "Micro-averaged recall": overall,
        "Macro-averaged recall": _mean(recalls),
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else nan


def _is_clustered(frame: Frame) -> bool:
    return frame.scores is not None and frame.scores.task == "clusters" and frame.find("Assignments") is not None


def _clusters(frames: Sequence[Frame]) -> Frame:
    """Return a block of rows for each data set: all clusters together, then each (modules.md 8.1 and 8.2)."""
    rows = [row for frame in frames for row in _cluster_rows(frame)]
    columns = list(zip(*rows, strict=True))
    kinds: tuple[ColumnType, ...] = ("String", "Double", "Double", "Int32", "Double")
    return Frame(tuple(Series(*each) for each in zip(_CLUSTERS, kinds, columns, strict=True)), len(rows))


_CLUSTERS = (
    "Result Description",
    "Average Distance to Cluster Center",
    "Average Distance to Other Center",
    "Number of Points",
    "Maximal Distance To Cluster Center",
)


def _cluster_rows(frame: Frame) -> list[tuple[Any, ...]]:
    assert frame.scores is not None
    names = frame.scores.probabilities
    distances = np.array(_pairs(frame, *names), dtype=np.float64).reshape(-1, len(names))
    nearest = np.sort(distances, axis=1)
    own, other = nearest[:, 0], nearest[:, 1] if len(names) > 1 else np.full(len(nearest), nan)
    assigned = distances.argmin(axis=1)
    rows = [("Combined Evaluation", *_cluster_row(own, other))]
    for place in range(len(names)):
        chosen = assigned == place
        rows.append((f"Evaluation For Cluster No.{place}", *_cluster_row(own[chosen], other[chosen])))
    return rows


def _cluster_row(own: Doubles, other: Doubles) -> tuple[float, float, int, float]:
    if not len(own):
        return nan, nan, 0, nan
    return float(own.mean()), float(other.mean()), len(own), float(own.max())


_METRICS: Mapping[Task, Callable[[Frame, Scores], Metrics]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "regression": _regression,
    "gaussian": _gaussian,
}
