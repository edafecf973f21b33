"""The tables of contracts/state_machines.yaml, walked: in every state every operation does what its edge says.

One check for each state. An edge that would destroy what is not ours (the deletion of a deployed service) is not
walked, and neither are those of events that no call brings about.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from amlcontracts import load
from amlcontracts.harness import place
from amlcontracts.harness.breach import NotApplicable, hold, same
from amlcontracts.harness.ground import Cells, Ground
from amlcontracts.harness.place import Endpoint, Service, expect, own_name
from amlcontracts.harness.registry import Check, add
from amlcontracts.harness.wire import Answer

Edge = dict[str, Any]
MACHINES: dict[str, Any] = load("state_machines")
PLACES: int = load("limits")["batch_jobs_running_per_endpoint"]
LONG = 10_000  # rows that keep a worker busy for a moment
FUNCTION_NAME = "a function of the checks"
FUNCTION = {
    "Name": FUNCTION_NAME,
    "Type": "Code",
    "CodeBundle": {"InputSchema": {"a": {"type": "number"}}, "OutputSchema": {}, "Language": "python-2.7-64"},
}


def refused(answer: Answer, edge: Edge) -> None:
    """Raise Breach unless an answer is the refusal of the edge, its message filled in."""
    group, _, code = edge["error"].rpartition("/")
    errors = load("errors")
    if group == "management":
        entry = errors["management"][code]
        expect(answer, entry["status"], entry.get("code", code))
        return
    entry = errors["groups"][group or code]
    expect(answer, entry["status"], group or code, code if group else None)
    if "arguments" in edge:
        said = entry["codes"][code]
        for number, argument in enumerate(edge["arguments"]):
            said = said.replace(f"{{{number}}}", argument)
        same(said, answer.json["error"]["details"][0]["message"], f"{answer.line}: message of {code}")


def later(machine: str, state: str) -> set[str]:
    """Return the states that events alone may have led to since."""
    facts, found, waiting = MACHINES[machine], {state}, [state]
    while waiting:
        begin = waiting.pop()
        for edge in facts["edges"]:
            if edge["from"] == begin and edge["by"] in facts["events"] and edge["to"] not in found:
                found.add(edge["to"])
                waiting.append(edge["to"])
    return found


@dataclass(frozen=True)
class Walk:
    """How a machine is walked: ``bring`` makes a thing in a state, ``call`` does an edge's call, ``is_in`` looks."""

    bring: Callable[[Ground, str], Any]
    call: Callable[[Ground, Any, Edge], Answer]
    is_in: Callable[[Ground, Any, set[str]], None]
    elsewhere: tuple[tuple[str, str], ...] = ()  # edges that are not walked: state, operation

    def run(self, machine: str, state: str, ground: Ground) -> None:
        """Walk every edge from a state, each with a thing of its own."""
        facts = MACHINES[machine]
        for edge in facts["edges"]:
            if edge["from"] != state or edge["by"] in facts["events"] or (state, edge["by"]) in self.elsewhere:
                continue
            with self.bring(ground, state) as thing:
                answer = self.call(ground, thing, edge)
                if "error" in edge:
                    refused(answer, edge)
                else:
                    same(edge.get("status", 200), answer.status, f"{edge['by']} in the state {state}: {answer.line}")
                self.is_in(ground, thing, later(machine, edge.get("to", state)))


# Jobs

Job = tuple[Endpoint, str]


def _aside(ground: Ground) -> dict[str, Any]:
    return {ground.interface(ground.scoring).batch_outputs[0]: ground.storage.output(".csv")}


def _short(ground: Ground) -> dict[str, Any]:
    return ground.scoring_body(ground.probes, _aside(ground))


def _long(ground: Ground) -> dict[str, Any]:
    table = ground.probes * (LONG // len(ground.probes))
    return ground.scoring_body(table, _aside(ground), name="long.csv")


def _bring_job(endpoint: Endpoint, ground: Ground, state: str) -> str:
    """Return a job in that state."""
    if state == "Queued":
        return _queued(endpoint, ground)
    body = _long if state == "Running" else _missing if state == "Failed" else _short
    job = endpoint.submit(body(ground))
    if state in ("Running", "Finished", "Failed"):
        endpoint.start(job)
    if state in ("Cancelled", "gone"):
        for _ in range(2 if state == "gone" else 1):
            same(200, endpoint.jobs("DELETE", f"/{job}").status, "DELETE of a job")
    if state in ("Finished", "Failed"):
        same(state, endpoint.wait(job)["StatusCode"], "the end of the job")
    if state == "Running":
        _until_running(endpoint, job)
    return job


def _missing(ground: Ground) -> dict[str, Any]:
    return {"Inputs": {ground.port[0]: ground.storage.reference("nobody.csv")}}


def _queued(endpoint: Endpoint, ground: Ground) -> str:
    """Return a started job that finds every place taken, by jobs of which some take long."""
    long, short = _long(ground), _short(ground)
    jobs = [endpoint.submit(long if number < 4 else short) for number in range(PLACES + 4)]
    jobs.append(endpoint.submit(short))
    for job in jobs:
        endpoint.start(job)
    same("NotStarted", endpoint.status(jobs[-1])["StatusCode"], f"a job started behind {PLACES + 4} others")
    return jobs[-1]


def _until_running(endpoint: Endpoint, job: str) -> None:
    end = time.monotonic() + place.PATIENCE
    while (code := endpoint.status(job)["StatusCode"]) == "NotStarted":
        hold(time.monotonic() < end, "a started job does not come to run")
    if code != "Running":
        raise NotApplicable(f"a job of {LONG} rows is done before it can be looked at")


@contextmanager
def _job(ground: Ground, state: str) -> Iterator[Job]:
    with ground.scoring.endpoint() as endpoint:
        yield endpoint, _bring_job(endpoint, ground, state)


def _call_job(ground: Ground, thing: Job, edge: Edge) -> Answer:
    endpoint, job = thing
    method, path = {"bes.start": ("POST", "/start"), "bes.status": ("GET", ""), "bes.delete": ("DELETE", "")}[
        edge["by"]
    ]
    return endpoint.jobs(method, f"/{job}{path}")


def _job_is_in(ground: Ground, thing: Job, states: set[str]) -> None:
    endpoint, job = thing
    if states == {"gone"}:
        expect(endpoint.jobs("GET", f"/{job}"), 404, "NotFound")
        return
    shown = {MACHINES["job"]["states"][state]["shows"] for state in states}
    code = endpoint.status(job)["StatusCode"].replace("Canceled", "Cancelled")
    hold(code in shown, f"the job is {code} then, expected one of {sorted(shown)}")


# Endpoints


@contextmanager
def _endpoint(ground: Ground, state: str) -> Iterator[Endpoint]:
    if state == "absent":
        yield ground.scoring.named(own_name())
    elif state == "default alone":
        service = next((one for one in ground.home.services if len(one.listed()) == 1), None)
        if service is None:
            raise NotApplicable("every service has endpoints beside its default one")
        yield service.default
    else:
        with ground.patched(ground.models[0]) if state == "patched" else ground.scoring.endpoint() as endpoint:
            yield ground.scoring.default if state == "default" else endpoint


def _call_endpoint(ground: Ground, endpoint: Endpoint, edge: Edge) -> Answer:
    when, call = edge.get("when", ""), partial(endpoint.manage, key=ground.home.token)
    if edge["by"] == "endpoints.get":
        return call("GET")
    if edge["by"] == "endpoints.delete":
        return call("DELETE")
    if edge["by"] == "endpoints.refresh":
        return call("POST", "/refresh", {"OverwriteResources": when.endswith("true")})
    unchanged = {"SampleDataEnabled": False}
    if edge["by"] == "endpoints.put":
        return call("PUT", "", unchanged)
    if when == "it has settings alone":
        return call("PATCH", "", unchanged)
    return call("PATCH", "", ground.update(ground.models[1]))


def _endpoint_is_in(ground: Ground, endpoint: Endpoint, states: set[str]) -> None:
    (state,) = states
    try:
        if state == "absent":
            expect(endpoint.manage("GET"), 404, "NotFound")
            return
        answer = endpoint.manage("GET")
        same(200, answer.status, answer.line)
        if endpoint.service == ground.scoring:
            opened = replace(endpoint, api=answer.json["ApiLocation"], key=answer.json["PrimaryKey"])
            _scores_as(ground, opened, ground.faces[1:] if state == "patched" else ground.faces[:1])
    finally:
        if endpoint.name != "default":
            endpoint.manage("DELETE")


def _scores_as(ground: Ground, endpoint: Endpoint, allowed: Sequence[Cells]) -> None:
    endpoint.service.settled(endpoint)
    end = time.monotonic() + ground.settle
    while (known := ground.scores(endpoint) in allowed) is False and time.monotonic() < end:
        time.sleep(place.POLL_SECONDS)
    hold(known, f"{endpoint.name} answers with another model than it should have in its state")


# Services


@contextmanager
def _service(ground: Ground, state: str) -> Iterator[Service]:
    if state == "experiment":
        yield ground.scoring
        return
    service = Service(ground.home, uuid.uuid4().hex, FUNCTION_NAME, "function")
    try:
        if state == "function":
            same(200, ground.home.call("PUT", f"/{service.id}", FUNCTION).status, "PUT of a function")
        yield service
    finally:
        ground.home.call("DELETE", f"/{service.id}")


def _call_service(ground: Ground, service: Service, edge: Edge) -> Answer:
    method = edge["by"].rpartition(".")[2].upper()
    return ground.home.call(method, f"/{service.id}", FUNCTION if method == "PUT" else None)


def _service_is_in(ground: Ground, service: Service, states: set[str]) -> None:
    answer = ground.home.call("GET", f"/{service.id}")
    if "absent" in states:  # nobody deploys anything meanwhile
        expect(answer, 404, "NotFound", "WebServiceNotFound")
        return
    same(200, answer.status, answer.line)
    same(service.name, answer.json["Name"], "Name of the service")


WALKS = {
    "job": Walk(_job, _call_job, _job_is_in),
    "endpoint": Walk(_endpoint, _call_endpoint, _endpoint_is_in, (("default alone", "endpoints.delete"),)),
    "service": Walk(_service, _call_service, _service_is_in, (("experiment", "services.delete"),)),
}


def _register(machine: str, state: str) -> None:
    facts = MACHINES[machine]
    evidence = dict.fromkeys(edge["evidence"] for edge in facts["edges"] if edge["from"] == state)
    sentence = f"{facts['text'].rstrip('.')} that is '{state}': every operation does what its table says."
    name = f"edges.{machine}.{state.replace(' ', '-').lower()}"
    add(Check(name, sentence, "state machine", tuple(evidence), partial(WALKS[machine].run, machine, state)))


for _machine in WALKS:
    for _state in MACHINES[_machine]["states"]:
        _register(_machine, _state)
