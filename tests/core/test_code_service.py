"""Code services as the Python and R clients publish them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.code_service import code_interface, read_code_bundle
from amlemulator.core.interface import Column
from support.records import refusal_of

NUMBER = {"type": "number", "format": "double"}
BUNDLE = {
    "InputSchema": {"a": NUMBER, "b": {"type": "integer", "format": "int32"}},
    "OutputSchema": {"result": NUMBER},
    "Language": "python-2.7-64",
    "SourceCode": "...",
}
SCHEMAS = st.dictionaries(
    st.sampled_from(["type", "format", "enum", "other"]),
    st.none() | st.text(max_size=6) | st.integers() | st.lists(st.text(max_size=3), max_size=3),
)


def test_a_bundle_of_the_python_client():
    """Name and bundle come back as they were sent, whatever else stands beside them."""
    assert ("myadd", BUNDLE) == read_code_bundle({"Name": "myadd", "Type": "Code", "CodeBundle": BUNDLE})
    assert ("", {}) == read_code_bundle({"CodeBundle": {}})
    assert ("", {}) == read_code_bundle({"Type": None, "Name": None, "CodeBundle": {}, "ZipContents": "eA=="})


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"Type": "Graph", "CodeBundle": BUNDLE}, "BadArgument/WebServiceTypeInvalid"),
        ({"Type": 5, "CodeBundle": BUNDLE}, "BadArgument/WebServiceTypeInvalid"),
        ({"Name": "a"}, "BadArgument/MissingWebServicePackage"),
        ({"CodeBundle": "x"}, "BadArgument/MissingWebServicePackage"),
        ({"CodeBundle": {"InputSchema": []}}, "BadArgument/RequestBodyInvalid"),
        ({"CodeBundle": {"InputSchema": {"a": "number"}}}, "WebServicePackageError/FormatError"),
        ({"CodeBundle": {"OutputSchema": {"a": {"enum": 5}}}}, "WebServicePackageError/FormatError"),
        ({"CodeBundle": {}, "Name": 5}, "BadArgument/RequestBodyInvalid"),
    ],
)
def test_bundles_that_are_none(body, name):
    """Another type, no bundle, or a schema that is none is refused with the catalogue's own codes."""
    assert name == refusal_of(read_code_bundle, body).entry.name


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer", "format": "int64"}, "Int64"),
        ({"type": "integer", "format": "int32"}, "Int32"),
        (NUMBER, "Double"),
        ({"type": "number"}, "Double"),
        ({"type": "Boolean"}, "Boolean"),
        ({"type": "boolean", "format": None}, "Boolean"),
        ({"type": "string", "format": "date-time"}, "DateTime"),
        ({"type": "string"}, "String"),
        ({}, "String"),
        ({"type": "object"}, "String"),
    ],
)
def test_types_of_the_clients(schema, kind):
    """The schemas that the Python and R clients write are the types of the wire (clients.md section 5)."""
    interface = code_interface({"InputSchema": {"a": schema}})
    assert (Column("a", kind),) == interface.inputs[0].columns


def test_a_code_service_also_gives_what_its_script_printed():
    """The second output is the script's own words (documents.md 4.2, the recorded reply)."""
    interface = code_interface(BUNDLE)
    assert ("scoring", ["input1"], ["output1", "output2"], ()) == (
        interface.kind,
        [port.name for port in interface.inputs],
        [port.name for port in interface.outputs],
        interface.resources,
    )


@given(st.dictionaries(st.text(max_size=4), SCHEMAS, max_size=3))
def test_what_passes_the_check_can_be_read(schema):
    """Whatever schema a bundle passes with, the service's interface can be made of it."""
    body = {"CodeBundle": {"InputSchema": schema, "OutputSchema": schema}}
    if all(isinstance(facts.get("enum") or [], list) for facts in schema.values()):
        _, bundle = read_code_bundle(body)
        assert list(schema) == [column.name for column in code_interface(bundle).inputs[0].columns]
    else:
        assert "FormatError" == refusal_of(read_code_bundle, body).code
