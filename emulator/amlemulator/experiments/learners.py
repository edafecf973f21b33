"""Learners: Studio's initialise-model modules on scikit-learn, each turned into ONNX (modules.md section 5).

Text and categorical columns become indicators for linear learners, and the place of their level for trees; a level that
was not seen in training is all zeros, or -1. Seeds that Studio took from the clock are 0 here, so that training twice
gives the same model.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from amlemulator.experiments.features import Doubles, Objects
from amlemulator.experiments.frame import Task
from amlemulator.experiments.model_file import Feature
from amlemulator.experiments.onnx_graph import Branch, Builder, Leaf, Trees

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Complete rows: ``[n, numbers]``, ``[n, texts]``, and ``[n]`` targets (places of classes, or values)."""

    features: tuple[Feature, ...]
    numbers: Doubles
    texts: Objects
    target: npt.NDArray[Any]
    classes: int = 0

    def codes(self) -> Doubles:
        """Return the text columns as places of their levels."""
        texts = [feature for feature in self.features if feature.kind == "text"]
        codes = np.empty(self.texts.shape, dtype=np.float64)
        for place, feature in enumerate(texts):
            index = {level: code for code, level in enumerate(feature.levels)}
            codes[:, place] = [index.get(cell, -1) for cell in self.texts[:, place]]
        return codes

    def ordinal(self) -> Doubles:
        """Return numbers and codes side by side."""
        return np.hstack([self.numbers, self.codes()])

    def one_hot(self, numbers: Doubles) -> Doubles:
        """Return ``numbers`` and an indicator for each level of each text column, side by side."""
        texts = [feature for feature in self.features if feature.kind == "text"]
        codes = self.codes()
        hot = [codes[:, [place]] == np.arange(len(feature.levels)) for place, feature in enumerate(texts)]
        return np.hstack([numbers, *hot]).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Learner:
    """A kind of learner: what it predicts, and how it is fitted and written as ONNX."""

    task: Task
    fit: Callable[[Parameters, TrainingSet], bytes]


def _seed(parameters: Parameters) -> int:
    return abs(int(parameters.get("Random number seed") or 0)) % 2**32


def _scaled(numbers: Doubles) -> tuple[Doubles, Doubles]:
    """Return scale and shift that bring each column of numbers to 0..1 (min-max; what classic used is not known)."""
    if not numbers.shape[1]:
        return np.ones(0), np.zeros(0)
    low = numbers.min(axis=0)
    width = numbers.max(axis=0) - low
    scale = 1 / np.where(width == 0, 1, width)
    return scale, -low * scale


# Linear learners


def _logistic(parameters: Parameters, data: TrainingSet) -> bytes:
    from sklearn.linear_model import LogisticRegression

    scale, shift = _scaled(data.numbers)
    l1, l2 = parameters["L1 regularization weight"], parameters["L2 regularization weight"]
    total = l1 + l2
    model = LogisticRegression(
        solver="saga",  # the one that takes L1 and L2 at once
        C=1 / total if total else np.inf,
        l1_ratio=l1 / total if total else 0.0,
        tol=max(parameters["Optimization tolerance"], 1e-12),
        max_iter=100,
        random_state=_seed(parameters),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that 100 rounds did not reach the tolerance is no news to who asked for 1E-07
        model.fit(data.one_hot(data.numbers * scale + shift), data.target)
    build = Builder(data.features)
    raw = build.linear(build.one_hot(scale, shift), model.coef_.T, model.intercept_)
    if data.classes == 2:
        return build.finish(probability=(build.sigmoid(raw), 1))
    return build.finish(probabilities=(build.softmax(raw), data.classes))


def _linear(parameters: Parameters, data: TrainingSet) -> bytes:
    from sklearn.linear_model import Ridge

    model = Ridge(
        alpha=parameters["L2 regularization weight"], fit_intercept=parameters["Include intercept term"], solver="svd"
    )
    model.fit(data.one_hot(data.numbers), data.target)
    build = Builder(data.features)
    value = build.linear(build.one_hot(), model.coef_.reshape(-1, 1), np.atleast_1d(model.intercept_))
    return build.finish(value=(value, 1))


# Boosted trees


def _boosted(parameters: Parameters) -> dict[str, Any]:
    return {
        "max_leaf_nodes": parameters["Maximum number of leaves per tree"],
        "min_samples_leaf": parameters["Minimum number of samples per leaf node"],
        "learning_rate": parameters["Learning rate"],
        "max_iter": parameters["Number of trees constructed"],
        "early_stopping": False,
        "random_state": _seed(parameters),
    }


def _boosted_classifier(parameters: Parameters, data: TrainingSet) -> bytes:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(**_boosted(parameters)).fit(data.ordinal(), data.target)
    build = Builder(data.features)
    return build.finish(probability=(build.sigmoid(_boosted_sum(build, model)), 1))


def _boosted_regressor(parameters: Parameters, data: TrainingSet) -> bytes:
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(**_boosted(parameters)).fit(data.ordinal(), data.target)
    build = Builder(data.features)
    return build.finish(value=(_boosted_sum(build, model), 1))


def _boosted_sum(build: Builder, model: Any) -> str:
    # The fitted trees have no public form; skl2onnx reads the same two attributes.
    trees = Trees()
    for (predictor,) in model._predictors:
        trees.add(list(_boosted_tree(predictor.nodes)), 0)
    return build.add(
        "Add", build.trees(build.ordinal(), trees, 1), build.constant(model._baseline_prediction.reshape(1, 1))
    )


def _boosted_tree(nodes: npt.NDArray[Any]) -> Iterator[Branch | Leaf]:
    for node in nodes:
        if node["is_leaf"]:
            yield Leaf(float(node["value"]))
        else:
            threshold, missing = float(node["num_threshold"]), bool(node["missing_go_to_left"])
            yield Branch(int(node["feature_idx"]), threshold, int(node["left"]), int(node["right"]), missing)


LEARNERS: dict[str, Learner] = {
    "Two-Class Logistic Regression": Learner("binary", _logistic),
    "Two-Class Boosted Decision Tree": Learner("binary", _boosted_classifier),
    "Boosted Decision Tree Regression": Learner("regression", _boosted_regressor),
    "Linear Regression": Learner("regression", _linear),
}
