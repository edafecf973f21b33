"""The settings of an endpoint, and how they are changed."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st

from amlcontracts import load
from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import expect
from amlcontracts.harness.registry import check
from amlcontracts.harness.state import unchanged

LIMITS = load("limits")
MOST: int = LIMITS["throttle_high_calls_most"]
USUAL: int = LIMITS["throttle_high_calls_default"]
PLAIN = {
    "Description": st.text("abc äöü <&>'\"", min_size=1, max_size=20),
    "PreventUpdate": st.booleans(),
    "DiagnosticsTraceLevel": st.sampled_from(["None", "Error", "All"]),
    "SampleDataEnabled": st.booleans(),
}
SETTINGS = st.fixed_dictionaries({}, optional=PLAIN)
BAD: list[dict[str, Any]] = [
    {"ThrottleLevel": "Medium"},
    {"ThrottleLevel": 1},
    {"ThrottleLevel": "High", "MaxConcurrentCalls": "many"},
    {"ThrottleLevel": "High", "MaxConcurrentCalls": 0},
    {"ThrottleLevel": "High", "MaxConcurrentCalls": MOST + 1},
    {"ThrottleLevel": "High", "MaxConcurrentCalls": 1.5},
    {"PreventUpdate": "maybe"},
    {"DiagnosticsTraceLevel": "Some"},
    {"SampleDataEnabled": 7},
    {"Description": ["a list"]},
]


@check("settings.kept", "endpoints.put", "patch.settings")
def kept(ground: Ground) -> None:
    """PUT and PATCH change the settings that they mention and no other, and neither keys nor address."""
    with ground.scoring.endpoint() as endpoint:

        @ground.law(changes=st.lists(st.tuples(st.sampled_from(["PUT", "PATCH"]), SETTINGS), min_size=1, max_size=4))
        def _(changes: list[tuple[str, dict[str, Any]]]) -> None:
            want = endpoint.shown()
            for method, given in changes:
                answer = endpoint.manage(method, "", given)
                want |= given
                same(200, answer.status, answer.line)
                same(want, answer.json, f"the answer to {method} {given}")
                same(want, endpoint.shown(), f"the endpoint after {method} {given}")


@check("settings.default", "patch.settings")
def of_default(ground: Ground) -> None:
    """The settings of the default endpoint can be changed as well, and the other endpoints do not follow."""
    default = ground.scoring.default
    before = default.shown()
    with ground.scoring.endpoint() as endpoint:
        want = endpoint.shown()
        turned = {"SampleDataEnabled": not before["SampleDataEnabled"]}
        try:
            same(200, default.manage("PATCH", "", turned).status, "PATCH of a setting of the default endpoint")
            same(before | turned, default.shown(), "the default endpoint after it")
            same(want, endpoint.shown(), "another endpoint after it")
        finally:
            default.manage("PATCH", "", {"SampleDataEnabled": before["SampleDataEnabled"]})


@check("settings.low", "endpoints.low")
def low(ground: Ground) -> None:
    """ThrottleLevel Low means the same few calls, whatever was asked for."""
    with ground.scoring.endpoint({"ThrottleLevel": "Low"}) as endpoint:
        few = endpoint.shown()["MaxConcurrentCalls"]
        same(True, few in (LIMITS["throttle_low_calls"], USUAL), f"{few} calls are what an article has for Low")

        @ground.law(calls=st.integers(-3, 500), as_text=st.booleans())
        def _(calls: int, as_text: bool) -> None:
            given = {"ThrottleLevel": "Low", "MaxConcurrentCalls": str(calls) if as_text else calls}
            shown = endpoint.manage("PUT", "", given).json
            same(("Low", few), (shown["ThrottleLevel"], shown["MaxConcurrentCalls"]), f"after {given}")


@check("settings.high", "endpoints.high")
def high(ground: Ground) -> None:
    """High has 20 calls when nothing was said, and any number from 1 to 200, as a number or a text."""
    with ground.scoring.endpoint() as endpoint:

        @ground.law(calls=st.integers(1, MOST) | st.sampled_from([1, MOST]), as_text=st.booleans())
        def _(calls: int, as_text: bool) -> None:
            same(200, endpoint.manage("PUT", "", {"ThrottleLevel": "Low"}).status, "Low again")
            shown = endpoint.manage("PUT", "", {"ThrottleLevel": "High"}).json
            same(("High", USUAL), (shown["ThrottleLevel"], shown["MaxConcurrentCalls"]), "High without a number")
            given = {"MaxConcurrentCalls": str(calls) if as_text else calls}
            answer = endpoint.manage("PATCH", "", given)
            same(200, answer.status, f"{answer.line} with {given}")
            same(calls, answer.json["MaxConcurrentCalls"], f"after {given}")
            same(calls, endpoint.shown()["MaxConcurrentCalls"], "as it is shown then")


@check("settings.too-many", "endpoints.high", "endpoints.settings-values")
def refused(ground: Ground) -> None:
    """A setting that cannot be is refused by PUT and PATCH, and keeps the good ones beside it from changing."""
    with ground.scoring.endpoint({"ThrottleLevel": "High", "MaxConcurrentCalls": 33}) as endpoint, unchanged(ground):
        for method, bad in itertools.product(("PUT", "PATCH"), BAD):
            answer = endpoint.manage(method, "", {"SampleDataEnabled": True, **bad})
            hold(answer.status == 400, f"{answer.line} with {bad}")
            expect(answer, 400, "BadArgument")


@check("settings.body", "http.catalogue", "endpoints.put")
def body(ground: Ground) -> None:
    """A body that is no object is a flat 400 and changes nothing; unknown members and nulls are passed over."""
    with ground.scoring.endpoint({"Description": "as it was"}) as endpoint:
        with unchanged(ground):
            for raw in (b"{", b"[]", b'"x"', b"7", b"null"):
                expect(endpoint.manage("PATCH", raw=raw), 400, "BadArgument")
                expect(endpoint.manage("PUT", raw=raw), 400, "BadArgument")
            for given in ({}, {"Nobody": 1}, dict.fromkeys(PLAIN), {"Resources": None}):
                same(200, endpoint.manage("PATCH", "", given).status, f"PATCH of {given}")
        same(200, endpoint.manage("PUT", raw=b"").status, "PUT without a body")


@check("settings.isolated", "endpoints.put")
def isolated(ground: Ground) -> None:
    """No endpoint sees the settings of another."""
    with ground.scoring.endpoint() as endpoint, ground.scoring.endpoint() as other:
        want = {one["Name"]: one for one in ground.scoring.listed()}
        given = {
            "Description": "mine",
            "ThrottleLevel": "High",
            "MaxConcurrentCalls": 77,
            "DiagnosticsTraceLevel": "All",
        }
        same(200, endpoint.manage("PUT", "", given).status, "PUT")
        want[endpoint.name] |= given
        same(want, {one["Name"]: one for one in ground.scoring.listed()}, "every endpoint of the service")
        same(200, other.manage("PATCH", "", {"PreventUpdate": True}).status, "PATCH")
        want[other.name]["PreventUpdate"] = True
        same(want, {one["Name"]: one for one in ground.scoring.listed()}, "every endpoint of the service")
