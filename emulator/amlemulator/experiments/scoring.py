"""Saved Model, Score Model and Assign Data to Clusters."""

from __future__ import annotations

from typing import Any

from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall


def saved_model(call: NodeCall) -> tuple[Any]:
    """Give the model that the endpoint holds under the node's name."""
    model = call.environment.models.get(call.parameters["Name"])
    if model is None:
        raise module_error("0003", call.parameters["Name"])
    return (model,)


def score_model(call: NodeCall) -> tuple[Any]:
    """Score a data set with a trained model."""
    append = call.parameters["Append score columns to output"]
    return (call.inputs["Trained model"].score(call.inputs["Dataset"], append=append),)


def assign_data_to_clusters(call: NodeCall) -> tuple[Any]:
    """Find each row's cluster."""
    append = call.parameters["Check for Append or Uncheck for Result Only"]
    return (call.inputs["Trained model"].assign(call.inputs["Dataset"], append=append),)
