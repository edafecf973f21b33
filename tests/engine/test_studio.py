"""The Studio engine between requests: blocks in parallel, restarts, runs that the end of the emulator cuts short."""

import io
import json
import threading
import time

import pytest

from amlemulator import Emulator
from amlemulator.core.studio import BlockOf, read_registration
from amlemulator.core.studio_experiments import read_saving
from amlemulator.core.studio_records import ExperimentState
from amlemulator.engine.studio_graph import Assets, write_wire
from amlemulator.ports.blobs import BlobMissing
from support.graphs import NO_INPUT, TRAINING

URLS = {"public_url": "http://127.0.0.1:1", "public_blob_url": "http://127.0.0.1:2"}


def registering(upload_id, name="mine"):
    return read_registration({"DataSource": {"Name": name, "DataTypeId": "PlainText"}, "UploadId": upload_id})


def saving(document, *, draft):
    wire = write_wire(document, Assets())
    graph, service = wire["Graph"], wire["WebService"]
    return read_saving({"Description": "d", "IsDraft": draft, "ExperimentGraph": graph, "WebService": service})


def content_of(emulator, dataset):
    place = dataset.content
    with emulator.blobs.open(place.account, place.container, place.name) as content:
        return content.read()


def test_blocks_may_come_at_once(emulator):
    """Sixteen threads bring a block each; nothing is lost."""
    workspace = emulator.add_workspace("Parallel")
    upload = emulator.studio.begin_upload(workspace, "PlainText")

    def send(number):
        emulator.studio.receive(workspace, BlockOf(upload.id, number, 16), io.BytesIO(bytes([65 + number]) * 1000))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    dataset = emulator.studio.register(workspace, registering(upload.id))
    assert b"".join(bytes([65 + number]) * 1000 for number in range(16)) == content_of(emulator, dataset)


def test_an_upload_goes_on_after_a_restart(tmp_path):
    """With a state file an upload that was begun before a restart is ended after it, and data sets are still there."""
    path = str(tmp_path / "state")
    with Emulator(samples=False, state=path) as first:
        workspace = first.add_workspace("Durable")
        upload = first.studio.begin_upload(workspace, "PlainText")
        first.studio.receive(workspace, BlockOf(upload.id, 0, 2), io.BytesIO(b"one "))
    with Emulator(samples=False, state=path) as second:
        second.studio.receive(workspace, BlockOf(upload.id, 1, 2), io.BytesIO(b"two"))
        dataset = second.studio.register(workspace, registering(upload.id))
    with Emulator(samples=False, state=path) as third:
        assert dataset == third.studio.dataset(workspace, dataset.id)
        assert b"one two" == content_of(third, dataset)


def test_an_upload_can_be_registered_twice(emulator):
    """Two data sets may be made of one upload; deleting the one leaves the other's content."""
    workspace = emulator.add_workspace("Twice")
    upload = emulator.studio.begin_upload(workspace, "PlainText")
    emulator.studio.receive(workspace, BlockOf(upload.id, 0, 1), io.BytesIO(b"x"))
    both = [emulator.studio.register(workspace, registering(upload.id, name)) for name in ("a", "b")]
    emulator.studio.delete_family(workspace, both[0].family_id)
    assert b"x" == content_of(emulator, both[1])


def test_a_run_that_the_end_cuts_short_has_failed(tmp_path):
    """Closing the emulator ends a run at once; after a restart the experiment says what happened, and can be run."""
    path = str(tmp_path / "state")
    with Emulator(samples=False, state=path, workers=1) as first:
        workspace = first.add_workspace("Cut")
        running = first.experiments.save(workspace, None, saving(TRAINING, draft=False))
        assert ExperimentState.RUNNING is running.state
        begun = time.monotonic()
    assert time.monotonic() - begun < 10
    with Emulator(samples=False, state=path, workers=1) as second:
        found = second.experiments.find(workspace, running.id)
        if found.state is ExperimentState.FAILED:  # unless it was quicker than the end
            assert "interrupted" in found.detail
        again = second.experiments.save(workspace, running.id, saving(NO_INPUT, draft=False))
        while second.experiments.find(workspace, again.id).state is ExperimentState.RUNNING:
            time.sleep(0.02)
        assert ExperimentState.FINISHED is second.experiments.find(workspace, again.id).state


def test_a_graph_on_the_wire_is_json(emulator):
    """What an experiment shows can be sent."""
    workspace = emulator.add_workspace("Json")
    experiment = emulator.experiments.save(workspace, None, saving(TRAINING, draft=True))
    wire = emulator.experiments.wire(workspace, experiment)
    assert wire == json.loads(json.dumps(wire))


def test_looking_at_the_samples_unpacks_none(emulator):
    """They are listed as they are once they are read, sizes too, and until then nothing of them is in storage."""
    account = "looker"
    emulator.blobs.set_key(account, emulator.identity.new_key("account", account))
    workspace = emulator.add_workspace("Looker", storage_account=account)
    listed = emulator.studio.list_datasets(workspace)
    with pytest.raises(BlobMissing):
        content_of(emulator, listed[0])
    assert listed == emulator.studio.datasets(workspace)
    assert [len(content_of(emulator, one)) for one in listed] == [one.size for one in listed]
