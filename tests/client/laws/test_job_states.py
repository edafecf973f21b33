"""A job is a success when the service says Finished, and at no other word of it."""

import json

import pytest

from amlclient import JobCancelled, JobError, JobFailed, JobTimeout, UnexpectedAnswer
from amlcontracts import load
from client.fake_service import ACCOUNT_KEY, FakeService
from client.laws.catalogue import QUOTED
from client.laws.ground import Outcome, grounded, secrets_in
from client.laws.network import Fate
from client.laws.operations import BY_NAME
from client.test_flow_laws import World

STATES = [facts for facts in load("state_machines")["job"]["states"].values() if "shows" in facts]
ENDS = {"Finished": type(None), "Failed": JobFailed, "Cancelled": JobCancelled}
STRANGE = ("finished", "FINISHED", "Finished ", "Succeeded", "", None, True, 4.5, "4", [], {}, -1, 5, 10**30)


def told(code: object, **members: object) -> Outcome:
    """Follow a job whose status is always the same."""
    body = json.dumps({"StatusCode": code, "Results": None, "Details": None, **members}).encode()
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with grounded(fates=dict.fromkeys(range(200), Fate(rewritten=lambda _: whole))) as ground:
        outcome = BY_NAME["ScoringClient.wait_for_job"].play(ground)
        assert outcome.seconds <= ground.timeout
    assert [] == secrets_in(outcome)
    return outcome


@pytest.mark.parametrize("state", sorted({facts["shows"] for facts in STATES}))
def test_each_state_of_the_contracts_is_told_as_what_it_is(state: str) -> None:
    """A final state ends the wait, as success or as its error; no other does."""
    assert ENDS.get(state, JobTimeout) is type(told(state).error)
    assert (state in ENDS) == any(facts.get("final") for facts in STATES if facts["shows"] == state)


@pytest.mark.parametrize("code", STRANGE, ids=repr)
def test_a_state_that_nobody_knows_is_no_end(code: object) -> None:
    """What is not a word of the documents is waited out, never taken for success."""
    assert isinstance(told(code).error, JobTimeout)


@pytest.mark.parametrize(("code", "kind"), [(0, JobTimeout), (1, JobTimeout), (2, JobFailed), (3, JobCancelled),
                                            (4, type(None))])  # fmt: skip
def test_the_numbers_of_the_first_version_mean_the_same(code: int, kind: type) -> None:
    """API version 1 counted the states; 4 is Finished, 3 is not."""
    assert kind is type(told(code).error)


def test_a_status_without_its_word_is_no_status() -> None:
    """An object that has no StatusCode cannot be read."""
    empty = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with grounded(fates={0: Fate(rewritten=lambda _: empty)}) as ground:
        assert isinstance(BY_NAME["ScoringClient.job"].play(ground).error, UnexpectedAnswer)


@pytest.mark.parametrize("number", sorted(load("module_errors")))
def test_every_module_error_is_told_and_no_secret_of_it(number: str) -> None:
    """Details come along whole, but for the keys and signatures that they quote; never as success."""
    for message in load("module_errors")[number]["messages"]:
        details = f"Module: Import Data; Error {number}: {message}; {QUOTED} AccountKey={ACCOUNT_KEY};"
        error = told("Failed", Details=details).error
        assert isinstance(error, JobFailed)
        assert f"Error {number}: {message}" in str(error)


@pytest.mark.parametrize("state", sorted({facts["shows"] for facts in STATES} - {"Finished"} | {"Succeeded"}))
def test_a_job_that_does_not_say_finished_ends_no_retraining_in_success(state: str, tmp_path) -> None:
    """However the job stands: an error, nothing patched, and the same told again."""
    world = World(str(tmp_path), FakeService(ending=state))
    for _ in range(2):
        assert isinstance(world.run(), JobError)
        world.hold_laws()
    assert [] == world.service.updates
