"""Every documented failure armed in a running workspace: a program that does everything right meets it there."""

import random
from dataclasses import replace

import pytest
import requests

from amlclient import BlobLocation, Transport, WSGIAdapter, diagnose
from amlemulator import Emulator
from amlemulator.core.interference import EFFECTS
from amlemulator.failures.arming import Arming
from amlemulator.failures.catalogue import failures, find
from amlemulator.failures.material import constants
from support.retraining import EVALUATION, Retraining, retrained
from support.wire import BASE, BLOB

ARMED = {failure.id: failure.data["arm"]["fault"] for failure in failures()}
JOBS = [name for name, fault in ARMED.items() if "job" in fault]
JOINED = "sas-without-question-mark"  # met by a program that joins the three values, as the document has it
DIAGNOSED = [name for name, moment in EFFECTS.items() if moment in ("patch", "results") and name != JOINED]


@pytest.fixture(scope="module")
def emulator():
    """Share an emulator that takes no time for anything."""
    retrained("census")
    made = Emulator(samples=False, public_url=BASE, public_blob_url=BLOB, workers=1)
    yield made
    made.close()
    assert [] == made.faults_of_ours


class Program:
    """A retraining program that does everything right, in a workspace where it has worked so far."""

    def __init__(self, emulator):
        self.place = Retraining(emulator, random.Random(7))
        self.place.unpatched()
        self.emulator, self.setup = emulator, self.place.setup
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount(BASE, WSGIAdapter(emulator.wsgi_app))
        self.session.mount(BLOB, WSGIAdapter(self.to_blobs))

    def to_blobs(self, environ, start_response):
        return self.emulator.blob_application(environ, start_response)  # another one while faults are armed

    def call(self, method, url, key, body=None):
        return self.session.request(method, url, json=body, headers={"Authorization": f"Bearer {key}"})

    def job(self, path="", method="GET"):
        return self.call(method, f"{self.setup.training_url}/jobs/{path}?api-version=2.0", self.setup.training_key)

    def train(self):
        """Submit a job and start it, as often as it takes; returns the status calls' last answer."""
        job_id = self.place.submit()
        self.setup = replace(self.setup, job_id=job_id)
        assert 200 == self.job(f"{job_id}/start", "POST").status_code
        if self.job(job_id).json()["StatusCode"] == "Running":
            self.emulator.jobs.finish(job_id, {"output1": retrained("census"), "output2": EVALUATION})
        return self.job(job_id).json()

    def patch(self, values):
        """PATCH with the values that a job's results have."""
        model = BlobLocation(values["RelativeLocation"], values["BaseLocation"], values["SasBlobToken"])
        self.setup = replace(self.setup, model=model)
        body = {"Resources": [{"Name": self.setup.resource_name, "Location": values}]}
        return self.call("PATCH", self.setup.patch_url, self.setup.token, body)

    def score(self, endpoint=None):
        """Score the added endpoint, or another one."""
        place = self.place.endpoint(self.place.scoring, endpoint or self.place.name)
        url = f"{self.emulator.addresses.api_location(self.place.workspace, place)}/execute?api-version=2.0"
        return self.call("POST", url, place.primary_key, constants()["census"]["request"])

    def services(self):
        url = self.setup.patch_url.rpartition("/webservices/")[0] + "/webservices"
        return [service["Name"] for service in self.call("GET", url, self.setup.token).json()]

    def findings(self):
        """Return what the diagnosis names first."""
        diagnosis = diagnose(self.setup, transport=Transport(self.session))
        return diagnosis.findings[0].failures if diagnosis.findings else ()


@pytest.fixture
def program(emulator):
    made = Program(emulator)
    yield made
    made.place.close()


@pytest.fixture
def arm(emulator, program):
    """Arm a failure in the program's workspace, for the next call unless said otherwise."""
    arming = Arming(emulator)

    def arm(name, **when):
        arming.arm(find(name), program.place.workspace.id, when)
        return arming

    return arm


def test_a_program_that_meets_nothing_works(program):
    """Without a failure the endpoint answers anew, and nothing is found wrong."""
    before = program.score().json()
    assert 200 == program.patch(program.train()["Results"]["output1"]).status_code
    assert before != program.score().json()
    assert () == program.findings()


@pytest.mark.parametrize("name", DIAGNOSED)
def test_what_somebody_else_does_is_met_and_diagnosed(program, arm, name):
    """The program's PATCH, or what it is given for it, goes wrong as documented, and the diagnosis says so."""
    arm(name)
    program.patch(program.train()["Results"]["output1"])
    assert name in program.findings()


def test_values_that_are_joined_without_a_question_mark(program, arm):
    """The model's address, joined of the three values, opens nothing; the diagnosis of that address says why."""
    arm(JOINED)
    for status in (404, 200):
        values = program.train()["Results"]["output1"]
        joined = values["BaseLocation"] + values["RelativeLocation"] + values["SasBlobToken"]
        program.setup = replace(program.setup, model=BlobLocation.from_url(joined))
        assert status == program.session.get(joined).status_code
        assert (status == 404) == (program.findings() == (JOINED,))


def test_a_page_that_is_sorry(program, arm):
    """The added endpoint's Update Resource page says the service's sentence, and its PATCH is refused; each once."""
    place = program.place.endpoint(program.place.scoring, program.place.name)
    page = program.emulator.addresses.help_location(program.place.workspace, program.place.scoring, place) + "/update"
    model = program.train()["Results"]["output1"]
    arming = arm("endpoint-on-training-service")
    assert [True, False] == [
        "This Web Service has no updatable resources" in program.session.get(page).text for _ in "ab"
    ]
    assert [400, 200] == [program.patch(model).status_code for _ in "ab"]
    arming.disarm("endpoint-on-training-service")
    assert [] == program.emulator.faults.list()


@pytest.mark.parametrize("name", JOBS)
def test_jobs_that_end_as_documented(program, arm, name):
    """The next job does, and is diagnosed; the one after it goes well."""
    arm(name)
    program.train()
    assert name in program.findings()
    program.place.later()
    assert "Finished" == program.train()["StatusCode"]


@pytest.mark.parametrize("name", [name for name in JOBS if "fail" in ARMED[name]["job"]])
def test_an_armed_failure_reads_as_the_real_one(program, arm, name):
    """Details name the module that would fail, with its own error."""
    arm(name)
    module, _, error = ARMED[name]["job"]["fail"].removeprefix("Module: ").partition("; ")
    details = program.train()["Details"]
    assert details.startswith(f"Module: {module};")
    assert f"Error: {error} Process exited" in details


@pytest.mark.parametrize(
    ("when", "states"),
    [
        ({"nth": 2}, ["Finished", "Failed", "Finished"]),
        ({"count": 2}, ["Failed", "Failed", "Finished"]),
        ({"share": 1}, ["Failed", "Failed", "Failed"]),
        ({"seconds": 60}, ["Failed", "Failed", "Failed"]),
        ({"seconds": 0}, ["Finished", "Finished", "Finished"]),
    ],
)
def test_which_jobs_meet_it(program, arm, when, states):
    """Jobs are chosen as calls are: the n-th one, so many, a share of them, or all for a time."""
    arm("ragged-csv", **when)
    assert states == [program.train()["StatusCode"] for _ in states]


def test_a_job_in_the_queue_runs_when_its_time_has_come(program, arm):
    """It stays NotStarted, cannot be started again, and a minute later it runs by its workspace's policy: held here."""
    arm("job-queued")
    assert "NotStarted" == program.train()["StatusCode"]
    job_id = program.setup.job_id
    assert 400 == program.job(f"{job_id}/start", "POST").status_code
    program.place.later(60)
    assert "Running" == program.job(job_id).json()["StatusCode"]
    assert 200 == program.job(job_id, "DELETE").status_code


def test_a_start_that_is_not_heard_is_heard_the_second_time(program, arm):
    """The job stays NotStarted, and a second start is no error."""
    arm("job-not-started")
    assert "NotStarted" == program.train()["StatusCode"]
    assert 200 == program.job(f"{program.setup.job_id}/start", "POST").status_code
    assert "Running" == program.job(program.setup.job_id).json()["StatusCode"]


def test_a_slow_patch_is_seen_half_a_minute_later(program, arm):
    """Until then the endpoint answers as before; the PATCH after it is as quick as ever."""
    before, model = program.score().json(), program.train()["Results"]["output1"]
    arm("not-propagated")
    assert 200 == program.patch(model).status_code
    program.place.later(29)
    assert before == program.score().json()
    program.place.later(1)
    assert before != program.score().json()
    program.place.unpatched()
    program.patch(model)
    assert before != program.score().json()


def test_scores_by_the_default_endpoint(program, arm):
    """One score of the added endpoint is the default one's; the default endpoint itself is not counted."""
    program.patch(program.train()["Results"]["output1"])
    arm("another-endpoint-scored")
    default = program.score("default").json()
    assert [True, False] == [program.score().json() == default for _ in range(2)]


def test_scoring_services_that_are_not_there(program, arm):
    """They are not listed, not scored, and there is nothing to PATCH; disarmed, everything is as before."""
    listed, model = program.services(), program.train()["Results"]["output1"]
    arming = arm("predictive-not-deployed")
    assert ["Census Model"] == [name for name in program.services() if name.startswith("Census")]
    assert [404, 401] == [program.patch(model).status_code, program.score().status_code]
    assert ("predictive-not-deployed",) == program.findings()
    arming.disarm("predictive-not-deployed")
    assert listed == program.services()
    assert [200, 200] == [program.patch(model).status_code, program.score().status_code]


def test_a_republished_service_is_taken_back(program, arm):
    """The default endpoint answers in a new form, the added one in the old, until the failure is disarmed."""
    arming = arm("republished-endpoint-stale")
    program.patch(program.train()["Results"]["output1"])
    assert [["output1"], ["output1new"]] == [list(program.score(one).json()["Results"]) for one in (None, "default")]
    arming.disarm("republished-endpoint-stale")
    assert ["output1"] == list(program.score("default").json()["Results"])


def test_publishing_that_changes_nothing(program, arm):
    """Somebody has set PreventUpdate; once it is taken away, publishing works."""
    from amlemulator.failures.material import experiment

    _, graph, models = experiment("changed_scoring")
    arm("prevent-update")
    program.emulator.deployment.redeploy(program.place.scoring, graph, models)
    assert ["output1"] == list(program.score("default").json()["Results"])
    default = program.place.endpoint(program.place.scoring, "default")
    assert default.prevent_update
    url = program.setup.patch_url.rpartition("/")[0] + "/default"
    assert 200 == program.call("PATCH", url, program.setup.token, {"PreventUpdate": False}).status_code
    program.emulator.deployment.redeploy(program.place.scoring, graph, models)
    assert ["scored"] == list(program.score("default").json()["Results"])


def test_a_reset_takes_everything_back(program, arm):
    """No effect outlives the reset of its workspace."""
    for name in ("not-propagated", "job-queued"):
        arm(name)
    program.train()
    program.emulator.reset(program.place.workspace.id)
    assert (False, 0) == (program.emulator.pacing.waits(program.setup.job_id), program.emulator.pacing.waiting)
    assert [] == program.emulator.faults.list()
