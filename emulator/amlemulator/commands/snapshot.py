"""``amlclassic snapshot``: write what a running emulator serves as a folder, for ``--workspace`` and for git."""

from __future__ import annotations

import argparse
import sys

_EPILOG = """\
In the folder are workspaces, web services, endpoints with their models as they are now, saved data sets and blobs, ids
and keys with them: it is as secret as they are. Not in it are jobs, the journal and faults. `amlclassic serve
--workspace DIR` serves it again, the same.

Exit status: 0 written; 1 the emulator cannot be asked; 2 the call was wrong.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("folder", metavar="DIR", help="where to write; it must not be there, or be empty")
    parser.add_argument("--endpoints-file", metavar="FILE", help="of the emulator (default: start's own)")
    parser.epilog = _EPILOG


def run(arguments: argparse.Namespace) -> int:
    """Write it. Returns 0, 1 when the emulator cannot be asked, 2 for a wrong call."""
    import requests

    from amlclient import WrongCall
    from amlemulator.commands._targets import read_endpoints
    from amlemulator.core.errors import ServiceError
    from amlemulator.remote import RemoteEmulator
    from amlemulator.settings import resolve

    try:
        file = read_endpoints(arguments)
        with RemoteEmulator(file.local_url or file.base_url, resolve({}).control_token) as emulator:
            emulator.snapshot(arguments.folder)
    except (WrongCall, OSError, ServiceError) as error:
        # requests' own errors are OSErrors.
        asked = isinstance(error, requests.RequestException | ServiceError)
        why = (
            f"the emulator at {file.base_url} does not answer" if isinstance(error, requests.ConnectionError) else error
        )
        print(f"amlclassic snapshot: {why}", file=sys.stderr)
        return 1 if asked else 2
    print(f"Wrote {arguments.folder}; serve it with: amlclassic serve --workspace {arguments.folder}")
    return 0
