"""The signs of the catalogue: a client that meets a failure recognises it by what really came back."""

import json

import pytest

from amlclient import AmlError, Answer, Call, JobCancelled, JobFailed, JobTimeout
from amlclient._client import refusal
from amlemulator.failures.catalogue import failures

pytestmark = pytest.mark.timeout(600)  # the first of these tests waits until all failures have been played

SIGNED = [failure for failure in failures() if "signs" in failure.data]
# What goes well on the wire and is wrong all the same: nothing that comes back could be a sign.
SILENT = {
    "predictive-not-deployed",
    "endpoint-never-patched",
    "another-endpoint-scored",
    "another-endpoint-patched",
    "refresh-discards-model",
    "republished-endpoint-stale",
    "prevent-update",
    "not-propagated",
    "same-model",
}


def error_of(exchange) -> AmlError | None:
    """Return what the client would raise for an answer."""
    asked, answer = exchange["request"], exchange["answer"]
    if answer["status"] >= 400:
        call = Call(asked["method"], asked["url"])
        return refusal(Answer(call, answer["status"], {}, answer["body"].encode()))
    try:
        status = json.loads(answer["body"])
    except ValueError:
        return None
    state = status.get("StatusCode") if isinstance(status, dict) else None
    if state == "Failed":
        return JobFailed(job_id="j", details=status["Details"])
    if state == "Cancelled":
        return JobCancelled(job_id="j")
    return JobTimeout(job_id="j", state=state, seconds=1, cancelled=False) if state == "NotStarted" else None


def test_every_failure_that_shows_has_signs():
    """Only what the service answers as if all were well has none."""
    assert SILENT == {failure.id for failure in failures()} - {failure.id for failure in SIGNED}


@pytest.mark.parametrize("failure", SIGNED, ids=lambda failure: failure.id)
def test_a_failure_is_recognised_by_what_came_back(played, failure):
    """Of the refusals of its own calls, each is recognised as it; what is named besides looks the same."""
    exchanges = (one for one in played[failure.id]["exchanges"] if one["phase"] == "calls")
    errors = [error for one in exchanges if (error := error_of(one))]
    assert errors
    assert [] == [str(error) for error in errors if failure.id not in error.failures]
