"""Golden tests: what a learner's ONNX scores is what bare scikit-learn predicts, on every row of real data."""

import warnings

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder

from amlemulator.experiments.frame import Frame
from amlemulator.experiments.modules import registry
from amlemulator.experiments.training import Untrained, train
from support.frames import bikes, cells_of, make_frame, sample

import pandas as pd  # isort: skip

ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
ONE_HOT = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
BOOSTED = {"max_leaf_nodes": 20, "min_samples_leaf": 10, "learning_rate": 0.2, "max_iter": 100, "early_stopping": False}


def untrained(name, **parameters):
    given = {spec.name: spec.value(parameters.get(spec.name)) for spec in registry()[name].parameters}
    return Untrained(name, given)


def pandas_of(frame: Frame, label: str):
    table = pd.DataFrame(cells_of(frame))
    return table.drop(columns=label), table[label]


def prepared(frame, label, text_encoder, numbers):
    """Return a column transformer: texts first encoded, numbers as given; the order does not matter to the learner."""
    texts = [series.name for series in frame.series if series.type == "String" and series.name != label]
    others = [series.name for series in frame.series if series.type != "String" and series.name != label]
    return make_column_transformer((numbers, others), (text_encoder, texts), verbose_feature_names_out=False)


CLASSIFIERS = {
    "Two-Class Boosted Decision Tree": lambda: (
        ORDINAL,
        "passthrough",
        HistGradientBoostingClassifier(**BOOSTED, random_state=0),
    ),
    "Two-Class Logistic Regression": lambda: (
        ONE_HOT,
        MinMaxScaler(),
        LogisticRegression(solver="saga", C=0.5, l1_ratio=0.5, tol=1e-7, max_iter=100, random_state=0),
    ),
}
REGRESSORS = {
    "Boosted Decision Tree Regression": lambda: (
        ORDINAL,
        "passthrough",
        HistGradientBoostingRegressor(**BOOSTED, random_state=0),
    ),
    "Linear Regression": lambda: (ONE_HOT, "passthrough", Ridge(alpha=0.001, solver="svd")),
}


def fitted(parts, frame, label):
    encoder, numbers, model = parts
    features, target = pandas_of(frame, label)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(prepared(frame, label, encoder, numbers), model).fit(features, target)


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
def test_a_classifier_scores_as_scikit_learn_does(name):
    """Trained on 4,000 census rows, the largest difference over all 16,281 test rows is below 1e-12."""
    rows, test = sample("census-train").take(range(4000)), sample("census-test")
    scored = train(untrained(name), rows, "income", "Test").score(test)
    expected = fitted(CLASSIFIERS[name](), rows, "income").predict_proba(pandas_of(test, "income")[0])[:, 1]
    found = np.array(cells_of(scored)["Scored Probabilities"])
    assert 16281 == len(found)
    assert np.abs(expected - found).max() < 1e-12
    labels = np.where(expected > 0.5, ">50K", "<=50K").tolist()
    assert labels == cells_of(scored)["Scored Labels"]


@pytest.mark.parametrize("name", sorted(REGRESSORS))
def test_a_regressor_scores_as_scikit_learn_does(name):
    """Trained on every fourth hour of bike rentals, all 8,645 hours differ by less than 1e-9 riders."""
    rows = bikes().take(range(0, bikes().rows, 4))
    scored = train(untrained(name), rows, "bikers", "Test").score(bikes())
    expected = fitted(REGRESSORS[name](), rows, "bikers").predict(pandas_of(bikes(), "bikers")[0])
    found = np.array(cells_of(scored)["Scored Labels"])
    assert 8645 == len(found)
    assert np.abs(expected - found).max() < 1e-9


@pytest.mark.parametrize("name", sorted({**CLASSIFIERS, **REGRESSORS}))
def test_training_twice_gives_the_same_model(name):
    """The same rows and parameters give the same bytes."""
    frame, label = (sample("census-train"), "income") if name in CLASSIFIERS else (bikes(), "bikers")
    first, second = (train(untrained(name), frame.take(range(300)), label, "Test").file.pack() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", sorted({**CLASSIFIERS, **REGRESSORS}))
def test_a_score_depends_on_its_row_alone(name):
    """Scored one by one, in parts, or backwards, each row has the same score to the last bit."""
    frame, label = (sample("census-train"), "income") if name in CLASSIFIERS else (bikes(), "bikers")
    model = train(untrained(name), frame.take(range(400)), label, "Test")
    test = frame.take(range(500, 560))
    column = "Scored Probabilities" if name in CLASSIFIERS else "Scored Labels"
    whole = cells_of(model.score(test))[column]
    single = [cells_of(model.score(test.take([row])))[column][0] for row in range(test.rows)]
    backwards = cells_of(model.score(test.take(range(test.rows - 1, -1, -1))))[column][::-1]
    assert whole == single == backwards


def test_parameters_reach_the_learner():
    """Fewer trees give another model, and the file says with what it was trained."""
    rows = bikes().take(range(300))
    model = train(
        untrained("Boosted Decision Tree Regression", **{"Number of trees constructed": "5"}), rows, "bikers", "T"
    )
    assert 5 == model.header.facts["parameters"]["Number of trees constructed"]
    other = train(untrained("Boosted Decision Tree Regression"), rows, "bikers", "T")
    assert cells_of(model.score(rows)) != cells_of(other.score(rows))


def test_too_few_rows_to_split_give_one_value():
    """Trees that cannot split score the mean (a tree of one leaf has a form of its own in ONNX)."""
    frame = make_frame(x=[1.0, 2.0, 3.0], y=[10.0, 20.0, 60.0])
    scored = train(untrained("Boosted Decision Tree Regression"), frame, "y", "T").score(frame)
    assert [30.0] * 3 == pytest.approx(cells_of(scored)["Scored Labels"])


@pytest.mark.parametrize("name", sorted(REGRESSORS))
@pytest.mark.parametrize(
    "frame",
    [
        make_frame(t=["a", "b"] * 20, y=list(map(float, range(40)))),
        make_frame(x=[0.5] * 40, y=list(map(float, range(40)))),
        make_frame(only_one=["same"] * 40, x=list(range(40)), y=list(map(float, range(40)))),
    ],
)
def test_odd_shapes_of_data_train(name, frame):
    """Only texts, a constant number, a text with one level: each trains and scores every row."""
    scored = train(untrained(name), frame, "y", "T").score(frame)
    assert None not in cells_of(scored)["Scored Labels"]
