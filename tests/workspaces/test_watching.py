"""A folder that is worked on while it is served."""

import os

import pytest
import requests
import yaml

from amlemulator import Emulator
from amlemulator.settings import SettingsError
from amlemulator.workspaces import look
from amlemulator.workspaces.watching import Watch, reload
from support.folders import WORKSPACE, make_folder
from support.runner import until
from support.server import refused, serve
from support.wire import BASE, BLOB

RENAMED = {**WORKSPACE, "name": "Renamed", "services": WORKSPACE["services"][1:]}
WRONG = {**WORKSPACE, "colour": "red"}


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "folder", {**WORKSPACE, "services": WORKSPACE["services"][1:]})


@pytest.fixture
def emulator(folder):
    made = Emulator(workspace=str(folder), public_url=BASE, public_blob_url=BLOB, workers=1)
    yield made
    made.close()


def write(folder, document):
    (folder / "workspace.yaml").write_text(yaml.safe_dump(document), "utf-8")


def names(emulator):
    return [workspace.name for workspace in emulator.directory.workspaces()]


@pytest.fixture
def watch(emulator):
    """Watch the emulator's folder; returns what was told, and how often it was read anew."""
    told, changes = [], []
    made = Watch(emulator, lambda: changes.append(1), told.append, look_every=0.01)
    yield told, changes
    made.close()


def test_a_change_is_served(emulator, folder, watch):
    """A changed file is read, the state is that of a fresh start with it, and it is told."""
    told, changes = watch
    emulator.add_workspace("Made meanwhile")
    write(folder, RENAMED)
    until(lambda: changes)
    assert ["Renamed"] == names(emulator)
    assert [f"{folder} has changed: Renamed served anew"] == told


def test_a_wrong_change_changes_nothing(emulator, folder, watch):
    """What is wrong is told with its line, what was served is served on, and mended it is read."""
    told, changes = watch
    write(folder, WRONG)
    until(lambda: told and "served on" in told[-1])
    assert "workspace.yaml" in told[0]
    assert "colour" in told[0]
    assert (["Ours"], []) == (names(emulator), changes)
    write(folder, RENAMED)
    until(lambda: changes)
    assert ["Renamed"] == names(emulator)


def test_a_reload_takes_blobs_and_accounts_along(emulator, folder):
    """Blobs are those of the folder, and a new account has its key."""
    emulator.blobs.create_container("ourstore", "left")
    changed = {**RENAMED, "storage": {"account": "newstore", "key": "a2V5"}}
    write(folder, changed)
    (folder / "blobs" / "ourstore" / "rows" / "more.csv").write_text("a\n")
    (folder / "blobs" / "ourstore").rename(folder / "blobs" / "newstore")
    reload(emulator, lambda line: None)
    assert "a2V5" == emulator.blobs.key("newstore")
    assert ["line.csv", "more.csv"] == list(emulator.blobs.names("newstore", "rows"))
    assert [] == list(emulator.blobs.containers.page("ourstore").entries)


def test_a_reload_of_what_is_wrong(emulator, folder):
    """It is refused, and a reset goes where it went before."""
    write(folder, WRONG)
    with pytest.raises(SettingsError, match="colour"):
        reload(emulator, lambda line: None)
    emulator.add_workspace("More")
    emulator.reset()
    assert ["Ours"] == names(emulator)


def test_what_editors_leave_is_not_looked_at(folder):
    """Hidden files and folders change nothing; a touched, a new and a removed file do."""
    before = look(folder)
    (folder / ".git").mkdir()
    (folder / ".git" / "index").write_text("x")
    (folder / ".workspace.yaml.swp").write_text("x")
    assert before == look(folder)
    os.utime(folder / "workspace.yaml", (1, 1))
    touched = look(folder)
    assert before != touched
    (folder / "experiments" / "line.yaml").unlink()
    assert touched != look(folder)


def test_served_with_watch(folder, tmp_path):
    """Serve --watch tells of the change on standard error, and the endpoints file says what is there then."""
    served = serve(tmp_path, "--workspace", str(folder), "--watch", "--workers", "1")
    try:
        assert ["Ours"] == [workspace["name"] for workspace in served.endpoints["workspaces"]]
        write(folder, RENAMED)  # at once: what changes between reading and watching is no less a change
        until(lambda: served.endpoints["workspaces"][0]["name"] == "Renamed")
        assert 200 == requests.get(served.endpoints["base_url"] + "/_emulator/readyz", timeout=30).status_code
    finally:
        status, errors = served.stop()
    assert (0, f"amlclassic serve: {folder} has changed: Renamed served anew\n") == (status, errors)


def test_nothing_to_watch(tmp_path):
    """Without a folder --watch is a wrong call."""
    status, out, errors = refused(tmp_path, "--port", "0", "--blob-port", "0", "--watch")
    assert (2, "", 1) == (status, out, len(errors.splitlines()))
    assert "--watch needs --workspace" in errors
