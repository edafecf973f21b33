"""The error catalogue as data, and the one exception that carries an entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlcontracts import load
from amlemulator.core.errors import catalogue, failure, fill

# Statuses of Microsoft's 18 groups (ERR, 11/16/2016), with the number of codes of each.
GROUPS = {
    "BadArgument": (400, 44),
    "BadUserArgument": (400, 5),
    "InvalidOperation": (400, 3),
    "LibraryExecutionError": (400, 0),
    "ModuleExecutionError": (400, 0),
    "WebServicePackageError": (400, 3),
    "Unauthorized": (401, 3),
    "NotFound": (404, 4),
    "RequestTimeout": (408, 2),
    "Conflict": (409, 1),
    "MemoryQuotaViolation": (413, 1),
    "InternalError": (500, 36),
    "InternalErrorSystemLowOnMemory": (500, 0),
    "ModelPackageFormatError": (500, 0),
    "WebServicePackageInternalError": (500, 1),
    "InitializingContainers": (503, 0),
    "ServiceUnavailable": (503, 5),
    "GatewayTimeout": (504, 2),
}


def test_the_catalogue_has_18_groups_and_110_codes():
    """Every group of Microsoft's list is there with its status and its number of codes, 110 in all."""
    groups = load("errors")["groups"]
    found = {name: (facts["status"], len(facts.get("codes") or {})) for name, facts in groups.items()}
    assert GROUPS == found
    assert (18, 110) == (len(found), sum(count for _, count in found.values()))


@pytest.mark.parametrize(
    ("name", "group_message", "message"),
    [
        (
            "BadArgument/InvalidBlobConnectionString",
            "Invalid argument provided.",
            "The connection string specified for one of the input/output blobs in invalid: {0}. "
            "Please correct this and try again.",
        ),
        (
            "BadUserArgument/InputParseError",
            "Invalid user argument provided.",
            "Parsing of input vector failed.  Verify the input vector has the correct number of columns and data types."
            "  Additional details: {0}.",
        ),
        (
            "BadArgument/BlobNotFound",
            "Invalid argument provided.",
            "Unable to access the provided Azure blob - {0}.  Azure error message: {1}.",
        ),
        (
            "Unauthorized/ScoreRequestUnauthorized",
            "Request is unauthorized to access resource.",
            "Invalid credentials provided.",
        ),
        (
            "ServiceUnavailable/RequestThrottled",
            "Service is temporarily unavailable.",
            "Request was throttled for {0} endpoint. The maximum concurrency for the endpoint is {1}.",
        ),
    ],
)
def test_texts_keep_the_services_own_slips(name, group_message, message):
    """Typing errors and double blanks of the service's texts are kept, for programs compare them."""
    assert (group_message, message) == (catalogue()[name].group_message, catalogue()[name].message)


def test_an_unknown_name_is_a_fault_of_the_program():
    """A refusal that the catalogue does not have cannot be raised by accident."""
    with pytest.raises(KeyError):
        failure("BadArgument/NoSuchCode")


@given(st.lists(st.text(max_size=20), max_size=4), st.text(max_size=40))
def test_places_are_filled_in_one_pass(arguments, text):
    """An argument that looks like a place stays as it is, and so does a place without argument."""
    template = text.replace("{", "(") + "".join(f"<{{{place}}}>" for place in range(5))
    filled = [f"<{argument}>" for argument in arguments] + [f"<{{{place}}}>" for place in range(len(arguments), 5)]
    assert text.replace("{", "(") + "".join(filled) == fill(template, tuple(arguments))


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_entry_can_be_raised(name):
    """Each entry makes an exception whose text is filled and whose status is an error's (or the storage's 304)."""
    error = failure(name, "one", "two", target="port", evidence="rule")
    assert error.entry.status in range(400, 600) or error.entry.name == "blob/NotModified"
    assert ("port", "rule") == (error.target, error.evidence)
    assert "{0}" not in error.message
    assert "{1}" not in error.message


def test_a_message_of_ours_takes_the_place_of_the_texts():
    """``message`` replaces the catalogue's text, code and status stay."""
    error = failure("management/BadArgument", message="Ours.", evidence="patch.unknown-resource")
    assert ("BadArgument", 400, "Ours.") == (error.code, error.entry.status, error.message)


def test_an_error_is_printed_with_its_name_and_what_it_says():
    """Its own sentence, or its group's where it has none."""
    own, group = failure("InvalidOperation/CannotStartJob", "Running"), failure("BadArgument")
    assert f"InvalidOperation/CannotStartJob: {own.message}" == str(own)
    assert f"BadArgument: {group.group_message}" == str(group)
    assert own.group_message
    assert "" == failure("management/InvalidOperation").group_message


def test_the_catalogue_is_the_contract():
    """Every entry has the status, the texts and the envelope that contracts/errors.yaml gives it."""
    document, expected = load("errors"), {}
    for group, facts in document["groups"].items():
        common = (group, facts["message"])
        expected[group] = (facts["status"], "", "", "details", *common)
        for code, message in (facts.get("codes") or {}).items():
            expected[f"{group}/{code}"] = (facts["status"], code, message, "details", *common)
    for code, facts in document["scoring"].items():
        expected[f"scoring/{code}"] = (facts["status"], "", "", "details", code, facts["message"])
    for host, envelope in {"management": "flat", "studio": "studio", "blob": "blob", "control": "control"}.items():
        for code, facts in document[host].items():
            worn = facts.get("envelope", envelope)
            expected[f"{host}/{code}"] = (facts["status"], facts.get("code", code), facts["message"], worn, None, None)
    found = {
        name: (one.status, one.code, one.message, one.envelope, one.group, one.group_message)
        for name, one in catalogue().items()
    }
    assert expected == found
    assert list(found) == [one.name for one in catalogue().values()]
