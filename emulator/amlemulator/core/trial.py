"""The form of one row with which a visitor tries a service: filled from the experiment's sample data, read back.

Its fields are named by place (``cell-0-3``), for names of ports and columns may be anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amlemulator.core.help_documents import SAMPLE_CELLS, sample_parameters
from amlemulator.core.interface import Column, InputPort, ServiceInterface

ANY_TABLE = '{"ColumnNames": [], "Values": []}'


@dataclass(frozen=True, slots=True)
class TrialPort:
    """An input of the form. ``cells``: column and value, None where the input takes any table, which ``text`` is."""

    name: str
    cells: tuple[tuple[str, str], ...] | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class TrialForm:
    """What stands in the form: a row for each input, and the web service parameters with their values."""

    ports: tuple[TrialPort, ...]
    parameters: tuple[tuple[str, str], ...]


def fill_in(interface: ServiceInterface, given: Mapping[str, str]) -> TrialForm:
    """Return the form with what a visitor has given, and sample values where nothing was."""
    ports = tuple(_port(number, port, given) for number, port in enumerate(interface.inputs))
    parameters = tuple(
        (name, given.get(f"parameter-{number}", value))
        for number, (name, value) in enumerate(sample_parameters(interface).items())
    )
    return TrialForm(ports, parameters)


def _port(number: int, port: InputPort, given: Mapping[str, str]) -> TrialPort:
    if not port.columns:
        return TrialPort(port.name, None, given.get(f"table-{number}", ANY_TABLE))
    cells = tuple(
        (column.name, given.get(f"cell-{number}-{place}", sample_cell(column)))
        for place, column in enumerate(port.columns)
    )
    return TrialPort(port.name, cells)


def sample_cell(column: Column) -> str:
    """Return a column's sample as text: from the data, a known category, or the help pages' own sample."""
    if column.sample is not None:  # as a graph keeps it: JSON's own types, dates as texts
        return str(column.sample)
    return column.categories[0] if column.categories else SAMPLE_CELLS[column.type]


def request_of(form: TrialForm) -> dict[str, Any]:
    """Return the body of the RRS request that the form means. Raises ValueError for a table that is no JSON."""
    return {
        "Inputs": {port.name: _table(port) for port in form.ports},
        "GlobalParameters": dict(form.parameters),
    }


def _table(port: TrialPort) -> Any:
    if port.cells is None:
        try:
            return json.loads(port.text)
        except (ValueError, RecursionError) as error:
            raise ValueError(port.name) from error
    return {"ColumnNames": [name for name, _ in port.cells], "Values": [[value for _, value in port.cells]]}
