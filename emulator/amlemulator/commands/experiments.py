"""``amlclassic experiments``: check experiment files, draw them, print the schema that editors complete by."""

from __future__ import annotations

import argparse

_EPILOG = """\
Exit status: 0 done (check: nothing was found); 1 something is wrong with a file; 2 the call was wrong.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their flags."""
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="tell everything that is wrong with experiment files, with line and mend")
    check.add_argument("files", metavar="FILE", nargs="+", help="experiment files, as YAML")
    check.add_argument("--json", action="store_true", help="print one JSON object")
    show = actions.add_parser("show", help="draw an experiment")
    show.add_argument("file", metavar="FILE", help="an experiment file, as YAML")
    show.add_argument("--svg", metavar="OUT", help="write the drawing as SVG too")
    schema = actions.add_parser("schema", help="print the JSON Schema of experiment files, for editors")
    schema.add_argument("--workspace", action="store_true", help="print that of workspace.yaml instead")


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked. Returns 0, 1 or 2."""
    from amlemulator.commands import _experiments  # PyYAML stays out of `amlclassic --help`

    actions = {"check": _experiments.check, "show": _experiments.show, "schema": _experiments.schema}
    return actions[arguments.action](arguments)
