"""The OData address of an endpoint (documents.md 11.3)."""

import pytest

from support.graphs import NO_INPUT


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("rest", ["", "/", "/$metadata", "/score?x=1"])
@pytest.mark.parametrize("base", ["", "/ussouthcentral.services"])
def test_odata_is_refused_with_the_reason(place, method, rest, base):
    """Whatever is asked there, with the key, is 501 with the address that does the same."""
    target = place.deploy(NO_INPUT)
    ids = f"/workspaces/{place.workspace.id}/services/{target.endpoint.id}"
    answer = place.wire.call(method, f"{base}/odata{ids}{rest}", key=target.endpoint.primary_key)
    assert (501, "NotEmulated", None) == answer.refusal
    assert f"{ids}/execute?api-version=2.0" in answer.json["error"]["message"]
    assert "odata.not-emulated" == answer.header("x-amlclassic-evidence")


def test_odata_asks_for_the_key_first(place):
    """Without the key it answers as scoring does."""
    target = place.deploy(NO_INPUT)
    path = f"/odata/workspaces/{place.workspace.id}/services/{target.endpoint.id}"
    assert (401, "Unauthorized", "ScoreRequestUnauthorized") == place.wire.call("GET", path).refusal
