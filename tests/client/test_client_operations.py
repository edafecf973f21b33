"""The typed operations, against the scripted service."""

import io
import json

import pytest

from amlclient import (
    BlobLocation,
    BlobReader,
    EndpointSettings,
    HelpReader,
    JobCancelled,
    JobFailed,
    JobState,
    JobTimeout,
    ManagementClient,
    NotFound,
    RefusedLocally,
    RetryPolicy,
    ScoringClient,
    ServiceError,
    Table,
    Unauthorized,
    UnexpectedAnswer,
    WrongCall,
)
from client.fake_service import (
    BASE,
    KEY,
    MANAGEMENT_URL,
    RESOURCE,
    SCORING,
    SIGNATURE,
    TOKEN,
    TRAINING_URL,
    WORKSPACE,
    FakeService,
    transport,
)

ROWS = [{"age": 1.5, "name": "x"}, {"age": float("nan"), "name": None}]


def trainer(service: FakeService, key: str = KEY, **options: object) -> ScoringClient:
    return ScoringClient(TRAINING_URL + "/", key, transport=transport(service), clock=service.clock, **options)


def manager(service: FakeService, token: str = TOKEN) -> ManagementClient:
    return ManagementClient(f"{MANAGEMENT_URL}/", token, WORKSPACE, transport=transport(service), clock=service.clock)


def scorer(service: FakeService, name: str = "default", **options: object) -> ScoringClient:
    endpoint = manager(service).endpoint(SCORING, name)
    return ScoringClient(
        str(endpoint.api_location),
        str(endpoint.primary_key),
        transport=transport(service),
        clock=service.clock,
        **options,
    )


def model(name: str = "out/m.ilearner") -> BlobLocation:
    return BlobLocation(name, f"{BASE}/blobs/", f"?sig={SIGNATURE}")


@pytest.mark.parametrize("swagger", [False, True])
def test_score_in_both_forms(swagger: bool) -> None:
    """Rows go out and probabilities come back, in the plain form and in swagger's."""
    table = scorer(FakeService()).score(ROWS, swagger=swagger).table
    assert ("0.25", "0.25") == table.column("Scored Probabilities")


def test_what_goes_over_the_wire_when_scoring() -> None:
    """Columns are named, NaN is null, parameters are there; details and format are query parameters."""
    heard = {}

    def app(environ, start_response):
        heard.update(query=environ["QUERY_STRING"], body=json.loads(environ["wsgi.input"].read()))
        start_response("200 OK", [])
        return [b'{"Results": {"o": {"type": "table", "value": {"Values": []}}}}']

    client = ScoringClient(TRAINING_URL, KEY, transport=transport(app))  # type: ignore[arg-type]
    client.score(ROWS, parameters={"seed": 1})
    expected = {"input1": {"ColumnNames": ["age", "name"], "Values": [[1.5, "x"], [None, None]]}}
    assert {"Inputs": expected, "GlobalParameters": {"seed": 1}} == heard["body"]
    assert "api-version=2.0&details=true" == heard["query"]
    client.score(inputs={"in": Table(None, ((1, 2),))}, details=False)
    assert ({"in": {"Values": [[1, 2]]}}, "api-version=2.0") == (heard["body"]["Inputs"], heard["query"])


def test_many_rows_are_scored_in_batches() -> None:
    """Batches keep the order and lose nothing, by rows and by bytes."""
    service = FakeService()
    sizes = [len(table) for table in scorer(service).score_in_batches([{"a": n} for n in range(25)], most_rows=10)]
    assert [10, 10, 5] == sizes
    heavy = [{"a": "x" * 700_000} for _ in range(7)]
    assert [2, 2, 2, 1] == [len(table) for table in scorer(service).score_in_batches(heavy)]


def test_the_bounds_of_a_batch() -> None:
    """2,000 rows, and half of 4 MB of cells; in swagger's form each row has the names of its columns too."""
    client = scorer(FakeService())
    assert [2000, 1] == [len(table) for table in client.score_in_batches([{"a": 1}] * 2001)]
    for name, sizes in (("x" * (2**20 - 9), [2, 2]), ("x" * (2**20 - 8), [1, 1, 1, 1])):  # "name": ["a"]
        rows = Table((name,), (("a",),) * 4)
        assert sizes == [len(table) for table in client.score_in_batches(rows, swagger=True)]
        assert [4] == [len(table) for table in client.score_in_batches(rows)]
    for cell, sizes in (("x" * (2**20 - 4), [2, 2]), ("x" * (2**20 - 3), [1, 1, 1, 1])):  # ["xx..."]
        assert sizes == [len(table) for table in client.score_in_batches([{"a": cell}] * 4)]


def test_too_large_a_request_and_infinity_are_refused_here() -> None:
    """Over 4 MB, or not JSON: nothing is sent."""
    client = scorer(service := FakeService())
    before = len(service.calls)
    for rows in ([{"a": "x" * 4_200_000}], [{"a": float("inf")}]):
        with pytest.raises(WrongCall):
            client.score(rows)
    assert before == len(service.calls)


def test_the_wrong_key() -> None:
    """401 is Unauthorized, with the service's codes and request id, and without the key if the service repeats it."""
    with pytest.raises(Unauthorized) as caught:
        trainer(FakeService(), key="wrong" * 10).submit_job()
    assert "wrongwrong" not in f"{caught.value!r} {caught.value} {caught.value.message}"
    assert (401, "Unauthorized", ("ScoreRequestUnauthorized",), "req-1") == (
        caught.value.status,
        caught.value.code,
        caught.value.detail_codes,
        caught.value.request_id,
    )


def test_an_endpoint_just_made_answers_in_time() -> None:
    """With the window open, the seconds of 401 after adding an endpoint are waited out."""
    service = FakeService(fresh_seconds=5)
    manager(service).add_endpoint(SCORING, "fresh")
    with pytest.raises(Unauthorized):
        scorer(service, "fresh").score(ROWS)
    assert 2 == len(scorer(service, "fresh", retry=RetryPolicy(fresh_seconds=30)).score(ROWS).table)


def test_a_job_from_submission_to_result() -> None:
    """Submit, start, follow: the statuses are told, the results carry a token."""
    service = FakeService()
    client = trainer(service)
    job = client.submit_job(inputs={"input1": service.location()}, parameters={"on": True, "n": 3})
    assert {"on": "true", "n": "3"} == service.jobs[job].body["GlobalParameters"]
    assert JobState.NOT_STARTED is client.job(job).state
    client.start_job(job)
    seen = []
    status = client.wait_for_job(job, on_status=lambda status, seconds: seen.append((status.state.value, seconds)))
    assert [("Running", 0.0), ("Running", 1.0), ("Finished", 2.0)] == seen
    assert ".ilearner" == status.results["output1"].extension
    with pytest.raises(ServiceError) as caught:
        client.start_job(job)
    assert ("CannotStartJob",) == caught.value.detail_codes


@pytest.mark.parametrize(("ending", "kind"), [("Failed", JobFailed), ("Cancelled", JobCancelled)])
def test_a_job_that_does_not_finish_raises(ending: str, kind: type) -> None:
    """Failed and Cancelled are exceptions; Details come along without their secrets."""
    client = trainer(FakeService(ending=ending))
    job = client.submit_job()
    client.start_job(job)
    with pytest.raises(kind) as caught:
        client.wait_for_job(job)
    assert (job, False) == (caught.value.job_id, SIGNATURE in str(caught.value))


@pytest.mark.parametrize("cancel", [False, True])
def test_a_job_that_takes_too_long(cancel: bool) -> None:
    """The wait ends in time; the job is cancelled only when that was asked for."""
    service = FakeService()
    service.polls_needed = 10**9
    client = trainer(service)
    job = client.submit_job()
    client.start_job(job)
    begun = service.clock.now()
    with pytest.raises(JobTimeout) as caught:
        client.wait_for_job(job, timeout=7, poll=2, cancel_on_timeout=cancel)
    assert (7, cancel, "Running") == (service.clock.now() - begun, caught.value.cancelled, caught.value.state)
    assert ("Cancelled" if cancel else "Running") == service.jobs[job].state


def test_a_look_that_fails_is_no_reason_to_give_up() -> None:
    """A connection that stays broken for longer than the retries only makes the wait longer."""
    service = FakeService()
    job = trainer(service).submit_job()
    trainer(service).start_job(job)
    broken = transport(service, dict.fromkeys(range(20), "lose"))
    client = ScoringClient(TRAINING_URL, KEY, transport=broken, clock=service.clock)
    assert JobState.FINISHED is client.wait_for_job(job).state


@pytest.mark.parametrize("job", ["", "a/b", "../x", "a b", "x?y"])
def test_what_is_no_job_id_is_not_put_into_an_address(job: str) -> None:
    """A job id cannot lead anywhere else."""
    with pytest.raises(WrongCall):
        trainer(FakeService()).job(job)


@pytest.mark.parametrize("answer", [b'{"id": 1}', b'""', b'"a/b"', b"539d0b", b"", b'"cut', b"\xff", b"[" * 100_000])
def test_a_submission_that_answers_no_job_id_is_unexpected(answer: bytes) -> None:
    """Nothing but a quoted id is taken for one."""

    def app(environ, start_response):
        start_response("200 OK", [("x-ms-request-id", "req-1")])
        return [answer]

    with pytest.raises(UnexpectedAnswer) as caught:
        ScoringClient(TRAINING_URL, KEY, transport=transport(app)).submit_job()  # type: ignore[arg-type]
    assert "req-1" == caught.value.request_id


def test_endpoints_are_listed_added_updated_and_deleted_by_name() -> None:
    """The management operations speak to the addresses of clients.md 6.2."""
    service = FakeService()
    client = manager(service)
    assert "Census Model [Predictive Exp.]" == client.service(SCORING).name
    assert [client.service(SCORING)] == client.services()
    assert "ep2" == client.add_endpoint(SCORING, "ep2", EndpointSettings("text", "High", 20)).name
    assert ["default", "ep2"] == [endpoint.name for endpoint in client.endpoints(SCORING)]
    with pytest.raises(NotFound):
        client.update_endpoint(SCORING, "ep3", EndpointSettings())
    client.update_endpoint(SCORING, "ep2", EndpointSettings(prevent_update=True))
    assert ("PUT", f"/management/workspaces/{WORKSPACE}/webservices/{SCORING}/endpoints/ep2") == service.calls[-1]


def test_refresh_tells_whether_anything_changed() -> None:
    """304 means no change; the flag travels as a string, as azuremlps sends it."""
    heard = []

    def app(environ, start_response):
        heard.append((environ["REQUEST_METHOD"], environ["PATH_INFO"][-8:], environ["wsgi.input"].read()))
        start_response("304 Not Modified" if len(heard) == 2 else "200 OK", [])
        return [b""]

    client = ManagementClient(MANAGEMENT_URL, TOKEN, WORKSPACE, transport=transport(app))  # type: ignore[arg-type]
    assert client.refresh_endpoint(SCORING, "ep2", overwrite_resources=True)
    assert not client.refresh_endpoint(SCORING, "ep2")
    client.delete_endpoint(SCORING, "ep2")
    assert ("POST", "/refresh", b'{"OverwriteResources": "True"}') == heard[0]
    assert "DELETE" == heard[2][0]


def test_a_patch_carries_the_three_values() -> None:
    """BaseLocation, RelativeLocation and SasBlobToken go out under the resource's name."""
    service = FakeService()
    manager(service).add_endpoint(SCORING, "ep2")
    manager(service).patch_resource(SCORING, "ep2", RESOURCE, model())
    wire = {"BaseLocation": f"{BASE}/blobs/", "RelativeLocation": "out/m.ilearner", "SasBlobToken": f"?sig={SIGNATURE}"}
    assert [("ep2", {"Resources": [{"Name": RESOURCE, "Location": wire}]})] == service.updates


@pytest.mark.parametrize(
    ("endpoint", "resource", "name"),
    [
        ("default", RESOURCE, "m.ilearner"),
        ("ep2", " ", "m.ilearner"),
        ("ep2", RESOURCE, "m.csv"),
        ("ep2", RESOURCE, ""),
    ],
)
def test_a_forbidden_patch_is_refused_before_it_is_sent(endpoint: str, resource: str, name: str) -> None:
    """The default endpoint, no resource name, what is no model: refused here; without preflight, by the service."""
    service = FakeService()
    with pytest.raises(RefusedLocally):
        manager(service).patch_resource(SCORING, endpoint, resource, model(name))
    assert [] == service.calls
    if endpoint == "default":
        with pytest.raises(ServiceError):
            manager(service).patch_resource(SCORING, endpoint, resource, model(name), preflight=False)


@pytest.mark.parametrize("name", ["", "Upper", "with-dash", "x" * 25, "ä"])
def test_an_impossible_endpoint_name_is_refused_here(name: str) -> None:
    """24 lower-case letters and digits at most (documents.md section 9)."""
    with pytest.raises(RefusedLocally):
        manager(FakeService()).add_endpoint(SCORING, name)


def test_the_help_page_is_read_as_a_person_reads_it() -> None:
    """HelpLocation, the Update Resource link, then the PATCH address and the resource name that stand there."""
    service = FakeService()
    page = HelpReader(transport=transport(service)).update_resource(f"{BASE}/studio/apihelp/ep2")
    address = f"{MANAGEMENT_URL}/workspaces/{WORKSPACE}/webservices/{SCORING}/endpoints/ep2"
    assert (f"{BASE}/studio/apihelp/ep2/update", address, (RESOURCE,)) == (
        page.url,
        page.patch_url,
        page.resource_names,
    )


def test_the_page_of_a_training_service_has_no_resource() -> None:
    """The service's own sentence means: nothing to update here."""
    service = FakeService()
    service.resources = ()
    page = HelpReader(transport=transport(service)).update_resource(f"{BASE}/studio/apihelp/ep2")
    assert (f"{BASE}/studio/apihelp/ep2/update", None, ()) == (page.url, page.patch_url, page.resource_names)


@pytest.mark.parametrize(
    "pages",
    [
        ["<a href='x'>Nothing</a>"],
        ["<a href='http://elsewhere.test/update'>Update Resource</a>"],
        ["<a href='u'>Update Resource</a>", "<p>nothing</p>"],
        ["<a href='u'>Update Resource</a>", "<table><tr><td>PATCH</td><td>x</td></tr></table>"],
    ],
)
def test_a_page_without_what_is_looked_for_is_unexpected(pages: list[str]) -> None:
    """No link, a link to another host, no address, no name: nothing is guessed."""
    left = list(pages)

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html")])
        return [left.pop(0).encode()]

    with pytest.raises(UnexpectedAnswer):
        HelpReader(transport=transport(app)).update_resource(f"{BASE}/help")  # type: ignore[arg-type]


def test_blobs_are_read_and_downloaded_by_their_address() -> None:
    """A SAS is all it takes; a wrong one is the storage's refusal."""
    reader = BlobReader(transport=transport(FakeService()))
    assert b"model" == reader.read(model())
    file = io.BytesIO()
    assert (5, b"model") == (reader.download(model(), file), file.getvalue())
    with pytest.raises(ServiceError, match="403"):
        reader.download(BlobLocation("out/m.ilearner", f"{BASE}/blobs/", "?sig=other"), io.BytesIO())


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"error": {"code": "C", "message": "M"}}', "C", "M"),
        (b'{"Error": {"Code": "C", "Message": "M", "Details": []}}', "C", "M"),
        (b"<?xml version='1.0'?><Error><Code>C</Code><Message>M</Message></Error>", "C", "M"),
        (b"plain text", "", "plain text"),
        (b"", "", "(empty)"),
        (b"[1]", "", "[1]"),
        (b'{"error": 1}', "", '{"error": 1}'),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><Error><Code>&a;</Code></Error>', "", '<!DOCTYPE x [<!ENTITY a "b">]>'),
    ],
)
def test_every_envelope_of_a_refusal_is_read(body: bytes, code: str, message: str) -> None:
    """The scoring, management, Studio and blob hosts each have their own; anything else is quoted in short."""

    def app(environ, start_response):
        start_response("400 Bad", [])
        return [body]

    with pytest.raises(ServiceError) as caught:
        ScoringClient(TRAINING_URL, KEY, transport=transport(app)).swagger()  # type: ignore[arg-type]
    assert (400, code) == (caught.value.status, caught.value.code)
    assert caught.value.message.startswith(message)
