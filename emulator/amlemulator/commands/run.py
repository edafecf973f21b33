"""``amlclassic run``: an unmodified program, with the service's real host names in it, against the emulator."""

from __future__ import annotations

import argparse

_EPILOG = """\
  amlclassic run -- python old_retrain.py
  amlclassic run --workspace adopted -- mono Retrain.exe
  amlclassic run --endpoints-file aml.json -- Rscript retrain.R

The program gets a proxy and a certificate authority through its environment;
nothing of the machine is changed, and no root is needed. At its end the real
hosts that it called are listed on standard error. Exit status: the program's
own (128 and the signal's number when one ended it); 2 when it cannot be
started or the call was wrong; 1 when the emulator cannot be reached.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = "amlclassic run [flags] -- PROGRAM [ARGUMENT ...]"
    parser.epilog = _EPILOG
    parser.add_argument(
        "--endpoints-file",
        metavar="FILE",
        help="of the running emulator to use (default: the one in the background); without any, one is started",
    )
    parser.add_argument("--workspace", metavar="DIR", help="start an emulator that serves this (default: the samples)")
    parser.add_argument("--state", metavar="FILE", help="start an emulator that keeps its state there")
    parser.add_argument("--passthrough", metavar="HOSTS", help="other hosts that the program may reach, with commas")
    parser.add_argument("--quiet", action="store_true", help="do not tell what was called")
    parser.add_argument("program", nargs=argparse.REMAINDER, metavar="PROGRAM", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Run the program. Returns its exit status, or 1 or 2 (see the help)."""
    from amlemulator.commands import _run  # TLS and the emulator stay out of `amlclassic --help`

    return _run.run(arguments)
