"""K-Means Clustering with Train Clustering Model (modules.md 5.5 and 6.2)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from amlemulator.experiments.columns import select
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.features import Doubles, arrays, feature_of
from amlemulator.experiments.frame import Frame
from amlemulator.experiments.learners import Parameters, TrainingSet
from amlemulator.experiments.model_file import Header, ModelFile
from amlemulator.experiments.onnx_graph import Builder
from amlemulator.experiments.trained import TrainedModel
from amlemulator.experiments.training import MODEL_SUFFIX, Untrained

_STARTS = {"Random": "random", "K-Means++": "k-means++", "K-Means++Fast": "k-means++"}


def train_clustering_model(call: NodeCall) -> tuple[TrainedModel, Frame]:
    """Cluster the rows by the selected columns; give the model and the assignments.

    Rows with gaps are not trained on. Raises ModuleError 0011, 0021 (fewer rows than clusters) and 0130.
    """
    frame: Frame = call.inputs["Dataset"]
    untrained: Untrained = call.inputs["Untrained model"]
    chosen = select(frame, call.parameters["Column Set"])
    if not chosen:
        raise module_error("0011", "Column Set")
    features = tuple(feature_of(series) for series in chosen)
    numbers = [feature for feature in features if feature.kind == "number"]
    texts = [feature for feature in features if feature.kind == "text"]
    data = arrays(frame, numbers, texts)
    if not len(data.rows):
        raise module_error("0130")
    training = TrainingSet(features, data.numbers, data.texts, np.empty(0))
    onnx, count = _fit(untrained.parameters, training)
    header = Header(
        task="clusters",
        learner=untrained.name,
        features=features,
        experiment=call.experiment,
        resource=call.experiment + MODEL_SUFFIX,
        facts={"rows": frame.rows, "rows used": len(data.rows), "clusters": count},
    )
    model = TrainedModel(ModelFile(header, onnx))
    return model, model.assign(frame, append=call.parameters["Check for Append or Uncheck for Result Only"])


def _fit(parameters: Parameters, data: TrainingSet) -> tuple[bytes, int]:
    """Return the model and the number of clusters, which may be smaller than asked when rows repeat."""
    from sklearn.cluster import KMeans

    rows = data.one_hot(data.numbers)
    cosine = parameters["Metric"] == "Cosine"
    if cosine:  # on rows of length 1 the nearest centre is the one of the smallest angle
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
    wanted = parameters["Number of Centroids"]
    if len(rows) < wanted:
        raise module_error("0021", "Dataset", wanted)
    model = KMeans(
        n_clusters=wanted,
        init=_start(parameters["Initialization"], rows, wanted),
        n_init=1,
        max_iter=parameters["Iterations"],
        tol=0,
        random_state=abs(int(parameters["Random number seed"] or 0)) % 2**32,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct rows than clusters are found again below
        model.fit(rows)
    centres = np.unique(model.cluster_centers_, axis=0) if _repeats(model.cluster_centers_) else model.cluster_centers_
    build = Builder(data.features)
    value = build.one_hot()
    if not cosine:
        return build.finish(distances=(build.distances(value, centres), len(centres))), len(centres)
    units = centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-300)
    near = build.add("MatMul", build.unit(value), build.constant(units.T))
    return build.finish(distances=(build.add("Sub", build.constant(1.0), near), len(centres))), len(centres)


def _repeats(centres: Doubles) -> bool:
    return len(np.unique(centres, axis=0)) < len(centres)


def _start(name: str, rows: Doubles, count: int) -> Any:
    """Return how the first centres are chosen."""
    if name == "First N":
        return rows[:count]
    if name == "Evenly":
        return rows[np.linspace(0, len(rows) - 1, count).round().astype(int)]
    return _STARTS[name]
