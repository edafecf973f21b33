"""contracts/state_machines.yaml: whole, and what the service does in every state, edge by edge."""

import pytest

from amlcontracts import load
from amlcontracts.operations import operations
from amlemulator.core import batch
from amlemulator.core.errors import catalogue
from amlemulator.core.records import JobState
from amlemulator.samples import workspaces
from support import graphs
from support.blobs import by_token, upload

MACHINES = load("state_machines")
EVIDENCE = {entry["id"] for entry in load("evidence")}
OPERATIONS = {one.name for one in operations()}
EDGES = [(name, edge) for name, machine in MACHINES.items() for edge in machine["edges"]]
NAMES = [f"{name}: {edge['from']} {edge['by']} {edge.get('when', '')}".strip() for name, edge in EDGES]


@pytest.mark.parametrize(("name", "edge"), EDGES, ids=NAMES)
def test_an_edge_leads_between_states_that_there_are(name, edge):
    """It begins in a state, by an operation or an event, ends in a state or a refusal, and says how that is known."""
    machine = MACHINES[name]
    assert edge["from"] in machine["states"]
    assert edge["by"] in OPERATIONS | set(machine["events"])
    assert ("to" in edge) != ("error" in edge)
    assert edge.get("to", edge["from"]) in machine["states"]
    assert edge.get("error") is None or edge["error"] in catalogue()
    assert edge["evidence"] in EVIDENCE


@pytest.mark.parametrize("name", MACHINES)
def test_a_table_is_whole(name):
    """Every operation has an outcome in every state, one unless `when` tells them apart; every state can be reached."""
    machine = MACHINES[name]
    by = [edge["by"] for edge in machine["edges"] if edge["by"] in OPERATIONS]
    outcomes = [(edge["from"], edge["by"], edge.get("when")) for edge in machine["edges"]]
    assert sorted({*outcomes}, key=str) == sorted(outcomes, key=str)
    for state in machine["states"]:
        for operation in set(by):
            conditions = [when for start, which, when in outcomes if (start, which) == (state, operation)]
            assert conditions, (state, operation)
            assert None not in conditions or 1 == len(conditions)
    given = {machine["initial"], "default", "default alone"}  # a service has a default endpoint from its beginning
    assert set(machine["states"]) <= given | {edge["to"] for edge in machine["edges"] if "to" in edge}


def test_what_a_job_shows_is_a_state_of_the_wire():
    """The states of the table show those of the wire, every one of them; the final ones are those that have ended."""
    shown = {state: facts["shows"] for state, facts in MACHINES["job"]["states"].items() if "shows" in facts}
    assert {state.value for state in JobState} == set(shown.values())
    final = {facts["shows"] for facts in MACHINES["job"]["states"].values() if facts.get("final") and "shows" in facts}
    assert {state.value for state in JobState if state.ended} == final


def test_what_cannot_happen_in_a_state_is_no_refusal_but_a_mistake(place):
    """A job that nobody has started cannot end: asking for it is a mistake of the caller's."""
    job = batch.new_job("1" * 32, 1, place.deploy(graphs.NO_INPUT).endpoint, batch.Submission(), 0.0, legacy=False)
    with pytest.raises(KeyError):
        batch.finish(job, {}, 1.0)


# Edge by edge


def calls_of(name):
    chosen = [(edge, one) for (machine, edge), one in zip(EDGES, NAMES, strict=True) if machine == name]
    return [pytest.param(edge, id=one) for edge, one in chosen if edge["by"] in OPERATIONS]


def check(edge, answer):
    """Assert that an answer is the one that the edge has."""
    if "error" not in edge:
        assert edge.get("status", 200) == answer.status
        return
    entry = catalogue()[edge["error"]]
    group = entry.group or entry.code
    assert (entry.status, group, entry.code if entry.group and entry.code else None) == answer.refusal
    if edge.get("arguments"):
        assert entry.message.format(*edge["arguments"]) == answer.message


JOB_CALLS = {"bes.start": ("POST", "/start"), "bes.status": ("GET", ""), "bes.delete": ("DELETE", "")}


@pytest.fixture
def job_in(staged_with):
    """Bring a job into a state of the table."""

    def make(state):
        place = staged_with(running_jobs=1)
        target = place.deploy(graphs.NO_INPUT)
        job = target.jobs("POST", "", {}).json
        if state == "Queued":
            target.jobs("POST", f"/{target.jobs('POST', '', {}).json}/start")
        if state not in ("NotStarted", "Cancelled"):
            target.jobs("POST", f"/{job}/start")
        if state == "Finished":
            place.emulator.finish(job)
        if state == "Failed":
            place.emulator.fail(job)
        for _ in range({"Cancelled": 1, "gone": 2}.get(state, 0)):
            target.jobs("DELETE", f"/{job}")
        return target, job

    return make


@pytest.mark.parametrize("edge", calls_of("job"))
def test_a_call_on_a_job(job_in, edge):
    """In each state each call answers as the table has it, and the job then shows what the table says."""
    target, job = job_in(edge["from"])
    method, rest = JOB_CALLS[edge["by"]]
    check(edge, target.jobs(method, f"/{job}{rest}"))
    after = target.jobs("GET", f"/{job}")
    shown = MACHINES["job"]["states"][edge.get("to", edge["from"])].get("shows")
    started = edge["by"] == "bes.start" and edge.get("to") == "Queued"  # there is a place: it goes on at once
    assert (404 if shown is None else 200) == after.status
    assert shown is None or ("Running" if started else shown) == after.json["StatusCode"]


MODEL = "Census Model [trained model]"


@pytest.fixture
def endpoint_in(place):
    """Bring an endpoint into a state of the table; returns it, and what a PATCH of its model sends."""
    model = next(iter(workspaces()[0].services[1].models.values()))
    upload(place.emulator, "again.ilearner", model)
    patch = {"Resources": [{"Name": MODEL, "Location": by_token(place.emulator, "again.ilearner")}]}

    def make(state):
        default = place.sample("census-model-predictive")
        if state == "default alone":
            return default, patch
        added = default.add("ep2")
        if state == "patched":
            assert 200 == place.manage("PATCH", added.managed, patch).status
        if state == "absent":
            place.manage("DELETE", added.managed)
        return (default if state == "default" else added), patch

    return make


def call_of_endpoint(edge, patch):
    """Return method, rest of the path, and body of an edge's call."""
    when = edge.get("when", "")
    return {
        "endpoints.put": ("PUT", "", {"Description": "d"}),
        "endpoints.get": ("GET", "", None),
        "endpoints.patch": ("PATCH", "", {"Description": "d"} if "settings alone" in when else patch),
        "endpoints.refresh": ("POST", "/refresh", {"OverwriteResources": when == "OverwriteResources is true"}),
        "endpoints.delete": ("DELETE", "", None),
    }[edge["by"]]


@pytest.mark.parametrize("edge", calls_of("endpoint"))
def test_a_call_on_an_endpoint(place, endpoint_in, edge):
    """In each state each call answers as the table has it, and leaves the endpoint in the state that the table says."""
    target, patch = endpoint_in(edge["from"])
    method, rest, body = call_of_endpoint(edge, patch)
    check(edge, place.manage(method, f"{target.managed}{rest}", body))
    assert edge.get("to", edge["from"]) == state_of(place, target)


def state_of(place, target):
    """Tell an endpoint's state from what the management host shows."""
    listed = [one["Name"] for one in place.manage("GET", target.endpoints).json]
    if target.endpoint.name not in listed:
        return "absent"
    if target.endpoint.name == "default":
        return "default" if len(listed) > 1 else "default alone"
    location = place.manage("GET", target.managed).json["Resources"][0]["Location"]
    return "patched" if location["RelativeLocation"] else "added"


FUNCTION = {"Name": "f", "Type": "Code", "CodeBundle": {"InputSchema": {}, "OutputSchema": {}}}
SERVICE_CALLS = {"services.put": ("PUT", FUNCTION), "services.get": ("GET", None), "services.delete": ("DELETE", None)}


@pytest.mark.parametrize("edge", calls_of("service"))
def test_a_call_on_a_service(place, edge):
    """In each state each call answers as the table has it, and leaves the service in the state that the table says."""
    own = f"/webservices/{place.workspace.id[::-1]}"  # an id that no other test has
    path = own
    if edge["from"] == "function":
        assert 200 == place.manage("PUT", path, FUNCTION).status
    if edge["from"] == "experiment":
        path = place.deploy(graphs.ECHO).path
    method, body = SERVICE_CALLS[edge["by"]]
    check(edge, place.manage(method, path, body))
    after = place.manage("GET", path)
    kinds = {404: "absent", 200: "function" if path == own else "experiment"}
    assert edge.get("to", edge["from"]) == kinds[after.status]
