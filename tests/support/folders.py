"""Workspace folders for tests: a training and a scoring service, in files as people would write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from amlemulator import samples

KEY = "A1b2" * 21 + "A1=="  # of the form that the service gave
RESOURCE = "Census Model [trained model]"
MODEL = samples.FOLDER / "models" / "census-model.ilearner"
DATA = "x,n\n1,2\n2,4\n3,6\n4,8\n"

LINE = """\
experiment: Line
nodes:
  - id: data
    module: Dataset
    parameters: {Dataset: ../data/line.csv}
  - id: request
    module: Web Service Input
    parameters: {Name: input1}
  - id: learner
    module: Linear Regression
  - id: train
    module: Train Model
    parameters: {Label column: n}
    inputs: {Untrained model: learner, Dataset: [data, request]}
  - id: model
    module: Web Service Output
    parameters: {Name: output1}
    inputs: {Data: train.Trained model}
"""

WORKSPACE: dict[str, Any] = {
    "version": 1,
    "name": "Ours",
    "region": "West Europe",
    "id": "1" * 32,
    "token": "token-of-ours",
    "storage": {"account": "ourstore"},
    "services": [
        {"name": "Line", "experiment": "experiments/line.yaml"},
        {
            "name": "Census",
            "id": "2" * 32,
            "experiment": "experiments/census.yaml",
            "models": {RESOURCE: "models/census.ilearner"},
            "endpoints": [
                {
                    "name": "default",
                    "id": "3" * 32,
                    "primary_key": KEY,
                },
                {
                    "name": "retrained",
                    "description": "retrained on Mondays",
                    "throttle_level": "High",
                    "max_concurrent_calls": 7,
                    "models": {RESOURCE: "models/census.ilearner"},
                },
            ],
        },
    ],
    "blobs": "blobs",
}


def census() -> str:
    """Return the census sample's predictive experiment, with the columns of its ports."""
    path = samples.FOLDER / "experiments" / "census-model-predictive.json"
    return path.read_text("utf-8")  # JSON is YAML


def make_folder(folder: Path, document: Any = WORKSPACE, **files: str) -> Path:
    """Lay out a workspace folder; ``files`` replace the content of experiments by name. Returns the folder."""
    for name in ("experiments", "models", "data", "blobs/ourstore/rows"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "experiments" / "line.yaml").write_text(files.get("line", LINE), "utf-8")
    (folder / "experiments" / "census.yaml").write_text(files.get("census", census()), "utf-8")
    (folder / "models" / "census.ilearner").write_bytes(MODEL.read_bytes())
    (folder / "data" / "line.csv").write_text(DATA, "utf-8")
    (folder / "blobs" / "ourstore" / "rows" / "line.csv").write_text(DATA, "utf-8")
    text = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
    (folder / "workspace.yaml").write_text(text, "utf-8")
    return folder
