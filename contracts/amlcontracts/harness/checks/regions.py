"""A workspace answers on the hosts of its own region."""

from __future__ import annotations

from amlcontracts.harness.breach import same
from amlcontracts.harness.data import example_row, plain
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import expect
from amlcontracts.harness.registry import check
from amlcontracts.harness.state import unchanged

UNKNOWN = "0123456789abcdef0123456789abcdef"


@check("regions.management", "management.region")
def management(ground: Ground) -> None:
    """On another region's management host every call is 500 GetWorkspaceFailed, before key and body."""
    with unchanged(ground):
        for place in ground.places:
            endpoint = place.services[0].default
            for address in place.elsewhere(endpoint.managed):
                services = address.partition("/endpoints")[0].rpartition("/")[0]
                for key in (place.token, "x", None):
                    expect(ground.wire.call("GET", services, key=key), 500, "GetWorkspaceFailed")
                    expect(ground.wire.call("GET", address, key=key), 500, "GetWorkspaceFailed")
                    expect(ground.wire.call("PATCH", address, {"Resources": []}, key=key), 500, "GetWorkspaceFailed")
                    expect(ground.wire.call("PUT", address, raw=b"{", key=key), 500, "GetWorkspaceFailed")
                    expect(ground.wire.call("DELETE", address, key=key), 500, "GetWorkspaceFailed")


@check("regions.scoring", "rrs.unknown-address")
def scoring(ground: Ground) -> None:
    """On another region's scoring host the right key is refused, for RRS and for jobs."""
    for place in ground.places:
        endpoint = place.services[0].default
        for address in place.elsewhere(endpoint.api):
            for path in ("execute", "jobs"):
                answer = ground.wire.call("POST", f"{address}/{path}?api-version=2.0", {}, key=endpoint.key)
                expect(answer, 401, "Unauthorized", "ScoreRequestUnauthorized")


@check("regions.own", "http.hosts")
def own(ground: Ground) -> None:
    """On its own region's hosts every workspace answers."""
    for service in ground.all_scoring():
        port, columns = ground.interface(service).input
        same(200, service.place.call("GET").status, f"services of {service.place.name}")
        same(200, service.default.score(plain(port, [example_row(columns)])).status, f"a score in {service.place.name}")


@check("regions.unknown-workspace", "management.unknown-workspace")
def unknown_workspace(ground: Ground) -> None:
    """A workspace that no region has is 400 InvalidWorkspaceId on the management host, whatever the key."""
    for other in (UNKNOWN, "nonsense", UNKNOWN.upper()):
        for key in (ground.home.token, "x", None):
            address = ground.home.address.replace(ground.home.id, other)
            expect(ground.wire.call("GET", address, key=key), 400, "InvalidWorkspaceId")


@check("regions.other-workspace", "management.service-id")
def other_workspace(ground: Ground) -> None:
    """A service id that is none is 400, one that is unknown 404, and one of another workspace is told apart."""
    call = ground.home.call
    for other in ("foo-does-not-exist", ground.scoring.id[:-1]):
        expect(call("GET", f"/{other}"), 400, "InvalidWebServiceId")
    for path in (f"/{UNKNOWN}", f"/{UNKNOWN}/endpoints", f"/{UNKNOWN}/endpoints/default"):
        expect(call("GET", path), 404, "NotFound", "WebServiceNotFound")
    for place in ground.places:
        if place.id != ground.home.id:
            path = f"/{place.services[0].id}"
            expect(call("GET", path), 404, "NotFound", "WebServiceIdNotFoundInWorkspace")
