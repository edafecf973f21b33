"""What ``amlclassic experiments`` does."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from amlemulator.commands._console import unusable
from amlemulator.experiments.document_schema import experiment_schema
from amlemulator.experiments.drawing import draw_svg, draw_text
from amlemulator.experiments.graph import GraphError, load_graph
from amlemulator.experiments.yaml_files import Placed, check_file, load_experiment_file
from amlemulator.workspaces.members import workspace_schema


def check(arguments: argparse.Namespace) -> int:
    """Tell everything that is wrong with the files. Returns 0 nothing, 1 something, 2 a file cannot be read."""
    found: list[Placed] = []
    for name in arguments.files:
        try:
            found += check_file(Path(name))
        except OSError as error:
            return unusable("experiments", name, error)
    if arguments.json:
        print(json.dumps({"findings": [_facts(one) for one in found]}, ensure_ascii=False, indent=1))
    else:
        for one in found:
            print(one)
    count = len(arguments.files)
    told = f"{len(found)} finding{'' if len(found) == 1 else 's'} in {count} file{'' if count == 1 else 's'}."
    print(told, file=sys.stderr)
    return 1 if found else 0


def _facts(one: Placed) -> dict[str, str | int]:
    finding = one.finding
    facts = {"node": finding.node, "message": finding.message, "mend": finding.mend}
    return {"file": str(one.path), "line": one.line, **facts}


def show(arguments: argparse.Namespace) -> int:
    """Draw an experiment on standard output, and as SVG where that is asked for. Returns 0, 1 or 2."""
    try:
        graph = load_graph(load_experiment_file(Path(arguments.file)))
        if arguments.svg:
            Path(arguments.svg).write_text(draw_svg(graph), "utf-8")
    except OSError as error:
        return unusable("experiments", arguments.file, error)
    except GraphError as error:
        print(error, file=sys.stderr)
        return 1
    print(draw_text(graph), end="")
    return 0


def schema(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of experiment files, or of workspace.yaml. Returns 0."""
    shown = workspace_schema() if arguments.workspace else experiment_schema()
    print(json.dumps(shown, ensure_ascii=False, indent=1))
    return 0
