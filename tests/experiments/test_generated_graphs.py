"""Generated experiments: what the checks accept runs, what they refuse cannot; training twice gives the same model."""

import copy

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from amlemulator.experiments.dry_run import check_columns
from amlemulator.experiments.errors import ModuleError
from amlemulator.experiments.execute import Environment, run_graph
from amlemulator.experiments.graph import GraphError, check_graph, load_graph

LEFT = "n,x,t,y\n" + "".join(f"{n},{n / 4},{'abc'[n % 3]},{n % 7}\n" for n in range(24))
RIGHT = "n,z,u\n" + "".join(f"{n},{n * 3 % 11},{'pq'[n % 2]}\n" for n in range(4, 28))
NAMES = st.sampled_from(["n", "x", "t", "y", "z", "u"])
# What only cells decide: a label that is text or has too few classes, texts where numbers are wanted, keys that meet
# nowhere, and no row or column left to go on with.
BY_CELLS = {"0016", "0017", "0021", "0023", "0024", "0039", "0083", "0130", "0134", "0140"}


@st.composite
def steps(draw, ids):
    """Draw a module that prepares data, on one or two of what is there; returns its node."""
    one, two = draw(st.sampled_from(ids)), draw(st.sampled_from(ids))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    module, parameters, inputs = draw(
        st.sampled_from(
            [
                ("Select Columns in Dataset", {"Select columns": names}, {"Dataset": one}),
                ("Normalize Data", {"Columns to transform": names[:1]}, {"Dataset": one}),
                ("Clean Missing Data", {"Columns to be cleaned": names}, {"Dataset": one}),
                ("Edit Metadata", {"Column": names[:1], "New column names": names[-1]}, {"Dataset": one}),
                ("Split Data", {}, {"Dataset": one}),
                ("Add Rows", {}, {"Dataset1": one, "Dataset2": two}),
                (
                    "Join Data",
                    {"Join key columns for L": names[:1], "Join key columns for R": names[:1]},
                    {"Dataset1": one, "Dataset2": two},
                ),
                ("Apply SQL Transformation", {"SQL Query Script": f"select * from t1 -- {names[0]}"}, {"Table1": one}),
            ]
        )
    )
    return {"module": module, "parameters": parameters, "inputs": inputs}


LEARNERS = st.sampled_from(
    [
        ("Linear Regression", {}),
        ("Boosted Decision Tree Regression", {"Number of trees constructed": 3}),
        ("Decision Forest Regression", {"Number of decision trees": 2}),
        ("Two-Class Boosted Decision Tree", {"Number of trees constructed": 3}),
        ("Two-Class Logistic Regression", {}),
        ("Multiclass Decision Forest", {"Number of decision trees": 2}),
    ]
)


@st.composite
def experiments(draw):
    """Draw two data sets, preparation that hangs together somehow, a learner, and perhaps scores and an evaluation."""
    nodes = [
        {"id": "left", "module": "Enter Data Manually", "parameters": {"Data": LEFT}},
        {"id": "right", "module": "Enter Data Manually", "parameters": {"Data": RIGHT}},
    ]
    ids = ["left", "right"]
    for number in range(draw(st.integers(0, 4))):
        nodes.append({"id": f"step{number}", **draw(steps(ids))})
        ids.append(f"step{number}")
    learner, given_parameters = draw(LEARNERS)
    nodes += [
        {"id": "learner", "module": learner, "parameters": given_parameters},
        {
            "id": "train",
            "module": "Train Model",
            "parameters": {"Label column": [draw(NAMES)]},
            "inputs": {"Untrained model": "learner", "Dataset": draw(st.sampled_from(ids))},
        },
        {"id": "model", "module": "Web Service Output", "parameters": {"Name": "output1"}, "inputs": {"Data": "train"}},
    ]
    if draw(st.booleans()):
        nodes += [
            {
                "id": "score",
                "module": "Score Model",
                "inputs": {"Trained model": "train", "Dataset": draw(st.sampled_from(ids))},
            },
            {"id": "evaluate", "module": "Evaluate Model", "inputs": {"Scored dataset": "score"}},
            {
                "id": "evaluation",
                "module": "Web Service Output",
                "parameters": {"Name": "output2"},
                "inputs": {"Data": "evaluate"},
            },
        ]
    return {"experiment": "Generated", "nodes": draw(st.permutations(nodes))}


def outcome(document):
    """Run an experiment; return the code of its failure, or None and its model's bytes."""
    try:
        return None, run_graph(load_graph(document), Environment())["output1"].file.pack()
    except ModuleError as error:
        return error.code, b""


@settings(max_examples=200)
@given(experiments())
def test_what_the_checks_accept_runs_and_what_they_refuse_cannot(document):
    """No finding: it runs, but for what only the cells decide. A finding: the run fails. Twice: the same model."""
    assert [] == check_graph(document)
    findings = check_columns(load_graph(document))
    code, model = outcome(document)
    if findings:
        assert code is not None, findings
    elif code is None:
        assert (None, model) == outcome(document)
    else:
        assert code in BY_CELLS or "Apply SQL Transformation" in str(document), code


BREAKS = {
    "a module that there is none of": lambda node: node.update(module="Train Modle"),
    "a parameter that there is none of": lambda node: node.setdefault("parameters", {}).update(Odd=1),
    "a port that there is none of": lambda node: node.setdefault("inputs", {}).update(Odd="left"),
    "a wire from nowhere": lambda node: node.update(
        inputs=dict.fromkeys(node.get("inputs", {"Dataset": 0}), "nowhere")
    ),
    "a wire in a circle": lambda node: node.update(inputs=dict.fromkeys(node["inputs"], node["id"])),
    "a port without a wire": lambda node: node.update(inputs={}),
    "a node without an id": lambda node: node.update(id=""),
    "an id twice": lambda node: node.update(id="learner"),
    "an id with a full stop": lambda node: node.update(id="a.b"),
    "a learner where data belong": lambda node: node.update(inputs=dict.fromkeys(node["inputs"], "learner")),
}


@pytest.mark.parametrize("how", BREAKS)
@settings(max_examples=25)
@given(document=experiments(), data=st.data())
def test_what_the_check_of_the_graph_refuses_cannot_be_loaded(how, document, data):
    """A sound experiment with one thing broken has a finding, and nobody can run or deploy it."""
    broken = copy.deepcopy(document)
    node = data.draw(st.sampled_from([node for node in broken["nodes"] if node.get("inputs")]))
    assume(how != "an id twice" or node["id"] != "learner")
    BREAKS[how](node)
    assert check_graph(broken)
    with pytest.raises(GraphError):
        load_graph(broken)
