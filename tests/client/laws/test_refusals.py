"""Every error of the catalogue, answered to every public call."""

import json

import pytest

from amlclient import JobTimeout, NotFound, RetryPolicy, ServiceError, ServiceUnavailable, Unauthorized
from amlcontracts import load
from amlcontracts.schemas import faults
from client.laws.catalogue import ENVELOPES, EVERY, SCHEMAS, Refusal
from client.laws.ground import Ground, Outcome, grounded, secrets_in
from client.laws.network import Fate
from client.laws.operations import BY_NAME, Case, may_be_done_twice

NAMES = list(BY_NAME)
KINDS = {401: Unauthorized, 404: NotFound, 503: ServiceUnavailable}
BUSY = [one for one in EVERY if one.status == 503]


def test_every_host_of_the_catalogue_has_its_envelope() -> None:
    """Errors of a host that is new in the contracts are driven through the client too, or this fails."""
    assert set(load("errors")) == {"groups", *ENVELOPES}


@pytest.mark.parametrize(
    "refusal", [one for one in EVERY if one.kind.startswith("application/json")], ids=lambda one: one.name
)
def test_the_envelopes_are_those_of_the_contracts(refusal: Refusal) -> None:
    """What the laws have answered is what the schemas describe."""
    assert [] == faults(SCHEMAS.get(refusal.host, "error"), json.loads(refusal.body))


def read_wrongly(case: Case, refusal: Refusal, outcome: Outcome, ground: Ground) -> list[str]:
    """Return what is wrong with what the caller was told of a refusal."""
    error = outcome.error
    found = [f"shows {secret}" for secret in secrets_in(outcome)]
    if outcome.seconds > ground.timeout:
        found.append(f"took {outcome.seconds:g} s")
    if case.name == "ManagementClient.refresh_endpoint" and refusal.status == 304:
        return found if outcome.value is False else [*found, "304 is no change"]
    if case.name == "ScoringClient.wait_for_job" and refusal.status == 503:
        return found if isinstance(error, JobTimeout) else [*found, "gave up"]
    if not isinstance(error, ServiceError):
        return [*found, f"told {outcome.value!r} {error!r}"]
    body = refusal.status != 304
    wanted = (KINDS.get(refusal.status, ServiceError), refusal.status, refusal.code if body else "", "req-7")
    if wanted != (type(error), error.status, error.code, error.request_id):
        found.append(f"read as {error!r}")
    if body and refusal.detail and error.detail_codes != (refusal.detail,):
        found.append(f"details read as {error.detail_codes}")
    if body and refusal.message.partition("https")[0][:60].strip() not in error.message:
        found.append(f"message read as {error.message}")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_error_is_told_as_it_is(name: str) -> None:
    """Status, code, details and request id as they came, in time, without the secrets that the service repeats."""
    found = []
    for refusal in EVERY:
        with grounded(app=refusal) as ground:
            outcome = BY_NAME[name].play(ground)
            found += [f"{refusal.name}: {one}" for one in read_wrongly(BY_NAME[name], refusal, outcome, ground)]
    assert [] == found


@pytest.mark.parametrize("name", NAMES)
def test_only_what_did_nothing_is_asked_again(name: str) -> None:
    """503 always, 502 and 504 where doing it twice does no harm, nothing else."""
    for refusal in (*EVERY, Refusal("gateway", "502", 502, "", "", "", b"", "text/html")):
        with grounded(app=refusal, timeout=60.0) as ground:
            BY_NAME[name].play(ground)
            asked = [exchange.call for exchange in ground.network.exchanges]
        again = refusal.status == 503 or (refusal.status in (502, 504) and may_be_done_twice(*asked[0]))
        if name == "BlobReader.download" or not again:
            assert 1 == len(asked), refusal.name
        elif name != "ScoringClient.wait_for_job":
            assert 6 == len(asked), refusal.name


class Gate:
    """Refuses the first calls that are not looks, then lets everything through."""

    def __init__(self, refusal: Refusal, times: int) -> None:
        self.refusal, self.left = refusal, times
        self.service: Ground | None = None

    def __call__(self, environ, start_response):
        if self.left:
            self.left -= 1
            return self.refusal(environ, start_response)
        return self.service.service(environ, start_response)


@pytest.mark.parametrize("refusal", BUSY, ids=lambda one: one.name)
@pytest.mark.parametrize("name", [name for name in NAMES if name != "BlobReader.download"])
def test_throttled_and_warming_calls_are_done_once_in_the_end(name: str, refusal: Refusal) -> None:
    """However the service says that it is busy: after a few times it is done, and done once."""
    with grounded() as ground:
        wanted = repr(BY_NAME[name].play(ground).value)
        once = list(ground.service.done)
    gate = Gate(refusal, times=4)
    with grounded(app=gate) as ground:
        gate.service = ground
        outcome = BY_NAME[name].play(ground)
        assert (None, wanted) == (outcome.error, repr(outcome.value))
        assert once == ground.service.done


@pytest.mark.parametrize("name", [name for name in NAMES if name != "BlobReader.download"])
def test_the_401s_of_a_fresh_endpoint_are_waited_out_where_asked(name: str) -> None:
    """Inside the window that the caller opened they are asked again; without one the first is the answer."""
    fresh = next(one for one in EVERY if one.detail == "ScoreRequestUnauthorized")
    for seconds, refused in ((30.0, 5), (0.0, 1)):
        gate = Gate(fresh, times=5)
        with grounded(app=gate, retry=RetryPolicy(fresh_seconds=seconds)) as ground:
            gate.service = ground
            outcome = BY_NAME[name].play(ground)
            assert refused == 5 - gate.left
            assert (None if seconds else Unauthorized) == (outcome.error and type(outcome.error))


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("name", [case.name for case in BY_NAME.values() if case.calls > 1])
def test_a_later_call_that_is_refused_is_no_success(name: str, number: int) -> None:
    """Of a call that makes several, each one's refusal is the answer."""
    for refusal in EVERY:
        whole = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (refusal.status, len(refusal.body)) + refusal.body
        if refusal.status in (304, 503, 504):
            continue
        with grounded(fates={number: Fate(rewritten=lambda _, whole=whole: whole)}) as ground:
            outcome = BY_NAME[name].play(ground)
        assert isinstance(outcome.error, ServiceError), refusal.name
        assert [] == secrets_in(outcome)
