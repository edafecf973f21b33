"""Calls: what a contract keeps of the exchanges of a run."""

import pytest

from amlcontracts.consumer.calls import content, line, made_of
from amlcontracts.consumer.places import Writer
from support.exchanges import OTHER, Ids, exchange

JOB = "5" * 32


def made(*exchanges, ids=None):
    return made_of(exchanges, Writer((ids or Ids()).known))


def test_a_call_says_what_it_is_and_not_where():
    """Operation, service, endpoint, caller and request are kept; addresses, ids and keys are not."""
    [found] = made(exchange("rrs.execute", {"Results": {}}, body={"Inputs": {"a b": ["{x}"]}}))
    expected = {
        "operation": "rrs.execute",
        "service": "S",
        "endpoint": "default",
        "as": "key",
        "request": {
            "query": {"api-version": "2.0"},
            "headers": {"content-type": "application/json"},
            "body": {"Inputs": {"a b": ["{open}x}"]}},
        },
        "answer": {},
    }
    assert (expected, 200, {"Results": {}}) == (found.call, found.status, found.body)
    assert "rrs.execute at 'S/default', called with the key" == found.line


def test_the_same_run_elsewhere_makes_the_same_calls():
    """Other ports, ids, keys and jobs change nothing."""
    first, second = (
        [
            one.call
            for one in made(
                exchange("bes.submit", job, ids=ids),
                exchange("bes.start", job=job, ids=ids),
                *[exchange("bes.status", {"StatusCode": "Running"}, job=job, ids=ids)] * polls,
                exchange("bes.status", {"StatusCode": "Finished", "Id": job}, job=job, ids=ids),
                ids=ids,
            )
        ]
        for ids, job, polls in ((Ids(), JOB, 4), (OTHER, "6" * 32, 0))
    )
    assert first == second
    assert {"job": []} == first[0]["keep"]
    assert {"job_id": "{job}"} == first[1]["request"]["path"]


def test_what_only_reads_is_one_call_until_something_changes():
    """Two jobs that are polled in turns are two calls, each with its last answer; what changes something is kept."""
    one, two = "1" * 32, "2" * 32
    found = made(
        exchange("bes.status", 1, job=one),
        exchange("bes.status", 2, job=two),
        exchange("bes.status", 3, job=one),
        exchange("bes.delete", job=one),
        exchange("bes.delete", job=one, status=404),
        exchange("bes.status", 4, job=one),
        exchange("rrs.execute", 5, body=1),
        exchange("rrs.execute", 6, body=1),
    )
    wanted = ["bes.status", "bes.status", "bes.delete", "bes.delete", "bes.status", "rrs.execute"]
    assert wanted == [call.call["operation"] for call in found]
    assert [3, 2, None, None, 4, 6] == [call.body for call in found]


def test_what_is_no_call_of_the_service_is_left_out():
    """Help pages are for people."""
    assert [] == made({**exchange(), "operation": "help.score", "method": "GET"})


def test_an_operation_with_several_addresses_is_told_apart():
    """Lists of the Studio API that are always empty share a name and have an address each."""
    url = f"/api/workspaces/{Ids().workspace}/notebooks"
    found = exchange(operation="bes.status", job=JOB) | {
        "operation": "studio.empty-lists",
        "url": url,
        "arguments": {"workspace_id": Ids().workspace},
        "service": None,
        "endpoint": None,
    }
    [call] = made(found)
    assert "studio.notebooks" == call.call["operation"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ("nothing", None)),
        ("[1, null]", ("body", [1, None])),
        ("a,b\n", ("text", "a,b\n")),
        ("[NaN]", ("text", "[NaN]")),
        ({"base64": "/w=="}, ("base64", "/w==")),
    ],
)
def test_a_body_is_kept_as_what_it_is(text, kept):
    """JSON as such, other texts and bytes as they are."""
    assert kept == content(text)


@pytest.mark.parametrize(("kind", "text"), [("text", "a {b}"), ("base64", {"base64": "1" * 32})])
def test_bodies_that_are_no_json_are_sent_as_they_were(kind, text):
    """A text has places like any other; bytes have none."""
    [found] = made(exchange(body=None) | {"body": text})
    assert {"text": "a {open}b}", "base64": "1" * 32}[kind] == found.call["request"][kind]


def test_callers_are_named():
    """A line says whose key it was."""
    wanted = {"nobody": "no key", "stranger": "a key of nobody", "token": "the token"}
    for caller, words in wanted.items():
        assert f"x, called with {words}" == line({"operation": "x", "as": caller})
