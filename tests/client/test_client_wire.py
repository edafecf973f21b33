"""What each typed operation sends, to the last member, and the sentences in which it refuses."""

import json

import numpy
import pytest

from amlclient import (
    BlobLocation,
    EndpointSettings,
    HelpReader,
    JobCancelled,
    JobFailed,
    JobTimeout,
    ManagementClient,
    RefusedLocally,
    ScoringClient,
    Table,
    UnexpectedAnswer,
    WrongCall,
)
from amlclient._management import check_endpoint_name, check_patch, check_resource, wrong_name
from client.fake_service import BASE, KEY, MANAGEMENT_URL, TOKEN, TRAINING_URL, FakeClock, FakeService, transport
from client.test_client_operations import model, trainer

ENDPOINT = b'{"Name": "ep2"}'


class Service:
    """Answers everything alike, and keeps what it was asked."""

    def __init__(self, answer: bytes = b"{}", status: str = "200 OK") -> None:
        self.answer, self.status = answer, status
        self.heard: list[tuple[str, str, str, bytes, str]] = []

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        self.heard.append(
            (
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"],
                environ["QUERY_STRING"],
                environ["wsgi.input"].read(length),
                environ.get("HTTP_AUTHORIZATION", ""),
            )
        )
        start_response(self.status, [])
        return [self.answer]


def scoring(service: Service) -> ScoringClient:
    return ScoringClient(f"{TRAINING_URL}//", KEY, transport=transport(service), clock=FakeClock())


def management(service: Service) -> ManagementClient:
    return ManagementClient(f"{MANAGEMENT_URL}//", TOKEN, "w1", transport=transport(service), clock=FakeClock())


PATH = TRAINING_URL.removeprefix(BASE)
PLACE = BlobLocation("c/b.csv", "http://h/", "?sig=x")
WIRE = {"RelativeLocation": "c/b.csv", "BaseLocation": "http://h/", "SasBlobToken": "?sig=x"}
SCORED = b'{"Results": {"o": {"type": "table", "value": {"Values": []}}}}'
VERSION = "api-version=2.0"


@pytest.mark.parametrize(
    ("call", "answer", "method", "path", "query", "body"),
    [
        (
            lambda c: c.score([{"a": 1}], parameters={"p": 2}),
            SCORED,
            "POST",
            "/execute",
            f"{VERSION}&details=true",
            {"Inputs": {"input1": {"ColumnNames": ["a"], "Values": [[1]]}}, "GlobalParameters": {"p": 2}},
        ),
        (
            lambda c: c.score([{"a": 1}], swagger=True),
            b'{"Results": {"o": []}}',
            "POST",
            "/execute",
            f"{VERSION}&details=true&format=swagger",
            {"Inputs": {"input1": [{"a": 1}]}, "GlobalParameters": {}},
        ),
        (
            lambda c: c.score([{"a": 1}], inputs={"x": Table(("b",), ((2,),))}, details=False),
            SCORED,
            "POST",
            "/execute",
            VERSION,
            {
                "Inputs": {
                    "x": {"ColumnNames": ["b"], "Values": [[2]]},
                    "input1": {"ColumnNames": ["a"], "Values": [[1]]},
                },
                "GlobalParameters": {},
            },
        ),
        (lambda c: c.swagger(), b"{}", "GET", "/swagger.json", "", None),
        (
            lambda c: c.submit_job(
                inputs={"i": PLACE}, outputs={"o": PLACE}, parameters={"t": True, "n": None, "x": 1.5}
            ),
            b'"j1"',
            "POST",
            "/jobs",
            VERSION,
            {
                "Inputs": {"i": WIRE},
                "GlobalParameters": {"t": "true", "n": "", "x": "1.5"},
                "Outputs": {"o": WIRE},
            },
        ),
        (
            lambda c: c.submit_job(),
            b'"j1"',
            "POST",
            "/jobs",
            VERSION,
            {"Inputs": {}, "GlobalParameters": {}, "Outputs": {}},
        ),
        (lambda c: c.start_job("j1"), b"", "POST", "/jobs/j1/start", VERSION, None),
        (lambda c: c.job("j1"), b'{"StatusCode": "Running"}', "GET", "/jobs/j1", VERSION, None),
        (lambda c: c.delete_job("j1"), b"", "DELETE", "/jobs/j1", VERSION, None),
    ],
)
def test_what_a_scoring_client_sends(call, answer, method, path, query, body) -> None:
    """Method, path, query, body and key of every operation."""
    service = Service(answer)
    call(scoring(service))
    ((sent, where, asked, content, key),) = service.heard
    assert (method, PATH + path, query, f"Bearer {KEY}") == (sent, where, asked, key)
    assert body == (json.loads(content) if content else None)


SETTINGS = EndpointSettings("text", "High", 20)


@pytest.mark.parametrize(
    ("call", "answer", "method", "path", "body"),
    [
        (lambda c: c.services(), b"[]", "GET", "", None),
        (lambda c: c.service("s1"), b'{"Id": "s1"}', "GET", "/s1", None),
        (lambda c: c.endpoints("s1"), b"[]", "GET", "/s1/endpoints", None),
        (lambda c: c.endpoint("s1", "ep2"), ENDPOINT, "GET", "/s1/endpoints/ep2", None),
        (
            lambda c: c.add_endpoint("s1", "ep2", SETTINGS),
            ENDPOINT,
            "PUT",
            "/s1/endpoints/ep2",
            SETTINGS.to_json(),
        ),
        (lambda c: c.endpoint("s 1", "é?"), ENDPOINT, "GET", "/s 1/endpoints/\xc3\xa9?", None),  # as WSGI decodes it
        (lambda c: c.add_endpoint("s1", "ep2"), ENDPOINT, "PUT", "/s1/endpoints/ep2", EndpointSettings().to_json()),
        (
            lambda c: c.add_endpoint("s1", "EP", SETTINGS, preflight=False),
            ENDPOINT,
            "PUT",
            "/s1/endpoints/EP",
            SETTINGS.to_json(),
        ),
        (lambda c: c.delete_endpoint("s1", "ep2"), b"", "DELETE", "/s1/endpoints/ep2", None),
        (
            lambda c: c.refresh_endpoint("s1", "ep2"),
            b"",
            "POST",
            "/s1/endpoints/ep2/refresh",
            {"OverwriteResources": "False"},
        ),
        (
            lambda c: c.patch_resource("s1", "ep2", "r", PLACE, preflight=False),
            b"",
            "PATCH",
            "/s1/endpoints/ep2",
            {"Resources": [{"Name": "r", "Location": WIRE}]},
        ),
    ],
)
def test_what_a_management_client_sends(call, answer, method, path, body) -> None:
    """Method, path, body and token of every operation."""
    service = Service(answer)
    call(management(service))
    ((sent, where, _, content, key),) = service.heard
    assert (method, f"/management/workspaces/w1/webservices{path}", f"Bearer {TOKEN}") == (sent, where, key)
    assert body == (json.loads(content) if content else None)


def test_an_added_endpoint_is_looked_at_when_the_answer_shows_none() -> None:
    """The reply's body is not promised; an update looks first whether there is something to update."""
    service = FakeService()
    heard, sent = [], []

    def app(environ, start_response):
        heard.append(environ["REQUEST_METHOD"])
        sent.append(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        start_response("200 OK", [])
        return [b"" if heard[-1] == "PUT" else ENDPOINT]

    client = ManagementClient(MANAGEMENT_URL, TOKEN, "w", transport=transport(app), clock=service.clock)  # type: ignore[arg-type]
    assert "ep2" == client.add_endpoint("s1", "ep2").name
    client.update_endpoint("s1", "EP2", SETTINGS)
    assert ["PUT", "GET", "GET", "PUT", "GET"] == heard
    assert SETTINGS.to_json() == json.loads(sent[3])


def test_scalars_of_numpy_are_sent_as_numbers() -> None:
    """A row of a data frame has them; its missing number is null."""
    row = {"n": numpy.int64(5), "x": numpy.float32(0.5), "no": numpy.float64("nan"), "b": numpy.bool_(True), "s": "t"}
    scoring(service := Service(SCORED)).score([row])
    assert [[5, 0.5, None, True, "t"]] == json.loads(service.heard[0][3])["Inputs"]["input1"]["Values"]


def test_the_largest_request_is_sent() -> None:
    """4,194,304 bytes, its frame included."""
    scoring(service := Service(SCORED)).score([{"a": "x" * 4_194_216}])
    assert [4_194_304] == [len(content) for *_, content, _ in service.heard]


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (lambda: management(Service()).endpoint("s", "a/b"), "'a/b' cannot be the name or id of an endpoint"),
        (lambda: management(Service()).endpoint("s", "."), "'.' cannot be the name or id of an endpoint"),
        (lambda: management(Service()).service(".."), "'..' cannot be the name or id of a web service"),
        (
            lambda: ManagementClient(MANAGEMENT_URL, TOKEN, "a/b"),
            "'a/b' cannot be the name or id of a workspace",
        ),
        (lambda: management(Service()).endpoint("s", ""), "'' cannot be the name or id of an endpoint"),
        (lambda: management(Service()).service("a/b"), "'a/b' cannot be the name or id of a web service"),
        (lambda: management(Service()).service(""), "'' cannot be the name or id of a web service"),
        (lambda: scoring(Service()).job("a b"), "'a b' is not a job id"),
        (
            lambda: scoring(Service()).score([{"a": float("inf")}]),
            "an infinite number cannot be sent",
        ),
        (
            lambda: scoring(Service()).score([{"a": "x" * 4_194_304}]),
            "the rows make 4194392 bytes, a request takes 4194304: send fewer at once",
        ),
    ],
)
def test_a_wrong_call_is_told_in_one_sentence(action, sentence: str) -> None:
    """What was given and why it cannot be."""
    with pytest.raises(WrongCall) as caught:
        action()
    assert sentence == str(caught.value)


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (lambda: scoring(Service(b"[]")).swagger(), "the swagger document is not an object"),
        (lambda: scoring(Service(b"5")).submit_job(), "the answer to a submission is not a job id"),
        (
            lambda: management(Service(b"{}")).services(),
            f"GET {MANAGEMENT_URL}/workspaces/w1/webservices: the answer is not a list",
        ),
    ],
)
def test_an_unexpected_answer_is_told_in_one_sentence(action, sentence: str) -> None:
    """What the answer should have been."""
    with pytest.raises(UnexpectedAnswer) as caught:
        action()
    assert sentence == str(caught.value)


@pytest.mark.parametrize(
    ("action", "what", "failure"),
    [
        (
            lambda: check_endpoint_name("Upper"),
            "'Upper' cannot be an endpoint's name: 24 lower-case letters and digits at most",
            "endpoint-name-rule",
        ),
        (lambda: check_patch("default", "r", PLACE), "this would PATCH the default endpoint", "patch-on-default"),
        (lambda: check_patch("ep2", " ", PLACE), "the resource name is empty", "resource-name-empty"),
        (
            lambda: check_patch("ep2", "r", PLACE),
            "c/b.csv is not a trained model: its name has to end in .ilearner",
            "evaluation-as-model",
        ),
        (
            lambda: check_patch("ep2", "r", BlobLocation()),
            "(no RelativeLocation) is not a trained model: its name has to end in .ilearner",
            "evaluation-as-model",
        ),
        (
            lambda: check_resource((), "r"),
            "This Web Service has no updatable resources: it trains, or its experiment has no trained model",
            "patch-on-training-service",
        ),
        (
            lambda: check_resource(("model one", "other"), "model two"),
            "there is no resource 'model two'; there is: model one, other",
            "resource-name-wrong",
        ),
        (
            lambda: check_resource(("Census [trained model]",), "census [trained modle]"),
            "there is no resource 'census [trained modle]'; there is: Census [trained model]",
            "resource-name-misspelt",
        ),
    ],
)
def test_a_refusal_says_what_and_which_failure(action, what: str, failure: str) -> None:
    """What is wrong here stands first; then the catalogue explains it."""
    with pytest.raises(RefusedLocally) as caught:
        action()
    assert (True, (failure,)) == (str(caught.value).startswith(f"{what}. "), caught.value.failures)


def test_how_near_a_misspelt_name_is() -> None:
    """It shares 17 letters of twenty with one that there is; a service without resources cannot have a misspelt one."""
    assert "resource-name-wrong" == wrong_name((), "x")
    for shared, failure in ((17, "resource-name-misspelt"), (16, "resource-name-wrong")):  # of twenty letters
        assert failure == wrong_name(("other", "abcdefghijklmnopqrst"), "abcdefghijklmnopqrst"[:shared].ljust(20, "?"))
    check_resource(("r",), "r")
    check_patch("ep2", "r", model())


def test_how_a_job_ended_is_told_with_its_id() -> None:
    """Failed with its details, cancelled, or not in time; with the failure's own id."""
    service = FakeService(ending="Failed")
    client = trainer(service)
    job = client.submit_job()
    client.start_job(job)
    with pytest.raises(JobFailed) as failed:
        client.wait_for_job(job)
    assert (job, True) == (failed.value.job_id, "cannot read https://acct/c/b" in str(failed.value))
    service.jobs[job].state = "Cancelled"
    with pytest.raises(JobCancelled) as cancelled:
        client.wait_for_job(job)
    assert job == cancelled.value.job_id
    service.jobs[job].state = "NotStarted"
    with pytest.raises(JobTimeout) as late:
        client.wait_for_job(job, timeout=3.0)
    assert (job, "NotStarted", False) == (late.value.job_id, late.value.state, late.value.cancelled)


def test_a_job_that_cannot_be_cancelled_is_not_told_as_cancelled() -> None:
    """The wait ends all the same, and a service that could not be asked leaves the state unknown."""
    client = ScoringClient(
        TRAINING_URL, KEY, transport=transport(Service(status="503 X")), clock=FakeClock(), timeout=1.0
    )
    with pytest.raises(JobTimeout) as caught:
        client.wait_for_job("j1", timeout=2.0, cancel_on_timeout=True)
    assert ("Unknown", False) == (caught.value.state, caught.value.cancelled)


def page(*bodies: str) -> HelpReader:
    left = list(bodies)

    def app(environ, start_response):
        start_response("200 OK", [])
        return [left.pop(0).encode("latin-1")]

    return HelpReader(transport=transport(app))  # type: ignore[arg-type]


LINK = "<a href='u'>Update\n Resource</a>"
ADDRESS = f"{MANAGEMENT_URL}/workspaces/w/webservices/s/endpoints/ep2"


@pytest.mark.parametrize(
    ("bodies", "sentence"),
    [
        (["<a href='x'>Nothing</a>"], "the page has no Update Resource link"),
        (["<a>Update Resource</a>"], "the page has no Update Resource link"),
        (["<a href='http://h.test/u'>Update Resource</a>"], "the Update Resource link leads to another host"),
        (
            [LINK, f"<p>{ADDRESS}</p>"],
            "the Update Resource page shows no PATCH address or no resource name",
        ),
        (
            [LINK, "<table><tr><th>Resource Name</th></tr><tr><td>r</td></tr></table>"],
            "the Update Resource page shows no PATCH address or no resource name",
        ),
    ],
)
def test_a_page_without_what_is_looked_for_says_what_is_missing(bodies: list[str], sentence: str) -> None:
    """The link, its host, the address or the name; with the page's own address."""
    with pytest.raises(UnexpectedAnswer) as caught:
        page(*bodies).update_resource(f"{BASE}/help")
    assert f"GET {BASE}/{'u' if LINK in bodies else 'help'}: {sentence}" == str(caught.value)


def test_a_page_is_read_with_all_that_pages_have() -> None:
    """Scripts are not read, cells may be left open, white space is folded, further tables and columns do not matter."""
    body = (
        f"<script>PATCH http://no/</script><style>x</style><table></table><tr><td>loose</td></tr>"
        f"<table><tr><th>Method<th>Request URI<th>HTTP Version</tr><tr><td>GET</td><td>{ADDRESS}x</td></tr>"
        f"<tr><td>PATCH<td>{ADDRESS}<td>HTTP/1.1</tr></table>"
        "<table><tr><th>Kind</th><th>Resource\n  Name</th></tr><tr><td>model</td><td> one\n two </td></tr>"
        "<tr><td>model</td></tr><tr><td>model</td><td></td></tr><tr><td>m</td><td>one two</td></tr>"
        "<tr><td>m</td><td>th<b>re</b>e &amp; four</td></tr></table>"
    )
    found = page(LINK, body).update_resource(f"{BASE}/studio/help")
    assert (f"{BASE}/studio/u", ADDRESS, ("one two", "three & four")) == (
        found.url,
        found.patch_url,
        found.resource_names,
    )


def test_an_address_outside_of_a_table_is_read_too() -> None:
    """Of a page without the request table, the first address that could be it and that a reader sees."""
    unseen = f"<style>/* {ADDRESS}style */</style><script>open('{ADDRESS}script')</script>"
    body = f"{unseen}<p>PATCH {ADDRESS}</p><table><tr><th>RESOURCE NAME</th></tr><tr><td>r</td></tr></table>"
    assert (ADDRESS, ("r",)) == (
        (found := page(LINK, body).update_resource(f"{BASE}/help")).patch_url,
        found.resource_names,
    )


def test_a_page_that_is_not_well_made_is_read_all_the_same() -> None:
    """A link without an address, tags inside of its text, a stray end tag, what is no UTF-8, an empty table."""
    link = f"</script><a>Update Resource</a> Fran\xe7ais {LINK.replace('date', '<b>date</b>')} or not"
    names = "".join(f"<table><tr><th>Resource Name</th></tr><tr><td>{n}</td></tr></table>" for n in ("one", "two"))
    found = page(link, f"<p>{ADDRESS}</p><table></table>{names}").update_resource(f"{BASE}/help")
    assert (ADDRESS, ("one", "two")) == (found.patch_url, found.resource_names)


@pytest.mark.parametrize(
    "table",
    [
        "<table><tr><th>Resource Name</th>?</tr><tr><td>one</td></tr><tr><td>two</td></tr></table>",
        "<table><tr><th>Resource Name</th></tr><tr><td>one</td>?</tr><tr><td>two</td></tr></table>",
        "<table><tr><th>Resource Name</tr><tr><td>one</tr><tr><td>two</tr></table>",
        "<table><tr><th>Resource Name<td>?</tr><tr><td>one<td>?</tr><tr><td>two</table><table><tr><td>?</table>",
    ],
)
def test_a_cell_ends_with_its_row_or_table_at_the_latest(table: str) -> None:
    """Its own end tag may be left out; what stands after it belongs to no cell."""
    found = page(LINK, f"<p>{ADDRESS}</p>{table}").update_resource(f"{BASE}/help")
    assert ("one", "two") == found.resource_names
