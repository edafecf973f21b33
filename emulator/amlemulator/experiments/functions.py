"""Train Python Function and Score Python Function: a person's own functions as modules.

``train(rows)`` returns the trained model as bytes, ``score(model, rows)`` the scored rows (``score(rows)`` where no
model is wired); rows are pandas' frames. The bytes travel in the ``.ilearner`` container and nobody looks into them.

A function is part of a script that the graph holds, or, for an emulator in the caller's own process, held alive there
(:func:`hold`). Another process has none of those, so it can never run one.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from amlemulator.core.cells import Cell
from amlemulator.experiments.errors import ModuleError, module_error
from amlemulator.experiments.execute import NodeCall
from amlemulator.experiments.frame import Frame, Scores
from amlemulator.experiments.model_file import Feature, Header, ModelFile
from amlemulator.experiments.pandas_frames import from_pandas, to_pandas
from amlemulator.experiments.predictive import MODEL_SUFFIX
from amlemulator.experiments.trained import FunctionModel

FILE = "<Python function>"

Function = Callable[..., Any]
_held: dict[str, Function] = {}
_numbers = itertools.count(1)


def hold(function: Function) -> str:
    """Keep a function for graphs that run in this process; returns the name that they call it by."""
    name = f"in this process: {getattr(function, '__name__', 'function')} {next(_numbers)}"
    _held[name] = function
    return name


def release(names: Iterable[str]) -> None:
    """Let functions go: what still names one fails with Error 0085."""
    for name in names:
        _held.pop(name, None)


def train_function(call: NodeCall) -> tuple[FunctionModel]:
    """Call the function with the data set; its bytes are the model. Raises ModuleError 0085 for what goes wrong."""
    frame: Frame = call.inputs["Dataset"]
    made = _called(call, to_pandas(frame))
    if not isinstance(made, (bytes, bytearray)):
        raise _refused(f"it must return the trained model as bytes, not {type(made).__name__}")
    features = (Feature(each.name, each.type, "number" if each.is_numeric else "text") for each in frame.series)
    header = Header(
        "function",
        "Python function",
        tuple(features),
        experiment=call.experiment,
        resource=call.experiment + MODEL_SUFFIX,
        facts={"rows": frame.rows},
    )
    return (FunctionModel(ModelFile(header, bytes(made))),)


def score_function(call: NodeCall) -> tuple[Frame]:
    """Call the function with the model's bytes and the data set, or with the data set alone.

    Raises ModuleError 0085 for what goes wrong in it, 0013 for a model that no function made.
    """
    arguments: list[Any] = [to_pandas(call.inputs["Dataset"])]
    if "Trained model" in call.inputs:
        model = call.inputs["Trained model"]
        if not isinstance(model, FunctionModel):
            raise module_error("0013", "Trained model")
        arguments.insert(0, model.file.onnx)
    try:
        scored = from_pandas(_called(call, *arguments))
    except TypeError as error:
        raise _refused(str(error)) from error
    return (Frame(scored.series, scored.rows, _scores(scored, call.parameters["Label column"])),)


def _called(call: NodeCall, *arguments: Any) -> Any:
    name, script = call.parameters["Function"], call.parameters["Python script"]
    try:
        function = _scope(script).get(name) if script else _held.get(name)
        if not callable(function):
            raise NameError(f"there is no function '{name}' here")
        return function(*arguments)
    except MemoryError:  # the limit's doing, not the function's: Error 0138
        raise
    except Exception as error:
        raise _refused(_told(error, script)) from error


@lru_cache(maxsize=16)
def _scope(script: str) -> dict[str, Any]:
    """Run a script once for all calls, as an import would."""
    scope: dict[str, Any] = {"__name__": "amlclassic_function"}
    exec(compile(script, FILE, "exec"), scope)  # noqa: S102 - running the user's script is what the module is for
    return scope


def _told(error: Exception, script: str) -> str:
    """Return the traceback without our own frames."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if (frame.filename == FILE if script else frame.filename != __file__)]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(theirs)]
    return "".join([*lines, *traceback.format_exception_only(error)]).rstrip()


def _refused(reason: str) -> ModuleError:
    return module_error("0085", "Python", f"Caught exception while executing function: {reason}")


def _scores(frame: Frame, label: str) -> Scores | None:
    """Tell Evaluate Model what the columns are, where they are named as Score Model names them."""
    true, found = frame.find(label) if label else None, frame.find("Scored Labels")
    if true is None or found is None:
        return None
    classes: tuple[Cell, ...] = tuple(sorted({cell for cell in true.cells if cell is not None}, key=str))
    if frame.find("Scored Probabilities") is not None and len(classes) == 2:
        return Scores("binary", label, classes, probabilities=("Scored Probabilities",))
    if true.is_numeric and found.is_numeric:
        return Scores("regression", label)
    return Scores("multiclass", label, classes)
