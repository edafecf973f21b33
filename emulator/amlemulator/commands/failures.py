"""``amlclassic failures``: list, show and play the documented ways in which retraining goes wrong."""

from __future__ import annotations

import argparse

_EPILOG = """\
`run` starts an emulator of its own, sets the failure up, does its calls, shows request and answer, explains, applies
the mend and shows that it works. Nothing is left behind, and no running emulator is touched.

Exit status: 0 done (run: each failure was met as described, and mended); 1 a failure was not as described;
2 the call was wrong; 130 stopped by Ctrl-C.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their flags."""
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list every failure, in the order of the troubleshooting document")
    show = actions.add_parser("show", help="explain one: story, calls, answers, why, mend")
    show.add_argument("id", metavar="ID", help="as `list` names it")
    play = actions.add_parser("run", help="play one, or all")
    play.add_argument("id", metavar="ID", nargs="?", help="as `list` names it")
    play.add_argument("--all", action="store_true", help="play every failure")
    for action in (listing, show, play):
        action.add_argument("--json", action="store_true", help="print one JSON object")
        action.add_argument("--lang", choices=("en", "ko"), default="en", help="language of the texts (%(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked. Returns 0, 1 or 2."""
    from amlemulator.commands import _failures  # requests stays out of `amlclassic --help`

    actions = {"list": _failures.listing, "show": _failures.show, "run": _failures.play}
    return actions[arguments.action](arguments)
