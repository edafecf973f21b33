"""Every public call ends within the time that it was given, however slowly it is served. The clock is a fake: exact."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from amlclient import AnswerLost, AnswerTimeout, JobTimeout, NotSent, RetryPolicy, ServiceError
from client.laws.ground import grounded, secrets_in
from client.laws.network import Fate
from client.laws.operations import BY_NAME, CASES, Case

TIMEOUTS = (1.0, 7.0, 120.0)
ROUNDING = 1e-6
SLOW = (*(Fate(uplink=pace) for pace in (0.015, 0.05, 40.0)), Fate(connecting=0.9), Fate(connecting=1000.0))
names = st.sampled_from([case.name for case in CASES])
seconds = st.sampled_from([0.0, 0.001, 0.01, 0.05, 0.3, 2.0, 9.0, 50.0, 99.0, 101.0, 1000.0])
stops = st.none() | st.integers(0, 700)
fates = st.builds(
    Fate,
    request=stops,
    answer=stops,
    how=st.sampled_from(["end", "reset", "silence"]),
    pace=seconds,
    uplink=seconds,
    connecting=seconds,
)


def spent(case: Case, timeout: float, played: dict[int, Fate]) -> None:
    """Play a case and hold that it ended in time, told the truth and showed no secret."""
    with grounded(fates=played, timeout=timeout) as ground:
        outcome = case.play(ground)
        assert [] == secrets_in(outcome)
        assert outcome.seconds <= timeout * case.times + ROUNDING, (case.name, outcome.error)
        allowed = (AnswerTimeout, AnswerLost, NotSent, JobTimeout, ServiceError)
        assert outcome.error is None or isinstance(outcome.error, allowed)


@pytest.mark.parametrize("pace", [0.02, 0.5, 60.0])
@pytest.mark.parametrize("name", list(BY_NAME))
def test_an_answer_that_drips_ends_with_the_time_allowed(name: str, pace: float) -> None:
    """A byte now and then, in the head or in the body, never runs into a read time-out; the deadline ends it."""
    for timeout in TIMEOUTS:
        spent(BY_NAME[name], timeout, dict.fromkeys(range(500), Fate(pace=pace)))


@pytest.mark.parametrize("name", list(BY_NAME))
def test_a_request_that_nobody_takes_ends_with_the_time_allowed(name: str) -> None:
    """A peer that reads slowly, or takes its time to connect, holds nobody up for longer than was allowed."""
    for timeout in TIMEOUTS:
        for slow in SLOW:
            spent(BY_NAME[name], timeout, dict.fromkeys(range(500), slow))


@settings(max_examples=150)
@given(name=names, timeout=st.floats(0.01, 300), played=st.dictionaries(st.integers(0, 8), fates, max_size=6))
@example("ServiceClient.call", 1.0, {0: Fate(request=0, how="silence", uplink=0.001)})
@example("ManagementClient.patch_resource", 7.0, {0: Fate(pace=0.01), 1: Fate(pace=1.0)})
def test_whatever_is_slow_the_time_allowed_is_kept(name: str, timeout: float, played: dict[int, Fate]) -> None:
    """Slow and broken, in any order and in any mixture: a call that makes several calls has one deadline for all."""
    spent(BY_NAME[name], timeout, played)


@pytest.mark.parametrize("name", list(BY_NAME))
def test_a_service_that_stays_busy_ends_with_the_time_allowed(name: str) -> None:
    """503 for ever, with more attempts allowed than there is time for."""
    busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    always = dict.fromkeys(range(5000), Fate(rewritten=lambda _: busy))
    for timeout in TIMEOUTS:
        with grounded(fates=always, timeout=timeout, retry=RetryPolicy(attempts=10_000)) as ground:
            outcome = BY_NAME[name].play(ground)
            assert outcome.error is not None
            assert outcome.seconds <= timeout


def test_cancelling_a_job_whose_time_is_over_takes_a_call_more() -> None:
    """The wait ends in time; what is asked for then, to cancel the job, is bounded as any other call."""
    slow = dict.fromkeys(range(500), Fate(pace=3.0))
    with grounded(fates=slow, timeout=20.0) as ground:
        with pytest.raises(JobTimeout) as caught:
            ground.training.wait_for_job(ground.running, timeout=50.0, cancel_on_timeout=True)
        assert (False, 1_000_070.0) == (caught.value.cancelled, ground.clock.monotonic())
