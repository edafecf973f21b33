"""``amlclassic status``: every service with its kind, region, endpoints, and where their models come from."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from amlemulator.commands import _environment


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        "--endpoints-file", metavar="FILE", help="what `amlclassic serve --endpoints-file` wrote (default: start's own)"
    )
    parser.add_argument("--show-keys", action="store_true", help="show keys whole")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--ready", action="store_true", help="say nothing; exit status 0 when everything answers")
    _environment.add_flag(parser)
    parser.epilog = "Exit status: 0 shown; 1 the service cannot be asked; 2 the call was wrong."


def run(arguments: argparse.Namespace) -> int:
    """Show the services. Returns 0, 1 when they cannot be asked for, 2 for a wrong call."""
    if arguments.ready:
        return ready(arguments)
    # The client and requests stay out of `amlclassic --help`.
    from amlemulator.commands._listing import print_environment, show

    return print_environment(arguments) if arguments.print_env else show(arguments)


def ready(arguments: argparse.Namespace) -> int:
    """Ask whether everything answers, for health checks. Returns 0 or 1, 2 for a wrong call."""
    from amlemulator import background
    from amlemulator.settings import SettingsError, resolve

    try:
        file = resolve({"endpoints_file": arguments.endpoints_file}).endpoints_file
    except SettingsError as error:
        print(f"amlclassic status: {error}", file=sys.stderr)
        return 2
    running = background.find(Path(file) if file else background.default_file())
    return 0 if running is not None and background.ready(running) else 1
