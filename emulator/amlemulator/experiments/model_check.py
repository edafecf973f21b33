"""Checking a model file that a stranger made, in a worker: whatever it does there, the emulator lives.

Allowed is what our own learners write: a closed list of operators, no external data (it could name local files), no
subgraphs, no functions, bounded sizes, the inputs and outputs that the header declares; and it must load and score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from amlemulator.core.cells import Cell
from amlemulator.core.interface import Column, ColumnType
from amlemulator.core.tables import Table
from amlemulator.experiments.catalogue_data import WEB_SERVICE_INPUT
from amlemulator.experiments.catalogue_functions import SCORE_FUNCTION
from amlemulator.experiments.errors import ModuleError
from amlemulator.experiments.execute import Environment, run_graph
from amlemulator.experiments.features import Arrays
from amlemulator.experiments.frame import frame_of_table
from amlemulator.experiments.graph import Graph, load_graph
from amlemulator.experiments.model_file import Header, ModelFileError, read_model_file
from amlemulator.experiments.onnx_graph import IR_VERSION, ML, ML_OPSET, OPSET
from amlemulator.experiments.trained import OUTPUTS, FunctionModel, Model, TrainedModel

OPERATORS = {
    "": {
        "Add",
        "Cast",
        "Concat",
        "Div",
        "Equal",
        "Identity",
        "MatMul",
        "Max",
        "Mul",
        "Neg",
        "Pow",
        "ReduceMax",
        "ReduceSum",
        "Split",
        "Sqrt",
        "Sub",
        "Unsqueeze",
    },
    ML: {"LabelEncoder", "TreeEnsemble"},
}
MOST_NODES = 200_000
MOST_VALUES = 50_000_000  # numbers in constants and attributes
_SIMPLE = {
    onnx.AttributeProto.FLOAT,
    onnx.AttributeProto.INT,
    onnx.AttributeProto.STRING,
    onnx.AttributeProto.FLOATS,
    onnx.AttributeProto.INTS,
    onnx.AttributeProto.STRINGS,
    onnx.AttributeProto.TENSOR,
}


def check(content: bytes) -> Model:
    """Return the model of a sound file, loaded. Raises ModelFileError for any other.

    What a person's own function made stays the bytes that they are.
    """
    file = read_model_file(content)
    if file.header.task == "function":
        return FunctionModel(file)
    try:
        proto = onnx.load_model_from_string(file.onnx)
        _check_proto(proto, file.header)
    except ModelFileError:
        raise
    except Exception as error:  # protobuf's own, several kinds
        raise ModelFileError("its model is no ONNX") from error
    model = TrainedModel(file)
    try:
        model.load()
        _check_scores(model)
    except ModelFileError:
        raise
    except Exception as error:  # onnxruntime's own, many kinds
        raise ModelFileError(f"its model does not work: {type(error).__name__}") from error
    return model


def _check_proto(proto: Any, header: Header) -> None:
    graph = proto.graph
    _require(proto.ir_version <= IR_VERSION, "its IR version is newer than ours")
    _require(not proto.functions and not proto.training_info, "it has functions or training information")
    _require(not graph.sparse_initializer and not graph.quantization_annotation, "it has sparse or quantised constants")
    opsets = {opset.domain or "": opset.version for opset in proto.opset_import}
    _require(opsets.get("ai.onnx", opsets.get("", 0)) <= OPSET, "its operator set is newer than ours")
    _require(opsets.get(ML, 0) <= ML_OPSET, "its operator set is newer than ours")
    _require(len(graph.node) <= MOST_NODES, "it has too many nodes")
    size = sum(_check_tensor(tensor) for tensor in graph.initializer)
    for node in graph.node:
        _require(node.op_type in OPERATORS.get(node.domain, ()), f"the operator '{node.op_type[:40]}' is not allowed")
        size += sum(_check_attribute(attribute) for attribute in node.attribute)
        if node.op_type == "Split":
            _check_split(node)
    _require(size <= MOST_VALUES, "it is too large")
    _check_ports(graph, header)
    for attributes, width in _trees(proto):
        _check_trees(attributes, width)


def _trees(proto: Any) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield the attributes of each tree ensemble, and how many features stand before it.

    Reckoned here for the few operators that our learners put there; onnx's own inference of shapes can be crashed.
    """
    widths = {port.name: _shape(port)[1] for port in proto.graph.input}
    for node in proto.graph.node:
        parts = [widths.get(name, -1) for name in node.input]
        known = bool(parts) and min(parts) > 0
        if node.op_type == "TreeEnsemble":
            _require(known, "how wide its trees are cannot be told")
            yield {attribute.name: attribute for attribute in node.attribute}, parts[0]
        elif node.op_type == "Split" and parts == [len(node.output)]:
            widths |= dict.fromkeys(node.output, 1)
        elif known and (node.op_type in ("Cast", "Identity", "LabelEncoder") or _is_beside(node)):
            widths[node.output[0]] = sum(parts)


def _is_beside(node: Any) -> bool:
    axes = [attribute.i for attribute in node.attribute if attribute.name == "axis"]
    return node.op_type == "Concat" and axes == [1]


def _require(sound: bool, reason: str) -> None:
    if not sound:
        raise ModelFileError(reason)


def _check_tensor(tensor: Any) -> int:
    _require(tensor.data_location == TensorProto.DEFAULT and not tensor.external_data, "it names external data")
    count = 1
    for extent in tensor.dims:
        _require(0 <= extent <= MOST_VALUES, "a constant is too large")
        count *= extent
    _require(count <= MOST_VALUES, "a constant is too large")
    return count


def _check_attribute(attribute: Any) -> int:
    _require(attribute.type in _SIMPLE and not attribute.ref_attr_name, "it has a subgraph or another odd attribute")
    if attribute.type == onnx.AttributeProto.TENSOR:
        return _check_tensor(attribute.t)
    return len(attribute.floats) + len(attribute.ints) + len(attribute.strings)


def _check_split(node: Any) -> None:
    """Require as many outputs as the operator is told to make: onnxruntime ends the process where it has fewer."""
    told = {attribute.name: attribute.i for attribute in node.attribute}
    sound = told == {"axis": 1, "num_outputs": len(node.output)} and len(node.input) == 1
    _require(sound, "it splits in another way than ours")


def _check_trees(attributes: Mapping[str, Any], features: int) -> None:
    """Require that every way through the trees ends, and reads only what is there: onnxruntime takes both on trust."""
    nodes = {name: _integers(attributes, f"nodes_{name}") for name in ("featureids", *_BRANCHES)}
    count, leaves = len(nodes["featureids"]), len(_integers(attributes, "leaf_targetids"))
    _require(all(len(values) == count for values in nodes.values()), "its trees do not hang together")
    _require(bool((nodes["featureids"] >= 0).all() and (nodes["featureids"] < features).all()), "it reads no feature")
    for way in ("true", "false"):
        ids, ends = nodes[f"{way}nodeids"], nodes[f"{way}leafs"] != 0
        # Children stand behind their parents in what our learners write, so no way can come back.
        forward = (ids > np.arange(count)) & (ids < count)
        sound = np.where(ends, (ids >= 0) & (ids < leaves), forward)
        _require(bool(sound.all()), "its trees run in circles")
    roots = _integers(attributes, "tree_roots")
    _require(bool(((roots >= 0) & (roots < count)).all()), "its trees have no roots")
    targets = _integers(attributes, "leaf_targetids")
    wanted = attributes["n_targets"].i if "n_targets" in attributes else 0
    _require(bool(((targets >= 0) & (targets < wanted)).all()), "its leaves have no target")


_BRANCHES = ("truenodeids", "trueleafs", "falsenodeids", "falseleafs")


def _integers(attributes: Mapping[str, Any], name: str) -> Any:
    return np.array(attributes[name].ints if name in attributes else [], dtype=np.int64)


def _check_ports(graph: Any, header: Header) -> None:
    """Require the inputs and outputs that the header's schema asks for."""
    wanted = {}
    if header.numbers:
        wanted["numbers"] = (TensorProto.DOUBLE, len(header.numbers))
    if header.texts:
        wanted["texts"] = (TensorProto.STRING, len(header.texts))
    _require(bool(wanted), "it reads no feature")
    _require({port.name: _shape(port) for port in graph.input} == wanted, "its inputs are not those of its schema")
    outputs = {port.name: _shape(port) for port in graph.output}
    _require(list(outputs) == list(OUTPUTS[header.task]), "its outputs are not those of its task")
    for kind, width in outputs.values():
        _require(kind == TensorProto.DOUBLE, "its outputs are no doubles")
        _require(_is_width(width, header), "its outputs have another width")
    classes = {"binary": 2, "multiclass": max(2, len(header.classes))}.get(header.task, 0)
    _require(len(header.classes) == classes, "its classes are not those of its task")


def _is_width(width: int, header: Header) -> bool:
    if header.task == "clusters":
        return width >= 1
    return width == (len(header.classes) if header.task == "multiclass" else 1)


def _shape(port: Any) -> tuple[int, int]:
    """Return the type and the width of a port; the width is -1 where it does not take any number of rows."""
    tensor = port.type.tensor_type
    dims = tensor.shape.dim
    return tensor.elem_type, dims[1].dim_value if len(dims) == 2 and not dims[0].HasField("dim_value") else -1


def _check_scores(model: TrainedModel) -> None:
    """Score one row, and several: a model may have been made for just so many."""
    header = model.header
    for rows in (1, 3):
        texts = [feature.levels[0] if feature.levels else "" for feature in header.texts]
        words = np.array([texts] * rows, dtype=object).reshape(rows, len(header.texts))
        for output in model.predict(Arrays(range(rows), np.zeros((rows, len(header.numbers))), words)):
            sound = output.ndim == 2 and output.shape[0] == rows and output.dtype == np.float64
            _require(sound and _is_width(output.shape[1], header), "it scores in another shape")


# Does it fit where it is to go?

SAMPLES: dict[ColumnType, Cell] = {"String": "", "Double": 0.0, "Int32": 0, "Int64": 0, "Boolean": False}


def check_fits(model: Model, experiment: Mapping[str, Any], resource: str, replaced: Header | None = None) -> None:
    """Score one row through the experiment with the model in the place of the resource. Raises ModelFileError.

    Only where every input has a kept schema and every other model is not needed; else there is nothing to try it on.
    A person's own function is not run by an update: there the model must come of the same columns as the one that it
    replaces, whose header is ``replaced``.
    """
    graph = load_graph(experiment)
    if graph.having(SCORE_FUNCTION):
        if not isinstance(model, FunctionModel):
            raise ModelFileError("the experiment takes what its own function made")
        if replaced is not None:
            _check_same_columns(model.header, replaced)
        return
    requests = graph.having(WEB_SERVICE_INPUT)
    saved = {node.name for node in graph.having("Saved Model")}
    if saved != {resource} or not requests or not all(node.columns for node in requests):
        return
    try:
        run_graph(graph, Environment(_rows(graph), _parameters(graph), {resource: model}))
    except ModuleError as error:
        raise ModelFileError(f"the experiment does not score with it: {error}") from error


def _check_same_columns(header: Header, replaced: Header) -> None:
    ours, theirs = ({(one.name, one.kind) for one in each.features} for each in (header, replaced))
    different = sorted({name for name, _ in ours ^ theirs})
    if different:
        raise ModelFileError(f"it comes of other columns than the one that it replaces: {', '.join(different)}")


def _rows(graph: Graph) -> dict[str, Any]:
    rows = {}
    for node in graph.having(WEB_SERVICE_INPUT):
        row = [_sample(column) for column in node.columns]
        rows[node.name] = frame_of_table(Table(node.columns, [row]))
    return rows


def _sample(column: Column) -> Cell:
    return column.categories[0] if column.categories else SAMPLES.get(column.type)


def _parameters(graph: Graph) -> dict[str, str]:
    return {link.parameter.name: link.parameter.default for link in graph.links if link.parameter.default is not None}
