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
        ({"format": "date-time"}, "DateTime"),
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


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"Type": "Graph", "CodeBundle": BUNDLE}, " Valid web service types: Code."),
        ({"CodeBundle": {"InputSchema": {"a": "number"}}}, " Details: InputSchema of 'a' is no schema"),
        ({"CodeBundle": {"OutputSchema": {"b": {"enum": 5}}}}, " Details: OutputSchema of 'b' is no schema"),
    ],
)
def test_refusals_name_what_is_wrong(body, words):
    """The type that is known, or the column whose schema is none."""
    error = refusal_of(read_code_bundle, body)
    assert error.message.endswith(words)


def test_a_refused_member_is_named():
    """A schema or a name of the wrong JSON type is the target of the refusal."""
    bodies = [{"CodeBundle": {"InputSchema": []}}, {"CodeBundle": {"OutputSchema": 5}}, {"CodeBundle": {}, "Name": 5}]
    assert ["InputSchema", "OutputSchema", "Name"] == [refusal_of(read_code_bundle, body).target for body in bodies]


def test_columns_of_a_code_service():
    """Each port has the columns of its schema with their categories; what the script printed is one column of text."""
    bundle = {
        "InputSchema": {"a": {**NUMBER, "enum": [1, 2]}, "b": {}},
        "OutputSchema": {"result": {"type": "integer", "format": "int32"}},
    }
    interface = code_interface(bundle)
    assert ((Column("a", "Double", (1, 2)), Column("b", "String")),) == tuple(one.columns for one in interface.inputs)
    expected = ((Column("result", "Int32"),), (Column("Script output"),))
    assert expected == tuple(one.columns for one in interface.outputs)
