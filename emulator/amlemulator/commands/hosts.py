"""``amlclassic hosts``: the lines of a hosts file that lead the service's real host names to this machine."""

from __future__ import annotations

import argparse
import sys

_EPILOG = """\
  amlclassic hosts --account myaccount | sudo tee -a /etc/hosts
  amlclassic serve --tls --tls-port 443

Each line ends with "# amlclassic": to undo it, remove the lines that do. Ports
below 1024 may need rights: on Linux `sudo sysctl
net.ipv4.ip_unprivileged_port_start=443`, or let port 443 be forwarded. Programs
that can be started by `amlclassic run` need none of this.

Exit status: 0 printed; 2 the call was wrong.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "--account", metavar="NAME", action="append", default=[], help="a storage account too; may be given again"
    )
    parser.add_argument("--address", metavar="IP", default="127.0.0.1", help="where they lead (default 127.0.0.1)")
    parser.add_argument("--endpoints-file", metavar="FILE", help="take the storage account from there too")


def run(arguments: argparse.Namespace) -> int:
    """Print the lines. Returns 0, or 2 for a wrong call."""
    import ipaddress

    from amlclient import EndpointsFile, WrongCall
    from amlemulator.commands._targets import endpoints_file
    from amlemulator.core.connection import parse_connection_string
    from amlemulator.core.regions import ACCOUNT, BLOB_DOMAIN, real_names

    try:
        ipaddress.ip_address(arguments.address)
        accounts = list(arguments.account)
        path = endpoints_file(arguments)
        if path is not None:
            connection = EndpointsFile.read(path).connection_string
            accounts += [parse_connection_string(connection).account] if connection else []
        wrong = [account for account in accounts if not ACCOUNT.match(account)]
        if wrong:
            raise WrongCall(f"'{wrong[0]}' is no storage account: 3 to 24 small letters and digits")
    except (WrongCall, ValueError) as error:
        print(f"amlclassic hosts: {error}", file=sys.stderr)
        return 2
    for name in (*real_names(), *dict.fromkeys(account + BLOB_DOMAIN for account in accounts)):
        print(f"{arguments.address} {name}  # amlclassic")
    return 0
