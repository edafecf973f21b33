"""What a worker does: run an experiment, check a model file, score, or only warm up. JSON in, JSON out, data in files.

Bodies of the tasks::

    run          {"experiment": graph, "inputs": {name: {"path", "format"}}, "sources": {node: {"path", "format"}},
                  "outputs": {name: {"path", "format"}}, "parameters": {name: text}, "models": {resource: path},
                  "sinks": {node: {"path", "format"}}, "datasets": {name: path}}
                                                      -> {"outputs": {name: {"rows", "columns"} or the model's facts}}
    score        as run, but "experiment" is the path of a file that, like those of "models", never changes
                                                      -> the same
    check_model  {"path", "experiment", "resource", "replaced": path of the model that it replaces}
                                           -> {"task", "learner", "experiment", "resource", "features", ...}
    studio       {"experiment", "models", "sources", "sinks", "datasets", "folder"}
                 -> {"outputs": {"node:port": file name in the folder}, "experiment": the graph with its schemas}
    schemas      {"experiment", "models", "sources", "datasets", "parameters"} -> {"experiment": the graph with schemas}
    predictive   as schemas, and {"folder"}           -> {"experiment", "models": {resource: file name in the folder}}
    warm         {} for training, else {"experiment", "models"} as for score  -> {}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from amlemulator.core.textdata import write
from amlemulator.experiments.errors import module_error
from amlemulator.experiments.exchange import FORMAT, save_table
from amlemulator.experiments.execute import Environment, File, run_graph
from amlemulator.experiments.frame import Frame, table_of_frame
from amlemulator.experiments.graph import Graph, load_graph
from amlemulator.experiments.model_file import Header, ModelFileError, read_model_file
from amlemulator.experiments.modules import Module, implementation
from amlemulator.experiments.sources import read_frame

Body = Mapping[str, Any]
Progress = Callable[[dict[str, Any]], None]


def run(body: Body, progress: Progress | None = None) -> dict[str, Any]:
    """Run an experiment as a service's call and write its outputs. Raises ModuleError."""
    models = {name: _model(Path(path)) for name, path in (body.get("models") or {}).items()}
    return _run(load_graph(body["experiment"]), models, body, progress)


def score(body: Body, progress: Progress | None = None) -> dict[str, Any]:
    """Run an experiment as ``run`` does, its graph and models read once for all calls. Raises ModuleError."""
    return _run(_kept_graph(body["experiment"]), _kept_models(body), body, progress)


def _run(graph: Graph, models: Mapping[str, Any], body: Body, progress: Progress | None) -> dict[str, Any]:
    environment = Environment(
        inputs={name: _input(name, _file(facts)) for name, facts in (body.get("inputs") or {}).items()},
        parameters=body.get("parameters") or {},
        models=models,
        sources={node: _file(facts) for node, facts in (body.get("sources") or {}).items()},
        sinks={node: _file(facts) for node, facts in (body.get("sinks") or {}).items()},
        datasets=Datasets(body.get("datasets") or {}),
        progress=progress,
    )
    values = run_graph(graph, environment)
    facts = {}
    for name, place in body["outputs"].items():
        facts[name] = write_output(values[name], _file(place))
    return {"outputs": facts}


@lru_cache(maxsize=16)
def _kept_graph(path: str) -> Graph:
    return load_graph(json.loads(Path(path).read_text("utf-8")))


@lru_cache(maxsize=16)
def _kept_model(path: str) -> Any:
    return _model(Path(path))


def _kept_models(body: Body) -> dict[str, Any]:
    return {name: _kept_model(path) for name, path in body["models"].items()}


def _file(facts: Mapping[str, str]) -> File:
    return File(Path(facts["path"]), facts["format"])


def _input(name: str, file: File) -> Frame:
    from amlemulator.experiments.errors import ModuleError

    try:
        return read_frame(file)
    except ModuleError as error:
        error.module = "Web Service Input"
        raise


def _model(path: Path) -> Any:
    from amlemulator.experiments.trained import model_of

    try:
        return model_of(read_model_file(path.read_bytes()))
    except ModelFileError as error:
        refused = error.to_module_error()
        refused.module = "Score Model"
        raise refused from error


class Datasets:
    """Saved data sets by name: those of the task, then those that ship with the samples."""

    def __init__(self, paths: Mapping[str, str]) -> None:
        self._paths = paths

    def __call__(self, name: str) -> File:
        """Return the file of a data set. Raises ModuleError 0003 for one that is not there."""
        from amlemulator.core.textdata import TextDataError, format_of
        from amlemulator.samples import dataset

        try:
            path = Path(self._paths[name]) if name in self._paths else dataset(name)
            return File(path, format_of(path.name.removesuffix(".gz")))
        except (LookupError, TextDataError) as error:
            raise module_error("0003", name) from error


def write_output(value: Any, file: File) -> dict[str, Any]:
    """Write what stands on a Web Service Output to a file; return what is to be known of it.

    The file's extension decides: a model as ``.ilearner``, a data set as CSV, TSV or ARFF.
    """
    if isinstance(value, Frame):
        if file.format == "ilearner":
            raise module_error("0039", "a data set cannot be saved as .ilearner")
        if file.format == FORMAT:
            save_table(table_of_frame(value), file.path)
            return {"rows": value.rows, "columns": value.names}
        with file.path.open("w", encoding="utf-8", newline="") as text:
            text.writelines(write(table_of_frame(value), file.format))  # type: ignore[arg-type] # checked at submit
        return {"rows": value.rows, "columns": value.names}
    file.path.write_bytes(value.file.pack())
    return facts_of(value.header)


def facts_of(header: Any) -> dict[str, Any]:
    """Return what a model says of itself, for answers and logs."""
    return {
        "task": header.task,
        "learner": header.learner,
        "experiment": header.experiment,
        "resource": header.resource,
        "label": header.label,
        "features": [feature.name for feature in header.features],
        "schema_hash": header.schema_hash,
        **header.facts,
    }


def run_in_studio(body: Body, progress: Progress | None = None) -> dict[str, Any]:
    """Run an experiment without a call; write every data set and trained model that comes out. Raises ModuleError."""
    from amlemulator.experiments.schema import run_uncalled, with_schemas

    graph = load_graph(body["experiment"])
    values = run_uncalled(graph, _uncalled_environment(body, progress))
    outputs = {}
    for number, ((node, port), value) in enumerate(values.items()):
        kind = {"dataset": "csv", "model": "ilearner"}.get(_port_kind(graph.nodes[node].module, port))
        if kind:
            outputs[f"{node}:{port}"] = name = f"output{number}.{kind}"
            write_output(value, File(Path(body["folder"]) / name, kind))
    return {"outputs": outputs, "experiment": with_schemas(body["experiment"], graph, values)}


def _uncalled_environment(body: Body, progress: Progress | None) -> Environment:
    return Environment(
        models={name: _model(Path(path)) for name, path in (body.get("models") or {}).items()},
        sources={node: _file(facts) for node, facts in (body.get("sources") or {}).items()},
        sinks={node: _file(facts) for node, facts in (body.get("sinks") or {}).items()},
        datasets=Datasets(body.get("datasets") or {}),
        parameters=body.get("parameters") or {},
        progress=progress,
    )


def find_schemas(body: Body, progress: Progress | None = None) -> dict[str, Any]:
    """Run an experiment without a call, for the columns at its web service ports. Raises ModuleError."""
    from amlemulator.experiments.schema import run_uncalled, with_schemas

    graph = load_graph(body["experiment"])
    values = run_uncalled(graph, _uncalled_environment(body, progress))
    return {"experiment": with_schemas(body["experiment"], graph, values)}


def set_up(body: Body, progress: Progress | None = None) -> dict[str, Any]:
    """Run a training experiment and make the predictive one of it. Raises ModuleError."""
    from amlemulator.experiments.graph import GraphError
    from amlemulator.experiments.predictive import set_up_predictive
    from amlemulator.experiments.schema import run_uncalled

    graph, environment = load_graph(body["experiment"]), _uncalled_environment(body, progress)
    try:
        made = set_up_predictive(graph, run_uncalled(graph, environment))
    except GraphError as error:
        failed = module_error("0039", " ".join(map(str, error.findings)))
        failed.module = "Set Up Web Service"
        raise failed from error
    files = {}
    for number, (resource, content) in enumerate(made.models.items()):
        files[resource] = f"made{number}.ilearner"
        (Path(body["folder"]) / files[resource]).write_bytes(content)
    models = {name: str(Path(body["folder"]) / file) for name, file in files.items()}
    return {**find_schemas({**body, "experiment": made.document, "models": models}, progress), "models": files}


def _port_kind(module: Module, name: str) -> str:
    port = module.output(name)
    return port.kind if port else ""


def check_model(body: Body, progress: Progress | None = None) -> dict[str, Any]:
    """Check a model file that came from outside, and that the experiment scores with it. Raises ModuleError 0082."""
    from amlemulator.experiments.model_check import check, check_fits

    del progress  # it has nothing to say
    try:
        model = check(Path(body["path"]).read_bytes())
        if body.get("experiment"):
            replaced = _header(Path(body["replaced"])) if body.get("replaced") else None
            check_fits(model, body["experiment"], body["resource"], replaced)
    except ModelFileError as error:
        refused = error.to_module_error()
        refused.inner = {"Message": error.reason}  # for the log: the answer is the documented sentence alone
        raise refused from error
    return facts_of(model.header)


def _header(path: Path) -> Header | None:
    """Return what a model says of itself; None for one that was taken on trust and is none."""
    try:
        return read_model_file(path.read_bytes()).header
    except ModelFileError:
        return None


def warm(body: Body, progress: Progress | None = None) -> dict[str, Any]:
    """Import what training needs, or what a scoring graph does, so that the next task does not wait for it."""
    del progress  # it has nothing to say
    if body:
        for node in _kept_graph(body["experiment"]).order():
            if node.module.run:
                implementation(node.module.run)
            if "Python script" in node.parameters:
                import pandas

                assert pandas
        for model in _kept_models(body).values():
            model.load()
        return {}
    from amlemulator.experiments import evaluation, training

    assert evaluation
    assert training
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.metrics

    return {"version": sklearn.__version__}


TASKS: dict[str, Callable[[Body, Progress | None], dict[str, Any]]] = {
    "run": run,
    "score": score,
    "check_model": check_model,
    "studio": run_in_studio,
    "schemas": find_schemas,
    "predictive": set_up,
    "warm": warm,
}
