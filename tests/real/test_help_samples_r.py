"""The R programs of the help pages, run by Rscript as printed."""

import pytest

import awkward
from amlemulator import Emulator
from help_runs import Reader, recorded_call, retrain_and_compare, training_rows

LANGUAGE = "r"


def test_programs_retrain(tmp_path):
    """The programs alone train a model, put it into an added endpoint and show that only that one changed."""
    with Emulator() as emulator:
        retrain_and_compare(Reader(emulator, LANGUAGE, tmp_path), training_rows())


@pytest.mark.parametrize("page", ["score", "update"])
def test_awkward_names_arrive(page, tmp_path):
    """Names that hold quotes, line breaks, Korean and braces arrive as the page's own sample has them."""
    call = recorded_call(LANGUAGE, awkward.program(page, LANGUAGE), tmp_path, awkward.BASE)
    assert awkward.CALLS[page] == call
