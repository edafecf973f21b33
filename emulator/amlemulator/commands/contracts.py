"""``amlclassic contracts``: check that a service keeps the promises that ``contracts/`` writes down."""

from __future__ import annotations

import argparse
from typing import Any

_CONSUMER = """\
The contract says what a team's own program calls, and what it needs of each
answer; docs/how-to/consumer-contracts.md tells how it is recorded. It is played
in a workspace that has the web services which it names. The blobs and endpoints
that it needs are added and removed; what the program changes otherwise, such as
a deleted service, stays changed.

Exit status: 0 every answer is as relied on; 1 one is not, or could not be asked
for; 2 the call was wrong.
"""
_EPILOG = """\
The service may be any that the endpoints file describes: the checks use its
addresses and keys and no control plane. They add endpoints and blobs of their
own and remove them; nobody else should use the service meanwhile.

Exit status: 0 every promise held; 1 one was broken; 2 the call was wrong.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their flags."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="check a running service",
        description="Check a running service: laws, state machines and transcripts, with\nexamples drawn from a seed.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_EPILOG,
    )
    check.add_argument("--endpoints-file", metavar="FILE", help="what `amlclassic serve --endpoints-file` wrote")
    check.add_argument("--junit", metavar="FILE", help="write the results as JUnit XML")
    check.add_argument("--html", metavar="FILE", help="write the results as one self-contained page")
    check.add_argument("--json", action="store_true", help="print the results as one JSON object")
    check.add_argument("--seed", metavar="TEXT", help="draw the same examples again (default: another each time)")
    tiers = check.add_mutually_exclusive_group()
    tiers.add_argument("--quick", action="store_true", help="fewer examples, some seconds")
    tiers.add_argument("--full", action="store_true", help="many examples, some minutes")
    check.add_argument(
        "--only", metavar="CHECK", action="append", default=[], help="only checks that begin so; repeatable"
    )
    check.add_argument(
        "--settle",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="how long a new endpoint or model may take to show (default 0; the real service took up to 30)",
    )
    check.add_argument("--list", action="store_true", help="list the checks and make none")
    _configure_consumer(actions)


def _configure_consumer(actions: Any) -> None:
    consumer = actions.add_parser(
        "consumer",
        help="check that a service still gives what a program relies on",
        description="Make the calls of a consumer contract again, and check the answers.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_CONSUMER,
    )
    consumer.add_argument("contract", metavar="CONTRACT", help="the file that tests with `expects` have recorded")
    consumer.add_argument("--endpoints-file", metavar="FILE", help="what `amlclassic serve --endpoints-file` wrote")
    consumer.add_argument("--junit", metavar="FILE", help="write the results as JUnit XML")
    consumer.add_argument("--html", metavar="FILE", help="write the results as one self-contained page")
    consumer.add_argument("--json", action="store_true", help="print the results as one JSON object")
    consumer.add_argument(
        "--only", metavar="TEST", action="append", default=[], help="only scenarios that begin so; repeatable"
    )
    consumer.add_argument(
        "--settle",
        metavar="SECONDS",
        type=float,
        default=0.0,
        help="how long a new endpoint or model may take to show (default 0; the real service took up to 30)",
    )
    consumer.add_argument("--list", action="store_true", help="list the scenarios and play none")


def run(arguments: argparse.Namespace) -> int:
    """Check. Returns 0, 1 or 2."""
    from amlemulator.commands import _contracts  # its libraries stay out of `amlclassic --help`

    return _contracts.check(arguments) if arguments.action == "check" else _contracts.consumer(arguments)
