"""The Python programs of the help pages, run as printed. Those in C# and R: tests/real."""

import pytest

import awkward
from amlemulator import Emulator
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


def test_program_reports_a_refusal(reader):
    """A refused program prints status, headers and reason, and fails."""
    with pytest.raises(AssertionError, match="401") as refused:
        reader.run(reader.endpoint("Census Model [Predictive Exp.]"), "score", {"Bearer ": "Bearer x"})
    assert "x-ms-request-id" in str(refused.value)
    assert "ScoreRequestUnauthorized" in str(refused.value)


@pytest.mark.parametrize("page", ["score", "update"])
def test_awkward_names_arrive(page, tmp_path):
    """Names that hold quotes, line breaks, Korean and braces arrive as the page's own sample has them."""
    assert awkward.CALLS[page] == recorded_call("py", awkward.program(page, "py"), tmp_path, awkward.BASE)
