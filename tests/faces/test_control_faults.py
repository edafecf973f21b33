"""Faults on the wire: armed through the control plane, met by every face."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from amlemulator import Emulator, pipeline
from support import graphs
from support.wire import BLOB, Place, Wire

ROWS = {"Inputs": {"input1": {"Values": []}}}


@pytest.fixture
def own(place_with):
    """Make an emulator whose faults are the test's own."""
    return place_with()


def arm(place, **rule):
    return place.wire.call("POST", "/_emulator/faults", rule)


def test_a_fault_is_armed_listed_and_disarmed(own):
    """What is armed is listed with how often it met and hit; it is disarmed by its id, or all at once."""
    armed = arm(own, operation="rrs.*", error="InternalError/UnknownError", nth=2)
    expected = {"id": "fault-1", "operation": "rrs.*", "error": "InternalError/UnknownError", "nth": [2]}
    assert (201, [{**expected, "met": 0, "hits": 0}]) == (armed.status, armed.json)
    echo = own.deploy(graphs.ECHO)
    assert [200, 500, 200] == [echo.score(ROWS).status for _ in range(3)]
    assert [{**expected, "met": 3, "hits": 1}] == own.wire.call("GET", "/_emulator/faults").json
    assert 204 == own.wire.call("DELETE", "/_emulator/faults/fault-1").status
    assert (404, "NotFound", None) == own.wire.call("DELETE", "/_emulator/faults/fault-1").refusal
    own.wire.call("POST", "/_emulator/faults", [{"delay": 0}, {"status": 500}])
    assert 2 == len(own.wire.call("GET", "/_emulator/faults").json)
    assert 204 == own.wire.call("DELETE", "/_emulator/faults").status
    assert [] == own.wire.call("GET", "/_emulator/faults").json


def test_one_bad_rule_arms_none(own):
    """Of a list every rule is armed, or none is."""
    answer = own.wire.call("POST", "/_emulator/faults", [{"status": 500}, {"status": 1}])
    assert (400, "BadRequest", None) == answer.refusal
    assert [] == own.emulator.faults.list()


def test_without_a_fault_the_stage_is_not_there(own):
    """The pipeline is chosen when a fault is armed, and again when the last one goes."""
    assert pipeline.STAGES is own.emulator.stages
    arm(own, delay=0)
    assert (pipeline.strike, *pipeline.STAGES, pipeline.interfere) == own.emulator.stages
    own.emulator.faults.clear()
    assert pipeline.STAGES is own.emulator.stages


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda place: place.deploy(graphs.ECHO).score(ROWS), {"code": "ServiceUnavailable", "details": []}),
        (lambda place: place.deploy(graphs.ECHO).jobs("POST", "", {}), {"code": "ServiceUnavailable", "details": []}),
        (lambda place: place.manage("GET", "/webservices"), {"code": "ServiceUnavailable"}),
    ],
)
def test_a_bare_status_has_the_shape_of_the_host(own, call, shape):
    """Each host refuses in its own envelope, and the header says that the wording is ours."""
    arm(own, status=503, headers={"Retry-After": "7"})
    answer = call(own)
    error = answer.json["error"]
    assert (503, "7") == (answer.status, answer.header("Retry-After"))
    assert "control.faults" == answer.header("x-amlclassic-evidence")
    assert shape == {name: error[name] for name in shape}


def test_the_control_plane_is_spared(own):
    """No fault keeps a test from disarming it."""
    arm(own, status=500)
    assert 200 == own.wire.call("GET", "/_emulator/healthz").status
    assert 200 == own.wire.call("GET", "/_emulator/faults").status


def test_blob_storage_meets_faults_in_its_own_shape(own):
    """Its operations are named by the method, and its errors are XML."""
    arm(own, operation="blob.put", error="blob/InternalError")
    answer = own.wire.call("PUT", f"{BLOB}/devstoreaccount1/c?restype=container")
    assert (500, "InternalError") == (answer.status, answer.header("x-ms-error-code"))
    assert 404 == own.wire.call("GET", f"{BLOB}/devstoreaccount1/box/b").status


def test_a_cut_before_leaves_nothing_done_and_after_everything(own):
    """Cut before, the operation has not happened; cut after, it has, and only the answer is lost."""
    target = own.deploy(graphs.NO_INPUT)
    for cut, jobs in (("before", 0), ("after", 1)):
        arm(own, operation="bes.submit", cut=cut)
        with pytest.raises(ConnectionResetError):
            target.jobs("POST", "", {})
        own.emulator.faults.clear()
        assert jobs == len(own.emulator.jobs.list(own.workspace.id))
    entries = own.emulator.requests.find(operation="bes.submit")
    assert [0, 0] == [entry["status"] for entry in entries]
    assert [] == own.emulator.faults_of_ours


@pytest.mark.parametrize("cut", ["before", "after"])
@pytest.mark.parametrize("port", ["base_url", "blob_url"])
def test_a_cut_connection_on_a_socket(cut, port):
    """The client of a real connection sees it close without a single byte."""
    with Emulator(samples=False) as emulator:
        emulator.faults.add(cut=cut)
        url = urlsplit(getattr(emulator, port))
        path = "/devstoreaccount1/c/b" if port == "blob_url" else "/management/workspaces/x/webservices"
        with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
            try:
                got = connection.recv(100)
            except ConnectionResetError:
                got = b""
        assert b"" == got
        place = Place(Wire(emulator), emulator.add_workspace())
        emulator.faults.clear()
        assert 200 == place.manage("GET", "/webservices").status


def test_a_fault_of_one_workspace_spares_the_others(own):
    """Two tests that share an emulator do not meet each other's faults."""
    other = Place(own.wire, own.emulator.add_workspace("Other"))
    arm(own, workspace=own.workspace.id, status=500)
    assert 500 == own.manage("GET", "/webservices").status
    assert 200 == other.manage("GET", "/webservices").status


def test_a_rule_without_an_end_adds_headers_and_lets_go_on(own):
    """Delay and headers alone change nothing of what is answered."""
    arm(own, delay=0.001, headers={"x-slow": "yes"})
    answer = own.manage("GET", "/webservices")
    assert (200, "yes", []) == (answer.status, answer.header("x-slow"), json.loads(answer.body))
