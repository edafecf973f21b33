"""Golden tests with other settings than the defaults: every parameter of a learner means what it means to scikit-learn.

All 8,645 hours (or 16,281 people) are scored. Linear models and clusters differ by no more than 1e-12 of the value,
trees by no more than 1e-6; in fact they are as near.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge, SGDRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, normalize

from amlemulator.experiments.palette import registry
from amlemulator.experiments.training import Untrained, train
from support.frames import bikes, cells_of, run_module, sample

ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
ONE_HOT = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
EXACT, TREES = 1e-12, 1e-6

BOOSTED = {
    "Maximum number of leaves per tree": 7,
    "Minimum number of samples per leaf node": 25,
    "Learning rate": 0.05,
    "Number of trees constructed": 30,
    "Random number seed": 11,
}
BOOSTED_BARE = {
    "max_leaf_nodes": 7,
    "min_samples_leaf": 25,
    "learning_rate": 0.05,
    "max_iter": 30,
    "early_stopping": False,
    "random_state": 11,
}
FOREST = {
    "Number of decision trees": 5,
    "Maximum depth of the decision trees": 6,
    "Minimum number of samples per leaf node": 4,
    "Resampling method": "Replicate",
}
FOREST_BARE = {"n_estimators": 5, "max_depth": 6, "min_samples_leaf": 4, "bootstrap": False, "random_state": 0}
LOGISTIC = {
    "L1 regularization weight": 0.25,
    "L2 regularization weight": 0.75,
    "Optimization tolerance": 1e-3,
    "Random number seed": 5,
}
LOGISTIC_BARE = {"solver": "saga", "C": 1.0, "l1_ratio": 0.25, "tol": 1e-3, "max_iter": 100, "random_state": 5}
DESCENT = {
    "Solution method": "Online Gradient Descent",
    "Learning rate": 0.003,
    "L2 regularization weight": 0.01,
    "Number of training epochs": 4,
    "Average final hypothesis": False,
    "Decrease learning rate": False,
    "Random number seed": 3,
}
DESCENT_BARE = {
    "alpha": 0.01,
    "eta0": 0.003,
    "learning_rate": "constant",
    "max_iter": 4,
    "average": False,
    "tol": None,
    "random_state": 3,
}
# Learner, its settings, the bare model, how texts and numbers go into it, the label, and how near they must be.
CASES = [
    (
        "Two-Class Boosted Decision Tree",
        BOOSTED,
        HistGradientBoostingClassifier(**BOOSTED_BARE),
        ORDINAL,
        "income",
        TREES,
    ),
    ("Two-Class Decision Forest", FOREST, RandomForestClassifier(**FOREST_BARE), ORDINAL, "income", TREES),
    ("Two-Class Logistic Regression", LOGISTIC, LogisticRegression(**LOGISTIC_BARE), ONE_HOT, "income", EXACT),
    ("Multiclass Decision Forest", FOREST, RandomForestClassifier(**FOREST_BARE), ORDINAL, "season", TREES),
    ("Multiclass Logistic Regression", LOGISTIC, LogisticRegression(**LOGISTIC_BARE), ONE_HOT, "season", EXACT),
    (
        "Boosted Decision Tree Regression",
        BOOSTED,
        HistGradientBoostingRegressor(**BOOSTED_BARE),
        ORDINAL,
        "bikers",
        TREES,
    ),
    ("Decision Forest Regression", FOREST, RandomForestRegressor(**FOREST_BARE), ORDINAL, "bikers", TREES),
    ("Linear Regression", {}, Ridge(alpha=0.001, solver="svd"), ONE_HOT, "bikers", EXACT),
    (
        "Linear Regression",
        {"L2 regularization weight": 2.5, "Include intercept term": False},
        Ridge(alpha=2.5, solver="svd", fit_intercept=False),
        ONE_HOT,
        "bikers",
        EXACT,
    ),
    ("Linear Regression", DESCENT, SGDRegressor(**DESCENT_BARE), ONE_HOT, "bikers", EXACT),
]


def fitted(model, encoder, frame, label):
    """Fit the bare model on a data frame; return what predicts."""
    table = pd.DataFrame(cells_of(frame))
    texts = [series.name for series in frame.series if series.type == "String" and series.name != label]
    others = [series.name for series in frame.series if series.type != "String" and series.name != label]
    scaled = isinstance(model, (LogisticRegression, SGDRegressor))
    columns = make_column_transformer(
        (MinMaxScaler() if scaled else "passthrough", others), (encoder, texts), verbose_feature_names_out=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(columns, model).fit(table.drop(columns=label), table[label])


@pytest.mark.parametrize(("name", "settings", "model", "encoder", "label", "most"), CASES, ids=lambda case: None)
def test_settings_mean_what_they_mean_to_scikit_learn(name, settings, model, encoder, label, most):
    """On every row of the real data, without one beyond, the scores are the bare model's with the same settings."""
    whole, test = (sample("census-train"), sample("census-test")) if label == "income" else (bikes(), bikes())
    rows = whole.take(range(0, whole.rows, 8))
    given = {spec.name: spec.value(settings.get(spec.name)) for spec in registry()[name].parameters}
    scored = cells_of(train(Untrained(name, given), rows, label, "Golden").score(test))
    bare, features = fitted(model, encoder, rows, label), pd.DataFrame(cells_of(test)).drop(columns=label)
    if name.startswith("Two-Class"):
        expected, found = bare.predict_proba(features)[:, [1]], [scored["Scored Probabilities"]]
    elif name.startswith("Multiclass"):
        expected = bare.predict_proba(features)
        found = [scored[f'Scored Probabilities for Class "{each}"'] for each in bare.classes_]
    else:
        column = "Scored Label Mean" if name == "Decision Forest Regression" else "Scored Labels"
        expected, found = bare.predict(features).reshape(-1, 1), [scored[column]]
    found = np.array(found).T
    assert (test.rows, expected.shape[1]) == found.shape
    apart = np.abs(expected - found) / np.maximum(1.0, np.abs(expected))
    assert apart.max() < most


@pytest.mark.parametrize(("metric", "count"), [("Euclidean", 4), ("Cosine", 3)])
def test_clusters_with_texts_are_scikit_learns(metric, count):
    """Distances and assignments of all hours, of numbers and a text together, by both metrics."""
    given = {"Number of Centroids": count, "Metric": metric, "Random number seed": 9, "Iterations": 50}
    (learner,) = run_module("K-Means Clustering", parameters=given)
    columns = {"Column Set": ["temp", "hum", "weathersit"]}
    _, results = run_module("Train Clustering Model", {"Untrained model": learner, "Dataset": bikes()}, columns)
    table = pd.DataFrame(cells_of(bikes()))
    rows = np.hstack([table[["temp", "hum"]].to_numpy(float), pd.get_dummies(table["weathersit"]).to_numpy(float)])
    rows = normalize(rows) if metric == "Cosine" else rows
    bare = KMeans(count, init="k-means++", n_init=1, max_iter=50, tol=0, random_state=9).fit(rows)
    centres = normalize(bare.cluster_centers_) if metric == "Cosine" else bare.cluster_centers_
    apart = np.linalg.norm(rows[:, None] - centres[None], axis=2) if metric == "Euclidean" else 1 - rows @ centres.T
    found = np.array([cells_of(results)[f"DistancesToClusterCenter no.{place}"] for place in range(count)]).T
    assert np.abs(apart - found).max() < EXACT
    assert apart.argmin(axis=1).tolist() == cells_of(results)["Assignments"]
