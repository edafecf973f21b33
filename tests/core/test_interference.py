"""What armed effects make of a PATCH and of an experiment."""

import pytest

from amlemulator.core.interference import EFFECTS, Patch, with_other_outputs
from amlemulator.failures.catalogue import failures
from support.records import make_endpoint, make_resource

OLD, NEW = (make_resource("A", "old"),), (make_resource("A", "new", location="somewhere"),)
BEFORE = make_endpoint("mine", resources=OLD)
AFTER = make_endpoint("mine", resources=NEW)
DEFAULT = make_endpoint("default", id="d" * 32, resources=OLD)
OTHER = make_endpoint("other", id="f" * 32, resources=OLD)
PATCH = Patch(BEFORE, AFTER, DEFAULT, OTHER)


def kept(effect):
    """Return endpoint and key of its model, of all that a PATCH leaves."""
    return [(one.name, one.resources[0].model) for one in PATCH.meets(effect)]


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (None, [("mine", "new")]),
        ("not-propagated", [("mine", "new")]),
        ("republished-endpoint-stale", [("mine", "new")]),
        ("endpoint-never-patched", [("mine", "old")]),
        ("another-endpoint-patched", [("mine", "old"), ("other", "new")]),
        ("refresh-discards-model", [("mine", "old")]),
        ("same-model", [("mine", "old")]),
    ],
)
def test_what_a_patch_leaves(effect, expected):
    """The model reaches the endpoint, another one, or none."""
    assert expected == kept(effect)


def test_the_same_model_comes_from_the_new_place():
    """The PATCH was made, only that the model is the old one; one that was refreshed away leaves no trace."""
    assert NEW[0].location == PATCH.meets("same-model")[0].resources[0].location
    assert OLD[0].location == PATCH.meets("refresh-discards-model")[0].resources[0].location


def test_an_experiment_with_other_outputs():
    """Its Web Service Outputs have other names, and nothing else of it is changed."""
    graph = {
        "experiment": "E",
        "nodes": [
            {"id": "a", "module": "Train Model", "parameters": {"Name": "x"}},
            {"id": "b", "module": "Web Service Output", "parameters": {"Name": "output1"}},
            {"id": "c", "module": "Web Service Output", "parameters": {}},
        ],
    }
    changed = with_other_outputs(graph)
    assert ["x", "output1new", "outputnew"] == [node["parameters"]["Name"] for node in changed["nodes"]]
    assert "output1" == graph["nodes"][1]["parameters"]["Name"]


def test_every_effect_is_a_documented_failure():
    """Each is named as the failure that it makes true, and the catalogue arms it."""
    armed = {
        rule["effect"]: failure.id
        for failure in failures()
        for rule in failure.data["arm"].values()
        if "effect" in rule
    }
    assert {name: name for name in EFFECTS} == armed
