"""Microsoft's Python client, azureml 0.2.7 from PyPI, unmodified, against the served emulator.

What each drive does stands in drivers/azureml_drive.py. Changed are base URLs and the shims for Python 3.11 alone.
"""

import json

import pytest

from amlemulator import Emulator
from amlemulator.commands.serve import endpoints
from support.real import driven, drives_of, served

pytestmark = pytest.mark.timeout(900)

# Functions that nothing can drive, and why.
EXCUSED = {
    "attach": "publishing with files needs Python 2.7: the client puts bytes into JSON",
    "deserialize_ndarray": "arrays need Python 2.7, as the shim for publishing turns bytes into text",
    "serialize_ndarray": "arrays need Python 2.7, as the shim for publishing turns bytes into text",
    "deserializer": "runs when the client is imported",
    "serializer": "runs when the client is imported",
}
# What the user of an emulator maps published functions to (amlemulator.engine.code_services).
FUNCTIONS = {
    "adder": lambda a, b: a + b,
    "both": lambda a, b: a and b,
    "joined": lambda a, b: a + b,
    "pair": lambda a, b: (a + b, a - b),
    "identity": lambda a: a,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Drive the client once; its results are what the tests look at."""
    folder = tmp_path_factory.mktemp("azureml")
    with served(folder) as served_file, Emulator(seed="mapped") as mapped:
        for name, function in FUNCTIONS.items():
            mapped.code_services.map(name, function)
        mapped_file = folder / "mapped.json"
        mapped_file.write_text(json.dumps(endpoints(mapped)), "utf-8")
        result = driven("azureml", folder, served_file, mapped_file)
        assert [] == mapped.faults_of_ours
    return result


@pytest.mark.parametrize("name", drives_of("azureml"))
def test_drive(found, name):
    """What the client does works, or fails, as it did against the service."""
    errors = {drive["name"]: drive["error"] for drive in found["drives"]}
    assert errors[name] is None, errors[name]


def test_every_function_is_driven(found, counts):
    """Every public function of the client has run, but for the few that cannot."""
    ran = set(found["functions"]) & set(found["ran"])
    counts.append(f"azureml {found['version']}: {len(ran)} of {len(found['functions'])} functions driven")
    assert sorted(EXCUSED) == sorted(set(found["functions"]) - ran)
