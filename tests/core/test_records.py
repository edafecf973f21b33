"""Records: whose each one is, and which states of a job are its last."""

import pytest

from amlemulator.core.records import JobState
from support.records import ENDPOINT_ID, SERVICE_ID, WORKSPACE_ID, make_endpoint, make_job, make_service, make_workspace


@pytest.mark.parametrize(
    ("record", "parent"),
    [
        (make_workspace(), ""),
        (make_service(), WORKSPACE_ID),
        (make_endpoint(), SERVICE_ID),
        (make_job(), ENDPOINT_ID),
    ],
)
def test_whose_a_record_is(record, parent):
    """A job is its endpoint's, an endpoint its web service's, a service its workspace's, and a workspace nobody's."""
    assert parent == record.parent


@pytest.mark.parametrize("state", JobState)
def test_the_last_states(state):
    """A job that waits or runs may still change; one that failed, was cancelled or has finished stays as it is."""
    assert (state not in {"NotStarted", "Running"}) == state.ended
