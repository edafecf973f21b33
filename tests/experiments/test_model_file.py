"""Model files: what is written reads back, what is broken is refused, what is hostile gets nowhere."""

import contextlib
import hashlib
import json
import struct

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from amlemulator import samples
from amlemulator.experiments.model_check import check, check_fits
from amlemulator.experiments.model_file import MAGIC, Feature, Header, ModelFile, ModelFileError, read_model_file
from amlemulator.experiments.onnx_graph import IR_VERSION, ML_OPSET, OPSET

SERVICES = {service.name: service for service in samples.workspaces()[0].services}
CENSUS = SERVICES["Census Model [Predictive Exp.]"]
RESOURCE = "Census Model [trained model]"

HEADER = Header(
    task="regression",
    learner="Linear Regression",
    features=(Feature("x", "Double", "number"),),
    experiment="Test",
    resource="Test [trained model]",
    label="y",
    facts={"rows": 3},
)


def tiny(nodes=None, inputs=None, outputs=None, constants=(), opset=OPSET):
    """Return ONNX that doubles its one number, or what the arguments make of it."""
    number = helper.make_tensor_value_info("numbers", TensorProto.DOUBLE, [None, 1])
    value = helper.make_tensor_value_info("value", TensorProto.DOUBLE, [None, 1])
    nodes = nodes or [helper.make_node("Add", ["numbers", "numbers"], ["value"])]
    graph = helper.make_graph(nodes, "tiny", inputs or [number], outputs or [value], list(constants))
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def packed(model, header=HEADER):
    return ModelFile(header, model.SerializeToString()).pack()


GOOD = packed(tiny())


def test_a_model_file_reads_back():
    """What was packed is what is read."""
    assert ModelFile(HEADER, tiny().SerializeToString()) == read_model_file(GOOD)


def test_a_sound_file_passes_the_check():
    """A file made of allowed operators with the declared schema is loaded."""
    assert "regression" == check(GOOD).header.task


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if service.resources])
def test_the_samples_models_are_sound_and_fit(name):
    """Each model that ships passes the check that a stranger's file has to pass, where it is deployed."""
    service = SERVICES[name]
    for resource, content in service.models.items():
        check_fits(check(content), service.experiment, resource)


def refused(content):
    with pytest.raises(ModelFileError):
        check(content)


def test_every_single_broken_byte_is_noticed():
    """A file with any one byte changed, added or cut off is refused."""
    for place in range(len(GOOD)):
        broken = bytearray(GOOD)
        broken[place] ^= 0x41
        for content in (bytes(broken), GOOD[:place], GOOD[:place] + b"\0" + GOOD[place:]):
            with pytest.raises(ModelFileError):
                read_model_file(content)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(content):
    """No bytes but a model file's are read, and nothing else is ever raised."""
    for made in (content, MAGIC + content, sealed(content, b""), sealed(b"{}", content)):
        with pytest.raises(ModelFileError):
            read_model_file(made)


def sealed(header, model, magic=MAGIC, version=1):
    """Pack any bytes with right lengths and checksum, as somebody would who knows the format."""
    content = struct.pack(">8sHII", magic, version, len(header), len(model)) + header + model
    return content + hashlib.sha256(content).digest()


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=300)
@given(st.sampled_from(sorted(HEADER.__slots__)), JSON)
def test_a_header_with_any_member_replaced_is_read_or_refused(member, value):
    """A sealed file whose header holds anything at all ends in ModelFileError or in the header that it says."""
    start = struct.calcsize(">8sHII")
    length = struct.unpack_from(">8sHII", GOOD)[2]
    members = {**json.loads(GOOD[start : start + length]), member: value}
    content = sealed(json.dumps(members).encode(), b"x")
    with contextlib.suppress(ModelFileError):
        assert b"x" == read_model_file(content).onnx


def test_a_deep_header_does_not_exhaust_the_stack():
    """A header nested a hundred thousand levels deep is refused."""
    refused(sealed(b"[" * 100_000 + b"]" * 100_000, b""))


def test_another_version_is_refused_with_the_documented_error():
    """A file of a later format is refused; the error is Microsoft's 0082."""
    with pytest.raises(ModelFileError) as caught:
        read_model_file(sealed(b"{}", b"", version=2))
    error = caught.value.to_module_error()
    assert ("0082", "UnableToDeserializeModel") == (error.code, error.error_id)
    assert error.message.endswith("Please retrain and re-save the model.")


def external(path):
    tensor = numpy_helper.from_array(np.ones((1, 1)), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", path
    return tensor


BRANCH = helper.make_graph(
    [helper.make_node("Add", ["numbers", "numbers"], ["inner"])], "g", [],
    [helper.make_tensor_value_info("inner", TensorProto.DOUBLE, None)],
)  # fmt: skip
ADD = helper.make_node("Add", ["numbers", "w"], ["value"])
FUNCTION = helper.make_function("local", "f", ["a"], ["b"], [helper.make_node("Identity", ["a"], ["b"])], [])


def with_function():
    model = tiny()
    model.functions.append(FUNCTION)
    return model


def huge():
    tensor = TensorProto(name="w", data_type=TensorProto.DOUBLE, dims=[1 << 40, 1 << 20])
    return tiny([ADD], constants=[tensor])


def attribute_tensor():
    return tiny([helper.make_node("Identity", ["numbers"], ["value"], odd=external("/etc/passwd"))])


TREE = {
    "n_targets": 1,
    "aggregate_function": 1,
    "post_transform": 0,
    "nodes_featureids": [0, 0],
    "nodes_splits": numpy_helper.from_array(np.array([1.0, 2.0]), "splits"),
    "nodes_modes": numpy_helper.from_array(np.zeros(2, dtype=np.uint8), "modes"),
    "nodes_truenodeids": [1, 0],
    "nodes_trueleafs": [0, 1],
    "nodes_falsenodeids": [1, 2],
    "nodes_falseleafs": [1, 1],
    "nodes_missing_value_tracks_true": [0, 0],
    "leaf_targetids": [0, 0, 0],
    "leaf_weights": numpy_helper.from_array(np.array([1.0, 2.0, 3.0]), "weights"),
    "tree_roots": [0],
}


def tree(**changes):
    attributes = {**TREE, **changes}
    return tiny([helper.make_node("TreeEnsemble", ["numbers"], ["value"], domain="ai.onnx.ml", **attributes)])


def test_a_sound_tree_passes():
    """The tree that the hostile ones are made from is loaded."""
    assert "regression" == check(packed(tree())).header.task


HOSTILE = {
    "a tree that comes back to its root": lambda: tree(nodes_truenodeids=[0, 0]),
    "a tree that comes back further down": lambda: tree(nodes_trueleafs=[0, 0], nodes_truenodeids=[1, 1]),
    "a tree that ends nowhere": lambda: tree(nodes_falsenodeids=[1, 7]),
    "a tree that reads a feature that is not there": lambda: tree(nodes_featureids=[0, 5]),
    "a tree that reads before the first feature": lambda: tree(nodes_featureids=[0, -1]),
    "a tree whose width cannot be told": lambda: tiny(
        [
            helper.make_node("Concat", ["numbers", "nowhere"], ["wide"], axis=1),
            helper.make_node("TreeEnsemble", ["wide"], ["value"], domain="ai.onnx.ml", **TREE),
        ]
    ),
    "a tree behind columns put one below the other": lambda: tiny(
        [
            helper.make_node("Concat", ["numbers", "numbers"], ["wide"], axis=0),
            helper.make_node("TreeEnsemble", ["wide"], ["value"], domain="ai.onnx.ml", **TREE),
        ]
    ),
    "a tree behind an uneven split": lambda: tiny(
        [
            helper.make_node("Split", ["numbers"], ["one", "none"], axis=1, num_outputs=2),
            helper.make_node("TreeEnsemble", ["none"], ["value"], domain="ai.onnx.ml", **TREE),
        ]
    ),
    "a tree with too few nodes": lambda: tree(nodes_falseleafs=[1]),
    "a tree without a root": lambda: tree(tree_roots=[9]),
    "a leaf without a target": lambda: tree(leaf_targetids=[0, 0, 4]),
    "external data in a constant": lambda: tiny([ADD], constants=[external("/etc/passwd")]),
    "external data in an attribute": attribute_tensor,
    "a subgraph": lambda: tiny(
        [helper.make_node("If", ["numbers"], ["value"], then_branch=BRANCH, else_branch=BRANCH)]
    ),
    "an operator off the list": lambda: tiny([helper.make_node("Gelu", ["numbers"], ["value"])]),
    "an operator of a domain of its own": lambda: tiny(
        [helper.make_node("Add", ["numbers", "numbers"], ["value"], domain="evil")]
    ),
    "a function": with_function,
    "a constant of absurd size": huge,
    "a later operator set": lambda: tiny(opset=OPSET + 1),
    "another input": lambda: tiny(inputs=[helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [None, 1])]),
    "another width": lambda: tiny(inputs=[helper.make_tensor_value_info("numbers", TensorProto.DOUBLE, [None, 2])]),
    "another output": lambda: tiny(outputs=[helper.make_tensor_value_info("other", TensorProto.DOUBLE, [None, 1])]),
    "an output of another type": lambda: tiny(
        outputs=[helper.make_tensor_value_info("value", TensorProto.INT64, [None, 1])]
    ),
    "a graph that does not hang together": lambda: tiny([helper.make_node("Add", ["numbers", "nothing"], ["value"])]),
    "an output of another shape than it says": lambda: tiny(
        [helper.make_node("MatMul", ["numbers", "w"], ["value"])],
        constants=[numpy_helper.from_array(np.ones((1, 3)), "w")],
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_models_are_refused(kind):
    """A well-packed file whose ONNX goes beyond what our learners write is refused."""
    refused(packed(HOSTILE[kind]()))


@pytest.mark.parametrize("onnx_bytes", [b"", b"\x08\x07", b"not onnx", onnx.ModelProto().SerializeToString()])
def test_what_is_no_onnx_is_refused(onnx_bytes):
    """A well-packed file without a model in it is refused."""
    refused(ModelFile(HEADER, onnx_bytes).pack())


def test_a_corrupted_onnx_under_a_right_checksum_never_escapes():
    """Who breaks the ONNX and repairs the checksum meets ModelFileError, or has made another sound model."""
    onnx_bytes = tiny().SerializeToString()
    for place in range(len(onnx_bytes)):
        broken = bytearray(onnx_bytes)
        broken[place] ^= 0x15
        with contextlib.suppress(ModelFileError):
            assert "regression" == check(ModelFile(HEADER, bytes(broken)).pack()).header.task


def test_a_model_of_another_service_does_not_fit():
    """The bike model in the census service's place is refused, though the file is sound."""
    (bikes,) = SERVICES["Bike Rental Scoring"].models.values()
    with pytest.raises(ModelFileError, match="does not score with it"):
        check_fits(check(bikes), CENSUS.experiment, RESOURCE)
