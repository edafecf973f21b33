"""What a diagnosis reads of a workspace: which calls it makes, with which keys, and what it takes the answers for."""

import json
from typing import Any

import pytest
from requests.exceptions import MissingSchema

from amlclient import (
    AmlError,
    BlobLocation,
    NotSent,
    RetrainingSetup,
    RetryPolicy,
    ServiceError,
    WebService,
    WrongCall,
)
from amlclient._addresses import ServiceAddress
from amlclient._diagnosis import checks_update
from amlclient._diagnosis.survey import Survey
from amlclient._endpoints_file import WorkspaceEntry
from amlclient._transport import Call, translate
from client.fake_service import FakeClock
from support.scripted import (
    EXECUTE,
    KNOWN,
    MANAGEMENT,
    MODEL,
    NOT_FOUND,
    OF_ADDED,
    OF_DEFAULT,
    OF_OTHER,
    OF_TRAINER,
    PATCH,
    PATH,
    SAS,
    SERVICES,
    SWAGGER,
    TOKEN,
    UNAUTHORIZED,
    Refusal,
    Scripted,
    endpoint,
    management,
    open_to,
    scored,
    scoring,
    workspace,
)
from support.surveys import ok, wrong
from support.surveys import told as sentences


def surveyed(
    answers: dict[str, Any] | None = None, away: tuple[str, ...] = (), **members: Any
) -> tuple[Survey, Scripted]:
    """Return a survey of the scripted workspace, some of its answers changed, and its transport."""
    transport = Scripted({**workspace(), **(answers or {})}, *away)
    options = {"transport": transport, "retry": RetryPolicy(attempts=1), "timeout": 5.0, "clock": FakeClock()}
    return Survey(RetrainingSetup(**members), options), transport


def survey(**members: Any) -> Survey:
    return surveyed(**members)[0]


def address(url: str) -> ServiceAddress:
    found = ServiceAddress.parse(url)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"workspace": KNOWN, "patch_url": "http://h/workspaces/other"}, "w"),
        ({"patch_url": "http://h/workspaces/p", "scoring_url": "http://h/workspaces/s"}, "p"),
        ({"patch_url": "http://h", "scoring_url": "http://h/workspaces/s"}, "s"),
        ({"training_url": "http://h/workspaces/t"}, "t"),
    ],
)
def test_which_workspace_is_meant(members, expected) -> None:
    """That of the endpoints file, or else of the first address that has one."""
    assert expected == survey(**members).workspace_id


def test_no_workspace_is_a_wrong_call() -> None:
    """The sentence says what to give."""
    with pytest.raises(WrongCall) as caught:
        _ = survey(token="T").workspace_id
    expected = "give an endpoints file, or an address with /workspaces/{id}: --patch-url, --scoring-url"
    assert expected == str(caught.value)


SOUTH, JAPAN = "https://management.azureml.net", "https://japaneast.management.azureml.net"


@pytest.mark.parametrize(
    ("members", "expected", "hosts"),
    [
        ({"workspace": KNOWN}, (MANAGEMENT, "West Europe"), []),
        ({"patch_url": PATCH}, (MANAGEMENT, "West Europe"), [MANAGEMENT]),
        ({"patch_url": management(root=SOUTH)}, (MANAGEMENT, "West Europe"), [SOUTH, MANAGEMENT]),
        ({"patch_url": management(root=JAPAN)}, (MANAGEMENT, "West Europe"), [JAPAN, SOUTH, MANAGEMENT]),
        (
            {"patch_url": management(root=JAPAN), "away": ("https://management.",)},
            (MANAGEMENT, "West Europe"),
            [JAPAN, SOUTH, MANAGEMENT],
        ),
        ({"scoring_url": scoring(OF_ADDED)}, (MANAGEMENT, "West Europe"), [MANAGEMENT]),
        ({"training_url": scoring(OF_ADDED)}, (MANAGEMENT, "West Europe"), [MANAGEMENT]),
        ({"patch_url": management(root="http://h/x")}, ("http://h/x", ""), ["http://h/x"]),
        (
            {"patch_url": management(root=SOUTH), "away": ("https://europewest.",)},
            ("", ""),
            [
                SOUTH,
                MANAGEMENT,
                "https://asiasoutheast.management.azureml.net",
                JAPAN,
                "https://uswestcentral.management.azureml.net",
            ],
        ),
    ],
)
def test_where_the_workspace_is(members, expected, hosts) -> None:
    """The region that was given is asked first, then the others, until one's management host knows the workspace."""
    made, transport = surveyed(**members)
    assert expected == (made.root, made.region)
    assert [f"GET {host}/workspaces/w/webservices" for host in hosts] == transport.asked
    assert {"none"} >= set(transport.keys)


def test_a_host_that_was_given_and_is_not_there_is_told() -> None:
    """Others may be away; of the one that the program calls the caller has to know."""
    with pytest.raises(NotSent):
        _ = survey(patch_url=PATCH, away=(MANAGEMENT,)).root


def test_an_endpoints_file_without_a_region() -> None:
    """Then the region is found out as without the file; the host that the file names stays."""
    known = WorkspaceEntry("w", "W", "", TOKEN, "http://h/management")
    made = survey(workspace=known, patch_url=management(root=SOUTH), token="wrong")
    assert ("West Europe", "http://h/management", TOKEN) == (made.region, made.root, made.token)
    assert "" == survey(workspace=known).region  # nobody to ask


BOTH = [("t", "Trainer"), ("s", "Scorer")]


def services(made: Survey) -> list[tuple[str, str]]:
    return [(one.id, one.name) for one in made.services]


@pytest.mark.parametrize(
    ("members", "expected", "refusal"),
    [
        ({"patch_url": PATCH, "token": TOKEN}, BOTH, None),
        ({"patch_url": PATCH}, [], None),
        ({"patch_url": PATCH, "token": "wrong"}, [], "401 Unauthorized: no"),
        ({"patch_url": PATCH.replace("/s/endpoints/ep1", ""), "token": "wrong"}, [], "401 Unauthorized: no"),
        ({"scoring_url": scoring(OF_ADDED), "token": "wrong"}, [], "401 Unauthorized: no"),
        (
            {"patch_url": PATCH, "token": "k", "answers": {management("/s/endpoints"): open_to([], "k")}},
            [("s", "s")],
            None,
        ),
        (
            {"patch_url": management(root=SOUTH), "token": TOKEN, "away": ("https://europewest.",)},
            [],
            "500 GetWorkspaceFailed: no region's management host knows the workspace",
        ),
    ],
)
def test_the_web_services(members, expected, refusal) -> None:
    """All of the workspace, or the one that an endpoint's key opens; else why not, unless nothing could be asked."""
    made = survey(**members)
    assert expected == services(made)
    assert refusal == told(made.listing[1])
    assert (made.listing[0] is None) == (not expected)


TRAINS, SCORES = WebService("t", "Trainer"), WebService("s", "Scorer")
HELP = "http://help.test/x"
UPDATE = b"<a href='http://help.test/u'>Update Resource</a>"
UPDATABLE = f"<p>PATCH {PATCH}</p><table><tr><th>Resource Name</th></tr><tr><td>m</td></tr></table>".encode()
NOT_UPDATABLE = b"<p>This Web Service has no updatable resources.</p>"


def no_address(call: Call) -> Any:
    """Say what the transport says of a text that is no address."""
    raise translate(MissingSchema(), call)


def helped(page: bytes | None, first: Any = UPDATE) -> dict[str, Any]:
    """Return the answers of a service that shows no resources, and has a help page or none."""
    pages = {HELP: first, "http://help.test/u": page} if page is not None else {}
    shown = endpoint("default", OF_DEFAULT, HelpLocation=HELP)
    return {management("/s/endpoints"): [shown], management("/s/endpoints/default"): shown, **pages}


@pytest.mark.parametrize(
    ("members", "service", "expected"),
    [
        ({}, TRAINS, "training"),
        ({}, SCORES, "scoring"),
        ({"workspace": WorkspaceEntry("w", "W", "", TOKEN, MANAGEMENT)}, SCORES, "scoring"),
        ({"answers": {management("/s/endpoints"): []}, "workspace": KNOWN}, SCORES, "scoring"),
        ({"answers": {management("/s/endpoints"): []}}, SCORES, ""),
        ({"answers": {management("/s/endpoints/ep1"): NOT_FOUND}}, SCORES, ""),
        ({"answers": {management("/s/endpoints/default"): NOT_FOUND}}, SCORES, "scoring"),
        ({"answers": helped(UPDATABLE)}, SCORES, "scoring"),
        ({"answers": helped(NOT_UPDATABLE)}, SCORES, "training"),
        ({"answers": helped(None)}, SCORES, ""),
        ({"answers": helped(UPDATABLE), "away": ("http://help.",)}, SCORES, ""),
        ({"answers": helped(UPDATABLE, no_address)}, SCORES, ""),
    ],
)
def test_what_kind_of_service_it_is(members, service, expected) -> None:
    """By the endpoints file, the resources of the endpoint of the PATCH URL or of the first, or its help page."""
    made, transport = surveyed(patch_url=PATCH, token=TOKEN, **members)
    kind = made.kind(service)
    asked = len(transport.calls)
    assert (expected, expected) == (kind, made.kind(service))
    assert asked == len(transport.calls)


def told(error: AmlError | None) -> str | None:
    """Return the words of a refusal."""
    return None if error is None else str(error).rpartition(" answered ")[2]


def named(place: Any) -> str:
    return f"{place.service.id}/{place.endpoint.name}" if place is not None else "nowhere"


ADDED_ONLY = {management("/s/endpoints"): [endpoint("default", OF_DEFAULT), endpoint("ep1", OF_ADDED)]}
OWN_DEFAULT = {management(): [{"Id": "s", "Name": "Scorer", "DefaultEndpointName": "ep2"}]}


def test_the_endpoints_of_a_workspace() -> None:
    """Those of the PATCH URL's service first; each list is asked for once; none where it is refused."""
    made, transport = surveyed(patch_url=PATCH, token=TOKEN)
    for _ in range(2):
        assert ["s/default", "s/ep1", "s/ep2", "t/default"] == [named(one) for one in made.every_place()]
    assert sorted(set(transport.asked)) == sorted(transport.asked[1:])
    assert ["t/default", "s/default", "s/ep1", "s/ep2"] == [
        named(one) for one in survey(scoring_url=scoring(OF_ADDED), token=TOKEN).every_place()
    ]
    assert () == survey(patch_url=PATCH, token=TOKEN, answers={management("/s/endpoints"): UNAUTHORIZED}).places(SCORES)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (scoring(OF_ADDED), "s/ep1"),
        (scoring(OF_TRAINER), "t/default"),
        (scoring("9" * 32), "nowhere"),
        (scoring("ep2"), "s/ep2"),
        (scoring("default"), "nowhere"),  # which may be of either service
        (management("/s"), "nowhere"),
    ],
)
def test_the_endpoint_that_an_address_means(url, expected) -> None:
    """By its GUID, or by a name that no other endpoint has."""
    assert expected == named(survey(patch_url=PATCH, token=TOKEN).place_of(address(url)))


def test_no_address_means_no_endpoint() -> None:
    """And nothing is asked to find that out; an endpoint without an address has no GUID."""
    made, transport = surveyed(patch_url=PATCH, token=TOKEN)
    assert None is made.place_of(None)
    assert [] == transport.calls
    (place,) = survey(patch_url=PATCH, token=TOKEN, answers={management("/s/endpoints"): [{"Name": "bare"}]}).places(
        SCORES
    )
    assert ("", "endpoint 'bare' of 'Scorer'") == (place.guid, str(place.named))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"patch_url": PATCH}, "s/ep1"),
        ({"patch_url": management(f"/s/endpoints/{OF_OTHER}")}, "s/ep2"),
        ({"patch_url": management("/s/endpoints/absent")}, "nowhere"),
        ({"patch_url": management("/q/endpoints/ep1")}, "nowhere"),
        ({"patch_url": management("/t/endpoints/default")}, "t/default"),
        ({"scoring_url": scoring(OF_OTHER)}, "s/ep2"),
        ({"scoring_url": scoring(OF_OTHER), "endpoint_name": "ep1"}, "s/ep1"),
        ({"scoring_url": scoring(OF_DEFAULT)}, "nowhere"),  # two endpoints were added, and neither is named
        ({"scoring_url": scoring(OF_DEFAULT), "answers": ADDED_ONLY}, "s/ep1"),
        ({"scoring_url": scoring(OF_DEFAULT), "answers": OWN_DEFAULT, "endpoint_name": "default"}, "s/default"),
        ({"scoring_url": scoring(OF_DEFAULT), "endpoint_name": "absent"}, "nowhere"),
        ({"scoring_url": scoring(OF_DEFAULT), "endpoint_name": "ep1", "scoring_service": "Trainer"}, "nowhere"),
        ({"scoring_url": scoring(OF_DEFAULT), "endpoint_name": "ep1", "scoring_service": "s"}, "s/ep1"),
    ],
)
def test_the_endpoint_that_the_patch_goes_to(members, expected) -> None:
    """That of the PATCH URL, which may give its GUID; else the one that is named, scored, or the only one added."""
    assert expected == named(survey(token=TOKEN, **members).target)


def test_the_services_that_are_meant() -> None:
    """Those that score, or the one that is named by id or name; a name that there is not is a wrong call."""
    made = [survey(patch_url=PATCH, token=TOKEN, scoring_service=one) for one in (None, "t", "Trainer")]
    assert [["s"], ["t"], ["t"]] == [[one.id for one in each.meant_services()] for each in made]
    with pytest.raises(WrongCall) as caught:
        survey(patch_url=PATCH, token=TOKEN, scoring_service="x").meant_services()
    assert "there is no web service 'x'; there is: 'Trainer', 'Scorer'" == str(caught.value)
    assert () == survey(patch_url=PATCH, scoring_service="x").meant_services()


@pytest.mark.parametrize(
    ("scoring_url", "expected"),
    [(None, "s/ep1"), (scoring(OF_OTHER), "s/ep2"), (scoring("9" * 32), "nowhere"), ("http://h", "s/ep1")],
)
def test_the_endpoint_that_the_program_scores(scoring_url, expected) -> None:
    """That of the scoring address; without one, the endpoint that is updated."""
    assert expected == named(survey(patch_url=PATCH, token=TOKEN, scoring_url=scoring_url).scored)


# Calls


def sent(transport: Scripted) -> list[Any]:
    """Return the bodies of the RRS calls."""
    return [json.loads(one.content or b"") for one in transport.calls if one.method == "POST"]


def picky(answer: Any, most: int) -> Any:
    """Return an endpoint that refuses requests of more than so many rows."""

    def answered(call: Any) -> Any:
        rows = json.loads(call.content)["Inputs"]["in"]["Values"]
        return answer if len(rows) <= most else Refusal(400, "BadArgument")

    return answered


def described_at(*hosts: str) -> dict[str, Any]:
    """Return the answers of hosts that have the endpoint ep1, and of West Europe's, which has not."""
    return {SWAGGER: NOT_FOUND, **{f"https://{host}.azureml.net{PATH}/swagger.json": {} for host in hosts}}


ELSEWHERE = "https://europewest.services.azureml.net is of West Europe; the workspace is in {}: https://{}.azureml.net"
FAR = "asiasoutheast.services"


@pytest.mark.parametrize(
    ("members", "asked", "expected"),
    [
        ({}, ["europewest"], ok("region", "scoring: West Europe")),
        (
            {"answers": described_at(FAR)},
            ["europewest", "ussouthcentral", "asiasoutheast"],
            wrong("region", "region-scoring", ELSEWHERE.format("Southeast Asia", FAR)),
        ),
        (
            {"answers": described_at(FAR), "away": ("https://ussouth",)},
            ["europewest", "ussouthcentral", "asiasoutheast"],
            wrong("region", "region-scoring", ELSEWHERE.format("Southeast Asia", FAR)),
        ),
        (
            {"answers": described_at()},
            ["europewest", "ussouthcentral", "asiasoutheast", "japaneast", "uswestcentral"],
            ok("region", "scoring: West Europe"),
        ),
        (
            {"answers": {**described_at(FAR), f"{scoring(OF_ADDED)}/swagger.json": Refusal(500)}},
            ["europewest"],
            ok("region", "scoring: West Europe"),
        ),
        (
            {"patch_url": PATCH, "scoring_url": f"https://{FAR}.azureml.net{PATH}", "answers": described_at(FAR)},
            ["asiasoutheast"],
            ok("region", "management: West Europe", "scoring: Southeast Asia"),
        ),
    ],
)
def test_the_region_of_an_endpoint(members, asked, expected) -> None:
    """Without a token, that of the host that describes it: the given one first, then the others that are there."""
    made, transport = surveyed(**{"scoring_url": scoring(OF_ADDED), **members})
    assert expected == sentences(checks_update.region(made))
    assert [f"GET https://{host}.services.azureml.net" for host in asked] == [
        one.partition("/workspaces/")[0] for one in transport.asked if one.endswith("/swagger.json")
    ]


def test_a_scoring_host_that_was_given_and_is_not_there_is_told() -> None:
    """As of the management host: the program calls it."""
    with pytest.raises(NotSent):
        checks_update.region(survey(scoring_url=scoring(OF_ADDED), away=(SERVICES,)))


def score(key: str = "key-ep1", **members: Any) -> tuple[set[str] | None, str | None, list[Any]]:
    """Return the cells that were answered, or the refusal, and the bodies that were sent."""
    made, transport = surveyed(patch_url=PATCH, **members)
    result, error = made.score(scoring(OF_ADDED) + "/", key)
    cells = {str(row[0]) for row in result.table.rows} if result is not None else None
    return cells, told(error), sent(transport)


def sample(rows: int) -> dict[str, Any]:
    """Return the request that is made of the sample in the swagger document."""
    values = [[4], [0], [8], [2], [40], [12], [0], [20]][:rows]
    return {"Inputs": {"in": {"ColumnNames": ["n"], "Values": values}}, "GlobalParameters": {"P": "1"}}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"request": {"Inputs": {"other": {}}}}, ({"0.75"}, None, [{"Inputs": {"other": {}}}])),
        ({}, ({"0.75"}, None, [sample(8)])),
        ({"answers": {EXECUTE: picky(scored("0.5"), 1)}}, ({"0.5"}, None, [sample(8), sample(1)])),
        ({"answers": {EXECUTE: picky(None, 0)}}, (None, "400 BadArgument: m", [sample(8), sample(1)])),
        ({"answers": {EXECUTE: Refusal(500)}}, (None, "500 X: m", [sample(8)])),
        ({"answers": {EXECUTE: b"cut"}}, (None, f"POST {EXECUTE}: the answer is not JSON (3 bytes)", [sample(8)])),
        ({"answers": {SWAGGER: {}}}, (None, "the swagger document has no sample request", [])),
    ],
)
def test_a_score(members, expected) -> None:
    """The program's own request, or eight rows of the sample, or its one row where those are refused with 400."""
    assert expected == score(**members)


def test_a_score_without_a_swagger_document() -> None:
    """A key that is refused is told, whatever is sent; else why there is no document."""
    nothing = [{"Inputs": {}}]
    gone = {SWAGGER: NOT_FOUND}
    assert (None, "401 Unauthorized: no", nothing) == score("old", answers=gone)
    assert (None, "404 NotFound: gone", nothing) == score(answers=gone)
    assert (None, "404 NotFound: gone", nothing) == score(answers={**gone, EXECUTE: Refusal(400)})
    assert (None, "the swagger document has no sample request", []) == score(answers={SWAGGER: {}})


def test_what_a_token_opens() -> None:
    """Nothing is wrong with one that opens, nor with one for what is not there; a refusal is returned."""
    made = survey(patch_url=PATCH)
    assert [None, None] == [made.opens(url, TOKEN) for url in (PATCH, management("/q"))]
    error = made.opens(PATCH, "x")
    assert isinstance(error, ServiceError)
    assert 401 == error.status


def test_whether_a_key_is_a_token() -> None:
    """The endpoints file's, or one that lists the web services; none where no management host knows the workspace."""
    made, transport = surveyed(workspace=KNOWN)
    assert made.is_token(TOKEN)
    assert [] == transport.calls
    assert [True, False] == [survey(patch_url=PATCH).is_token(one) for one in (TOKEN, "key-ep1")]
    astray = survey(patch_url=management(root=SOUTH), away=("https://europewest.",))
    assert False is astray.is_token(TOKEN)


JOB = {"training_url": scoring(OF_TRAINER), "training_key": "training-key", "job_id": "j"}
MADE = BlobLocation("c/m.ilearner", "http://store.test/acct/", SAS)


@pytest.mark.parametrize("absent", JOB)
def test_a_job_of_which_too_little_is_known(absent) -> None:
    """Without address, key or id nothing is asked, and there are no results."""
    made, transport = surveyed(**{**JOB, absent: None}, patch_url=PATCH)
    assert ((None, None), (), None, None) == (made.job, made.results, made.model, made.probe)
    assert [] == transport.calls


@pytest.mark.parametrize(
    ("members", "asked"),
    [
        ({}, scoring(OF_TRAINER)),
        ({"token": TOKEN}, scoring(OF_TRAINER)),
        ({"token": TOKEN, "answers": {management("/t/endpoints"): [{"Name": "default"}]}}, scoring(OF_TRAINER)),
        (
            {
                "token": TOKEN,
                "training_url": f"{SERVICES}/workspaces/w/services/trainer/jobs",
                "answers": {management("/t/endpoints"): [endpoint("trainer", OF_TRAINER)]},
            },
            scoring(OF_TRAINER),
        ),
    ],
)
def test_a_job_is_asked_for_where_its_endpoint_is(members, asked) -> None:
    """At the endpoint's own address where that is known; its model is the first result that is one."""
    made, transport = surveyed(**{**JOB, **members})
    status, error = made.job
    assert ("Finished", None, (MADE,), MADE) == (status and status.state.value, error, made.results, made.model)
    assert 1 == transport.asked.count(f"GET {asked}/jobs/j?api-version=2.0")


def test_the_model_that_is_looked_at() -> None:
    """The one that the program gives goes before the job's; its beginning is read with its token."""
    given = BlobLocation("c/other.ilearner", "http://store.test/acct/", SAS)
    answers = {"http://store.test/acct/c/other.ilearner": b"given", **{MODEL: b"x" * 2000}}
    made, transport = surveyed(**JOB, model=given, answers=answers)
    assert (given, b"given") == (made.model, made.probe and made.probe.content)
    assert [f"GET http://store.test/acct/c/other.ilearner{SAS}"] == transport.asked
    assert {"Range": "bytes=0-1023"} == dict(transport.calls[0].headers)
    assert 1024 == len(made.look(MADE).content or b"")
    assert "404 NotFound: gone" in str(made.look(BlobLocation("c/x", "http://store.test/acct/")).error)
    assert "the host name is not known" in survey(away=("http://b",)).look(BlobLocation("c/x", "http://b/")).unreachable
