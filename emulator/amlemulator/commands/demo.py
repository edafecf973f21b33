"""``amlclassic demo``: the whole retraining flow on an emulator of its own, start to end."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.epilog = (
        "Exit status: 0 done; 1 something failed; 130 or 143 stopped by Ctrl-C or SIGTERM. Nothing is left behind."
    )


def run(arguments: argparse.Namespace) -> int:
    """Play the flow. Returns 0, 1, or 128 and the signal that stopped it."""
    from amlemulator.commands._demonstration import demonstrate  # requests stays out of `amlclassic --help`

    return demonstrate(arguments.json)
