"""Golden tests: what a learner's ONNX scores is what bare scikit-learn predicts, on every row of real data."""

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
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder

from amlemulator.experiments.frame import Frame
from amlemulator.experiments.palette import registry
from amlemulator.experiments.training import Untrained, train
from support.frames import bikes, cells_of, code_of, make_frame, run_module, sample

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


FOREST = {"n_estimators": 8, "max_depth": 32, "min_samples_leaf": 1, "bootstrap": True, "random_state": 0}
CLASSIFIERS = {
    "Two-Class Decision Forest": lambda: (ORDINAL, "passthrough", RandomForestClassifier(**FOREST)),
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


LOGISTIC = {"solver": "saga", "C": 0.5, "l1_ratio": 0.5, "tol": 1e-7, "max_iter": 100, "random_state": 0}
MULTICLASS = {
    "Multiclass Logistic Regression": lambda: (ONE_HOT, MinMaxScaler(), LogisticRegression(**LOGISTIC)),
    "Multiclass Decision Forest": lambda: (ORDINAL, "passthrough", RandomForestClassifier(**FOREST)),
}


@pytest.mark.parametrize("label", ["weathersit", "holiday"])
@pytest.mark.parametrize("name", sorted(MULTICLASS))
def test_a_multiclass_learner_scores_as_scikit_learn_does(name, label):
    """Each class's probability on all 8,645 hours differs by less than 1e-12, for several classes and for two."""
    rows = bikes().take(range(0, bikes().rows, 8))
    scored = train(untrained(name), rows, label, "Test").score(bikes())
    model = fitted(MULTICLASS[name](), rows, label)
    expected = model.predict_proba(pandas_of(bikes(), label)[0])
    names = [f'Scored Probabilities for Class "{each}"' for each in model.classes_]
    found = np.array([cells_of(scored)[each] for each in names]).T
    assert [*names, "Scored Labels"] == scored.names[-len(names) - 1 :]
    assert np.abs(expected - found).max() < 1e-12
    assert model.classes_[expected.argmax(axis=1)].tolist() == cells_of(scored)["Scored Labels"]


def test_a_forest_for_regression_gives_the_moments_of_its_trees():
    """Mean and standard deviation on all hours are those of the mixture of the leaves' Gaussians."""
    rows = bikes().take(range(0, bikes().rows, 4))
    given = {"Minimum number of samples per leaf node": 3}
    scored = train(untrained("Decision Forest Regression", **given), rows, "bikers", "Test").score(bikes())
    model = fitted((ORDINAL, "passthrough", RandomForestRegressor(**{**FOREST, "min_samples_leaf": 3})), rows, "bikers")
    features = model[0].transform(pandas_of(bikes(), "bikers")[0]).astype(np.float32)
    leaves = model[1].apply(features)
    trees = [one.tree_ for one in model[1].estimators_]
    means = np.array([tree.value[leaves[:, place], 0, 0] for place, tree in enumerate(trees)])
    variances = np.array([tree.impurity[leaves[:, place]] for place, tree in enumerate(trees)])
    spread = np.sqrt(variances.mean(axis=0) + means.var(axis=0))
    assert ["Scored Label Mean", "Scored Label Standard Deviation"] == scored.names[-2:]
    assert np.abs(means.mean(axis=0) - cells_of(scored)["Scored Label Mean"]).max() < 1e-9
    assert np.abs(spread - cells_of(scored)["Scored Label Standard Deviation"]).max() < 1e-6


def test_replicate_trains_each_tree_on_all_rows():
    """Without bagging a deep forest knows its own rows by heart."""
    rows = bikes().take(range(200))
    learner = untrained("Decision Forest Regression", **{"Resampling method": "Replicate"})
    scored = train(learner, rows, "bikers", "Test").score(rows)
    assert cells_of(rows)["bikers"] == pytest.approx(cells_of(scored)["Scored Label Mean"])
    assert 0 == pytest.approx(max(cells_of(scored)["Scored Label Standard Deviation"]), abs=1e-5)


def test_gradient_descent_scores_as_scikit_learn_does():
    """Linear Regression's other solution method, with its documented settings, on all hours."""
    rows = bikes().take(range(0, bikes().rows, 4))
    learner = untrained("Linear Regression", **{"Solution method": "Online Gradient Descent", "Learning rate": 0.01})
    scored = train(learner, rows, "bikers", "Test").score(bikes())
    descent = SGDRegressor(
        alpha=0.001, eta0=0.01, learning_rate="invscaling", max_iter=10, average=True, tol=None, random_state=0
    )
    model = fitted((ONE_HOT, MinMaxScaler(), descent), rows, "bikers")
    expected = model.predict(pandas_of(bikes(), "bikers")[0])
    assert np.abs(expected - np.array(cells_of(scored)["Scored Labels"])).max() < 1e-9


def clusters(frame, columns, **parameters):
    (learner,) = run_module("K-Means Clustering", parameters=parameters)
    return run_module("Train Clustering Model", {"Untrained model": learner, "Dataset": frame}, {"Column Set": columns})


NUMBERS = ["temp", "hum", "windspeed", "hr"]


def test_clusters_are_scikit_learns():
    """Assignments and distances of all hours are those of bare k-means, to 1e-12."""
    model, results = clusters(bikes(), NUMBERS, **{"Number of Centroids": 5})
    # Columns keep the data set's order, whatever the order of the selection.
    order = [series.name for series in bikes().series if series.name in NUMBERS]
    rows = np.array([cells_of(bikes())[name] for name in order], dtype=float).T
    bare = KMeans(5, init="k-means++", n_init=1, max_iter=100, tol=0, random_state=0).fit(rows)
    expected = np.linalg.norm(rows[:, None] - bare.cluster_centers_[None], axis=2)
    names = [f"DistancesToClusterCenter no.{place}" for place in range(5)]
    found = np.array([cells_of(results)[name] for name in names]).T
    assert ["Assignments", *names] == results.names[-6:]
    assert np.abs(expected - found).max() < 1e-12
    assert bare.labels_.tolist() == cells_of(results)["Assignments"]
    (again,) = run_module("Assign Data to Clusters", {"Trained model": model, "Dataset": bikes()})
    assert cells_of(results) == cells_of(again)


def test_k_means_given_ranges_takes_the_first_of_each():
    """In the trainer mode Parameter Range the number of centroids and the start are those for a sweep."""
    frame = bikes().take(range(100))
    given = {
        "Create trainer mode": "Parameter Range",
        "Range for Number of Centroids": "3; 4",
        "Number of Centroids": 2,
    }
    model, _ = clusters(frame, ["temp"], **given, **{"Initialization for sweep": "Evenly", "Initialization": "First N"})
    assert 3 == model.header.facts["clusters"]


@pytest.mark.parametrize("start", ["First N", "Random", "K-Means++Fast", "Evenly"])
@pytest.mark.parametrize("metric", ["Euclidean", "Cosine"])
def test_each_start_and_metric_finds_plain_clusters(start, metric):
    """Two well-separated groups are found from every start, and a row with a gap has no cluster."""
    frame = make_frame(x=[1.0, 10.0, 1.1, 11.0, None], y=[10.0, 1.0, 11.0, 1.2, 1.0], t=["a"] * 5)
    _, results = clusters(frame, ["x", "y", "t"], Initialization=start, Metric=metric)
    first, second, third, fourth, gap = cells_of(results)["Assignments"]
    assert (first, second, None) == (third, fourth, gap)
    assert first != second


def test_what_cannot_be_clustered_is_refused():
    """Fewer rows than clusters, no column, nothing but gaps, and a start that is not emulated."""
    frame = make_frame(x=[1.0, 2.0])
    assert "0021" == code_of(clusters, frame, ["x"], **{"Number of Centroids": 3})
    assert "0011" == code_of(clusters, frame, {"begin with": "no columns"})
    assert "0130" == code_of(clusters, make_frame(x=[None]), ["x"])
    assert "0039" == code_of(clusters, frame, ["x"], Initialization="Use label column")


def test_fewer_distinct_rows_give_fewer_clusters():
    """Two distinct rows asked for three clusters make two."""
    model, _ = clusters(make_frame(x=[1.0, 1.0, 5.0, 5.0]), ["x"], **{"Number of Centroids": 3})
    assert 2 == model.header.facts["clusters"]


def test_clusters_are_evaluated_by_their_distances():
    """One row for all clusters together, then one for each, in the observed columns."""
    _, results = clusters(make_frame(x=[0.0, 2.0, 10.0]), ["x"], Initialization="First N")
    (table,) = run_module("Evaluate Model", {"Scored dataset": results})
    assert {
        "Result Description": ["Combined Evaluation", "Evaluation For Cluster No.0", "Evaluation For Cluster No.1"],
        "Average Distance to Cluster Center": pytest.approx([2 / 3, 1.0, 0.0]),
        "Average Distance to Other Center": pytest.approx([9.0, 9.0, 9.0]),
        "Number of Points": [3, 2, 1],
        "Maximal Distance To Cluster Center": pytest.approx([1.0, 1.0, 0.0]),
    } == cells_of(table)


def tune(frame, name, label, validation=None, settings=None, **parameters):
    (learner,) = run_module(name, parameters=settings)
    inputs = {"Untrained model": learner, "Training dataset": frame}
    if validation is not None:
        inputs["Validation dataset"] = validation
    given = {name.replace("_", " "): value for name, value in parameters.items()}
    return run_module("Tune Model Hyperparameters", inputs, {"Label column": label, **given})


FEW = {
    "Create trainer mode": "Parameter Range",
    "Range for Number of trees constructed": "1; 20",
    "Range for Maximum number of leaves per tree": "4",
    "Range for Minimum number of samples per leaf node": "10",
    "Range for Learning rate": "0.2",
}


@pytest.mark.parametrize("mode", ["Entire grid", "Random grid", "Random sweep"])
@pytest.mark.parametrize("validated", [True, False])
def test_a_sweep_finds_the_better_settings(mode, validated):
    """Twenty trees beat one; the best run stands first, and its model comes out, trained on all rows."""
    rows, test = bikes().take(range(0, 1200, 4)), bikes().take(range(1, 1200, 8)) if validated else None
    sweep, model = tune(
        rows, "Boosted Decision Tree Regression", "bikers", test, settings=FEW, Specify_parameter_sweeping_mode=mode
    )
    found = cells_of(sweep)
    assert 20 == found["Number of trees constructed"][0]
    assert found["Mean Absolute Error"] == sorted(found["Mean Absolute Error"])
    assert (20, 300) == (
        model.header.facts["parameters"]["Number of trees constructed"],
        model.header.facts["rows used"],
    )


def test_a_sweep_of_a_classifier_goes_by_its_metric():
    """The metric of the learner's kind counts, more or less being better as it is; default ranges are the learner's."""
    rows = sample("census-train").take(range(120))
    sweep, _ = tune(
        rows,
        "Two-Class Logistic Regression",
        "income",
        Metric_for_measuring_performance_for_classification="Average Log Loss",
        Maximum_number_of_runs_on_random_sweep=3,
    )
    losses = cells_of(sweep)["Average Log Loss"]
    assert (3, sorted(losses)) == (len(losses), losses)
    assert set(cells_of(sweep)["L2 regularization weight"]) <= {0.01, 0.1, 1.0}


def test_train_model_takes_the_first_of_each_range():
    """A learner in range mode is trained with the first values; a range without values is refused."""
    (learner,) = run_module("Boosted Decision Tree Regression", parameters=FEW)
    rows = bikes().take(range(100))
    facts = train(learner, rows, "bikers", "Test").header.facts["parameters"]
    assert (1, 4) == (facts["Number of trees constructed"], facts["Maximum number of leaves per tree"])
    assert "0002" == code_of(
        run_module, "Boosted Decision Tree Regression", parameters={**FEW, "Range for Learning rate": " ; "}
    )


def test_a_grid_too_large_is_refused():
    """An entire grid of more than ten thousand runs is not begun."""
    many = {**FEW, "Range for Number of trees constructed": ";".join(map(str, range(1, 20_002)))}
    assert "0008" == code_of(
        tune,
        bikes().take(range(50)),
        "Boosted Decision Tree Regression",
        "bikers",
        settings=many,
        Specify_parameter_sweeping_mode="Entire grid",
    )


def test_settings_that_the_library_refuses_are_an_error_of_the_module():
    """A descent that runs away is Error 0039 with the library's words."""
    learner = untrained("Linear Regression", **{"Solution method": "Online Gradient Descent", "Learning rate": 1e300})
    assert "0039" == code_of(train, learner, bikes().take(range(50)), "bikers", "Test")
