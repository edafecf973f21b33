"""Update Resource: what a PATCH must hold, and when its model answers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.patching import Update, apply_updates, effective_models, flat_body, read_updates
from amlemulator.core.records import BlobReference
from support.records import make_endpoint, make_resource, refusal_of

NAME = "Census Model [trained model]"
LOCATION = {
    "ConnectionString": None,
    "BaseLocation": "https://acct.blob.core.windows.net/",
    "RelativeLocation": "cont/out.ilearner",
    "SasBlobToken": "?sv=2013-08-15&sr=b&sig=x",
}
ENDPOINT = make_endpoint("ep2", resources=(make_resource(NAME, "model-1"),))


def patch(name=NAME, **location):
    return {"Resources": [{"Name": name, "Location": {**LOCATION, **location}}]}


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"[]", b"5", b'"\\ud800"'])
def test_a_body_that_is_no_object_is_refused_flat(raw):
    """What cannot be read is a 400 in the management host's own envelope, without details."""
    error = refusal_of(flat_body, raw)
    assert ("management/RequestBodyInvalid", "BadArgument") == (error.entry.name, error.code)


def test_an_object_passes():
    """An object of any members is handed on as it is."""
    assert patch() == flat_body(json.dumps(patch()).encode())


def test_one_resource_with_its_location():
    """The documented body, with the null ConnectionString that C# serialises besides (documents.md 10.1)."""
    expected = BlobReference(None, "cont/out.ilearner", LOCATION["BaseLocation"], LOCATION["SasBlobToken"])
    assert [Update(NAME, expected)] == read_updates(patch(), ENDPOINT)


@pytest.mark.parametrize(
    "location",
    [
        {"RelativeLocation": "/cont/out.ilearner"},
        {"RelativeLocation": "cont/OUT.ILearner"},
        {"BaseLocation": "http://mystorageaccount.blob.core.windows.net"},
        {"SasBlobToken": "sv=2013-08-15"},
        {"SasBlobToken": None},
    ],
)
def test_slashes_and_tokens_as_clients_write_them(location):
    """Slashes may stand or miss on both sides of the join (clients.md section 7); the storage judges the token."""
    updates = read_updates(patch(**location), ENDPOINT)
    assert updates is not None
    assert [NAME] == [update.name for update in updates]


def test_without_resources_it_changes_settings_only():
    """A PATCH of settings names no resources and is none of a model, on any endpoint (documents.md section 9)."""
    for endpoint in (ENDPOINT, make_endpoint("default")):
        assert read_updates({"Description": "d"}, endpoint) is None
        assert read_updates({"Resources": None}, endpoint) is None
    assert [] == read_updates({"Resources": []}, ENDPOINT)


@pytest.mark.parametrize(
    ("body", "endpoint", "name", "evidence"),
    [
        (patch(), make_endpoint("default", resources=ENDPOINT.resources), "InvalidOperation", "patch.default-endpoint"),
        (patch(), make_endpoint("ep2"), "InvalidOperation", "patch.no-resources"),
        (patch(""), ENDPOINT, "ResourceNameEmpty", None),
        (patch(None), ENDPOINT, "ResourceNameEmpty", None),
        (patch("Census Model"), ENDPOINT, "BadArgument", "patch.unknown-resource"),
        (patch(NAME.lower()), ENDPOINT, "BadArgument", "patch.unknown-resource"),
        (patch(5), ENDPOINT, "BadArgument", "patch.unknown-resource"),
        (patch([]), ENDPOINT, "BadArgument", "patch.unknown-resource"),
        ({"Resources": [{"Name": NAME}]}, ENDPOINT, "InvalidBlob", "patch.invalid-blob"),
        (patch(BaseLocation=None), ENDPOINT, "InvalidBlob", "patch.invalid-blob"),
        (patch(RelativeLocation=""), ENDPOINT, "InvalidBlob", "patch.invalid-blob"),
        (patch(RelativeLocation="cont/out.csv"), ENDPOINT, "InvalidBlobExtension", None),
        (patch(RelativeLocation=5), ENDPOINT, "RequestBodyInvalid", None),
        ({"Resources": [{"Name": NAME, "Location": "x"}]}, ENDPOINT, "RequestBodyInvalid", None),
        ({"Resources": {}}, ENDPOINT, "RequestBodyInvalid", None),
        ({"Resources": ["x"]}, ENDPOINT, "RequestBodyInvalid", None),
    ],
)
def test_what_is_refused(body, endpoint, name, evidence):
    """Each fault of an Update Resource call has its flat 400 of errors.md sections 6 and 15."""
    error = refusal_of(read_updates, body, endpoint)
    assert (f"management/{name}", evidence, 400) == (error.entry.name, error.evidence, error.entry.status)


def test_the_observed_sentence_for_an_empty_name():
    """An empty resource name answers with the very words that a user reported (O22)."""
    assert "Resource name is empty string" == refusal_of(read_updates, patch(""), ENDPOINT).message


def test_our_sentence_lists_the_names_there_are():
    """A wrong name is told which ones would do."""
    assert f"'{NAME}'" in refusal_of(read_updates, patch("x"), ENDPOINT).message


def test_an_extension_is_told_as_for_outputs():
    """Only .ilearner will do, said in the words observed for data (O18)."""
    message = refusal_of(read_updates, patch(RelativeLocation="/cont/out"), ENDPOINT).message
    assert message.startswith("The blob reference: cont/out has an invalid or missing file extension.")
    assert message.endswith('are: ".ilearner".')


# When a model answers


@given(st.lists(st.floats(0, 100), min_size=1, max_size=6), st.sampled_from([0.0, 15.0, 30.0]), st.floats(0, 200))
def test_a_model_answers_from_its_delay_on(moments, delay, asked):
    """Whatever PATCHes came before, the model that answers is never younger than the delay."""
    endpoint, patches = ENDPOINT, [(-1000.0, "model-1")]
    for number, moment in enumerate(sorted(moments)):
        model = f"patched-{number}"
        endpoint = apply_updates(endpoint, {NAME: (model, BlobReference())}, moment, delay)
        patches.append((moment, model))
    now = max(moments) + asked
    answering = effective_models(endpoint, now, delay)[NAME]
    made = next(moment for moment, model in patches if model == answering)
    assert made + delay <= now
    newer = [moment for moment, _ in patches if moment > made]
    # One step back is all an endpoint remembers: a newest model that is due answers, whatever lies between.
    assert answering == patches[-1][1] or now < patches[-1][0] + delay
    assert not newer or max(newer) + delay > now


def test_without_delay_a_patch_answers_at_once():
    """By default the new model answers from the next request on."""
    endpoint = apply_updates(ENDPOINT, {NAME: ("model-2", BlobReference())}, 5.0, 0.0)
    assert {NAME: "model-2"} == effective_models(endpoint, 5.0, 0.0)


def test_other_resources_stay():
    """Only the resources that a PATCH names change; an unknown name changes nothing."""
    endpoint = make_endpoint(resources=(make_resource("A", "a"), make_resource("B", "b")))
    models = {"B": ("b2", BlobReference(base_location="x")), "C": ("c", BlobReference())}
    after = apply_updates(endpoint, models, 5.0, 0.0)
    assert {"A": "a", "B": "b2"} == effective_models(after, 5.0, 0.0)
    assert endpoint.resources[0] is after.resources[0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (patch("x"), f"'{NAME}', 'other'"),
        ({"Resources": [{"Name": NAME}]}, ""),
        (patch(BaseLocation=None), "cont/out.ilearner"),
    ],
)
def test_a_refusal_holds_what_was_given(body, words):
    """All names that would do, or the path that leads nowhere."""
    endpoint = make_endpoint(resources=(make_resource(NAME), make_resource("other")))
    assert words in refusal_of(read_updates, body, endpoint).message


def test_an_updated_resource_remembers_where_it_came_from():
    """Model, location and moment; the model before it only while there is a delay that asks for it."""
    place = BlobReference(None, "c/m.ilearner", "https://a/", "?s")
    (resource,) = apply_updates(ENDPOINT, {NAME: ("model-2", place)}, 5.0, 10.0).resources
    expected = make_resource(NAME, "model-2", location=place, updated=5.0, previous=resource.previous)
    assert expected == resource
    assert ("model-1", "model-2") == (
        effective_models(make_endpoint(resources=(resource,)), 14.9, 10.0)[NAME],
        effective_models(make_endpoint(resources=(resource,)), 15.0, 10.0)[NAME],
    )


def test_a_resource_that_was_never_updated_answers_with_what_it_has():
    """Without a moment or without a model before it there is nothing to wait for."""
    for changes in ({"updated": 5.0}, {"previous": "model-0"}):
        endpoint = make_endpoint(resources=(make_resource(NAME, "model-1", **changes),))
        assert {NAME: "model-1"} == effective_models(endpoint, 0.0, 10.0)
