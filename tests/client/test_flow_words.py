"""What the retraining flow says: to the observer, in its result, in its journal and in its refusals, word by word."""

import hashlib
import json
from datetime import date

import pytest

from amlclient import BlobLocation, Condition, FlowOptions, LocalFile, RetrainingPlan, RetrainingResult, WrongCall
from client.fake_service import CONNECTION_STRING, MANAGEMENT_URL, RESOURCE, SCORING, SIGNATURE, WORKSPACE, FakeService
from client.test_flow_laws import World

JOB = f"{1:032x}"
HASH = hashlib.sha256(b"a\n1\n").hexdigest()
INPUT = f"retraining/{HASH[:16]}/rows.csv"
MODEL = f"http://aml.test/blobs/out/{JOB}.ilearner"
GUID = f"{1:032x}"
API = f"http://aml.test/ussouthcentral.services/workspaces/{WORKSPACE}/services/{GUID}"
PATCH = f"{MANAGEMENT_URL}/workspaces/{WORKSPACE}/webservices/{SCORING}/endpoints/retrained"
AGAIN = "begin anew (amlclassic retrain --again) to train once more"


@pytest.fixture
def world(tmp_path) -> World:
    return World(str(tmp_path), FakeService())


def told(world: World) -> list[str]:
    return [text for text in world.diary.told if not text.startswith("JobStatus")]


def test_each_step_is_told_in_its_own_words(world) -> None:
    """What was found, what was done, and where it is now."""
    world.run(accept=Condition.parse("AUC >= 0.9"))
    assert told(world) == [
        "check: Census Model [Predictive Exp.] can be updated",
        f"input: the training rows are at {INPUT}",
        f"submit: job {JOB}",
        "start: the job is started",
        "wait: the job finished after 2.0 s",
        "accept: the evaluation meets AUC >= 0.9",
        f"endpoint: retrained was added: {API}",
        f"resource: PATCH {PATCH} with '{RESOURCE}'",
        f"patch: retrained was given {MODEL}",
        "verify: retrained has the new model (the service may take 30 s to answer with it)",
    ]


def test_an_endpoint_that_is_there_is_told_so(world) -> None:
    """Two retrainings of one endpoint add it once; a service that shows no resources is told to be one."""
    world.run()
    world.rows.write_text("a\n2\n")
    world.service.shows_resources = False
    world.run()
    assert f"endpoint: retrained is there: {API}" in told(world)
    assert "verify: the service does not show which model retrained has" in told(world)


def test_the_result_is_whole(world) -> None:
    """Job, seconds, evaluation, model, addresses and names; done before, it is the same and says so."""
    expected = {
        "job_id": JOB,
        "seconds": 2.0,
        "evaluation": ({"AUC": "0.93", "Accuracy": "0.87"},),
        "model": MODEL,
        "endpoint_name": "retrained",
        "api_location": API,
        "help_location": "http://aml.test/studio/apihelp/retrained",
        "patch_url": PATCH,
        "resource_name": RESOURCE,
        "verified": True,
    }
    assert RetrainingResult(**expected) == world.run()
    assert RetrainingResult(**expected, done_before=True) == world.run()


def test_the_journal_is_whole(world) -> None:
    """What was done and when, by the service's clock; without secrets."""
    world.run(accept=Condition.parse("AUC >= 0.9"))
    kept = json.loads(world.path.read_text())
    plan = {
        "training": f"/workspaces/{WORKSPACE}/services/{'d' * 32}",
        "scoring_service": SCORING,
        "endpoint": "retrained",
        "input": {"file": "rows.csv", "sha256": HASH},
        "parameters_sha256": None,
    }
    results = {"output1": MODEL, "output2": MODEL.replace("ilearner", "csv")}
    times = {"submitted": 0.0, "started": 0.0, "finished": 2.0, "patched": 2.0, "done": 2.0}
    expected = {
        "plan": plan,
        "input": INPUT,
        "job_id": JOB,
        "results": results,
        "evaluation": [{"AUC": "0.93", "Accuracy": "0.87"}],
        "refused": None,
        "endpoint": {
            "name": "retrained",
            "api_location": API,
            "help_location": "http://aml.test/studio/apihelp/retrained",
        },
        "patch": {"url": PATCH, "resource": RESOURCE},
        "model": MODEL,
        "verified": True,
        **{name: 1_000_000.0 + seconds for name, seconds in times.items()},
    }
    assert expected == {name: value for name, value in kept.items() if name in expected}


def test_an_endpoint_that_is_added_says_by_whom(world, monkeypatch) -> None:
    """Its description tells a person where it comes from."""
    bodies = []
    manage = world.service.manage

    def kept(method, service, name, path, content):
        bodies.extend([content] if method == "PUT" else [])
        return manage(method, service, name, path, content)

    monkeypatch.setattr(world.service, "manage", kept)
    world.run()
    assert ["Added by amlclassic retrain"] == [json.loads(body)["Description"] for body in bodies]


EVALUATION = {
    "RelativeLocation": "a.csv",
    "BaseLocation": "http://aml.test/blobs/",
    "SasBlobToken": f"?sig={SIGNATURE}",
}
TRAINED = {**EVALUATION, "RelativeLocation": "a.ilearner"}


def with_results(world: World, results: dict, **changes: object) -> object:
    world.service.results = lambda job: results
    return world.run(**changes)


def with_resources(world: World, *names: str) -> object:
    world.service.resources = names
    return world.run()


def without_job(world: World, written: int) -> object:
    """Kill the run after so many writes of the journal, and run again on a service that has forgotten the job."""
    world.run(kills={written: "kill after"})
    world.service.jobs.clear()
    return world.run()


def undone(world: World, *, gone: bool) -> object:
    """Run again when somebody changed the endpoint, or deleted it."""
    world.run()
    world.service.endpoints["retrained"].model = {}
    if gone:
        del world.service.endpoints["retrained"]
    return world.run()


BROKEN = {
    "no such output": lambda world: world.run(model_output="output9"),
    "no outputs": lambda world: with_results(world, {}, model_output="output1"),
    "several models": lambda world: with_results(world, {"a": TRAINED, "b": TRAINED}),
    "several evaluations": lambda world: with_results(world, {"m": TRAINED, "a": EVALUATION, "b": EVALUATION}),
    "no model": lambda world: with_results(world, {"output1": EVALUATION}),
    "several resources": lambda world: with_resources(world, "one", "two"),
    "job is gone before its start": lambda world: without_job(world, 2),
    "job is gone while it runs": lambda world: without_job(world, 3),
    "not patched": lambda world: undone(world, gone=False),
    "endpoint is gone": lambda world: undone(world, gone=True),
}


@pytest.mark.parametrize(
    ("case", "sentence", "failures"),
    [
        ("no such output", "the job has no output 'output9'; it has: output1, output2", ()),
        ("no outputs", "the job has no output 'output1'; it has: none", ()),
        ("several models", "several outputs end in .ilearner: name one of a, b", ()),
        ("several evaluations", "several outputs end in .csv or .tsv or .arff: name one of m, a, b", ()),
        (
            "no model",
            "the job has no trained model (.ilearner) among its results: "
            "is the Web Service Output connected to Train Model? Nothing was changed",
            ("output-not-on-train-model",),
        ),
        ("several resources", "several resources can be updated, name one: one, two", ()),
        ("job is gone before its start", f"the service no longer knows job {JOB}; {AGAIN}", ("job-deleted",)),
        ("job is gone while it runs", f"the service no longer knows job {JOB}; {AGAIN}", ("job-deleted",)),
        (
            "not patched",
            f"endpoint retrained does not show {MODEL}: somebody changed it since, or the update was not done; {AGAIN}",
            ("endpoint-never-patched", "refresh-discards-model"),
        ),
        ("endpoint is gone", f"endpoint retrained is no longer there; {AGAIN}", ("endpoint-never-added",)),
    ],
)
def test_what_cannot_end_well_is_told_in_one_sentence(world, case, sentence, failures) -> None:
    """What is wrong, what there is, what to do; and which documented failure it is."""
    error = BROKEN[case](world)
    assert (sentence, failures) == (str(error), error.failures)


def test_a_journal_of_another_retraining_says_what_differs(world) -> None:
    """The members by name, in order, and the three ways out."""
    expected = (
        f"{world.path} belongs to an unfinished retraining that differs in: input, parameters_sha256; "
        "finish that one, name another journal, or begin anew (--again)"
    )
    world.run(kills={2: "kill after"})
    world.rows.write_text("b\n")
    assert expected == str(world.run(parameters={"a": 1}))


def test_a_page_for_another_endpoint_is_told_with_both_addresses(world) -> None:
    """The one on the page and the one that is meant, then why."""
    page = world.service.help
    world.service.help = lambda path: page(path).replace("/endpoints/retrained", "/endpoints/trained")
    error = world.run()
    other = PATCH.replace("/retrained", "/trained")
    assert str(error).startswith(f"the help page says to PATCH {other}, which is not {PATCH}. ")
    assert ("another-endpoint-patched",) == error.failures


def test_an_input_that_cannot_be_read_is_named(tmp_path) -> None:
    """The file and the system's own reason."""
    with pytest.raises(WrongCall) as caught:
        LocalFile(tmp_path / "no.csv", CONNECTION_STRING).identity()
    assert f"the input {tmp_path / 'no.csv'} cannot be read: No such file or directory" == str(caught.value)


def test_what_makes_two_retrainings_the_same(world) -> None:
    """The host and a trailing slash do not; a blob's place and the parameters do, without being readable."""
    plan = world.plan(input=BlobLocation("c/rows.csv", "http://h/"), parameters={"b": 1, "a": "x"})
    moved = world.plan(
        input=plan.input, parameters={"a": "x", "b": 1}, training_url=f"https://other{plan.training_url[15:]}/"
    )
    assert plan.identity() == moved.identity()
    parameters = hashlib.sha256(b'{"a": "x", "b": 1}').hexdigest()
    expected = ({"blob": "http://h/c/rows.csv"}, parameters)
    assert expected == (plan.identity()["input"], plan.identity()["parameters_sha256"])
    assert None is world.plan(input=None).identity()["input"]
    assert (
        world.plan(parameters={"day": date(2026, 1, 2)}).identity()
        == world.plan(parameters={"day": "2026-01-02"}).identity()
    )


def test_the_workspace_is_given_or_read() -> None:
    """From the training address; one that has none needs it given."""
    common = {"training_key": "k", "management_url": "m", "token": "t", "scoring_service_id": "s", "endpoint_name": "e"}
    plan = RetrainingPlan(training_url="http://h/workspaces/w/services/e", **common)
    assert ("w", "x") == (
        plan.workspace,
        RetrainingPlan(training_url=plan.training_url, workspace_id="x", **common).workspace,
    )
    with pytest.raises(WrongCall) as caught:
        _ = RetrainingPlan(training_url="http://h/workspaces/w", **common).workspace
    expected = "the training address has no /workspaces/{id}/services/{id}; give the workspace's id"
    assert expected == str(caught.value)


def test_defaults_of_a_plan_and_of_the_options() -> None:
    """The container of uploads, the input's name, and the times."""
    assert "retraining" == LocalFile(None, CONNECTION_STRING).container
    options = FlowOptions()
    assert (3600.0, 120.0, 1.0, 60.0) == (options.timeout, options.call_timeout, options.poll, options.settle)
