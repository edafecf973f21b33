"""What a diagnostics log is called and what stands in it (documents.md section 12)."""

import json
import re

import pytest

from amlemulator.core.diagnostics import blob_name, has_failed, job_facts, log, request_facts, start_facts, wanted
from amlemulator.core.errors import failure
from amlemulator.core.records import BlobReference, JobState, StoredOutput
from support.records import ENDPOINT_ID, SERVICE_ID, WORKSPACE_ID, make_endpoint, make_job, make_resource


@pytest.mark.parametrize(
    ("level", "failed", "expected"),
    [
        ("None", True, False),
        ("None", False, False),
        ("Error", True, True),
        ("Error", False, False),
        ("All", True, True),
        ("All", False, True),
    ],
)
def test_the_level_decides(level, failed, expected):
    """None logs nothing, Error failures only, All everything."""
    assert expected == wanted(make_endpoint(diagnostics_trace_level=level), failed=failed)


@pytest.mark.parametrize("log_type", ["batch", "score/requests", "score/init"])
def test_the_name_begins_with_the_documented_prefix(log_type):
    """Ids of workspace, web service and endpoint, joined by hyphens, then the type of the log."""
    name = blob_name(make_endpoint(), log_type, 1000.25, "abc")
    expected = f"{WORKSPACE_ID}-{SERVICE_ID}-{ENDPOINT_ID}/{log_type}/19700101T001640.250000Z-abc.json"
    assert expected == name


def test_a_refused_call_is_logged_with_its_error():
    """Status and codes are those that the caller got."""
    error = failure("BadArgument/MissingRequiredGlobalParameters", target="URI")
    facts = request_facts("id", 1.0, 2.5, error)
    assert (400, "BadArgument", "MissingRequiredGlobalParameters") == (
        facts["StatusCode"],
        facts["Error"]["Code"],
        facts["Error"]["Detail"],
    )
    assert ("1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.500Z") == (facts["StartTime"], facts["EndTime"])


def test_an_answered_call_has_no_error():
    """A call that went well says 200."""
    facts = request_facts("id", 1.0, 2.0, None)
    assert (200, False) == (facts["StatusCode"], "Error" in facts)


def test_a_log_holds_no_secret():
    """Keys and signatures of a job's references, and the endpoint's own keys, are not in its log."""
    reference = BlobReference("AccountName=a;AccountKey=c2VjcmV0", "in/a.csv?sig=secret", None, "?sig=secret")
    job = make_job(
        state=JobState.FINISHED,
        inputs={"input1": reference},
        results={"output1": StoredOutput("a", "out", "b.csv")},
        started=1.0,
        ended=2.0,
    )
    text = log(make_endpoint(), "batch", job_facts(job)).decode()
    shown = json.loads(text)
    assert ("in/a.csv", "out/b.csv") == (shown["Inputs"]["input1"], shown["Outputs"]["output1"])
    assert not re.search("secret|c2VjcmV0|key-one|key-two|sig=", text)


def test_only_failed_jobs_are_failures():
    """A cancelled job is no failure."""
    failed = [state for state in JobState if has_failed(make_job(state=state))]
    assert [JobState.FAILED] == failed


def test_a_start_names_the_models():
    """The log of a start has the names of what was loaded."""
    facts = start_facts(make_endpoint(resources=(make_resource("m"),)), 0.0)
    assert {"Time": "1970-01-01T00:00:00.000Z", "Resources": ["m"]} == facts


def test_a_log_begins_with_what_it_is_about():
    """One JSON object, a member a line, characters as they are, a line end at its end."""
    text = log(make_endpoint("ép"), "score/init", {"a": "ü"})
    members = {
        "LogType": "score/init",
        "WorkspaceId": WORKSPACE_ID,
        "WebServiceId": SERVICE_ID,
        "EndpointId": ENDPOINT_ID,
        "EndpointName": "ép",
        "a": "ü",
    }
    lines = ",\n".join(f' "{name}": "{value}"' for name, value in members.items())
    assert f"{{\n{lines}\n}}\n".encode() == text


def test_the_facts_of_a_call():
    """Id, times and status; of a refusal its group, its code and its sentence."""
    error = failure("InvalidOperation/CannotStartJob", "Running")
    expected = {
        "RequestId": "id",
        "StartTime": "1970-01-01T00:00:01.000Z",
        "EndTime": "1970-01-01T00:00:02.000Z",
        "StatusCode": error.entry.status,
        "Error": {"Code": error.entry.group, "Detail": error.code, "Message": error.message},
    }
    assert expected == request_facts("id", 1.0, 2.0, error)


def test_the_facts_of_a_job():
    """Its id, its state, its times as far as it has come, and where its data lies."""
    reference = BlobReference("AccountName=a", "in/a.csv", None, None)
    job = make_job(
        state=JobState.FAILED,
        inputs={"input1": reference, "input2": BlobReference(None, None, "https://x/", None)},
        results={"output1": StoredOutput("a", "out", "b.csv")},
        started=1001.0,
        ended=1002.0,
        details="why",
    )
    expected = {
        "JobId": job.id,
        "StatusCode": "Failed",
        "CreationTime": "1970-01-01T00:16:40.000Z",
        "StartTime": "1970-01-01T00:16:41.000Z",
        "EndTime": "1970-01-01T00:16:42.000Z",
        "Inputs": {"input1": "in/a.csv", "input2": None},
        "Outputs": {"output1": "out/b.csv"},
        "Details": "why",
    }
    assert expected == job_facts(job)
    assert (None, None) == (job_facts(make_job())["StartTime"], job_facts(make_job())["EndTime"])
