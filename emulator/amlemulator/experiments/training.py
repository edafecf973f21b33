"""Train Model, and the learners it is given (modules.md section 6)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import numpy as np

from amlemulator.core.cells import Cell
from amlemulator.core.interface import ColumnType
from amlemulator.experiments.catalogue_learners import FOR_SWEEP, RANGE, TRAINER_MODE
from amlemulator.experiments.columns import select
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.features import Arrays, arrays, feature_of, numeric_cells
from amlemulator.experiments.frame import Frame, Series
from amlemulator.experiments.learners import LEARNERS, Learner, TrainingSet
from amlemulator.experiments.model_file import Header, ModelFile
from amlemulator.experiments.modules import Parameter
from amlemulator.experiments.trained import TrainedModel

UNKNOWN_LEVELS = ("Allow unknown categorical levels", "Allow unknown values for categorical features")
MODEL_SUFFIX = " [trained model]"  # how Set Up Web Service named what it saved (documents.md 10.2)


@dataclass(frozen=True, slots=True)
class Untrained:
    """A learner and its parameters, on the wire to a trainer."""

    name: str
    parameters: Mapping[str, Any]
    ranges: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # what Tune Model Hyperparameters may sweep

    @property
    def learner(self) -> Learner:
        """How it is fitted."""
        return LEARNERS[self.name]


def untrained(call: NodeCall) -> tuple[Untrained]:
    """Give a learner with its parameters.

    In the trainer mode Parameter Range the first value of each range stands for it; otherwise the ranges are the
    learner's own, for whoever sweeps it (modules.md 1.6).
    """
    given = call.parameters
    ranged = given.get(TRAINER_MODE) == "Parameter Range"
    specs = {spec.name: spec for spec in call.node.module.parameters}
    ranges = {
        name.removeprefix(RANGE): _values(specs[name.removeprefix(RANGE)], given[name] if ranged else spec.default)
        for name, spec in specs.items()
        if name.startswith(RANGE)
    }
    second = {name.removesuffix(FOR_SWEEP): given[name] for name in given if name.endswith(FOR_SWEEP)}
    parameters = {name: given[name] for name in given if not (name.startswith(RANGE) or name.endswith(FOR_SWEEP))}
    if ranged:
        parameters |= {name: values[0] for name, values in ranges.items()} | second
    return (Untrained(call.node.module.name, parameters, ranges),)


def _values(spec: Parameter, text: str) -> list[Any]:
    values = [spec.value(part.strip()) for part in str(text).split(";") if part.strip()]
    if not values:
        raise module_error("0002", RANGE + spec.name)
    return values


def train_model(call: NodeCall) -> tuple[TrainedModel]:
    """Train on the rows that miss neither label nor feature. Raises ModuleError: 0001, 0022, 0024, 0083, 0130, 0140."""
    frame: Frame = call.inputs["Dataset"]
    return (train(call.inputs["Untrained model"], frame, call.parameters["Label column"], call.experiment),)


def train(untrained: Untrained, frame: Frame, selection: Any, experiment: str) -> TrainedModel:
    """Train a learner on a data set whose label the selection names."""
    label = _label(frame, selection)
    features = tuple(feature_of(each) for each in frame.series if each.role == "feature" and each.name != label.name)
    if not features:
        raise module_error("0140")
    labelled = frame.take([row for row, cell in enumerate(label.cells) if not _missing(cell)])
    if not labelled.rows:
        raise module_error("0134")
    numbers = [feature for feature in features if feature.kind == "number"]
    texts = [feature for feature in features if feature.kind == "text"]
    data = arrays(labelled, numbers, texts)
    if not len(data.rows):
        raise module_error("0130")
    target = _Target.of(untrained, labelled, label.name, data)
    onnx = _fit(untrained, TrainingSet(features, data.numbers, data.texts, target.values, len(target.classes)))
    header = Header(
        task=untrained.learner.task,
        learner=untrained.name,
        features=features,
        experiment=experiment,
        resource=experiment + MODEL_SUFFIX,
        label=label.name,
        label_type=target.type,
        classes=target.classes,
        unknown_levels=all(untrained.parameters.get(name, True) for name in UNKNOWN_LEVELS),
        facts={"rows": frame.rows, "rows used": len(data.rows), "parameters": _plain(untrained.parameters)},
    )
    return TrainedModel(ModelFile(header, onnx))


def _fit(untrained: Untrained, data: TrainingSet) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # advice for who calls the library, who is not who drew the graph
            return untrained.learner.fit(untrained.parameters, data)
    except ValueError as error:  # the library's own: a descent that ran away, settings that contradict each other
        raise module_error("0039", error) from error


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if isinstance(value, (str, int, float, bool))}


def _missing(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, float) and isnan(cell))


def _label(frame: Frame, selection: Any) -> Series:
    """Return the label column: the selected one, else the one that carries the mark."""
    chosen = select(frame, selection) if selection else [each for each in frame.series if each.role == "label"]
    if not chosen:
        raise module_error("0024", "Dataset")
    if len(chosen) > 1:
        raise module_error("0037")
    return chosen[0]


@dataclass(frozen=True, slots=True)
class _Target:
    """The label as numbers: places of classes, or values."""

    values: Any
    type: ColumnType
    classes: tuple[Cell, ...] = ()

    @classmethod
    def of(cls, untrained: Untrained, frame: Frame, label: str, data: Arrays) -> _Target:
        series = frame.find(label)
        assert series is not None
        if untrained.learner.task in ("regression", "gaussian"):
            if series.type == "String":
                raise module_error("0023", label, untrained.name)
            values = [numeric_cells(series)[row] for row in data.rows]
            return cls(np.array(values, dtype=np.float64), "Double")
        cells = [series.cells[row] for row in data.rows]
        classes = _classes(cells)
        wanted = (2, 2) if untrained.learner.task == "binary" else (2, 10_000)
        if series.type == "Double" or not wanted[0] <= len(classes) <= wanted[1]:
            raise module_error("0083", "Dataset", untrained.name)
        places = {each: place for place, each in enumerate(classes)}
        return cls(np.array([places[cell] for cell in cells]), series.type, classes)


def _classes(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return the classes in order; of two the second is the positive one (modules.md 1.3)."""
    found: list[Any] = list(set(cells))
    return tuple(sorted(found))
