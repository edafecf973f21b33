"""The file of a consumer contract: YAML that a person reads in a review, the same bytes for the same run."""

from __future__ import annotations

import hashlib
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from amlcontracts.consumer.comparing import Scenario
from amlcontracts.consumer.shapes import path as place
from amlcontracts.consumer.shapes import schema_of
from amlcontracts.schemas import bundled

VERSION = 1
OURS = re.compile(r"[0-9a-f]{16}(?:\.\w+)?")  # how files beside a contract are called
INLINE = 16 * 1024  # bytes of a blob that stand in the file itself
HEAD = """\
# What our program relies on in the web services: its calls, and of each answer what it needs.
# Made by `pytest --aml-record`; checked by each run of the tests, and against any service by
# `amlclassic contracts consumer THIS_FILE --endpoints-file FILE`.
"""


class ContractError(Exception):
    """The file cannot be used; the message says why, and what to do."""


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as such, where YAML can give it back as it was."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    lines = value.split("\n")
    plain = all(line.isprintable() for line in lines)
    block = plain and len(lines) > 1 and all(line == line.strip() for line in lines)
    style = "|" if block else None if plain and len(lines) == 1 else '"'  # which escapes what does not print
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
_Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign] # anchors are for machines


def as_text(scenarios: Mapping[str, Scenario]) -> str:
    """Return the file of these scenarios, by test."""
    document = {"version": VERSION, "scenarios": [scenarios[name] for name in sorted(scenarios)]}
    return HEAD + yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None
    )


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(bundled("consumer-contract"))


def read(path: Path) -> dict[str, Scenario]:
    """Return the scenarios of a file by test; none when there is no file. Raises ContractError."""
    try:
        document = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path} cannot be read ({error}).") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise ContractError(f"{path}{line}: this is no YAML ({getattr(error, 'problem', error)}).") from error
    _check(path, document)
    return {scenario["test"]: scenario for scenario in document["scenarios"]}


def _check(path: Path, document: Any) -> None:
    version = document.get("version") if isinstance(document, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise ContractError(f"{path} has version {version} of the format; this program knows {VERSION}: update it.")
    fault = next(iter(_validator().iter_errors(document)), None)
    if fault is not None:
        where = place(fault.instance_path)
        raise ContractError(f"{path} is no consumer contract: {where}: {fault.message[:200]}. Record it again.")
    for scenario in document["scenarios"]:
        for call in scenario["calls"]:
            for shape in (call["answer"].get("headers"), call["answer"].get("body")):
                try:
                    jsonschema_rs.validator_for({"allOf": [schema_of(shape)]})
                except ValueError as error:
                    raise ContractError(f"{path}: {scenario['test']}: {call['operation']}: {error}") from error


def write(path: Path, scenarios: Mapping[str, Scenario], beside: Mapping[str, bytes]) -> bool:
    """Write the file, whole or not at all, and the files beside it; returns whether the file changed.

    Files beside it that no scenario names any more go, once it is written. Raises OSError.
    """
    content = as_text(scenarios).encode()
    for name, data in beside.items():
        _put(path.parent / name, data)
    changed = not path.exists() or path.read_bytes() != content
    if changed:
        _put(path, content)
    _sweep(path, {kept.get("file", "") for one in scenarios.values() for kept in _blobs(one).values()})
    return changed


def _blobs(scenario: Scenario) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = scenario.get("given", {}).get("blobs", {})
    return found


def _sweep(path: Path, named: set[str]) -> None:
    folder = path.parent / f"{path.stem}.data"
    for file in folder.iterdir() if folder.is_dir() else ():
        if OURS.fullmatch(file.name) and f"{folder.name}/{file.name}" not in named:
            file.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def kept_blob(path: Path, name: str, content: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return how a blob stands in the contract at ``path``, and the file beside it that it needs, if one."""
    if len(content) > INLINE:
        digest = hashlib.sha256(content).hexdigest()[:16]
        file = f"{path.stem}.data/{digest}{Path(name).suffix}"
        return {"file": file}, {file: content}
    try:
        return {"text": content.decode()}, {}
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}, {}


def blob_content(path: Path, kept: Mapping[str, str]) -> bytes:
    """Return a blob's content. Raises ContractError when the file beside the contract is missing."""
    if "text" in kept:
        return kept["text"].encode()
    if "base64" in kept:
        return b64decode(kept["base64"])
    try:
        return (path.parent / kept["file"]).read_bytes()
    except OSError as error:
        raise ContractError(f"{path.parent / kept['file']} cannot be read ({error.strerror}).") from error
