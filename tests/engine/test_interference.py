"""Armed effects where they take place: what is spoilt, what is not asked for, what is taken back."""

import pytest

from amlemulator.core.records import BlobReference, StoredOutput
from support import graphs
from support.records import make_job


@pytest.fixture
def armed(place_with):
    """Make an emulator of one's own; returns its interference, and arms an effect for all of it."""
    place = place_with()
    return place.emulator.interference, lambda effect: place.emulator.faults.add(effect=effect)


def results_of(job):
    values = {"ConnectionString": None, "BaseLocation": "http://b/", "SasBlobToken": "?sig=abc"}
    return {name: {**values, "RelativeLocation": f"c/{output.name}"} for name, output in job.results.items()}


@pytest.mark.parametrize(
    "output",
    [
        StoredOutput("devstoreaccount1", "c", "rows.csv"),
        StoredOutput("stranger", "c", "m.ilearner", outside=BlobReference(base_location="http://elsewhere/")),
    ],
)
def test_what_is_no_model_of_ours_is_handed_out_as_it_is(armed, output):
    """Rows, and a model in somebody else's storage; neither is counted."""
    interference, arm = armed
    job = make_job(results={"output1": output})
    fault = arm("sas-cut")
    assert results_of(job) == interference.handed_out(job, results_of(job))
    assert 0 == interference._faults.hits(fault)


def test_of_several_results_the_model_is_spoilt(armed):
    """And it alone."""
    interference, arm = armed
    outputs = {"rows": StoredOutput("devstoreaccount1", "c", "rows.csv"), "model": StoredOutput("x", "c", "m.ilearner")}
    job = make_job(results=outputs)
    arm("sas-without-question-mark")
    handed, plain = interference.handed_out(job, results_of(job)), results_of(job)
    assert (plain["rows"], "sig=abc") == (handed["rows"], handed["model"]["SasBlobToken"])


def test_a_job_with_a_model_alone_has_no_evaluation_to_hand_out(armed):
    """The name of one is made up: nothing lies there."""
    interference, arm = armed
    job = make_job(results={"model": StoredOutput("x", "c", "m.ilearner")})
    arm("evaluation-as-model")
    assert "c/m.csv" == interference.handed_out(job, results_of(job))["model"]["RelativeLocation"]


def test_a_service_republished_twice_is_taken_back_to_the_first(place_with):
    """One that somebody has published anew since is left as it is, and so is another workspace's."""
    place = place_with()
    emulator, target = place.emulator, place.deploy(graphs.ECHO)
    emulator.faults.add(effect="republished-endpoint-stale", workspace=place.workspace.id)

    def patched():
        service = emulator.directory.service(target.service.id)
        with emulator.store.transaction() as transaction:
            emulator.interference.patched(transaction, service, target.endpoint, target.endpoint)
        return emulator.directory.service(target.service.id).experiment

    first, second = patched(), patched()
    assert 3 == len({target.service.experiment, first, second})
    emulator.interference.take_back("another")
    assert second == emulator.directory.service(target.service.id).experiment
    emulator.interference.take_back(place.workspace.id)
    assert target.service.experiment == emulator.directory.service(target.service.id).experiment
    patched()
    emulator.deployment.redeploy(emulator.directory.service(target.service.id), graphs.NO_INPUT, {})
    published = emulator.directory.service(target.service.id).experiment
    emulator.interference.take_back(place.workspace.id)
    assert published == emulator.directory.service(target.service.id).experiment
