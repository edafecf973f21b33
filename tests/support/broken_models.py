"""Model files that somebody broke, by number: the same number is the same file. And what is done with one.

``make fuzz-models`` goes through two hundred thousand of them, the suite through a few hundred.
"""

from __future__ import annotations

import hashlib
import json
import random
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import onnx

from amlemulator import samples
from amlemulator.experiments.features import Arrays
from amlemulator.experiments.model_check import OPERATORS, check
from amlemulator.experiments.model_file import Header, ModelFileError
from amlemulator.experiments.training import train
from support.frames import make_frame, run_module

HEAD = struct.Struct(">8sHII")
ODD = (-(1 << 63), -(1 << 31), -2, -1, 0, 1, 2, 7, 255, 1 << 20, (1 << 31) - 1, (1 << 63) - 1)
OTHERS = ("If", "Loop", "Scan", "Gather", "Reshape", "Resize", "Softmax", "StringSplit", "TreeEnsembleRegressor", "")
Model = Any  # onnx.ModelProto, whose module has no types


@cache
def originals() -> tuple[bytes, ...]:
    """Return one sound file of each kind of model, small, and the two that ship."""
    rows = make_frame(
        x=[float(place % 7) for place in range(40)],
        t=["abc"[place % 3] for place in range(40)],
        y=[float(place % 5) for place in range(40)],
        two=["no" if place % 7 < 3 else "yes" for place in range(40)],
        few=["pqr"[place % 3] for place in range(40)],
    )
    wanted = {
        "Linear Regression": "y",
        "Decision Forest Regression": "y",
        "Boosted Decision Tree Regression": "y",
        "Two-Class Logistic Regression": "two",
        "Two-Class Boosted Decision Tree": "two",
        "Multiclass Logistic Regression": "few",
        "Multiclass Decision Forest": "few",
    }
    made = [train(run_module(name)[0], rows, label, "Fuzz").file.pack() for name, label in wanted.items()]
    (learner,) = run_module("K-Means Clustering")
    clusters, _ = run_module(
        "Train Clustering Model", {"Untrained model": learner, "Dataset": rows}, {"Column Set": ["x", "t"]}
    )
    shipped = [content for one in samples.workspaces()[0].services for content in one.models.values()]
    return (*made, clusters.file.pack(), *shipped)


def sealed(header: bytes, model: bytes) -> bytes:
    """Pack any bytes as somebody would who knows the format."""
    content = HEAD.pack(b"\x89ILR\r\n\x1a\n", 1, len(header), len(model)) + header + model
    return content + hashlib.sha256(content).digest()


def broken(number: int) -> bytes:
    """Return file ``number``: broken anywhere, or taken apart, broken inside and sealed again."""
    chance = random.Random(number)
    original = chance.choice(originals())
    if number % 2:
        return _other_than(original, _scrambled, chance)
    _, _, length, _ = HEAD.unpack_from(original)
    header, model = original[HEAD.size : HEAD.size + length], original[HEAD.size + length : -32]
    return sealed(*chance.choice(SEALED)(header, model, chance))


def _other_than(content: bytes, change: Callable[[bytes, random.Random], bytes], chance: random.Random) -> bytes:
    while (changed := change(content, chance)) == content:
        pass
    return changed


def _scrambled(content: bytes, chance: random.Random) -> bytes:
    """Change bytes, cut, double, insert or swap."""
    place, size = chance.randrange(len(content)), chance.randrange(1, 64)
    way = chance.randrange(6)
    if way == 0:
        return content[:place]
    if way == 1:
        return content[:place] + content[place + size :]
    if way == 2:
        return content[:place] + chance.randbytes(size) + content[place:]
    if way == 3:
        return content[:place] + content[place : place + size] * 2 + content[place + size :]
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        changed[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(changed)


def _other_header(header: bytes, model: bytes, chance: random.Random) -> tuple[bytes, bytes]:
    """Change a member of the header and keep its hash right."""
    members = json.loads(header)
    feature = chance.choice(members["features"])
    target = chance.choice((members, members, feature))
    name = chance.choice(sorted(target))
    target[name] = chance.choice(
        (None, True, -1, 1e308, "", "x" * 300, [], [1], {}, ["a", "b"], "binary", "text", "clusters")
    )
    try:
        members["schema_hash"] = _hash(members)
    except (KeyError, TypeError, ValueError, AttributeError):  # no header that a program would write
        members["schema_hash"] = "0" * 64
    return json.dumps(members).encode(), model


def _hash(members: dict[str, Any]) -> str:
    from amlemulator.experiments.model_file import _header

    read: Header = _header(members)
    return read.schema_hash


def _scrambled_header(header: bytes, model: bytes, chance: random.Random) -> tuple[bytes, bytes]:
    return _scrambled(header, chance), model


def _scrambled_model(header: bytes, model: bytes, chance: random.Random) -> tuple[bytes, bytes]:
    return header, _scrambled(model, chance)


def _other_model(header: bytes, model: bytes, chance: random.Random) -> tuple[bytes, bytes]:
    """Change what the ONNX says, so that it still reads as ONNX."""
    proto = onnx.load_model_from_string(model)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        chance.choice(CHANGES)(proto, chance)
    return header, proto.SerializeToString()


SEALED = (_other_header, _scrambled_header, _scrambled_model, _other_model, _other_model, _other_model)


def _an_attribute(proto: Model, chance: random.Random) -> None:
    attributes = [attribute for node in proto.graph.node for attribute in node.attribute]
    if not attributes:
        return
    attribute = chance.choice(attributes)
    if attribute.ints:
        for _ in range(chance.choice((1, 1, 3))):
            attribute.ints[chance.randrange(len(attribute.ints))] = chance.choice(ODD)
        if chance.random() < 0.2:
            del attribute.ints[chance.randrange(len(attribute.ints)) :]
    elif attribute.type == onnx.AttributeProto.TENSOR:
        _spoil_tensor(attribute.t, chance)
    else:
        attribute.i = chance.choice(ODD)


def _a_constant(proto: Model, chance: random.Random) -> None:
    if proto.graph.initializer:
        _spoil_tensor(chance.choice(proto.graph.initializer), chance)


def _spoil_tensor(tensor: Any, chance: random.Random) -> None:
    way = chance.randrange(5)
    if way == 0:
        tensor.raw_data = tensor.raw_data[: chance.randrange(len(tensor.raw_data) + 1)]
    elif way == 1 and tensor.raw_data:
        tensor.raw_data = _scrambled(tensor.raw_data, chance)
    elif way == 2:
        tensor.dims.append(chance.choice(ODD))
    elif way == 3 and tensor.dims:
        tensor.dims[chance.randrange(len(tensor.dims))] = chance.choice(ODD)
    else:
        tensor.data_type = chance.randrange(24)


def _an_operator(proto: Model, chance: random.Random) -> None:
    node = chance.choice(proto.graph.node)
    node.op_type = chance.choice((*sorted(OPERATORS[""]), *sorted(OPERATORS["ai.onnx.ml"]), *OTHERS))
    if chance.random() < 0.3:
        node.domain = chance.choice(("", "ai.onnx.ml", "com.microsoft", "odd"))


def _a_wire(proto: Model, chance: random.Random) -> None:
    node = chance.choice(proto.graph.node)
    names = [name for each in proto.graph.node for name in (*each.input, *each.output)] + ["", "numbers", "texts"]
    side = chance.choice((node.input, node.output))
    if side and chance.random() < 0.8:
        side[chance.randrange(len(side))] = chance.choice(names)
    else:
        side.append(chance.choice(names))


def _the_nodes(proto: Model, chance: random.Random) -> None:
    place = chance.randrange(len(proto.graph.node))
    if chance.random() < 0.5:
        del proto.graph.node[place]
    else:
        proto.graph.node.add().CopyFrom(proto.graph.node[place])


def _a_port(proto: Model, chance: random.Random) -> None:
    port = chance.choice((*proto.graph.input, *proto.graph.output))
    tensor = port.type.tensor_type
    if chance.random() < 0.4:
        tensor.elem_type = chance.randrange(24)
    elif tensor.shape.dim and chance.random() < 0.6:
        chance.choice(tensor.shape.dim).dim_value = chance.choice(ODD)
    else:
        port.name = chance.choice(("numbers", "texts", "value", "odd"))


def _a_version(proto: Model, chance: random.Random) -> None:
    proto.ir_version = chance.choice((0, 3, 10, 11, 99))
    if proto.opset_import:
        chance.choice(proto.opset_import).version = chance.choice((0, 1, 13, 21, 22, 99))


CHANGES = (_an_attribute, _an_attribute, _a_constant, _an_operator, _a_wire, _the_nodes, _a_port, _a_version)


# What is done with one


def judge(content: bytes) -> bool:
    """Check a file as a worker does; True when it is refused, False when it is another sound model, which scores."""
    try:
        model = check(content)
    except ModelFileError:
        return True
    header = model.header
    rows = np.resize(np.array([-1e300, 0.0, 3.5, np.inf, 1e300, -1.0, 7.0]), (5, len(header.numbers)))
    texts = np.full((5, len(header.texts)), "unseen", dtype=object)
    for output in model.predict(Arrays(range(5), rows, texts)):
        assert output.shape[0] == 5
    return False


# Reading a file that is broken has no reason for any of these.
FORBIDDEN = ("import", "open", "exec", "subprocess.", "os.", "socket.", "ctypes.", "pickle.", "shutil.", "tempfile.")


class Watch:
    """Notes what the interpreter is asked to do while it is on. An audit hook can never be taken off again."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._on = False
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._on and event.startswith(FORBIDDEN):
            self.seen.append(f"{event} {arguments[:1]}")

    @contextmanager
    def on(self) -> Iterator[None]:
        """Note while the block runs."""
        self._on = True
        try:
            yield
        finally:
            self._on = False


@cache
def watch() -> Watch:
    """Return the one watch of this process, with everything imported that a sound file needs."""
    for content in originals():
        assert not judge(content)
    for number in range(12):
        judge(broken(number))
    return Watch()


def examine(number: int) -> tuple[bool, list[str]]:
    """Judge broken file ``number``: whether it was refused, and what was done that is forbidden."""
    content, guard = broken(number), watch()
    guard.seen.clear()
    with guard.on():
        refused = judge(content)
    return refused, list(guard.seen)
