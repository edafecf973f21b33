"""The command ``amlclassic``. Each command is a module of its own, imported only when it is called."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "serve": "run the emulator until it is stopped",
    "demo": "show the whole retraining flow, start to end",
    "retrain": "retrain a model through a training service and put it behind an endpoint",
    "status": "list web services, endpoints and where their models come from",
}


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; only ``command`` gets its own flags, so that no other module is imported."""
    top = argparse.ArgumentParser(
        prog="amlclassic",
        description="A local emulator of the web services of Azure Machine Learning Studio (classic).",
        epilog="Start with: amlclassic demo",
    )
    subparsers = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == command:
            importlib.import_module(f"amlemulator.commands.{name}").configure(subparser)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0 done, 1 failed or found broken, 2 called wrongly."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = next((word for word in words if not word.startswith("-")), None)
    command = command if command in COMMANDS else None
    parsed = parser(command).parse_args(words)
    return int(importlib.import_module(f"amlemulator.commands.{parsed.command}").run(parsed))


if __name__ == "__main__":
    sys.exit(main())
