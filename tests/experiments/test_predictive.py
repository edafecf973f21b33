"""Set Up Web Service: what becomes of a training experiment, and that it scores as the training one did."""

import pytest

from amlemulator import samples
from amlemulator.core.textdata import write
from amlemulator.experiments.execute import Environment
from amlemulator.experiments.frame import table_of_frame
from amlemulator.experiments.graph import GraphError, check_graph, interface_of, load_graph
from amlemulator.experiments.predictive import set_up_predictive
from amlemulator.experiments.schema import fill_schemas, run_uncalled
from amlemulator.experiments.scorer import build_scorer, needs_worker
from amlemulator.experiments.tasks import Datasets
from support.frames import bikes, cells_of, sample

NO_DATASETS = Datasets({})


def typed(frame):
    return "".join(write(table_of_frame(frame), "csv"))


HOLES = bikes().take(range(0, 600, 3))
HOLES = HOLES.with_series(
    series.with_cells([None if row % 17 == 3 and series.name == "hum" else c for row, c in enumerate(series.cells)])
    for series in HOLES.series
)
PREPARED = {
    "experiment": "Bikes",
    "nodes": [
        {"id": "data", "module": "Enter Data Manually", "parameters": {"Data": typed(HOLES)}},
        {"id": "request", "module": "Web Service Input", "parameters": {"Name": "training data"}},
        {
            "id": "some",
            "module": "Select Columns in Dataset",
            "parameters": {"Select columns": ["temp", "hum", "hr", "mnth", "bikers"]},
            "inputs": {"Dataset": ["data", "request"]},
        },
        {
            "id": "clean",
            "module": "Clean Missing Data",
            "parameters": {"Columns to be cleaned": ["hum"], "Cleaning mode": "Replace with mean"},
            "inputs": {"Dataset": "some"},
        },
        {
            "id": "normal",
            "module": "Normalize Data",
            "parameters": {"Columns to transform": ["temp", "hum"]},
            "inputs": {"Dataset": "clean.Cleaned dataset"},
        },
        {"id": "split", "module": "Split Data", "inputs": {"Dataset": "normal"}},
        {"id": "learner", "module": "Linear Regression"},
        {
            "id": "train",
            "module": "Train Model",
            "parameters": {"Label column": "bikers"},
            "inputs": {"Untrained model": "learner", "Dataset": "split.Results dataset1"},
        },
        {
            "id": "score",
            "module": "Score Model",
            "inputs": {"Trained model": "train", "Dataset": "split.Results dataset2"},
        },
        {"id": "evaluate", "module": "Evaluate Model", "inputs": {"Scored dataset": "score"}},
        {"id": "model", "module": "Web Service Output", "parameters": {"Name": "output1"}, "inputs": {"Data": "train"}},
    ],
    "web service parameters": [
        {"name": "Columns", "default": "temp,hum,hr,mnth,bikers", "sets": ["some.Select columns"]},
        {"name": "Fraction", "default": "0.5", "sets": ["split.Fraction of rows in the first output dataset"]},
    ],
}


def predictive(document, datasets=NO_DATASETS):
    graph = load_graph(document)
    values = run_uncalled(graph, Environment(datasets=datasets))
    return set_up_predictive(graph, values), values


def test_the_census_experiment_becomes_the_sample(tmp_path):
    """From the training sample comes the predictive one: the same ports, columns and resource."""
    census, shipped = (service.experiment for service in samples.workspaces()[0].services[:2])
    for name in ("census-train", "census-test"):
        (tmp_path / f"{name}.csv").write_text(typed(sample(name).take(range(300))))
    datasets = Datasets({name: str(tmp_path / f"{name}.csv") for name in ("census-train", "census-test")})
    made, _ = predictive(census, datasets)
    filled = fill_schemas(made.document, made.models, datasets)
    assert shipped["experiment"] == filled["experiment"]
    assert interface_of(shipped).resources == interface_of(filled).resources
    assert interface_of(shipped).inputs == interface_of(filled).inputs
    names = [[column.name for column in interface_of(each).outputs[0].columns] for each in (shipped, filled)]
    assert names[0] == names[1]


def test_preparation_is_kept_and_what_was_learned_is_saved():
    """Split and Evaluate go, cleaning and normalising become saved transforms, the selection stays."""
    made, _ = predictive(PREPARED)
    modules = [node["module"] for node in made.document["nodes"]]
    assert [] == check_graph(made.document)
    assert {"Split Data", "Evaluate Model", "Train Model", "Linear Regression"} & set(modules) == set()
    assert (2, 2, 1) == tuple(map(modules.count, ("Saved Transform", "Apply Transformation", "Saved Model")))
    assert "Bikes [Predictive Exp.]" == made.document["experiment"]
    assert ("Bikes [trained model]",) == interface_of(made.document).resources
    assert ["Columns"] == [link["name"] for link in made.document["web service parameters"]]
    assert [True, False] == [needs_worker(PREPARED), needs_worker(made.document)]


def test_the_request_comes_in_where_the_data_did():
    """The Web Service Input stands beside the data set, before the preparation; its schema has the label."""
    made, _ = predictive(PREPARED)
    filled = fill_schemas(made.document, made.models, Datasets({}))
    names = [column.name for column in interface_of(filled).inputs[0].columns]
    assert HOLES.names == names


def test_a_predictive_service_scores_as_its_training_experiment_did():
    """The rows of the test half score through the service what they scored in Studio, gaps and all."""
    made, values = predictive(PREPARED)
    scorer = build_scorer(made.document, made.models)
    served = scorer.score({"input1": table_of_frame(HOLES)}, {})["output1"]
    expected = cells_of(values["score", "Scored dataset"])
    by_label = {}
    for label, score in zip(served.column("bikers"), served.column("Scored Labels"), strict=True):
        by_label.setdefault(label, []).append(score)
    for label, score in zip(expected["bikers"], expected["Scored Labels"], strict=True):
        assert any(score == pytest.approx(other, abs=1e-9) for other in by_label[label])


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_trainer_is_wanted(count):
    """Without a trainer, or with two, the operation is refused with what to do."""
    nodes = [
        node for node in PREPARED["nodes"] if node["module"] not in ("Train Model", "Score Model", "Evaluate Model")
    ]
    nodes = [node for node in nodes if node["id"] != "model"]
    train = next(node for node in PREPARED["nodes"] if node["id"] == "train")
    nodes += [{**train, "id": f"train{number}"} for number in range(count)]
    with pytest.raises(GraphError, match="Leave exactly one"):
        set_up_predictive(load_graph({**PREPARED, "nodes": nodes}), {})


def test_clusters_are_set_up_too():
    """A clustering experiment becomes one that assigns rows to its clusters."""
    document = {
        "experiment": "Groups",
        "nodes": [
            {"id": "data", "module": "Enter Data Manually", "parameters": {"Data": "x\n1\n2\n9\n"}},
            {"id": "learner", "module": "K-Means Clustering"},
            {
                "id": "train",
                "module": "Train Clustering Model",
                "parameters": {"Column Set": ["x"]},
                "inputs": {"Untrained model": "learner", "Dataset": "data"},
            },
        ],
    }
    made, _ = predictive(document)
    filled = fill_schemas(made.document, made.models, Datasets({}))
    scorer = build_scorer(filled, made.models)
    table = table_of_frame(bikes().take([0]).with_series([bikes().take([0]).series[0]]))
    table.columns = interface_of(filled).inputs[0].columns
    found = scorer.score({"input1": table}, {})["output1"]
    assert ["x", "Assignments", "DistancesToClusterCenter no.0", "DistancesToClusterCenter no.1"] == found.names


def test_a_trainer_fed_by_a_request_alone_cannot_be_set_up():
    """Without a data set beside the request there is no schema: the operation says so."""
    nodes = [
        {"id": "request", "module": "Web Service Input", "parameters": {"Name": "input1"}},
        {"id": "learner", "module": "Linear Regression"},
        {
            "id": "train",
            "module": "Train Model",
            "parameters": {"Label column": "y"},
            "inputs": {"Untrained model": "learner", "Dataset": "request"},
        },
    ]
    with pytest.raises(GraphError, match="Wire a data set"):
        set_up_predictive(load_graph({"experiment": "x", "nodes": nodes}), {})
