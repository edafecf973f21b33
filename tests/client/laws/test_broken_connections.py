"""A connection that breaks at every byte, of the request and of the answer, of every public call."""

import os
from collections.abc import Iterator
from functools import cache

import pytest

from amlclient import AnswerLost, AnswerTimeout, OutcomeUnknown
from client.laws.ground import Outcome, grounded, secrets_in
from client.laws.network import Exchange, Fate
from client.laws.operations import BY_NAME, CASES, Case, may_be_done_twice, public_calls, public_functions

NAMES = [case.name for case in CASES]
TOLD_AS = {"end": AnswerLost, "reset": AnswerLost, "silence": AnswerTimeout}
# Each kind of exchange is ended after every byte. The other ways to break differ from that in the error alone, and
# what several calls have in common breaks alike in all: those are gone through in steps, unless all of it is asked for.
STEP = 1 if os.environ.get("AMLCLASSIC_EVERY_BYTE") else 16


def test_every_call_has_a_case() -> None:
    """A new public call of any client is a case of the laws, or this fails."""
    talk_to_nobody = {"ServiceClient.close", "ManagementClient.endpoint_url"}
    assert set(public_calls()) - talk_to_nobody == set(BY_NAME)


def test_every_function_that_talks_to_a_service_has_its_laws() -> None:
    """Functions that the package publishes: test_diagnoses.py and test_uploads.py have those that call anybody."""
    talk_to_nobody = {"known_failure", "mask", "read_evaluation", "recognise", "redact"}
    serve_in_process = {"gathered", "wsgi_call", "wsgi_environ", "wsgi_session"}
    assert {"diagnose", "upload_file"} == set(public_functions()) - talk_to_nobody - serve_in_process


@cache
def healthy(case: Case) -> tuple[str, tuple[Exchange, ...]]:
    """Play a case when nothing breaks: what it tells, and what went over the wire."""
    with grounded() as ground:
        outcome = case.play(ground)
        assert outcome.error is None, outcome.shown
        assert case.calls == len(ground.network.exchanges)
        return repr(outcome.value), tuple(ground.network.exchanges)


def breaches(case: Case, number: int, fate: Fate) -> list[str]:
    """Break one exchange of a case, and return which laws that breaks."""
    with grounded(fates={number: fate}) as ground:
        before = len(ground.service.done)
        outcome = case.play(ground)
        done = ground.service.done[before:]
        found = [f"shows {secret}" for secret in secrets_in(outcome)]
        if outcome.seconds > ground.timeout:
            found.append(f"took {outcome.seconds:g} s of {ground.timeout:g}")
    once = [call for call in done if not may_be_done_twice(*call)]
    if len(once) > len(set(once)):
        found.append(f"was done more than once: {once}")
    found += misreported(case, number, fate, outcome)
    return [f"{fate}: {breach}" for breach in found]


def misreported(case: Case, number: int, fate: Fate, outcome: Outcome) -> list[str]:
    """Tell when success is told of what did not happen, or trouble where asking again would have helped."""
    wanted, exchanges = healthy(case)
    told = "success" if outcome.error is None and wanted == repr(outcome.value) else type(outcome.error).__name__
    right = "success" if may_be_repeated(case, exchanges[number]) else TOLD_AS[fate.how].__name__
    return [] if told == right else [f"told {told}"]


def may_be_repeated(case: Case, exchange: Exchange) -> bool:
    return may_be_done_twice(*exchange.call) and case.name != "BlobReader.download"  # half of it is written already


def to_break(case: Case) -> Iterator[tuple[int, int]]:
    """Yield number and step of each exchange to break: of several calls to one address the last, which says most."""
    last = {exchange.call: number for number, exchange in enumerate(healthy(case)[1])}
    before = {one.call for other in CASES[: CASES.index(case)] for one in healthy(other)[1]}
    for call, number in last.items():
        yield number, STEP if call in before else 1


@pytest.mark.parametrize("how", TOLD_AS)
@pytest.mark.parametrize("name", NAMES)
def test_wherever_a_connection_breaks_the_caller_is_told_the_truth(name: str, how: str) -> None:
    """Asked again where that does no harm, told as unknown where it might: in time, done once, and without a secret."""
    case, found = BY_NAME[name], list[str]()
    for number, every in to_break(case):
        step = every if how == "end" else STEP
        exchange = healthy(case)[1][number]
        asked, answered = len(exchange.request), len(exchange.answer or b"")
        for at in {*range(0, asked, step), asked - 1}:
            found += breaches(case, number, Fate(request=at, how=how))
        for at in {*range(0, answered, step), answered - 1}:
            found += breaches(case, number, Fate(answer=at, how=how))
    assert [] == found


@pytest.mark.parametrize("name", NAMES)
def test_a_connection_that_stays_broken_is_told_as_such(name: str) -> None:
    """When every answer is lost, what may be asked again is asked a bounded number of times, the rest once."""
    case = BY_NAME[name]
    first = healthy(case)[1][0]
    with grounded(fates=dict.fromkeys(range(200), Fate(answer=20))) as ground:
        outcome = case.play(ground)
        assert [] == secrets_in(outcome)
        if (
            name == "ScoringClient.wait_for_job"
        ):  # one lost look is no reason to give up: it looks till its time is over
            assert "was still Unknown" in str(outcome.error)
        else:
            attempts = 6 if may_be_repeated(case, first) else 1
            assert (AnswerLost, attempts) == (type(outcome.error), len(ground.network.exchanges))
        assert outcome.seconds <= ground.timeout


def test_the_error_of_a_lost_answer_is_an_unknown_outcome() -> None:
    """Who catches OutcomeUnknown catches both ways in which an answer can be lost."""
    assert all(issubclass(kind, OutcomeUnknown) for kind in TOLD_AS.values())
