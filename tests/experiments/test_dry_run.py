"""Columns that cannot be there are found before anything runs: what the check accepts runs, what it refuses cannot."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlemulator import samples
from amlemulator.core.interface import Column
from amlemulator.experiments.dry_run import check_columns
from amlemulator.experiments.errors import ModuleError
from amlemulator.experiments.execute import Environment, run_graph
from amlemulator.experiments.graph import check_graph, load_graph

SERVICES = {service.name: service for service in samples.workspaces()[0].services}
NUMBERS = ("temp", "casual", "registered", "bikers")
BIKES = (Column("mnth"), *(Column(name, "Double") for name in NUMBERS))


def changed(document, node, **parameters):
    copied = copy.deepcopy(document)
    next(entry for entry in copied["nodes"] if entry["id"] == node)["parameters"] = parameters
    return load_graph(copied)


@pytest.mark.parametrize("name", SERVICES)
def test_the_samples_name_only_columns_that_are_there(name):
    """Every sample passes, with the schemas that are kept in it."""
    assert [] == check_columns(load_graph(SERVICES[name].experiment), {"bikeshare": BIKES})


def test_a_label_that_is_not_there_is_found():
    """The finding names the node, the column and the module whose parameters are to blame."""
    (finding,) = check_columns(changed(SERVICES["Census Model"].experiment, "train", **{"Label column": "wages"}))
    assert ("train", 'Error 0001: Column with name or index "wages" not found') == (finding.node, finding.message)
    assert "There is: age, workclass," in finding.mend


def test_a_selection_of_columns_that_are_not_there_is_found():
    """Select Columns behind a data set of known columns is tried."""
    document = SERVICES["Bike Rental Scoring"].experiment
    graph = changed(document, "known", **{"Select columns": ["temp", "snow"]})
    assert ["known"] == [finding.node for finding in check_columns(graph, {"bikeshare": BIKES})]


def test_scoring_data_without_a_feature_are_found():
    """A data set to score that lacks a column the trainer saw is a finding at Score Model."""
    few = (Column("age", "Int32"), Column("income"))
    found = check_columns(load_graph(SERVICES["Census Model"].experiment), {"census-test": few})
    assert ["score"] == [finding.node for finding in found]


def test_what_is_not_known_is_not_checked():
    """Behind an Import Data, whose columns nobody knows, nothing is claimed."""
    document = SERVICES["Bike Rental Training"].experiment
    assert [] == check_columns(changed(document, "train", **{"Label column": "anything"}))


DATA = "n,x,t,y\n" + "".join(f"{n},{n / 4},{'abc'[n % 3]},{n % 7}\n" for n in range(30))
NAMES = st.sampled_from(["n", "x", "t", "y", "zz"])
STEPS = st.one_of(
    st.builds(
        lambda names: ("Select Columns in Dataset", {"Select columns": names}), st.lists(NAMES, min_size=1, max_size=4)
    ),
    st.builds(lambda name: ("Normalize Data", {"Columns to transform": [name]}), NAMES),
    st.builds(
        lambda name, mode: ("Clean Missing Data", {"Columns to be cleaned": [name], "Cleaning mode": mode}),
        NAMES,
        st.sampled_from(["Remove entire row", "Remove entire column", "Custom substitution value"]),
    ),
    st.builds(lambda name, new: ("Edit Metadata", {"Column": [name], "New column names": new}), NAMES, NAMES),
    st.just(("Split Data", {})),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(STEPS, max_size=4), NAMES)
def test_what_the_check_accepts_runs_and_what_it_refuses_cannot(steps, label):
    """Over chains of modules with any columns: findings, and only they, mean that the run fails."""
    nodes = [{"id": "data", "module": "Enter Data Manually", "parameters": {"Data": DATA}}]
    for number, (module, parameters) in enumerate(steps):
        before = nodes[-1]["id"]
        nodes.append({"id": f"step{number}", "module": module, "parameters": parameters, "inputs": {"Dataset": before}})
    train = {"Untrained model": "learner", "Dataset": nodes[-1]["id"]}
    nodes += [
        {"id": "learner", "module": "Linear Regression"},
        {"id": "train", "module": "Train Model", "parameters": {"Label column": [label]}, "inputs": train},
        {"id": "model", "module": "Web Service Output", "parameters": {"Name": "output1"}, "inputs": {"Data": "train"}},
    ]
    document = {"experiment": "Generated", "nodes": nodes}
    assert [] == check_graph(document)
    graph = load_graph(document)
    findings, code = check_columns(graph), failure_of(graph)
    # A text as the label of a regression is only known by its cells; every other failure is foreseen.
    assert bool(findings) == (code not in (None, "0023"))


def failure_of(graph):
    try:
        run_graph(graph, Environment())
    except ModuleError as error:
        return error.code
    return None
