"""The lane for one row answers what the modules answer."""

from __future__ import annotations

import csv
import gzip
import itertools
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlemulator import samples
from amlemulator.core.tables import Table, from_swagger
from amlemulator.experiments.graph import interface_of
from amlemulator.experiments.row_lane import RowLane
from amlemulator.experiments.scorer import build_scorer


class Service:
    """A sample scoring service with both ways through it."""

    def __init__(self, place):
        service = samples.workspaces()[0].services[place]
        self.columns = interface_of(service.experiment).inputs[0].columns
        self.scorer = build_scorer(service.experiment, service.models)

    def both(self, table):
        lane = self.scorer.score({"input1": table}, {})["output1"]
        with patch.object(RowLane, "score", return_value=None):
            modules = self.scorer.score({"input1": table}, {})["output1"]
        return lane, modules


@pytest.fixture(scope="module", params=[1, 3], ids=["census", "bike"])
def service(request):
    return Service(request.param)


def rows():
    with gzip.open(samples.dataset("census-test"), "rt") as file:
        return list(itertools.islice(csv.DictReader(file), 200))


def shown(table):
    return [(column.name, column.type, column.categories) for column in table.columns], [
        list(row) for row in table.rows
    ]


def test_real_rows_come_out_alike():
    """Two hundred census rows, one at a time, score to the last bit as through the modules."""
    census = Service(1)
    for row in rows():
        lane, modules = census.both(from_swagger([row], census.columns))
        assert shown(modules) == shown(lane)


def test_the_lane_is_taken(service):
    """A complete row does not go through the modules."""
    numbers = [1 if column.type != "String" else "x" for column in service.columns]
    with patch("amlemulator.experiments.scorer.run_node", side_effect=AssertionError):
        assert 1 == len(service.scorer.score({"input1": Table(service.columns, [numbers])}, {})["output1"].rows)


CELLS = {
    "String": st.none() | st.text(max_size=5) | st.sampled_from(["Private", "Male", "clear", "?"]),
    "Double": st.none() | st.floats(width=32),
    "Int32": st.none() | st.integers(-(2**31), 2**31 - 1),
    "Int64": st.none() | st.integers(-(2**63), 2**63 - 1),
    "Boolean": st.none() | st.booleans(),
}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_row_comes_out_alike(service, data):
    """Missing cells, unknown levels, infinities: whichever way a row goes, the answer is the same."""
    row = [data.draw(CELLS[column.type]) for column in service.columns]
    lane, modules = service.both(Table(service.columns, [row]))
    assert repr(shown(modules)) == repr(shown(lane))


def test_other_columns_take_the_modules_way(service):
    """A table that lacks a feature is refused as the modules refuse it."""
    from amlemulator.core.errors import ServiceError

    table = Table(service.columns[1:], [[1 if column.type != "String" else "x" for column in service.columns[1:]]])
    with pytest.raises(ServiceError) as refused:
        service.scorer.score({"input1": table}, {})
    assert "ModuleExecutionError" == refused.value.entry.group


def test_batches_and_empty_tables_take_the_modules_way(service):
    """Two rows and none score as ever."""
    row = [1 if column.type != "String" else "x" for column in service.columns]
    for count in (0, 2):
        assert count == len(service.scorer.score({"input1": Table(service.columns, [row] * count)}, {})["output1"].rows)
