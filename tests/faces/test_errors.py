"""Every answer that is a refusal: its envelope, its words, and that nothing but the catalogue is ever answered."""

import json
import logging
import re
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlemulator.core.connection import DEVELOPMENT_KEY
from amlemulator.core.errors import catalogue, failure
from amlemulator.core.records import Endpoint, Workspace
from amlemulator.faces.render import render_error
from support import graphs, sweep
from support.blobs import by_key
from support.runner import StagedEmulator
from support.state import state_of
from support.wire import BASE, BLOB, Place, Wire

ENTRIES = catalogue()
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def rendered(name, **options):
    refusal = render_error(failure(name, "one", "two", **options))
    return refusal, json.loads(refusal.body)


@pytest.mark.parametrize("name", sorted(name for name, one in ENTRIES.items() if one.envelope == "details"))
def test_the_envelope_with_details(name):
    """code, message, details; in details code, target when there is one, message (observed, errors.md 0.2 no. 1)."""
    entry = ENTRIES[name]
    for target in (None, "New column names"):
        refusal, body = rendered(name, target=target)
        assert (entry.status, ["error"], ["code", "message", "details"]) == (
            refusal.status,
            list(body),
            list(body["error"]),
        )
        assert entry.group == body["error"]["code"]
        members = ["code", "message"] if target is None else ["code", "target", "message"]
        assert ([members] if entry.code else []) == [list(detail) for detail in body["error"]["details"]]
        assert "application/json; charset=utf-8" == refusal.headers["Content-Type"]


@pytest.mark.parametrize("name", sorted(name for name, one in ENTRIES.items() if one.envelope in ("flat", "control")))
def test_the_flat_envelope(name):
    """The management host's observed envelope has code and message and no details (errors.md 0.2 no. 2)."""
    refusal, body = rendered(name)
    assert (ENTRIES[name].status, ["code", "message"]) == (refusal.status, list(body["error"]))
    assert ENTRIES[name].code == body["error"]["code"]


@pytest.mark.parametrize("name", sorted(name for name, one in ENTRIES.items() if one.envelope == "studio"))
def test_the_envelope_of_the_studio_api(name):
    """Capitals, and all six members always (errors.md 0.2 no. 3)."""
    refusal, body = rendered(name)
    members = ["Code", "Message", "Target", "Details", "InnerError", "DebugInfo"]
    assert (ENTRIES[name].status, members) == (refusal.status, list(body["Error"]))
    assert [[], None, None] == [body["Error"][member] for member in members[3:]]


def test_words_of_ours_are_marked():
    """The evidence id stands in a header when the wording is ours, and no header is there when it is not."""
    assert "rule.one" == rendered("NotFound", evidence="rule.one")[0].headers["x-amlclassic-evidence"]
    assert "x-amlclassic-evidence" not in rendered("NotFound")[0].headers


# The sweep

PLANNED = {
    (500, "GetWorkspaceFailed"),  # the region mismatch, observed
    (501, "NotEmulated"),
    (503, "ServiceUnavailable"),
    (503, "InitializingContainers"),
}
FLAT = {(one.status, one.code) for one in ENTRIES.values() if one.envelope in ("flat", "control")}
GROUPS = {(one.status, one.group) for one in ENTRIES.values() if one.envelope == "details"}
DETAILS = {(one.group, one.code) for one in ENTRIES.values() if one.envelope == "details"}
STUDIO = {(one.status, one.code) for one in ENTRIES.values() if one.envelope == "studio"}
# Codes that the catalogue leaves to the module that failed.
OPEN_GROUPS = {"LibraryExecutionError", "ModuleExecutionError"}


class Log(logging.Handler):
    """Keeps what is logged, as it would be written."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(message)s"))
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@dataclass(frozen=True)
class Swept:
    """What is swept: an emulator with a few services, whose jobs never end, and a log of everything."""

    place: Place
    right: sweep.Right
    log: Log

    @property
    def emulator(self):
        return self.place.emulator


def publish_samples(place):
    """Have the Studio API unpack the sample data, as it does whenever somebody asks and they are not there."""
    headers = {"x-ms-metaanalytics-authorizationtoken": place.workspace.primary_token}
    place.wire.call("GET", f"/studioapi/api/workspaces/{place.workspace.id}/datasources/x", headers=headers)


@pytest.fixture(scope="module")
def swept():
    """Make the emulator to be swept."""
    emulator = StagedEmulator(samples=False, seed="sweep", public_url=BASE, public_blob_url=BLOB)
    place = Place(Wire(emulator), emulator.add_workspace("Swept"))
    token, nothing = place.workspace.primary_token, "0" * 32
    line = place.deploy(graphs.TRAINING)
    echo = place.deploy(graphs.ECHO)
    job = line.jobs("POST", "", {"Input": by_key("a.csv")}).json
    publish_samples(place)
    ids = {
        "workspace_id": [place.workspace.id],
        "service_id": [echo.service.id, line.service.id],
        "endpoint_id": [echo.endpoint.id, line.endpoint.id],
        "endpoint_name": ["default", echo.add("ep2").endpoint.name],
        "job_id": [job, nothing],
        "dataset_id": [f"{place.workspace.id}.{nothing}"],
        "family_id": [nothing],
        "experiment_id": [f"{place.workspace.id}.f-id.{nothing}"],
        "activity_id": [nothing],
        "node": ["node"],
        "port": ["0"],
        "rest": ["x"],
    }
    keys = {one.endpoint.id: one.endpoint.primary_key for one in (echo, line)}
    log = Log()
    logging.getLogger().addHandler(log)
    yield Swept(place, sweep.Right(ids, {"management": token, "studioapi": token, **keys}), log)
    logging.getLogger().removeHandler(log)
    emulator.close()


def secrets_of(emulator):
    with emulator.store.transaction() as transaction:
        keys = [key for one in transaction.list(Endpoint) for key in (one.primary_key, one.secondary_key)]
        tokens = [key for one in transaction.list(Workspace) for key in (one.primary_token, one.secondary_token)]
    return [*keys, *tokens, DEVELOPMENT_KEY, sweep.SECRET, sweep.SECRET.replace("%3D", "=")]


class Snapshot:
    """The state to come back to when a request of the sweep was a good one."""

    def __init__(self, emulator):
        self._store = emulator.store
        self._content = emulator.store._connection.serialize()

    def restore(self):
        with self._store._lock:
            self._store._connection.deserialize(self._content)
            self._store._changes.clear()  # everything may be another, as after a reset
            self._store.generation += 1


def check_refusal(answer):
    """Fail when a refusal is not one of the catalogue in one of the envelopes, or an unplanned 5xx."""
    assert "application/json; charset=utf-8" == answer.header("Content-Type"), answer
    body = answer.json
    if "Error" in body:
        assert (answer.status, body["Error"]["Code"]) in STUDIO, answer
        code = body["Error"]["Code"]
    else:
        code = body["error"]["code"]
        if "details" in body["error"]:
            assert (answer.status, code) in GROUPS, answer
            for detail in body["error"]["details"]:
                assert code in OPEN_GROUPS or (code, detail["code"]) in DETAILS, answer
        else:
            assert (answer.status, code) in FLAT, answer
    assert answer.status < 500 or (answer.status, code) in PLANNED, answer


def sweep_once(swept, sent):
    """Send one request; fail when it is not answered from the catalogue, or leaves a trace or tells a secret."""
    emulator, log = swept.emulator, swept.log
    before, snapshot = state_of(emulator), Snapshot(emulator)
    log.lines.clear()
    answer = swept.place.wire.send(sent.method, sent.target, sent.headers, sent.body)
    assert [] == emulator.faults_of_ours
    assert GUID.fullmatch(answer.header("x-ms-request-id") or "")
    assert answer.header("WWW-Authenticate") is None
    told = "\n".join(log.lines) + json.dumps(emulator.journal.entries()[-1:])
    if answer.status >= 400:
        assert before == state_of(emulator)
        told += answer.body.decode()
        if sent.method != "HEAD" and answer.header("Content-Type") != "text/html; charset=utf-8":
            check_refusal(answer)
    elif before != state_of(emulator):
        snapshot.restore()
        publish_samples(swept.place)  # a reset takes them along
    emulator.clock.reset()
    assert [] == [secret for secret in secrets_of(emulator) if secret in told]


SWEEP = settings(
    deadline=None, max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@SWEEP
@given(data=st.data())
def test_bodies_that_are_nearly_good(swept, data):
    """A good call with a spoilt body or query, at every route: a planned answer, no trace, no secret, no fault."""
    sweep_once(swept, data.draw(sweep.near_requests(sweep.routes(swept.emulator), swept.right)))


@SWEEP
@given(data=st.data())
def test_requests_that_nobody_means(swept, data):
    """Malformed bodies, headers, paths and queries at every route: a planned answer, no trace, no secret, no fault."""
    sweep_once(swept, data.draw(sweep.far_requests(sweep.routes(swept.emulator), swept.right)))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]),
    path=st.text(st.characters(codec="latin-1"), max_size=30),
    host=st.sampled_from(
        ["127.0.0.1", "management.azureml.net", "europewest.services.azureml.net", "studio.azureml.net"]
    ),
)
def test_any_path_at_all(swept, method, path, host):
    """A path of any characters on any host is answered, mostly by 404, and never by a fault."""
    target = "/" + "".join(f"%{ord(one):02X}" for one in path)
    answer = swept.place.wire.send(method, target, {"Host": host, "Content-Length": "0"}, b"")
    assert [] == swept.emulator.faults_of_ours
    assert answer.status < 500 or answer.status == 501
    if answer.status >= 400 and method != "HEAD" and answer.header("Content-Type") == "application/json; charset=utf-8":
        check_refusal(answer)
