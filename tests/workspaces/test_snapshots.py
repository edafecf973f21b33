"""What is served, written as a folder and served again."""

import json
import subprocess
import sys
from io import BytesIO

import pytest

from amlemulator import Emulator
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.core.studio_records import Dataset
from amlemulator.remote import RemoteEmulator
from support import graphs
from support.census import plain
from support.folders import make_folder
from support.server import SECONDS, environment, serve
from support.wire import BASE, BLOB, Place, Wire

OPTIONS = {"public_url": BASE, "public_blob_url": BLOB, "workers": 1}
SCORING = "Census Model [Predictive Exp.]"


@pytest.fixture
def make(request):
    """Make an emulator that ends with the test."""

    def make(**options):
        made = Emulator(**{**OPTIONS, **options})
        request.addfinalizer(made.close)
        return made

    return make


def kept(emulator):
    """Return what an emulator holds, without the times, and with every model and graph by its content's name."""
    with emulator.store.transaction() as transaction:
        records = [one for kind in (Workspace, WebService, Endpoint) for one in transaction.list(kind)]
    shown = []
    for record in records:
        members = {name: getattr(record, name) for name in record.__slots__}
        members = {name: value for name, value in members.items() if name not in ("created", "updated", "ordinal")}
        members["resources"] = [(one.name, one.model) for one in members.get("resources", ())]
        shown.append(members)
    return shown


def blobs(emulator):
    """Return every blob's content, by account, container and name."""
    found = {}
    for account in emulator.blobs.accounts():
        for container in (one.name for one in emulator.blobs.containers.page(account).entries):
            found[account, container] = None
            for name in emulator.blobs.names(account, container):
                with emulator.blobs.open(account, container, name) as content:
                    found[account, container, name] = content.read()
    return found


def changed(emulator):
    """Change much of what an emulator holds."""
    place = Place(Wire(emulator), emulator.directory.workspaces()[0])
    service = next(one for one in emulator.directory.services(place.workspace.id) if one.name == SCORING)
    target = place.target(service)
    target.add("retrained", ThrottleLevel="High", MaxConcurrentCalls=9, Description="a second one")
    place.deploy(graphs.ECHO)
    emulator.add_workspace("Third", "West Europe", tier="free")
    for name, content in (("a", b"1"), ("a/b.csv", b"x\n1\n"), ("c d/é%.bin", bytes(range(256)))):
        emulator.blobs.create_container("devstoreaccount1", "rows")
        emulator.blobs.put("devstoreaccount1", "rows", name, BytesIO(content))
    emulator.blobs.create_container("devstoreaccount1", "nothing")
    endpoint = emulator.directory.endpoint_named(service.id, "retrained")
    emulator.administration.replace_keys(endpoint, "primary")
    return target


def test_a_snapshot_serves_the_same_again(make, tmp_path):
    """Ids, keys, tokens, settings, graphs, models and blobs are those of before, and so is a score."""
    first = make(seed="one")
    target = changed(first)
    before = target.score(plain()).json
    first.snapshot(tmp_path / "taken")
    second = make(seed="another", workspace=str(tmp_path / "taken"))
    assert kept(first) == kept(second)
    assert blobs(first) == blobs(second)
    again = Place(Wire(second), target.place.workspace).target(target.service)
    assert before == again.score(plain()).json


def test_a_snapshot_of_a_snapshot_is_the_same(make, tmp_path):
    """Written again, no file differs: version control shows only what somebody changed."""
    first = make()
    changed(first)
    first.snapshot(tmp_path / "one")
    make(workspace=str(tmp_path / "one")).snapshot(tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_data_sets_come_along(make, tmp_path):
    """A folder with data of its own comes out with them, and its graphs still read them."""
    make_folder(tmp_path / "given")
    first = make(workspace=str(tmp_path / "given"))
    first.snapshot(tmp_path / "taken")
    second = make(workspace=str(tmp_path / "taken"))
    with first.store.transaction() as one, second.store.transaction() as other:
        assert [each.content for each in one.list(Dataset)] == [each.content for each in other.list(Dataset)]
    assert kept(first) == kept(second)


def test_a_folder_that_is_not_empty(make, tmp_path):
    """Nothing is written over."""
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(FileExistsError, match="is not empty"):
        make().snapshot(tmp_path)
    assert [tmp_path / "mine"] == list(tmp_path.iterdir())


def test_from_another_process(make, tmp_path):
    """Over the control plane it is the same folder."""
    emulator = make(port=0, blob_port=0, public_url=None, public_blob_url=None).start()
    changed_at = emulator.directory.workspaces()[0]
    emulator.snapshot(tmp_path / "here")
    with RemoteEmulator(emulator.base_url) as remote:
        remote.snapshot(tmp_path / "there")
        with pytest.raises(FileExistsError):
            remote.snapshot(tmp_path / "there")
    assert files(tmp_path / "here") == files(tmp_path / "there")
    assert changed_at.id in (tmp_path / "there" / "census" / "workspace.yaml").read_text()
    assert ["here", "there"] == sorted(path.name for path in tmp_path.iterdir())


def command(folder, *words):
    done = subprocess.run(
        [sys.executable, "-m", "amlemulator.cli", "snapshot", *words],
        cwd=folder,
        env={**environment(folder / "tmp"), "XDG_STATE_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_command(tmp_path):
    """It writes the folder of a running emulator, whose own command line then serves it; wrong calls are told."""
    served = serve(tmp_path, "--public-url", "http://elsewhere.invalid")
    named = ("--endpoints-file", str(served.file))
    status, out, errors = command(tmp_path, "taken", *named)
    assert (0, "") == (status, errors)
    assert "amlclassic serve --workspace taken" in out
    status, out, errors = command(tmp_path, "taken", *named)
    assert (2, "", True) == (status, out, "is not empty" in errors)
    served.stop()
    (tmp_path / "gone.json").write_text(json.dumps({"version": 1, "base_url": "http://127.0.0.1:9", "workspaces": []}))
    status, out, errors = command(tmp_path, "more", "--endpoints-file", "gone.json")
    assert (1, "", True) == (status, out, "does not answer" in errors)
    assert 2 == command(tmp_path, "more")[0]
    assert not (tmp_path / "more").exists()
