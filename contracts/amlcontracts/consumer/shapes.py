"""What a program relies on in a JSON value: said in Python, kept in a file as a shape, held as JSON Schema.

A shape looks like the value. An object has at least these members, a plain value is exactly this one, a list has
exactly these elements; what is looser has one member that begins with ``$``:

    {$type: string}          a value of a JSON type, or of one of a list of types
    {$matches: "^[0-9]+$"}   a text in which the pattern occurs
    {$each: SHAPE}           a list of one or more, each of the shape
    {$present: true}         anything

A member whose own name begins with ``$`` has one more of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import reduce
from types import EllipsisType, NoneType, UnionType
from typing import Any, get_args

import jsonschema_rs

Shape = Any  # JSON
DIALECT = "https://json-schema.org/draft/2020-12/schema"
# More than one Python type may stand for a JSON one; bool before int, for it is one.
TYPES: dict[Any, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    NoneType: "null",
}
SHOWN = 200  # characters of a message


def shape_of(stated: Any) -> Shape:
    """Return the shape that Python says.

    A dict has at least these members, ``[x, ...]`` is a list of one or more ``x``, any other list is exactly this one,
    ``...`` is anything; a type, a union of types, a compiled pattern; any other value is exactly that one. Raises
    TypeError for what no JSON can be, ValueError for a pattern that cannot be kept.
    """
    if isinstance(stated, Mapping):
        return {_escaped(name): shape_of(one) for name, one in stated.items()}
    if isinstance(stated, list):
        if len(stated) == 2 and stated[1] is ...:
            return {"$each": shape_of(stated[0])}
        return [shape_of(one) for one in stated]
    if stated is None or isinstance(stated, str | bool | int | float):
        return stated
    return _looser_than_a_value(stated)


def _looser_than_a_value(stated: Any) -> Shape:
    if isinstance(stated, EllipsisType):
        return {"$present": True}
    if isinstance(stated, re.Pattern):
        return {"$matches": _pattern(stated)}
    if isinstance(stated, UnionType):
        return {"$type": [_type(one) for one in get_args(stated)]}
    if isinstance(stated, type):
        return {"$type": _type(stated)}
    raise TypeError(f"{stated!r} says nothing about JSON: use a value, a type, a compiled pattern, ... or [x, ...]")


def _escaped(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a member of an object has a text for its name, not {name!r}")
    return f"${name}" if name.startswith("$") else name


def _type(stated: Any) -> str:
    if stated not in TYPES:
        known = ", ".join(one.__name__ for one in TYPES if one is not NoneType)
        raise TypeError(f"{stated!r} is no type of JSON; those are {known} and None")
    return TYPES[stated]


def _pattern(stated: re.Pattern[Any]) -> str:
    if not isinstance(stated.pattern, str) or stated.flags & ~re.UNICODE:
        raise ValueError(f"{stated!r} cannot be kept: use a pattern of text without flags")
    try:
        jsonschema_rs.validator_for({"$schema": DIALECT, "pattern": stated.pattern})
    except ValueError:
        reason = "JSON Schema's patterns are those of ECMAScript"
        raise ValueError(f"the pattern {stated.pattern!r} cannot be kept: {reason}") from None
    return stated.pattern


def schema_of(shape: Shape) -> Any:
    """Return the JSON Schema (2020-12) that says the same as a shape. Raises ValueError for what is no shape."""
    if isinstance(shape, list):
        elements = {"prefixItems": [schema_of(one) for one in shape]} if shape else {}
        return {"type": "array", **elements, "minItems": len(shape), "maxItems": len(shape)}
    if not isinstance(shape, dict):
        return {"const": shape}
    loose = [name for name in shape if name.startswith("$") and not name.startswith("$$")]
    if loose:
        return _schema_of_a_looser_one(shape)
    members = {name.removeprefix("$"): schema_of(one) for name, one in shape.items()}
    return {"type": "object", "required": list(members), "properties": members}


def _schema_of_a_looser_one(shape: Mapping[str, Any]) -> Any:
    match shape:
        case {"$present": True, **rest} if not rest:
            return True
        case {"$type": said, **rest} if not rest:
            return {"type": said}
        case {"$matches": str(pattern), **rest} if not rest:
            return {"type": "string", "pattern": pattern}
        case {"$each": each, **rest} if not rest:
            return {"type": "array", "items": schema_of(each), "minItems": 1}
    raise ValueError(f"{shape!r} is no shape: there are $type, $matches, $each and $present: true, each alone")


def with_texts(shape: Shape, change: Callable[[str], str]) -> Shape:
    """Return a copy of a shape with every exact text in it, and every name of a member, changed."""
    if isinstance(shape, str):
        return change(shape)
    if isinstance(shape, list):
        return [with_texts(one, change) for one in shape]
    if not isinstance(shape, dict) or set(shape) & {"$present", "$type", "$matches"}:
        return shape
    if "$each" in shape:
        return {"$each": with_texts(shape["$each"], change)}
    return {change(name): with_texts(one, change) for name, one in shape.items()}


def unlike(shape: Shape, value: Any) -> list[str]:
    """Return where a value is not of a shape, a line each: the place as in JavaScript, and what is amiss."""
    validator = jsonschema_rs.Draft202012Validator({"$schema": DIALECT, **_object(schema_of(shape))})
    return [f"{path(error.instance_path)}: {_told(error)}" for error in validator.iter_errors(value)]


def _told(error: jsonschema_rs.ValidationError) -> str:
    came = f", got {json.dumps(error.instance)}" if error.message.endswith("was expected") else ""
    return f"{error.message}{came}"[:SHOWN]


def _object(schema: Any) -> dict[str, Any]:
    return {} if schema is True else schema


def path(steps: list[str | int]) -> str:
    """Return a place in a value as JavaScript writes it: ``$.Results.output1[0]``."""
    return reduce(lambda before, step: before + step_of(step), steps, "$")


def step_of(step: str | int) -> str:
    """Return one step of a place."""
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if re.fullmatch(r"[$\w-]+", step) else f"[{step!r}]"
