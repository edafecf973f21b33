"""The upload, through the official SDK: in time, told truly, and without the account's key."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlclient import AmlError, ServiceError, TransportError, upload_file
from client.fake_service import FakeClock
from client.laws.catalogue import EVERY
from client.laws.ground import Outcome, listening, secrets_in
from client.laws.network import Fate, Network, connected

KEY = "c2VjcmV0LWFjY291bnQta2V5LWluLWJhc2U2NA=="
CONNECTION = f"DefaultEndpointsProtocol=http;AccountName=acct;AccountKey={KEY};BlobEndpoint=http://aml.test/acct"
CONTENT = b"a,b\r\n1,2\r\n"
BLOB = "/acct/box/rows.csv"
TIMEOUT = 90.0
ROUNDING = 1e-6


class Storage:
    """A blob storage that takes what it is sent."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        content = environ["wsgi.input"].read()
        if environ.get("HTTP_X_MS_BLOB_TYPE"):
            self.blobs[environ["PATH_INFO"]] = content
        headers = [("Content-Length", "0"), ("ETag", '"0x1"'), ("Last-Modified", "Fri, 01 Jan 2016 00:00:00 GMT")]
        start_response("201 Created", headers)
        return [b""]


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_bytes(CONTENT)
    return path


def uploaded(rows: Path, fates: dict[int, Fate], app: Any = None, timeout: float = TIMEOUT) -> tuple[Outcome, Network]:
    """Upload the rows over a network with these fates; hold what holds of every upload."""
    clock, storage = FakeClock(), Storage()
    network = Network(app or storage, clock, fates)
    with connected(network), listening() as said:
        outcome = Outcome(said=said)
        began = clock.monotonic()
        try:
            outcome.value = upload_file(
                rows, connection_string=CONNECTION, container="box", blob="rows.csv", timeout=timeout, clock=clock
            )
        except AmlError as error:
            outcome.error = error
        outcome.seconds = round(clock.monotonic() - began, 6)
    assert [] == secrets_in(outcome, KEY)
    assert outcome.seconds <= timeout + ROUNDING
    if outcome.error is None:
        assert app is None
        assert {BLOB: CONTENT} == storage.blobs
    return outcome, network


@pytest.mark.parametrize("how", ["end", "reset", "silence"])
@pytest.mark.parametrize("number", [0, 1])
def test_one_broken_connection_is_made_up_for(rows: Path, number: int, how: str) -> None:
    """Broken anywhere in request or answer, an upload is sent again: writing the same bytes twice is no harm."""
    _, network = uploaded(rows, {})
    exchange = network.exchanges[number]
    for side, size in (("request", len(exchange.request)), ("answer", len(exchange.answer or b""))):
        for at in (0, *range(1, size, 16), size - 1):
            outcome, _ = uploaded(rows, {number: Fate(**{side: at}, how=how)})
            assert outcome.error is None, (side, at, outcome.error)


@pytest.mark.parametrize("fate", [Fate(answer=0), Fate(answer=30, how="reset"), Fate(how="silence", answer=0),
                                  Fate(pace=1.0), Fate(pace=70.0), Fate(uplink=1.0), Fate(connecting=19.0),
                                  Fate(connecting=1000.0)], ids=repr)  # fmt: skip
@pytest.mark.parametrize("timeout", [1.0, 5.0, TIMEOUT])
def test_what_stays_broken_or_slow_ends_in_time(rows: Path, fate: Fate, timeout: float) -> None:
    """The SDK's retries, its pauses and its slow reads are all within the time that was given."""
    outcome, _ = uploaded(rows, dict.fromkeys(range(100), fate), timeout=timeout)
    assert outcome.error is None or isinstance(outcome.error, TransportError)


fates = st.builds(
    Fate,
    request=st.none() | st.integers(0, 700),
    answer=st.none() | st.integers(0, 150),
    how=st.sampled_from(["end", "reset", "silence"]),
    pace=st.sampled_from([0.0, 0.1, 9.0]),
    connecting=st.sampled_from([0.0, 9.0, 60.0]),
)


@settings(max_examples=60)
@given(played=st.dictionaries(st.integers(0, 6), fates, max_size=6), timeout=st.floats(0.1, 200))
def test_whatever_breaks_an_upload_is_told_truly_and_in_time(
    rows: Path, played: dict[int, Fate], timeout: float
) -> None:
    """Success is told when the storage has the bytes, and otherwise it is an error of ours."""
    outcome, _ = uploaded(rows, played, timeout=timeout)
    assert outcome.error is None or isinstance(outcome.error, TransportError)


@pytest.mark.parametrize("refusal", [one for one in EVERY if one.host == "blob" and one.status >= 400],
                         ids=lambda one: one.name)  # fmt: skip
def test_every_error_of_the_storage_is_told_as_it_is(rows: Path, refusal: Any) -> None:
    """Its status and its code, as ServiceError; a container that is there already is no trouble."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.input"].read()

        def start(status: str, headers: list[tuple[str, str]]) -> None:
            start_response(status, [*headers, ("x-ms-error-code", refusal.code)])

        return refusal(environ, start)

    outcome, _ = uploaded(rows, {}, app)
    assert isinstance(outcome.error, ServiceError)
    assert (refusal.status, refusal.code) == (outcome.error.status, outcome.error.code)
