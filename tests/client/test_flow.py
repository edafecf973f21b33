"""Single decisions of the retraining flow."""

import json

import pytest

from amlclient import (
    AnswerLost,
    AnswerTimeout,
    Condition,
    FlowError,
    FlowOptions,
    JobFailed,
    JobTimeout,
    Journal,
    JournalError,
    LocalFile,
    NotAccepted,
    NotVerified,
    RefusedLocally,
    Retraining,
    RetrainingResult,
    RetryPolicy,
    ServiceError,
    ServiceUnavailable,
    Transport,
    WrongCall,
)
from client.fake_service import (
    BASE,
    CONNECTION_STRING,
    MANAGEMENT_URL,
    RESOURCE,
    SCORING,
    TRAINING,
    TRAINING_URL,
    WORKSPACE,
    FakeService,
)
from client.test_flow_laws import World

PATCHES = "PATCH"
PATCH = f"{MANAGEMENT_URL}/workspaces/{WORKSPACE}/webservices/{SCORING}/endpoints/retrained"
TRAINING_PATH = TRAINING_URL.removeprefix(BASE)


@pytest.fixture
def world(tmp_path) -> World:
    return World(str(tmp_path), FakeService())


def test_the_whole_flow_in_order(world) -> None:
    """Every step is told once, and the result is what the service and its help page said."""
    result = world.run()
    steps = [text.partition(":")[0] for text in world.diary.told if not text.startswith("JobStatus")]
    assert ["check", "input", "submit", "start", "wait", "endpoint", "resource", "patch", "verify"] == steps
    address = f"{MANAGEMENT_URL}/workspaces/{WORKSPACE}/webservices/{SCORING}/endpoints/retrained"
    assert (address, True, "0.93") == (result.patch_url, result.verified, result.evaluation[0]["AUC"])


def test_a_job_without_a_model_adds_no_endpoint(world, monkeypatch) -> None:
    """The documented failure is named, and the scoring service is as it was."""
    results = world.service.results
    monkeypatch.setattr(world.service, "results", lambda job: {"output2": results(job)["output2"]})
    before = dict(world.service.endpoints)
    error = world.run()
    assert (("output-not-on-train-model",), before) == (error.failures, world.service.endpoints)


def test_done_is_done(world) -> None:
    """Run again, nothing is done again; the result says so, after a look at the endpoint."""
    world.run()
    calls = len(world.service.calls)
    result = world.run()
    assert (True, 1) == (result.done_before, len(world.service.calls) - calls)


def test_done_but_undone_since_is_no_success(world) -> None:
    """When the endpoint no longer serves that model, the journal alone is not believed."""
    world.run()
    world.service.endpoints["retrained"].model = {}
    assert isinstance(world.run(), NotVerified)
    del world.service.endpoints["retrained"]
    assert isinstance(world.run(), FlowError)
    assert 1 == len(world.service.started)


def test_new_rows_make_a_new_retraining(world) -> None:
    """Once one is done, other input trains again; the old journal is kept."""
    world.run()
    world.rows.write_text("a\n2\n")
    assert isinstance(world.run(), RetrainingResult)
    assert (2, 2) == (len(world.service.started), len(world.service.updates))
    assert world.path.with_suffix(".1.json").exists()


@pytest.mark.parametrize("ending", ["Failed", "Cancelled"])
def test_new_rows_after_a_failed_job_make_a_new_retraining(world, ending: str) -> None:
    """Mend the rows and run again: what failed is over, and its journal is kept beside."""
    world.service.ending = ending
    world.run()
    world.service.ending = "Finished"
    world.rows.write_text("mended\n")
    assert isinstance(world.run(), RetrainingResult)


def test_new_rows_after_a_model_that_was_not_accepted_make_a_new_retraining(world) -> None:
    """Better rows are the natural answer to a model that is not good enough."""
    assert isinstance(world.run(accept=Condition.parse("AUC > 0.99")), NotAccepted)
    world.rows.write_text("better\n")
    world.service.evaluation = b"AUC\n0.999\n"
    assert isinstance(world.run(accept=Condition.parse("AUC > 0.99")), RetrainingResult)


def test_a_journal_of_which_nothing_was_submitted_binds_nobody(world) -> None:
    """Refused before training, the next call may be for something else."""
    assert isinstance(world.run(resource_name="wrong"), RefusedLocally)
    world.rows.write_text("a\n2\n")
    assert isinstance(world.run(), RetrainingResult)


def test_another_input_does_not_take_over_an_unfinished_journal(world) -> None:
    """The refusal says what differs."""
    world.run({3: "kill after"})
    world.rows.write_text("a\n2\n")
    error = world.run()
    assert isinstance(error, JournalError)
    assert "input" in str(error)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"endpoint_name": "default"}, RefusedLocally),
        ({"endpoint_name": "Not-A-Name"}, RefusedLocally),
        ({"resource_name": "Census Model [trained modle]"}, RefusedLocally),
        ({"scoring_service_id": TRAINING}, ServiceError),
        ({"training_url": "http://aml.test/nothing"}, WrongCall),
    ],
)
def test_what_could_not_be_patched_is_refused_before_training(world, changes: dict, kind: type) -> None:
    """No job is submitted for a retraining that cannot end well."""
    try:
        outcome = world.run(**changes)
    except WrongCall as error:
        outcome = error
    assert isinstance(outcome, kind)
    assert {} == world.service.jobs


def test_a_training_service_is_refused_before_training(world) -> None:
    """A service without updatable resources is refused before training; without preflight the service says so."""
    world.service.resources = ()
    assert isinstance(world.run(), RefusedLocally)
    assert {} == world.service.jobs
    outcome = world.run(preflight=False)
    assert (ServiceError, "InvalidOperation") == (type(outcome), outcome.code)
    assert [] == world.service.updates


def test_several_resources_have_to_be_told_apart(world) -> None:
    """With two models the name has to be given."""
    world.service.resources = ("one", "two")
    error = world.run()
    assert isinstance(error, RefusedLocally)
    assert "one, two" in str(error)
    assert "two" == world.run(resource_name="two").resource_name


def test_without_help_page_the_endpoint_names_its_resource(world) -> None:
    """The page is for people; without one the endpoint's own Resources do."""
    world.service.help_pages = False
    assert world.run().verified


def test_a_service_that_shows_no_resources_is_told_honestly(world) -> None:
    """The update was accepted, but nothing can be verified: the result says so."""
    world.service.shows_resources = False
    assert world.run().verified is False


def test_a_service_that_takes_the_update_and_does_nothing_is_found_out(world) -> None:
    """2xx is not believed where the endpoint shows otherwise."""
    world.service.patch = lambda endpoint, body: None
    assert isinstance(world.run(), NotVerified)


def test_a_job_without_model_patches_nothing(world) -> None:
    """When Train Model is not connected to a Web Service Output, the results are CSV files."""
    world.service.results = lambda job: {"output1": {"RelativeLocation": "a.csv", "BaseLocation": "http://aml.test/blobs/",
                                                     "SasBlobToken": "?sig=sIgNaTuReSeCrEt"}}  # fmt: skip
    error = world.run()
    assert isinstance(error, FlowError)
    assert "Train Model" in str(error)
    assert [] == world.service.updates


def test_outputs_can_be_named(world) -> None:
    """Named outputs are taken as they are; the evaluation given as the model is refused here."""
    assert isinstance(world.run(model_output="output9"), FlowError)
    assert isinstance(world.run(model_output="output2"), RefusedLocally)
    assert isinstance(world.run(model_output="output1", evaluation_output="output2"), RetrainingResult)


def test_a_failed_job_says_why_every_time(world) -> None:
    """Run again, the same job's failure is told again; no second one is started."""
    world.service.ending = "Failed"
    assert [JobFailed, JobFailed] == [type(world.run()), type(world.run())]
    assert 1 == len(world.service.started)


def test_a_job_that_takes_too_long_goes_on_and_is_followed_later(world) -> None:
    """The time-out cancels nothing; the same call later takes the job up again."""
    world.service.polls_needed = 200
    assert isinstance(world.run(), JobTimeout)
    assert isinstance(world.run(), RetrainingResult)
    assert 1 == len(world.service.started)


def test_a_job_that_is_gone_is_not_replaced_behind_ones_back(world) -> None:
    """A service that no longer knows the job: say so, and how to begin anew."""
    world.run({4: "kill after"})
    world.service.jobs.clear()
    error = world.run()
    assert isinstance(error, FlowError)
    assert "--again" in str(error)
    assert {} == world.service.jobs


def test_a_start_whose_answer_was_lost_is_looked_for(world) -> None:
    """The job runs: it is followed, not started again."""
    calls = [("GET", True), ("GET", True), ("POST", True), ("POST", True)]
    assert isinstance(world.run({len(calls) - 1: "lose"}), RetrainingResult)
    starts = [path for method, path in world.service.calls if path.endswith("/start")]
    assert (1, 1) == (len(world.service.started), len(starts))


def test_a_started_job_that_waits_in_the_queue_is_followed(world) -> None:
    """Queued, it still shows NotStarted (errors.md section 15): the refusal to start it twice is the answer."""
    world.service.polls_queued, world.service.polls_needed = 3, 5
    world.run({3: "kill after"})
    assert isinstance(world.run(), RetrainingResult)
    assert 1 == len(world.service.started)


def test_an_update_that_vanished_is_not_told_as_sent(world) -> None:
    """Nobody knows whether it arrived and the endpoint does not show it: an error; the next run sends it."""
    world.run(input=world.service.location())
    number = next(n for n, (method, _) in enumerate(world.service.calls) if method == PATCHES)
    other = World(str(world.path.parent), FakeService())
    other.path = world.path.with_name("other.json")
    assert isinstance(other.run({number: "vanish"}, input=world.service.location()), AnswerTimeout)
    assert '"patched"' not in other.path.read_text()
    assert isinstance(other.run(input=world.service.location()), RetrainingResult)
    assert 1 == len(other.service.updates)


def test_a_start_that_never_arrived_is_sent_again(world) -> None:
    """503 did nothing and a refused connection did nothing: the ladder sends it again."""
    assert isinstance(world.run({3: "503", 4: "refuse"}), RetrainingResult)
    assert 1 == len(world.service.started)


def test_a_patch_whose_answer_was_lost_is_looked_for(world) -> None:
    """The endpoint shows the new model: that is the answer."""
    world.run()
    number = next(n for n, (method, _) in enumerate(world.service.calls) if method == PATCHES)
    other = World(str(world.path.parent), FakeService())
    other.path = world.path.with_name("other.json")
    assert isinstance(other.run({number: "lose"}), RetrainingResult)
    assert 1 == [method for method, _ in other.service.calls].count(PATCHES)


def test_the_evaluation_is_shown_before_anything_is_patched(world) -> None:
    """Even when the condition then refuses it."""
    shown = []
    world.diary.evaluation = lambda rows: shown.append((rows[0]["AUC"], len(world.service.updates)))
    world.run(accept=Condition.parse("AUC > 0.99"))
    assert [("0.93", 0)] == shown


def test_the_reference_that_was_given_is_the_jobs_input(world) -> None:
    """Blobs that are in storage already are not uploaded; none at all is none."""
    world.run(input=world.service.location())
    (job,) = world.service.jobs.values()
    expected = {"input1": {"ConnectionString": CONNECTION_STRING, "RelativeLocation": "in/rows.csv"}}
    assert (expected, 0) == (job.body["Inputs"], world.uploads)


def test_a_service_without_input_is_given_its_parameters(world) -> None:
    """Bike Rental Training takes no input but the parameter URI."""
    world.run(input=None, parameters={"URI": "http://x/?sig=sIgNaTuReSeCrEt"})
    (job,) = world.service.jobs.values()
    assert ({}, "http://x/?sig=sIgNaTuReSeCrEt") == (job.body["Inputs"], job.body["GlobalParameters"]["URI"])
    world.hold_laws()


def test_a_help_page_that_names_another_endpoint_is_refused(world) -> None:
    """The address on the page has to be the one that is meant."""
    page = world.service.help
    world.service.help = lambda path: page(path).replace("/endpoints/retrained", "/endpoints/other")
    assert isinstance(world.run(), RefusedLocally)
    assert [] == world.service.updates


def steps(world: World) -> list[str]:
    return [text.partition(":")[0] for text in world.diary.told if not text.startswith("JobStatus")]


def test_the_default_endpoint_is_refused_before_anything_is_sent(world) -> None:
    """By its usual name without a look; by another name once the service has told it."""
    error = world.run(endpoint_name="default")
    assert str(error).startswith("this would PATCH the default endpoint. ")
    assert [] == world.service.calls
    manage = world.service.manage
    world.service.manage = lambda *asked: {**manage(*asked), "DefaultEndpointName": "retrained"}
    error = world.run()
    assert str(error).startswith("this would PATCH the default endpoint (retrained). ")
    assert {} == world.service.jobs


def test_what_is_done_is_not_done_again(world) -> None:
    """Killed after its last write but one, the next run neither checks nor uploads, nor reads what it knows already."""
    world.run(kills={9: "kill after"})
    world.diary.told.clear()
    world.service.calls.clear()
    assert isinstance(world.run(), RetrainingResult)
    assert ["input", "submit", "start", "wait", "endpoint", "patch", "verify"] == steps(world)
    assert 1 == world.uploads
    assert [] == [
        path for method, path in world.service.calls if method != "GET" or path.startswith(("/blobs", "/studio"))
    ]


def test_the_rows_are_uploaded_to_where_the_plan_says(world) -> None:
    """The file, the storage and the container; the observer hears how far it is, and the job reads from there."""
    heard = []
    world.diary.uploading = lambda sent, total: heard.append((sent, total))
    upload, asked = world.upload, []

    def uploading(path, *, connection_string, container, blob, progress):
        asked.append((path, connection_string, f"{container}/{blob}"))
        progress(1, 4)
        return upload(path, container=container, blob=blob)

    world.upload = uploading
    world.run(input=LocalFile(world.rows, CONNECTION_STRING, "box"), input_name="rows")
    (job,) = world.service.jobs.values()
    place = json.loads(world.path.read_text())["input"]
    assert ([(world.rows, CONNECTION_STRING, place)], [(1, 4)]) == (asked, heard)
    assert {"rows": {"ConnectionString": CONNECTION_STRING, "RelativeLocation": place}} == job.body["Inputs"]
    assert place.startswith("box/")


def test_a_start_that_stays_unknown_is_tried_three_times(world) -> None:
    """Each answer was lost and the job still shows NotStarted: then it is an error, and the next run goes on."""
    world.service.polls_queued = world.service.polls_needed = 8
    world.service.starts_twice = True
    error = world.run(dict.fromkeys((3, 5, 7, 9), "lose"), input=None)
    assert (AnswerLost, 3) == (type(error), len(world.service.started))
    assert isinstance(world.run(input=None), RetrainingResult)


def test_an_update_is_looked_for_as_long_as_was_allowed(world) -> None:
    """Two seconds for the job, then ten, `settle`, for the endpoint to show its model; the last look is at the end."""
    world.service.patch = lambda endpoint, body: None
    begun = world.service.clock.now()
    assert isinstance(world.run(), NotVerified)
    assert 12.0 == world.service.clock.now() - begun


def test_a_second_look_does_not_change_when_it_was_done(world) -> None:
    """The journal keeps the time of the first success."""
    world.run()
    before = world.path.read_text()
    world.service.clock.sleep(60)
    world.run()
    assert before == world.path.read_text()


def test_a_help_page_that_says_nothing_is_done_without(world) -> None:
    """It is for people: the endpoint itself names its resources too."""
    world.service.help = lambda path: "<p>Under construction</p>"
    assert RESOURCE == world.run().resource_name


def test_a_help_page_may_know_the_service_by_another_host(world) -> None:
    """What has to agree is the address from the workspace on."""
    page = world.service.help
    world.service.help = lambda path: page(path).replace("http://aml.test/management", "https://other.test:1")
    assert world.run().patch_url.startswith("https://other.test:1/workspaces/")


@pytest.mark.parametrize(
    "changes", [{"endpoint_name": "UPPER"}, {"model_output": "output2"}, {"resource_name": RESOURCE}, {}]
)
def test_without_preflight_the_service_decides(world, changes: dict) -> None:
    """Names, extensions and addresses are sent as they are, and this service takes them."""
    page = world.service.help
    world.service.help = lambda path: page(path).replace(
        f"/endpoints/{changes.get('endpoint_name', 'retrained')}", "/endpoints/x"
    )
    result = world.run(preflight=False, **changes)
    assert (True, RESOURCE) == (result.verified, result.resource_name)
    assert result.patch_url.endswith("/endpoints/x")
    assert "check" not in steps(world)


def test_without_preflight_an_unknown_resource_is_sent(world) -> None:
    """It is the service that refuses it, by the name that was given."""
    error = world.run(preflight=False, resource_name="other")
    assert (ServiceError, 400) == (type(error), error.status)
    assert f"resource: PATCH {PATCH} with 'other'" in world.diary.told


def test_the_retries_of_the_options_hold_for_every_call(world) -> None:
    """With one attempt, the first 503 is the answer."""
    options = FlowOptions(
        retry=RetryPolicy(attempts=1), clock=world.service.clock, transport=world.transport({0: "503"})
    )
    with Journal(world.path) as journal, pytest.raises(ServiceUnavailable):
        Retraining(world.plan(), journal, options).run()


def test_without_options_a_retraining_has_its_own_connections(world, monkeypatch) -> None:
    """It closes those, and leaves a transport that it was given as it is."""
    closed = []

    def close(transport: Transport) -> None:
        closed.append(transport)

    monkeypatch.setattr(Transport, "close", close)
    with Journal(world.path) as journal:
        given = Retraining(world.plan(), journal, FlowOptions(transport=world.transport(None)))
        given.close()
        assert [] == closed
        own = Retraining(world.plan(endpoint_name="default"), journal)
        with pytest.raises(RefusedLocally):
            own.check()
        with pytest.raises(AssertionError, match=r"^wait\(\) comes first$"):
            _ = own.status
        own.close()
    assert 1 == len(closed)


def test_the_calls_of_a_whole_run(world) -> None:
    """None more than it takes: the job is started without a look, and the endpoint updated without a second one."""
    world.run()
    service, job = f"/management/workspaces/{WORKSPACE}/webservices/{SCORING}", f"{TRAINING_PATH}/jobs/{1:032x}"
    endpoint, page = f"{service}/endpoints/retrained", "/studio/apihelp/retrained"
    assert [
        ("GET", service),
        ("GET", f"{service}/endpoints/default"),
        ("POST", f"{TRAINING_PATH}/jobs"),
        ("POST", f"{job}/start"),
        *[("GET", job)] * 3,
        ("GET", f"/blobs/out/{1:032x}.csv"),
        ("GET", endpoint),
        ("PUT", endpoint),
        ("GET", page),
        ("GET", f"{page}/update"),
        ("GET", endpoint),
        ("PATCH", endpoint),
        ("GET", endpoint),
    ] == world.service.calls


def test_the_wait_for_the_job_is_told_look_by_look(world) -> None:
    """At the pace of the options."""
    heard = []
    world.diary.waiting = lambda status, seconds: heard.append((status.state.value, seconds))
    transport = world.transport(None)
    options = FlowOptions(
        observer=world.diary, clock=world.service.clock, transport=transport, upload=world.upload, poll=5
    )
    with Journal(world.path) as journal:
        Retraining(world.plan(), journal, options).run()
    assert [("Running", 0.0), ("Running", 5.0), ("Finished", 10.0)] == heard


@pytest.mark.parametrize(("written", "waited"), [(3, 62.0), (4, 2.0)])
def test_what_was_written_down_keeps_its_time(world, written: int, waited: float) -> None:
    """A run that is killed and taken up a minute later does not move when the job was started, or when it finished."""
    world.run(kills={written: "kill after"})
    world.service.clock.sleep(60)
    assert waited == world.run().seconds


def test_the_journal_says_why_there_is_nothing_to_go_on_with(world) -> None:
    """The condition that was not met, or how the job ended."""
    error = world.run(accept=Condition.parse("AUC > 0.99"))
    assert str(error) == json.loads(world.path.read_text())["refused"]
    world.rows.write_text("others\n")
    world.service.ending = "Failed"
    error = world.run()
    assert str(error) == json.loads(world.path.read_text())["failed"]


@pytest.mark.parametrize(("name", "failure"), [("UPPER", "endpoint-name-rule"), ("default", "patch-on-default")])
def test_preflight_looks_again_where_a_run_without_it_stopped(world, name: str, failure: str) -> None:
    """What one run would have sent, the next refuses, though the job was submitted long ago."""
    world.run(kills={2: "kill after"}, preflight=False, endpoint_name=name)
    error = world.run(endpoint_name=name)
    assert (RefusedLocally, (failure,)) == (type(error), error.failures)
    assert ([], {"default"}) == (world.service.updates, set(world.service.endpoints))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("one", "two"), "several resources can be updated, name one: one, two"),
        ((), "This Web Service has no updatable resources: it trains, or its experiment has no trained model. "),
    ],
)
def test_what_only_the_help_page_shows_is_refused_before_the_update(world, names, sentence) -> None:
    """A service that shows no resources cannot be checked before training."""
    world.service.shows_resources, world.service.resources = False, names
    error = world.run()
    assert isinstance(error, RefusedLocally)
    assert str(error).startswith(sentence)
    assert [] == world.service.updates


def test_without_preflight_a_service_without_resources_is_sent_an_empty_name(world) -> None:
    """To the endpoint's own address, since its page shows none."""
    world.service.resources = ()
    assert isinstance(world.run(preflight=False), ServiceError)
    assert f"resource: PATCH {PATCH} with ''" in world.diary.told


def test_one_of_several_outputs_is_taken_by_its_name(world) -> None:
    """Two models and two evaluations: those that the plan names."""
    results = world.service.results

    def doubled(job: str) -> dict:
        model, evaluation = results(job).values()
        other = {**model, "RelativeLocation": "out/other.ilearner"}
        return {"m": model, "n": other, "a": {**evaluation, "RelativeLocation": "out/a.csv"}, "b": evaluation}

    world.service.results = doubled
    result = world.run(model_output="n", evaluation_output="b")
    assert ("http://aml.test/blobs/out/other.ilearner", "0.93") == (result.model, result.evaluation[0]["AUC"])
