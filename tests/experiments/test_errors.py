"""Module errors, and the observed grammar of a failed job's Details."""

import json
import re

import pytest

from amlcontracts import load
from amlemulator.experiments.errors import details_line, module_error, ragged_rows, service_error

IDS = {
    "job_id": "6125164f8bd54e65b576e03253e1ca5a",
    "task_id": "5ffad82b-3633-428e-b46f-0fadfe638aa6",
    "request_id": "d605052f-63ea-4549-9ae0-fe8159fe02db",
    "time": 1462519192.0,
}
# errors.md O20, as far as it was not cut
OBSERVED = (
    "Module: Reader; SNR Job Id: 6125164f8bd54e65b576e03253e1ca5a; SNR Task Id: 5ffad82b-3633-428e-b46f-0fadfe638aa6;"
    " requestId = d605052f-63ea-4549-9ae0-fe8159fe02db errorComponent=Module. taskStatusCode=400. "
    '{"Exception":{"ErrorId":"LibraryException","ErrorCode":"1000","ExceptionType":"ModuleException","Message":'
    '"Error 1000: AFx Library library exception: All rows must have same number of elements","Exception":{"Library":'
    '"AFx Library","ErrorId":"AllRowsMustHaveSameElements","ErrorCode":"16","ExceptionType":"LibraryException",'
    '"Message":"All rows must have same number of elements"}}}Error: Error 1000: AFx Library library exception: All '
    "rows must have same number of elements Process exited with error code -2 Record Starts at UTC 05/06/2016 07:19:52:"
    '  [ModuleOutput] {"Exception":{'
)


def ragged():
    error = ragged_rows("All rows must have same number of elements")
    error.module = "Reader"
    return error.to_dict()


def test_details_have_the_observed_grammar():
    """A job that failed on ragged rows shows the recorded line, character by character, as far as it is known."""
    line = details_line(ragged(), **IDS)
    assert OBSERVED == line[: len(OBSERVED)]
    assert "\n" not in line


def test_a_modules_own_error_has_no_inner_exception():
    """The JSON of a numbered error has four members; both copies in the line are the same."""
    error = module_error("0001", "income")
    error.module = "Train Model"
    line = details_line(error.to_dict(), **IDS)
    documents = [json.loads(text) for text in re.findall(r"\{\"Exception\":\{[^}]*\}\}", line)]
    assert 2 == len(documents)
    assert documents[0] == documents[1]
    assert {
        "ErrorId": "ColumnNotFound",
        "ErrorCode": "0001",
        "ExceptionType": "ModuleException",
        "Message": 'Error 0001: Column with name or index "income" not found',
    } == documents[0]["Exception"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "One or more specified columns were not found"),
        (("a",), 'Column with name or index "a" not found'),
        (("a", "b"), 'Column with name or index "a" does not exist in "b"'),
        (("a", "b", "c"), 'Column with name or index "a" does not exist in "b"'),
    ],
)
def test_the_wording_follows_from_the_number_of_facts(arguments, expected):
    """Microsoft's page has a wording for each number of facts; the fullest that can be filled is taken."""
    assert f"Error 0001: {expected}" == module_error("0001", *arguments).message


@pytest.mark.parametrize("code", sorted(load("module_errors")))
def test_every_code_of_the_catalogue_can_be_raised(code):
    """Each entry has an id and a wording without facts."""
    error = module_error(code)
    assert (code, "{" in error.message) == (error.code, False)


def test_rrs_tells_a_library_failure_from_a_modules_own():
    """An inner failure is LibraryExecutionError with its name, a numbered one ModuleExecutionError with its number."""
    own = module_error("0085", "Python", "boom")
    own.module = "Execute Python Script"
    library, module = service_error(ragged()), service_error(own.to_dict())
    assert ("LibraryExecutionError", "AllRowsMustHaveSameElements") == (library.entry.group, library.entry.code)
    assert ("ModuleExecutionError", "85", "Execute Python Script") == (
        module.entry.group,
        module.entry.code,
        module.target,
    )
    assert 400 == library.entry.status == module.entry.status
