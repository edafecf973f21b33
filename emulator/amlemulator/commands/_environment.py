"""The addresses of a running emulator as environment variables, in the words of several shells."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

SHELLS = ("sh", "fish", "powershell", "plain")  # plain: for $GITHUB_ENV, docker --env-file and the like


def add_flag(parser: argparse.ArgumentParser) -> None:
    """Add ``--print-env``."""
    parser.add_argument(
        "--print-env",
        nargs="?",
        const="sh",
        choices=SHELLS,
        metavar="SHELL",
        help=f"print addresses and keys as variables, for {', '.join(SHELLS)} (sh when it is not named)",
    )


def variables(endpoints: dict[str, Any], file: Path) -> dict[str, str]:
    """Return the variables: addresses, the first workspace with its token, and Azure's own name for the storage."""
    found = {
        "AMLCLASSIC_BASE_URL": endpoints["base_url"],
        "AMLCLASSIC_BLOB_URL": endpoints["blob_url"],
        "AMLCLASSIC_ENDPOINTS_FILE": str(file.absolute()),
        "AZURE_STORAGE_CONNECTION_STRING": endpoints["storage"]["connection_string"],
    }
    for workspace in endpoints["workspaces"][:1]:
        found["AMLCLASSIC_WORKSPACE_ID"] = workspace["id"]
        found["AMLCLASSIC_WORKSPACE_TOKEN"] = workspace["token"]
    return found


def lines(endpoints: dict[str, Any], file: Path, shell: str) -> str:
    """Return the variables in the words of a shell, one line each."""
    return "\n".join(_line(name, value, shell) for name, value in variables(endpoints, file).items())


def _line(name: str, value: str, shell: str) -> str:
    if shell == "powershell":
        quoted = value.replace("'", "''")
        return f"$Env:{name} = '{quoted}'"
    if shell == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"
    if shell == "plain":
        return f"{name}={value}"
    return f"export {name}={shlex.quote(value)}"
