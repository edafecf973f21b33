"""What a service takes, read from its own API document, and data made to fit: rows to score, sets to train with."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from amlcontracts.harness.breach import NotApplicable, same
from amlcontracts.harness.place import Endpoint

Row = dict[str, str]
Body = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a port: its JSON type ("string", "integer", ...), an example, its categories if it has any."""

    name: str
    type: str
    example: Any
    categories: tuple[str, ...] = ()

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.type in ("integer", "number")


@dataclass(frozen=True)
class Interface:
    """Ports and parameters of a service, by name and in order."""

    inputs: dict[str, tuple[Column, ...]]
    outputs: dict[str, tuple[Column, ...]]
    batch_outputs: tuple[str, ...]
    parameters: tuple[str, ...]
    required: tuple[str, ...]

    @property
    def input(self) -> tuple[str, tuple[Column, ...]]:
        """The one input: its name and columns. Raises NotApplicable when there is another number."""
        if len(self.inputs) != 1:
            raise NotApplicable(f"the service has {len(self.inputs)} inputs, these laws are about one")
        return next(iter(self.inputs.items()))


def document(endpoint: Endpoint) -> dict[str, Any]:
    """Fetch the API document, without a key. Raises Breach when it is not there."""
    answer = endpoint.wire.call("GET", f"{endpoint.api}/swagger.json")
    same(200, answer.status, answer.line)
    found: dict[str, Any] = answer.json
    return found


def interface_of(endpoint: Endpoint) -> Interface:
    """Read the API document of an endpoint."""
    definitions = document(endpoint)["definitions"]
    example = definitions["ExecutionRequest"].get("example", {})
    parameters = definitions["GlobalParameters"].get("properties", {})
    return Interface(
        inputs=_ports(definitions, "ExecutionInputs", example.get("Inputs", {})),
        outputs=_ports(definitions, "ExecutionOutputs", {}),
        batch_outputs=tuple(definitions["BatchOutputs"].get("properties", {})),
        parameters=tuple(parameters),
        required=tuple(name for name, one in parameters.items() if "default" not in one),
    )


def _ports(definitions: Mapping[str, Any], which: str, examples: Mapping[str, Any]) -> dict[str, tuple[Column, ...]]:
    ports = {}
    for port, schema in definitions[which].get("properties", {}).items():
        item = definitions[schema["items"]["$ref"].rpartition("/")[2]]
        samples = (examples.get(port) or [{}])[0]
        ports[port] = tuple(
            Column(name, one.get("type", "string"), samples.get(name), tuple(map(str, one.get("enum", ()))))
            for name, one in item.get("properties", {}).items()
        )
    return ports


def cell(column: Column) -> st.SearchStrategy[str]:
    """Return cells that fit a column, as texts: its example and what is near it."""
    if column.categories:
        return st.sampled_from(column.categories)
    if column.type == "integer":
        return st.integers(0, 100).map(str)
    if column.type == "number":
        return st.integers(0, 1000).map(lambda number: str(number / 1000))
    return st.just(str(column.example))


def rows(columns: Sequence[Column], most: int = 6) -> st.SearchStrategy[list[Row]]:
    """Return one or more rows of a port, by column name."""
    row = st.tuples(*(cell(one) for one in columns)).map(
        lambda cells: {one.name: text for one, text in zip(columns, cells, strict=True)}
    )
    return st.lists(row, min_size=1, max_size=most)


def example_row(columns: Iterable[Column]) -> Row:
    """Return the row of the API document's example."""
    return {one.name: str(one.example) for one in columns}


def probes(columns: Sequence[Column], count: int = 8, seed: int = 7) -> list[Row]:
    """Return the same few rows each time, spread so that another model gives other scores."""
    chance = random.Random(seed)  # noqa: S311 - data to train with, no secret
    return [{one.name: _spread(one, chance) for one in columns} for _ in range(count)]


def _spread(column: Column, chance: random.Random) -> str:
    if column.categories:
        return chance.choice(column.categories)
    if column.type == "integer":
        return str(chance.randint(0, 100))
    return str(chance.random()) if column.type == "number" else str(column.example)


def plain(port: str, table: Sequence[Row], names: Sequence[str] | None = None) -> Body:
    """Return an RRS body in the plain form, columns in the order of ``names``."""
    order = list(names if names is not None else table[0])
    values = [[row[name] for name in order] for row in table]
    return {"Inputs": {port: {"ColumnNames": order, "Values": values}}, "GlobalParameters": {}}


def objects(port: str, table: Sequence[Mapping[str, Any]]) -> Body:
    """Return an RRS body with a list of objects."""
    return {"Inputs": {port: list(table)}, "GlobalParameters": {}}


def cells_of(answer: Any, port: str | None = None) -> list[list[str | None]]:
    """Return the cells of an answer in the plain form, of its first output when none is named."""
    results = answer.json["Results"]
    found: list[list[str | None]] = results[port or next(iter(results))]["value"]["Values"]
    return found


def to_csv(table: Sequence[Mapping[str, str]]) -> bytes:
    """Return rows as a CSV with a header row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue().encode()


def from_csv(content: bytes) -> list[list[str]]:
    """Return a CSV's rows, the header first."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def training_set(columns: Sequence[Column], classes: Sequence[str], *, upwards: bool, count: int = 60) -> list[Row]:
    """Return rows to train with. The label is the column whose example is one of ``classes``.

    It follows the first column of numbers, ``upwards`` or downwards, so that the two sets give models that disagree.
    Raises NotApplicable when no column can be the label.
    """
    label = next((one.name for one in columns if str(one.example) in classes), None)
    leading = next((one.name for one in columns if one.numeric), None)
    if label is None or leading is None or len(classes) < 2:
        raise NotApplicable("no training data can be made: the API document does not tell which column is the label")
    table = probes(columns, count, seed=11)
    for number, row in enumerate(table):
        row[leading] = str(number * 100 // count)
        row[label] = classes[(number * 2 >= count) == upwards]
    return table
