"""Experiments between the emulator's own form and Studio's graph on the wire (modules.md 1.7).

On the wire saved data sets, trained models and transforms are no nodes: an input port points at them by id. Web service
ports stand apart, under WebService. What the wire has no place for, the kept schema of a web service port, goes along
as ``Columns``, which clients carry through a save as they do every member they do not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from xml.sax.saxutils import escape

from amlemulator.core.studio import refused
from amlemulator.core.studio_render import module_id
from amlemulator.experiments.catalogue_data import DATASET, WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT
from amlemulator.experiments.catalogue_models import SAVED_MODEL
from amlemulator.experiments.modules import Module, Parameter
from amlemulator.experiments.palette import registry

Document = Mapping[str, Any]
SAVED_TRANSFORM = "Saved Transform"
# Nodes that the wire has as an id at a port: the id's member, and the parameter that names the asset.
ASSETS = {
    DATASET: ("DataSourceId", "Dataset"),
    SAVED_MODEL: ("TrainedModelId", "Name"),
    SAVED_TRANSFORM: ("TransformModuleId", "Name"),
}
PORTS = (WEB_SERVICE_INPUT, WEB_SERVICE_OUTPUT)
# Real ones have a place for every node of the canvas (azuremlps reads NodePositions and writes them anew).
LAYOUT = "<?xml version='1.0' encoding='utf-16'?><DataV1><Meta /><NodePositions>{}</NodePositions></DataV1>"


@dataclass(frozen=True, slots=True)
class Asset:
    """A saved thing that a graph points at.

    ``parameters`` are those of its node in our form; ``content`` is the key of a trained model's bytes.
    """

    id: str
    module: str
    parameters: Mapping[str, Any]
    created: float = 0.0
    content: str = ""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.parameters[ASSETS[self.module][1]])


@dataclass(slots=True)
class Assets:
    """The assets of a workspace, found by id or by what a node says."""

    by_id: dict[str, Asset] = field(default_factory=dict)
    _by_node: dict[str, str] = field(default_factory=dict)

    def add(self, asset: Asset) -> None:
        """Make an asset known; the first of two that a node cannot tell apart stays."""
        self.by_id[asset.id] = asset
        self._by_node.setdefault(_node_key(asset.module, asset.parameters), asset.id)

    def id_of(self, module: str, parameters: Mapping[str, Any]) -> str:
        """Return the id of the asset that a node means; for one that is gone, its name."""
        return self._by_node.get(_node_key(module, parameters), str(parameters.get(ASSETS[module][1], "")))


def _node_key(module: str, parameters: Mapping[str, Any]) -> str:
    return json.dumps([module, parameters], sort_keys=True, default=str)


def id_of_module(name: str) -> str:
    """Return the id of a module on the wire."""
    return module_id(name, sha256(f"module {name}".encode()).hexdigest()[:32])


def modules() -> list[Module]:
    """Return the modules that stand on the wire as nodes, each once."""
    others = {*ASSETS, *PORTS}
    return [module for name, module in registry().items() if name == module.name and name not in others]


# To the wire


def write_wire(document: Document, assets: Assets) -> dict[str, Any]:
    """Return ``Graph`` and ``WebService`` of an experiment in our form."""
    return _Writer(document, assets).wire()


class _Writer:
    def __init__(self, document: Document, assets: Assets) -> None:
        self._nodes: dict[str, Mapping[str, Any]] = {node["id"]: node for node in document.get("nodes") or ()}
        self._links = {
            target: link["name"]
            for link in document.get("web service parameters") or ()
            for target in link.get("sets") or ()
        }
        self._document = document
        self._assets = assets
        self._edges: list[dict[str, str]] = []
        self._requests: list[dict[str, Any]] = []

    def wire(self) -> dict[str, Any]:
        nodes = [self._module_node(node) for node in self._nodes.values() if node["module"] not in (*ASSETS, *PORTS)]
        outputs = [self._output(node) for node in self._nodes.values() if node["module"] == WEB_SERVICE_OUTPUT]
        used = {id for node in nodes for port in node["InputPortsInternal"] for id in _asset_ids(port)}
        places = [*sorted(used), *(node["Id"] for node in nodes)]
        return {
            "Graph": {
                "ModuleNodes": nodes,
                "EdgesInternal": self._edges,
                "SerializedClientData": _layout(places),
            },
            "WebService": {
                "IsWebServiceExperiment": bool(outputs or self._requests),
                "Inputs": self._requests,
                "Outputs": outputs,
                "Parameters": [_parameter(link) for link in self._document.get("web service parameters") or ()],
                "WebServiceGroupId": None,
                "ModelPackageId": None,
                "SerializedClientData": _layout([port["Id"] for port in (*self._requests, *outputs)]),
            },
        }

    def _module_node(self, node: Mapping[str, Any]) -> dict[str, Any]:
        module, name = registry()[node["module"]], node["id"]
        return {
            "Id": name,
            "ModuleId": id_of_module(module.name),
            "ModuleParameters": [self._value(node, spec) for spec in module.parameters],
            "InputPortsInternal": [self._input(node, port.name) for port in module.inputs],
            "OutputPortsInternal": [{"Name": port.name, "NodeId": name, "OutputType": None} for port in module.outputs],
            "UsePreviousResults": True,
            "Comment": "",
            "CommentCollapsed": True,
        }

    def _value(self, node: Mapping[str, Any], spec: Parameter) -> dict[str, Any]:
        given = node.get("parameters") or {}
        value = given.get(spec.name, given.get(spec.wire, spec.default) if spec.wire else spec.default)
        link = self._links.get(f"{node['id']}.{spec.name}") or self._links.get(f"{node['id']}.{spec.wire}")
        return {
            "Name": spec.wire or spec.name,
            "Value": _text(value),
            "ValueType": "GraphParameterName" if link else "Literal",
            "LinkedGlobalParameter": link,
        }

    def _input(self, node: Mapping[str, Any], port: str) -> dict[str, Any]:
        entry: dict[str, Any] = {"DataSourceId": None, "TrainedModelId": None, "TransformModuleId": None}
        wires = (node.get("inputs") or {}).get(port) or ()
        for wire in [wires] if isinstance(wires, str) else wires:
            source, output = self._source(wire)
            if source["module"] in ASSETS:
                entry[ASSETS[source["module"]][0]] = self._asset_id(source)
            elif source["module"] == WEB_SERVICE_INPUT:
                self._requests.append(_port(source, f"{node['id']}:{port}"))
            else:
                target = f"{node['id']}:{port}"
                self._edges.append({"SourceOutputPortId": f"{source['id']}:{output}", "DestinationInputPortId": target})
        return {**entry, "Name": port, "NodeId": node["id"]}

    def _output(self, node: Mapping[str, Any]) -> dict[str, Any]:
        wires = (node.get("inputs") or {}).get("Data")
        if not wires:
            return _port(node, None)
        source, output = self._source(wires if isinstance(wires, str) else wires[0])
        place = self._asset_id(source) if source["module"] in ASSETS else source["id"]
        return _port(node, f"{place}:{output}")

    def _source(self, wire: str) -> tuple[Mapping[str, Any], str]:
        node, _, port = str(wire).partition(".")
        source = self._nodes[node]
        return source, port or registry()[source["module"]].outputs[0].name

    def _asset_id(self, node: Mapping[str, Any]) -> str:
        return self._assets.id_of(node["module"], node.get("parameters") or {})


def _asset_ids(port: Mapping[str, Any]) -> Iterator[str]:
    for member, _ in ASSETS.values():
        value = port.get(member)
        if isinstance(value, str) and value:
            yield value


def _port(node: Mapping[str, Any], place: str | None) -> dict[str, Any]:
    columns = {"Columns": list(node["columns"])} if node.get("columns") else {}
    return {"Id": node["id"], "PortId": place, "Name": (node.get("parameters") or {}).get("Name"), **columns}


def _parameter(link: Mapping[str, Any]) -> dict[str, Any]:
    default = link.get("default")
    return {
        "Name": link["name"],
        "Value": None if default is None else _text(default),
        "ParameterDefinition": {
            "Name": link["name"],
            "FriendlyName": link["name"],
            "ParameterType": link.get("type"),
            "DefaultValue": None if default is None else _text(default),
            "IsOptional": default is not None,
            "Description": link.get("description"),
        },
    }


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return str(value) if isinstance(value, (bool, int, float)) else json.dumps(value, ensure_ascii=False)


def _layout(places: list[str]) -> str:
    names = [escape(place, {"'": "&apos;"}) for place in places]
    rows = (f"<NodePosition Node='{name}' Position='400,{100 * row},200,80'/>" for row, name in enumerate(names))
    return LAYOUT.format("".join(rows))


# From the wire


def read_wire(name: str, saved: Mapping[str, Any], assets: Assets) -> tuple[dict[str, Any], dict[str, str]]:
    """Return an experiment in our form, and the keys of its trained models by name.

    Raises 400 with what cannot be read or is not emulated.
    """
    try:
        reader = _Reader(saved, assets)
        return reader.document(name), reader.models()
    except (KeyError, TypeError, AttributeError) as error:
        raise refused(
            f"The graph is not of the form that Studio's graphs have: {error!r}.", evidence="studio.graph"
        ) from error


class _Reader:
    def __init__(self, saved: Mapping[str, Any], assets: Assets) -> None:
        self._graph: Mapping[str, Any] = saved["Graph"]
        self._service: Mapping[str, Any] = saved.get("WebService") or {}
        self._assets = assets
        self._used: dict[str, str] = {}  # asset id to the node that stands for it here
        self._sets: dict[str, list[str]] = {}
        self._families = {id_of_module(module.name).split(".")[1]: module for module in modules()}

    def document(self, name: str) -> dict[str, Any]:
        nodes = [self._node(node) for node in self._graph["ModuleNodes"]]
        by_id = {node["id"]: node for node in nodes}
        for edge in self._graph.get("EdgesInternal") or ():
            source, output = _place(edge["SourceOutputPortId"])
            target, port = _place(edge["DestinationInputPortId"])
            _connect(by_id, target, port, f"{source}.{output}")
        requests: dict[str, dict[str, Any]] = {}
        for entry in self._service.get("Inputs") or ():
            requests.setdefault(safe_id(entry["Id"]), _service_port(WEB_SERVICE_INPUT, entry))
            if entry.get("PortId"):
                target, port = _place(entry["PortId"])
                _connect(by_id, target, port, safe_id(entry["Id"]))
        outputs = [self._output(entry) for entry in self._service.get("Outputs") or ()]
        document = {"experiment": name, "nodes": [*self._asset_nodes(), *requests.values(), *nodes, *outputs]}
        links = [self._link(entry) for entry in self._service.get("Parameters") or ()]
        return {**document, "web service parameters": links} if links else document

    def models(self) -> dict[str, str]:
        """Return the keys of the trained models that the graph points at, by name."""
        used = (self._assets.by_id[asset_id] for asset_id in self._used)
        return {asset.name: asset.content for asset in used if asset.module == SAVED_MODEL}

    def _node(self, node: Mapping[str, Any]) -> dict[str, Any]:
        name, module = safe_id(node["Id"]), self._module(str(node["ModuleId"]))
        parameters = {}
        for entry in node.get("ModuleParameters") or ():
            spec = module.parameter(entry["Name"])
            known = spec.name if spec else entry["Name"]
            if entry.get("LinkedGlobalParameter"):
                self._sets.setdefault(entry["LinkedGlobalParameter"], []).append(f"{name}.{known}")
            if entry.get("Value") not in (None, ""):
                parameters[known] = _value(spec, entry["Value"])
        inputs: dict[str, Any] = {}
        for port in node.get("InputPortsInternal") or ():
            for asset_id in _asset_ids(port):
                inputs[port["Name"]] = [self._asset(asset_id)]
        return {"id": name, "module": module.name, "parameters": parameters, "inputs": inputs}

    def _module(self, module: str) -> Module:
        parts = module.split(".")
        found = self._families.get(parts[1]) if len(parts) > 1 else None
        if found is None:
            names = ", ".join(sorted(known.name for known in self._families.values()))
            raise refused(f"The module {module[:120]} is not emulated. These are: {names}.", evidence="studio.graph")
        return found

    def _asset(self, asset_id: str) -> str:
        if asset_id not in self._assets.by_id:
            raise refused(
                f"The graph points at {asset_id[:120]}: no such data set, trained model or transform is here.",
                evidence="studio.graph",
            )
        return self._used.setdefault(asset_id, f"asset{len(self._used) + 1}")

    def _asset_nodes(self) -> list[dict[str, Any]]:
        known = ((node, self._assets.by_id[asset_id]) for asset_id, node in self._used.items())
        return [{"id": node, "module": asset.module, "parameters": dict(asset.parameters)} for node, asset in known]

    def _output(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        node = _service_port(WEB_SERVICE_OUTPUT, entry)
        if entry.get("PortId"):
            place, _, port = str(entry["PortId"]).rpartition(":")
            source = self._asset(place) if place in self._assets.by_id else safe_id(place)
            node["inputs"] = {"Data": f"{source}.{port}"}
        return node

    def _link(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        definition = entry.get("ParameterDefinition") or {}
        facts = {
            "name": entry["Name"],
            "sets": self._sets.get(entry["Name"], []),
            "default": entry.get("Value"),
            "type": definition.get("ParameterType"),
            "description": definition.get("Description"),
        }
        return {name: value for name, value in facts.items() if value is not None}


def safe_id(node: Any) -> str:
    """Return a node's id as our form has it, where a full stop separates node and port."""
    return str(node).replace(".", "-")


def _place(port_id: Any) -> tuple[str, str]:
    node, _, port = str(port_id).rpartition(":")
    return safe_id(node), port


def _connect(nodes: Mapping[str, dict[str, Any]], target: str, port: str, wire: str) -> None:
    if target not in nodes:
        raise refused(f"An edge leads to '{target}', which is no node of the graph.", evidence="studio.graph")
    nodes[target]["inputs"].setdefault(port, []).append(wire)


def _service_port(module: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    node = {"id": safe_id(entry["Id"]), "module": module, "parameters": {"Name": entry["Name"]}}
    return {**node, "columns": list(entry["Columns"])} if entry.get("Columns") else node


def _value(spec: Parameter | None, text: Any) -> Any:
    if spec is None or spec.kind != "columns" or not isinstance(text, str) or text[:1] not in "[{":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
