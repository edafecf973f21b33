"""Bodies made from their schemas: any that is allowed, and any that is nearly so.

For the keywords that ``contracts/schemas`` use, and no others; what ``allOf`` adds is left to a filter.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from amlcontracts.schemas import bundled, validator

Schema = dict[str, Any]
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
# Texts for patterns: drawing from the expressions themselves takes a hundred times longer.
ID, KEY = "0123456789abcdef" * 2, "k" * 86 + "=="
SAMPLES = (
    *("f" * 32, ID, KEY, "2026-01-02T03:04:05.678Z", "http://h/", "https://h/a/", "?sv=1", "a/b.csv", "/Date(-1)/"),
    *("/Date(17)/", "a.b", "tests/a.py::test_b", "A sentence.", "a@b", "3.1.0", "", "<a> & 'ü'", "ünï"),
    f"https://h/x/workspaces/{ID}/webservices/{ID}/endpoints/{ID}",
    f"http://h/workspaces/{ID}/services/{ID}",
    f"/workspaces/{ID}/services/{ID}",
)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "integer": st.integers(-(2**53), 2**53),
    "number": st.floats(allow_nan=False, allow_infinity=False, width=32),
}
ANYTHING = st.recursive(
    st.one_of(*SCALARS.values(), TEXTS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


@cache
def valid(name: str) -> st.SearchStrategy[Any]:
    """Return a strategy for bodies that the schema allows."""
    schema = bundled(name)
    return _of(schema, schema["$defs"]).filter(validator(name).is_valid)


def nearly(name: str) -> st.SearchStrategy[Any]:
    """Return a strategy for bodies that differ from an allowed one in one place, or in nothing that matters."""
    return st.builds(_changed, valid(name).map(copy.deepcopy), st.randoms(use_true_random=False), ANYTHING)


def _of(schema: Schema, definitions: dict[str, Schema]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _named(schema["$ref"].rpartition("/")[2])
    for keyword, make in MAKERS.items():
        if keyword in schema:
            return make(schema, definitions)
    return ANYTHING


@cache
def _named(name: str) -> st.SearchStrategy[Any]:
    definitions: dict[str, Schema] = bundled(name)["$defs"]
    if f'"#/$defs/{name}"' in json.dumps(definitions[name]):  # it holds itself
        return st.deferred(lambda: _of(definitions[name], definitions))
    return _of(definitions[name], definitions)


def _any_of(schema: Schema, definitions: dict[str, Schema]) -> st.SearchStrategy[Any]:
    return st.one_of([_of(one, definitions) for one in schema["anyOf"]])


def _typed(schema: Schema, definitions: dict[str, Schema]) -> st.SearchStrategy[Any]:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_type(kind, schema, definitions) for kind in kinds])


def _of_type(kind: str, schema: Schema, definitions: dict[str, Schema]) -> st.SearchStrategy[Any]:
    if kind == "object":
        return _object(schema, definitions)
    if kind == "array":
        least, most = schema.get("minItems", 0), schema.get("maxItems", schema.get("minItems", 0) + 2)
        unique: Any = repr if schema.get("uniqueItems") else None
        return st.lists(_of(schema.get("items", {}), definitions), min_size=least, max_size=most, unique_by=unique)
    return _text(schema) if kind == "string" else _number(kind, schema)


def _text(schema: Schema) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        return st.sampled_from([sample for sample in SAMPLES if re.search(schema["pattern"], sample)])
    return TEXTS.filter(lambda text: len(text) >= schema.get("minLength", 0))


def _number(kind: str, schema: Schema) -> st.SearchStrategy[Any]:
    if "minimum" not in schema:
        return SCALARS[kind]
    least, most = schema["minimum"], schema.get("maximum", schema["minimum"] + 99)
    return st.integers(least, most) if kind == "integer" else st.floats(least, most)


def _object(schema: Schema, definitions: dict[str, Schema]) -> st.SearchStrategy[Any]:
    properties = {name: _of(one, definitions) for name, one in schema.get("properties", {}).items()}
    required = {name: properties.get(name, ANYTHING) for name in schema.get("required", ())}
    optional = {name: one for name, one in properties.items() if name not in required}
    fixed = st.fixed_dictionaries(required, optional=optional)
    others = schema.get("additionalProperties", False if properties else {})
    if others is False:
        return fixed
    more = st.dictionaries(TEXTS, ANYTHING if others is True else _of(others, definitions), max_size=2)
    return st.builds(lambda one, two: {**one, **two}, more, fixed)


MAKERS: dict[str, Callable[[Schema, dict[str, Schema]], st.SearchStrategy[Any]]] = {
    "const": lambda schema, _: st.just(schema["const"]),
    "enum": lambda schema, _: st.sampled_from(schema["enum"]),
    "anyOf": _any_of,
    "type": _typed,
}


def _changed(body: Any, random: Any, other: Any) -> Any:
    """Put something else into one place of a body, take a member away, or add one."""
    place = body
    while isinstance(place, (dict, list)) and place:
        key = random.choice(sorted(place)) if isinstance(place, dict) else random.randrange(len(place))
        if not isinstance(place[key], (dict, list)) or not place[key] or random.random() < 0.4:
            return _struck(body, place, key, random.randrange(3), other)
        place = place[key]
    return other


def _struck(body: Any, place: Any, key: Any, way: int, other: Any) -> Any:
    if way == 0:
        place[key] = other
    elif way == 1:
        del place[key]
    elif isinstance(place, dict):
        place[f"{key}2"] = other
    else:
        place.append(other)
    return body
