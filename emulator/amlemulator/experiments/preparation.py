"""Modules that prepare data row by row, and the transforms that others learned. Light enough for the server."""

from __future__ import annotations

from typing import Any

from amlemulator.experiments.columns import select
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame
from amlemulator.experiments.transforms import apply


def select_columns(call: NodeCall) -> tuple[Frame]:
    """Keep the selected columns. Raises ModuleError 0011 when the selection keeps none."""
    frame: Frame = call.inputs["Dataset"]
    kept = select(frame, call.parameters["Select columns"])
    if not kept:
        raise module_error("0011", call.parameters["Select columns"])
    return (frame.with_series(kept),)


def apply_transformation(call: NodeCall) -> tuple[Frame]:
    """Do again what another module learned to do."""
    return (apply(call.inputs["Transformation"], call.inputs["Dataset"]),)


def saved_transform(call: NodeCall) -> tuple[Any]:
    """Give the transform that is kept in the node."""
    return (call.parameters["Transform"],)
