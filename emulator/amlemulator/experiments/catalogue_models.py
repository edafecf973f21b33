"""The modules that train, keep, score and evaluate models (modules.md sections 6, 7, 8 and 11)."""

from __future__ import annotations

from amlemulator.experiments.modules import Module, Parameter, Port

SAVED_MODEL = "Saved Model"

_LABEL = Parameter("Label column", "columns", wire="Name or numerical index of the label column")
_APPEND = Parameter("Check for Append or Uncheck for Result Only", "boolean", True)
CLASSIFICATION_METRICS = (
    "Accuracy",
    "Precision",
    "Recall",
    "F-score",
    "AUC",
    "Average Log Loss",
    "Train Log Loss",
)
REGRESSION_METRICS = (
    "Mean absolute error",
    "Root of mean squared error",
    "Relative absolute error",
    "Relative squared error",
    "Coefficient of determination",
)

MODELS: tuple[Module, ...] = (
    Module(
        "Train Model",
        inputs=(Port("Untrained model", "untrained"), Port("Dataset")),
        outputs=(Port("Trained model", "model"),),
        parameters=(_LABEL,),
        run="training:train_model",
        trains=True,
    ),
    Module(
        "Train Clustering Model",
        inputs=(Port("Untrained model", "untrained clusters"), Port("Dataset")),
        outputs=(Port("Trained model", "clusters"), Port("Results dataset")),
        parameters=(Parameter("Column Set", "columns", required=True), _APPEND),
        run="clustering:train_clustering_model",
        trains=True,
    ),
    Module(
        "Tune Model Hyperparameters",
        inputs=(
            Port("Untrained model", "untrained"),
            Port("Training dataset"),
            Port("Validation dataset", optional=True),
        ),
        outputs=(Port("Sweep results"), Port("Trained best model", "model")),
        parameters=(
            Parameter(
                "Specify parameter sweeping mode",
                "choice",
                "Random sweep",
                ("Entire grid", "Random sweep", "Random grid"),
            ),
            Parameter("Maximum number of runs on random sweep", "integer", 5, minimum=1, maximum=10_000),
            Parameter("Maximum number of runs on random grid", "integer", 5, minimum=1, maximum=10_000),
            Parameter("Random seed", "integer", 0),
            _LABEL,
            Parameter(
                "Metric for measuring performance for classification", "choice", "Accuracy", CLASSIFICATION_METRICS
            ),
            Parameter(
                "Metric for measuring performance for regression", "choice", "Mean absolute error", REGRESSION_METRICS
            ),
        ),
        run="tuning:tune_model_hyperparameters",
        trains=True,
        older_names=("Sweep Parameters",),
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
        "Assign Data to Clusters",
        inputs=(Port("Trained model", "clusters"), Port("Dataset")),
        outputs=(Port("Results dataset"),),
        parameters=(_APPEND,),
        run="scoring:assign_data_to_clusters",
        in_server=True,
    ),
    Module(
        "Evaluate Model",
        inputs=(Port("Scored dataset"), Port("Scored dataset to compare", optional=True)),
        outputs=(Port("Evaluation results"),),
        run="evaluation:evaluate_model",
    ),
)
