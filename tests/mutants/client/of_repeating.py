"""When a call is sent again, and for how long."""

from __future__ import annotations

from dataclasses import replace

from amlclient import (
    Answer,
    AnswerLost,
    Deadline,
    ManagementClient,
    NotSent,
    OutcomeUnknown,
    RetryPolicy,
    ServiceClient,
)
from mutants.client import mutant
from mutants.patching import Patch

BROKEN = "laws/test_broken_connections.py::test_wherever_a_connection_breaks_the_caller_is_told_the_truth"
STAYS_BROKEN = "laws/test_broken_connections.py::test_a_connection_that_stays_broken_is_told_as_such"
AGAIN = "laws/test_refusals.py::test_only_what_did_nothing_is_asked_again"
BUSY = "laws/test_time_limits.py::test_a_service_that_stays_busy_ends_with_the_time_allowed"
DRIPS = "laws/test_time_limits.py::test_an_answer_that_drips_ends_with_the_time_allowed"


def _as_repeatable(patch: Patch, which) -> None:
    """Have calls of one kind repeated as if that did no harm."""

    def make(original):
        def safe(call, outcome):
            return original(replace(call, repeatable=call.repeatable or which(call)), outcome)

        return safe

    safe = RetryPolicy._safe
    patch.set(RetryPolicy, "_safe", staticmethod(make(safe)))


@mutant("start-repeated", f"{BROKEN}[ScoringClient.start_job-reset]")
def _(patch: Patch) -> None:
    """The start of a job whose answer was lost is sent again."""
    _as_repeatable(patch, lambda call: call.url.endswith("/start"))


@mutant("patch-repeated", f"{BROKEN}[ManagementClient.patch_resource-reset]")
def _(patch: Patch) -> None:
    """A PATCH whose answer was lost is sent again."""
    _as_repeatable(patch, lambda call: call.method == "PATCH")


@mutant("delete-repeated", f"{BROKEN}[ManagementClient.delete_endpoint-reset]")
def _(patch: Patch) -> None:
    """A DELETE whose answer was lost is sent again, and told as not found."""
    _as_repeatable(patch, lambda call: call.method == "DELETE")


@mutant("refresh-repeated", f"{BROKEN}[ManagementClient.refresh_endpoint-reset]")
def _(patch: Patch) -> None:
    """A refresh whose answer was lost is sent again."""
    _as_repeatable(patch, lambda call: call.url.endswith("/refresh"))


def _also_for(patch: Patch, *statuses: int) -> None:
    """Have answers of these statuses asked again, whatever the call."""

    def make(original):
        return lambda call, outcome: (
            (isinstance(outcome, Answer) and outcome.status in statuses) or original(call, outcome)
        )

    safe = RetryPolicy._safe
    patch.set(RetryPolicy, "_safe", staticmethod(make(safe)))


@mutant("internal-error-repeated", f"{AGAIN}[ScoringClient.start_job]")
def _(patch: Patch) -> None:
    """A call that was answered with 500 is sent again, done or not."""
    _also_for(patch, 500)


@mutant("gateway-time-out-repeated", f"{AGAIN}[ScoringClient.start_job]")
def _(patch: Patch) -> None:
    """A call that a gateway gave up on is sent again, done or not."""
    _also_for(patch, 502, 504)


@mutant("refusal-repeated", f"{AGAIN}[ScoringClient.job]")
def _(patch: Patch) -> None:
    """What the service refused as wrong is asked again."""
    _also_for(patch, 400, 401, 404, 409)


@mutant("busy-given-up", "laws/test_refusals.py::test_throttled_and_warming_calls_are_done_once_in_the_end")
def _(patch: Patch) -> None:
    """A throttled call is not sent again."""
    wants = RetryPolicy.wants

    def gives_up(self, call, outcome, *, attempt, age):
        throttled = isinstance(outcome, Answer) and outcome.status == 503
        return not throttled and wants(self, call, outcome, attempt=attempt, age=age)

    patch.set(RetryPolicy, "wants", gives_up)


@mutant("unreachable-given-up", "test_client_retry.py::test_what_did_nothing_is_repeated_whatever_the_call")
def _(patch: Patch) -> None:
    """A call that was never sent is not sent again."""
    safe = RetryPolicy._safe
    patch.set(RetryPolicy, "_safe", staticmethod(lambda call, it: not isinstance(it, NotSent) and safe(call, it)))


@mutant("lost-answer-given-up", f"{BROKEN}[ScoringClient.score-reset]")
def _(patch: Patch) -> None:
    """A lost answer is not asked for again, where that would do no harm."""
    safe = RetryPolicy._safe
    patch.set(
        RetryPolicy, "_safe", staticmethod(lambda call, it: not isinstance(it, OutcomeUnknown) and safe(call, it))
    )


@mutant("repeats-for-ever", f"{STAYS_BROKEN}[ServiceClient.call]")
def _(patch: Patch) -> None:
    """A call is sent again as often as its time allows."""
    wants = RetryPolicy.wants

    def again(self, call, outcome, *, attempt, age):
        return wants(self, call, outcome, attempt=1, age=age)

    patch.set(RetryPolicy, "wants", again)


@mutant("once-too-often", f"{STAYS_BROKEN}[ServiceClient.call]")
def _(patch: Patch) -> None:
    """The number of attempts is that of the repetitions."""
    wants = RetryPolicy.wants

    def again(self, call, outcome, *, attempt, age):
        return wants(self, call, outcome, attempt=attempt - 1, age=age)

    patch.set(RetryPolicy, "wants", again)


@mutant("no-longer-fresh", "laws/test_refusals.py::test_the_401s_of_a_fresh_endpoint_are_waited_out_where_asked")
def _(patch: Patch) -> None:
    """The window for the 401s of a new endpoint is not kept open."""
    patch.set(RetryPolicy, "is_fresh", lambda self, outcome, age: False)


@mutant("fresh-for-ever", "laws/test_refusals.py::test_the_401s_of_a_fresh_endpoint_are_waited_out_where_asked")
def _(patch: Patch) -> None:
    """A wrong key is asked again and again, window or not."""
    patch.set(RetryPolicy, "is_fresh", lambda self, it, age: isinstance(it, Answer) and it.status == 401)


@mutant("pause-beyond-the-end", f"{BUSY}[ServiceClient.call]")
def _(patch: Patch) -> None:
    """A pause between attempts is made though the time is over before its end."""
    patch.set(RetryPolicy, "delay", lambda self, outcome, *, attempt, age: _Pause(8.0))


class _Pause(float):
    """Seconds that seem to be none."""

    def __ge__(self, other: object) -> bool:
        return False


@mutant("time-per-attempt", f"{BUSY}[ServiceClient.call]")
def _(patch: Patch) -> None:
    """Each attempt has the whole time-out, and so has what comes after it."""
    retrying = ServiceClient._send_retrying

    def generous(self, call, deadline):
        return retrying(self, call, Deadline(deadline.clock, deadline.seconds * 10))

    patch.set(ServiceClient, "_send_retrying", generous)


@mutant("time-per-call", f"{DRIPS}[HelpReader.update_resource-0.5]")
def _(patch: Patch) -> None:
    """An operation of several calls gives each of them the whole time-out."""

    class Generous(Deadline):
        @property
        def left(self) -> float:
            return self.seconds

    for kind in (ServiceClient, ManagementClient):
        deadline = ServiceClient._deadline
        patch.set(
            kind, "_deadline", lambda self, timeout, make=deadline: Generous(self._clock, make(self, timeout).seconds)
        )


@mutant("lost-told-as-not-sent", f"{BROKEN}[ScoringClient.start_job-reset]")
def _(patch: Patch) -> None:
    """A connection that broke after the request is told as one that was never made."""
    from amlclient import _transport

    def make(original):
        def translate(error, call):
            told = original(error, call)
            return NotSent(told.reason, method=call.method, url=call.url) if isinstance(told, AnswerLost) else told

        return translate

    patch.wrap(_transport, "translate", make)
