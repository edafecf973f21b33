"""The Python programs of the help pages, run as printed. Those in C# and R: tests/real."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import ContainerClient, generate_container_sas

import awkward
from amlemulator import Emulator
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT as ACCOUNT
from amlemulator.core.connection import DEVELOPMENT_KEY as KEY
from amlemulator.samples import dataset
from help_runs import Reader, recorded_call, retrain_and_compare, training_rows


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as running:
        yield running


@pytest.fixture
def reader(emulator, tmp_path):
    return Reader(emulator, "py", tmp_path)


def test_score_program_scores(reader):
    """The scoring program prints an answer with both rows scored."""
    scored = reader.score(reader.endpoint("Census Model [Predictive Exp.]"))
    assert 2 == len(scored)
    assert all(0 <= float(row["Scored Probabilities"]) <= 1 for row in scored)


def test_programs_retrain(reader):
    """The programs alone train a model, put it into an added endpoint and show that only that one changed."""
    retrain_and_compare(reader, training_rows())


def test_batch_program_fills_in_a_parameter(reader, emulator):
    """A service that takes an address instead of an input is trained by its program once the address is filled in."""
    container = ContainerClient(f"{emulator.blob_url}/{ACCOUNT}", "bikes", credential=KEY)
    soon = datetime.now(UTC) + timedelta(hours=1)
    token = generate_container_sas(ACCOUNT, "bikes", KEY, permission="r", expiry=soon)
    with gzip.open(dataset("bikeshare")) as rows, container:
        container.create_container()
        blob = container.upload_blob("bikes.csv", rows.read())
    reader.run(reader.endpoint("Bike Rental Training"), "jobs", {'"value"': f'"{blob.url}?{token}"'})
    assert (reader.folder / "output1results.ilearner").stat().st_size > 0


def test_program_reports_a_refusal(reader):
    """A refused program prints status, headers and reason, and fails."""
    with pytest.raises(AssertionError, match="401") as refused:
        reader.run(reader.endpoint("Census Model [Predictive Exp.]"), "score", {"Bearer ": "Bearer x"})
    assert "x-ms-request-id" in str(refused.value).lower()
    assert "ScoreRequestUnauthorized" in str(refused.value)


@pytest.mark.parametrize("page", ["score", "update"])
def test_awkward_names_arrive(page, tmp_path):
    """Names that hold quotes, line breaks, Korean and braces arrive as the page's own sample has them."""
    assert awkward.CALLS[page] == recorded_call("py", awkward.program(page, "py"), tmp_path, awkward.BASE)
