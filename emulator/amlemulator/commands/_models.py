"""The work of ``amlclassic models``."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from amlemulator.commands._console import unusable
from amlemulator.experiments.model_file import (
    LARGEST_HEADER,
    LARGEST_MODEL,
    Feature,
    Header,
    ModelFile,
    ModelFileError,
    read_model_file,
)

_LARGEST = LARGEST_HEADER + LARGEST_MODEL + 1024  # more need not be read to be refused
_LEVELS_SHOWN = 5
_MEND = "give another --out, or write over files with --force"


def show(arguments: argparse.Namespace) -> int:
    """Tell what the file holds. Returns 0, 1 or 2."""
    try:
        file = read_model_file(_content(Path(arguments.file)))
        shown = _as_json(file) if arguments.json else _as_text(file)
    except OSError as error:
        return unusable("models", arguments.file, error)
    except ModelFileError as error:
        return _refused(arguments.file, error)
    print(shown)
    return 0


def _as_text(file: ModelFile) -> str:
    return "\n".join(_printable(line) for line in _lines(file))


def _as_json(file: ModelFile) -> str:
    try:
        facts = asdict(file.header) | {"schema_hash": file.header.schema_hash, "onnx_bytes": len(file.onnx)}
        return json.dumps(facts, indent=1)
    except RecursionError as error:
        raise ModelFileError("its training facts are nested too deeply") from error


def export(arguments: argparse.Namespace) -> int:
    """Write the ONNX and its program. Returns 0, 1 or 2; where it is not 0, nothing was written."""
    from amlemulator.experiments.model_check import check  # brings onnx
    from amlemulator.experiments.model_export import scoring_program
    from amlemulator.experiments.trained import FunctionModel

    path, folder = Path(arguments.file), Path(arguments.out)
    try:
        model = check(_content(path))
        if isinstance(model, FunctionModel):
            raise ModelFileError("a function's own bytes, which are no ONNX; its score function reads them")
        columns = [column.name for column in model.added_columns()]
        written = {
            folder / f"{path.stem}.onnx": model.file.onnx,
            folder / f"{path.stem}.py": scoring_program(model.header, columns).encode(),
        }
        taken = [str(target) for target, content in written.items() if _is_another(target, content)]
        if taken and not (arguments.force and all(target.is_file() for target in written if target.exists())):
            print(f"amlclassic models: {' and '.join(taken)}: there already; {_MEND}.", file=sys.stderr)
            return 1
        folder.mkdir(parents=True, exist_ok=True)
        _write(written)
    except OSError as error:
        return unusable("models", arguments.file, error)
    except ModelFileError as error:
        return _refused(arguments.file, error)
    onnx, program = written
    print(f"Wrote {onnx} and {program}. Score rows with: python {shlex.quote(str(program))} < rows.csv")
    return 0


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_LARGEST)


def _is_another(path: Path, content: bytes) -> bool:
    return path.exists() and (not path.is_file() or path.read_bytes() != content)


def _write(files: Mapping[Path, bytes]) -> None:
    """Write files beside their places, then put them there: none is ever half there, and for want of room none is."""
    with tempfile.TemporaryDirectory(dir=next(iter(files)).parent, prefix=".export-") as made:
        for path, content in files.items():
            (Path(made) / path.name).write_bytes(content)
        for path in files:
            (Path(made) / path.name).replace(path)


def _refused(name: str, error: ModelFileError) -> int:
    told = f"amlclassic models: {name} is no sound model file: {error}. Take one that a training service's job wrote."
    print(_printable(told), file=sys.stderr)
    return 1


def _printable(text: str) -> str:
    """Return text that moves no cursor: a model's names may come from a stranger."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _lines(file: ModelFile) -> Iterator[str]:
    header = file.header
    yield header.resource or "(a model without a resource name)"
    for name, value in _told(header).items():
        if value:
            yield f"  {name:<12} {value}"
    yield f"  {'schema hash':<12} {header.schema_hash}"
    yield f"  {'ONNX':<12} {len(file.onnx):,} bytes"
    for name, value in _flat(header.facts):
        yield f"  {name}: {value}"
    yield f"  {len(header.features)} feature{'' if len(header.features) == 1 else 's'}:"
    width = max((len(feature.name) for feature in header.features), default=0)
    for feature in header.features:
        yield f"    {feature.name:<{width}}  {feature.type:<8} {_read_as(feature)}"


def _told(header: Header) -> dict[str, str]:
    label = f"{header.label} ({header.label_type})" if header.label else ""
    return {
        "experiment": header.experiment,
        "learner": f"{header.learner} ({header.task})",
        "label": label,
        "classes": ", ".join(map(str, header.classes)),
    }


def _flat(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield training facts, a group's own without the group: rows, rows used, each parameter."""
    for name, value in facts.items():
        yield from value.items() if isinstance(value, dict) else [(name, value)]


def _read_as(feature: Feature) -> str:
    if feature.kind == "number":
        return "as a number"
    shown = ", ".join(feature.levels[:_LEVELS_SHOWN])
    more = len(feature.levels) - _LEVELS_SHOWN
    return f"one of {len(feature.levels)}: {shown}{f', and {more} more' if more > 0 else ''}"
