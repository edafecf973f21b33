"""DiagnosticsTraceLevel on the wire: logs of RRS and BES lie in the workspace's storage."""

import json
import time

import pytest

from amlemulator.ports.blobs import BlobMissing
from support.graphs import ECHO, NO_INPUT
from support.wire import Target

CONTAINER = "ml-diagnostics"
BODY = {"Inputs": {}, "GlobalParameters": {}}


def traced(place, level, graph=NO_INPUT) -> Target:
    """Deploy a graph whose default endpoint traces at that level."""
    target = place.deploy(graph)
    assert 200 == place.manage("PATCH", target.managed, {"DiagnosticsTraceLevel": level}).status
    return target


def logs(target):
    """Return the logs of an endpoint: the part of the name after the ids, and the content."""
    blobs, account = target.place.emulator.blobs, target.place.workspace.storage_account
    prefix = f"{target.place.workspace.id}-{target.service.id}-{target.endpoint.id}/"
    try:
        names = list(blobs.names(account, CONTAINER, prefix))
    except BlobMissing:
        return []
    found = []
    for name in names:
        with blobs.open(account, CONTAINER, name) as content:
            found.append((name.removeprefix(prefix), json.loads(content.read())))
    return found


def ended(target, job_id):
    """Poll a job until it has ended and its log, if any, is written."""
    deadline = time.monotonic() + 60
    while target.jobs("GET", f"/{job_id}").json["StatusCode"] not in ("Finished", "Failed"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def waited(target, count):
    """Wait until there are as many logs as expected; return them."""
    deadline = time.monotonic() + 10
    while len(found := logs(target)) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def test_all_logs_the_start_and_every_call(place):
    """With All, the loading of the graph and each call have a log of their own, without the data."""
    target = traced(place, "All", ECHO)
    rows = {"Inputs": {"input1": {"ColumnNames": ["y"], "Values": [["hush"]]}}, "GlobalParameters": {}}
    answers = [target.score(rows), target.score({"Inputs": {"input2": {}}})]
    found = logs(target)
    assert ["score/init", "score/requests", "score/requests"] == [name.rpartition("/")[0] for name, _ in found]
    calls = {log["RequestId"]: log["StatusCode"] for _, log in found[1:]}
    assert {answer.header("x-ms-request-id"): answer.status for answer in answers} == calls
    assert "hush" not in json.dumps(found)


def test_error_logs_refused_calls_only(place):
    """With Error, only what was refused is logged, with the caller's own request id."""
    target = traced(place, "Error")
    assert 200 == target.score(BODY).status
    assert [] == logs(target)
    refused = target.score({"GlobalParameters": {"nonsense": 1}})
    ((name, log),) = logs(target)
    assert ("score/requests", refused.header("x-ms-request-id")) == (name.rpartition("/")[0], log["RequestId"])
    assert ("BadArgument", "UnexpectedParameter") == (log["Error"]["Code"], log["Error"]["Detail"])


def test_none_logs_nothing(place):
    """An endpoint that was not asked to log writes nothing."""
    target = traced(place, "None")
    assert [200, 400] == [target.score(body).status for body in (BODY, {"GlobalParameters": {"nonsense": 1}})]
    assert [] == logs(target)


def test_jobs_are_logged_at_their_end(place):
    """A finished job and a cancelled one each have a log under batch, named by the job's id."""
    target = traced(place, "All")
    done, dropped = (target.jobs("POST", "", BODY).json for _ in range(2))
    assert 200 == target.jobs("POST", f"/{done}/start").status
    ended(target, done)
    assert 200 == target.jobs("DELETE", f"/{dropped}").status
    found = {log["JobId"]: (name.rpartition("/")[0], log["StatusCode"]) for name, log in waited(target, 2)}
    assert {done: ("batch", "Finished"), dropped: ("batch", "Cancelled")} == found


def test_the_container_is_needed_by_a_setting(place_with):
    """With the reading of 2017 the user makes the container; until then logs are dropped and calls are answered."""
    place = place_with(diagnostics_container="required")
    target = traced(place, "All")
    assert 200 == target.score(BODY).status
    assert [] == logs(target)
    place.emulator.blobs.create_container(place.workspace.storage_account, CONTAINER)
    assert 200 == target.score(BODY).status
    assert ["score/requests"] == [name.rpartition("/")[0] for name, _ in logs(target)]


@pytest.mark.parametrize("level", ["Error", "All"])
def test_any_endpoint_can_log(place, level):
    """Since 2016 an added endpoint logs like the default one, under its own id."""
    target = place.deploy(NO_INPUT).add("ep2", DiagnosticsTraceLevel=level)
    assert 400 == target.score({"GlobalParameters": {"nonsense": 1}}).status
    assert [400] == [log["StatusCode"] for name, log in logs(target) if name.startswith("score/requests/")]
