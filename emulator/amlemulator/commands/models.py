"""``amlclassic models``: what a trained model's file holds, and the model taken home as plain ONNX."""

from __future__ import annotations

import argparse

_EPILOG = """\
FILE is an .ilearner file, as a training service's job writes it.

export writes NAME.onnx and NAME.py, a short program that scores CSV rows with it
and needs nothing of amlclassic: python NAME.py < rows.csv. The model is what
Train Model made; what the experiment does to its rows before Score Model
(Normalize Data, a script) is not in it.

Exit status: 0 done; 1 FILE is no sound model file, or there are other files of
those names already; 2 the call was wrong.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their flags."""
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="tell what a model file says of itself: schema, resource, training")
    show.add_argument("file", metavar="FILE", help="an .ilearner file")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    export = actions.add_parser("export", help="write the plain ONNX and a short program that scores with it")
    export.add_argument("file", metavar="FILE", help="an .ilearner file")
    export.add_argument("--out", metavar="DIR", default=".", help="folder for the two files (default: this one)")
    export.add_argument("--force", action="store_true", help="write over files that are there")


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked. Returns 0, 1 or 2."""
    from amlemulator.commands import _models

    actions = {"show": _models.show, "export": _models.export}
    return actions[arguments.action](arguments)
