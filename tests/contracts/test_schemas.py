"""contracts/schemas: well formed, used, in step with the code, and read alike by two validators."""

import json
from functools import cache

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from amlclient import JobState as SeenState
from amlcontracts import compile as compiler
from amlcontracts import load
from amlcontracts.operations import operations
from amlcontracts.schemas import bundled, embedded, faults, needed, references, validator
from amlemulator.core.endpoints import TRACE_LEVELS
from amlemulator.core.interface import ColumnType
from amlemulator.core.records import BlobReference, JobState
from amlemulator.core.studio_records import ExperimentState
from amlemulator.engine.faults import CHECKS
from amlemulator.engine.journal import FILTERS
from support import bodies

FILES = {path.name.removesuffix(".schema.json"): path for path in sorted(compiler.SOURCE.glob("schemas/*.json"))}
WIRE = sorted({name for one in load("openapi").values() for name in needed(*references(one))})
READ_HERE = sorted(needed(*compiler.READ_HERE))  # what the packages read of files
FILES_OF_PEOPLE = {"experiment", "failure", "transcript", "workspace"}  # what people write, not what goes over the wire


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_schema_is_well_formed(name):
    """Each file is a valid schema of 2020-12 with its own name and a title; what it refers to is there."""
    schema = json.loads(FILES[name].read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]
    assert f"{name}.schema.json" == schema["$id"]
    assert schema["title"]
    assert set(references(schema)) <= set(FILES)


def test_every_schema_is_used():
    """Every body is one of an operation, or part of one, or of a file; nothing is left over."""
    assert set(FILES) - FILES_OF_PEOPLE == {*WIRE, *READ_HERE}


def test_no_body_is_typed_in_an_openapi_document():
    """Bodies of JSON are referred to, never written out in the OpenAPI documents."""
    for one in operations():
        for kinds in (one.bodies, *one.answers.values()):
            assert [] == [
                kind for kind, schema in kinds.items() if kind.endswith("json") and not list(references(schema))
            ]


def test_a_schema_in_one_piece_refers_to_nothing_outside():
    """What a validator is given names only what it holds itself."""
    assert {"batch-request", "blob-reference", "parameters"} == set(bundled("batch-request")["$defs"])
    assert [] == list(references(bundled("batch-request")))
    assert "$id" not in embedded("job-id", str)


def test_a_breach_is_told_with_its_place():
    """Each line says where in the body, and what is wrong there."""
    told = faults("job-status", {"StatusCode": "Done", "Results": None, "Details": None})
    assert 1 == len(told)
    assert told[0].startswith("$.StatusCode: 'Done' is not one of")
    assert [] == faults("job-status", {"StatusCode": "Running", "Results": None, "Details": None})


# In step with the code


def enum(name, *path):
    schema = load("schemas")[name]
    for step in path:
        schema = schema[step]
    return schema["enum"]


def test_words_are_those_of_the_code():
    """States, levels and types have the same words in the schemas and in the code."""
    states = [state.value for state in JobState]
    assert [*states, "Canceled"] == enum("job-status", "properties", "StatusCode")
    assert states == enum("job", "properties", "state")
    assert states == [state.value for state in SeenState][:-1]
    assert [state.value for state in ExperimentState] == enum("studio-status", "properties", "StatusCode")
    assert list(TRACE_LEVELS) == enum("endpoint", "properties", "DiagnosticsTraceLevel")
    assert {"Low", "High"} == set(enum("endpoint", "properties", "ThrottleLevel"))
    types = enum("result-table", "properties", "value", "properties", "ColumnTypes", "items")
    assert set(ColumnType.__args__) == set(types)


def test_members_are_those_of_the_code():
    """A fault and a blob reference have the same members in the schemas and in the code; so have the filters."""
    assert set(CHECKS) == set(load("schemas")["fault"]["properties"])
    assert len(BlobReference.__dataclass_fields__) == len(load("schemas")["blob-reference"]["properties"])
    filters = next(one for one in operations("control") if one.name == "control.requests").parameters
    assert set(FILTERS) == {place["name"] for place in filters}


# Two validators


@pytest.mark.parametrize("name", sorted({*WIRE, *READ_HERE}))
@settings(max_examples=20)
@given(data=st.data())
def test_two_validators_agree(name, data):
    """The reference implementation and the fast one say the same of allowed bodies and of nearly allowed ones."""
    allowed = data.draw(bodies.valid(name))
    assert (True, True) == (validator(name).is_valid(allowed), fast(name).is_valid(allowed))
    changed = data.draw(bodies.nearly(name))
    assert validator(name).is_valid(changed) == fast(name).is_valid(changed)


@cache
def fast(name):
    return jsonschema_rs.Draft202012Validator(bundled(name))
