"""The built-in sample workspaces: data, graphs and the models that they start with.

Everything ships ready: deploying a sample trains nothing and starts no worker. ``tools/make_samples.py`` made the
graphs (JSON, from the YAML beside it, with the schemas filled in) and the models.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

__all__ = [
    "LOCATIONS",
    "WINDOW",
    "SampleService",
    "SampleWorkspace",
    "dataset",
    "dataset_content",
    "datasets",
    "location",
    "scored_rows",
    "workspaces",
]

FOLDER = Path(__file__).parent
LOCATIONS = 10  # "Bike Rental" has ten locations: location k is every tenth hour of the data, from hour k on

WINDOW = 720  # hours in a row (thirty days) that one of many locations has: see ``location``
SCORED_DAY = "129"  # of the year: Monday, 9 May 2011, a clear day


class _Models(Mapping[str, bytes]):
    """Models by resource name, read when they are asked for."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = dict(files)

    def __getitem__(self, name: str) -> bytes:
        return (FOLDER / "models" / f"{self._files[name]}.ilearner").read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@dataclass(frozen=True, slots=True)
class SampleService:
    """A web service to deploy: its name, and where its graph and models lie."""

    name: str
    graph: str
    kind: Literal["training", "scoring"]
    resources: tuple[tuple[str, str], ...] = ()  # resource name, model file

    @property
    def experiment(self) -> dict[str, Any]:
        """The module graph."""
        document: dict[str, Any] = json.loads((FOLDER / "experiments" / f"{self.graph}.json").read_text("utf-8"))
        return document

    @property
    def models(self) -> Mapping[str, bytes]:
        """The content of each saved model, by resource name."""
        return _Models(dict(self.resources))


@dataclass(frozen=True, slots=True)
class SampleWorkspace:
    """A workspace and its services, in the order in which they are deployed."""

    name: str
    region: str
    services: tuple[SampleService, ...]


_CENSUS = (
    SampleService("Census Model", "census-model", "training"),
    SampleService(
        "Census Model [Predictive Exp.]",
        "census-model-predictive",
        "scoring",
        (("Census Model [trained model]", "census-model"),),
    ),
)
_BIKES = (
    SampleService("Bike Rental Training", "bike-rental-training", "training"),
    SampleService(
        "Bike Rental Scoring", "bike-rental-scoring", "scoring", (("Bike Rental [trained model]", "bike-rental"),)
    ),
)


def workspaces() -> list[SampleWorkspace]:
    """Return the sample workspaces of interface.md."""
    return [
        SampleWorkspace("Census", "South Central US", (*_CENSUS, *_BIKES)),
        SampleWorkspace("Census EU", "West Europe", _CENSUS),
    ]


def dataset(name: str) -> Path:
    """Return the file of a sample data set (``census-train``, ``census-test``, ``bikeshare``). KeyError for others."""
    return datasets()[name]


def datasets() -> dict[str, Path]:
    """Return the sample data sets by name: gzipped CSV with a header row. Credits stand beside them."""
    return {path.name.removesuffix(".csv.gz"): path for path in sorted((FOLDER / "data").glob("*.csv.gz"))}


def dataset_content(name: str) -> bytes:
    """Return a sample data set as CSV, with its header row. KeyError for a name that is none."""
    import gzip

    return gzip.decompress(dataset(name).read_bytes())


def location(number: int, count: int) -> bytes:
    """Return the training data of location ``number`` (from 0) of ``count``, as CSV with its header row.

    The data are one city's hours, so the locations are made: each is a window of WINDOW hours in a row, the first from
    the year's first hour on, the last one up to its last, the others evenly between. Neighbours share most hours.
    """
    header, *rows = _bikes()
    first = number * (len(rows) - WINDOW) // max(1, count - 1)
    return b"".join([header, *rows[first : first + WINDOW]])


def scored_rows(hours: Sequence[int]) -> list[list[str]]:
    """Return column names and then the rows of these hours of one clear working day in May, without its riders."""
    import csv

    names, *rows = csv.reader(line.decode() for line in _bikes())
    kept = [place for place, name in enumerate(names) if name not in ("casual", "registered", "bikers")]
    day = {int(row[names.index("hr")]): row for row in rows if row[names.index("day")] == SCORED_DAY}
    return [[row[place] for place in kept] for row in (names, *(day[hour] for hour in hours))]


@cache
def _bikes() -> tuple[bytes, ...]:
    return tuple(dataset_content("bikeshare").splitlines(keepends=True))
