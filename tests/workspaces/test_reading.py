"""Workspace folders are read whole, or everything that is wrong with them is told with file, line and mend."""

from copy import deepcopy

import pytest
import yaml

from amlemulator.settings import SettingsError
from amlemulator.workspaces.reading import read_workspaces
from support.folders import KEY, LINE, RESOURCE, WORKSPACE, make_folder


def changed(*path, to):
    """Return the document of the tests with one member changed, or removed when ``to`` is None."""
    document = deepcopy(WORKSPACE)
    here = document
    for step in path[:-1]:
        here = here[step]
    if to is None:
        del here[path[-1]]
    else:
        here[path[-1]] = to
    return document


def wrong(folder):
    with pytest.raises(SettingsError) as caught:
        read_workspaces(folder)
    return str(caught.value)


def test_everything_in_the_folder_is_in_the_description(tmp_path):
    """Names, ids, keys, settings, models, data sets and blobs, as the file has them."""
    (found,) = read_workspaces(make_folder(tmp_path))
    line, census = found.services
    default, retrained = census.endpoints
    assert ("Ours", "West Europe", "1" * 32, "token-of-ours") == (found.name, found.region, found.id, found.token)
    assert ("ourstore", None) == (found.storage.account, found.storage.key)
    assert ("Line", "2" * 32, [RESOURCE]) == (line.name, census.id, list(census.models))
    assert (
        "3" * 32,
        KEY,
        None,
    ) == (default.id, default.primary_key, default.secondary_key)
    assert ("High", 7) == (retrained.throttle_level, retrained.max_concurrent_calls)
    assert ["data/line.csv"] == list(found.datasets)
    assert "data/line.csv" == line.experiment["nodes"][0]["parameters"]["Dataset"]
    assert [("ourstore", "rows", "line.csv")] == list(found.blobs)


def test_several_workspaces_are_read_in_order_of_their_folders(tmp_path):
    """A folder without a workspace.yaml of its own holds folders that have one; others in it are left alone."""
    (tmp_path / "notes").mkdir()
    for folder, identity in (("b", "b"), ("a", "a")):
        make_folder(tmp_path / folder, {"version": 1, "name": folder, "region": "Japan East", "id": identity * 32})
    assert ["a", "b"] == [one.name for one in read_workspaces(tmp_path)]


@pytest.mark.parametrize("state", ["nowhere", "empty"])
def test_a_folder_without_a_workspace(tmp_path, state):
    """The sentence names the file that is missed."""
    folder = tmp_path / state
    if state == "empty":
        folder.mkdir()
    assert "workspace.yaml" in wrong(folder)


def test_ids_and_keys_stay_the_text_that_was_written(tmp_path):
    """An id of digits alone, or one that YAML would take for a number, is the id that was written."""
    for given in ("0" * 31 + "1", "0e" + "1" * 30, "1e" + "0" * 30):
        make_folder(tmp_path, f"version: 1\nname: 2016\nregion: Japan East\nid: {given}\ntoken: 0x10\n")
        (found,) = read_workspaces(tmp_path)
        assert ("2016", given, "0x10") == (found.name, found.id, found.token)


@pytest.mark.parametrize(
    ("document", "line", "words"),
    [
        (changed("version", to=2), 1, "'version' cannot be '2'. Known: 1."),
        (changed("version", to=None), 1, "'version' is missing."),
        (changed("region", to="Nowhere"), 3, "'region' cannot be 'Nowhere'."),
        (changed("regoin", to="x"), None, "There is no member 'regoin' here. Nearest: region"),
        (changed("id", to="12"), 4, "'id' is no id. An id has 32 digits"),
        (changed("services", to="Line"), 8, "'services' is no list."),
        (changed("services", 0, to="Line"), 9, "An entry of 'services' is no mapping."),
        (changed("services", 0, "experiment", to=None), 9, "Line: 'experiment' is missing."),
        (changed("services", 0, "experiment", to="experiments/no.yaml"), 10, "There is no file 'experiments/no.yaml'."),
        (changed("services", 0, "experiment", to="../line.yaml"), 10, "is outside the workspace's folder."),
        (changed("services", 1, "models", to={}), 14, f"The Saved Model '{RESOURCE}' has no file."),
        (changed("services", 1, "models", "More", to="models/census.ilearner"), 16, "No Saved Model of the experiment"),
        (changed("services", 1, "models", RESOURCE, to="data/line.csv"), 15, "is no model file"),
        (changed("services", 1, "models", RESOURCE, to=["a"]), 14, "'models' is no mapping of files."),
        (changed("services", 1, "endpoints", 1, "name", to="Not Good"), 20, "The endpoint name 'Not Good' is invalid."),
        (changed("services", 1, "endpoints", 1, "name", to="default"), 20, "Two endpoints are called 'default'."),
        (changed("services", 1, "endpoints", 1, "max_concurrent_calls", to=900), 20, "retrained: "),
        (changed("services", 1, "endpoints", 1, "max_concurrent_calls", to="few"), 23, "is no whole number."),
        (changed("services", 1, "endpoints", 1, "prevent_update", to="perhaps"), 26, "is no true or false."),
        (changed("services", 1, "endpoints", 1, "models", to={"Other": "models/census.ilearner"}), 25, "has no model"),
        (changed("services", 1, "endpoints", 0, "id", to="2" * 32), 18, f"The id {'2' * 32} is given twice."),
        (changed("tier", to="free"), 20, "retrained: "),
        (changed("storage", to={"account": "No"}), 7, "'No' is no name of a storage account."),
        (changed("storage", to={"account": "ourstore", "key": "?"}), 8, "The storage account's key is not base64."),
        (changed("storage", to=None), 24, "Blobs lie in the account 'ourstore'"),
        (changed("blobs", to="none"), 26, "There is no folder 'none'."),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, document, line, words):
    """One line for each: file, line, what it is about, what is wrong and the mend."""
    told = wrong(make_folder(tmp_path, document))
    place = f"{tmp_path / 'workspace.yaml'}:{line}: " if line else "workspace.yaml:"
    assert [one for one in told.splitlines() if one.startswith(place) or (not line and place in one)], told
    assert words in told


def test_all_is_told_at_once(tmp_path):
    """Members, files and experiments that are wrong stand in one answer, each once."""
    document = changed("services", 1, "models", to={})
    document["services"].append({"name": "Again", "experiment": "experiments/line.yaml"})
    told = wrong(make_folder(tmp_path, document, line=LINE.replace("Linear", "Lineal"))).splitlines()
    about = [f"Saved Model '{RESOURCE}'", f"no model '{RESOURCE}'", "Lineal Regression"]
    assert [1] * 3 == [sum(words in line for line in told) for words in about]
    assert sum(line.startswith(f"{tmp_path / 'experiments' / 'line.yaml'}:10: learner: ") for line in told) == 1


def test_a_data_file_that_is_not_there(tmp_path):
    """The line is the experiment's, the mend says what may be named."""
    told = wrong(make_folder(tmp_path, line=LINE.replace("line.csv", "no.csv")))
    assert f"{tmp_path / 'experiments' / 'line.yaml'}:5: data: There is no data set '../data/no.csv'." in told


def test_nothing_outside_the_folder_is_read(tmp_path):
    """Neither by a path nor through a link."""
    (tmp_path / "secret.csv").write_text("a\n1\n")
    folder = make_folder(tmp_path / "w", line=LINE.replace("../data/line.csv", "../../secret.csv"))
    (folder / "blobs" / "ourstore" / "rows" / "link.csv").symlink_to(tmp_path / "secret.csv")
    told = wrong(folder)
    assert "The data file '../../secret.csv' is outside" in told
    assert "link.csv' is outside" in told


def test_an_id_in_two_workspaces(tmp_path):
    """The place of the first is in the mend."""
    for name in ("a", "b"):
        make_folder(tmp_path / name, {"version": 1, "name": name, "region": "Japan East", "id": "7" * 32})
    told = wrong(tmp_path)
    assert f"{tmp_path / 'b' / 'workspace.yaml'}:4: workspace b: The id {'7' * 32} is given twice." in told
    assert f"{tmp_path / 'a' / 'workspace.yaml'}:4" in told


def test_an_account_with_two_keys(tmp_path):
    """One account has one key, in whatever workspaces it is used."""
    for name, key in (("a", "YQ=="), ("b", "Yg==")):
        storage = {"account": "shared", "key": key}
        make_folder(tmp_path / name, {"version": 1, "name": name, "region": "Japan East", "storage": storage})
    assert "The account 'shared' has another key elsewhere." in wrong(tmp_path)


@pytest.mark.parametrize("text", ["", "- a", "a: [", "version: 1\nversion: 1\n", "&a [*a]", "x: 2020-99-99"])
def test_what_is_no_workspace_at_all(tmp_path, text):
    """Whatever the file holds, it is told by file and line."""
    assert f"{tmp_path / 'workspace.yaml'}:" in wrong(make_folder(tmp_path, text))


def test_files_that_lie_in_no_container(tmp_path):
    """They are told; what begins with a full stop is left alone."""
    folder = make_folder(tmp_path)
    (folder / "blobs" / "ourstore" / ".gitkeep").touch()
    (found,) = read_workspaces(folder)
    assert 1 == len(found.blobs)
    (folder / "blobs" / "ourstore" / "loose.csv").touch()
    assert "'blobs/ourstore/loose.csv' lies in no container." in wrong(folder)


def test_the_document_of_the_tests_is_sound(tmp_path):
    """So that each of the faults above is the one that was made."""
    make_folder(tmp_path)
    assert WORKSPACE == yaml.safe_load((tmp_path / "workspace.yaml").read_text())
    assert 1 == len(read_workspaces(tmp_path))
