"""What no answer may be."""

import json
import uuid

import pytest

from amlcontracts.harness.breach import Breach
from amlcontracts.harness.every_answer import EveryAnswer, family, operation_of
from amlcontracts.harness.wire import Answer

SCORE = "http://h/ussouthcentral.services/workspaces/a/services/b/execute?api-version=2.0"
SERVICES = "http://h/management/workspaces/a/webservices"
UNAUTHORIZED = {
    "error": {
        "code": "Unauthorized",
        "message": "Request is unauthorized to access resource.",
        "details": [{"code": "ScoreRequestUnauthorized", "message": "Invalid credentials provided."}],
    }
}
FLAT = {"error": {"code": "NotFound", "message": "Resource not found."}}


def answer(body, status=401, url=SCORE, method="POST", **headers):
    """Make an answer with a request id and JSON."""
    given = {"x-ms-request-id": str(uuid.uuid4()), "content-type": "application/json; charset=utf-8"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(method, url, status, given, json.dumps(body).encode() if body is not None else b"")


def broken(given, look=None):
    """Return what is wrong with an answer."""
    with pytest.raises(Breach) as told:
        (look or EveryAnswer())(given)
    return str(told.value)


@pytest.mark.parametrize(
    "given",
    [
        answer(UNAUTHORIZED),
        answer(FLAT, 404, f"{SERVICES}/s/endpoints/e", "GET"),
        answer({"Results": {}}, 200),
        answer(None, 304, f"{SERVICES}/s/endpoints/e/refresh"),
        Answer("GET", "http://h/devstoreaccount1/c/b.csv", 403, {}, b"<Error/>"),
    ],
)
def test_good_answers_pass(given):
    """Answers of the catalogue, and those of other hosts, pass."""
    EveryAnswer()(given)


def changed(**members):
    """Return the refusal with other members."""
    return {"error": UNAUTHORIZED["error"] | members}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer(UNAUTHORIZED, x_ms_request_id="7"), "not a GUID"),
        (answer(UNAUTHORIZED, www_authenticate="Bearer"), "WWW-Authenticate"),
        (answer(UNAUTHORIZED, location="/"), "nothing redirects"),
        (answer(UNAUTHORIZED, content_type="text/plain"), "application/json"),
        (answer(UNAUTHORIZED, 403), "expected 401, got 403"),
        (answer({"Error": {}}), "not an error envelope"),
        (answer(changed(code="Nonsense")), "no error Nonsense"),
        (answer(changed(message="No.")), "Unauthorized says No."),
        (answer(changed(details=[{"code": "MissingJobId", "message": "m"}])), "no detail MissingJobId"),
        (answer(changed(details=[{"code": "ScoreRequestUnauthorized", "message": "m"}])), "says m"),
        (answer(changed(details=[{"message": "m", "code": "c"}])), "members of a detail"),
        (answer(FLAT, 401), "members of error"),
        (answer(FLAT, 400, SERVICES, "GET"), "expected True, got False"),
        (answer(FLAT["error"] | {"error": {"code": "Nobody", "message": "m"}}, 404, SERVICES, "GET"), "envelope"),
        (answer({"error": {"code": "Nobody", "message": "m"}}, 404, SERVICES, "GET"), "no flat error Nobody"),
        (answer({"error": {"code": "NotFound", "message": "m"}}, 404, SERVICES, "GET"), "does not say m"),
        (answer({"Results": 7}, 200), "not as execution-results.schema.json has it"),
        (answer({"Results": {}}, 201), "expected 200, got 201"),
        (answer({}, 304), "body of a 304"),
    ],
)
def test_bad_answers_are_breaches(given, words):
    """Each thing that no answer may be is told."""
    assert words in broken(given)


def test_no_two_answers_share_a_request_id():
    """An id that another answer had is a breach."""
    look, given = EveryAnswer(), answer(UNAUTHORIZED)
    look(given)
    assert "was another request's" in broken(given, look)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (SCORE, "scoring"),
        ("http://h/x/workspaces/a/services/b/swagger.json", "scoring"),
        (SERVICES, "management"),
        ("http://h/studio/apihelp/workspaces/a/webservices/b/endpoints/c", ""),
        ("http://h/account/container/blob.csv?sig=x", ""),
    ],
)
def test_an_address_tells_its_envelope(url, kind):
    """Scoring and management host have envelopes of their own, other addresses none."""
    assert kind == family(url)


@pytest.mark.parametrize(
    ("method", "url", "operation"),
    [
        ("POST", SCORE, "rrs.execute"),
        ("POST", "http://h/x/workspaces/a/services/b//execute%20", "rrs.execute"),
        ("POST", "http://h/x/workspaces/%20/services/b%20/execute", "rrs.execute"),
        ("GET", SERVICES + "/", "services.list"),
        ("GET", SERVICES + "/%20/", "services.list"),
        ("POST", "http://h/workspaces/a/services/b/jobs/start", "bes.start-without-id"),
        ("POST", "http://h/workspaces/a/services/b/jobs/j/start", "bes.start"),
        ("TRACE", SCORE, None),
    ],
)
def test_a_request_tells_its_operation(method, url, operation):
    """The description of what was called is found by method and the end of the address."""
    found = operation_of(method, url)
    assert operation == (found and found.id)
