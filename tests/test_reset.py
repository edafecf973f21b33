"""Going back to the state of a fresh start."""

import threading

import pytest

from amlemulator import Emulator
from amlemulator.core.errors import ServiceError
from amlemulator.core.records import JobState, Workspace
from amlemulator.engine.gate import Gate
from amlemulator.ports.runner import Outcome
from support import graphs
from support.runner import until
from support.wire import BASE, BLOB, Place, Wire


def everything(emulator):
    return emulator.store.snapshot()


def seeds(snapshot):
    return sorted(row[:4] for row in snapshot.records), sorted(snapshot.ordinals)


@pytest.fixture
def sampled():
    """Make an emulator with the sample workspaces."""
    made = Emulator(seed="tests", public_url=BASE, public_blob_url=BLOB, workers=1)
    yield made
    made.close()


def test_a_reset_brings_back_the_samples_as_they_were(sampled):
    """What was added, changed and deleted since is undone; ids and keys are those of the start."""
    before = everything(sampled)
    first, second = sampled.directory.workspaces()
    place = Place(Wire(sampled), first)
    place.deploy(graphs.ECHO).add("more")
    sampled.administration.delete_service(sampled.directory.services(second.id)[0].id)
    sampled.add_workspace("Third")
    assert 200 == place.wire.call("POST", "/_emulator/reset").status
    assert before == everything(sampled)
    assert (first, second) == sampled.directory.workspaces()


def test_what_is_made_after_a_reset_has_the_ids_of_the_first_time(place_with):
    """The same seed and the same steps give the same ids and keys, however often it was reset."""
    place = place_with()
    emulator = place.emulator

    def steps():
        workspace = emulator.add_workspace("Made")
        target = Place(place.wire, workspace).deploy(graphs.NO_INPUT)
        return workspace.id, target.endpoint.primary_key, target.jobs("POST", "", {}).json

    emulator.reset()
    first = steps()
    emulator.reset()
    assert first == steps()


def test_a_reset_takes_clock_journal_faults_policies_and_blobs_along(place_with):
    """Nothing of an earlier test is left."""
    place = place_with()
    emulator = place.emulator
    emulator.clock.freeze(1000.0)
    emulator.blobs.create_container("devstoreaccount1", "kept")
    emulator.faults.add(status=503)
    emulator.jobs.policy("manual")
    place.wire.call("GET", "/_emulator/healthz")
    emulator.reset()
    assert not emulator.clock.frozen
    assert [] == emulator.requests.entries()
    assert [] == emulator.faults.list()
    assert "run" == emulator.jobs.policy_of()
    assert [] == list(emulator.blobs.containers.accounts())
    assert () == emulator.directory.workspaces()


def test_one_workspace_alone(place_with):
    """A workspace is emptied with its jobs, faults and policy; its tokens and all the others stay."""
    place = place_with()
    emulator, wire = place.emulator, place.wire
    other = Place(wire, emulator.add_workspace("Other"))
    kept = other.deploy(graphs.NO_INPUT)
    ours = place.deploy(graphs.NO_INPUT)
    emulator.jobs.policy("manual", place.workspace.id)
    emulator.faults.add(operation="bes.*", workspace=place.workspace.id, nth=100)
    emulator.faults.add(operation="bes.*", workspace=other.workspace.id, nth=100)
    for target in (ours, kept):
        target.jobs("POST", "", {})
    assert {"reset": place.workspace.id} == wire.call(
        "POST", "/_emulator/reset", {"workspace": place.workspace.id}
    ).json
    assert place.workspace == emulator.directory.workspace(place.workspace.id)
    assert () == emulator.directory.services(place.workspace.id)
    assert [kept.service] == list(emulator.directory.services(other.workspace.id))
    assert [other.workspace.id] == [job.workspace_id for job in emulator.jobs.list()]
    assert [other.workspace.id] == [fault["workspace"] for fault in emulator.faults.list()]
    assert "run" == emulator.jobs.policy_of(place.workspace.id)
    assert ours.service.id == place.deploy(graphs.NO_INPUT).service.id


@pytest.mark.parametrize(("ours", "others"), [(12, 0), (0, 12), (3, 3)])
def test_what_others_have_stays_to_the_byte(place_with, ours, others):
    """Whether the workspace has most of what there is, or the least."""
    place = place_with()
    emulator = place.emulator
    other = Place(place.wire, emulator.add_workspace("Other"))
    for one, count in ((place, ours), (other, others)):
        target = one.deploy(graphs.NO_INPUT)
        for number in range(count):
            target.add(f"endpoint{number}").jobs("POST", "", {})
    before = seeds(everything(emulator).of_workspace(other.workspace.id))
    emulator.reset(place.workspace.id)
    assert before == seeds(everything(emulator).of_workspace(other.workspace.id))
    left = [row for row in everything(emulator).of_workspace(place.workspace.id).records if row[0] != "Workspace"]
    assert [] == left
    assert others == len(emulator.jobs.list())


def test_one_sample_workspace_gets_its_services_back(sampled):
    """A workspace of the start goes back to what it was then, and the others keep what they have."""
    first, second = sampled.directory.workspaces()
    before = seeds(everything(sampled).of_workspace(first.id))
    for workspace in (first, second):
        for service in sampled.directory.services(workspace.id):
            sampled.administration.delete_service(service.id)
    sampled.reset(first.id)
    assert before == seeds(everything(sampled).of_workspace(first.id))
    assert () == sampled.directory.services(second.id)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"workspace": "0" * 32}, (404, "NotFound", None)),
        ({"workspace": 1}, (400, "BadRequest", None)),
        ({"all": True}, (400, "BadRequest", None)),
        ([], (400, "BadRequest", None)),
    ],
)
def test_a_reset_that_makes_no_sense(place, body, refusal):
    """An unknown workspace is 404 and any other body 400; nothing is reset."""
    assert refusal == place.wire.call("POST", "/_emulator/reset", body).refusal
    assert place.workspace == place.emulator.directory.workspace(place.workspace.id)


def test_running_jobs_are_stopped(staged):
    """The worker of a running job is told to stop, and what still comes of it changes nothing."""
    target = staged.deploy(graphs.NO_INPUT)
    job = target.jobs("POST", "", {}).json
    target.jobs("POST", f"/{job}/start")
    handle = staged.emulator.handle_of(job)
    running = staged.emulator.staged.tasks[handle]
    staged.emulator.reset(staged.workspace.id)
    assert [handle] == staged.emulator.staged.cancelled
    again = staged.deploy(graphs.NO_INPUT)
    assert job == again.jobs("POST", "", {}).json  # the same id comes again
    again.jobs("POST", f"/{job}/start")
    running.done(Outcome("done"))  # the worker of the first one ends late
    assert JobState.RUNNING == until(lambda: staged.emulator.handle_of(job) and staged.emulator.state(job))
    staged.emulator.finish(job)
    assert JobState.FINISHED == staged.emulator.state(job)


def test_requests_while_resets_run(sampled):
    """No call ever fails or finds the samples missing, however many resets happen around it."""
    wire = Wire(sampled)
    workspace = sampled.directory.workspaces()[0]
    place = Place(wire, workspace)
    service = sampled.directory.services(workspace.id)[2]
    target = place.target(service)
    seen, stop = set(), threading.Event()

    def call():
        while not stop.is_set():
            listed = place.manage("GET", "/webservices")
            submitted = target.jobs("POST", "", {"GlobalParameters": {"URI": "http://x/y.csv"}})
            seen.add((listed.status, len(listed.json), submitted.status))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        sampled.reset()
    stop.set()
    for thread in threads:
        thread.join()
    assert {(200, 4, 200)} == seen
    sampled.reset()
    assert [] == sampled.jobs.list()
    assert [] == sampled.faults_of_ours


def test_a_state_file_goes_back_to_the_samples(tmp_path):
    """A reset of a state that was there before gives what a fresh start gives, models and all."""
    options = {"state": str(tmp_path / "state"), "public_url": BASE, "public_blob_url": BLOB, "workers": 1}
    with Emulator(samples=False, **options, port=0, blob_port=0) as emulator:
        emulator.add_workspace("Old")
    fresh = Emulator(public_url=BASE)
    with Emulator(**options, port=0, blob_port=0) as emulator:
        assert ["Old"] == [workspace.name for workspace in emulator.directory.workspaces()]
        emulator.reset()
        assert seeds(everything(fresh)) == seeds(everything(emulator))
        for row in everything(fresh).records:
            assert row[0] == "Workspace" or emulator.store.load_content(_graph(fresh, row))
    fresh.close()


def _graph(emulator, row):
    kind, record_id = row[0], row[1]
    found = emulator.directory.service(record_id) if kind == "WebService" else emulator.directory.endpoint(record_id)
    return found.experiment


def test_a_request_that_takes_too_long_is_overtaken(place_with, monkeypatch):
    """A reset does not wait for ever; what an overtaken request still writes is dropped, for it was before."""
    monkeypatch.setattr("amlemulator.engine.gate.PATIENCE", 0.0)
    place = place_with()
    emulator = place.emulator
    inside, go = threading.Event(), threading.Event()

    def slow():
        token = emulator.gate.enter()
        inside.set()
        go.wait()
        emulator.add_workspace("Late")
        emulator.gate.leave(token)

    thread = threading.Thread(target=slow)
    thread.start()
    inside.wait()
    emulator.reset()
    go.set()
    thread.join()
    assert () == emulator.directory.workspaces()
    assert isinstance(emulator.add_workspace("Later"), Workspace)
    assert ["Later"] == [workspace.name for workspace in emulator.directory.workspaces()]


def test_two_resets_at_once_do_not_wait_for_each_other(place_with):
    """A request that asks for a reset is no longer one that a reset waits for."""
    place = place_with()
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(place.wire.call("POST", "/_emulator/reset").status))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert [200] * 4 == answers


def test_a_closed_gate_keeps_new_requests_waiting():
    """Who comes while it is closed goes in when it opens, and not before."""
    gate, order = Gate(), []

    def come():
        token = gate.enter()
        order.append("in")
        gate.leave(token)

    with gate.closed():
        thread = threading.Thread(target=come)
        thread.start()
        until(thread.is_alive)
        order.append("closed")
    thread.join()
    assert ["closed", "in"] == order


def test_an_unknown_workspace_is_told_in_python_too(place):
    """The Python call raises the same refusal."""
    with pytest.raises(ServiceError, match="no workspace"):
        place.emulator.reset("0" * 32)
