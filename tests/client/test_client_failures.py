"""What the client knows of the documented failures: recognising, explaining, refusing before anything is sent."""

import pytest

from amlclient import (
    BlobLocation,
    ErrorDetail,
    FlowError,
    JobCancelled,
    JobFailed,
    JobTimeout,
    NotFound,
    RefusedLocally,
    ServiceError,
    Sighting,
    Unauthorized,
    known_failure,
    recognise,
)
from amlclient._addresses import ServiceAddress, check_region
from amlcontracts import load
from client.fake_service import BASE, RESOURCE, SCORING, FakeService
from client.test_client_operations import manager, model

ENDPOINTS = "/management/workspaces/w/webservices/s/endpoints"
UNCONNECTED = "m.ilearner has an extension that is none; the extensions of this type are: .csv, .tsv"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: ServiceError(400, "InvalidOperation", "m", method="PATCH", url=f"{BASE}{ENDPOINTS}/default"),
         ("patch-on-training-service", "patch-on-default")),
        (lambda: ServiceError(500, "GetWorkspaceFailed", "m", method="GET", url=f"{BASE}{ENDPOINTS}"),
         ("region-management",)),
        (lambda: NotFound(404, "NotFound", "m", method="PATCH", url=f"{BASE}{ENDPOINTS}/{'a' * 32}"),
         ("guid-for-endpoint-name",)),
        (lambda: Unauthorized(401, "Unauthorized", "m", method="GET", url=f"{BASE}{ENDPOINTS}/x"), ("wrong-token",)),
        (lambda: ServiceError(403, "AuthenticationFailed", "m", method="PUT", url="box/rows.csv"),
         ("storage-key-changed",)),
        (lambda: ServiceError(400, "InvalidOperation", "m", details=(ErrorDetail("CannotStartJob"),), method="POST",
                              url=f"{BASE}/services/x/jobs/1/start"), ("job-started-twice",)),
        (lambda: ServiceError(400, "BadArgument", "m", details=(ErrorDetail("InvalidBlobExtension", UNCONNECTED),),
                              method="POST", url=f"{BASE}/services/x/jobs"),
         ("output-not-on-train-model", "ilearner-on-input")),
        (lambda: JobFailed(job_id="j", details="Module: X; Error 0085: no"), ("module-fails",)),
        (lambda: JobFailed(job_id="j", details="... All rows must have same number of elements"), ("ragged-csv",)),
        (lambda: JobFailed(job_id="j", details=None), ("module-fails",)),
        (lambda: JobCancelled(job_id="j"), ("job-cancelled",)),
        (lambda: JobTimeout(job_id="j", state="NotStarted", seconds=1, cancelled=False),
         ("job-not-started", "job-queued")),
        (lambda: ServiceError(418, "Teapot", "m", method="GET", url=BASE), ()),
        (lambda: FlowError("stopped"), ()),
        (lambda: FlowError("gone", failures=("job-deleted",)), ("job-deleted",)),
    ],
)  # fmt: skip
def test_errors_name_the_failures_they_look_like(make, expected):
    """An error names every documented failure that shows so, in the document's order, and none when none does."""
    error = make()
    assert expected == error.failures
    assert (expected[0] if expected else None) == (error.failure.id if error.failure else None)


def test_an_error_links_to_where_it_is_explained():
    """On an emulator's own page when one was called, else in the documents; without a failure there is no link."""
    facts = {"status": 500, "code": "GetWorkspaceFailed", "message": "m", "method": "GET"}
    local = ServiceError(**facts, url=f"http://127.0.0.1:8350{ENDPOINTS}?sig=x")
    real = ServiceError(**facts, url=f"https://management.azureml.net{ENDPOINTS}")
    assert "http://127.0.0.1:8350/_emulator/failures/region-management" == local.link
    assert "docs/troubleshooting.md#region-management" == real.link
    assert FlowError("stopped").link is None
    known = known_failure("region-management")
    assert "docs/troubleshooting.ko.md#region-management" == known.link(language="ko")
    assert known.link("http://[::1]:1/x", "ko").endswith("region-management?lang=ko")


def test_the_most_telling_sign_wins():
    """A sign that says more makes the general one step back."""
    assert ("module-fails",) == recognise(Sighting(state="Failed"))
    assert ("input-sas-expired",) == recognise(
        Sighting(state="Failed", details="Signature not valid in the specified time frame")
    )
    assert () == recognise(Sighting())


@pytest.mark.parametrize(
    ("name", "resource", "location", "failure"),
    [
        ("default", RESOURCE, model(), "patch-on-default"),
        ("ep1", " ", model(), "resource-name-empty"),
        ("ep1", RESOURCE, model("out/e.csv"), "evaluation-as-model"),
        ("ep1", RESOURCE, BlobLocation(), "evaluation-as-model"),
        ("ep1", "Census Model [Trained Modle]", model(), "resource-name-misspelt"),
        ("ep1", "Bikes", model(), "resource-name-wrong"),
    ],
)
def test_what_cannot_be_patched_is_refused_with_its_explanation(name, resource, location, failure):
    """Nothing is updated; the refusal carries the failure's id, why, and the mend."""
    service = FakeService()
    manager(service).add_endpoint(SCORING, "ep1")
    with pytest.raises(RefusedLocally) as caught:
        manager(service).patch_resource(SCORING, name, resource, location)
    known = known_failure(failure)
    assert (failure,) == caught.value.failures
    assert known.text("why") in str(caught.value)
    assert known.text("mend") in str(caught.value)
    assert [] == service.updates


def test_a_training_service_is_refused_after_a_look():
    """An endpoint without resources is one of a training service; without preflight the service says it."""
    service = FakeService()
    manager(service).add_endpoint(SCORING, "ep1")
    service.resources = ()
    with pytest.raises(RefusedLocally) as caught:
        manager(service).patch_resource(SCORING, "ep1", RESOURCE, model())
    assert ("patch-on-training-service",) == caught.value.failures
    with pytest.raises(ServiceError):
        manager(service).patch_resource(SCORING, "ep1", RESOURCE, model(), preflight=False)


def test_a_service_that_shows_no_resources_is_sent_the_update():
    """What cannot be known beforehand is not refused."""
    service = FakeService()
    manager(service).add_endpoint(SCORING, "ep1")
    service.shows_resources = False
    manager(service).patch_resource(SCORING, "ep1", RESOURCE, model())
    assert 1 == len(service.updates)


SAME = "https://europewest.services.azureml.net/workspaces/w/services/e"


@pytest.mark.parametrize("role", ["management", "services"])
@pytest.mark.parametrize("region", load("regions"))
def test_addresses_tell_role_and_region(role, region):
    """By the real host name or by the segment that stands for it; another region's root differs in the label alone."""
    label = load("regions")[region][role]
    tail = "webservices/s/endpoints/ep1" if role == "management" else "services/g"
    for root in (f"https://{label}.azureml.net", f"http://127.0.0.1:8350/{label}"):
        address = ServiceAddress.parse(f"{root}/workspaces/w/{tail}?api-version=2.0")
        assert (root, role, region, "w") == (address.root, address.role, address.region, address.workspace)
        for other in load("regions"):
            moved = ServiceAddress.parse(f"{address.root_in(other)}/workspaces/w/{tail}")
            assert (role, other, address.endpoint) == (moved.role, moved.region, moved.endpoint)


def test_an_address_without_region_does_not_tell_one():
    """The role follows from the path; what is no address is none."""
    address = ServiceAddress.parse("http://localhost/workspaces/w/webservices/s/endpoints/a%20b/refresh")
    assert ("management", "", "a b", "/refresh", "") == (
        address.role, address.region, address.endpoint, address.rest, address.root_in("West Europe"),
    )  # fmt: skip
    nowhere = ("http://[x/workspaces/w", "x", "/workspaces/w", "http://:80/workspaces/w")
    assert [None] * 4 == [ServiceAddress.parse(url) for url in nowhere]


def test_addresses_of_two_regions_are_refused():
    """A workspace lives in one region; addresses that do not tell theirs are let through."""
    local = SAME.replace("https://europewest.services.azureml.net", "http://127.0.0.1:8350/europewest.services")
    for training, other in ((SAME, "https://management.azureml.net/"), (local, "http://127.0.0.1:8350/management//")):
        with pytest.raises(RefusedLocally) as caught:
            check_region(training, other)
        assert ("region-management",) == caught.value.failures
    for management in ("https://europewest.management.azureml.net", "http://127.0.0.1:8350"):
        check_region(SAME, management)
    check_region("nonsense", "https://management.azureml.net")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://europewest.services.azureml.net/workspaces/w/services/g/jobs/1?x=1",
            ServiceAddress(
                "https://europewest.services.azureml.net", "services", "West Europe", "w", "", "g", "/jobs/1"
            ),
        ),
        (
            " http://h:1/management/workspaces/w/webservices/s/endpoints/e%2Fp ",
            ServiceAddress("http://h:1/management", "management", "South Central US", "w", "s", "e/p", ""),
        ),
        (
            "http://h/aml/europewest.services/workspaces/w/services/g",
            ServiceAddress("http://h/aml/europewest.services", "services", "West Europe", "w", "", "g", ""),
        ),
        ("http://h/x/workspaces/w/services/g", ServiceAddress("http://h/x", "services", "", "w", "", "g", "")),
        ("http://h/workspaces/w/webservices/s", ServiceAddress("http://h", "management", "", "w", "s", "", "")),
        ("http://h/workspaces/w", ServiceAddress("http://h", "", "", "w", "", "", "")),
        ("https://studio.azureml.net/workspaces/w", ServiceAddress("https://studio.azureml.net", workspace="w")),
    ],
)
def test_an_address_is_taken_apart_whole(url, expected):
    """Root, role, region, workspace, service, endpoint and what follows."""
    assert expected == ServiceAddress.parse(url)


def test_the_root_of_another_role():
    """The scoring address leads to the management host of the same region, and of another."""
    address = ServiceAddress.parse(SAME)
    roots = [address.root_in(region, "management") for region in ("West Europe", "South Central US")]
    assert ["https://europewest.management.azureml.net", "https://management.azureml.net"] == roots
    named_alike = ServiceAddress.parse("http://management.test/management/workspaces/w/webservices/s")
    assert "http://management.test/europewest.management" == named_alike.root_in("West Europe")


def test_two_regions_are_both_named():
    """The sentence has the region that is called and the one that is managed."""
    with pytest.raises(RefusedLocally) as caught:
        check_region(SAME, "https://management.azureml.net/")
    what = "the workspace is called in West Europe, and https://management.azureml.net/ manages South Central US. "
    assert str(caught.value).startswith(what)
    assert str(caught.value).endswith(" (amlclassic failures show region-management)")


@pytest.mark.parametrize(
    ("url", "language", "link"),
    [
        ("http://127.0.0.1:8350/x", "en", "http://127.0.0.1:8350/_emulator/failures/region-management"),
        ("http://localhost/x", "ko", "http://localhost/_emulator/failures/region-management?lang=ko"),
        ("https://[::1]:1", "en", "https://[::1]:1/_emulator/failures/region-management"),
        ("https://management.azureml.net", "en", "docs/troubleshooting.md#region-management"),
        ("", "ko", "docs/troubleshooting.ko.md#region-management"),
    ],
)
def test_a_failure_is_explained_where_the_reader_is(url, language, link):
    """On the emulator's own pages in the reader's language, or in the documents."""
    assert link == known_failure("region-management").link(url, language)


def test_without_a_place_and_a_language_it_is_the_english_document():
    """The defaults of a link and of a text."""
    known = known_failure("region-management")
    assert "docs/troubleshooting.md#region-management" == known.link()
    assert known.text("title", "en") == known.text("title") != known.text("title", "ko")


def test_what_shows_no_sign_is_no_failure():
    """A sighting that fits nothing has no failure, and one that fits two signs has the one that says more."""
    assert () == recognise(Sighting())
    assert () == recognise(Sighting(call="GET /nothing", status=299))
