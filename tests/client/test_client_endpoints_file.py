"""Reading the endpoints file."""

import json

import pytest

from amlclient import EndpointsFile, WrongCall

KEY = "k" * 88
WIRE = {
    "version": 1,
    "pid": 7,
    "base_url": "http://b",
    "blob_url": "http://s",
    "more": [],
    "storage": {"account": "a", "key": "x", "connection_string": "AccountKey=secret"},
    "workspaces": [
        {
            "id": "1",
            "name": "Census",
            "region": "South Central US",
            "token": "tokentoken",
            "management_url": "http://b/management",
            "services": [
                {
                    "id": "s1",
                    "name": "Model",
                    "kind": "training",
                    "endpoints": [{"name": "default", "api_location": "http://b/a", "primary_key": KEY}],
                },
                {"id": "s2", "name": "Model", "kind": "scoring"},
            ],
        }
    ],
}


def test_the_file_is_read_with_more_members(tmp_path) -> None:
    """What the interface promises is typed; what it does not is ignored."""
    path = tmp_path / "e.json"
    path.write_text(json.dumps(WIRE))
    file = EndpointsFile.read(path)
    workspace = file.workspace()
    assert ("http://b", 7, "South Central US") == (file.base_url, file.pid, workspace.region)
    assert (KEY, "s2") == (workspace.service("s1").default.primary_key, workspace.service("Model", "scoring").id)
    assert workspace is file.workspace("Census")


def test_no_secret_is_shown() -> None:
    """Keys, tokens and connection strings stay out of representations."""
    shown = repr(EndpointsFile.from_json(WIRE))
    assert [] == [secret for secret in (KEY, "tokentoken", "secret") if secret in shown]


def test_choices_that_do_not_fit_name_what_there_is() -> None:
    """Unknown and ambiguous names are wrong calls."""
    workspace = EndpointsFile.from_json(WIRE).workspace()
    with pytest.raises(WrongCall, match="Model"):
        workspace.service("Other")
    with pytest.raises(WrongCall, match="several"):
        workspace.service("Model")
    with pytest.raises(WrongCall, match="Census"):
        EndpointsFile.from_json(WIRE).workspace("x")
    with pytest.raises(WrongCall, match="default"):
        _ = workspace.service("s2").default


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "workspaces": 3}', "\x00"])
def test_what_is_no_endpoints_file_is_a_wrong_call(tmp_path, content: str) -> None:
    """The sentence names the file."""
    path = tmp_path / "e.json"
    path.write_text(content)
    with pytest.raises(WrongCall, match=r"e\.json"):
        EndpointsFile.read(path)


def test_a_missing_file_says_how_to_get_one(tmp_path) -> None:
    """The sentence has the command to type."""
    with pytest.raises(WrongCall, match="amlclassic serve"):
        EndpointsFile.read(tmp_path / "e.json")
