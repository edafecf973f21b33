"""``amlclassic start``: run the emulator in the background, unless it runs already."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields

from amlemulator.commands import _environment
from amlemulator.settings import Settings, add_flags, words


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    add_flags(parser, shown=("endpoints_file",))
    _environment.add_flag(parser)
    parser.add_argument("--wait", metavar="SECONDS", type=float, default=60.0, help="give up after (default 60)")
    parser.usage = "amlclassic start [--print-env [SHELL]] [--wait SECONDS] [FLAGS OF SERVE]"
    parser.epilog = (
        "Takes every flag of `amlclassic serve`. Returns when everything answers. When the emulator of the endpoints "
        "file runs already, it is left as it is. Without --endpoints-file the file is the user's own, which status, "
        "stop and the other commands look for, too. Exit status: 0 it runs; 1 it did not get ready; 2 the call was "
        "wrong; 130 or 143 stopped by Ctrl-C or SIGTERM, and nothing was left running."
    )


def run(arguments: argparse.Namespace) -> int:
    """Start it. Returns 0, 1 when it does not get ready, 2 for a wrong call."""
    from amlclient import WrongCall
    from amlemulator import background
    from amlemulator.commands._child import Interrupted, Signals
    from amlemulator.commands._targets import background_file

    given = serve_words(arguments)
    try:
        with Signals() as signals:
            file = background_file(arguments)
            running, started = background.start(given, file, patience=arguments.wait, held=signals.held)
    except WrongCall as error:
        print(f"amlclassic start: {error}", file=sys.stderr)
        return 2
    except background.NotStarted as error:
        print(f"amlclassic start: {error}", file=sys.stderr)
        return 2 if error.status == 2 else 1
    except Interrupted as interrupted:
        print("amlclassic start: interrupted; nothing was left running.", file=sys.stderr)
        return interrupted.status
    already = "" if started else " (it ran already)"
    told = f"READY {running.line}, process {running.pid}{already}"
    print(told, file=sys.stderr if arguments.print_env else sys.stdout)
    if given and not started:
        print(
            "It keeps the settings that it was started with; `amlclassic stop` first to change them.", file=sys.stderr
        )
    if arguments.print_env:
        print(_environment.lines(running.endpoints, running.file, arguments.print_env))
    return 0


def serve_words(arguments: argparse.Namespace) -> list[str]:
    """Return the flags that were given, as ``amlclassic serve`` takes them."""
    names = (item.name for item in fields(Settings) if item.name != "endpoints_file")
    return words({name: getattr(arguments, name, None) for name in names})
