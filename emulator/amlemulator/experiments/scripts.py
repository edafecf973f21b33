"""Execute Python Script: the caller's own ``azureml_main``, in a worker (modules.md 4.1)."""

from __future__ import annotations

import io
import traceback
from collections.abc import Mapping
from contextlib import redirect_stdout
from inspect import signature
from typing import Any

from amlemulator.experiments.errors import ModuleError, module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame
from amlemulator.experiments.pandas_frames import from_pandas, to_pandas

FILE = "<Python script>"


def execute_python_script(call: NodeCall) -> tuple[Frame, str]:
    """Call the script's ``azureml_main`` with up to two data frames; give the first it returns, and what it printed.

    Raises ModuleError 0085 with the script's traceback for whatever goes wrong in it.
    """
    printed = io.StringIO()
    with redirect_stdout(printed):
        result = _result(call.parameters["Python script"], call.inputs)
    print(printed.getvalue(), end="")  # into the worker's log
    return result, printed.getvalue()


def _result(script: str, inputs: Mapping[str, Frame]) -> Frame:
    try:
        scope: dict[str, Any] = {"__name__": "azureml_script"}
        exec(compile(script, FILE, "exec"), scope)  # noqa: S102 - running the user's script is what the module is for
        if not callable(scope.get("azureml_main")):
            raise NameError("name 'azureml_main' is not defined")
        returned = scope["azureml_main"](*_arguments(scope["azureml_main"], inputs))
        return from_pandas(returned if _is_frame(returned) else returned[0])
    except MemoryError:  # the limit's doing, not the script's: Error 0138
        raise
    except Exception as error:
        raise _failure(error) from error


def _arguments(function: Any, inputs: Mapping[str, Frame]) -> list[Any]:
    """Return the frames by port, as many as the function takes; an unconnected port is None."""
    frames = [to_pandas(inputs[port]) if port in inputs else None for port in ("Dataset1", "Dataset2")]
    wanted = [
        one
        for one in signature(function).parameters.values()
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    return frames[: len(wanted)]


def _is_frame(value: Any) -> bool:
    # Classic wanted a sequence of frames; whether a bare one passed is not known, the designer takes it.
    import pandas as pd

    return isinstance(value, pd.DataFrame)


def _failure(error: Exception) -> ModuleError:
    """Make Error 0085 with the frames of the script alone."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)]
    text = "".join([*lines, *traceback.format_exception_only(error)]).rstrip()
    return module_error("0085", "Python", f"Caught exception while executing function: {text}")
