"""The checks of where a PATCH goes and who sends it, each by itself."""

from types import SimpleNamespace

import pytest

from amlclient import AmlError, Endpoint, ServiceError, Unauthorized, UnexpectedAnswer
from amlclient._diagnosis import checks_access, checks_update
from amlclient._diagnosis.survey import Place
from support.surveys import (
    ADDED,
    DEFAULT,
    G1,
    G2,
    G3,
    HOST,
    OF_TRAINER,
    OTHER,
    SCORED,
    SCORES,
    TRAINS,
    ok,
    patch_of,
    survey,
    told,
    unknown,
    wrong,
)

NO_PATCH = "is no management address of an endpoint (.../webservices/{id}/endpoints/{name})"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            {"patch_url": "http://h/x"},
            wrong("patch-url", (), f"http://h/x {NO_PATCH}"),
        ),
        (
            {"patch_url": f"{HOST}/workspaces/w/webservices/s"},
            wrong("patch-url", (), f"{HOST}/workspaces/w/webservices/s {NO_PATCH}"),
        ),
        (
            {"patch_url": f"{SCORED}/workspaces/w/services/{G2}"},
            wrong(
                "patch-url",
                "guid-for-endpoint-name",
                f"{SCORED}/workspaces/w/services/{G2} {NO_PATCH}, but a scoring address",
            ),
        ),
        (
            {"patch_url": f"{SCORED}/workspaces/w/services/{G2}", "place_of": lambda address: address and ADDED},
            wrong(
                "patch-url",
                "guid-for-endpoint-name",
                f"{SCORED}/workspaces/w/services/{G2} {NO_PATCH}, but a scoring address",
                f"the PATCH URL of the endpoint 'ep1' of 'Scorer' is {patch_of()}",
            ),
        ),
        (
            {"patch_url": patch_of(workspace="x")},
            wrong("patch-url", (), "it is of workspace x; the one that is known is w"),
        ),
        (
            {"patch_url": patch_of(name=G2), "services": ()},
            wrong("patch-url", "guid-for-endpoint-name", f"{G2} stands where the endpoint's name belongs"),
        ),
        (
            {"patch_url": patch_of(), "listing": (None, AmlError("why"))},
            unknown("patch-url", "the web services cannot be listed: why"),
        ),
        (
            {"patch_url": patch_of(), "listing": (None, None)},
            unknown(
                "patch-url",
                "the web services cannot be listed: neither a token nor an endpoints file is given",
            ),
        ),
        (
            {"listing": ((TRAINS,), None)},
            wrong(
                "patch-url", "predictive-not-deployed", "the web services of the workspace are: 'Trainer' (training)"
            ),
        ),
        (
            {"listing": ((), None)},
            wrong("patch-url", "predictive-not-deployed", "the web services of the workspace are: none"),
        ),
        (
            {"target": ADDED},
            ok("patch-url", f"none is given; that of the endpoint 'ep1' of 'Scorer' is {patch_of()}"),
        ),
        (
            {},
            unknown(
                "patch-url",
                "no PATCH URL is given, and there are several: endpoint 'ep1' of 'Scorer'; name one",
            ),
        ),
        (
            {"endpoint_name": "x"},
            wrong("patch-url", "endpoint-never-added", "no endpoint 'x' was added to 'Scorer'"),
        ),
        (
            {"places": lambda service: (DEFAULT,), "meant_services": lambda: (TRAINS, SCORES)},
            wrong("patch-url", "endpoint-never-added", "no endpoint was added to 'Trainer', 'Scorer'"),
        ),
        (
            {"patch_url": patch_of(service="q"), "kind": lambda service: ""},
            wrong(
                "patch-url",
                (),
                "no web service of the workspace has the id q; it has: 'Trainer' (kind not shown), "
                "'Scorer' (kind not shown)",
            ),
        ),
        ({"patch_url": patch_of()}, ok("patch-url", "it is that of the endpoint 'ep1' of 'Scorer'")),
        (
            {"patch_url": patch_of(name=G2)},
            wrong(
                "patch-url",
                "guid-for-endpoint-name",
                f"{G2} stands where the endpoint's name belongs",
                f"it is the GUID of endpoint 'ep1' of 'Scorer': {patch_of()}",
            ),
        ),
        (
            {"patch_url": patch_of(name="A" * 32)},
            wrong("patch-url", "guid-for-endpoint-name", f"{'A' * 32} stands where the endpoint's name belongs"),
        ),
        (
            {"patch_url": patch_of(service="t", name="x")},
            unknown("patch-url", "'Trainer' has no endpoint 'x', and trains"),
        ),
        (
            {"patch_url": patch_of(name="x"), "places": lambda service: ()},
            wrong("patch-url", "endpoint-never-added", "'Scorer' has no endpoint 'x'; it has: none"),
        ),
    ],
)
def test_the_patch_url(members, expected) -> None:
    """An address of another kind, of another workspace, of a GUID, of nothing; or the right one."""
    assert expected == told(checks_update.patch_url(survey(**members)))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, unknown("service", "it is not known which web service the PATCH goes to")),
        ({"patch_url": patch_of("q")}, unknown("service", "it is not known which web service the PATCH goes to")),
        ({"target": ADDED}, ok("service", "'Scorer' has a trained model that can be updated")),
        ({"patch_url": patch_of("s", "x")}, ok("service", "'Scorer' has a trained model that can be updated")),
        (
            {"target": ADDED, "kind": lambda service: ""},
            unknown("service", "'Scorer' does not show whether it has updatable resources"),
        ),
        (
            {"target": OF_TRAINER},
            wrong(
                "service",
                "patch-on-training-service",
                "'Trainer' has no updatable resources: it is a training service",
                "web services that score: 'Scorer'",
            ),
        ),
        (
            {"patch_url": patch_of("t", "x"), "kind": lambda service: "training"},
            wrong(
                "service",
                "endpoint-on-training-service",
                "'Trainer' has no updatable resources: it is a training service",
            ),
        ),
    ],
)
def test_the_service(members, expected) -> None:
    """One that scores, one that trains, one that does not show which."""
    assert expected == told(checks_update.service(survey(**members)))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            {"patch_url": patch_of(name="default")},
            wrong("default", "patch-on-default", f"{patch_of(name='default')} is the address of a default endpoint"),
        ),
        ({"patch_url": patch_of()}, unknown("default", "it is not known which endpoint the PATCH goes to")),
        ({"target": OF_TRAINER}, unknown("default", "the PATCH goes to a training service; mend that first")),
        ({"target": ADDED}, ok("default", "'ep1' was added")),
        (
            {"target": DEFAULT, "places": lambda service: (DEFAULT, ADDED, OTHER) if service is SCORES else ()},
            wrong(
                "default",
                "patch-on-default",
                "the PATCH goes to the endpoint 'default' of 'Scorer'; added endpoints: ep1, ep2",
            ),
        ),
        (
            {"target": DEFAULT, "places": lambda service: (DEFAULT,)},
            wrong(
                "default",
                "patch-on-default",
                "the PATCH goes to the endpoint 'default' of 'Scorer'; added endpoints: none",
            ),
        ),
    ],
)
def test_the_default_endpoint(members, expected) -> None:
    """It cannot be patched; any other can."""
    assert expected == told(checks_update.default(survey(**members)))


def scored_at(guid: str) -> str:
    return f"{SCORED}/workspaces/w/services/{guid}"


NOT_SCORED = "is no scoring address (.../workspaces/{id}/services/{guid})"
BOTH = "the PATCH goes to the endpoint 'ep1' of 'Scorer', and the endpoint {} of 'Scorer' is scored"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, unknown("scored", "no scoring address is given")),
        ({"scoring_url": "http://h/x"}, wrong("scored", (), f"http://h/x {NOT_SCORED}")),
        ({"scoring_url": patch_of()}, wrong("scored", (), f"{patch_of()} {NOT_SCORED}")),
        (
            {"scoring_url": scored_at("ep1")},
            wrong("scored", "name-for-endpoint-guid", "'ep1' stands where the endpoint's GUID belongs"),
        ),
        (
            {"scoring_url": scored_at("ep1"), "scored": ADDED},
            wrong(
                "scored",
                "name-for-endpoint-guid",
                "'ep1' stands where the endpoint's GUID belongs",
                f"the endpoint 'ep1' of 'Scorer' is scored at {scored_at(G2)}",
            ),
        ),
        (
            {"scoring_url": scored_at(G2)},
            unknown("scored", f"no endpoint with the GUID {G2} can be found"),
        ),
        (
            {"scoring_url": scored_at(G2), "scored": OF_TRAINER},
            wrong(
                "scored",
                "rrs-on-training",
                "the endpoint 'default' of 'Trainer' is called through RRS; it trains, which is for BES",
            ),
        ),
        (
            {"scoring_url": scored_at(G2), "scored": ADDED},
            unknown("scored", "it is not known which endpoint the PATCH is meant for"),
        ),
        (
            {"scoring_url": scored_at(G2), "scored": ADDED, "target": OF_TRAINER},
            unknown("scored", "it is not known which endpoint the PATCH is meant for"),
        ),
        (
            {"scoring_url": scored_at(G2), "scored": ADDED, "target": ADDED},
            ok("scored", "the endpoint 'ep1' of 'Scorer' is scored"),
        ),
        (
            {"scoring_url": scored_at(G2), "scored": ADDED, "target": DEFAULT},
            ok("scored", "the endpoint 'ep1' of 'Scorer' is scored"),
        ),
        (
            {"scoring_url": scored_at(G1), "scored": DEFAULT, "target": ADDED},
            wrong("scored", "another-endpoint-scored", BOTH.format("'default'")),
        ),
        (
            {"scoring_url": scored_at(G3), "scored": OTHER, "target": ADDED},
            wrong("scored", "another-endpoint-patched", BOTH.format("'ep2'")),
        ),
    ],
)
def test_the_endpoint_that_is_scored(members, expected) -> None:
    """The one that is updated, another one, the default one, a training one, or none at all."""
    assert expected == told(checks_update.scored(survey(**members)))


WEST, SOUTH = "West Europe", "South Central US"


def region_url(label: str, path: str) -> str:
    return f"https://{label}.azureml.net/workspaces/w/{path}"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"scoring_url": scored_at(G1)}, unknown("region", "no address is given that tells its region")),
        (
            {"patch_url": region_url("europewest.management", "webservices/s/endpoints/e"), "root": ""},
            unknown("region", "no region's management host knows the workspace"),
        ),
        (
            {"patch_url": region_url("europewest.management", "webservices/s/endpoints/e"), "region": SOUTH},
            wrong(
                "region",
                "region-management",
                f"the PATCH URL leads to West Europe; the workspace is in South Central US: {HOST}",
            ),
        ),
        (
            {"patch_url": region_url("europewest.management", "webservices/s/endpoints/e"), "region": WEST},
            ok("region", "management: West Europe"),
        ),
        (
            {"patch_url": region_url("europewest.management", "webservices/s/endpoints/e")},
            ok("region", "management: West Europe"),
        ),
        (
            {
                "scoring_url": region_url("europewest.services", f"services/{G1}"),
                "training_url": region_url("europewest.services", f"services/{G2}"),
                "region": WEST,
            },
            ok("region", "scoring: West Europe", "training: West Europe"),
        ),
        (
            {"training_url": region_url("europewest.services", f"services/{G2}"), "region": SOUTH},
            wrong(
                "region",
                "region-scoring",
                "https://europewest.services.azureml.net is of West Europe; the workspace is in South Central US: "
                "https://ussouthcentral.services.azureml.net",
            ),
        ),
    ],
)
def test_the_region(members, expected) -> None:
    """Every address that tells its region has to be of the workspace's."""
    assert expected == told(checks_update.region(survey(**members)))


UNAUTHORIZED = Unauthorized(401, "Unauthorized", "no")


def opens(error: AmlError | None, heard: list[object]):
    def asked(url: str, given: str) -> AmlError | None:
        heard.append((url, given))
        return error

    return asked


@pytest.mark.parametrize(
    ("members", "error", "path", "expected"),
    [
        (
            {"token": "T", "target": ADDED},
            None,
            "/s/endpoints/ep1",
            ok("token", f"GET {HOST}/workspaces/w/webservices/s/endpoints/ep1 opens with it"),
        ),
        (
            {"token": "T", "patch_url": patch_of("q", "x")},
            None,
            "/q/endpoints",
            ok("token", f"GET {HOST}/workspaces/w/webservices/q/endpoints opens with it"),
        ),
        ({"token": "T"}, None, "", ok("token", f"GET {HOST}/workspaces/w/webservices opens with it")),
        ({"token": "T"}, ServiceError(500, "X", "m"), "", unknown("token", "500 X: m")),
        ({"token": "T"}, UNAUTHORIZED, "", wrong("token", "wrong-token", "401 Unauthorized: no")),
        (
            {"token": " key-ep1 "},
            UNAUTHORIZED,
            "",
            wrong("token", "wrong-token", "401 Unauthorized: no", "it is a key of the endpoint 'ep1' of 'Scorer'"),
        ),
    ],
)
def test_the_token(members, error, path, expected) -> None:
    """Asked for as much as is known: the endpoint, the service's endpoints, or the list of services."""
    heard: list[object] = []
    assert expected == told(checks_access.token(survey(**members, opens=opens(error, heard))))
    assert [(f"{HOST}/workspaces/w/webservices{path}", members["token"])] == heard


def test_a_token_that_is_not_given_or_cannot_be_asked_for() -> None:
    """Both are said to be so."""
    assert unknown("token", "no token is given") == told(checks_access.token(survey()))
    expected = unknown("token", "no region's management host knows the workspace")
    assert expected == told(checks_access.token(survey(token="T", root="")))


EIGHT = SimpleNamespace(table=range(8))
NOT_ITS_OWN = Unauthorized(401, "Unauthorized", "no", method="POST", url="http://h/execute")
WARMING = ServiceError(503, "InitializingContainers", "m", method="POST", url="http://h/execute")
UNDESCRIBED = ServiceError(403, "AuthenticationFailed", "did not match", method="GET", url="http://h/swagger.json")
KEYLESS = Place(SCORES, Endpoint("ep1", scored_at(G2)))


@pytest.mark.parametrize(
    ("members", "answer", "asked", "expected"),
    [
        ({}, EIGHT, [], unknown("key", "it is not known which endpoint is scored")),
        (
            {"scoring_url": "http://h/workspaces/w"},
            EIGHT,
            [],
            unknown("key", "it is not known which endpoint is scored"),
        ),
        ({"scored": OF_TRAINER}, EIGHT, [], unknown("key", "the training service is not called through RRS")),
        ({"scored": KEYLESS}, EIGHT, [], unknown("key", "no key is given")),
        ({"scoring_url": scored_at(G3)}, EIGHT, [], unknown("key", "no key is given")),
        ({"scored": ADDED}, EIGHT, [(scored_at(G2), "key-ep1")], ok("key", f"{scored_at(G2)} answers, with 8 rows")),
        (
            {"scored": ADDED, "scoring_url": scored_at(G3), "scoring_key": "k"},
            EIGHT,
            [(scored_at(G2), "k")],
            ok("key", f"{scored_at(G2)} answers, with 8 rows"),
        ),
        (
            {"scoring_url": f"{scored_at(G3)}/execute", "scoring_key": "k"},
            EIGHT,
            [(scored_at(G3), "k")],
            ok("key", f"{scored_at(G3)} answers, with 8 rows"),
        ),
        (
            {"scored": ADDED, "scoring_key": "key-default"},
            NOT_ITS_OWN,
            [(scored_at(G2), "key-default")],
            wrong("key", "key-of-another-endpoint", "POST http://h/execute answered 401 Unauthorized: no"),
        ),
        (
            {"scoring_url": scored_at(G3), "scoring_key": "k"},
            NOT_ITS_OWN,
            [(scored_at(G3), "k")],
            wrong("key", checks_access.KEYS, "POST http://h/execute answered 401 Unauthorized: no"),
        ),
        (
            {"scored": ADDED},
            WARMING,
            [(scored_at(G2), "key-ep1")],
            wrong("key", "containers-warming", "POST http://h/execute answered 503 InitializingContainers: m"),
        ),
        (
            {"scored": ADDED},
            UNDESCRIBED,
            [(scored_at(G2), "key-ep1")],
            unknown("key", "GET http://h/swagger.json answered 403 AuthenticationFailed: did not match"),
        ),
        (
            {"scored": ADDED},
            UnexpectedAnswer("cut"),
            [(scored_at(G2), "key-ep1")],
            unknown("key", "the answer cannot be read: cut"),
        ),
    ],
)
def test_the_key(members, answer, asked, expected) -> None:
    """The program's, or else the endpoint's own, is tried where the endpoint is; a refusal says what it looks like."""
    heard: list[object] = []

    def score(url: str, key: str) -> tuple[object, AmlError | None]:
        heard.append((url, key))
        return (None, answer) if isinstance(answer, AmlError) else (answer, None)

    assert expected == told(checks_access.key(survey(**members, score=score)))
    assert asked == heard


def test_what_is_wrong_with_a_key() -> None:
    """A token, a key so new that it is refused, another endpoint's, an old one; without the keys, any of these."""
    known = survey()
    assert ("token-for-key",) == checks_access.key_of(survey(is_token=lambda given: True), ADDED, "x")
    assert checks_access.KEYS == checks_access.key_of(known, None, "x")
    assert ("fresh-endpoint",) == checks_access.key_of(known, ADDED, " key-ep1\n")
    assert ("key-of-another-endpoint",) == checks_access.key_of(known, ADDED, "key-default")
    assert ("key-regenerated",) == checks_access.key_of(known, ADDED, "old")
    second = Place(SCORES, Endpoint("ep1", secondary_key="two"))
    assert ("fresh-endpoint",) == checks_access.key_of(known, second, "two")
