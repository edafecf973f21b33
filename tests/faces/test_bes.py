"""The Batch Execution Service over the wire."""

import re
from urllib.parse import parse_qs

import pytest

from amlemulator.core.connection import DEVELOPMENT_KEY
from amlemulator.core.records import JobState
from amlemulator.experiments.model_file import MAGIC
from support import graphs
from support.bes import DETAILS, INPUT, overrides, started, status_of, submitted, training_body
from support.blobs import by_key, download, upload
from support.runner import until
from support.state import unchanged

EVALUATION = b"Metric,Value\r\n"
UNKNOWN = {"error": {"code": "NotFound", "message": "Resource not found.", "details": []}}


@pytest.fixture
def line(staged):
    """Deploy a small training service whose jobs end when the test says so."""
    return staged.deploy(graphs.TRAINING)


# The life of a job


def test_submit_answers_with_a_quoted_id(line):
    """A submission is answered by the job's id as a JSON string; nothing runs before it is started."""
    answer = line.jobs("POST", "", training_body(line.place))
    assert re.fullmatch(rb'"[0-9a-f]{32}"', answer.body)
    assert (200, "application/json; charset=utf-8") == (answer.status, answer.header("Content-Type"))
    expected = {"StatusCode": "NotStarted", "Results": None, "Details": None}
    assert expected == status_of(line, answer.json)
    assert {} == line.place.emulator.staged.tasks


def test_start_answers_with_nothing(line):
    """Start is a POST with an empty body and has an empty answer."""
    answer = line.jobs("POST", f"/{submitted(line)}/start")
    assert (200, b"", None, "0") == (
        answer.status,
        answer.body,
        answer.header("Content-Type"),
        answer.header("Content-Length"),
    )


def test_a_job_from_start_to_end(line):
    """NotStarted, Running, Finished; Results only at the end, in the order of the service's outputs."""
    emulator, job = line.place.emulator, submitted(line, Outputs=overrides())
    seen = [status_of(line, job)["StatusCode"]]
    line.jobs("POST", f"/{job}/start")
    seen.append(status_of(line, job)["StatusCode"])
    emulator.finish(job, b"content")
    status = status_of(line, job)
    assert ["NotStarted", "Running", "Finished"] == [*seen, status["StatusCode"]]
    assert ["StatusCode", "Results", "Details"] == list(status)
    assert (["output1", "output2"], None) == (list(status["Results"]), status["Details"])
    assert b"content" == download(emulator, "out/model.ilearner")


MEMBERS = ["ConnectionString", "RelativeLocation", "BaseLocation", "SasBlobToken"]


@pytest.mark.parametrize("own", [True, False])
def test_results_put_together_are_an_address(line, own):
    """BaseLocation, RelativeLocation and SasBlobToken concatenated read the output, and write nothing."""
    job = started(line, Outputs=overrides() if own else None)
    line.place.emulator.finish(job, b"content")
    for name, reference in status_of(line, job)["Results"].items():
        assert MEMBERS == list(reference)
        assert reference["ConnectionString"] is None
        url = reference["BaseLocation"] + reference["RelativeLocation"] + reference["SasBlobToken"]
        answer = line.place.wire.call("GET", url)
        assert (name, 200, b"content") == (name, answer.status, answer.body)
        headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2019-12-12"}
        assert 403 == line.place.wire.call("PUT", url, raw=b"x", headers=headers).status


def test_default_outputs_go_into_the_workspaces_storage(line):
    """Without override an output lies at experimentoutput/{guid}/{guid} with the extension of its kind."""
    job = started(line)
    line.place.emulator.finish(job)
    results = status_of(line, job)["Results"]
    for name, extension in (("output1", "ilearner"), ("output2", "csv")):
        found = re.fullmatch(rf"experimentoutput/([0-9a-f-]{{36}})/\1\.{extension}", results[name]["RelativeLocation"])
        assert found, results[name]
    assert results["output1"]["RelativeLocation"] != results["output2"]["RelativeLocation"]


@pytest.mark.parametrize(("own", "resource", "permission"), [(True, "b", "r"), (False, "c", "rl")])
def test_the_token_of_a_result(line, own, resource, permission):
    """Parameters in the documented order, from five minutes ago to in 24 hours, for a blob or for its container."""
    line.place.emulator.clock.freeze(1422658686.0)  # 2015-01-30T22:58:06Z
    job = started(line, Outputs=overrides() if own else None)
    line.place.emulator.finish(job)
    token = status_of(line, job)["Results"]["output1"]["SasBlobToken"]
    assert token.startswith("?sv=2013-08-15&")
    assert ["sv", "sr", "sig", "st", "se", "sp"] == [part.partition("=")[0] for part in token[1:].split("&")]
    values = {name: value[0] for name, value in parse_qs(token[1:]).items()}
    assert (resource, permission) == (values["sr"], values["sp"])
    assert ("2015-01-30T22:53:06Z", "2015-01-31T22:58:06Z") == (values["st"], values["se"])


def test_every_status_has_a_fresh_token(line):
    """A token that has expired is replaced by asking for the job again (documents.md 5.4)."""
    emulator = line.place.emulator
    emulator.clock.freeze()
    job = started(line)
    emulator.finish(job)
    old, wire = status_of(line, job)["Results"]["output1"], line.place.wire
    emulator.clock.advance(25 * 3600)
    new = status_of(line, job)["Results"]["output1"]
    assert old["RelativeLocation"] == new["RelativeLocation"]
    urls = [one["BaseLocation"] + one["RelativeLocation"] + one["SasBlobToken"] for one in (old, new)]
    assert [403, 200] == [wire.call("GET", url).status for url in urls]


def test_an_output_that_exists_is_overwritten(line):
    """The second job's output replaces the first one's of the same name."""
    for content in (b"first", b"second"):
        line.place.emulator.finish(started(line, Outputs=overrides()), content)
    assert b"second" == download(line.place.emulator, "out/evaluation.csv")


def test_a_service_without_outputs_finishes_with_empty_results(staged):
    """Results is {} then, for null makes a real client wait for ever."""
    nodes = graphs.NO_INPUT["nodes"][:1]
    target = staged.deploy({"experiment": "Silent", "nodes": nodes})
    job = target.jobs("POST", "", {}).json
    target.jobs("POST", f"/{job}/start")
    staged.emulator.finish(job)
    assert {"StatusCode": "Finished", "Results": {}, "Details": None} == status_of(target, job)


def test_what_a_worker_gets(line):
    """The worker gets files, parameters with their defaults, and no reference that could hold a key."""
    emulator = line.place.emulator
    job = started(line, GlobalParameters={"L2 weight": 0.5}, Outputs=overrides())
    task = emulator.staged.tasks[emulator.handle_of(job)].task
    assert ("run", {"L2 weight": "0.5"}) == (task.kind, task.body["parameters"])
    with open(task.body["inputs"]["input1"]["path"], "rb") as file:
        assert INPUT == file.read()
    assert ["csv", "ilearner", "csv"] == [
        task.body["inputs"]["input1"]["format"],
        *(output["format"] for output in task.body["outputs"].values()),
    ]
    assert DEVELOPMENT_KEY not in str(task.body)


@pytest.mark.parametrize("name", ["in.csv", "in.nh.csv", "in.TSV", "in.arff"])
def test_inputs_keep_their_format(line, name):
    """The extension tells the worker how to read the input; .nh.csv is a CSV without header row."""
    upload(line.place.emulator, name, b"1,2\n")
    job = line.jobs("POST", "", {"Input": by_key(name)}).json
    line.jobs("POST", f"/{job}/start")
    task = line.place.emulator.staged.tasks[line.place.emulator.handle_of(job)].task
    assert name.lower().partition(".")[2] == task.body["inputs"]["input1"]["format"]


# Refusals


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Input": None}, "BatchJobInputsNotSpecified"),
        ({"Inputs": {"input1": by_key("in.csv")}}, "DuplicateInputInBatchCall"),
        ({"Input": None, "Inputs": {"Input1": by_key("in.csv")}}, "InvalidInputNames"),
        ({"Input": by_key("vishal/training/input")}, "InvalidBlobExtension"),
        ({"Input": by_key("in.csv", ConnectionString="nonsense")}, "InvalidBlobConnectionString"),
        ({"Input": by_key("in.csv", RelativeLocation=None)}, "InputBlobRelativeLocationInvalid"),
        ({"Input": by_key("in.csv", RelativeLocation="BAD/in.csv")}, "ContainerSegmentInvalid"),
        ({"Input": by_key("in.csv", RelativeLocation="//in.csv")}, "ContainerIsEmpty"),
        ({"Input": {}}, "MissingInputBlobInformation"),
        ({"Input": {"BaseLocation": "nonsense", "RelativeLocation": "c/in.csv"}}, "InvalidBlob"),
        ({"Outputs": {"output9": by_key("a.csv")}}, "InvalidOutputOverrideName"),
        ({"Outputs": {"output1": None}}, "MissingOutputOverrideSpecification"),
        ({"Outputs": {"output1": by_key("model.csv")}}, "InvalidBlobExtension"),
        ({"Outputs": {"output2": by_key("evaluation.ilearner")}}, "InvalidBlobExtension"),
        ({"GlobalParameters": {"Seed": "1"}}, "UnexpectedParameter"),
        ({"GlobalParameters": {"L2 weight": "much"}}, "BadParameterValue"),
        ({"Input": "in.csv"}, "RequestBodyInvalid"),
    ],
)
def test_submissions_that_are_refused(line, changes, code):
    """What the request shows to be wrong is refused at submit, in the observed envelope, and leaves no trace."""
    body = training_body(line.place, **changes)
    with unchanged(line.place.emulator):
        answer = line.jobs("POST", "", body)
    assert (400, "BadArgument", code) == answer.refusal
    assert ["code", "message", "details"] == list(answer.json["error"])


def test_the_observed_reply_of_a_missing_parameter(staged):
    """Byte for byte what a user pasted (O2)."""
    body = training_body(staged)
    answer = staged.deploy(graphs.REQUIRED).jobs("POST", "", body)
    expected = (
        '{"error":{"code":"BadArgument","message":"Invalid argument provided.","details":[{"code":'
        '"MissingRequiredGlobalParameters","target":"New column names","message":"Not all required web service '
        'parameter(s) provided. Verify the parameter(s) expected for the module(s) are correct and try again."}]}}'
    )
    assert (400, expected) == (answer.status, answer.body.decode())


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"[]"])
def test_bodies_that_are_no_request(line, raw):
    """No body and no JSON are refused; the key is looked at first."""
    assert 400 == line.jobs("POST", raw=raw).status
    assert (401, "Unauthorized", "ScoreRequestUnauthorized") == line.jobs("POST", raw=raw, key="wrong").refusal


@pytest.mark.parametrize("version", ["3.0", "2", "two"])
def test_other_versions_are_refused(line, version):
    """BES knows versions 1.0 and 2.0."""
    job = submitted(line)
    for method, path in (("POST", ""), ("POST", f"/{job}/start"), ("GET", f"/{job}"), ("DELETE", f"/{job}")):
        assert (400, "BadArgument", "BadVersionCall") == line.jobs(method, path, query={"api-version": version}).refusal


def test_a_job_starts_once(line):
    """A second start is CannotStartJob, with the state that the job is in."""
    emulator, job = line.place.emulator, started(line)

    def told():
        answer = line.jobs("POST", f"/{job}/start")
        assert (400, "InvalidOperation", "CannotStartJob") == answer.refusal
        return answer.message

    assert "The job cannot be started because it is in Running state." == told()
    emulator.finish(job)
    assert "The job cannot be started because it is in Finished state." == told()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/{}"), ("POST", "/{}/start"), ("DELETE", "/{}"), ("GET", "//{}"), ("GET", "/{}/")],
)
@pytest.mark.parametrize("job", ["0" * 32, "nonsense", "a b"])
def test_an_unknown_job(line, method, path, job):
    """An id that is none, or is forgotten, is 404 without details, which is our choice (errors.md U4)."""
    with unchanged(line.place.emulator):
        answer = line.jobs(method, path.format(job.replace(" ", "%20")))
    assert (404, UNKNOWN, "bes.unknown-job") == (answer.status, answer.json, answer.header("x-amlclassic-evidence"))


def test_a_job_of_another_endpoint(line):
    """Each endpoint knows its own jobs only, whatever its key opens."""
    job, other = started(line), line.place.deploy(graphs.TRAINING)
    for method, path in (("GET", f"/{job}"), ("POST", f"/{job}/start"), ("DELETE", f"/{job}")):
        assert (404, UNKNOWN) == (other.jobs(method, path).status, other.jobs(method, path).json)
    assert "Running" == status_of(line, job)["StatusCode"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/start"), ("POST", "//start"), ("GET", ""), ("GET", "/"), ("DELETE", ""), ("DELETE", "/%20")],
)
def test_an_empty_job_id(line, method, path):
    """A call that needs a job and names none is MissingJobId."""
    assert (400, "BadArgument", "MissingJobId") == line.jobs(method, path).refusal


# Waiting, cancelling, forgetting


def test_forty_run_and_the_rest_wait_in_order(line):
    """40 jobs run at a time; those that wait show NotStarted and run in the order in which they were started."""
    emulator = line.place.emulator
    jobs = [submitted(line) for _ in range(43)]
    order = [*jobs[:40], jobs[42], jobs[40], jobs[41]]
    for job in order:
        line.jobs("POST", f"/{job}/start")
    assert ["Running"] * 40 + ["NotStarted"] * 3 == [status_of(line, job)["StatusCode"] for job in order]
    emulator.finish(order[7])
    assert ["Running", "NotStarted"] == [status_of(line, job)["StatusCode"] for job in order[40:42]]
    emulator.fail(order[0])
    line.jobs("DELETE", f"/{order[42]}")
    assert ["Running", "Cancelled"] == [status_of(line, job)["StatusCode"] for job in order[41:]]


def test_the_number_is_a_setting_and_each_endpoints_own(staged_with):
    """With one place per endpoint, one job of each endpoint runs; with none, all wait."""
    place = staged_with(running_jobs=1)
    first, second = place.deploy(graphs.TRAINING), place.deploy(graphs.TRAINING)
    states = [status_of(target, started(target))["StatusCode"] for target in (first, first, second)]
    assert ["Running", "NotStarted", "Running"] == states
    nowhere = staged_with(running_jobs=0).deploy(graphs.TRAINING)
    assert "NotStarted" == status_of(nowhere, started(nowhere))["StatusCode"]


def test_cancelling_a_running_job_is_final(line):
    """It stops its worker and stays readable as Cancelled, whatever comes in late; the next DELETE forgets it."""
    emulator, job = line.place.emulator, started(line)
    handle = emulator.handle_of(job)
    late = emulator.staged.tasks[handle]
    answer = line.jobs("DELETE", f"/{job}")
    assert (200, b"", [handle]) == (answer.status, answer.body, emulator.staged.cancelled)
    cancelled = {"StatusCode": "Cancelled", "Results": None, "Details": None}
    assert cancelled == status_of(line, job)
    emulator.staged.tasks["late"] = late
    emulator.staged.fail("late")
    assert 400 == line.jobs("POST", f"/{job}/start").status
    assert cancelled == status_of(line, job)
    assert [200, 404] == [line.jobs("DELETE", f"/{job}").status, line.jobs("GET", f"/{job}").status]


def test_cancelling_a_job_that_waits(line):
    """A job that was not started, too, becomes Cancelled."""
    job = submitted(line)
    assert 200 == line.jobs("DELETE", f"/{job}").status
    assert "Cancelled" == status_of(line, job)["StatusCode"]


def test_the_other_spelling_of_cancelled(staged_with):
    """A switch spells it Canceled, which one client waits for (documents.md section 20 no. 27)."""
    target = staged_with(cancelled="Canceled").deploy(graphs.TRAINING)
    job = started(target)
    target.jobs("DELETE", f"/{job}")
    assert "Canceled" == status_of(target, job)["StatusCode"]


def test_deleting_a_finished_job_keeps_its_outputs(line):
    """A client deletes the job first and downloads afterwards; the job itself is forgotten."""
    job = started(line, Outputs=overrides())
    line.place.emulator.finish(job, b"content")
    reference = status_of(line, job)["Results"]["output2"]
    assert [200, 404] == [line.jobs("DELETE", f"/{job}").status, line.jobs("DELETE", f"/{job}").status]
    url = reference["BaseLocation"] + reference["RelativeLocation"] + reference["SasBlobToken"]
    assert b"content" == line.place.wire.call("GET", url).body


def test_deleting_the_endpoint_stops_its_jobs(line):
    """The workers of a deleted endpoint's jobs are stopped."""
    emulator, added = line.place.emulator, line.add("ep2")
    handle = emulator.handle_of(started(added))
    assert 200 == line.place.manage("DELETE", added.managed).status
    assert ([handle], {}) == (emulator.staged.cancelled, emulator.staged.tasks)
    handle = emulator.handle_of(started(line))
    assert 200 == line.place.manage("DELETE", line.path).status
    assert handle in emulator.staged.cancelled


# API version 1


def test_version_1_starts_by_itself_and_numbers_its_states(line):
    """Without api-version a submission is started, states are numbers and there is one Result (documents.md 5.7)."""
    emulator = line.place.emulator
    body = {**training_body(line.place), "Output": by_key("v1/model.ilearner")}
    del body["Outputs"]
    job = line.jobs("POST", "", body, query={}).json
    assert {"StatusCode": 1, "Result": None, "Details": None} == status_of(line, job, query={})
    assert (400, "InvalidOperation", "CannotStartJob") == line.jobs("POST", f"/{job}/start", query={}).refusal
    emulator.finish(job)
    status = status_of(line, job, query={"api-version": "1.0"})
    assert (4, None, MEMBERS) == (status["StatusCode"], status["Details"], list(status["Result"]))
    assert status["Result"]["RelativeLocation"].endswith("v1/model.ilearner")


def test_a_job_of_version_1_can_be_followed_in_version_2(line):
    """The SSIS task submits without a version and polls with 2.0 (clients.md 4.1)."""
    job = line.jobs("POST", "", training_body(line.place), query={}).json
    assert "Running" == status_of(line, job)["StatusCode"]
    line.place.emulator.finish(job)
    assert {"output1", "output2"} == set(status_of(line, job)["Results"])


@pytest.mark.parametrize("path", ["", "/", "//"])
def test_addresses_as_data_factory_has_them(line, path):
    """MlEndpoint stands with and without trailing slash, with and without query (documents.md section 20 no. 23)."""
    for query in ({"api-version": "2.0"}, {}):
        assert 200 == line.jobs("POST", path, training_body(line.place), query=query).status


def test_java_doubles_the_slash_and_forgets_the_version(line):
    """POST /jobs//{id}/start, and DELETE without api-version, work (clients.md section 16)."""
    job = submitted(line)
    assert 200 == line.jobs("POST", f"//{job}/start").status
    assert "Running" == status_of(line, job)["StatusCode"]
    assert 200 == line.jobs("DELETE", f"/{job}", query={}).status
    assert "Cancelled" == status_of(line, job)["StatusCode"]


def test_headers_as_powershell_sends_them(line):
    """A start with a content type and no body works."""
    headers = {"Content-Type": "application/json; charset=us-ascii", "Content-Length": "0"}
    assert 200 == line.jobs("POST", f"/{submitted(line)}/start", headers=headers).status


# Over a restart


def test_jobs_survive_a_restart(staged_with, tmp_path):
    """What ran is run again at its place in the queue, what waited still waits, what had ended stays as it was."""
    place = staged_with(state=str(tmp_path / "state.db"), running_jobs=2)
    line = place.deploy(graphs.TRAINING)
    done, gone, first, second, third, idle = (submitted(line) for _ in range(6))
    for job in (done, gone):
        line.jobs("POST", f"/{job}/start")
    place.emulator.finish(done, b"content")
    line.jobs("DELETE", f"/{gone}")
    for job in (second, first, third):
        line.jobs("POST", f"/{job}/start")
    results = status_of(line, done)["Results"]["output1"]["RelativeLocation"]
    names = {output["path"].rpartition("/")[2] for output in _outputs(place, second)}
    place.emulator.close()

    place = _reopened(staged_with, line, tmp_path)
    line = place.target(line.service)
    states = [status_of(line, job)["StatusCode"] for job in (done, gone, second, first, third, idle)]
    assert ["Finished", "Cancelled", "Running", "Running", "NotStarted", "NotStarted"] == states
    assert results == status_of(line, done)["Results"]["output1"]["RelativeLocation"]
    assert names == {output["path"].rpartition("/")[2] for output in _outputs(place, second)}
    place.emulator.finish(second)
    assert "Running" == status_of(line, third)["StatusCode"]
    assert 200 == line.jobs("POST", f"/{idle}/start").status


def _outputs(place, job):
    return place.emulator.staged.tasks[place.emulator.handle_of(job)].task.body["outputs"].values()


def _reopened(staged_with, line, tmp_path):
    place = staged_with(state=str(tmp_path / "state.db"), running_jobs=2)
    place = type(place)(place.wire, line.place.workspace)
    place.emulator.batch.recover()
    return place


# For real


def wait_for(target, job):
    until(lambda: status_of(target, job)["StatusCode"] in ("Finished", "Failed"))
    return status_of(target, job)


def test_a_real_worker_trains(place):
    """A job really trains on its input: a model and an evaluation lie where the results say."""
    line = place.deploy(graphs.TRAINING)
    status = wait_for(line, started(line, Outputs=overrides()))
    assert ("Finished", None) == (status["StatusCode"], status["Details"])
    assert download(place.emulator, "out/model.ilearner").startswith(MAGIC)
    evaluation = download(place.emulator, "out/evaluation.csv").decode().splitlines()
    assert 2 == len(evaluation)
    assert "Coefficient of Determination" in evaluation[0]
    until(lambda: not list(place.emulator.folder().glob("job-*")))


def test_a_real_worker_fails_on_ragged_rows(place):
    """A CSV whose rows differ in length fails the job with the very error that users met (O20)."""
    line = place.deploy(graphs.TRAINING)
    upload(place.emulator, "ragged.csv", b"x,n\n1,2\n1,2,3\n")
    job = line.jobs("POST", "", {"Input": by_key("ragged.csv")}).json
    line.jobs("POST", f"/{job}/start")
    status = wait_for(line, job)
    assert "Failed" == status["StatusCode"]
    found = DETAILS.fullmatch(status["Details"])
    assert found, status["Details"]
    assert "All rows must have same number of elements" in found["message"]


def test_states_are_those_of_the_records(line):
    """The wire spells every state as the records do."""
    assert ["NotStarted", "Running", "Failed", "Cancelled", "Finished"] == [state.value for state in JobState]
