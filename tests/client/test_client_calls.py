"""What each operation asks of the transport: how long it may take, and whether it may be sent again."""

import pytest

from amlclient import (
    Answer,
    BlobLocation,
    Call,
    Deadline,
    EndpointSettings,
    HelpReader,
    JobStatus,
    JobTimeout,
    ManagementClient,
    ScoringClient,
    ServiceClient,
)
from client.fake_service import FakeClock

SCORED = b'{"Results": {"o": {"type": "table", "value": {"Values": []}}}}'
ENDPOINT = b'{"Name": "ep2", "Resources": [{"Name": "r"}]}'
RUNNING = b'{"StatusCode": "Running"}'
LINK = b"<a href='u'>Update Resource</a>"
NO_RESOURCES = b"<p>This Web Service has no updatable resources.</p>"
MODEL = BlobLocation("c/m.ilearner", "http://h/", "?sig=x")


class Slow:
    """A transport of which every answer takes a second; it keeps the calls, and how long each was given."""

    def __init__(self, *answers: bytes) -> None:
        self.answers, self.clock = list(answers), FakeClock()
        self.calls: list[Call] = []
        self.given: list[float] = []

    def send(self, call: Call, deadline: Deadline) -> Answer:
        self.calls.append(call)
        self.given.append(deadline.left)
        self.clock.sleep(1.0)
        return Answer(call, 200, {}, self.answers.pop(0))


def made(kind: type[ServiceClient], slow: Slow) -> ServiceClient:
    """Return a client of that kind; without a time-out of its own an operation takes 100 seconds."""
    options = {"transport": slow, "clock": slow.clock, "timeout": 100.0}
    if kind is ManagementClient:
        return ManagementClient("http://h/management", "t", "w", **options)
    return kind("http://h/s", "k", **options) if kind is ScoringClient else kind(**options)


GET, PUT, DELETE, POST, PATCH = ("GET", True), ("PUT", True), ("DELETE", False), ("POST", False), ("PATCH", False)
POST_AGAIN = ("POST", True)


@pytest.mark.parametrize("timeout", [None, 7.0])
@pytest.mark.parametrize(
    ("kind", "operation", "answers", "asked"),
    [
        (ScoringClient, lambda c, t: c.score([{"a": 1}], timeout=t), [SCORED], [POST_AGAIN]),
        (ScoringClient, lambda c, t: list(c.score_in_batches([{"a": 1}], timeout=t)), [SCORED], [POST_AGAIN]),
        (ScoringClient, lambda c, t: c.swagger(timeout=t), [b"{}"], [GET]),
        (ScoringClient, lambda c, t: c.submit_job(timeout=t), [b'"j1"'], [POST_AGAIN]),
        (ScoringClient, lambda c, t: c.start_job("j1", timeout=t), [b""], [POST]),
        (ScoringClient, lambda c, t: c.job("j1", timeout=t), [RUNNING], [GET]),
        (ScoringClient, lambda c, t: c.delete_job("j1", timeout=t), [b""], [DELETE]),
        (ManagementClient, lambda c, t: c.services(timeout=t), [b"[]"], [GET]),
        (ManagementClient, lambda c, t: c.service("s", timeout=t), [b'{"Id": "s"}'], [GET]),
        (ManagementClient, lambda c, t: c.endpoints("s", timeout=t), [b"[]"], [GET]),
        (ManagementClient, lambda c, t: c.endpoint("s", "ep2", timeout=t), [ENDPOINT], [GET]),
        (ManagementClient, lambda c, t: c.add_endpoint("s", "ep2", timeout=t), [b"", ENDPOINT], [PUT, GET]),
        (
            ManagementClient,
            lambda c, t: c.update_endpoint("s", "ep2", EndpointSettings(), timeout=t),
            [ENDPOINT, b"", ENDPOINT],
            [GET, PUT, GET],
        ),
        (ManagementClient, lambda c, t: c.delete_endpoint("s", "ep2", timeout=t), [b""], [DELETE]),
        (ManagementClient, lambda c, t: c.refresh_endpoint("s", "ep2", timeout=t), [b""], [POST]),
        (
            ManagementClient,
            lambda c, t: c.patch_resource("s", "ep2", "r", MODEL, timeout=t),
            [ENDPOINT, b""],
            [GET, PATCH],
        ),
        (HelpReader, lambda c, t: c.update_resource("http://h/p", timeout=t), [LINK, NO_RESOURCES], [GET, GET]),
    ],
)
def test_an_operation_keeps_to_its_time(kind, operation, answers, asked, timeout) -> None:
    """Of several calls each is given what is left; only one that does no harm when done twice may be sent again."""
    slow = Slow(*answers)
    operation(made(kind, slow), timeout)
    assert [(timeout or 100.0) - number for number in range(len(answers))] == slow.given
    assert asked == [(call.method, call.repeatable) for call in slow.calls]


def test_pages_are_asked_for_as_pages() -> None:
    """By GET, as text for people."""
    slow = Slow(LINK, NO_RESOURCES)
    made(HelpReader, slow).update_resource("http://h/p")
    assert [("GET", {"Accept": "text/html"})] * 2 == [(call.method, call.headers) for call in slow.calls]


def test_a_wait_is_an_hour_unless_another_time_is_given() -> None:
    """Pauses may be shorter than a second."""
    slow = Slow(*[RUNNING] * 6)
    with pytest.raises(JobTimeout, match="after 3600 s"):
        made(ScoringClient, slow).wait_for_job("j1", poll=599.0)
    slow = Slow(*[RUNNING] * 4)
    with pytest.raises(JobTimeout, match="after 5 s"):
        made(ScoringClient, slow).wait_for_job("j1", timeout=5.0, poll=0.25)
    assert [] == slow.answers


def test_a_look_at_a_job_takes_no_longer_than_the_wait_may() -> None:
    """Nor longer than the client's own time; between two looks lies the pause that was asked for."""
    slow = Slow(*[RUNNING] * 2, b'{"StatusCode": "Finished"}')
    heard: list[tuple[JobStatus, float]] = []
    made(ScoringClient, slow).wait_for_job("j1", timeout=104.0, poll=2.5, on_status=lambda *told: heard.append(told))
    assert [100.0, 100.0, 97.0] == slow.given
    assert [1.0, 4.5, 8.0] == [seconds for _, seconds in heard]
