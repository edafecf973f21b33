"""``amlclassic stop``: end the emulator that runs in the background."""

from __future__ import annotations

import argparse
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("--endpoints-file", metavar="FILE", help="the one it was started with, if one was named")
    parser.add_argument("--wait", metavar="SECONDS", type=float, default=60.0, help="give up after (default 60)")
    parser.epilog = "Exit status: 0 it does not run any more, or did not; 1 it has not ended yet; 2 the call was wrong."


def run(arguments: argparse.Namespace) -> int:
    """Stop it. Returns 0, 1 when it does not end, 2 for a wrong call."""
    from amlclient import WrongCall
    from amlemulator import background
    from amlemulator.commands._targets import background_file

    try:
        file = background_file(arguments)
        running = background.find(file)
        if running is None:
            print(f"No amlclassic runs that wrote {file}.")
            return 0
        background.stop(running, patience=arguments.wait)
    except WrongCall as error:
        print(f"amlclassic stop: {error}", file=sys.stderr)
        return 2
    except background.StillRunning as error:
        print(f"amlclassic stop: {error}", file=sys.stderr)
        return 1
    print(f"Stopped {running.line}, process {running.pid}")
    return 0
