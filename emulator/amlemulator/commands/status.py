"""``amlclassic status``: every service with its kind, region, endpoints, and where their models come from."""

from __future__ import annotations

import argparse

from amlemulator.commands import _environment


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        "--endpoints-file", metavar="FILE", help="what `amlclassic serve --endpoints-file` wrote (default: start's own)"
    )
    parser.add_argument("--show-keys", action="store_true", help="show keys whole")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    _environment.add_flag(parser)
    parser.epilog = "Exit status: 0 shown; 1 the service cannot be asked; 2 the call was wrong."


def run(arguments: argparse.Namespace) -> int:
    """Show the services. Returns 0, 1 when they cannot be asked for, 2 for a wrong call."""
    # The client and requests stay out of `amlclassic --help`.
    from amlemulator.commands._listing import print_environment, show

    return print_environment(arguments) if arguments.print_env else show(arguments)
