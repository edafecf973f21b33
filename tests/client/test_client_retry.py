"""When a call is sent again, and when it must not be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlclient import (
    Answer,
    AnswerLost,
    AnswerTimeout,
    Bearer,
    Call,
    NotSent,
    RetryPolicy,
    ServiceClient,
    ServiceError,
    ServiceUnavailable,
    TransportError,
    Unauthorized,
)
from client.fake_service import FakeClock

PLACE = {"method": "X", "url": "http://x/"}
LOST, SILENT, UNSENT = AnswerLost("lost", **PLACE), AnswerTimeout("late", **PLACE), NotSent("refused", **PLACE)


class Scripted:
    """A transport that plays a list of outcomes, the last for ever."""

    def __init__(self, *outcomes: int | TransportError) -> None:
        self.outcomes, self.sent = list(outcomes), []

    def send(self, call: Call, deadline: object) -> Answer:
        self.sent.append(call)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, TransportError):
            raise outcome
        return Answer(call, outcome, {}, b"{}")


def client(script: Scripted, **options: object) -> ServiceClient:
    clock = FakeClock()
    return ServiceClient(Bearer("k" * 20), transport=script, clock=clock, **options)  # type: ignore[arg-type]


def call(repeatable: bool = False) -> Call:
    return Call("POST", "http://x/", repeatable=repeatable)


@pytest.mark.parametrize("outcome", [503, UNSENT])
def test_what_did_nothing_is_repeated_whatever_the_call(outcome) -> None:
    """503 and a connection that was never made: again, even for a call that must not be done twice."""
    script = Scripted(outcome, outcome, 200)
    assert 200 == client(script).call(call()).status
    assert 3 == len(script.sent)


@pytest.mark.parametrize("outcome", [LOST, SILENT, 502, 504])
def test_an_unknown_outcome_is_repeated_only_for_repeatable_calls(outcome) -> None:
    """A lost answer to a call that may have done its work is raised, unless doing it twice does no harm."""
    script = Scripted(outcome, 200)
    assert 200 == client(script).call(call(repeatable=True)).status
    script = Scripted(outcome, 200)
    with pytest.raises((TransportError, ServiceError)):
        client(script).call(call())
    assert 1 == len(script.sent)


def test_it_is_given_up_after_six_attempts() -> None:
    """Or as many as the policy says; the last answer is the answer."""
    for policy, attempts in ((RetryPolicy(), 6), (RetryPolicy(attempts=2), 2)):
        script = Scripted(503)
        with pytest.raises(ServiceUnavailable):
            client(script, retry=policy).call(call())
        assert attempts == len(script.sent)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429, 500])
def test_a_refusal_is_not_repeated(status) -> None:
    """What the service refused it would refuse again."""
    script = Scripted(status)
    with pytest.raises(ServiceError):
        client(script).call(call(repeatable=True))
    assert 1 == len(script.sent)


def test_a_fresh_endpoint_is_given_its_seconds() -> None:
    """Within the window that the caller opened, 401 is asked again; after it, it is the answer."""
    script = Scripted(401, 401, 401, 200)
    assert 200 == client(script, retry=RetryPolicy(fresh_seconds=10)).call(call()).status
    script = Scripted(401)
    with pytest.raises(Unauthorized):
        client(script, retry=RetryPolicy(fresh_seconds=10)).call(call())
    assert 11 == len(script.sent)


@given(seconds=st.floats(0.01, 100), outcomes=st.lists(st.sampled_from([503, UNSENT, LOST, 401]), min_size=1))
def test_retries_end_within_the_time_allowed(seconds, outcomes) -> None:
    """Whatever comes back, an operation never waits beyond its own time."""
    clock = FakeClock()
    begun = clock.monotonic()
    policy = RetryPolicy(fresh_seconds=1000, attempts=1000)
    made = ServiceClient(transport=Scripted(*outcomes), clock=clock, retry=policy, timeout=seconds)  # type: ignore[arg-type]
    with pytest.raises((TransportError, ServiceError)):
        made.call(call(repeatable=True))
    assert clock.monotonic() - begun <= seconds


def test_delays_grow_to_a_limit() -> None:
    """The pause doubles and stays at the longest."""
    policy = RetryPolicy()
    assert [0.5, 1.0, 2.0, 4.0, 8.0, 8.0] == [policy.delay(LOST, attempt=n, age=0) for n in range(1, 7)]


def test_the_key_travels_with_each_attempt_and_shows_nowhere() -> None:
    """Authentication is a step of its own; its secret is in no representation."""
    script = Scripted(503, 200)
    client(script).call(call())
    assert ["Bearer " + "k" * 20] * 2 == [sent.headers["Authorization"] for sent in script.sent]
    assert "k" * 20 not in repr(script.sent) + repr(Bearer("k" * 20)) + str(vars(client(script))["_auth"])
