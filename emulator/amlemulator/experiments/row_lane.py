"""The lane for one row through the graph that Studio's wizard makes: input, Score Model with a saved model, output.

That is what nearly every RRS call is. Here a row goes from the request's table to the model and back without a data set
made of columns in between, which costs more than the model itself. What it answers is what the modules answer, cell for
cell (a test holds that); whatever does not fit takes the way through the modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from operator import itemgetter
from typing import Any

from amlemulator.core.interface import Column
from amlemulator.core.tables import Table
from amlemulator.experiments.catalogue_data import WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT
from amlemulator.experiments.features import Arrays
from amlemulator.experiments.graph import Graph

AS_NUMBERS = ("Double", "Int32", "Int64", "Boolean")


class RowLane:
    """One Score Model between one input and one output. ``input`` and ``output`` are their names."""

    def __init__(self, source: str, output: str, model: Any) -> None:
        self.input = source
        self.output = output
        self._model = model
        self._last: tuple[tuple[Column, ...], _Layout | None] = ((), None)

    def score(self, table: Table) -> Table | None:
        """Return the scored row, or None when the modules must do it."""
        if len(table.rows) != 1:
            return None
        columns, layout = self._last
        if columns is not table.columns:  # by identity: a service's schema is one object, and hashing it costs more
            layout = _layout(self._model, table.columns)
            self._last = (table.columns, layout)
        return layout.score(self._model, table.rows[0]) if layout is not None else None


class _Layout:
    """Where the features stand in a row, and what the answer's columns are."""

    def __init__(self, numbers: list[int], texts: list[int], columns: tuple[Column, ...]) -> None:
        self._numbers = _picker(numbers)
        self._texts = _picker(texts)
        self._columns = columns

    def score(self, model: Any, row: Any) -> Table | None:
        import numpy as np

        numbers, texts = self._numbers(row), self._texts(row)
        if None in numbers or None in texts or any(map(isnan, numbers)):
            return None  # a row that misses a feature has missing scores
        data = Arrays(range(1), np.array([numbers], dtype=np.float64), np.array([texts], dtype=object))
        added, _ = model.score_columns(model.predict(data))
        return Table(self._columns, [[*row, *[series.cells[0] for series in added]]])


def _picker(places: list[int]) -> Any:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[place] for place in places)


def _layout(model: Any, columns: tuple[Column, ...]) -> _Layout | None:
    """Find the features among the columns; None when that is for the modules to do, or to refuse."""
    places = {column.name: place for place, column in enumerate(columns)}
    numbers = [places.get(feature.name) for feature in model.header.numbers]
    texts = [places.get(feature.name) for feature in model.header.texts]
    known_numbers = [place for place in numbers if place is not None and columns[place].type in AS_NUMBERS]
    known_texts = [place for place in texts if place is not None and columns[place].type == "String"]
    if known_numbers != numbers or known_texts != texts or not model.header.unknown_levels:
        return None
    added = model.added_columns()
    if any(column.name in places for column in added):  # scores of an earlier model are written over in place
        return None
    kept = [Column(column.name, column.type, column.categories) for column in columns]
    return _Layout(known_numbers, known_texts, (*kept, *added))


def row_lane(graph: Graph, models: Mapping[str, Any]) -> RowLane | None:
    """Return the lane of a graph, or None when the graph is not that simple."""
    by_name = {node.module.name: node for node in graph.order()}
    wanted = {WEB_SERVICE_INPUT, "Saved Model", "Score Model", WEB_SERVICE_OUTPUT}
    if len(graph.order()) != len(wanted) or set(by_name) != wanted:
        return None
    score, saved = by_name["Score Model"], by_name["Saved Model"]
    if graph.is_driven(score) or graph.is_driven(saved):
        return None
    if not graph.parameters_of(score, {})["Append score columns to output"]:
        return None
    model = models.get(graph.parameters_of(saved, {})["Name"])
    if model is None or model.header.task == "clusters":
        return None
    return RowLane(by_name[WEB_SERVICE_INPUT].name, by_name[WEB_SERVICE_OUTPUT].name, model)
