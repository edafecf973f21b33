"""Reading JSON bodies as old clients send them: null is absent, unknown members are ignored, wrong types refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from amlemulator.core.cells import PARSERS, CellError
from amlemulator.core.errors import failure
from amlemulator.core.interface import Parameter

SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")  # an escape that may be half a character
TRUTH = re.compile(r"true|false", re.IGNORECASE)
WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*")


def parse_json(raw: bytes) -> Any:
    """Return the JSON value of a request body. NaN and Infinity pass, for Python clients send them.

    Raises BadArgument/RequestBodyInvalid for an empty body, broken JSON or text that is not UTF-8, half a surrogate
    pair among it, for nothing could write that out again.
    """
    try:
        value = json.loads(raw.decode("utf-8-sig"))
        if SURROGATE.search(raw):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise failure("BadArgument/RequestBodyInvalid") from error
    return value


def object_member(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a member that is an object; null and absent are the empty object.

    Raises BadArgument/RequestBodyInvalid when it is anything else.
    """
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise failure("BadArgument/RequestBodyInvalid", target=name)
    return value


def require_object(body: Any) -> dict[str, Any]:
    """Return the body when it is an object; null is an empty request (documents.md 13.3)."""
    if body is None:
        raise failure("BadArgument/RequestIsEmpty")
    if not isinstance(body, dict):
        raise failure("BadArgument/RequestBodyInvalid")
    return body


def text_member(body: Mapping[str, Any], name: str) -> str | None:
    """Return a member that is a string or null. Raises BadArgument/RequestBodyInvalid when it is anything else."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise failure("BadArgument/RequestBodyInvalid", target=name)
    return value


def _parameter_text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    raise failure("BadArgument/BadParameterValue", target=name)


def parameters(declared: tuple[Parameter, ...], given: Mapping[str, Any]) -> dict[str, str]:
    """Return the value of every web service parameter, defaults filled in; null counts as not given.

    Raises UnexpectedParameter (target: its name), MissingRequiredGlobalParameters (target: the parameter's name, as
    observed: errors.md O2) and BadParameterValue, all of the BadArgument group.
    """
    known = {parameter.name for parameter in declared}
    for name in given:
        if name not in known:
            raise failure("BadArgument/UnexpectedParameter", target=name)
    values: dict[str, str] = {}
    for parameter in declared:
        value = given.get(parameter.name)
        if value is not None:
            values[parameter.name] = _checked(parameter, _parameter_text(parameter.name, value))
        elif parameter.required:
            raise failure("BadArgument/MissingRequiredGlobalParameters", target=parameter.name)
        elif parameter.default is not None:
            values[parameter.name] = parameter.default
    return values


def _checked(parameter: Parameter, value: str) -> str:
    # An empty value passes for every type: a real caller sends "" for booleans (clients.md section 3).
    if not value:
        return value
    plain = {"Int32": WHOLE, "Int64": WHOLE, "Boolean": TRUTH}.get(parameter.type)
    try:
        if plain is not None and not plain.fullmatch(value):
            raise CellError(value, parameter.type)
        PARSERS[parameter.type](value)
    except CellError as error:
        raise failure("BadArgument/BadParameterValue", target=parameter.name) from error
    return value
