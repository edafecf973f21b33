"""Management of web services and endpoints over the wire."""

import re

import pytest

from amlemulator.core.errors import failure
from support import graphs
from support.census import plain, probabilities
from support.state import unchanged

UNAUTHORIZED = {
    "error": {
        "code": "Unauthorized",
        "message": "Request is unauthorized to access resource.",
        "details": [{"code": "ManagementRequestUnauthorized", "message": "Unauthorized"}],
    }
}
GET_WORKSPACE_FAILED = {
    "error": {
        "code": "GetWorkspaceFailed",
        "message": "Internal error. The error code has been logged. If you retry and see this error again, report the "
        "error code and the request ID to the online forum.",
    }
}
INVALID_WORKSPACE = {
    "error": {
        "code": "InvalidWorkspaceId",
        "message": "Invalid workspace ID provided. Verify the workspace ID is correct and try again.",
    }
}
INVALID_SERVICE = {
    "error": {
        "code": "InvalidWebServiceId",
        "message": "Invalid web service ID provided. Verify the web service ID is correct and try again.",
    }
}
INVALID_OPERATION = {"error": {"code": "InvalidOperation", "message": "The request is invalid in the current context."}}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ROW = {"Inputs": {"input1": {"Values": [[1.5, 7, "a", True, "5/30/2010 18:07:00"]]}}}


@pytest.fixture
def echo(place):
    """Deploy a service that gives back what it takes."""
    return place.deploy(graphs.ECHO)


def names(target, **options):
    return [one["Name"] for one in target.place.manage("GET", target.endpoints, **options).json]


# Services


def test_the_list_of_services(place):
    """An array of services with the seven recorded members, in order of deployment; names may repeat."""
    services = [place.deploy(graphs.ECHO).service for _ in range(2)]
    for path in ("/webservices", "/webservices/", "//webservices"):
        answer = place.manage("GET", path)
        assert (200, [one.id for one in services]) == (answer.status, [one["Id"] for one in answer.json])
    shown = place.manage("GET", "/webservices").json[0]
    assert TIME.fullmatch(shown.pop("CreationTime"))
    expected = {
        "Id": services[0].id,
        "Name": "Echo",
        "Description": None,
        "WorkspaceId": place.workspace.id,
        "DefaultEndpointName": "default",
        "EndpointCount": 1,
    }
    assert expected == shown


def test_one_service(echo):
    """The single service is shown as in the list, with its number of endpoints."""
    echo.add("ep2")
    shown = echo.place.manage("GET", echo.path).json
    assert echo.place.manage("GET", "/webservices").json == [shown]
    assert 2 == shown["EndpointCount"]


def test_deleting_a_service(echo):
    """A deleted service is gone with its endpoints, and its scoring address is unknown."""
    answer = echo.place.manage("DELETE", echo.path)
    assert (200, b"") == (answer.status, answer.body)
    assert [] == echo.place.manage("GET", "/webservices").json
    assert (404, "NotFound", "WebServiceNotFound") == echo.place.manage("GET", echo.path).refusal
    assert 401 == echo.score(ROW).status


# Who may call, and where


@pytest.mark.parametrize("host", ["/europewest.management", "https://asiasoutheast.management.azureml.net"])
@pytest.mark.parametrize(("method", "key"), [("GET", "right"), ("PUT", "wrong"), ("PATCH", None), ("DELETE", "right")])
def test_another_regions_host_knows_no_such_workspace(echo, host, method, key):
    """A workspace elsewhere is the observed 500 without details, before the key and the body are looked at (O4)."""
    key = echo.place.workspace.primary_token if key == "right" else key
    url = f"{host}/workspaces/{echo.place.workspace.id}{echo.managed}"
    with unchanged(echo.place.emulator):
        answer = echo.place.wire.call(method, url, key=key, raw=b"{ no JSON")
    assert (500, GET_WORKSPACE_FAILED) == (answer.status, answer.json)
    assert answer.header("x-amlclassic-evidence") is None


@pytest.mark.parametrize("workspace", ["0" * 32, "nonsense", "a%20b"])
def test_an_unknown_workspace(place, workspace):
    """An id that no region has is the observed 400, whatever the key and the host (O5)."""
    for host in ("/management", "/europewest.management"):
        answer = place.wire.call("PUT", f"{host}/workspaces/{workspace}/webservices/{'0' * 32}", key="wrong")
        assert (400, INVALID_WORKSPACE) == (answer.status, answer.json)


def test_a_workspace_of_europe(place_with):
    """A workspace answers on its own region's host, and on the bare address."""
    place = place_with("West Europe")
    assert "/europewest.management/" in place.management
    assert 200 == place.manage("GET", "/webservices").status
    bare = f"/workspaces/{place.workspace.id}/webservices"
    assert 200 == place.wire.call("GET", bare, key=place.workspace.primary_token).status
    by_name = f"https://europewest.management.azureml.net{bare}"
    assert 200 == place.wire.call("GET", by_name, key=place.workspace.primary_token).status
    wrong = place.wire.call("GET", f"/management{bare}", key=place.workspace.primary_token)
    assert (500, GET_WORKSPACE_FAILED) == (wrong.status, wrong.json)


CALLS = [
    ("GET", "/webservices"),
    ("GET", "{service}"),
    ("PUT", "{service}"),
    ("DELETE", "{service}"),
    ("GET", "{service}/endpoints"),
    ("GET", "{endpoint}"),
    ("PUT", "{endpoint}"),
    ("PUT", "{service}/endpoints/another"),
    ("PATCH", "{endpoint}"),
    ("POST", "{endpoint}/refresh"),
    ("DELETE", "{endpoint}"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_wrong_keys_are_refused(echo, method, path):
    """No key, a wrong one and another workspace's token are the documented 401, before the body is looked at."""
    other = echo.place.emulator.add_workspace("Other")
    stranger = type(echo.place)(echo.place.wire, other).deploy(graphs.ECHO)
    path = path.format(service=echo.path, endpoint=echo.managed)
    for key in (None, "wrong", other.primary_token, stranger.endpoint.primary_key):
        with unchanged(echo.place.emulator):
            answer = echo.place.wire.call(method, echo.place.management + path, key=key, raw=b"{ no JSON")
        assert (401, UNAUTHORIZED, None) == (answer.status, answer.json, answer.header("WWW-Authenticate"))


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_an_endpoints_key_opens_endpoints_and_no_services(place, method, path):
    """Primary and secondary key of an endpoint do for every call on it, and for none on the service itself."""
    for name in ("primary_key", "secondary_key"):
        target = place.deploy(graphs.ECHO).add("ep2")
        called = path.format(service=target.path, endpoint=target.managed)
        answer = place.manage(method, called, {}, key=getattr(target.endpoint, name))
        if "endpoint" in path:
            assert answer.status in (200, 304), answer
        else:
            assert (401, UNAUTHORIZED) == (answer.status, answer.json)


def test_an_endpoints_key_does_not_open_another_endpoint(echo):
    """The key of one endpoint is wrong on the next one (errors.md section 15)."""
    added = echo.add("ep2")
    assert 401 == echo.place.manage("GET", added.managed, key=echo.endpoint.primary_key).status
    assert 401 == echo.place.manage("GET", echo.managed, key=added.endpoint.primary_key).status


@pytest.mark.parametrize("scheme", ["Bearer {}", "bearer {}", "Bearer  {}"])
def test_both_tokens_in_every_form(place, scheme):
    """The secondary token does as well; the scheme's case and the blanks do not matter."""
    headers = {"Authorization": scheme.format(place.workspace.secondary_token), "x-aml-sdk": "dotnetsdk_0.3.8"}
    assert 200 == place.manage("GET", "/webservices", headers=headers).status


@pytest.mark.parametrize("service", ["foo-does-not-exist", "0" * 31, "G" * 32, "a%2Fb"])
@pytest.mark.parametrize("path", ["", "/endpoints", "/endpoints/default"])
def test_an_id_that_is_none(place, service, path):
    """A malformed service id is 400 with the observed sentence (O13)."""
    answer = place.manage("GET", f"/webservices/{service}{path}")
    if "%2F" in service:
        assert answer.status in (400, 404)
    else:
        assert (400, INVALID_SERVICE) == (answer.status, answer.json)


def test_ids_that_are_not_here(echo):
    """A well-formed unknown id is 404; another workspace's service is told apart."""
    place = echo.place
    assert (404, "NotFound", "WebServiceNotFound") == place.manage("GET", f"/webservices/{'0' * 32}").refusal
    other = type(place)(place.wire, place.emulator.add_workspace("Other"))
    for method, path in (("GET", echo.path), ("DELETE", echo.path), ("GET", echo.managed), ("PUT", echo.managed)):
        assert (404, "NotFound", "WebServiceIdNotFoundInWorkspace") == other.manage(method, path, {}).refusal


def test_an_unknown_endpoint(echo):
    """An unknown name is 404 without details, and so is a GUID where the name belongs."""
    for name in ("nowhere", echo.endpoint.id, "Default"):
        for method, rest in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/refresh")):
            answer = echo.place.manage(method, f"{echo.endpoints}/{name}{rest}", {})
            assert (404, {"error": {"code": "NotFound", "message": "Resource not found."}}) == (
                answer.status,
                answer.json,
            )


# Endpoints


def test_the_list_of_endpoints(echo):
    """The default endpoint comes first, the others in order of creation, each with the 13 recorded members."""
    for name in ("b", "a", "c"):
        echo.add(name)
    assert ["default", "b", "a", "c"] == names(echo)
    assert {13} == {len(one) for one in echo.place.manage("GET", echo.endpoints).json}


def test_one_endpoint(place):
    """The single GET shows addresses, keys and the resources that can be updated."""
    target = place.sample("census-model-predictive")
    shown = place.manage("GET", target.managed).json
    endpoint = target.endpoint
    assert (endpoint.primary_key, endpoint.secondary_key) == (shown["PrimaryKey"], shown["SecondaryKey"])
    assert f"/workspaces/{place.workspace.id}/services/{endpoint.id}" in shown["ApiLocation"]
    assert shown["HelpLocation"].endswith(
        f"/apihelp/workspaces/{place.workspace.id}/webservices/{target.service.id}/endpoints/{endpoint.id}"
    )
    location = {"BaseLocation": None, "RelativeLocation": None, "SasBlobToken": None}
    expected = [{"Name": "Census Model [trained model]", "Kind": "TrainedModel", "Location": location}]
    assert (expected, "Low", 4, False) == (
        shown["Resources"],
        shown["ThrottleLevel"],
        shown["MaxConcurrentCalls"],
        shown["PreventUpdate"],
    )


@pytest.mark.parametrize(
    "body",
    [
        {
            "WebServiceId": "bbbb",
            "EndpointName": "ep2",
            "Description": "d",
            "ThrottleLevel": "High",
            "MaxConcurrentCalls": 20,
            "PreventUpdate": False,
        },
        {"Description": "d", "ThrottleLevel": "High", "MaxConcurrentCalls": None},
        {"Description": "d", "ThrottleLevel": "High", "MaxConcurrentCalls": "20"},
    ],
)
def test_adding_an_endpoint_as_clients_do(echo, body):
    """PUT of a new name adds an endpoint with keys of its own that scores at once; the answer shows it whole."""
    answer = echo.place.manage("PUT", f"{echo.endpoints}/ep2", body)
    added = echo.place.target(echo.service, "ep2")
    assert (200, 17, "d", "High", 20) == (
        answer.status,
        len(answer.json),
        answer.json["Description"],
        answer.json["ThrottleLevel"],
        answer.json["MaxConcurrentCalls"],
    )
    assert answer.json == echo.place.manage("GET", added.managed).json
    assert added.endpoint.primary_key != echo.endpoint.primary_key
    assert 200 == added.score(ROW).status


@pytest.mark.parametrize("raw", [b"", b"{}"])
def test_adding_an_endpoint_without_a_word(echo, raw):
    """Without settings an endpoint is Low, with 4 calls."""
    answer = echo.place.manage("PUT", f"{echo.endpoints}/ep2", raw=raw)
    assert (200, "Low", 4, None) == (
        answer.status,
        answer.json["ThrottleLevel"],
        answer.json["MaxConcurrentCalls"],
        answer.json["Description"],
    )


def test_a_second_put_changes_the_endpoint(echo):
    """PUT of a name that is there changes its settings and keeps its id and keys."""
    added = echo.add("ep2", Description="one")
    answer = echo.place.manage("PUT", added.managed, {"Description": "two", "DiagnosticsTraceLevel": "All"})
    assert (200, "two", "All", added.endpoint.primary_key) == (
        answer.status,
        answer.json["Description"],
        answer.json["DiagnosticsTraceLevel"],
        answer.json["PrimaryKey"],
    )
    assert ["default", "ep2"] == names(echo)


@pytest.mark.parametrize("body", [{"MaxConcurrentCalls": 50}, {"ThrottleLevel": "Low", "MaxConcurrentCalls": 500}])
def test_low_means_four_calls(echo, body):
    """Whatever number stands beside Low, 4 is stored."""
    assert 4 == echo.place.manage("PUT", f"{echo.endpoints}/ep2", body).json["MaxConcurrentCalls"]


def test_low_means_twenty_calls_by_a_switch(place_with):
    """An older article has Low mean 20 calls."""
    place = place_with(low_throttle_calls=20)
    assert 20 == place.deploy(graphs.ECHO).add("ep2").endpoint.max_concurrent_calls


@pytest.mark.parametrize("name", ["Ep2", "ep-2", "a" * 25, "ep%202", "ep2%0A", "%C3%A9p"])
def test_names_that_are_refused(echo, name):
    """A name that breaks the rule is the flat 400 with our sentence, marked as ours; nothing is added."""
    with unchanged(echo.place.emulator):
        answer = echo.place.manage("PUT", f"{echo.endpoints}/{name}", {})
    assert (400, "BadArgument", None) == answer.refusal
    assert "endpoints.name-rule" == answer.header("x-amlclassic-evidence")
    assert ["code", "message"] == list(answer.json["error"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"ThrottleLevel": "High", "MaxConcurrentCalls": 201},
            (400, "BadArgument", "WebServiceTooManyConcurrentRequestRequirement"),
        ),
        ({"ThrottleLevel": "High", "MaxConcurrentCalls": 0}, (400, "BadArgument", None)),
        ({"ThrottleLevel": "Medium"}, (400, "BadArgument", None)),
        ({"MaxConcurrentCalls": "many"}, (400, "BadArgument", None)),
        ({"PreventUpdate": "maybe"}, (400, "BadArgument", None)),
        ({"Description": 5}, (400, "BadArgument", None)),
        ([], (400, "BadArgument", None)),
    ],
)
def test_settings_that_are_refused(echo, body, expected):
    """Settings that cannot be are 400, on a new endpoint as on an old one, and leave no trace."""
    added = echo.add("ep2")
    for method, path in (("PUT", f"{echo.endpoints}/ep3"), ("PUT", added.managed), ("PATCH", added.managed)):
        with unchanged(echo.place.emulator):
            assert expected == echo.place.manage(method, path, body).refusal


def test_a_free_workspace(place_with):
    """Free workspaces have Low only, and three endpoints per service."""
    place = place_with(tier="free")
    target = place.deploy(graphs.ECHO)
    refused = place.manage("PUT", f"{target.endpoints}/ep2", {"ThrottleLevel": "High"})
    assert (400, "BadArgument", "WebServiceConcurrentRequestRequirementInvalid") == refused.refusal
    assert "Cannot change concurrent requests requirements for Echo web service." == refused.message
    target.add("ep2")
    target.add("ep3")
    refused = place.manage("PUT", f"{target.endpoints}/ep4", {})
    assert ((400, "BadArgument", None), "endpoints.count-limit") == (
        refused.refusal,
        refused.header("x-amlclassic-evidence"),
    )
    assert 200 == place.manage("PUT", f"{target.endpoints}/ep3", {"Description": "still mine"}).status


# Deleting


def test_deleting_an_endpoint(echo):
    """A deleted endpoint is gone, and its key opens nothing; one of the same name has other keys."""
    added = echo.add("ep2")
    answer = echo.place.manage("DELETE", added.managed)
    assert (200, b"") == (answer.status, answer.body)
    assert (["default"], 401) == (names(echo), added.score(ROW).status)
    assert 404 == echo.place.manage("DELETE", added.managed).status
    again = echo.add("ep2")
    assert not {again.endpoint.id, again.endpoint.primary_key} & {added.endpoint.id, added.endpoint.primary_key}


def test_the_default_endpoint_goes_last(echo):
    """While there are others the default endpoint stays: 400, flat, inferred; alone it can go."""
    added = echo.add("ep2")
    with unchanged(echo.place.emulator):
        answer = echo.place.manage("DELETE", echo.managed)
    assert (400, INVALID_OPERATION, "endpoints.delete-default") == (
        answer.status,
        answer.json,
        answer.header("x-amlclassic-evidence"),
    )
    echo.place.manage("DELETE", added.managed)
    assert (200, []) == (echo.place.manage("DELETE", echo.managed).status, names(echo))


def test_an_endpoint_after_the_default_is_gone(place):
    """Endpoints made then are as the service was deployed, and score."""
    target = place.sample("census-model-predictive")
    before = probabilities(target.score(plain()))
    place.manage("DELETE", target.managed)
    for name in ("ep2", "default"):
        assert before == probabilities(target.add(name).score(plain()))
    assert 304 == place.manage("POST", f"{target.endpoints}/ep2/refresh").status


# Refresh and republishing


def test_refresh_without_change_is_304(echo):
    """Nothing to do is 304 without a body."""
    added = echo.add("ep2")
    for body in (None, {"OverwriteResources": "True"}, {"OverwriteResources": False}, {}):
        answer = echo.place.manage("POST", f"{added.managed}/refresh", body)
        assert (304, b"", None) == (answer.status, answer.body, answer.header("Content-Type"))


def test_refresh_takes_the_new_graph(echo):
    """Republishing changes the default endpoint only; others follow when they are refreshed."""
    emulator, added = echo.place.emulator, echo.add("ep2")
    emulator.deployment.redeploy(echo.service, graphs.ECHO_TEXTS, {})

    def kind(target):
        answer = target.score(ROW, query={"details": "true"})
        return answer.json["Results"]["output1"]["value"]["ColumnTypes"][0]

    assert ("String", "Double") == (kind(echo), kind(added))
    answer = echo.place.manage("POST", f"{added.managed}/refresh", {"OverwriteResources": "False"})
    assert (200, b"", "String") == (answer.status, answer.body, kind(added))
    assert 304 == echo.place.manage("POST", f"{added.managed}/refresh").status


def test_prevent_update_keeps_the_default_endpoint(echo):
    """With PreventUpdate republishing leaves the default endpoint as it is."""
    echo.place.manage("PATCH", echo.managed, {"PreventUpdate": True})
    before = echo.fresh()
    echo.place.emulator.deployment.redeploy(echo.service, graphs.ECHO_TEXTS, {})
    assert before == echo.fresh()


def test_the_default_endpoint_cannot_be_refreshed(echo):
    """400, flat, inferred; nothing changes."""
    for body in (None, {"OverwriteResources": True}):
        with unchanged(echo.place.emulator):
            answer = echo.place.manage("POST", f"{echo.managed}/refresh", body)
        assert (400, INVALID_OPERATION) == (answer.status, answer.json)


@pytest.mark.parametrize("body", [{"OverwriteResources": "maybe"}, {"OverwriteResources": 1}, []])
def test_refreshes_that_are_refused(echo, body):
    """OverwriteResources that is no truth value is a flat 400."""
    added = echo.add("ep2")
    assert (400, "BadArgument", None) == echo.place.manage("POST", f"{added.managed}/refresh", body).refusal


# Published functions (clients.md section 8)

NUMBER = {"type": "number", "format": "double"}
BUNDLE = {
    "InputSchema": {"a": NUMBER, "b": NUMBER},
    "OutputSchema": {"result": NUMBER},
    "Language": "python-2.7-64",
    "SourceCode": "...",
}
FUNCTION = {"Name": "myadd", "Type": "Code", "CodeBundle": BUNDLE}
FUNCTION_ID = "0123456789abcdef" * 2


@pytest.fixture
def function(place_with):
    """Publish a function as the Python client does."""
    place = place_with()
    answer = place.manage("PUT", f"/webservices/{FUNCTION_ID}", FUNCTION)
    assert (200, FUNCTION_ID, "default") == (answer.status, answer.json["Id"], answer.json["DefaultEndpointName"])
    service = place.emulator.directory.service(FUNCTION_ID)
    return place.target(service)


def test_a_published_function_is_listed(function):
    """It is a service like others: listed, with a default endpoint that has addresses and keys."""
    assert ["myadd"] == [one["Name"] for one in function.place.manage("GET", "/webservices").json]
    shown = function.place.manage("GET", function.managed).json
    assert (function.api, function.endpoint.primary_key, []) == (
        shown["ApiLocation"],
        shown["PrimaryKey"],
        shown["Resources"],
    )


def test_a_published_function_is_not_run(function):
    """Scoring it answers 501 with the reason, for it is a pickle or an R image."""
    answer = function.score({"Inputs": {"input1": {"ColumnNames": ["a", "b"], "Values": [["1.0", "2.0"]]}}})
    assert (501, "NotEmulated", None) == answer.refusal
    assert "services.code-not-run" == answer.header("x-amlclassic-evidence")
    assert "'myadd' is stored but not run" in answer.json["error"]["message"]


@pytest.mark.parametrize("name", ["myadd", FUNCTION_ID])
def test_a_function_mapped_to_a_callable(function, name):
    """Mapped by name or id, a local callable answers, with the script's own output beside, as recorded."""
    function.place.emulator.code_services.map(name, lambda a, b: a + b)
    answer = function.score(
        {"Inputs": {"input1": {"ColumnNames": ["b", "a"], "Values": [["2.0", "1.0"], ["0.5", "1"]]}}},
        query={"api-version": "2.0", "details": "true"},
    )
    expected = {"ColumnNames": ["result"], "ColumnTypes": ["Double"], "Values": [["3"], ["1.5"]]}
    assert expected == answer.json["Results"]["output1"]["value"]
    assert [["data:text/plain,Execution OK\r\n"]] == answer.json["Results"]["output2"]["value"]["Values"]


@pytest.mark.parametrize("spoilt", [lambda a, b: 1 / 0, lambda a: a, lambda a, b: "much", lambda a, b: object()])
def test_a_callable_that_fails(function, spoilt):
    """An exception, a wrong signature or a value that does not fit answers as a failing script does (O32)."""
    function.place.emulator.code_services.map("myadd", spoilt)
    answer = function.score({"Inputs": {"input1": {"Values": [["1.0", "2.0"]]}}})
    assert (400, "ModuleExecutionError", "85") == answer.refusal
    assert answer.message.startswith("Error 0085: The following error occurred during script evaluation")


def test_publishing_again_replaces_the_function(function):
    """The same id again is an update: new name and schema, the same keys."""
    schema = {"InputSchema": {"x": NUMBER}, "OutputSchema": {"y": NUMBER, "z": {"type": "integer"}}}
    body = {"Name": "other", "CodeBundle": schema}
    assert 200 == function.place.manage("PUT", f"/webservices/{FUNCTION_ID}", body).status
    assert ["other"] == [one["Name"] for one in function.place.manage("GET", "/webservices").json]
    function.place.emulator.code_services.map("other", lambda x: (x, 2))
    assert [["1", "2"]] == function.score({"Inputs": {"input1": {"Values": [[1]]}}}).json["Results"]["output1"][
        "value"
    ]["Values"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({**FUNCTION, "Type": "Graph"}, (400, "BadArgument", "WebServiceTypeInvalid")),
        ({"Name": "a"}, (400, "BadArgument", "MissingWebServicePackage")),
        ({"CodeBundle": {"InputSchema": {"a": 5}}}, (400, "WebServicePackageError", "FormatError")),
        ({"CodeBundle": {"InputSchema": {"a": {"enum": 5}}}}, (400, "WebServicePackageError", "FormatError")),
        ([], (400, "BadArgument", None)),
    ],
)
def test_functions_that_are_refused(place, body, expected):
    """A bundle that is none is refused with the catalogue's codes, and nothing is published."""
    with unchanged(place.emulator):
        assert expected == place.manage("PUT", f"/webservices/{'ab' * 16}", body).refusal


@pytest.mark.parametrize("service", ["nonsense", "AB" * 16, "0" * 31])
def test_ids_that_no_function_can_have(place, service):
    """The client chooses the id, which has to be a guid as clients write it."""
    answer = place.manage("PUT", f"/webservices/{service}", FUNCTION)
    assert (400, "BadArgument", "WebServiceIdInvalid") == answer.refusal


def test_a_function_over_something_else(echo):
    """A function takes neither the id of an experiment's service nor that of another workspace's."""
    with unchanged(echo.place.emulator):
        answer = echo.place.manage("PUT", echo.path, FUNCTION)
    assert (400, INVALID_OPERATION, "services.put-over-experiment") == (
        answer.status,
        answer.json,
        answer.header("x-amlclassic-evidence"),
    )
    other = type(echo.place)(echo.place.wire, echo.place.emulator.add_workspace("Other"))
    refused = other.manage("PUT", echo.path, FUNCTION).refusal
    assert (404, "NotFound", "WebServiceIdNotFoundInWorkspace") == refused


def test_a_callable_may_refuse(function):
    """A refusal that the callable raises itself is told like any other failure of its script."""

    def refuse(a, b):
        raise failure("NotFound")

    function.place.emulator.code_services.map("myadd", refuse)
    assert 400 == function.score({"Inputs": {"input1": {"Values": [["1.0", "2.0"]]}}}).status
