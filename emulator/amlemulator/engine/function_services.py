"""Web services made of the caller's own functions, for an emulator in the caller's process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

from amlemulator.core.interface import ColumnType
from amlemulator.core.records import WebService, Workspace
from amlemulator.engine.data_files import DataFiles
from amlemulator.engine.deploying import Deploying, Wish
from amlemulator.engine.deployment import Plan
from amlemulator.experiments.function_graphs import Rows, Source, scoring_graph, training_graph
from amlemulator.experiments.functions import hold
from amlemulator.experiments.model_file import Feature, Header, ModelFile
from amlemulator.experiments.predictive import MODEL_SUFFIX, SUFFIX

Function = Callable[..., Any]
Schema = Mapping[str, str] | bytes | str | Path


class FunctionServices:
    """Deploys functions of this process. ``names`` gets those by which graphs call them."""

    def __init__(self, deploying: Deploying, data_files: DataFiles, names: set[str]) -> None:
        self._deploying = deploying
        self._data_files = data_files
        self._names = names

    def add(
        self,
        workspace: Workspace,
        name: str,
        *,
        schema: Schema,
        train: Function | None = None,
        score: Function | None = None,
        label: str = "",
    ) -> WebService:
        """Deploy functions that run in this process; returns the service, of two the scoring one.

        ``train`` makes the model's bytes of rows, ``score`` rows of bytes and rows (of rows alone without ``train``).
        ``schema`` is column names to types, or a CSV file (path or bytes) on which it is trained at once; ``label`` is
        the column with the true values, for Evaluate Model. With both functions the training service is ``name``, the
        scoring one ``name [Predictive Exp.]``. Raises TypeError and ValueError for a wrong call, DeployRefused for a
        name that is taken, ExperimentFailed when a function fails on the file's rows.
        """
        if not any((train, score)) or not all(one is None or callable(one) for one in (train, score)):
            raise TypeError("Give functions: train=..., score=..., or both.")
        if isinstance(schema, Mapping):
            _check_columns(schema)
        trainer, scorer = (self._source(one) if one else None for one in (train, score))
        if isinstance(schema, Mapping):
            return self._untrained(workspace, name, trainer, scorer, Rows(dict(schema)), label)
        return self._trained(workspace, name, trainer, scorer, schema, label)

    def _source(self, function: Function) -> Source:
        name = hold(function)
        self._names.add(name)
        return Source(name)

    def _untrained(
        self, workspace: Workspace, name: str, train: Source | None, score: Source | None, rows: Rows, label: str
    ) -> WebService:
        """Deploy without a row to train on: score is given no bytes at all until a model is put there."""
        plans = []
        if train is not None:
            plans.append(Plan(name, training_graph(name, train, score, rows, label), {}))
        if score is not None and train is None:
            plans.append(Plan(name, scoring_graph(name, score, rows), {}))
        elif score is not None:
            resource = name + MODEL_SUFFIX
            graph = scoring_graph(name + SUFFIX, score, rows, resource)
            plans.append(Plan(name + SUFFIX, graph, {resource: _nothing(name, rows)}))
        return self._deploying.put(workspace, plans)

    def _trained(
        self,
        workspace: Workspace,
        name: str,
        train: Source | None,
        score: Source | None,
        data: bytes | str | Path,
        label: str,
    ) -> WebService:
        """Deploy with rows to train on: columns and first model come from one run on them."""
        file, content = (f"{name}.csv", data) if isinstance(data, bytes) else (Path(data).name, Path(data))
        datasets = self._data_files.bring(workspace, {file: content})
        rows = Rows(dataset=file)
        if train is None:
            assert score is not None
            return self._deploying.deploy(workspace, Wish(scoring_graph(name, score, rows), datasets=datasets)).service
        graph, both = training_graph(name, train, score, rows, label), score is not None
        wish = Wish(graph, datasets=datasets, predictive=both, trainer=name if both else None)
        return self._deploying.deploy(workspace, wish).service


def _check_columns(schema: Mapping[str, str]) -> None:
    wrong = [f"{name}: {kind}" for name, kind in schema.items() if kind not in get_args(ColumnType)]
    if wrong or not schema:
        known = ", ".join(get_args(ColumnType))
        raise ValueError(f"A schema names columns and their types ({known}); not: {', '.join(wrong) or 'nothing'}.")


def _nothing(name: str, rows: Rows) -> bytes:
    columns: Any = rows.columns or {}
    features = tuple(
        Feature(column, kind, "text" if kind == "String" else "number") for column, kind in columns.items()
    )
    header = Header("function", "Python function", features, experiment=name, resource=name + MODEL_SUFFIX)
    return ModelFile(header, b"").pack()
