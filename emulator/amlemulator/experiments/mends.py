"""What to do about a finding, where the module's own error says only what is wrong.

Studio's sentences name a parameter and stop there; whoever writes an experiment by hand is told what may stand in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from amlemulator.experiments import columns
from amlemulator.experiments.errors import ModuleError
from amlemulator.experiments.frame import Frame
from amlemulator.experiments.modules import Parameter, nearest

SHOWN = 20  # names of columns in one sentence
_COLUMN_CODES = ("0001", "0011", "0059", "0060")
_ONE_COLUMN = ("0022", "0024", "0037")
_BY_CODE = {
    "0056": "Make it categorical: Edit Metadata before this module, with Make categorical.",
    "0140": "Leave it at least one column beside the label.",
}


def mend_value(spec: Parameter, value: Any) -> str:
    """Return what may stand in a parameter whose value was refused."""
    if spec.kind == "columns":
        return f"{columns.fault(value)} Write names, [age, sex], or rules: begin with and rules."
    if spec.kind == "choice":
        near = nearest(str(value), spec.choices)
        return f"Nearest: {', '.join(near)}." if near else f"It may be: {', '.join(spec.choices)}."
    if spec.kind == "boolean":
        return "Write true or false."
    wanted = "a whole number" if spec.kind == "integer" else "a number"
    return f"Write {wanted}{_bounds(spec)}{_preset(spec)}."


def _bounds(spec: Parameter) -> str:
    low, high = spec.minimum, spec.maximum
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}" if low > 1e-300 or low == 0 else f" above 0, at most {high:g}"
    if low is not None:
        return f" of at least {low:g}" if low > 1e-300 or low == 0 else " above 0"
    return "" if high is None else f" of at most {high:g}"


def _preset(spec: Parameter) -> str:
    return "" if spec.default is None else f", or leave it out for {spec.default}"


def mend_columns(error: ModuleError, module: str, inputs: Mapping[str, Any]) -> str:
    """Return what to do about a module that cannot have the columns which it names.

    ``inputs`` are its data sets by port; other things on its ports do not matter.
    """
    frames = [value for value in inputs.values() if isinstance(value, Frame)]
    there = list(dict.fromkeys(name for frame in frames for name in frame.names))
    if error.code in _COLUMN_CODES:
        return f"{_near(error, there)}There is: {_listed(there)}."
    if error.code in _ONE_COLUMN:
        return f"Name exactly one column in '{module}'. There is: {_listed(there)}."
    if module == "Split Data" and error.code in ("0002", "0008"):
        return "Write a share (0.75), a percentage (75%) or a number of rows; expressions as Studio had them."
    return _BY_CODE.get(error.code, f"Look at the parameters of '{module}' and at what is wired to it.")


def _near(error: ModuleError, there: Sequence[str]) -> str:
    _, quote, rest = error.message.partition('"')
    near = nearest(rest.partition('"')[0], there) if quote else []
    return f"Nearest: {', '.join(near)}. " if near else ""


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) or "no column") + more
