"""JSON bodies as old clients send them."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.bodies import object_member, parameters, parse_json, require_object, text_member
from amlemulator.core.cells import PARSERS
from amlemulator.core.errors import ServiceError
from amlemulator.core.interface import Parameter
from support.records import refusal_of

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
PARAMETER = Parameter("New column names", required=True)


@given(JSON_VALUES, st.booleans(), st.booleans())
def test_every_json_value_is_read(value, escaped, marked):
    """JSON text is read whether its characters are escaped or not, and whether a byte order mark stands before it."""
    text = json.dumps(value, ensure_ascii=escaped)
    assert value == parse_json(text.encode("utf-8-sig" if marked else "utf-8"))


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a":-Infinity}'])
def test_what_python_clients_write_for_not_a_number_passes(text):
    """NaN and Infinity are read, though no JSON, for Python clients send them (clients.md section 3)."""
    parse_json(text.encode())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"  ",
        b"{",
        b"{'a': 1}",
        b'{"a": 1} x',
        b'"\xff"',
        b"\x00",
        b'"\\ud800"',
        b'{"\\udc00": 1}',
        b"[" * 100_000,
        b"1" * 5000,
        '{"a": 1}'.encode("utf-16"),
    ],
)
def test_what_is_no_json_is_an_invalid_body(raw):
    """Nothing, broken JSON, other encodings, half characters and endless nesting or numbers are RequestBodyInvalid."""
    error = refusal_of(parse_json, raw)
    assert ("BadArgument", "RequestBodyInvalid", 400) == (error.entry.group, error.code, error.entry.status)


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(raw):
    """Any bytes are either a JSON value that can be written out again or a refusal."""
    with suppress(ServiceError):
        json.dumps(parse_json(raw), ensure_ascii=False).encode()


def test_null_is_an_empty_request():
    """A body of null is RequestIsEmpty; one that is no object is RequestBodyInvalid (documents.md 13.3)."""
    assert "RequestIsEmpty" == refusal_of(require_object, None).code
    assert ["RequestBodyInvalid"] * 4 == [refusal_of(require_object, body).code for body in ([], "a", 1, True)]


@given(st.dictionaries(st.sampled_from(["Inputs", "Other"]), JSON_VALUES))
def test_an_object_member_may_be_null_or_absent(body):
    """A member that should be an object is one, or {} for null and absent, or the refusal names it."""
    value = body.get("Inputs")
    if value is None or isinstance(value, dict):
        assert (value or {}) == object_member(body, "Inputs")
    else:
        assert "Inputs" == refusal_of(object_member, body, "Inputs").target


@given(st.dictionaries(st.just("Name"), JSON_VALUES))
def test_a_text_member_is_text_or_nothing(body):
    """A member that should be a string is one or null; anything else is refused by its name."""
    value = body.get("Name")
    if value is None or isinstance(value, str):
        assert value == text_member(body, "Name")
    else:
        assert "Name" == refusal_of(text_member, body, "Name").target


# Web service parameters


def test_a_missing_parameter_is_named_in_the_target():
    """A required parameter that is absent or null is refused with its display name as target (observed, O2)."""
    for given_values in ({}, {"New column names": None}):
        error = refusal_of(parameters, (PARAMETER,), given_values)
        expected = ("BadArgument", "MissingRequiredGlobalParameters", "New column names")
        assert expected == (error.entry.group, error.code, error.target)


def test_an_unknown_parameter_is_named_in_the_target():
    """A name that the service does not have is UnexpectedParameter; names are case-sensitive (documents.md 7)."""
    for name in ("Seed", "new column names", ""):
        error = refusal_of(parameters, (PARAMETER,), {"New column names": "a", name: "1"})
        assert ("UnexpectedParameter", name) == (error.code, error.target)


def test_unknown_comes_before_missing():
    """A misspelt required parameter is told as unknown, which is what its caller has to mend."""
    assert "UnexpectedParameter" == refusal_of(parameters, (PARAMETER,), {"New colum names": "a"}).code


def test_defaults_fill_in():
    """An optional parameter takes its default, or stays away when it has none."""
    declared = (Parameter("seed", "Int32", default="7"), Parameter("title"))
    assert {"seed": "7"} == parameters(declared, {})
    assert {"seed": "8", "title": "x"} == parameters(declared, {"seed": 8, "title": "x"})


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("String", 5, "5"),
        ("String", True, "true"),
        ("Int32", 5, "5"),
        ("Int32", " -5 ", " -5 "),
        ("Double", "1e3", "1e3"),
        ("Double", 0.5, "0.5"),
        ("Boolean", True, "true"),
        ("Boolean", "FALSE", "FALSE"),
        ("DateTime", "5/30/2010 6:07:00 PM", "5/30/2010 6:07:00 PM"),
        *((kind, "", "") for kind in PARSERS),
    ],
)
def test_parameter_values_that_pass(kind, value, expected):
    """A string, a number or a boolean that fits passes as text; an empty string passes for every type."""
    assert {"p": expected} == parameters((Parameter("p", kind),), {"p": value})


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Int32", "abc"),
        ("Int32", "1_000"),
        ("Int32", "3.5"),
        ("Int32", 3.5),
        ("Int32", "2147483648"),
        ("Int64", str(2**63)),
        ("Int32", "٣"),
        ("Double", "1_0"),
        ("Double", "much"),
        ("Boolean", "yes"),
        ("Boolean", "1"),
        ("DateTime", "soon"),
        ("TimeSpan", "later"),
        ("String", ["a"]),
        ("String", {"a": 1}),
    ],
)
def test_parameter_values_that_do_not(kind, value):
    """A value that its type cannot hold is BadParameterValue of the BadArgument group, with the name as target."""
    error = refusal_of(parameters, (Parameter("p", kind),), {"p": value})
    assert ("BadArgument", "BadParameterValue", "p") == (error.entry.group, error.code, error.target)


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (2, "2"), (0.5, "0.5"), ("x", "x")])
def test_a_parameter_is_a_text_whatever_was_sent(value, text):
    """Booleans are written as JSON writes them, numbers as Python does."""
    assert {"p": text} == parameters((Parameter("p"),), {"p": value})


@pytest.mark.parametrize("wanted", ["Int32", "Int64"])
@pytest.mark.parametrize("value", ["1.0", "1e3", "0x10"])
def test_a_whole_number_is_written_with_digits_alone(wanted, value):
    """What a cell of a table may look like is refused for a parameter, with its name."""
    error = refusal_of(parameters, (Parameter("p", wanted),), {"p": value})
    assert ("BadParameterValue", "p") == (error.code, error.target)
