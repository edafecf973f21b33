"""Normalize Data (modules.md 3.8): what is learned of each column goes into a transform."""

from __future__ import annotations

from math import isnan, log
from statistics import fmean, pstdev
from typing import Any

from amlemulator.experiments.columns import select
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame, Series
from amlemulator.experiments.transforms import Transform, apply


def normalize_data(call: NodeCall) -> tuple[Frame, Transform]:
    """Normalise the selected numeric columns; give the transform that does it again.

    Missing values stay missing and count for nothing. Raises ModuleError 0017 for a column that is not numeric, 0011
    when none is selected.
    """
    frame: Frame = call.inputs["Dataset"]
    chosen = select(frame, call.parameters["Columns to transform"])
    if not chosen:
        raise module_error("0011", "Columns to transform")
    for series in chosen:
        if not series.is_numeric:
            raise module_error("0017", series.type, series.name)
    method = call.parameters["Transformation method"]
    zero = call.parameters["Use 0 for constant columns when checked"]
    columns = {series.name: {"type": series.type, **_learned(series, method)} for series in chosen}
    transform = {"kind": "normalize", "method": method, "zero": zero, "columns": columns}
    return apply(transform, frame), transform


def _learned(series: Series, method: str) -> dict[str, Any]:
    """Return shift and width of a column: what is subtracted, and by what is divided."""
    numbers = [float(cell) for cell in series.cells if isinstance(cell, (int, float)) and not isnan(cell)]
    if method == "LogNormal":  # maximum likelihood: mean and standard deviation of the logarithms
        numbers = [log(number) for number in numbers if number > 0]
    if not numbers or method in ("Logistic", "TanH"):
        return {"shift": 0.0, "width": 1.0}
    if method == "MinMax":
        return {"shift": min(numbers), "width": max(numbers) - min(numbers)}
    return {"shift": fmean(numbers), "width": pstdev(numbers)}
