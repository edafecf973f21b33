"""Whose key opens what."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st

from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.data import document, example_row, plain
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import Endpoint, expect, own_name
from amlcontracts.harness.registry import check
from amlcontracts.harness.state import unchanged
from amlcontracts.harness.wire import Answer

REFUSED = (401, "Unauthorized", "ScoreRequestUnauthorized")
MANAGEMENT_REFUSED = (401, "Unauthorized", "ManagementRequestUnauthorized")
JOB = "0" * 32


def _scoring_calls(endpoint: Endpoint, key: str | None) -> Iterator[Answer]:
    yield endpoint.score({}, key=key)
    yield endpoint.wire.call("POST", f"{endpoint.api}/score", {}, key=key)
    yield endpoint.jobs("POST", "", {}, key=key)
    yield endpoint.jobs("POST", f"/{JOB}/start", key=key)
    yield endpoint.jobs("GET", f"/{JOB}", key=key)
    yield endpoint.jobs("DELETE", f"/{JOB}", key=key)


def _managing_calls(endpoint: Endpoint, key: str | None) -> Iterator[Answer]:
    yield endpoint.manage("GET", key=key)
    yield endpoint.manage("PUT", "", {"Description": "changed"}, key=key)
    yield endpoint.manage("PATCH", "", {"Description": "changed"}, key=key)
    yield endpoint.manage("POST", "/refresh", {"OverwriteResources": True}, key=key)
    yield endpoint.manage("DELETE", key=key)


@check("access.scoring-key", "rrs.unauthorized")
def scoring_key(ground: Ground) -> None:
    """Either key of an endpoint opens its scoring; no key, a changed one, another's and the token do not."""
    row = plain(ground.port[0], [example_row(ground.port[1])])
    key: str | None
    with ground.scoring.endpoint() as endpoint, ground.scoring.endpoint() as other:
        for key in (endpoint.key, endpoint.secondary):
            same(200, endpoint.score(row, key=key).status, "a call with one of the endpoint's own keys")
        wrong = (
            None,
            "",
            ("b" if endpoint.key[0] == "a" else "a") + endpoint.key[1:],
            endpoint.key.swapcase(),
            endpoint.key[:40],
            other.key,
        )
        for key in (*wrong, other.secondary, ground.scoring.default.key, ground.home.token):
            for answer in _scoring_calls(endpoint, key):
                expect(answer, *REFUSED)


@check("access.default-key", "rrs.unauthorized")
def default_key(ground: Ground) -> None:
    """The default endpoint is not opened by the key of an endpoint that was added."""
    with ground.scoring.endpoint() as endpoint:
        for answer in _scoring_calls(ground.scoring.default, endpoint.key):
            expect(answer, *REFUSED)


@check("access.key-not-of-service", "rrs.unauthorized")
def other_services(ground: Ground) -> None:
    """A key of one service opens no endpoint of another service or workspace."""
    defaults = [service.default for place in ground.places for service in place.services]
    for endpoint in defaults:
        for other in defaults:
            if other is not endpoint:
                expect(endpoint.score({}, key=other.key), *REFUSED)


@check("access.management-key", "access.endpoint-key", "management.unauthorized")
def management_key(ground: Ground) -> None:
    """On the management host an endpoint's own key and the token open the endpoint, and no other key does."""
    with ground.scoring.endpoint() as endpoint, ground.scoring.endpoint() as other:
        key: str | None
        for key in (endpoint.key, endpoint.secondary, ground.home.token):
            same(200, endpoint.manage("GET", key=key).status, "a look at an endpoint with a key of its own")
        with unchanged(ground):
            for key in (None, "x", endpoint.key[:-4], other.key, other.secondary, ground.training.default.key):
                for answer in _managing_calls(endpoint, key):
                    expect(answer, *MANAGEMENT_REFUSED)


@check("access.own-key-changes", "access.endpoint-key")
def own_key_changes(ground: Ground) -> None:
    """With its own key alone an endpoint can be changed, refreshed and deleted."""
    endpoint = ground.scoring.add(own_name())
    same(200, endpoint.manage("PUT", "", {"Description": "by its key"}, key=endpoint.key).status, "PUT")
    same(200, endpoint.manage("PATCH", "", {"Description": "again"}, key=endpoint.key).status, "PATCH")
    same(304, endpoint.manage("POST", "/refresh", key=endpoint.key).status, "refresh")
    same(200, endpoint.manage("DELETE", "", key=endpoint.key).status, "DELETE")


@check("access.services-need-token", "access.endpoint-key", "management.unauthorized")
def services_need_token(ground: Ground) -> None:
    """Services are listed and shown to the workspace's token alone."""
    key = ground.scoring.default.key
    others = [place.token for place in ground.places if place.id != ground.home.id]
    for wrong in (None, "", key, ground.home.token[:-1], *others):
        for path in ("", f"/{ground.scoring.id}"):
            expect(ground.home.call("GET", path, key=wrong), *MANAGEMENT_REFUSED)
    same(200, ground.home.call("GET").status, "the list of services with the token")


@check("access.bearer", "http.bearer")
def bearer(ground: Ground) -> None:
    """The scheme's case and the number of blanks after it do not matter; another scheme opens nothing."""
    row, endpoint = plain(ground.port[0], [example_row(ground.port[1])]), ground.scoring.default

    @ground.law(scheme=st.sampled_from(["Bearer", "bearer", "BEARER", "BeArEr"]), blanks=st.integers(1, 4))
    def _(scheme: str, blanks: int) -> None:
        given = {"Authorization": scheme + " " * blanks + endpoint.key}
        same(200, endpoint.score(row, key=None, headers=given).status, f"a call with {scheme!r} and {blanks} blanks")

    for header in (f"Basic {endpoint.key}", endpoint.key, f"Bearer{endpoint.key}"):
        expect(endpoint.score(row, key=None, headers={"Authorization": header}), *REFUSED)


@check("access.keys-differ", "endpoints.copy")
def keys_differ(ground: Ground) -> None:
    """No two endpoints share a key, an address or an id, and one that is made again under its name has new ones."""
    with ground.scoring.endpoint() as endpoint:
        everyone = [one for service in ground.home.services for one in service.endpoints()]
        for what in ("key", "secondary", "api"):
            values = [getattr(one, what) for one in everyone]
            same(len(values), len(set(values)), f"number of different values of {what} among {len(values)} endpoints")
        hold(endpoint.key != endpoint.secondary, "the secondary key is the primary one")
    with_same_name = ground.scoring.add(endpoint.name)
    try:
        hold(with_same_name.key != endpoint.key, "an endpoint that was made again has the key of the one before")
        hold(with_same_name.api != endpoint.api, "an endpoint that was made again has the address of the one before")
        expect(with_same_name.score({}, key=endpoint.key), *REFUSED)
    finally:
        with_same_name.manage("DELETE")


@check("access.after-delete", "endpoints.delete")
def after_delete(ground: Ground) -> None:
    """The key of a deleted endpoint opens nothing any more, its address answers 401 and its document 404.

    All of it was used before: what a service remembers of its calls goes with the endpoint.
    """
    with ground.scoring.endpoint() as endpoint:
        list(_scoring_calls(endpoint, endpoint.key))
        endpoint.shown()
        document(endpoint)
    for answer in _scoring_calls(endpoint, endpoint.key):
        expect(answer, *REFUSED)
    expect(endpoint.manage("GET", key=endpoint.key), *MANAGEMENT_REFUSED)
    expect(endpoint.wire.call("GET", f"{endpoint.api}/swagger.json"), 404)


@check("access.unknown-address", "rrs.unknown-address")
def unknown_address(ground: Ground) -> None:
    """A scoring address with an unknown endpoint or workspace, or an endpoint's name, is not told from a wrong key."""
    endpoint, places = ground.scoring.default, [place.id for place in ground.places if place.id != ground.home.id]
    addresses = [endpoint.api.replace(endpoint.guid, other) for other in (JOB, "default", ground.scoring.id)]
    addresses += [endpoint.api.replace(ground.home.id, other) for other in (JOB, *places)]
    for address in addresses:
        expect(endpoint.wire.call("POST", f"{address}/execute?api-version=2.0", {}, key=endpoint.key), *REFUSED)


@check("access.anonymous", "swagger.anonymous", "swagger.get")
def anonymous(ground: Ground) -> None:
    """The API document and the help page need no key; the document is the same on scoring and management host."""
    for service in (ground.scoring, *ground.home.services):
        endpoint = service.default
        answer = endpoint.wire.call("GET", f"{service.address}/endpoints/{endpoint.guid}/apidocument")
        same(200, answer.status, answer.line)
        same(document(endpoint), answer.json, "apidocument beside swagger.json")
        page = endpoint.wire.call("GET", endpoint.shown()["HelpLocation"])
        same(200, page.status, page.line)


@check("access.order", "http.order")
def order(ground: Ground) -> None:
    """A wrong key is told before anything that is wrong with the body, the version or the job."""
    endpoint = ground.scoring.default
    for raw in (b"", b"{", b"null", b'{"Inputs": {"nobody": 1}}'):
        expect(endpoint.score(key="x", raw=raw), *REFUSED)
        expect(endpoint.jobs("POST", "", version="7", key="x", raw=raw), *REFUSED)
        expect(endpoint.manage("PATCH", key="x", raw=raw), *MANAGEMENT_REFUSED)
