"""The work of ``amlclassic adopt``."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from amlclient import WrongCall
from amlcontracts import load
from amlemulator.core.adoption import Finding, Text, scan
from amlemulator.core.regions import ACCOUNT
from amlemulator.workspaces.adopting import Proposal, describe, propose
from amlemulator.workspaces.writing import write_workspaces

FLAGS = (
    *("workspace_id", "region", "token", "training_id", "training_key", "service_id", "scoring_id", "key"),
    *("endpoint", "account", "account_key", "resource"),
)
LARGEST = 10 * 1024 * 1024  # bytes of a file that is looked through
SECRET = ("key", "token", "account key")


def run(arguments: argparse.Namespace) -> int:
    """Show what is found and, where a folder is named, write it."""
    try:
        texts = {name: scan(_read(Path(name))) for name in arguments.sources}
        proposal = _flagged(propose(_joined(list(texts.values()))), arguments)
        if proposal.is_empty:
            where = " and ".join(arguments.sources) or "the flags"
            print(f"amlclassic adopt: no id, host or storage account of the service is in {where}.", file=sys.stderr)
            return 1
        for name, text in texts.items():
            print("\n".join(_shown(name, text, whole=arguments.show_keys)))
        for note in proposal.notes:
            print(f"note: {note}.", file=sys.stderr)
        if arguments.output is None:
            print("\nNothing is written: name a folder with --output DIR.")
            return 0
        _write(Path(arguments.output), proposal)
    except WrongCall as error:
        print(f"amlclassic adopt: {error}", file=sys.stderr)
        return 2
    return 0


def _write(folder: Path, proposal: Proposal) -> None:
    try:
        write_workspaces(folder, [describe(proposal)])
    except OSError as error:
        reason = f"{folder} cannot be written ({error.strerror}); name another folder with --output"
        raise WrongCall(str(error) if error.errno is None else reason) from None  # one of our own, or the system's
    print(
        f"\nWritten to {folder}. The graphs are the census sample's: put your own into {folder}/experiments.\n"
        f"Then: amlclassic run --workspace {folder} -- PROGRAM"
    )


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise WrongCall(f"{path} has more than {LARGEST // 1024**2} MB; that is no source file")
        content = path.read_bytes()
    except OSError as error:
        raise WrongCall(f"{path} cannot be read ({error.strerror})") from None
    # A compiled assembly holds its strings as UTF-16: seen at every second byte, they are text like any other.
    text = content.decode("utf-8", "replace")
    return text.replace("\0", "") if b"\0" not in content else f"{text}\n" + _wide(content)


def _wide(content: bytes) -> str:
    runs = re.findall(rb"(?:[\x20-\x7e]\x00){4,}", content)
    # Set apart, or one string would be taken for the name of the next.
    return "\n;\n".join(run.decode("utf-16-le") for run in runs)


def _joined(texts: list[Text]) -> Text:
    def every(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for text in texts for value in getattr(text, name)))

    return Text(
        tuple(one for text in texts for one in text.findings),
        *(every(name) for name in ("regions", "hosts", "foreign", "containers", "resources")),
    )


def _flagged(proposal: Proposal, arguments: argparse.Namespace) -> Proposal:
    """Put what flags say over what was found. Raises WrongCall for what cannot be."""
    for name in FLAGS:
        value = getattr(arguments, name)
        if value is None:
            continue
        flag = "--" + name.replace("_", "-")
        if name.endswith("_id") and not re.fullmatch("[0-9a-f]{32}", value.lower()):
            raise WrongCall(f"{flag} takes 32 hex digits, not '{value}'")
        if name == "region" and value not in load("regions"):
            raise WrongCall(f"{flag} takes one of {', '.join(load('regions'))}; not '{value}'")
        if name == "account" and not ACCOUNT.match(value):
            raise WrongCall(f"{flag} takes 3 to 24 small letters and digits, not '{value}'")
        setattr(proposal, name, value.lower() if name.endswith("_id") else value)
    return proposal


def _shown(name: str, text: Text, *, whole: bool) -> list[str]:
    lines = [name]
    for one in text.findings:
        lines.append(f"  line {one.line:4}  {one.kind:13}  {_value(one, whole=whole)}")
    lines += [f"  host            {host}" for host in text.hosts]
    return lines


def _value(one: Finding, *, whole: bool) -> str:
    return one.value if whole or one.kind not in SECRET else f"{one.value[:4]}***"
