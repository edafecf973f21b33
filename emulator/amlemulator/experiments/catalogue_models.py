"""The modules that train, keep, score and evaluate models (modules.md sections 6, 7, 8 and 11)."""

from __future__ import annotations

from amlemulator.experiments.modules import Module, Parameter, Port

SAVED_MODEL = "Saved Model"

MODELS: tuple[Module, ...] = (
    Module(
        "Train Model",
        inputs=(Port("Untrained model", "untrained"), Port("Dataset")),
        outputs=(Port("Trained model", "model"),),
        parameters=(Parameter("Label column", "columns", wire="Name or numerical index of the label column"),),
        run="training:train_model",
        trains=True,
    ),
    Module(
        SAVED_MODEL,  # a node of the palette group Trained Models; its name is the resource that a PATCH addresses
        outputs=(Port("Trained model", "model"),),
        parameters=(Parameter("Name", required=True),),
        run="scoring:saved_model",
        in_server=True,
    ),
    Module(
        "Score Model",
        inputs=(Port("Trained model", "model"), Port("Dataset")),
        outputs=(Port("Scored dataset"),),
        parameters=(Parameter("Append score columns to output", "boolean", True),),
        run="scoring:score_model",
        in_server=True,
    ),
    Module(
        "Evaluate Model",
        inputs=(Port("Scored dataset"), Port("Scored dataset to compare", optional=True)),
        outputs=(Port("Evaluation results"),),
        run="evaluation:evaluate_model",
    ),
)
