"""Tune Model Hyperparameters (modules.md 6.3)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import isnan, prod
from typing import Any

from amlemulator.core.tables import infer
from amlemulator.experiments.catalogue_models import CLASSIFICATION_METRICS, REGRESSION_METRICS
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.evaluation import Metrics, measure
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame, Series
from amlemulator.experiments.trained import TrainedModel
from amlemulator.experiments.training import Untrained, train

FOLDS = 5  # without validation data; how many classic took is not known
MOST_RUNS = 10_000
# The names of the metrics in the module's list, and in the tables of Evaluate Model.
_NAMES = {
    "F-score": "F-Score",
    "Train Log Loss": "Training Log Loss",
    "Mean absolute error": "Mean Absolute Error",
    "Root of mean squared error": "Root Mean Squared Error",
    "Relative absolute error": "Relative Absolute Error",
    "Relative squared error": "Relative Squared Error",
    "Coefficient of determination": "Coefficient of Determination",
}
_MULTICLASS = {
    "Accuracy": "Overall accuracy",
    "Precision": "Macro-averaged precision",
    "Recall": "Macro-averaged recall",
}
_SMALLER_IS_BETTER = {"Average Log Loss", *REGRESSION_METRICS[:4]}
assert "Average Log Loss" in CLASSIFICATION_METRICS


def tune_model_hyperparameters(call: NodeCall) -> tuple[Frame, TrainedModel]:
    """Train with several settings; give a row for each, the best first, and the best one's model.

    The best settings are trained once more on all training rows (whether classic did is not known). Raises ModuleError
    as Train Model and Evaluate Model do.
    """
    values, untrained = call.parameters, call.inputs["Untrained model"]
    frame: Frame = call.inputs["Training dataset"]
    validation: Frame | None = call.inputs.get("Validation dataset")
    sweep = _Sweep(untrained, frame, validation, values["Label column"], call.experiment)
    wanted, sign = _criterion(untrained, values)
    runs = [(settings, sweep.measure(settings)) for settings in _candidates(untrained, values)]
    runs.sort(key=lambda run: _order(run[1].get(wanted, float("nan")), sign))
    best = replace(untrained, parameters={**untrained.parameters, **runs[0][0]})
    return _table(runs), train(best, frame, values["Label column"], call.experiment)


def _criterion(untrained: Untrained, values: Mapping[str, Any]) -> tuple[str, int]:
    task = untrained.learner.task
    kind = "classification" if task in ("binary", "multiclass") else "regression"
    metric = values[f"Metric for measuring performance for {kind}"]
    names = _MULTICLASS if task == "multiclass" else _NAMES
    return names.get(metric, metric), 1 if metric in _SMALLER_IS_BETTER else -1


def _order(value: float, sign: int) -> tuple[bool, float]:
    return (isnan(value), 0.0 if isnan(value) else sign * value)


def _candidates(untrained: Untrained, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    names, ranges = list(untrained.ranges), list(untrained.ranges.values())
    mode = values["Specify parameter sweeping mode"]
    chance = random.Random(values["Random seed"])  # noqa: S311 - a sweep keeps no secret
    if mode == "Random sweep":  # with replacement
        runs = values["Maximum number of runs on random sweep"]
        return [{name: chance.choice(each) for name, each in untrained.ranges.items()} for _ in range(runs)]
    size = prod(map(len, ranges))
    if mode == "Random grid":
        places = sorted(chance.sample(range(size), min(size, values["Maximum number of runs on random grid"])))
        return [_point(place, names, ranges) for place in places]
    if size > MOST_RUNS:
        raise module_error("0008", "Specify parameter sweeping mode", 1, MOST_RUNS)
    return [dict(zip(names, point, strict=True)) for point in product(*ranges)]


def _point(place: int, names: Sequence[str], ranges: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """Return the point of the grid with this number, without making the grid."""
    found = {}
    for name, values in zip(names, ranges, strict=True):
        place, digit = divmod(place, len(values))
        found[name] = values[digit]
    return found


class _Sweep:
    """Measures settings on validation data, or on folds of the training data."""

    def __init__(
        self, untrained: Untrained, frame: Frame, validation: Frame | None, label: Any, experiment: str
    ) -> None:
        self._untrained = untrained
        self._frame = frame
        self._validation = validation
        self._label = label
        self._experiment = experiment

    def measure(self, settings: Mapping[str, Any]) -> Metrics:
        """Return the metrics of a learner with these settings: the means over the folds."""
        candidate = replace(self._untrained, parameters={**self._untrained.parameters, **settings})
        found = [
            measure(train(candidate, rows, self._label, self._experiment).score(test), "Validation dataset")[1]
            for rows, test in self._parts()
        ]
        return {name: sum(each[name] for each in found) / len(found) for name in found[0]}

    def _parts(self) -> Iterator[tuple[Frame, Frame]]:
        if self._validation is not None:
            yield self._frame, self._validation
            return
        folds = min(FOLDS, self._frame.rows)
        for fold in range(folds):
            rows = range(self._frame.rows)
            yield (
                self._frame.take([row for row in rows if row % folds != fold]),
                self._frame.take([row for row in rows if row % folds == fold]),
            )


def _table(runs: Sequence[tuple[Mapping[str, Any], Metrics]]) -> Frame:
    rows: list[dict[str, Any]] = [{**settings, **metrics} for settings, metrics in runs]
    series = [Series(name, infer([row[name] for row in rows]), [row[name] for row in rows]) for name in rows[0]]
    return Frame(tuple(series), len(rows))
