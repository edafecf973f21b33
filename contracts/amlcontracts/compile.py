"""Compile ``contracts/`` into the JSON that the packages read: ``python -m amlcontracts.compile [--check]``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from amlcontracts.schemas import references

SOURCE = Path(__file__).resolve().parents[1]
TARGET = Path(__file__).resolve().parent / "data"
READ_HERE = ("consumer-contract",)  # files of people that the packages check by their schema


def compiled() -> dict[str, str]:
    """Return file name to text of every compiled contract, made afresh from the YAML."""
    import yaml  # only people who change the contracts need it

    documents: dict[str, Any] = {
        source.stem: yaml.safe_load(source.read_text("utf-8")) for source in sorted(SOURCE.glob("*.yaml"))
    }
    if (SOURCE / "openapi").is_dir():
        documents["openapi"] = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in _files("openapi")}
        documents["schemas"] = _schemas([*references(documents["openapi"]), *READ_HERE])
    if (SOURCE / "transcripts").is_dir():
        documents["transcripts"] = [
            one for path in _files("transcripts") for one in yaml.safe_load(path.read_text("utf-8"))
        ]
    if (SOURCE / "failures").is_dir():
        documents["failures"] = _failures([yaml.safe_load(file.read_text("utf-8")) for file in _files("failures")])
    return {
        f"{name}.json": json.dumps(content, ensure_ascii=False, indent=1) + "\n" for name, content in documents.items()
    }


def _files(folder: str) -> list[Path]:
    return sorted((SOURCE / folder).glob("*.yaml"))


def _schemas(names: Iterable[str]) -> dict[str, Any]:
    """Read the named schemas and those that they refer to: the bodies. Most of files that people write stay out."""
    found: dict[str, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = json.loads((SOURCE / "schemas" / f"{name}.schema.json").read_text("utf-8"))
            waiting += references(found[name])
    return dict(sorted(found.items()))


def _failures(files: list[dict[str, Any]]) -> dict[str, Any]:
    """Put the catalogue of failures into the order of the user's document: one file names its sections."""
    index = next(file for file in files if "sections" in file)
    order = list(index["sections"])
    failures = [file for file in files if "id" in file]
    failures.sort(key=lambda one: (order.index(one["section"]), one["place"], one["id"]))
    return {**index, "failures": failures}


def main(arguments: list[str]) -> int:
    """Write the compiled files, or with ``--check`` only say which are stale. Returns the exit status."""
    stale = [
        name
        for name, text in compiled().items()
        if not (TARGET / name).exists() or (TARGET / name).read_text("utf-8") != text
    ]
    if "--check" in arguments:
        print("\n".join(f"{name} is stale: run python -m amlcontracts.compile" for name in stale) or "all compiled")
        return 1 if stale else 0
    TARGET.mkdir(exist_ok=True)
    for name, text in compiled().items():
        (TARGET / name).write_text(text, "utf-8")
    print(f"compiled {len(stale)} changed of {len(compiled())} contracts")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
