"""Diagnosing over a network that breaks and a service that refuses: nothing is changed or shown, each call in time."""

import pytest

from amlclient import AmlError, Diagnosis, RetrainingSetup, diagnose
from client.fake_service import KEY, MANAGEMENT_URL, RESOURCE, SCORING, TOKEN, TRAINING_URL, WORKSPACE
from client.laws.catalogue import EVERY
from client.laws.ground import ENDPOINT, MODEL, SCORING_KEY, Ground, Outcome, grounded, listening, secrets_in
from client.laws.network import Fate
from client.laws.operations import may_be_done_twice

TIMEOUT = 30.0
ROW = {"Inputs": {"input1": {"ColumnNames": ["age"], "Values": [[1]]}}}


def diagnosed(ground: Ground) -> Outcome:
    """Diagnose a retraining of which everything is known; hold what holds of every diagnosis."""
    place = f"{TRAINING_URL.rpartition('/')[0]}/{ground.service.endpoints[ENDPOINT].guid}"
    setup = RetrainingSetup(
        patch_url=f"{MANAGEMENT_URL}/workspaces/{WORKSPACE}/webservices/{SCORING}/endpoints/{ENDPOINT}",
        token=TOKEN,
        resource_name=RESOURCE,
        model=MODEL,
        scoring_url=place,
        scoring_key=SCORING_KEY,
        training_url=TRAINING_URL,
        training_key=KEY,
        job_id=ground.job,
        request=ROW,
    )
    before, began = len(ground.service.done), ground.clock.monotonic()
    with listening() as said:
        outcome = Outcome(said=said)
        try:
            outcome.value = diagnose(setup, clock=ground.clock, timeout=TIMEOUT)
        except AmlError as error:
            outcome.error = error
    assert [] == secrets_in(outcome)
    assert ground.clock.monotonic() - began <= TIMEOUT * (len(ground.network.exchanges) + 1)
    changed = [call for call in ground.service.done[before:] if call[0] != "GET" and not call[1].endswith("/execute")]
    assert [] == changed
    return outcome


def calls() -> int:
    with grounded() as ground:
        outcome = diagnosed(ground)
        assert isinstance(outcome.value, Diagnosis)
        assert all(may_be_done_twice(*one.call) for one in ground.network.exchanges)
        return len(ground.network.exchanges)


def test_each_call_of_a_diagnosis_may_break() -> None:
    """Lost, cut, silent or dripping: a diagnosis of what could be seen, or the error of a service out of reach."""
    for number in range(calls()):
        for fate in (Fate(request=50), Fate(answer=0), Fate(answer=60), Fate(answer=0, how="silence"), Fate(pace=2.0)):
            with grounded(fates={number: fate}) as ground:
                outcome = diagnosed(ground)
                assert isinstance(outcome.value or outcome.error, Diagnosis | AmlError)


@pytest.mark.parametrize("host", sorted({one.host for one in EVERY}))
def test_every_error_of_the_catalogue_is_diagnosed_or_told(host: str) -> None:
    """Whatever the service refuses with: never a finding of health where nothing could be seen."""
    for refusal in (one for one in EVERY if one.host == host):
        with grounded(app=refusal) as ground:
            outcome = diagnosed(ground)
        if outcome.value is not None:
            assert {"ok"} != {check.outcome for check in outcome.value.checks}, refusal.name
