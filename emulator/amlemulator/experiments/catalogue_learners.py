"""The initialise-model modules: parameters, ranges and defaults of every learner (modules.md section 5)."""

from __future__ import annotations

from amlemulator.experiments.modules import Module, Parameter, Port

EPSILON = 5e-324  # .NET's double.Epsilon

_SEED = Parameter("Random number seed", "integer")
_MODE = Parameter("Create trainer mode", "choice", "Single Parameter", ("Single Parameter", "Parameter Range"))


def _unknown_levels(name: str = "Allow unknown categorical levels") -> Parameter:
    return Parameter(name, "boolean", True, wire="Allow unknown levels in categorical features")


def _learner(name: str, *parameters: Parameter) -> Module:
    return Module(
        name, outputs=(Port("Untrained model", "untrained"),), parameters=parameters, run="training:untrained"
    )


_LOGISTIC = (
    _MODE,
    Parameter("Optimization tolerance", "real", 1e-7, minimum=EPSILON, wire="Optimization Tolerance"),
    Parameter("L1 regularization weight", "real", 1.0, minimum=0, wire="L1 Regularization weight"),
    Parameter("L2 regularization weight", "real", 1.0, minimum=0, wire="L2 Regularizaton weight"),
    Parameter("Memory size for L-BFGS", "integer", 20, minimum=1, wire="Memory Size"),
    _SEED,
    _unknown_levels(),
)

_BOOSTED = (
    _MODE,
    Parameter("Maximum number of leaves per tree", "integer", 20, minimum=2),
    Parameter(
        "Minimum number of samples per leaf node",
        "integer",
        10,
        minimum=1,
        wire="Minimum number of training instances required to form a leaf",
    ),
    Parameter("Learning rate", "real", 0.2, minimum=EPSILON, maximum=1, wire="The learning rate"),
    Parameter("Number of trees constructed", "integer", 100, minimum=1, wire="Total number of trees constructed"),
    _SEED,
    _unknown_levels(),
)

_LINEAR = (
    Parameter(
        "Solution method",
        "choice",
        "Ordinary Least Squares",
        ("Ordinary Least Squares", "Online Gradient Descent"),
    ),
    Parameter("L2 regularization weight", "real", 0.001, minimum=0, wire="L2 regularization term weight"),
    Parameter("Include intercept term", "boolean", True),
    _SEED,
    _unknown_levels(),
)

LEARNERS: tuple[Module, ...] = (
    _learner("Two-Class Logistic Regression", *_LOGISTIC),
    _learner("Two-Class Boosted Decision Tree", *_BOOSTED),
    _learner("Boosted Decision Tree Regression", *_BOOSTED),
    _learner("Linear Regression", *_LINEAR),
)
