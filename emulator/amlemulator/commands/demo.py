"""``amlclassic demo``: the whole retraining flow on an emulator of its own, start to end."""

from __future__ import annotations

import argparse
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument(
        "--many",
        metavar="N",
        type=int,
        help="train, add, update and score a model and an endpoint for each of N locations instead (1000 take minutes)",
    )
    parser.add_argument(
        "--plot", metavar="FILE", help="where --many draws what the models say, as HTML (default many.html)"
    )
    parser.epilog = (
        "Exit status: 0 done; 1 something failed; 130 or 143 stopped by Ctrl-C or SIGTERM. Nothing is left behind "
        "but the plot."
    )


def run(arguments: argparse.Namespace) -> int:
    """Play the flow. Returns 0, 1, 2 when called wrongly, or 128 and the signal that stopped it."""
    from amlemulator.commands._demonstration import demonstrate  # requests stays out of `amlclassic --help`

    if arguments.many is None and arguments.plot is None:
        return demonstrate(arguments.json)
    from functools import partial

    from amlclient import WrongCall
    from amlemulator.commands._many import plan, play

    try:
        count, plot = plan(arguments.many, arguments.plot)
    except WrongCall as error:
        print(f"amlclassic demo: {error}", file=sys.stderr)
        return 2
    return demonstrate(arguments.json, partial(play, count=count, plot=plot))
