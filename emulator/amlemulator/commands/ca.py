"""``amlclassic ca``: the certificate authority of this user: its certificate, how to trust it, how to stop."""

from __future__ import annotations

import argparse

_EPILOG = """\
The authority is this user's own: made on this machine, its key readable by the
owner only, good for 30 days, and constrained to the service's domains. Programs
that `amlclassic run` starts trust it without any of this.

Exit status: 0 done; 2 the call was wrong or the authority cannot be used.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "--output", metavar="FILE", help="write the certificate there too; - prints it and nothing else"
    )
    parser.add_argument("--ca-folder", metavar="DIR", help="folder of the authority (default: one per user)")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--renew", action="store_true", help="make a new authority; emulators that run need a restart")
    change.add_argument("--remove", action="store_true", help="remove key and certificate")


def run(arguments: argparse.Namespace) -> int:
    """Do it. Returns 0 or 2."""
    from amlemulator.commands import _ca  # cryptography stays out of `amlclassic --help`

    return _ca.run(arguments)
