"""The registry of modules and their parameters."""

import pytest

from amlemulator.experiments.modules import Parameter, implementation, nearest
from amlemulator.experiments.palette import registry
from support.frames import code_of

NUMBER = Parameter("Trees", "integer", 100, minimum=1, maximum=1000)


@pytest.mark.parametrize(
    ("spec", "given", "expected"),
    [
        (NUMBER, "50", 50),
        (NUMBER, 50.0, 50),
        (NUMBER, "", 100),
        (NUMBER, None, 100),
        (Parameter("Rate", "real", 0.2), "1E-07", 1e-7),
        (Parameter("On", "boolean", True), "False", False),
        (Parameter("On", "boolean", True), True, True),
        (Parameter("On", "boolean", True), "", True),
        (Parameter("Mode", "choice", "A", ("A", "Bee")), "bee", "Bee"),
        (Parameter("Mode", "choice", "A", ("A", "Bee"), spellings=(("B", "Bee"),)), "b", "Bee"),
        (Parameter("Text", default="x"), "", ""),
        (Parameter("Text"), 5, "5"),
    ],
)
def test_a_value_is_converted_leniently(spec, given, expected):
    """Text from a web service parameter becomes what the module wants; nothing means the default."""
    assert expected == spec.value(given)


@pytest.mark.parametrize(
    ("spec", "given", "expected"),
    [
        (NUMBER, "many", "0002"),
        (NUMBER, 2.5, "0002"),
        (NUMBER, True, "0002"),
        (NUMBER, "nan", "0002"),
        (NUMBER, [], "0002"),
        (NUMBER, 0, "0008"),
        (NUMBER, "1001", "0008"),
        (Parameter("On", "boolean"), "yes", "0002"),
        (Parameter("Mode", "choice", "A", ("A",)), "B", "0002"),
    ],
)
def test_a_value_that_does_not_fit_is_a_module_error(spec, given, expected):
    """What cannot be converted is Error 0002, what is out of range Error 0008."""
    assert expected == code_of(spec.value, given)


@pytest.mark.parametrize("name", sorted(registry()))
def test_every_module_is_carried_out_somewhere(name):
    """Each module has an implementation, and defaults that fit its own parameters."""
    module = registry()[name]
    assert "Web Service Output" == module.name or callable(implementation(module.run))
    for spec in module.parameters:
        assert spec.default == spec.value(spec.default)


SPELLINGS = [
    ("Import Data", "Data source", "Blob service in Azure Storage", "Azure Blob Storage"),
    ("Export Data", "Please specify data destination", "Blob service in Azure Storage", "Azure Blob Storage"),
    ("Edit Metadata", "Data type", "Double", "Floating point"),
    ("Edit Metadata", "Fields", "Feature(s)", "Features"),
    ("Two-Class Logistic Regression", "Create trainer mode", "ParameterRange", "Parameter Range"),
    ("Decision Forest Regression", "Resampling method", "Replicate Resampling", "Replicate"),
    ("K-Means Clustering", "Initialization for sweep", "K-Means++ Fast", "K-Means++Fast"),
    ("K-Means Clustering", "Initialization", "Default", "First N"),
]


@pytest.mark.parametrize(("module", "name", "spelling", "choice"), SPELLINGS)
def test_studios_own_spellings_are_understood(module, name, spelling, choice):
    """Graphs of Studio have other words for some choices than its panes showed."""
    assert choice == registry()[module].parameter(name).value(spelling)


def test_near_names_are_offered():
    """A misspelt name finds its neighbours, whatever the case."""
    assert ["Train Model"] == nearest("train modle", ["Train Model", "Split Data"])
