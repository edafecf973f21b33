"""``amlclassic adopt``: the workspace that an old program carries in its source, as a folder to serve."""

from __future__ import annotations

import argparse

_EPILOG = """\
  amlclassic adopt retrain.py App.config                   (shows what it finds)
  amlclassic adopt retrain.py App.config --output adopted
  amlclassic run --workspace adopted -- python retrain.py

Ids, keys, regions, storage accounts and containers are found in programs and
configuration of any language; flags add what is not in the text, and win over
it. The graphs are the census sample's: put your own into experiments/.

Exit status: 0 proposed or written; 1 nothing was found; 2 the call was wrong.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("sources", metavar="SOURCE_FILE", nargs="*", help="a program or its configuration")
    parser.add_argument("--output", metavar="DIR", help="write the workspace there; without it nothing is written")
    parser.add_argument("--workspace-id", metavar="ID", help="the id after /workspaces/")
    parser.add_argument("--region", metavar="NAME", help='such as "West Europe"')
    parser.add_argument("--token", metavar="TOKEN", help="the workspace's authorization token")
    parser.add_argument("--training-id", metavar="ID", help="the id after /services/ of the training service")
    parser.add_argument("--training-key", metavar="KEY", help="the key of the training service's endpoint")
    parser.add_argument("--service-id", metavar="ID", help="the id after /webservices/ of the scoring service")
    parser.add_argument("--scoring-id", metavar="ID", help="the id after /services/ of the scoring service")
    parser.add_argument("--key", metavar="KEY", help="the key of the scoring service's endpoint")
    parser.add_argument("--endpoint", metavar="NAME", help="the endpoint that is there already, beside default")
    parser.add_argument("--account", metavar="NAME", help="the storage account")
    parser.add_argument("--account-key", metavar="KEY", help="its key")
    parser.add_argument("--resource", metavar="NAME", help='the trained model, such as "Income [trained model]"')
    parser.add_argument("--show-keys", action="store_true", help="show keys whole")


def run(arguments: argparse.Namespace) -> int:
    """Propose or write the workspace. Returns 0, 1 or 2."""
    from amlemulator.commands import _adopt  # PyYAML stays out of `amlclassic --help`

    return _adopt.run(arguments)
