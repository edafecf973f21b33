"""Endpoints: the rules of adding, changing, refreshing and deleting, and how they are shown."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.addresses import Addresses
from amlemulator.core.cells import parse
from amlemulator.core.connection import DEVELOPMENT_KEY
from amlemulator.core.diagnostics import blob_name
from amlemulator.core.endpoints import (
    Settings,
    apply_settings,
    check_deletable,
    check_name,
    check_room,
    flag,
    iso_time,
    new_endpoint,
    read_settings,
    refresh,
    render_endpoint,
    render_service,
    republish,
)
from amlemulator.core.errors import ServiceError
from amlemulator.core.identity import Identity
from amlemulator.core.records import BlobReference
from amlemulator.core.sas import Asked, make_service_sas, parse_token, verify
from amlemulator.core.studio_render import render_workspace
from support.records import make_endpoint, make_resource, make_service, make_workspace, refusal_of

LEVELS = st.sampled_from(["Low", "High"])
SETTINGS = st.builds(
    Settings,
    description=st.none() | st.text(max_size=5),
    throttle_level=st.none() | LEVELS,
    max_concurrent_calls=st.none() | st.integers(-5, 400),
    prevent_update=st.none() | st.booleans(),
    diagnostics_trace_level=st.none() | st.sampled_from(["None", "Error", "All"]),
    sample_data_enabled=st.none() | st.booleans(),
)
LOCATION = BlobReference(relative_location="c/m.ilearner", base_location="https://a/", sas_blob_token="?sig=secret")


def applied(endpoint, settings, tier="standard"):
    return apply_settings(endpoint, settings, tier, "Census Model")


# Names


@given(st.from_regex("[a-z0-9]{1,24}", fullmatch=True))
def test_names_of_lower_case_letters_and_digits_pass(name):
    """Up to 24 lower-case letters and digits make a name (documents.md section 9)."""
    check_name(name)


@pytest.mark.parametrize("name", ["", "a" * 25, "Ep2", "ep-2", "ep 2", "ep2\n", "é", "٣", "a/b", "{0}"])
def test_other_names_are_refused_in_our_words(name):
    """Any other name is the flat 400 BadArgument with the documented rule as its text (errors.md U7)."""
    error = refusal_of(check_name, name)
    assert ("management/BadArgument", 400, "endpoints.name-rule") == (
        error.entry.name,
        error.entry.status,
        error.evidence,
    )
    assert "24 characters or less" in error.message
    assert f"'{name}'" in error.message


# Settings


@given(SETTINGS, LEVELS, st.integers(1, 200), st.sampled_from(["standard", "free"]))
def test_low_is_always_4_and_high_1_to_200(settings, level, before, tier):
    """Whatever is asked of whatever endpoint: Low means 4 calls, High 1 to 200, a free workspace only Low."""
    endpoint = make_endpoint(throttle_level=level, max_concurrent_calls=before if level == "High" else 4)
    try:
        after = applied(endpoint, settings, tier)
    except ServiceError:
        return
    assert "Low" == after.throttle_level or "free" != tier
    assert (
        4 == after.max_concurrent_calls
        if after.throttle_level == "Low"
        else after.max_concurrent_calls in range(1, 201)
    )


@given(SETTINGS)
def test_only_what_was_mentioned_changes(settings):
    """A setting that is not mentioned stays as it was, and keys, graph and models always do."""
    endpoint = make_endpoint(description="d", diagnostics_trace_level="All", resources=(make_resource(),))
    try:
        after = applied(endpoint, settings)
    except ServiceError:
        return
    for name in ("description", "prevent_update", "diagnostics_trace_level", "sample_data_enabled"):
        wanted = getattr(settings, name)
        assert getattr(after, name) == (getattr(endpoint, name) if wanted is None else wanted)
    kept = ("id", "name", "primary_key", "secondary_key", "experiment", "resources", "created")
    assert [getattr(endpoint, name) for name in kept] == [getattr(after, name) for name in kept]


@given(SETTINGS)
def test_saying_the_same_twice_changes_nothing_more(settings):
    """A PUT is idempotent: clients use it to add and to change (errors.md U6)."""
    try:
        once = applied(make_endpoint(), settings)
    except ServiceError:
        return
    assert once == applied(once, settings)


def test_high_without_a_number_is_20_and_keeps_its_number():
    """Going to High means 20 calls; an endpoint that is High keeps what it has (clients.md 6.2)."""
    high = applied(make_endpoint(), Settings(throttle_level="High"))
    assert ("High", 20) == (high.throttle_level, high.max_concurrent_calls)
    more = applied(high, Settings(max_concurrent_calls=150))
    assert 150 == applied(more, Settings(throttle_level="High", description="d")).max_concurrent_calls


def test_low_ignores_the_number():
    """MaxConcurrentCalls beside Low is accepted and not stored (azuremlps README 646)."""
    assert 4 == applied(make_endpoint(), Settings(throttle_level="Low", max_concurrent_calls=500)).max_concurrent_calls


@pytest.mark.parametrize(
    ("settings", "tier", "name", "text"),
    [
        (
            Settings(throttle_level="High"),
            "free",
            "BadArgument/WebServiceConcurrentRequestRequirementInvalid",
            "Cannot change concurrent requests requirements for Census Model web service.",
        ),
        (
            Settings(throttle_level="High", max_concurrent_calls=201),
            "standard",
            "BadArgument/WebServiceTooManyConcurrentRequestRequirement",
            "Cannot set concurrent request requirement to more than 200.",
        ),
        (
            Settings(throttle_level="High", max_concurrent_calls=0),
            "standard",
            "management/BadArgument",
            "MaxConcurrentCalls must be 1 or more.",
        ),
    ],
)
def test_settings_that_are_refused(settings, tier, name, text):
    """High in a free workspace, more than 200 calls and fewer than one are 400 (errors.md section 5)."""
    error = refusal_of(applied, make_endpoint(), settings, tier)
    assert (name, text) == (error.entry.name, error.message)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, Settings()),
        ({"WebServiceId": "x", "EndpointName": 5, "Unknown": {}}, Settings()),
        ({"Description": None, "ThrottleLevel": None, "MaxConcurrentCalls": None, "PreventUpdate": None}, Settings()),
        ({"MaxConcurrentCalls": "20"}, Settings(max_concurrent_calls=20)),
        ({"MaxConcurrentCalls": ""}, Settings()),
        ({"MaxConcurrentCalls": -1}, Settings(max_concurrent_calls=-1)),
        ({"ThrottleLevel": "high", "PreventUpdate": "True"}, Settings(throttle_level="High", prevent_update=True)),
        ({"DiagnosticsTraceLevel": "all"}, Settings(diagnostics_trace_level="All")),
        ({"SampleDataEnabled": False, "Description": ""}, Settings(sample_data_enabled=False, description="")),
    ],
)
def test_bodies_of_put_as_clients_send_them(body, expected):
    """Extra members are ignored, null is absent, numbers and booleans may be strings (clients.md 6.2)."""
    assert expected == read_settings(body)


@pytest.mark.parametrize(
    "body",
    [
        {"Description": 5},
        {"ThrottleLevel": "Medium"},
        {"ThrottleLevel": 1},
        {"MaxConcurrentCalls": "many"},
        {"MaxConcurrentCalls": True},
        {"MaxConcurrentCalls": 2.5},
        {"MaxConcurrentCalls": "1_0"},
        {"MaxConcurrentCalls": []},
        {"PreventUpdate": "maybe"},
        {"PreventUpdate": 1},
        {"DiagnosticsTraceLevel": "Some"},
    ],
)
def test_settings_of_a_wrong_type_are_refused_flat(body):
    """A member that cannot be read is a 400 in the management host's own envelope, without details."""
    error = refusal_of(read_settings, body)
    assert ("flat", 400) == (error.entry.envelope, error.entry.status)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("True", True), ("true", True), ("False", False), (True, True), (False, False), (None, None)],
)
def test_flags_in_dot_nets_spelling(value, expected):
    """A truth value may be JSON's or .NET's string (clients.md 6.3)."""
    assert expected is flag({"OverwriteResources": value}, "OverwriteResources")


# Life of an endpoint


def test_a_new_endpoint_is_a_copy_with_keys_of_its_own():
    """It has the default endpoint's graph and models, and id and keys of its own (documents.md section 9)."""
    default = make_endpoint("default", experiment="graph-9", resources=(make_resource(),))
    made = new_endpoint(make_service(), "ep2", 2, Identity("s"), 5.0, origin=default)
    assert (default.experiment, default.resources, 5.0, "ep2") == (
        made.experiment,
        made.resources,
        made.created,
        made.name,
    )
    assert 5 == len({made.id, made.primary_key, made.secondary_key, default.primary_key, default.id})


def test_without_a_default_endpoint_it_is_as_deployed():
    """The first endpoint, or one made when the default is gone, has the service's graph and models."""
    service = make_service(resources=(make_resource(),))
    made = new_endpoint(service, "default", 1, Identity("s"), 5.0, origin=None)
    assert (service.experiment, service.resources) == (made.experiment, made.resources)


@given(st.integers(1, 50), st.integers(1, 50))
def test_an_endpoint_made_again_has_other_keys(first, second):
    """A name that was deleted and added again gets new ids and keys, for its ordinal is another one."""
    made = [new_endpoint(make_service(), "ep2", place, Identity("s"), 0.0, origin=None) for place in (first, second)]
    assert (first == second) == (made[0].primary_key == made[1].primary_key) == (made[0].id == made[1].id)


@pytest.mark.parametrize(("tier", "count", "fits"), [("free", 2, True), ("free", 3, False), ("standard", 3, True)])
def test_a_free_workspace_has_three_endpoints(tier, count, fits):
    """The fourth endpoint of a service in a free workspace is refused in our words (azuremlps README 646)."""
    if fits:
        check_room(count, tier)
    else:
        assert "endpoints.count-limit" == refusal_of(check_room, count, tier).evidence


def test_the_default_endpoint_goes_last():
    """The default endpoint can be deleted when it is alone and not before (documents.md section 9)."""
    default, other = make_endpoint("default"), make_endpoint("ep2")
    error = refusal_of(check_deletable, default, 2)
    assert ("management/InvalidOperation", "endpoints.delete-default") == (error.entry.name, error.evidence)
    check_deletable(other, 2)
    check_deletable(default, 1)


def test_refresh_takes_the_graph_and_keeps_the_models():
    """Without OverwriteResources an endpoint gets the default's graph and keeps its own model (README 652)."""
    own, other = make_resource("A", "patched", location=LOCATION), make_resource("B", "default-b")
    default = make_endpoint("default", experiment="new", resources=(make_resource("A", "default-a"), other))
    endpoint = make_endpoint("ep2", experiment="old", resources=(own, make_resource("gone", "x")), description="d")
    after = refresh(endpoint, default, overwrite=False)
    assert replace(endpoint, experiment="new", resources=(own, other)) == after


def test_refresh_with_overwrite_discards_a_retrained_model():
    """With OverwriteResources the default's models come, too."""
    default = make_endpoint("default", resources=(make_resource("A", "default-a"),))
    endpoint = make_endpoint("ep2", resources=(make_resource("A", "patched", location=LOCATION),))
    assert default.resources == refresh(endpoint, default, overwrite=True).resources


@given(st.booleans(), st.booleans())
def test_refreshing_twice_changes_nothing_more(first, second):
    """A refresh after the same or a weaker one gives back the very same endpoint, which the wire shows as 304."""
    default = make_endpoint("default", experiment="new", resources=(make_resource("A", "a"),))
    endpoint = make_endpoint("ep2", experiment="old", resources=(make_resource("A", "patched", location=LOCATION),))
    once = refresh(endpoint, default, overwrite=first)
    assert (once == refresh(once, default, overwrite=second)) == (first >= second)


@pytest.mark.parametrize("overwrite", [True, False])
def test_the_default_endpoint_cannot_be_refreshed(overwrite):
    """It is what others are refreshed from: 400 InvalidOperation (azuremlps README)."""
    default = make_endpoint("default")
    assert "endpoints.refresh-default" == refusal_of(refresh, default, default, overwrite=overwrite).evidence


def test_republishing_keeps_the_keys():
    """The default endpoint follows its service's new graph and models with the keys it had."""
    service, resources = make_service(experiment="graph-2"), (make_resource("A", "new"),)
    after = republish(make_endpoint("default"), service, resources)
    assert replace(make_endpoint("default"), experiment="graph-2", resources=resources) == after


# How they are shown


@given(st.integers(0, 4 * 10**12))
def test_times_have_milliseconds_and_z(milliseconds):
    """CreationTime is ISO 8601 with three digits and Z, and says the very moment (clients.md 6.1)."""
    shown = iso_time(milliseconds / 1000)
    assert (24, "Z") == (len(shown), shown[-1])
    moment = datetime.strptime(shown, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert abs(moment.timestamp() - milliseconds / 1000) < 0.002


def test_a_service_has_seven_members_in_the_observed_order():
    """The WebService object as the R vignette recorded it (clients.md 6.1)."""
    shown = render_service(make_service(created=1454074034.153), 3)
    assert list(shown) == [
        "Id",
        "Name",
        "Description",
        "CreationTime",
        "WorkspaceId",
        "DefaultEndpointName",
        "EndpointCount",
    ]
    assert ("2016-01-29T13:27:14.153Z", None, "default", 3) == (
        shown["CreationTime"],
        shown["Description"],
        shown["DefaultEndpointName"],
        shown["EndpointCount"],
    )


LISTED = [
    "Name",
    "Description",
    "CreationTime",
    "WorkspaceId",
    "WebServiceId",
    "HelpLocation",
    "PrimaryKey",
    "SecondaryKey",
    "ApiLocation",
    "PreventUpdate",
    "MaxConcurrentCalls",
    "DiagnosticsTraceLevel",
    "ThrottleLevel",
]


@pytest.mark.parametrize("full", [False, True])
def test_an_endpoint_has_13_members_and_4_more_on_its_own(full):
    """The list shows the 13 recorded members in their order; the single GET adds the PowerShell contract's four."""
    endpoint = make_endpoint(resources=(make_resource(location=LOCATION),))
    shown = render_endpoint(make_workspace(), make_service(), endpoint, Addresses(), full=full)
    more = ["Version", "SampleDataEnabled", "ExperimentLocation", "Resources"] if full else []
    assert LISTED + more == list(shown)
    # A null would break the PowerShell client's deserializer.
    assert all(shown[name] is not None for name in ("PreventUpdate", "MaxConcurrentCalls", "ThrottleLevel"))


def test_a_resource_is_shown_without_its_signature():
    """The SAS of whoever patched it is not given to whoever reads it."""
    endpoint = make_endpoint(resources=(make_resource(location=LOCATION),))
    shown = render_endpoint(make_workspace(), make_service(), endpoint, Addresses(), full=True)["Resources"]
    location = {"RelativeLocation": "c/m.ilearner", "BaseLocation": "https://a/", "SasBlobToken": None}
    assert [{"Name": "Census Model [trained model]", "Kind": "TrainedModel", "Location": location}] == shown


@pytest.mark.parametrize(
    ("action", "sentence", "evidence"),
    [
        (
            lambda: check_name("A" * 65),
            f"The endpoint name '{'A' * 64}' is invalid. Endpoint names must be 24 characters or less in length and "
            "made up of lower-case letters and numbers only.",
            "endpoints.name-rule",
        ),
        (
            lambda: read_settings({"ThrottleLevel": "Middle"}),
            "ThrottleLevel must be one of Low, High.",
            "endpoints.settings-values",
        ),
        (
            lambda: read_settings({"DiagnosticsTraceLevel": 5}),
            "DiagnosticsTraceLevel must be one of None, Error, All.",
            "endpoints.settings-values",
        ),
        (
            lambda: read_settings({"MaxConcurrentCalls": True}),
            "MaxConcurrentCalls must be a whole number.",
            "endpoints.settings-values",
        ),
        (
            lambda: read_settings({"PreventUpdate": "yes"}),
            "PreventUpdate must be true or false.",
            "endpoints.settings-values",
        ),
        (
            lambda: apply_settings(make_endpoint(), Settings(None, "High", 0), "standard", "x"),
            "MaxConcurrentCalls must be 1 or more.",
            "endpoints.settings-values",
        ),
        (
            lambda: check_room(3, "free"),
            "The web service already has 3 endpoints, the most there can be.",
            "endpoints.count-limit",
        ),
        (
            lambda: check_room(10_000, "standard"),
            "The web service already has 10000 endpoints, the most there can be.",
            "endpoints.count-limit",
        ),
    ],
)
def test_refusals_in_our_words_say_so(action, sentence, evidence):
    """The whole sentence, with the evidence that it is ours."""
    error = refusal_of(action)
    assert (sentence, evidence) == (error.message, error.evidence)


@pytest.mark.parametrize("calls", [1, 200])
def test_both_ends_of_what_high_may_take_are_in_it(calls):
    """High takes 1 to 200."""
    found = apply_settings(make_endpoint(), Settings(None, "High", calls), "standard", "x")
    assert ("High", calls) == (found.throttle_level, found.max_concurrent_calls)


def test_low_is_low_in_any_case():
    """A level is known in any case and kept as the documents write it."""
    levels = [read_settings({"ThrottleLevel": word}).throttle_level for word in ("low", "LOW", "hIGH")]
    assert ["Low", "Low", "High"] == levels


def test_a_new_endpoint_belongs_to_its_service():
    """Its ids and keys follow from the seed, the kind and its place; no two of them are the same."""
    identity, service = Identity("seed"), make_service()
    made = new_endpoint(service, "ep2", 2, identity, 5.0, origin=None)
    unique = f"{service.id}/ep2/2"
    expected = make_endpoint(
        "ep2",
        id=identity.new_id("endpoint", unique),
        ordinal=2,
        workspace_id=service.workspace_id,
        service_id=service.id,
        created=5.0,
        primary_key=identity.new_key("primary-key", unique),
        secondary_key=identity.new_key("secondary-key", unique),
        experiment=service.experiment,
    )
    assert expected == made
    assert made.primary_key != made.secondary_key


def test_what_the_single_get_shows_besides():
    """Version, sample data, the experiment's page in Studio and the resources."""
    endpoint = make_endpoint(
        experiment="ab" * 32,
        sample_data_enabled=True,
        resources=(make_resource("m", location=BlobReference("c", "r", "b", "s")),),
    )
    shown = render_endpoint(make_workspace(), make_service(), endpoint, Addresses("http://h", "http://b"), full=True)
    page = f"http://h/studio/#Workspaces/Experiments/Experiment/{make_workspace().id}.f-id.{'ab' * 16}/ViewExperiment"
    location = {"RelativeLocation": "r", "BaseLocation": "b", "SasBlobToken": None}
    resource = {"Name": "m", "Kind": "TrainedModel", "Location": location}
    assert (None, True, page, [resource]) == tuple(
        shown[name] for name in ("Version", "SampleDataEnabled", "ExperimentLocation", "Resources")
    )


def test_times_are_utc_wherever_the_machine_is(monkeypatch):
    """The zone of the machine changes nothing."""
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    try:
        assert "1970-01-01T00:00:01.000Z" == iso_time(1.0)
        assert "/19700101T000001.000000Z-x.json" in blob_name(make_endpoint(), "batch", 1.0, "x")
        assert "st=1970-01-01T00%3A00%3A01Z" in make_service_sas("acct", DEVELOPMENT_KEY, "c", None, "r", 1.0, 2.0)
        assert datetime(2010, 5, 30, 18, 7) == parse("2010-05-30T18:07:00", "DateTime")
        assert datetime(2010, 5, 30, 16, 7) == parse("2010-05-30T18:07:00+02:00", "DateTime")
        over = parse_token(make_service_sas("acct", DEVELOPMENT_KEY, "c", None, "r", 1.0, 2.0))
        assert "Expiry [Thu, 01 Jan 1970 00:00:02 GMT]" in str(
            verify(over, DEVELOPMENT_KEY, Asked("acct", "c", None, "r", 3.0))
        )
        assert "1970-01-01T00:00:01Z" == render_workspace(make_workspace(created=1.0))["CreatedTime"]
    finally:
        monkeypatch.undo()
        time.tzset()
