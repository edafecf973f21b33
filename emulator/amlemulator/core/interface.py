"""What a web service takes and gives: its ports, columns, parameters and updatable resources.

Derived from the experiment by ``experiments.graph.interface_of``; everything that describes a service (RRS parsing, BES
checks, swagger, help pages) reads this and nothing else of the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ColumnType = Literal["String", "Double", "Int32", "Int64", "Boolean", "DateTime", "TimeSpan"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its .NET type name as it stands in ColumnTypes (documents.md 4.2)."""

    name: str
    type: ColumnType = "String"
    categories: tuple[str, ...] = ()  # the known values of a categorical column, for swagger's enum
    sample: Any = None  # one value, for samples on the help pages


@dataclass(frozen=True, slots=True)
class InputPort:
    """A Web Service Input. Empty ``columns`` mean: any table."""

    name: str
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputPort:
    """A Web Service Output: a data set (.csv, .tsv, .arff) or a trained model (.ilearner)."""

    name: str
    kind: Literal["dataset", "model"] = "dataset"
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A web service parameter (GlobalParameters). One without default is required (documents.md section 7)."""

    name: str
    type: ColumnType = "String"
    default: str | None = None
    required: bool = False
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceInterface:
    """Everything a caller can see of an experiment."""

    kind: Literal["training", "scoring"]
    inputs: tuple[InputPort, ...] = ()
    outputs: tuple[OutputPort, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    resources: tuple[str, ...] = ()  # names of updatable resources (saved trained models); empty on a training service
