"""azmlclient 2.6.0 from PyPI, unmodified, with azure-storage 0.33.0, against the served emulator.

What each drive does stands in drivers/azmlclient_drive.py. Changed are base URLs and the shims for Python 3.11 alone.
"""

import pytest

from support.real import driven, drives_of, served

pytestmark = pytest.mark.timeout(900)

# Functions that nothing can drive, and why.
EXCUSED = {
    "RemoteCallMode.call_azureml": "abstract",
    "create_session_for_proxy": "its own call fails in 2.6.0 (an argument that set_http_proxy does not take)",
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Drive the client once; its results are what the tests look at."""
    folder = tmp_path_factory.mktemp("azmlclient")
    with served(folder) as served_file:
        return driven("azmlclient", folder, served_file)


@pytest.mark.parametrize("name", drives_of("azmlclient"))
def test_drive(found, name):
    """What the client does works, or fails, as it did against the service."""
    errors = {drive["name"]: drive["error"] for drive in found["drives"]}
    assert errors[name] is None, errors[name]


def test_every_function_is_driven(found, counts):
    """Every public function of the client has run, but for the few that cannot."""
    ran = set(found["functions"]) & set(found["ran"])
    counts.append(f"azmlclient {found['version']}: {len(ran)} of {len(found['functions'])} functions driven")
    assert sorted(EXCUSED) == sorted(set(found["functions"]) - ran)
