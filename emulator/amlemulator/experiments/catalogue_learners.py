"""The initialise-model modules: parameters, ranges and defaults of every learner (modules.md section 5).

A parameter that Tune Model Hyperparameters may sweep has a second one, ``Range for <name>``: values between semicolons,
which count in the trainer mode Parameter Range.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from amlemulator.experiments.modules import Module, Parameter, Port, PortKind

EPSILON = 5e-324  # .NET's double.Epsilon
RANGE = "Range for "
FOR_SWEEP = " for sweep"  # K-Means has two parameters twice: the second counts in the trainer mode Parameter Range
TRAINER_MODE = "Create trainer mode"

_SEED = Parameter("Random number seed", "integer")
_MODE = Parameter(
    TRAINER_MODE,
    "choice",
    "Single Parameter",
    ("Single Parameter", "Parameter Range"),
    spellings=(("SingleParameter", "Single Parameter"), ("ParameterRange", "Parameter Range")),
)
_UNKNOWN = Parameter(
    "Allow unknown categorical levels", "boolean", True, wire="Allow unknown levels in categorical features"
)
_UNKNOWN_IN_FORESTS = Parameter("Allow unknown values for categorical features", "boolean", True)


def _learner(name: str, *parameters: Parameter, kind: PortKind = "untrained") -> Module:
    return Module(name, outputs=(Port("Untrained model", kind),), parameters=parameters, run="training:untrained")


def _swept(*specs: tuple[Parameter, str]) -> Iterator[Parameter]:
    """Yield each parameter and the one for its range."""
    for spec, values in specs:
        yield spec
        yield Parameter(f"{RANGE}{spec.name}", default=values)


_LOGISTIC = (
    _MODE,
    *_swept(
        (
            Parameter("Optimization tolerance", "real", 1e-7, minimum=EPSILON, wire="Optimization Tolerance"),
            "0.00001; 0.00000001",
        ),
        (
            Parameter("L1 regularization weight", "real", 1.0, minimum=0, wire="L1 Regularization weight"),
            "0.0; 0.01; 0.1; 1.0",
        ),
        (
            Parameter("L2 regularization weight", "real", 1.0, minimum=0, wire="L2 Regularizaton weight"),
            "0.01; 0.1; 1.0",
        ),
        (Parameter("Memory size for L-BFGS", "integer", 20, minimum=1, wire="Memory Size"), "5; 20; 50"),
    ),
    _SEED,
    _UNKNOWN,
)

_BOOSTED = (
    _MODE,
    *_swept(
        (Parameter("Maximum number of leaves per tree", "integer", 20, minimum=2), "2; 8; 32; 128"),
        (
            Parameter(
                "Minimum number of samples per leaf node",
                "integer",
                10,
                minimum=1,
                wire="Minimum number of training instances required to form a leaf",
            ),
            "1; 10; 50",
        ),
        (
            Parameter("Learning rate", "real", 0.2, minimum=EPSILON, maximum=1, wire="The learning rate"),
            "0.025; 0.05; 0.1; 0.2; 0.4",
        ),
        (
            Parameter(
                "Number of trees constructed", "integer", 100, minimum=1, wire="Total number of trees constructed"
            ),
            "20; 100; 500",
        ),
    ),
    _SEED,
    _UNKNOWN,
)

_FOREST = (
    Parameter(
        "Resampling method",
        "choice",
        "Bagging",
        ("Bagging", "Replicate"),
        spellings=(("Bagging Resampling", "Bagging"), ("Replicate Resampling", "Replicate")),
    ),
    _MODE,
    *_swept(
        (Parameter("Number of decision trees", "integer", 8, minimum=1), "1; 8; 32"),
        (Parameter("Maximum depth of the decision trees", "integer", 32, minimum=1), "1; 16; 64"),
        (Parameter("Number of random splits per node", "integer", 128, minimum=1), "1; 128; 1024"),
        (Parameter("Minimum number of samples per leaf node", "integer", 1, minimum=1), "1; 4; 16"),
    ),
    _UNKNOWN_IN_FORESTS,
)

_LINEAR = (
    Parameter(
        "Solution method", "choice", "Ordinary Least Squares", ("Ordinary Least Squares", "Online Gradient Descent")
    ),
    Parameter("Include intercept term", "boolean", True),
    _MODE,
    *_swept(
        (
            Parameter("L2 regularization weight", "real", 0.001, minimum=0, wire="L2 regularization term weight"),
            "0.001; 0.01; 0.1",
        ),
        (Parameter("Learning rate", "real", 0.1, minimum=EPSILON), "0.025; 0.05; 0.1; 0.2"),
        (
            Parameter(
                "Number of training epochs",
                "integer",
                10,
                minimum=0,
                wire="Number of epochs over which algorithm iterates through examples",
            ),
            "1; 10; 100",
        ),
    ),
    Parameter("Normalize features", "boolean", True, wire="Should input instances be normalized"),
    Parameter("Average final hypothesis", "boolean", True, wire="Final hypothesis is averaged"),
    Parameter("Decrease learning rate", "boolean", True, wire="Decrease learning rate as iterations progress"),
    _SEED,
    _UNKNOWN,
)

_INITIALIZATION = Parameter(
    "Initialization",
    "choice",
    "K-Means++",
    ("First N", "Random", "K-Means++", "K-Means++Fast", "Evenly"),
    ("Use label column",),
    (("Default", "First N"), ("K-Means++ Fast", "K-Means++Fast")),
)

_K_MEANS = (
    _MODE,
    *_swept((Parameter("Number of Centroids", "integer", 2, minimum=2), "2; 3; 4; 5")),
    _INITIALIZATION,
    replace(_INITIALIZATION, name=f"Initialization{FOR_SWEEP}"),
    _SEED,
    replace(_SEED, name=f"{_SEED.name}{FOR_SWEEP}"),
    Parameter("Number of seeds to sweep", "integer", minimum=1),
    Parameter("Metric", "choice", "Euclidean", ("Euclidean", "Cosine")),
    Parameter("Iterations", "integer", 100, minimum=1),
    Parameter(
        "Assign label mode",
        "choice",
        "Ignore label column",
        ("Ignore label column", "Fill missing values", "Overwrite from closest to center"),
        wire="Assign Label Mode",
    ),
)

LEARNERS: tuple[Module, ...] = (
    _learner("Two-Class Logistic Regression", *_LOGISTIC),
    _learner("Two-Class Boosted Decision Tree", *_BOOSTED),
    _learner("Two-Class Decision Forest", *_FOREST),
    _learner("Multiclass Logistic Regression", *_LOGISTIC),
    _learner("Multiclass Decision Forest", *_FOREST),
    _learner("Linear Regression", *_LINEAR),
    _learner("Boosted Decision Tree Regression", *_BOOSTED),
    _learner("Decision Forest Regression", *_FOREST),
    _learner("K-Means Clustering", *_K_MEANS, kind="untrained clusters"),
)
