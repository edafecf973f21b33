"""Small experiments: enough to show a rule, quick to run."""

from __future__ import annotations

from typing import Any

COLUMNS = [
    {"name": "x", "type": "Double", "sample": 1.5},
    {"name": "n", "type": "Int32", "sample": 7},
    {"name": "y", "type": "String", "sample": "a"},
    {"name": "b", "type": "Boolean", "sample": True},
    {"name": "t", "type": "DateTime"},
]


def entry(name: str, port: str = "input1", columns: Any = COLUMNS) -> dict[str, Any]:
    """Return a Web Service Input."""
    return {"id": name, "module": "Web Service Input", "parameters": {"Name": port}, "columns": list(columns)}


def leave(name: str, source: str, port: str = "output1", columns: Any = ()) -> dict[str, Any]:
    """Return a Web Service Output."""
    node = {"id": name, "module": "Web Service Output", "parameters": {"Name": port}, "inputs": {"Data": source}}
    return {**node, "columns": list(columns)} if columns else node


ECHO: dict[str, Any] = {
    "experiment": "Echo",
    "nodes": [entry("request"), leave("result", "request", columns=COLUMNS)],
}

_TEXTS = [{**column, "type": "String"} for column in COLUMNS]
# As a later version of the same experiment, which takes every column as text.
ECHO_TEXTS: dict[str, Any] = {
    "experiment": "Echo",
    "nodes": [entry("request", columns=_TEXTS), leave("result", "request", columns=_TEXTS)],
}

TWO_PORTS: dict[str, Any] = {
    "experiment": "Two Ports",
    "nodes": [
        entry("first", "input1", COLUMNS[:1]),
        entry("second", "input2", COLUMNS[2:3]),
        leave("one", "first", "output1", COLUMNS[:1]),
        leave("two", "second", "output2", COLUMNS[2:3]),
    ],
}

DATA = "x,n\n1,2\n2,4\n3,6\n4,8\n"
MANUAL = {"DataFormat": "CSV", "HasHeader": True, "Data": DATA}
NUMBERS = [{"name": "x", "type": "Double"}, {"name": "n", "type": "Double"}]

NO_INPUT: dict[str, Any] = {
    "experiment": "No Input",
    "nodes": [
        {"id": "data", "module": "Enter Data Manually", "parameters": MANUAL},
        leave("result", "data", columns=NUMBERS),
    ],
}

TRAINING: dict[str, Any] = {
    "experiment": "Line",
    "nodes": [
        {"id": "data", "module": "Enter Data Manually", "parameters": MANUAL},
        entry("request", "input1", NUMBERS),
        {"id": "learner", "module": "Linear Regression"},
        {
            "id": "train",
            "module": "Train Model",
            "parameters": {"Label column": ["n"]},
            "inputs": {"Untrained model": "learner", "Dataset": ["data", "request"]},
        },
        {"id": "score", "module": "Score Model", "inputs": {"Trained model": "train", "Dataset": "data"}},
        {"id": "evaluate", "module": "Evaluate Model", "inputs": {"Scored dataset": "score"}},
        leave("model", "train.Trained model"),
        leave("evaluation", "evaluate", "output2"),
    ],
    "web service parameters": [
        {"name": "L2 weight", "sets": ["learner.L2 regularization weight"], "default": "0.001"},
    ],
}

REQUIRED: dict[str, Any] = {
    **ECHO,
    "experiment": "Required",
    "nodes": [
        *ECHO["nodes"],
        {
            "id": "select",
            "module": "Select Columns in Dataset",
            "parameters": {"Select columns": ["x"]},
            "inputs": {"Dataset": "request"},
        },
        leave("selected", "select", "output2"),
    ],
    "web service parameters": [{"name": "New column names", "sets": ["select.Select columns"]}],
}
