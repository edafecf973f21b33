"""Batch jobs that fail: in a module, at the storage, by their tokens."""

from urllib.parse import parse_qs

import pytest

from support import graphs
from support.bes import DETAILS, started, status_of, training_body
from support.blobs import by_key, by_token, download


@pytest.fixture
def line(staged):
    """Deploy a small training service whose jobs end when the test says so."""
    return staged.deploy(graphs.TRAINING)


def test_a_failed_job_says_why_in_the_observed_grammar(line):
    """Failed has no Results, and Details is one line in the grammar that users pasted (O20)."""
    job = started(line)
    line.place.emulator.fail(job)
    status = status_of(line, job)
    assert ("Failed", None) == (status["StatusCode"], status["Results"])
    found = DETAILS.fullmatch(status["Details"])
    assert found, status["Details"]
    assert ("Reader", "Error 1000: AFx Library library exception: All rows must have same number of elements") == (
        found["module"],
        found["message"],
    )
    assert 200 == line.jobs("DELETE", f"/{job}").status


@pytest.mark.parametrize(
    ("changes", "module", "words"),
    [
        ({"Input": by_key("missing.csv")}, "Web Service Input", "The specified blob does not exist."),
        (
            {"Input": by_key("in.csv", RelativeLocation="nowhere/in.csv")},
            "Web Service Input",
            "The specified container does not exist.",
        ),
        (
            {"Input": by_key("in.csv", ConnectionString="AccountName=stranger;AccountKey=a2V5")},
            "Web Service Input",
            "'stranger' is not one of the emulator's",
        ),
        (
            {"Input": by_key("in.csv", ConnectionString="AccountName=devstoreaccount1;AccountKey=d3Jvbmc=")},
            "Web Service Input",
            "failed to authenticate",
        ),
        (
            {"Outputs": {"output2": by_key("a.csv", ConnectionString="AccountName=stranger;AccountKey=a2V5")}},
            "Web Service Output",
            "'stranger' is not one of the emulator's",
        ),
    ],
)
def test_what_only_the_storage_shows_fails_the_job(line, changes, module, words):
    """A job whose blobs cannot be read or written is accepted and then Failed, with the storage's sentence."""
    job = started(line, **changes)
    line.place.emulator.wait_for_end(job)
    status = status_of(line, job)
    assert "Failed" == status["StatusCode"]
    assert f"Module: {module};" in status["Details"]
    assert words in status["Details"]
    assert {} == line.place.emulator.staged.tasks


def test_what_import_data_cannot_read_is_its_own_failure(staged):
    """The address stands in a parameter, so Details name the module that reads it and no input."""
    bikes = staged.sample("bike-rental-training")
    url = f"{bikes.place.emulator.blob_url}/devstoreaccount1/no/where.csv"
    job = started(bikes, Input=None, GlobalParameters={"URI": url})
    bikes.place.emulator.wait_for_end(job)
    details = status_of(bikes, job)["Details"]
    assert ("Module: Import Data;", True) == (details[:20], "Error 0065: " in details)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ({"start": -7200, "end": -3600}, "Signature not valid in the specified time frame"),
        ({"start": 3600, "end": 7200}, "Signature not valid in the specified time frame"),
        ({"permissions": "w"}, "using this permission"),
    ],
)
def test_tokens_that_do_not_read_fail_the_job(line, token, words):
    """An expired token, one that is not valid yet and one without the right fail the job when it runs."""
    reference = by_token(line.place.emulator, "in.csv", **token)
    job = started(line, Input=reference)
    line.place.emulator.wait_for_end(job)
    details = status_of(line, job)["Details"]
    assert words in details
    assert parse_qs(reference["SasBlobToken"][1:])["sig"][0] not in details


def test_an_output_token_without_the_right_to_write_fails_the_job(line):
    """The right to write is looked at before anything runs."""
    job = started(line, Outputs={"output2": by_token(line.place.emulator, "e.csv", "r")})
    line.place.emulator.wait_for_end(job)
    assert "Module: Web Service Output;" in status_of(line, job)["Details"]
    assert {} == line.place.emulator.staged.tasks


def test_tokens_that_do_read_and_write(line):
    """References by SAS work for inputs and outputs alike."""
    emulator = line.place.emulator
    job = started(line, Input=by_token(emulator, "in.csv"), Outputs={"output2": by_token(emulator, "by-sas.csv", "rw")})
    emulator.finish(job, b"content")
    assert b"content" == download(emulator, "by-sas.csv")


@pytest.mark.parametrize("name", ["missing.csv", "in.csv"])
def test_blobs_are_looked_at_when_submitting_by_a_switch(staged_with, name):
    """The other reading of errors.md U5: a blob that cannot be read is a 400 of the submission."""
    target = staged_with(blob_check="submit").deploy(graphs.TRAINING)
    body = training_body(target.place, Input=by_key(name))
    answer = target.jobs("POST", "", body)
    if name == "in.csv":
        assert 200 == answer.status
    else:
        assert (400, "BadArgument", "BlobNotFound") == answer.refusal
        assert "Azure error message: The specified blob does not exist.." in answer.message


def test_results_in_an_account_that_is_gone(staged_with, monkeypatch):
    """Where the account of a result is none any more, the status is 500 ServiceUrisNotFound."""
    target = staged_with(auto_accounts=True).deploy(graphs.TRAINING)
    emulator = target.place.emulator
    key = emulator.identity.new_key("account", "stranger")
    emulator.blobs.create_container("stranger", "tests")
    connection = f"AccountName=stranger;AccountKey={key}"
    job = started(target, Outputs={"output2": by_key("evaluation.csv", ConnectionString=connection)})
    emulator.finish(job)
    assert "Finished" == status_of(target, job)["StatusCode"]
    known = emulator.blobs.key
    monkeypatch.setattr(emulator.blobs, "key", lambda account: None if account == "stranger" else known(account))
    assert (500, "InternalError", "ServiceUrisNotFound") == target.jobs("GET", f"/{job}").refusal


def test_a_published_function_has_no_jobs(staged):
    """A job on a code service is refused with the reason instead of failing later."""
    body = {"Name": "myadd", "Type": "Code", "CodeBundle": {"InputSchema": {}, "OutputSchema": {}}}
    service = staged.emulator.code_services.publish(staged.workspace, "ab" * 16, body)
    answer = staged.target(service).jobs("POST", "", {})
    assert (501, "services.code-not-run") == (answer.status, answer.header("x-amlclassic-evidence"))
