"""Reading the endpoints file."""

import json

import pytest

from amlclient import EndpointsFile, UnexpectedAnswer, WrongCall
from amlclient._endpoints_file import EndpointEntry, ServiceEntry, WorkspaceEntry

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


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"version": 2}', b'{"version": 1, "workspaces": 3}', b"\x00", b"\xff", b"{\xff}"]
)
def test_what_is_no_endpoints_file_is_a_wrong_call(tmp_path, content: bytes) -> None:
    """The sentence names the file, even one that is no text at all."""
    path = tmp_path / "e.json"
    path.write_bytes(content)
    with pytest.raises(WrongCall, match=r"e\.json"):
        EndpointsFile.read(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_file_is_read_as_a_shell_may_have_written_it(tmp_path, encoding: str) -> None:
    """A copy that PowerShell made has a byte order mark, or is UTF-16: the names in it are the same."""
    path = tmp_path / "e.json"
    path.write_text(json.dumps({"version": 1, "base_url": "http://자전거"}, ensure_ascii=False), encoding)
    assert EndpointsFile("http://자전거", ()) == EndpointsFile.read(path)


def test_a_missing_file_says_how_to_get_one(tmp_path) -> None:
    """The sentence has the command to type."""
    with pytest.raises(WrongCall, match="amlclassic serve"):
        EndpointsFile.read(tmp_path / "e.json")


def test_every_member_is_read() -> None:
    """What the interface promises stands in the records, to the last member; what is absent has its default."""
    wire = json.loads(json.dumps(WIRE))
    wire["local_url"] = "http://l"
    workspace = wire["workspaces"][0]
    workspace["studio_url"], workspace["storage"] = "http://b/studio", {"connection_string": "AccountKey=own"}
    workspace["services"][0]["endpoints"][0]["help_location"] = "http://b/h"
    endpoint = EndpointEntry("default", "http://b/a", KEY, "http://b/h")
    services = (ServiceEntry("s1", "Model", "training", (endpoint,)), ServiceEntry("s2", "Model", "scoring"))
    expected = EndpointsFile(
        base_url="http://b",
        workspaces=(
            WorkspaceEntry(
                "1",
                "Census",
                "South Central US",
                "tokentoken",
                "http://b/management",
                services,
                "http://b/studio",
                "AccountKey=own",
            ),
        ),
        blob_url="http://s",
        connection_string="AccountKey=secret",
        pid=7,
        local_url="http://l",
    )
    assert expected == EndpointsFile.from_json(wire)
    assert EndpointsFile("", ()) == EndpointsFile.from_json({"version": 1, "pid": "7", "storage": "x"})
    few = {"id": "1", "name": "n", "token": "t", "management_url": "m"}
    service = {"id": "s", "name": "n"}
    made = EndpointsFile.from_json({"version": 1, "workspaces": [{**few, "services": [service]}]})
    assert (WorkspaceEntry("1", "n", "", "t", "m", (ServiceEntry("s", "n", ""),)),) == made.workspaces


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (
            lambda file: file.workspace().service("Other"),
            "there is no web service 'Other'; there is: Model, Model",
        ),
        (
            lambda file: file.workspace().service("Other", "training"),
            "there is no training service 'Other'; there is: Model",
        ),
        (
            lambda file: file.workspace().service("Model"),
            "several are called 'Model': name it by its id; there is: Model, Model",
        ),
        (lambda file: file.workspace("x"), "there is no workspace 'x'; there is: Census"),
        (
            lambda file: file.workspace().service("s2").default,
            "the endpoints file lists no default endpoint of 'Model'",
        ),
        (lambda _: EndpointsFile("", ()).workspace(), "there is no workspace ''; there is: nothing"),
    ],
)
def test_a_choice_that_does_not_fit_is_told_in_one_sentence(action, sentence: str) -> None:
    """What was asked for, and what there is."""
    with pytest.raises(WrongCall) as caught:
        action(EndpointsFile.from_json(WIRE))
    assert sentence == str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"version": 2}', "its version is 2, this program reads version 1"),
        ('{"version": 1, "workspaces": 3}', "workspaces is not a list"),
        ('{"version": 1, "workspaces": [{}]}', "id is missing"),
        ('{"version": 1, "workspaces": [{"id": "1"}]}', "name is missing"),
        ('{"version": 1, "workspaces": [{"id": "1", "name": "n"}]}', "token is missing"),
        ('{"version": 1, "workspaces": [{"id": "1", "name": "n", "token": 5}]}', "token is missing"),
        ('{"version": 1, "workspaces": [{"id": "1", "name": "n", "token": "t"}]}', "management_url is missing"),
    ],
)
def test_a_broken_file_is_told_with_what_is_wrong(tmp_path, content: str, reason: str) -> None:
    """The file's name, and the first thing in it that does not fit."""
    path = tmp_path / "e.json"
    path.write_text(content)
    with pytest.raises(WrongCall) as caught:
        EndpointsFile.read(path)
    assert f"{path} is not an endpoints file: {reason}" == str(caught.value)


@pytest.mark.parametrize(
    ("wire", "what"),
    [
        ([], "the file"),
        ({"version": 1, "workspaces": [5]}, "a workspace"),
        ({"version": 1, "workspaces": [{**WIRE["workspaces"][0], "services": [5]}]}, "a service"),
        (
            {
                "version": 1,
                "workspaces": [
                    {**WIRE["workspaces"][0], "services": [{"id": "s", "name": "n", "endpoints": [5]}]},
                ],
            },
            "an endpoint",
        ),
    ],
)
def test_what_is_no_object_is_named(wire, what: str) -> None:
    """The sentence says which object was expected."""
    with pytest.raises(UnexpectedAnswer, match=f"^{what} is not an object$"):
        EndpointsFile.from_json(wire)


@pytest.mark.parametrize("member", ["name", "api_location", "primary_key"])
def test_an_endpoint_without_a_member_is_refused(member: str) -> None:
    """Each member that a call needs has to be there."""
    entry = {"name": "default", "api_location": "http://b/a", "primary_key": KEY}
    del entry[member]
    services = [{"id": "s", "name": "n", "endpoints": [entry]}]
    with pytest.raises(UnexpectedAnswer, match=f"^{member} is missing$"):
        EndpointsFile.from_json({"version": 1, "workspaces": [{**WIRE["workspaces"][0], "services": services}]})


def test_a_file_that_cannot_be_read_is_told_with_the_command_that_writes_one(tmp_path) -> None:
    """Why, and what to type."""
    path = tmp_path / "e.json"
    with pytest.raises(WrongCall) as caught:
        EndpointsFile.read(path)
    mend = f"`amlclassic serve --endpoints-file {path}` writes one"
    assert f"the endpoints file {path} cannot be read (No such file or directory); {mend}" == str(caught.value)
