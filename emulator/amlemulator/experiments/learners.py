"""Learners: Studio's initialise-model modules on scikit-learn, each turned into ONNX (modules.md section 5).

Text and categorical columns become indicators for linear learners, and the place of their level for trees; a level that
was not seen in training is all zeros, or -1. Seeds that Studio took from the clock are 0 here, so that training twice
gives the same model.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from amlemulator.experiments.features import Doubles, Objects
from amlemulator.experiments.frame import Task
from amlemulator.experiments.model_file import Feature
from amlemulator.experiments.onnx_graph import DOUBLE, FLOAT, Branch, Builder, Leaf, Trees

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


def _logistic(parameters: Parameters, data: TrainingSet) -> tuple[Any, Doubles, Doubles]:
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
    return model, scale, shift


def _logistic_two_class(parameters: Parameters, data: TrainingSet) -> bytes:
    model, scale, shift = _logistic(parameters, data)
    build = Builder(data.features)
    raw = build.linear(build.one_hot(scale, shift), model.coef_.T, model.intercept_)
    return build.finish(probability=(build.sigmoid(raw), 1))


def _logistic_multiclass(parameters: Parameters, data: TrainingSet) -> bytes:
    model, scale, shift = _logistic(parameters, data)
    weights, bias = model.coef_.T, model.intercept_
    if data.classes == 2:  # scikit-learn keeps the second class alone; the first one weighs nothing
        weights, bias = np.hstack([np.zeros_like(weights), weights]), np.hstack([np.zeros(1), bias])
    build = Builder(data.features)
    raw = build.linear(build.one_hot(scale, shift), weights, bias)
    return build.finish(probabilities=(build.softmax(raw), data.classes))


def _linear(parameters: Parameters, data: TrainingSet) -> bytes:
    if parameters["Solution method"] == "Online Gradient Descent":
        return _gradient_descent(parameters, data)
    from sklearn.linear_model import Ridge

    model = Ridge(
        alpha=parameters["L2 regularization weight"], fit_intercept=parameters["Include intercept term"], solver="svd"
    )
    model.fit(data.one_hot(data.numbers), data.target)
    build = Builder(data.features)
    value = build.linear(build.one_hot(), model.coef_.reshape(-1, 1), np.atleast_1d(model.intercept_))
    return build.finish(value=(value, 1))


def _gradient_descent(parameters: Parameters, data: TrainingSet) -> bytes:
    from sklearn.linear_model import SGDRegressor

    width = data.numbers.shape[1]
    scale, shift = _scaled(data.numbers) if parameters["Normalize features"] else (np.ones(width), np.zeros(width))
    model = SGDRegressor(
        alpha=parameters["L2 regularization weight"],
        eta0=parameters["Learning rate"],
        learning_rate="invscaling" if parameters["Decrease learning rate"] else "constant",
        max_iter=max(1, parameters["Number of training epochs"]),
        average=parameters["Average final hypothesis"],
        tol=None,
        random_state=_seed(parameters),
    )
    model.fit(data.one_hot(data.numbers * scale + shift), data.target)
    build = Builder(data.features)
    value = build.linear(build.one_hot(scale, shift), model.coef_.reshape(-1, 1), model.intercept_)
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
    names = ("is_leaf", "value", "feature_idx", "num_threshold", "left", "right", "missing_go_to_left")
    for leaf, value, feature, threshold, low, high, missing in zip(*(nodes[n].tolist() for n in names), strict=True):
        yield Leaf(value) if leaf else Branch(feature, threshold, low, high, bool(missing))


# Forests. "Number of random splits per node" has no counterpart in scikit-learn, which tries every split of the
# features that it draws.


def _forest(parameters: Parameters) -> dict[str, Any]:
    return {
        "n_estimators": parameters["Number of decision trees"],
        "max_depth": parameters["Maximum depth of the decision trees"],
        "min_samples_leaf": parameters["Minimum number of samples per leaf node"],
        "bootstrap": parameters["Resampling method"] == "Bagging",
        "random_state": 0,
    }


def _forest_shares(parameters: Parameters, data: TrainingSet, build: Builder, classes: Sequence[int]) -> str:
    """Return the mean share of each of the classes in the leaves that a row reaches."""
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(**_forest(parameters)).fit(data.ordinal(), data.target)
    trees = Trees()
    for target, place in enumerate(classes):
        for one in model.estimators_:
            shares = one.tree_.value[:, 0, place] / one.tree_.value[:, 0, :].sum(axis=1)
            trees.add(list(_forest_tree(one.tree_, shares / len(model.estimators_))), target)
    return build.trees(_in_single(build), trees, len(classes))


def _in_single(build: Builder) -> str:
    # scikit-learn's forests see every number in single precision, so the thresholds must, too.
    single = build.add("Cast", build.ordinal(), to=FLOAT)
    return build.add("Cast", single, to=DOUBLE)


def _forest_tree(tree: Any, weights: Doubles) -> Iterator[Branch | Leaf]:
    columns = (tree.children_left, tree.children_right, tree.feature, tree.threshold, weights)
    for low, high, feature, threshold, weight in zip(*(column.tolist() for column in columns), strict=True):
        yield Leaf(weight) if low == high else Branch(feature, threshold, low, high)  # a leaf's children are both -1


def _forest_two_class(parameters: Parameters, data: TrainingSet) -> bytes:
    build = Builder(data.features)
    return build.finish(probability=(_forest_shares(parameters, data, build, [1]), 1))


def _forest_multiclass(parameters: Parameters, data: TrainingSet) -> bytes:
    build = Builder(data.features)
    shares = _forest_shares(parameters, data, build, range(data.classes))
    return build.finish(probabilities=(shares, data.classes))


def _forest_regressor(parameters: Parameters, data: TrainingSet) -> bytes:
    """Each leaf is a Gaussian; the forest's is the one with the mixture's first two moments (modules.md 5.3)."""
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(**_forest(parameters)).fit(data.ordinal(), data.target)
    centre = float(data.target.mean())  # moments about it lose fewer digits than about zero
    trees, count = Trees(), len(model.estimators_)
    for one in model.estimators_:
        means = one.tree_.value[:, 0, 0] - centre
        trees.add(list(_forest_tree(one.tree_, means / count)), 0)
        trees.add(list(_forest_tree(one.tree_, (one.tree_.impurity + means**2) / count)), 1)
    build = Builder(data.features)
    moments = build.trees(_in_single(build), trees, 2)
    first, second = build.halves(moments)
    spread = build.add("Max", build.add("Sub", second, build.add("Mul", first, first)), build.constant(0.0))
    mean = build.add("Add", first, build.constant(centre))
    return build.finish(mean=(mean, 1), deviation=(build.add("Sqrt", spread), 1))


LEARNERS: dict[str, Learner] = {
    "Two-Class Logistic Regression": Learner("binary", _logistic_two_class),
    "Two-Class Boosted Decision Tree": Learner("binary", _boosted_classifier),
    "Two-Class Decision Forest": Learner("binary", _forest_two_class),
    "Multiclass Logistic Regression": Learner("multiclass", _logistic_multiclass),
    "Multiclass Decision Forest": Learner("multiclass", _forest_multiclass),
    "Linear Regression": Learner("regression", _linear),
    "Boosted Decision Tree Regression": Learner("regression", _boosted_regressor),
    "Decision Forest Regression": Learner("gaussian", _forest_regressor),
}
