"""The samples that ship: workspaces, data, graphs, models."""

import gzip
import os

import pytest
import yaml

from amlemulator import samples
from amlemulator.experiments.graph import load_graph
from amlemulator.experiments.model_file import read_model_file
from amlemulator.experiments.scorer import build_scorer
from amlemulator.experiments.sources import read_frame
from amlemulator.experiments.tasks import Datasets
from support.frames import sample


def test_the_workspaces_are_those_of_the_interface():
    """Two workspaces in two regions; the census pair in both, the bikes in the first."""
    pair = ["Census Model", "Census Model [Predictive Exp.]"]
    bikes = ["Bike Rental Training", "Bike Rental Scoring"]
    assert [("Census", "South Central US", [*pair, *bikes]), ("Census EU", "West Europe", pair)] == [
        (each.name, each.region, [service.name for service in each.services]) for each in samples.workspaces()
    ]


def test_each_resource_has_its_model():
    """A scoring service ships a model for each of its saved models, and a training service none."""
    for service in samples.workspaces()[0].services:
        graph = load_graph(service.experiment)
        assert {node.name for node in graph.having("Saved Model")} == set(service.models)
        for name, content in service.models.items():
            assert name == read_model_file(content).header.resource


def test_the_first_models_know_little():
    """The census model saw the first 2,000 rows, the bike model one location of ten."""
    census, bikes = (
        read_model_file(content).header.facts["rows used"]
        for service in samples.workspaces()[0].services
        for content in service.models.values()
    )
    assert (2000, 865) == (census, bikes)


@pytest.mark.parametrize("path", sorted((samples.FOLDER / "experiments").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_json_is_the_yaml_with_its_schemas(path):
    """The graph that ships is the one that people wrote, but for the schemas of its ports."""
    import json

    shipped = json.loads(path.with_suffix(".json").read_text("utf-8"))
    for node in shipped["nodes"]:
        node.pop("columns", None)
    assert yaml.safe_load(path.read_text("utf-8")) == shipped


def test_data_sets_are_found_by_name():
    """Three data sets ship, as gzipped CSV with a header row; another name is a KeyError."""
    assert {"census-train": 32561, "census-test": 16281, "bikeshare": 8645} == {
        name: sample(name).rows for name in samples.datasets()
    }
    assert b"age,workclass," == gzip.decompress(samples.dataset("census-test").read_bytes())[:14]
    assert samples.dataset_content("census-test").startswith(b"age,workclass,")
    with pytest.raises(KeyError):
        samples.dataset("titanic")


def test_each_data_set_is_credited():
    """Every data file is named in the credits."""
    credits = (samples.FOLDER / "data" / "CREDITS.md").read_text("utf-8")
    assert [] == [name for name in os.listdir(samples.FOLDER / "data") if name.endswith(".gz") and name not in credits]


def test_retraining_on_all_rows_reaches_what_the_demo_promises():
    """Trained on all 32,561 rows the AUC on the test rows is at least 0.92, the shipped model's is lower."""
    from sklearn.metrics import roc_auc_score

    from amlemulator.experiments.execute import Environment, run_graph
    from amlemulator.experiments.frame import table_of_frame

    training, predictive = samples.workspaces()[0].services[:2]
    everything = read_frame(Datasets({})("census-train"))
    run = run_graph(load_graph(training.experiment), Environment({"input1": everything}, datasets=Datasets({})))
    retrained = next(series for series in run["output2"].series if series.name == "AUC").cells[0]
    test = sample("census-test")
    scored = build_scorer(predictive.experiment, predictive.models).score({"input1": table_of_frame(test)}, {})
    before = roc_auc_score(
        [row[-3] == ">50K" for row in scored["output1"].rows], scored["output1"].column("Scored Probabilities")
    )
    assert before < 0.91
    assert retrained >= 0.92
