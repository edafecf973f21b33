"""What is written as a workspace folder is read back the same."""

import json
from dataclasses import replace

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.workspaces.description import (
    EndpointDescription,
    ServiceDescription,
    StorageDescription,
    WorkspaceDescription,
    content_bytes,
)
from amlemulator.workspaces.members import workspace_schema
from amlemulator.workspaces.reading import read_workspaces
from amlemulator.workspaces.writing import dataset_paths, write_workspaces
from support import graphs, source
from support.folders import DATA, MODEL, RESOURCE, census

CENSUS = json.loads(census())
SCRIPT = {
    "experiment": "Script",
    "nodes": [
        {"id": "data", "module": "Dataset", "parameters": {"Dataset": "data/line.csv"}},
        {
            "id": "script",
            "module": "Execute Python Script",
            "parameters": {"Python script": "def azureml_main(frame):\n    # 한국어\n    return frame\n"},
            "inputs": {"Dataset1": "data"},
        },
        graphs.leave("result", "script", columns=graphs.NUMBERS),
    ],
}
FULL = WorkspaceDescription(
    name="Ours: all of it",
    region="West Europe",
    id="a" * 32,
    token="true",
    secondary_token="1.0",
    storage=StorageDescription("ourstore", "YQ=="),
    services=(
        ServiceDescription("Census", CENSUS, {RESOURCE: MODEL.read_bytes()}, id="0" * 32, description="ours"),
        ServiceDescription(
            "Census",
            CENSUS,
            {RESOURCE: MODEL.read_bytes()},
            endpoints=(
                EndpointDescription("default", primary_key="=", prevent_update=False),
                EndpointDescription("own", experiment=SCRIPT, throttle_level="High", max_concurrent_calls=3),
                EndpointDescription("patched", id="1e" + "0" * 30, models={RESOURCE: MODEL.read_bytes()}),
            ),
        ),
    ),
    datasets={"data/line.csv": DATA.encode()},
    containers=(("ourstore", "empty"),),
    blobs={("ourstore", "rows", "a"): b"1", ("ourstore", "rows", "a/b"): b"2", ("ourstore", "rows", "c/d.csv"): b""},
)


def loaded(workspace):
    """Return a description with the bytes of everything that it names by a file."""

    def each(contents):
        return {name: content_bytes(content) for name, content in contents.items()}

    services = tuple(
        replace(
            service,
            models=each(service.models),
            endpoints=tuple(replace(endpoint, models=each(endpoint.models)) for endpoint in service.endpoints),
        )
        for service in workspace.services
    )
    return replace(
        workspace,
        services=services,
        datasets=each(workspace.datasets),
        blobs=dict(sorted(each(workspace.blobs).items())),
    )


def again(folder, *workspaces):
    write_workspaces(folder, workspaces)
    return [loaded(one) for one in read_workspaces(folder)]


def test_everything_is_read_back(tmp_path):
    """Ids, keys, settings, graphs with scripts, models, data sets, containers and blobs."""
    assert [FULL] == again(tmp_path / "made", FULL)


def test_several_are_written_into_folders_of_their_own(tmp_path):
    """Two of the same name do not meet."""
    bare = WorkspaceDescription("Same", "Japan East")
    assert [bare, replace(bare, tier="free")] == again(tmp_path, bare, replace(bare, tier="free"))
    assert ["same", "same-2"] == sorted(path.name for path in tmp_path.iterdir())


NAME = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(
    lambda text: all(text.split("/"))
)


@given(blobs=st.dictionaries(NAME, st.binary(max_size=3), max_size=6))
def test_every_name_of_a_blob_survives(tmp_path_factory, blobs):
    """Whatever characters it has, and whatever others there are."""
    named = {("devstoreaccount1", "rows", name): content for name, content in sorted(blobs.items())}
    whole = WorkspaceDescription("Blobs", "Japan East", blobs=named)
    assert [whole] == again(tmp_path_factory.mktemp("blobs") / "made", whole)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: text.strip()
)


@given(name=TEXT, token=TEXT, key=TEXT, description=TEXT)
def test_every_text_survives(tmp_path_factory, name, token, key, description):
    """Names, tokens and keys that YAML would take for something else."""
    endpoint = EndpointDescription("default", primary_key=key, description=description)
    service = ServiceDescription(name, graphs.NO_INPUT, endpoints=(endpoint,))
    whole = WorkspaceDescription(name, "Japan East", (service,), token=token)
    assert [whole] == again(tmp_path_factory.mktemp("texts") / "made", whole)


def test_a_script_is_written_as_a_block(tmp_path):
    """So that a person can read and change it."""
    write_workspaces(tmp_path, [FULL])
    text = (tmp_path / "experiments" / "census-own.yaml").read_text("utf-8")
    assert "Python script: |\n" in text
    assert "    # 한국어\n" in text


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    """Nothing of it is lost, and nothing is left beside it."""
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is not empty"):
        write_workspaces(tmp_path / "made", [FULL])
    assert ["made"] == [path.name for path in tmp_path.iterdir()]


def test_what_fails_half_way_leaves_nothing(tmp_path):
    """A model that cannot be read, for example."""
    broken = replace(FULL, datasets={"data/none.csv": tmp_path / "none.csv"})
    with pytest.raises(FileNotFoundError):
        write_workspaces(tmp_path / "made", [broken])
    assert [] == list(tmp_path.iterdir())


def test_the_published_schema_is_that_of_the_members():
    """contracts/schemas has what the code checks by."""
    published = json.loads((source.ROOT / "contracts" / "schemas" / "workspace.schema.json").read_text("utf-8"))
    assert workspace_schema() == published


def test_what_is_written_fits_the_schema(tmp_path):
    """As an editor would check it, and a member that is none does not fit."""
    write_workspaces(tmp_path, [replace(FULL, token="text", secondary_token=None)])
    document = yaml.safe_load((tmp_path / "workspace.yaml").read_text("utf-8"))
    checker = jsonschema.Draft202012Validator(workspace_schema())
    assert [] == [error.message for error in checker.iter_errors(document)]
    assert not checker.is_valid({**document, "regoin": "x"})


def test_paths_of_data_sets():
    """Each data set has a path of its own, with the extension that says how it is read."""
    paths = dataset_paths(["Adult Data.csv", "adult/data.csv", "rows.nh.csv", "plain"])
    assert ["data/adult-data.csv", "data/adult-data-2.csv", "data/rows.nh.csv", "data/plain"] == list(paths.values())
