"""The ``.ilearner`` file: a trained model as ONNX in a small container. It holds no code: a stranger's runs none.

Layout, all numbers big-endian::

    magic            8 bytes   89 49 4C 52 0D 0A 1A 0A   (as PNG does: a text-mode transfer breaks it visibly)
    version          2 bytes   1
    header length    4 bytes
    model length     4 bytes
    header           JSON, UTF-8: task, learner, label, features, schema hash, training facts
    model            ONNX
    checksum        32 bytes   SHA-256 of everything before it

The real service's format is not known; a file of another version or a broken one is refused with the documented text
of Error 0082. Reading is strict and bounded, and pure: it neither imports onnx nor loads the model.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from amlemulator.core.cells import Cell
from amlemulator.core.interface import ColumnType
from amlemulator.experiments.errors import ModuleError, module_error
from amlemulator.experiments.frame import Task

MAGIC = b"\x89ILR\r\n\x1a\n"
VERSION = 1
LARGEST_HEADER = 16 * 1024 * 1024
LARGEST_MODEL = 240 * 1024 * 1024
MOST_FEATURES = 100_000
_HEAD = struct.Struct(">8sHII")
_CHECKSUM = 32


class ModelFileError(ValueError):
    """Bytes that are no model file of ours. ``reason`` is for the log; the service says Error 0082 (errors.md 8)."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def to_module_error(self) -> ModuleError:
        """Return the documented error."""
        return module_error("0082")


@dataclass(frozen=True, slots=True)
class Feature:
    """A column that the model reads: as a number, or as text that is one of ``levels``."""

    name: str
    type: ColumnType
    kind: Literal["number", "text"]
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """What a model says of itself. ``classes`` of a classifier are in order; of two the second is the positive one."""

    task: Task
    learner: str
    features: tuple[Feature, ...]
    experiment: str = ""
    resource: str = ""
    label: str = ""
    label_type: ColumnType = "Double"
    classes: tuple[Cell, ...] = ()
    unknown_levels: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def schema_hash(self) -> str:
        """SHA-256 of what the model reads and predicts, in hex digits: equal schemas have equal hashes."""
        schema = [self.task, self.label, self.label_type, list(self.classes), [asdict(each) for each in self.features]]
        return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()

    @property
    def numbers(self) -> tuple[Feature, ...]:
        """The features of the ONNX input ``numbers``, in its order."""
        return tuple(feature for feature in self.features if feature.kind == "number")

    @property
    def texts(self) -> tuple[Feature, ...]:
        """The features of the ONNX input ``texts``, in its order."""
        return tuple(feature for feature in self.features if feature.kind == "text")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file, read or to be written."""

    header: Header
    onnx: bytes

    def pack(self) -> bytes:
        """Return the file's bytes."""
        members = {**asdict(self.header), "schema_hash": self.header.schema_hash}
        header = json.dumps(members, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        content = _HEAD.pack(MAGIC, VERSION, len(header), len(self.onnx)) + header + self.onnx
        return content + hashlib.sha256(content).digest()


def read_model_file(content: bytes) -> ModelFile:
    """Read a model file. Raises ModelFileError, and nothing else, for anything that is not a sound one."""
    if len(content) < _HEAD.size + _CHECKSUM:
        raise ModelFileError("it is too short")
    magic, version, header_length, model_length = _HEAD.unpack_from(content)
    if magic != MAGIC:
        raise ModelFileError("it does not begin as a model file does")
    if version != VERSION:
        raise ModelFileError(f"its format version is {version}, not {VERSION}")
    if header_length > LARGEST_HEADER or model_length > LARGEST_MODEL:
        raise ModelFileError("it is larger than any model may be")
    if len(content) != _HEAD.size + header_length + model_length + _CHECKSUM:
        raise ModelFileError("its length is not what it says")
    if hashlib.sha256(content[:-_CHECKSUM]).digest() != content[-_CHECKSUM:]:
        raise ModelFileError("its checksum is wrong")
    start = _HEAD.size + header_length
    return ModelFile(_read_header(content[_HEAD.size : start]), content[start : start + model_length])


def _read_header(raw: bytes) -> Header:
    try:
        members = json.loads(raw.decode("utf-8"))
        header = _header(members)
    except (KeyError, TypeError, ValueError, RecursionError, AttributeError) as error:
        raise ModelFileError(f"its header cannot be read: {type(error).__name__}") from error
    if members.get("schema_hash") != header.schema_hash:
        raise ModelFileError("its schema is not the one it was saved with")
    return header


def _header(members: dict[str, Any]) -> Header:
    if len(members["features"]) > MOST_FEATURES:
        raise ValueError("too many features")
    return Header(
        task=_one_of(members["task"], Task),
        learner=_text(members["learner"]),
        features=tuple(_feature(each) for each in members["features"]),
        experiment=_text(members["experiment"]),
        resource=_text(members["resource"]),
        label=_text(members["label"]),
        label_type=_one_of(members["label_type"], ColumnType),
        classes=tuple(_class(each) for each in members["classes"]),
        unknown_levels=bool(members["unknown_levels"]),
        facts=dict(members["facts"]),
    )


def _feature(members: dict[str, Any]) -> Feature:
    levels = tuple(_text(level) for level in members["levels"])
    kind = _one_of(members["kind"], Literal["number", "text"])
    return Feature(_text(members["name"]), _one_of(members["type"], ColumnType), kind, levels)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value


def _class(value: Any) -> Cell:
    if not isinstance(value, (str, int, float, bool)):
        raise TypeError(type(value).__name__)
    return value


def _one_of(value: Any, wanted: Any) -> Any:
    if value not in get_args(wanted):
        raise ValueError(value)
    return value
