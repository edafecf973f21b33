"""The two modules that a service made of Python functions consists of. Studio had none; they are ours.

They are modules like the others, so that batch jobs, RRS, PATCH, swagger, help pages and Evaluate Model know them.
"""

from __future__ import annotations

from amlemulator.experiments.modules import Module, Parameter, Port

TRAIN_FUNCTION = "Train Python Function"
SCORE_FUNCTION = "Score Python Function"

_SOURCE = (
    Parameter("Function", required=True),  # its name in the script, or that under which a live one is held
    Parameter("Python script", default=""),  # empty: the function lives in the process that runs the module
)

FUNCTIONS: tuple[Module, ...] = (
    Module(
        TRAIN_FUNCTION,
        inputs=(Port("Dataset"),),
        outputs=(Port("Trained model", "model"),),
        parameters=_SOURCE,
        run="functions:train_function",
        trains=True,
    ),
    Module(
        SCORE_FUNCTION,
        inputs=(Port("Trained model", "model", optional=True), Port("Dataset")),
        outputs=(Port("Scored dataset"),),
        parameters=(*_SOURCE, Parameter("Label column", default="")),
        run="functions:score_function",
    ),
)
