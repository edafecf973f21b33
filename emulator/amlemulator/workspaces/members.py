"""The members of ``workspace.yaml``, as data: checked by, written to the JSON Schema that editors complete by.

``contracts/schemas/workspace.schema.json`` is what :func:`workspace_schema` returns; a test holds both equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from amlcontracts import load
from amlemulator.core.endpoints import TRACE_LEVELS
from amlemulator.experiments.modules import nearest
from amlemulator.experiments.yaml_lines import Place

VERSION = "1"
FILE = "workspace.yaml"
ID = re.compile(r"[0-9a-f]{32}")
WHOLE = re.compile(r"[0-9]{1,9}")

Kind = Literal["text", "id", "whole number", "true or false", "file", "files", "mapping", "list"]


@dataclass(frozen=True, slots=True)
class Member:
    """What may stand under a name. ``of`` names the members of a mapping, or of each entry of a list."""

    kind: Kind
    help: str
    required: bool = False
    choices: tuple[str, ...] = ()
    of: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the document: where, what, and how to mend it."""

    place: Place
    message: str
    mend: str = ""


_MODELS = Member("files", "Model files (.ilearner) by the name of their resource, for Saved Model modules")
_EXPERIMENT = "An experiment file, relative to this folder"
MEMBERS: dict[str, dict[str, Member]] = {
    "workspace": {
        "version": Member("text", "The version of this format", True, (VERSION,)),
        "name": Member("text", "The workspace's name", True),
        "region": Member("text", "Where it lives", True, tuple(load("regions"))),
        "id": Member("id", "Its id; without one it is derived from the seed"),
        "token": Member("text", "Its primary authorization token; without one it is derived from the seed"),
        "secondary_token": Member("text", "Its secondary authorization token"),
        "tier": Member(
            "text", "A free workspace has few endpoints and Low throttle only", choices=("standard", "free")
        ),
        "storage": Member("mapping", "Its storage account; without one it is devstoreaccount1", of="storage"),
        "services": Member("list", "Its web services, in the order in which they were deployed", of="service"),
        "blobs": Member("file", "A folder whose files blobs/{account}/{container}/{path} are in storage at start"),
    },
    "storage": {
        "account": Member("text", "Its name: 3 to 24 lower-case letters and digits", True),
        "key": Member("text", "Its key in base64; without one it is derived from the seed"),
    },
    "service": {
        "name": Member("text", "The web service's name", True),
        "experiment": Member("file", _EXPERIMENT, True),
        "models": _MODELS,
        "id": Member("id", "Its id; without one it is derived from the seed"),
        "description": Member("text", "What it is for"),
        "endpoints": Member("list", "Its endpoints; default is always there", of="endpoint"),
    },
    "endpoint": {
        "name": Member("text", "default, or up to 24 lower-case letters and digits", True),
        "id": Member("id", "The GUID in its address; without one it is derived from the seed"),
        "primary_key": Member("text", "Its primary key; without one it is derived from the seed"),
        "secondary_key": Member("text", "Its secondary key"),
        "description": Member("text", "What it is for"),
        "throttle_level": Member("text", "Low means four calls at a time", choices=("Low", "High")),
        "max_concurrent_calls": Member("whole number", "Calls at a time, where the level is High: 1 to 200"),
        "prevent_update": Member("true or false", "Whether it refuses to be updated"),
        "diagnostics_trace_level": Member("text", "What is logged", choices=TRACE_LEVELS),
        "sample_data_enabled": Member("true or false", "Whether its help page shows sample data"),
        "models": Member("files", "Model files (.ilearner) that replace those of the service, by resource"),
        "experiment": Member("file", "Its own experiment, where the service was deployed anew since"),
    },
}
_MENDS: dict[Kind, str] = {
    "text": "Write text.",
    "id": "An id has 32 digits 0 to 9 and a to f.",
    "whole number": "Write a whole number.",
    "true or false": "Write true or false.",
    "file": "Write a path relative to this folder.",
    "files": "Write 'name: file' pairs.",
    "mapping": "Write 'name: value' pairs.",
    "list": "Write a list: a line with a dash for each entry.",
}


def check_members(document: Mapping[str, Any], kind: str = "workspace", place: Place = ()) -> Iterator[Fault]:
    """Find members that are unknown, missing or of the wrong kind. Values are texts, lists and mappings of texts."""
    known = MEMBERS[kind]
    for name, value in document.items():
        member = known.get(str(name))
        if member is None:
            near = nearest(str(name), list(known)) or list(known)
            yield Fault((*place, str(name)), f"There is no member '{name}' here.", f"Nearest: {', '.join(near)}.")
        elif value != "":  # nothing after the colon: as good as not there
            yield from _check_value(member, value, (*place, str(name)))
    for name, member in known.items():
        if member.required and document.get(name, "") == "":
            yield Fault(place, f"'{name}' is missing.", f"Add '{name}: ...'. {member.help}.")


def _check_value(member: Member, value: Any, place: Place) -> Iterator[Fault]:
    name = str(place[-1])
    if not _fits(member.kind, value):
        yield Fault(place, f"'{name}' is no {_NAMES.get(member.kind, member.kind)}.", _MENDS[member.kind])
    elif member.choices and value not in member.choices:
        near = nearest(value, member.choices) or list(member.choices)
        mend = f"Known: {', '.join(member.choices)}." if len(member.choices) < 9 else f"Nearest: {', '.join(near)}."
        yield Fault(place, f"'{name}' cannot be '{value}'.", mend)
    elif member.kind == "mapping":
        yield from check_members(value, member.of, place)
    elif member.kind == "list":
        for number, entry in enumerate(value):
            if isinstance(entry, dict):
                yield from check_members(entry, member.of, (*place, number))
            else:
                yield Fault((*place, number), f"An entry of '{name}' is no mapping.", _MENDS["mapping"])


_NAMES: dict[Kind, str] = {"id": "id", "files": "mapping of files", "file": "path"}


def _fits(kind: Kind, value: Any) -> bool:
    if kind in ("mapping", "files"):
        whole = isinstance(value, dict)
        return whole and (kind == "mapping" or all(isinstance(each, str) and each for each in value.values()))
    if kind == "list":
        return isinstance(value, list)
    if not isinstance(value, str):
        return False
    patterns = {"id": ID, "whole number": WHOLE, "true or false": re.compile("true|false", re.IGNORECASE)}
    return kind not in patterns or patterns[kind].fullmatch(value) is not None


def workspace_schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12) of ``workspace.yaml``."""
    shapes = {kind: _shape(members) for kind, members in MEMBERS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "workspace.schema.json",
        "title": "A workspace of Azure Machine Learning Studio (classic), for amlclassic serve --workspace",
        **shapes.pop("workspace"),
        "$defs": shapes,
    }


def _shape(members: Mapping[str, Member]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name, member in members.items() if member.required],
        "additionalProperties": False,
        "properties": {name: {"description": member.help, **_value(name, member)} for name, member in members.items()},
    }


def _value(name: str, member: Member) -> dict[str, Any]:
    if name == "version":
        return {"const": int(VERSION)}
    if member.choices:
        return {"enum": list(member.choices)}
    shapes: dict[Kind, dict[str, Any]] = {
        "text": {"type": ["string", "number"]},
        "id": {"anyOf": [{"type": "string", "pattern": f"^{ID.pattern}$"}, {"type": "number"}]},
        "whole number": {"type": "integer", "minimum": 0},
        "true or false": {"type": "boolean"},
        "file": {"type": "string"},
        "files": {"type": "object", "additionalProperties": {"type": "string"}},
        "mapping": {"$ref": f"#/$defs/{member.of}"},
        "list": {"type": "array", "items": {"$ref": f"#/$defs/{member.of}"}},
    }
    return shapes[member.kind]
