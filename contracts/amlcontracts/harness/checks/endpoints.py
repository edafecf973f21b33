"""Adding, listing, refreshing and deleting endpoints."""

from __future__ import annotations

from functools import partial
from typing import Any

from hypothesis import strategies as st

from amlcontracts import load
from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import expect, own_name
from amlcontracts.harness.registry import check
from amlcontracts.harness.state import unchanged

LISTED = ["Name", "Description", "CreationTime", "WorkspaceId", "WebServiceId", "HelpLocation", "PrimaryKey"]
LISTED += [
    "SecondaryKey",
    "ApiLocation",
    "PreventUpdate",
    "MaxConcurrentCalls",
    "DiagnosticsTraceLevel",
    "ThrottleLevel",
]
SERVICE = ["Id", "Name", "Description", "CreationTime", "WorkspaceId", "DefaultEndpointName", "EndpointCount"]
LONGEST: int = load("limits")["endpoint_name_length"]
NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=6, max_size=LONGEST).filter(
    lambda name: name != "default"
)
NO_NAMES = ("Upper", "with-dash", "with_underline", "a" * (LONGEST + 1), "blank%20in", "%C3%BCmlaut", "a.b", "Default")


@check("endpoints.listed", "endpoints.list", "endpoints.get", "endpoints.put")
def listed(ground: Ground) -> None:
    """What was PUT is what GET shows and what the list holds, with the recorded members in their order."""
    with ground.scoring.endpoint({"Description": "to be listed"}) as endpoint:
        shown = endpoint.shown()
        same("to be listed", shown["Description"], "Description")
        entry = next(one for one in ground.scoring.listed() if one["Name"] == endpoint.name)
        same(LISTED, list(entry), "members of an endpoint in the list")
        same(entry, {name: shown.get(name) for name in LISTED}, "one endpoint beside its entry in the list")
        extra = set(shown) - set(LISTED)
        same({"Version", "SampleDataEnabled", "ExperimentLocation", "Resources"}, extra, "more members of one endpoint")
        same(ground.home.id, shown["WorkspaceId"], "WorkspaceId")
        same(ground.scoring.id, shown["WebServiceId"], "WebServiceId")
        same(ground.scoring.default.resources(), endpoint.resources(), "resources beside the default endpoint's")


@check("endpoints.order", "endpoints.list", "services.list")
def order(ground: Ground) -> None:
    """The default endpoint is listed first and the others in order of creation; EndpointCount counts them."""
    names = [own_name() for _ in range(3)]
    for service in ground.home.services:
        try:
            before = len(service.listed())
            for name in names:
                service.add(name)
            shown = [one["Name"] for one in service.listed()]
            same(["default", *names], [shown[0], *shown[-3:]], f"order of the endpoints of {service.name}")
            same(before + 3, ground.home.call("GET", f"/{service.id}").json["EndpointCount"], "EndpointCount")
        finally:
            for name in names:
                service.named(name).manage("DELETE")
        same(before, ground.home.call("GET", f"/{service.id}").json["EndpointCount"], "EndpointCount after the deletes")


@check("services.listed", "services.list", "services.get")
def services(ground: Ground) -> None:
    """Services are listed with seven members in order, each as its own address shows it, this workspace's alone."""
    for place in ground.places:
        for path in ("", "/"):
            entries = place.call("GET", path).json
            same([one.id for one in place.services], [one["Id"] for one in entries], f"services of {place.name}")
        for entry in entries:
            same(SERVICE, list(entry), "members of a service")
            same(place.id, entry["WorkspaceId"], "WorkspaceId")
            same(entry, place.call("GET", f"/{entry['Id']}").json, f"the service {entry['Name']} beside its entry")


@check("endpoints.names", "endpoints.name-rule")
def names(ground: Ground) -> None:
    """A name of up to 24 lower-case letters and digits is taken."""

    def taken(name: str) -> None:
        try:
            same(name, ground.scoring.add(name).shown()["Name"], "name of the endpoint that was added")
        finally:
            ground.scoring.named(name).manage("DELETE")

    taken(own_name().ljust(24, "0"))  # the longest, which no law may happen to draw
    ground.law(name=NAME)(taken)


@check("endpoints.bad-names", "endpoints.name-rule")
def bad_names(ground: Ground) -> None:
    """Any other name is a flat 400, and no endpoint comes of it."""
    with unchanged(ground):
        for name in NO_NAMES:
            address = f"{ground.scoring.address}/endpoints/{name}"
            answer = ground.wire.call("PUT", address, {}, key=ground.home.token)
            if answer.status == 200:
                ground.wire.call("DELETE", address, key=ground.home.token)
            expect(answer, 400, "BadArgument")


@check("endpoints.unknown", "endpoints.unknown")
def unknown(ground: Ground) -> None:
    """An endpoint that is not there, and a GUID where its name belongs, are 404 for every call but PUT."""
    with unchanged(ground):
        for name in ("nosuchendpoint", ground.scoring.default.guid, "DEFAULT"):
            nobody = ground.scoring.named(name)
            for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/refresh")):
                expect(nobody.manage(method, path, {} if method == "PATCH" else None), 404, "NotFound")


@check("endpoints.delete", "endpoints.delete")
def delete(ground: Ground) -> None:
    """A deleted endpoint is gone from the list and cannot be deleted again; the others stay as they are."""
    with ground.scoring.endpoint() as other:
        want = other.shown()
        with ground.scoring.endpoint() as endpoint:
            answer = endpoint.manage("DELETE")
            same((200, b""), (answer.status, answer.body), answer.line)
            hold(endpoint.name not in [one["Name"] for one in ground.scoring.listed()], "a deleted endpoint is listed")
            expect(endpoint.manage("DELETE"), 404, "NotFound")
        same(want, other.shown(), "another endpoint after the delete")


@check("endpoints.delete-default", "endpoints.delete-default")
def delete_default(ground: Ground) -> None:
    """The default endpoint cannot be deleted while there are others."""
    for service in (ground.scoring, ground.training):
        with service.endpoint(), unchanged(ground):
            expect(service.default.manage("DELETE"), 400, "InvalidOperation")


@check("endpoints.refresh", "endpoints.refresh", "endpoints.refresh-no-change")
def refresh(ground: Ground) -> None:
    """A refresh of an endpoint that is as the default one is 304 without a body, whatever it says of resources."""
    with ground.scoring.endpoint() as endpoint, unchanged(ground):
        for body in (
            None,
            {},
            {"OverwriteResources": False},
            {"OverwriteResources": True},
            {"OverwriteResources": "True"},
        ):
            answer = endpoint.manage("POST", "/refresh", body)
            same((304, b""), (answer.status, answer.body), f"{answer.line} with {body}")


@check("endpoints.refresh-default", "endpoints.refresh-default")
def refresh_default(ground: Ground) -> None:
    """The default endpoint cannot be refreshed."""
    with unchanged(ground):
        for body in (None, {"OverwriteResources": True}):
            expect(ground.scoring.default.manage("POST", "/refresh", body), 400, "InvalidOperation")


@check("endpoints.help", "help.update", "help.index")
def help_pages(ground: Ground) -> None:
    """The update page names the resources of an endpoint; a training service's says that there are none."""
    with ground.scoring.endpoint() as endpoint, ground.training.endpoint() as trainer:
        page = ground.wire.call("GET", endpoint.shown()["HelpLocation"] + "/update")
        same(200, page.status, page.line)
        for name in endpoint.resources():
            hold(name in page.text, f"{page.line}: the page does not name {name!r}")
        sorry = ground.wire.call("GET", trainer.shown()["HelpLocation"] + "/update")
        hold("This Web Service has no updatable resources." in sorry.text, f"{sorry.line}: not the documented sentence")


@check("endpoints.same-put", "endpoints.put", kind="concurrency")
def same_put(ground: Ground) -> None:
    """Many PUTs of one new name at the same time make one endpoint, which all of them answer with."""
    name = own_name()
    nobody = ground.scoring.named(name)
    try:
        answers: list[Any] = ground.crowd([lambda: nobody.manage("PUT", "", {})] * ground.effort.crowd)
        same([200] * len(answers), [one.status for one in answers], "statuses")
        same(1, len({one.json["ApiLocation"] for one in answers}), "number of addresses that the answers name")
        same(1, [one["Name"] for one in ground.scoring.listed()].count(name), "endpoints of that name")
    finally:
        nobody.manage("DELETE")


@check("endpoints.crowd", "endpoints.put", "endpoints.delete", kind="concurrency")
def crowd(ground: Ground) -> None:
    """Endpoints added at the same time all come to be, and of those that two delete one succeeds."""
    names = [own_name() for _ in range(ground.effort.crowd)]
    try:
        ground.crowd([partial(ground.scoring.add, name) for name in names])
        there = [one["Name"] for one in ground.scoring.listed()]
        same([], [name for name in names if name not in there], "endpoints that were added and are not listed")
    finally:
        pairs = [ground.scoring.named(name) for name in names for _ in range(2)]
        twice: list[Any] = ground.crowd([partial(one.manage, "DELETE") for one in pairs])
    statuses = sorted(one.status for one in twice)
    same([200] * len(names) + [404] * len(names), statuses, "statuses of two deletes each")
