"""The forms of the Studio API's objects: dates, ticks, places, ids."""

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.records import BlobReference
from amlemulator.core.studio_records import Experiment, ExperimentState
from amlemulator.core.studio_render import (
    etag_of,
    json_date,
    module_id,
    outputs_of,
    render_location,
    render_module,
    render_status,
    stored_key,
    ticks,
)


def experiment(**changes):
    facts = {"id": "w.f-id.1", "ordinal": 1, "workspace_id": "w", "name": "n", "created": 1.0, "updated": 1.0}
    return Experiment(**{**facts, **changes})


@given(st.integers(0, 4_000_000_000_000))
def test_dates_come_back_as_clients_read_them(milliseconds):
    """The Python client's pattern finds the milliseconds since the epoch."""
    found = re.search(r"/Date\((\d+)\)/", json_date(milliseconds / 1000))
    assert found is not None
    assert abs(milliseconds - int(found[1])) <= 1


def test_no_date_is_the_beginning_of_dot_net():
    """What has not happened is DateTime.MinValue, which R takes for missing."""
    assert "/Date(-62135596800000)/" == json_date(None)


def test_ticks_count_from_the_year_one():
    """A tick is a tenth of a microsecond (the recorded data set of 2014 has these digits before its last four)."""
    moment = datetime(2014, 12, 13, 4, 24, 28, tzinfo=UTC).timestamp()
    assert 635_540_414_680_000_000 == ticks(moment)


def test_a_place_that_is_not_there_has_every_member():
    """Clients index by member, so an empty place has them all."""
    assert [None, None, None] == [
        render_location(BlobReference())[name] for name in ("BaseUri", "Location", "AccessCredential")
    ]
    assert "AzureBlob" == render_location(BlobReference())["EndpointType"]


def test_status_of_a_draft_has_no_times():
    """A draft was created, not started, not ended."""
    status = render_status(experiment(state=ExperimentState.DRAFT))
    assert ("InDraft", "/Date(1000)/", json_date(None), json_date(None)) == (
        status["StatusCode"],
        status["CreationTime"],
        status["StartTime"],
        status["EndTime"],
    )


def test_the_etag_changes_with_the_experiment():
    """Saving or running changes the tag; looking does not."""
    tags = [etag_of(experiment()), etag_of(experiment()), etag_of(experiment(updated=2.0)), etag_of(experiment(runs=1))]
    assert tags[0] == tags[1]
    assert 3 == len(set(tags))


def test_modules_have_ids_of_the_global_workspace():
    """A known module has its real id, another one of ours; the version's number is ServiceVersion."""
    assert "506153734175476c4f62416c57734963.f.v1-default-1" == module_id("Nobody's Module", "f")
    shown = render_module("Score Model", module_id("Score Model", "unused"))
    assert ("401b4f92e7244d5abe81d5b0ff9bdb33", 1751) == (shown["FamilyId"], shown["ServiceVersion"])


def test_outputs_are_found_by_node():
    """A node's outputs are those under its own id, whatever the port is called."""
    outputs = {stored_key("a", "x"): 1, stored_key("a", "y:z"): 2, stored_key("ab", "x"): 3}
    assert {"x": 1, "y:z": 2} == outputs_of(experiment(outputs=outputs), "a")
