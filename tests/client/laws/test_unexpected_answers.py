"""Answers that say yes and are not what they should be: cut, swollen, of another shape, or with more than is known."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlclient import AmlError, AnswerLost, JobTimeout, ServiceError, Transport, UnexpectedAnswer
from client.fake_service import ACCOUNT_KEY, KEY, SIGNATURE
from client.laws import ground as grounds
from client.laws.ground import grounded, secrets_in
from client.laws.network import Fate
from client.laws.operations import BY_NAME, CASES, may_be_done_twice
from client.laws.test_broken_connections import healthy

NAMES = list(BY_NAME)
RAW = ("ServiceClient.call", "BlobReader.read", "BlobReader.download", "HelpReader.update_resource")
ADDED = ("ManagementClient.add_endpoint", "ManagementClient.update_endpoint")
UNREAD = ("ManagementClient.patch_resource", *ADDED, *RAW)
# Whose last answer is JSON, and all that the caller is told of.
READ = [case.name for case in CASES if case.name not in UNREAD and healthy(case)[1][-1].body]
SHAPES = [b"", b"null", b"[]", b"{}", b'"x y"', b"0", b"[" * 100_000, b"\xff\xfe{}", b"1" * 5000, b"<p>" + KEY.encode()]


def answer(body: bytes, status: int = 200, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def played(name: str, whole: bytes, number: int = -1, **facts: Any) -> grounds.Outcome:
    """Play a case whose ``number``-th answer (the last, unless it is said) is ``whole``."""
    case = BY_NAME[name]
    number = number % case.calls
    with grounded(fates={number: Fate(rewritten=lambda _: whole)}, **facts) as ground:
        outcome = case.play(ground)
    assert outcome.seconds <= ground.timeout
    assert [] == secrets_in(outcome)
    return outcome


@pytest.mark.parametrize("name", READ)
def test_json_that_is_cut_is_never_read_as_an_answer(name: str) -> None:
    """Cut anywhere and sent as if it were whole: told as such, without what was left of it, which may hold keys."""
    body = healthy(BY_NAME[name])[1][-1].body
    for at in range(len(body)):
        outcome = played(name, answer(body[:at]))
        assert isinstance(outcome.error, UnexpectedAnswer), (at, outcome)


@pytest.mark.parametrize("name", ADDED)
def test_the_cut_answer_to_a_put_is_asked_for_again(name: str) -> None:
    """A PUT was done when it is answered with success: what its answer lacks is looked up."""
    wanted, exchanges = healthy(BY_NAME[name])
    for at in range(len(exchanges[-1].body)):
        outcome = played(name, answer(exchanges[-1].body[:at]))
        assert wanted == repr(outcome.value)


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("body", SHAPES, ids=range(len(SHAPES)))
def test_json_of_another_shape_is_never_read_as_an_answer(name: str, body: bytes) -> None:
    """Whatever comes with a 200: an answer of the right shape, or UnexpectedAnswer. An empty list lists nothing."""
    outcome = played(name, answer(body))
    if body == b"[]" and name in ("ManagementClient.services", "ManagementClient.endpoints"):
        assert [] == outcome.value
    elif body == b"{}" and name == "ScoringClient.swagger":
        assert {} == outcome.value
    else:
        assert isinstance(outcome.error, UnexpectedAnswer), outcome


@pytest.mark.parametrize("name", NAMES)
def test_an_oversized_answer_is_not_kept(name: str, monkeypatch) -> None:
    """What is larger than any answer should be is refused as soon as that shows; a download has no such bound."""
    monkeypatch.setattr(grounds, "Transport", lambda: Transport(most_bytes=5000))
    outcome = played(name, answer(b" " * 100_000 + healthy(BY_NAME[name])[1][-1].body))
    if name == "BlobReader.download":
        assert outcome.value.endswith(b"model")
    else:
        assert "larger than 5000 bytes" in str(outcome.error)


def widened(value: Any, draw: Any) -> Any:
    """Return JSON with members that nobody knows in each of its objects."""
    if isinstance(value, list):
        return [widened(one, draw) for one in value]
    if not isinstance(value, dict):
        return value
    more = draw(st.dictionaries(st.sampled_from(["More", "odata.metadata", "x-new", "é", ""]), anything, max_size=2))
    return {**more, **{name: widened(member, draw) for name, member in value.items()}}


anything = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=3), st.lists, max_leaves=3)


@given(name=st.sampled_from([name for name in READ if "swagger" not in name and "score" not in name]), data=st.data())
def test_members_that_nobody_knows_change_nothing(name: str, data: st.DataObject) -> None:
    """A newer service may say more; what was known means the same."""
    wanted, exchanges = healthy(BY_NAME[name])
    body = json.loads(exchanges[-1].body)
    wide = widened(body, data.draw)
    if isinstance(wide, dict) and isinstance(wide.get("Results"), dict):
        wide["Results"] = body["Results"]  # its members are the outputs
    assert wanted == repr(played(name, answer(json.dumps(wide).encode())).value)


def statuses() -> Iterator[int]:
    """Yield every status there could be that is no success; what comes before an answer (100) is passed over."""
    yield from (101, 102, 103, 199, *range(300, 311), 399, *range(400, 432), 451, 499, *range(500, 512), 599, 600, 999)


@pytest.mark.parametrize("name", NAMES)
def test_no_status_but_2xx_is_success(name: str) -> None:
    """1xx, 3xx and what nobody knows are refusals, whatever comes with them; 304 is an answer to a refresh alone."""
    body = healthy(BY_NAME[name])[1][-1].body
    for status in statuses():
        if status in (304, 503):  # 304 has no body, and 503 is asked again: both have laws of their own
            continue
        outcome = played(name, answer(body, status), timeout=0.4)
        assert isinstance(outcome.error, ServiceError | AmlError), (status, outcome)
        assert outcome.value is None
    not_modified = played(name, b"HTTP/1.1 304 X\r\n\r\n")
    assert (name == "ManagementClient.refresh_endpoint") == (not_modified.error is None)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_sent_where_a_redirect_leads(name: str, status: int) -> None:
    """The service never redirects; a key, a SAS or a body would travel to whoever says so."""
    whole = answer(b"", status, "Location: http://elsewhere.test/steal", f"Set-Cookie: a={SIGNATURE}")
    case = BY_NAME[name]
    with grounded(fates={0: Fate(rewritten=lambda _: whole)}) as ground:
        outcome = case.play(ground)
        assert 1 == len(ground.network.exchanges)
        assert status == outcome.error.status
        assert b"elsewhere" not in b"".join(bytes(one.request) for one in ground.network.exchanges)


ESCAPED = (("+", "="), ("\\u002B", "="), ("%2B", "%3D"))


def own_keys(name: str) -> set[str]:
    """Return the credentials that a case is called with."""
    with grounded() as ground:
        BY_NAME[name].play(ground)
        return {key for client in ground.opened for key in client._auth.secrets()}


@pytest.mark.parametrize(("name", "status"), [(name, status) for name in NAMES for status in (200, 400, 401, 500)
                                              if status != 200 or name not in RAW])  # fmt: skip
def test_an_answer_that_quotes_secrets_is_not_repeated(name: str, status: int) -> None:
    """Every secret, in every spelling that it has in texts, in JSON and in addresses, in JSON and in what is none."""
    texts = [f"{escaped}sig={SIGNATURE}&x=1" for escaped in ("?", "&", "\\u0026", "%26", "&amp;")]
    texts += [f"%26sig%3D{SIGNATURE}", f"AccountKey={ACCOUNT_KEY};", f"Bearer {KEY}"]
    texts += [key.replace("+", plus).replace("=", equals) for key in own_keys(name) for plus, equals in ESCAPED]
    for text in texts:
        for body in (text, json.dumps({"error": {"code": "x", "message": text}})[:-1], f"<Error>{text}"):
            outcome = played(name, answer(body.encode(), status))
            assert text not in outcome.shown


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_says_no_length_is_not_whole(name: str) -> None:
    """Every HTTP/1.1 answer of the service says how long it is; one that does not may have been cut anywhere."""
    whole = b"HTTP/1.1 200 OK\r\n\r\n" + healthy(BY_NAME[name])[1][-1].body
    with grounded(fates=dict.fromkeys(range(500), Fate(rewritten=lambda _: whole))) as ground:
        outcome = BY_NAME[name].play(ground)
    assert isinstance(outcome.error, AnswerLost | JobTimeout)


@pytest.mark.parametrize("name", NAMES)
def test_a_success_that_cannot_be_read_is_not_asked_for_again(name: str) -> None:
    """The service said yes: doing it again would be doing it twice."""
    with grounded(fates=dict.fromkeys(range(9), Fate(rewritten=lambda _: answer(b"{")))) as ground:
        BY_NAME[name].play(ground)
        calls = [one.call for one in ground.network.exchanges if not may_be_done_twice(*one.call)]
        assert len(calls) == len(set(calls))
