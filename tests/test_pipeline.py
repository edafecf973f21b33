"""From an address to an operation: hosts by name and by path, what is tidied, and what every answer carries."""

import logging
import re

import pytest

from amlemulator.faces.rrs import Views
from amlemulator.pipeline import raw_path
from support import graphs
from support.blobs import by_token, upload

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ROW = {"Inputs": {"input1": {"Values": [[1.5, 7, "a", True, "5/30/2010 18:07:00"]]}}}


@pytest.fixture
def echo(place):
    """Deploy a service that gives back what it takes."""
    return place.deploy(graphs.ECHO)


# Addresses


@pytest.mark.parametrize(
    "root",
    [
        "/ussouthcentral.services",
        "//ussouthcentral.services",
        "https://ussouthcentral.services.azureml.net",
        "https://ussouthcentral.services.azureml.net:443",
        "https://USSouthCentral.Services.AzureML.net",
        "",
    ],
)
def test_scoring_by_every_address(echo, root):
    """The first label stands in the path or in the host name, or nowhere: then the workspace's own region is meant."""
    path = f"/workspaces/{echo.place.workspace.id}/services/{echo.endpoint.id}/execute"
    assert 200 == echo.place.wire.call("POST", root + path, ROW, key=echo.endpoint.primary_key).status


@pytest.mark.parametrize("root", ["/management", "https://management.azureml.net", "", "/", "//"])
def test_management_by_every_address(echo, root):
    """Below /workspaces/{id}/webservices the bare address is the management host's."""
    for path in ("/webservices", "/webservices/", f"{echo.path}/endpoints"):
        url = f"{root}/workspaces/{echo.place.workspace.id}{path}"
        assert 200 == echo.place.wire.call("GET", url, key=echo.place.workspace.primary_token).status


@pytest.mark.parametrize("root", ["/studio", "https://studio.azureml.net", ""])
def test_help_by_every_address(echo, root):
    """Help pages answer under the host's label, its real name, and bare."""
    path = f"/apihelp/workspaces/{echo.place.workspace.id}/webservices/{echo.service.id}/endpoints/{echo.endpoint.id}"
    assert 200 == echo.place.wire.call("GET", root + path).status


def test_addresses_in_answers_are_the_configured_ones(echo):
    """A forwarded host name changes nothing: answers name the public base (clients.md section 16 no. 14)."""
    for host in ("127.0.0.1:8350", "localhost:1234", "build-agent-7", "[::1]:8350", ""):
        shown = echo.place.manage("GET", echo.managed, headers={"Host": host}).json
        assert shown["ApiLocation"].startswith("http://127.0.0.1:8350/ussouthcentral.services/workspaces/")


def test_who_uses_real_names_is_told_real_names(echo):
    """By its real host name the service names real hosts, as a client behind a proxy expects."""
    url = f"https://management.azureml.net/workspaces/{echo.place.workspace.id}{echo.managed}"
    shown = echo.place.wire.call("GET", url, key=echo.place.workspace.primary_token).json
    assert shown["ApiLocation"].startswith("https://ussouthcentral.services.azureml.net/workspaces/")
    assert shown["HelpLocation"].startswith("https://studio.azureml.net/apihelp/workspaces/")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"REQUEST_URI": "/a%20b/c?d=e"}, "/a%20b/c?d=e"),
        ({"RAW_URI": "http://127.0.0.1:8350/a%20b/c?d=e"}, "/a%20b/c?d=e"),
        ({"REQUEST_URI": "", "PATH_INFO": "/a b/c", "QUERY_STRING": "d=e"}, "/a%20b/c?d=e"),
        ({"PATH_INFO": "/\xc3\xa9"}, "/%C3%A9"),
    ],
)
def test_the_target_as_it_came(environ, expected):
    """A proxy's client sends the whole URL, of which the path is kept; it is rebuilt where the server does not tell."""
    assert expected == raw_path(environ)


@pytest.mark.parametrize("form", ["{blob}", "http://127.0.0.1:8350/devstoreaccount1.blob", "{real}"])
def test_blobs_by_every_address(place, form):
    """A blob answers on its own listener, below {account}.blob and by the account's real name, with one signature."""
    upload(place.emulator, "a b+c.txt", b"content")
    token = by_token(place.emulator, "a b+c.txt")["SasBlobToken"]
    base = form.format(
        blob="http://127.0.0.1:10000/devstoreaccount1", real="https://devstoreaccount1.blob.core.windows.net"
    )
    answer = place.wire.call("GET", f"{base}/tests/a%20b+c.txt{token}")
    assert (200, b"content") == (answer.status, answer.body)
    assert 403 == place.wire.call("GET", f"{base}/tests/a%20b%2Bd.txt{token}").status


# What every answer carries


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/"),
        ("GET", "/nowhere"),
        ("GET", "/ussouthcentral.services/nowhere"),
        ("POST", "/management/workspaces/x/webservices"),
        ("GET", "/studioapi/api/workspaces/x"),
        ("GET", "/studio/apihelp/nowhere"),
        ("GET", "/_emulator/healthz"),
        ("GET", "/_emulator/nowhere"),
        ("GET", "/portal/nowhere"),
        ("GET", "/devstoreaccount1.blob/nowhere/x"),
        ("GET", "http://127.0.0.1:10000/devstoreaccount1/nowhere/x"),
        ("BREW", "/coffee"),
    ],
)
def test_every_answer_has_a_request_id(wire, method, url):
    """Each answer, refusals included, has an id of its own; none asks for credentials in HTTP's way."""
    answers = [wire.call(method, url) for _ in range(2)]
    ids = [answer.header("x-ms-request-id") or "" for answer in answers]
    assert [True, True] == [bool(GUID.fullmatch(one)) for one in ids]
    assert ids[0] != ids[1]
    assert answers[0].header("Location") is None
    assert "blob" in url or "10000" in url or answers[0].header("WWW-Authenticate") is None


@pytest.mark.parametrize("path", ["/{}", "/{}/", "//{}", "/{}//", "/{}%20", "/{}/%20/"])
@pytest.mark.parametrize("last", ["webservices", "nowhere"])
def test_nothing_redirects(echo, path, last):
    """Slashes and blanks too many are answered as they are, found or not."""
    answer = echo.place.manage("GET", path.format(last))
    assert (200 if last == "webservices" else 404) == answer.status


@pytest.mark.parametrize("name", ["x", "%20", "%20%20"])
@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (400, "GET", "/management/workspaces/{}/webservices"),
        (401, "POST", "/ussouthcentral.services/workspaces/w/services/{}/execute"),
        (401, "POST", "/studioapi/api/workspaces/{}/datasources"),
    ],
)
def test_a_name_of_blanks_is_a_name(wire, status, method, path, name):
    """In the middle of an address it is one that nothing has, as any other; it is not left out."""
    assert status == wire.call(method, path.format(name)).status


# Unknown routes and methods


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/ussouthcentral.services/nowhere", {"code": "NotFound", "message": "Resource not found.", "details": []}),
        ("/workspaces/x/services", {"code": "NotFound", "message": "Resource not found.", "details": []}),
        ("/management/nowhere", {"code": "NotFound", "message": "Resource not found."}),
        ("/nowhere", {"code": "NotFound", "message": "There is no resource at /control/nowhere."}),
    ],
)
def test_unknown_routes(wire, url, expected):
    """What is nowhere is 404 in the envelope of the host that was asked."""
    answer = wire.call("GET", url)
    assert (404, {"error": expected}) == (answer.status, answer.json)


def test_an_unknown_route_of_the_studio_api(wire):
    """The Studio API's envelope has capitals."""
    answer = wire.call("GET", "/studioapi/api/nowhere")
    assert 404 == answer.status
    assert ["Code", "Message", "Target", "Details", "InnerError", "DebugInfo"] == list(answer.json["Error"])


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "PATCH", "PUT", "TRACE", "BREW"])
def test_other_methods(echo, method):
    """A method that a route does not have is 405, in our words and marked so, whatever the key."""
    answer = echo.place.wire.call(method, echo.api + "/execute")
    assert (405, "MethodNotAllowed", None) == answer.refusal
    assert "http.method-not-allowed" == answer.header("x-amlclassic-evidence")
    assert f"The requested resource does not support http method '{method}'." == answer.json["error"]["message"]
    assert "POST" == answer.header("Allow")


def test_head_is_get_without_a_body(echo):
    """HEAD answers as GET does, without the body."""
    assert 200 == echo.place.manage("HEAD", "/webservices").status


# Our own faults


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "/ussouthcentral.services/workspaces/x/services/y/execute",
            {
                "code": "InternalError",
                "message": "Execution encountered an internal error.",
                "details": [{"code": "UnknownError", "message": ""}],
            },
        ),
        (
            "/management/workspaces/x/webservices",
            {"code": "InternalError", "message": "Execution encountered an internal error."},
        ),
        ("/_emulator/clock", {"code": "InternalError", "message": ""}),
    ],
)
def test_a_fault_of_our_own(place_with, monkeypatch, caplog, url, expected):
    """A fault answers 500 in the host's envelope without its reason, which stands in the log and on the list."""
    place = place_with()

    def spoilt(*_):
        raise ZeroDivisionError("the reason")

    monkeypatch.setattr(place.emulator.directory, "workspace", spoilt)
    monkeypatch.setattr(place.emulator.guard, "check", spoilt)
    with caplog.at_level(logging.ERROR):
        answer = place.wire.call("POST" if "execute" in url else "GET", url)
    assert (500, {"error": expected}) == (answer.status, answer.json)
    assert ["ZeroDivisionError"] == [type(fault).__name__ for fault in place.emulator.faults_of_ours]
    assert "the reason" in caplog.text


def test_a_fault_of_the_studio_api(place_with, monkeypatch):
    """There it is the observed ServiceError (O27)."""
    place = place_with()

    def spoilt(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(place.emulator.directory, "workspace", spoilt)
    answer = place.wire.call("GET", "/studioapi/api/workspaces/x")
    expected = {
        "Code": "ServiceError",
        "Message": "InternalServerError",
        "Target": None,
        "Details": [],
        "InnerError": None,
        "DebugInfo": None,
    }
    assert (500, {"Error": expected}) == (answer.status, answer.json)


def test_views_say_who_may_call_them():
    """Each view carries its operation: a name for journal and evidence, and who may call."""
    assert ("rrs.execute", "scoring") == (
        Views.execute.operation.name,
        Views.execute.operation.access,
    )


@pytest.mark.parametrize("language", ["ko", "de-DE,de;q=0.9", "xx"])
def test_errors_are_english(echo, language):
    """No observed error is in any other language, whatever was asked for (errors.md section 9)."""
    answer = echo.score({}, headers={"Accept-Language": language})
    assert "The web service expects an input, but no input was provided." in answer.message
