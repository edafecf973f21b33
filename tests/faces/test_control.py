"""The control plane: who may use it, the clock, the journal."""

import json

import pytest

from amlcontracts import load
from support import graphs
from support.wire import Wire

GUARDED = [
    ("GET", "/_emulator/requests"),
    ("GET", "/_emulator/evidence"),
    ("GET", "/_emulator/clock"),
    ("POST", "/_emulator/clock"),
    ("GET", "/_emulator/jobs/x"),
]


@pytest.fixture
def own(place_with):
    """Make an emulator whose clock and journal are the test's own."""
    return place_with()


def clock(place, **body):
    return place.wire.call("POST", "/_emulator/clock", body)


# Who may use it


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8350"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
    ],
)
def test_strangers_are_refused(wire, method, path, headers):
    """No other host name (DNS rebinding) and no cross-site request gets through."""
    answer = wire.call(method, path, {}, headers=headers)
    assert (403, "Forbidden", None) == answer.refusal


@pytest.mark.parametrize("host", ["127.0.0.1:8350", "localhost", "localhost:1", "[::1]:8350", "LOCALHOST"])
def test_this_machine_gets_through(own, host):
    """Loopback names with any port do."""
    assert 200 == own.wire.call("GET", "/_emulator/clock", headers={"Host": host}).status


def test_a_page_of_the_emulator_gets_through(own):
    """The portal's own requests are of the same origin."""
    headers = {"Origin": "http://127.0.0.1:8350", "Sec-Fetch-Site": "same-origin"}
    assert 200 == own.wire.call("POST", "/_emulator/clock", {}, headers=headers).status


def test_off_loopback_it_needs_its_token(place_with):
    """Listening elsewhere the control plane answers only to its token; without one, to nobody."""
    wire = place_with(host="0.0.0.0", control_token="open sesame").wire
    header = "x-amlclassic-control-token"
    statuses = [
        wire.call("GET", "/_emulator/clock", headers=headers).status
        for headers in ({}, {header: "wrong"}, {header: "open sesame"}, {header: "open sesame", "Host": "build-7"})
    ]
    assert [403, 403, 200, 200] == statuses
    wire = place_with(host="0.0.0.0").wire
    assert 403 == wire.call("GET", "/_emulator/clock", headers={header: ""}).status


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/_emulator/healthz", {"status": "alive"}),
        ("/_emulator/readyz", {"status": "ready"}),
    ],
)
def test_health_is_open_to_all(wire, path, expected):
    """A container's health check needs no name and no token."""
    answer = wire.call("GET", path, headers={"Host": "anything"})
    assert (200, expected) == (answer.status, answer.json)


def test_readiness_is_no_liveness(place_with, tmp_path, monkeypatch):
    """While it starts, and from its stop on, readyz is 503 and healthz 200."""
    place = place_with(port=0, blob_port=0, state=str(tmp_path / "state"))
    emulator, seen = place.emulator, []

    def look():
        seen.append([place.wire.call("GET", f"/_emulator/{name}z").status for name in ("ready", "health")])

    monkeypatch.setattr(emulator.batch, "recover", look)
    emulator.start()
    look()
    monkeypatch.setattr(emulator, "release", look)
    emulator.close()
    monkeypatch.undo()
    assert [[503, 200], [200, 200], [503, 200]] == seen


@pytest.mark.parametrize("path", ["/", "/management/", "/ussouthcentral.services", "/studioapi/api", "/studioapi"])
def test_the_root_of_every_host_answers(wire, path):
    """R asks each host's root before anything else (clients.md section 9)."""
    assert 200 == wire.call("GET", path).status


def test_no_proxy_without_listeners(place):
    """An emulator that does not listen has nothing for a proxy to stand beside, and says so."""
    answer = place.wire.call("POST", "/_emulator/proxies", {})
    assert (400, "BadRequest", None) == answer.refusal
    assert "start it first" in answer.message


# The clock


def test_freezing_advancing_and_going_on(own):
    """The clock stops where it is told, goes on by what it is told, and runs again from there."""
    assert {"now": 1000.0, "frozen": True} == clock(own, freeze=1000).json
    assert {"now": 1060.5, "frozen": True} == clock(own, advance=60.5).json
    assert {"now": 2010.0, "frozen": True} == clock(own, freeze=2000, advance=10).json
    shown = clock(own, resume=True).json
    assert (False, True) == (shown["frozen"], 2010.0 <= shown["now"] < 2060.0)
    assert clock(own, freeze=True).json["frozen"]
    assert {"now": 0.0, "frozen": True} == clock(own, freeze=0).json
    assert {"now": 0.0, "frozen": True} == own.wire.call("GET", "/_emulator/clock").json


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "[]",
        "null",
        '{"now": 5}',
        '{"freeze": "noon"}',
        '{"freeze": -1}',
        '{"freeze": NaN}',
        '{"freeze": 1e300}',
        '{"freeze": null}',
        '{"advance": true}',
        '{"advance": -5}',
        '{"advance": Infinity}',
        '{"advance": 1e12}',
        '{"freeze": 0, "advance": "x"}',
        '{"resume": 1}',
        '{"freeze": 5, "resume": "now"}',
    ],
)
def test_times_that_are_none(own, raw):
    """What is no time, or no time that a date can hold, is a 400 that leaves the clock alone."""
    clock(own, freeze=1000)
    answer = own.wire.call("POST", "/_emulator/clock", raw=raw.encode())
    assert (400, "BadRequest", None) == answer.refusal
    assert {"now": 1000.0, "frozen": True} == own.wire.call("GET", "/_emulator/clock").json


# The journal


def test_the_journal_tells_what_was_asked(own):
    """Each request stands in the journal with its id, time, method, address, operation and status."""
    echo = own.deploy(graphs.ECHO)
    own.emulator.clock.freeze(1000.0)
    answer = echo.score({"Inputs": {"input1": {"Values": []}}})
    own.manage("GET", "/webservices", key="wrong")
    entries = own.wire.call("GET", "/_emulator/requests").json
    path = echo.api.removeprefix("http://127.0.0.1:8350")
    expected = {
        "id": answer.header("x-ms-request-id"),
        "time": 1000.0,
        "method": "POST",
        "url": f"{path}/execute?api-version=2.0",
        "operation": "rrs.execute",
        "status": 200,
    }
    assert expected == entries[0]
    assert ("services.list", 401) == (entries[1]["operation"], entries[1]["status"])


def test_the_journal_keeps_no_secrets(own):
    """Signatures, keys and tokens in a query are hidden, escaped or not, and so are those inside another address."""
    for query in (
        "sv=2013&sig=SECRET&se=1",
        "SIG=SECRET",
        "s%69g=SECRET",
        "a=1&code=SECRET",
        "key=SECRET",
        "token=SECRET",
        "packageUri=https%3A%2F%2Facct.blob.core.windows.net%2Fc%2Fb%3Fsv%3D1%26sig%3DSECRET",
        "url=https://acct/c/b?sig=SECRET",
    ):
        own.wire.call("GET", f"/_emulator/healthz?{query}")
    assert "SECRET" not in json.dumps(own.emulator.journal.entries())
    assert "sv=2013" in json.dumps(own.emulator.journal.entries())


def test_the_journal_is_bounded(own):
    """Only the last thousand requests are kept."""
    for _ in range(1005):
        own.emulator.journal.note("id", 0.0, "GET", "/", None, 200)
    assert 1000 == len(own.emulator.journal.entries())


# The rest


def test_evidence_is_served(wire):
    """How each behaviour is known can be read from the running emulator."""
    answer = wire.call("GET", "/_emulator/evidence")
    assert (200, load("evidence")) == (answer.status, answer.json)


def test_the_progress_of_a_job(staged):
    """The last word of a job's worker can be read while it runs, and is forgotten afterwards."""
    target = staged.deploy(graphs.NO_INPUT)
    job = target.jobs("POST", "", {}).json
    url = f"/_emulator/jobs/{job}"
    assert {} == staged.wire.call("GET", url).json
    target.jobs("POST", f"/{job}/start")
    handle = staged.emulator.handle_of(job)
    progress = staged.emulator.staged.tasks[handle].progress
    assert progress is not None
    progress({"module": "Enter Data Manually", "done": 1, "of": 2})
    assert {"module": "Enter Data Manually", "done": 1, "of": 2} == staged.wire.call("GET", url).json
    staged.emulator.finish(job)
    assert {} == staged.wire.call("GET", url).json


@pytest.mark.parametrize(("method", "path"), [("POST", "/_emulator/healthz"), ("DELETE", "/_emulator/clock")])
def test_other_methods_are_refused(wire, method, path):
    """A method that a route does not have is 405 in the control plane's own envelope."""
    assert (405, "MethodNotAllowed", None) == wire.call(method, path).refusal


def test_a_large_body_is_refused(wire):
    """The control plane takes 4 MB and no more."""
    answer = wire.call("POST", "/_emulator/clock", raw=b" " * (4 * 1024 * 1024 + 1))
    assert (413, "PayloadTooLarge", None) == answer.refusal


def test_a_caller_of_two_emulators(own, wire):
    """Two emulators in one process keep apart."""
    assert isinstance(wire, Wire)
    clock(own, freeze=1000)
    assert not wire.emulator.clock.frozen
