"""A trained model at work: ONNX in onnxruntime, one thread, scoring data sets as Studio's Score Model did.

What a row scores depends on the model and that row alone, whatever rows stand beside it. Needs numpy and onnxruntime
only, so that the server can score.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from amlemulator.core.cells import Cell
from amlemulator.core.interface import Column, ColumnType
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.features import Arrays, arrays
from amlemulator.experiments.frame import Frame, Scores, Series, Task
from amlemulator.experiments.model_file import ModelFile

OUTPUTS: dict[Task, tuple[str, ...]] = {
    "binary": ("probability",),
    "multiclass": ("probabilities",),
    "regression": ("value",),
    "gaussian": ("mean", "deviation"),
    "clusters": ("distances",),
}


def open_session(onnx: bytes) -> Any:
    """Load an ONNX model into onnxruntime with one thread that never spins, its warnings kept quiet."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Without its fallback, which would print what is wrong with a model and try the same once more.
    return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"], enable_fallback=0)


class TrainedModel:
    """A model that scores. The session is opened at the first score, or by ``load``; calls may come from any thread."""

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.header = file.header
        self._numbers, self._texts = file.header.numbers, file.header.texts
        self._outputs = list(OUTPUTS[file.header.task])
        self._lock = threading.Lock()
        self._session: Any = None

    def load(self) -> None:
        """Open the session now."""
        with self._lock:
            if self._session is None:
                self._session = open_session(self.file.onnx)

    def predict(self, data: Arrays) -> list[Any]:
        """Return the model's raw outputs for complete rows: one ``[n, k]`` array of doubles each."""
        if self._session is None:
            self.load()
        feed: dict[str, Any] = {}
        if self._numbers:
            feed["numbers"] = data.numbers
        if self._texts:
            feed["texts"] = data.texts
        try:
            found: list[Any] = self._session.run(self._outputs, feed)
        except UnicodeEncodeError:  # half a surrogate pair from JSON is no text; as a level it is unknown
            feed["texts"] = np.vectorize(_as_text, otypes=[object])(data.texts)
            found = self._session.run(self._outputs, feed)
        return found

    def score(self, frame: Frame, *, append: bool = True) -> Frame:
        """Return the data set with its score columns, or those alone with the true label (modules.md 7.1).

        Rows that miss a feature have missing scores. Score columns that the input has already are written over in
        place.
        Raises ModuleError 0001 when a feature is not there, 0013 for a cluster model.
        """
        if self.header.task == "clusters":
            raise module_error("0013", "Trained model")
        if not self.header.unknown_levels:
            self._refuse_unknown_levels(frame)
        data = arrays(frame, self._numbers, self._texts)
        outputs = self.predict(data) if len(data.rows) else [np.empty((0, 1))] * len(self._outputs)
        columns, scores = self.score_columns(outputs)
        if len(data.rows) != frame.rows:
            columns = [column.with_cells(_spread(column.cells, data.rows, frame.rows)) for column in columns]
        kept = frame.series if append else tuple(each for each in frame.series if each.name == self.header.label)
        return Frame(_beside(kept, columns), frame.rows, scores)

    def assign(self, frame: Frame, *, append: bool = True) -> Frame:
        """Return the data set with each row's cluster and its distances from all centres (modules.md 7.2).

        Raises ModuleError 0013 for a model that is none of clusters.
        """
        if self.header.task != "clusters":
            raise module_error("0013", "Trained model")
        data = arrays(frame, self._numbers, self._texts)
        columns, scores = _cluster_columns(self.predict(data)[0])
        if len(data.rows) != frame.rows:
            columns = [column.with_cells(_spread(column.cells, data.rows, frame.rows)) for column in columns]
        return Frame(_beside(frame.series if append else (), columns), frame.rows, scores)

    def _refuse_unknown_levels(self, frame: Frame) -> None:
        for feature in self._texts:
            series = frame.find(feature.name)
            unknown = set(series.cells if series else ()) - set(feature.levels) - {None}
            if unknown:
                raise module_error("0039", f"unknown categorical level '{min(map(str, unknown))}' in '{feature.name}'")

    def added_columns(self) -> tuple[Column, ...]:
        """Return the columns that scoring adds, in order; those of clusters, whose number only the model knows, too."""
        if self.header.task == "clusters":
            row = Arrays(range(1), np.zeros((1, len(self._numbers))), np.full((1, len(self._texts)), "", dtype=object))
            added, _ = _cluster_columns(self.predict(row)[0])
        else:
            width = max(1, len(self.header.classes))
            added, _ = self.score_columns([np.zeros((1, width)) for _ in self._outputs])
        return tuple(Column(each.name, each.type, each.categories or ()) for each in added)

    def score_columns(self, outputs: list[Any]) -> tuple[list[Series], Scores]:
        """Return the columns that the model's raw outputs mean, and what role each plays."""
        task = self.header.task
        if task == "binary":
            return self._binary(outputs[0][:, 0].tolist())
        if task == "multiclass":
            return self._multiclass(outputs[0])
        if task == "gaussian":
            mean, deviation = (output[:, 0].tolist() for output in outputs)
            names = ("Scored Label Mean", "Scored Label Standard Deviation")
            columns = [Series(name, "Double", cells) for name, cells in zip(names, (mean, deviation), strict=True)]
            return columns, Scores("gaussian", self.header.label, labels=names[0], deviation=names[1])
        values = Series("Scored Labels", "Double", outputs[0][:, 0].tolist())
        return [values], Scores("regression", self.header.label)

    def _binary(self, probabilities: list[float]) -> tuple[list[Series], Scores]:
        negative, positive = self.header.classes
        labels = [positive if probability > 0.5 else negative for probability in probabilities]
        columns = [self._labels(labels), Series("Scored Probabilities", "Double", probabilities)]
        scores = Scores("binary", self.header.label, self.header.classes, probabilities=("Scored Probabilities",))
        return columns, scores

    def _multiclass(self, probabilities: Any) -> tuple[list[Series], Scores]:
        classes = self.header.classes
        names = tuple(f'Scored Probabilities for Class "{each}"' for each in classes)
        columns = [Series(name, "Double", probabilities[:, place].tolist()) for place, name in enumerate(names)]
        labels = [classes[place] for place in probabilities.argmax(axis=1).tolist()] if len(probabilities) else []
        scores = Scores("multiclass", self.header.label, classes, probabilities=names)
        return [*columns, self._labels(labels)], scores

    def _labels(self, labels: Sequence[Cell]) -> Series:
        kind: ColumnType = self.header.label_type
        levels = tuple(str(each) for each in self.header.classes) if kind == "String" else None
        return Series("Scored Labels", kind, labels, levels)


def _cluster_columns(distances: Any) -> tuple[list[Series], Scores]:
    names = tuple(f"DistancesToClusterCenter no.{place}" for place in range(distances.shape[1]))
    columns = [Series("Assignments", "Int32", distances.argmin(axis=1).tolist())]
    columns += [Series(name, "Double", distances[:, place].tolist()) for place, name in enumerate(names)]
    return columns, Scores("clusters", labels="Assignments", probabilities=names)


class FunctionModel:
    """What a person's own function made of its training data: bytes, which nothing here looks into or unpickles."""

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self.header = file.header

    def load(self) -> None:
        """Have everything at hand already."""

    def score(self, frame: Frame, *, append: bool = True) -> Frame:
        """Refuse: only the person's own function can score with it. Raises ModuleError 0013."""
        raise module_error("0013", "Trained model")

    assign = score


Model = TrainedModel | FunctionModel


def model_of(file: ModelFile) -> Model:
    """Return the model of a file."""
    return FunctionModel(file) if file.header.task == "function" else TrainedModel(file)


def _as_text(cell: str) -> str:
    return cell.encode("utf-8", "replace").decode("utf-8")


def _spread(cells: Sequence[Cell], rows: Sequence[int], count: int) -> list[Cell]:
    spread: list[Cell] = [None] * count
    for row, cell in zip(rows, cells, strict=True):
        spread[row] = cell
    return spread


def _beside(kept: Sequence[Series], added: Sequence[Series]) -> tuple[Series, ...]:
    names = {series.name: series for series in added}
    present = {series.name for series in kept}
    if not names.keys() & present:
        return (*kept, *added)
    return (*(names.get(each.name, each) for each in kept), *(each for each in added if each.name not in present))
