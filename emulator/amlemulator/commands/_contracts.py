"""Making the checks of a contract for a person who waits: progress, reports, exit status."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from amlclient import EndpointsFile, WrongCall
from amlemulator.commands._child import Interrupted, Signals
from amlemulator.commands._console import Progress
from amlemulator.commands._targets import read_endpoints

if TYPE_CHECKING:
    from amlcontracts.harness.registry import Check
    from amlcontracts.harness.report import Report

LONGEST_SETTLE = 600
MISSING = "`amlclassic contracts {}` needs two more libraries; install them with: pip install 'amlclassic[contracts]'"


def check(arguments: argparse.Namespace) -> int:
    """Check what the endpoints file describes. Returns 0, 1, 2, or 128 and the signal's number."""
    return _guarded(arguments, lambda: _check(arguments))


def consumer(arguments: argparse.Namespace) -> int:
    """Play a consumer contract against what the endpoints file describes. Returns 0, 1, 2, or 128 and the signal."""
    return _guarded(arguments, lambda: _consumer(arguments))


def _guarded(arguments: argparse.Namespace, work: Callable[[], int]) -> int:
    try:
        with Signals() as signals, signals.folder() as folder:
            os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder)  # or it would keep notes in the current one
            import hypothesis  # noqa: F401 - told here, before anything is made
            import jsonschema  # noqa: F401

            return work()
    except ModuleNotFoundError as error:
        if error.name not in ("hypothesis", "jsonschema"):
            raise
        print(MISSING.format(arguments.action), file=sys.stderr)
    except WrongCall as error:
        print(f"amlclassic contracts {arguments.action}: {error}.", file=sys.stderr)
    except Interrupted as stop:
        print("stopped; what the checks had made is removed", file=sys.stderr)
        return stop.status
    return 2


def _check(arguments: argparse.Namespace) -> int:
    chosen = _chosen(arguments.only)
    if arguments.list:
        return _list(chosen)
    tier = "quick" if arguments.quick else "full" if arguments.full else "usual"
    seed = arguments.seed or str(secrets.randbelow(10**6))
    return _made(arguments, chosen, tier, seed)


def _consumer(arguments: argparse.Namespace) -> int:
    from amlcontracts.consumer.file import ContractError, read
    from amlcontracts.consumer.replay import checks

    path = Path(arguments.contract)
    if not path.exists():
        raise WrongCall(f"there is no {path}; `pytest --aml-record` writes a contract")
    try:
        scenarios = checks(path, read(path))
    except ContractError as error:
        raise WrongCall(str(error).removesuffix(".")) from None
    chosen = [one for one in scenarios if not arguments.only or one.id.startswith(tuple(arguments.only))]
    if not chosen:
        wanted = f"that begins with {' or '.join(arguments.only)}" if arguments.only else "at all"
        raise WrongCall(f"{path} has no scenario {wanted}")
    return _list(chosen) if arguments.list else _made(arguments, chosen)


def _list(chosen: list[Check]) -> int:
    for one in chosen:
        print(f"{one.id:28} {one.sentence}")
    return 0


def _made(arguments: argparse.Namespace, chosen: list[Check], tier: str = "usual", seed: str = "0") -> int:
    """Make the checks and report them, when everything that is asked for can be done."""
    if not 0 <= arguments.settle <= LONGEST_SETTLE:
        raise WrongCall(f"--settle takes seconds from 0 to {LONGEST_SETTLE}, not {arguments.settle:g}")
    for path in (arguments.junit, arguments.html):
        if path and not Path(path).resolve().parent.is_dir():
            raise WrongCall(f"{path} cannot be written: its folder is not there")
    file = read_endpoints(arguments)
    report = _perform(arguments, file, chosen, tier, seed)
    _tell(arguments, report)
    return 1 if report.broken else 0


def _chosen(only: list[str]) -> list[Check]:
    from amlcontracts.harness.registry import chosen

    try:
        return chosen(only)
    except ValueError as error:
        raise WrongCall(f"no check begins with '{error}'; `amlclassic contracts check --list` lists them") from None


def _perform(arguments: argparse.Namespace, file: EndpointsFile, chosen: list[Check], tier: str, seed: str) -> Report:
    from amlcontracts.harness.ground import EFFORTS
    from amlcontracts.harness.report import Report, as_text
    from amlcontracts.harness.runner import Result, perform

    effort = replace(EFFORTS[tier], settle=arguments.settle)
    progress, results = Progress(), list[Result]()
    contract = getattr(arguments, "contract", None)
    report = Report(file.base_url, arguments.endpoints_file, seed, tier, results, contract)
    progress.line(f"checking {file.base_url} {f'against {contract}' if contract else f'with seed {seed}'}")
    try:

        def tell(done: int, total: int, one: Check) -> None:
            progress.share("checking", done, total, f" {one.id}")

        # What a program changes stays changed when it is played.
        for result in perform(file, chosen, effort, seed, tell, compare=contract is None):
            results.append(result)
            if result.verdict == "broken":
                progress.line(as_text(report, result))
    finally:
        progress.clear()
    return report


def _tell(arguments: argparse.Namespace, report: Report) -> None:
    from amlcontracts.harness.report import as_html, as_junit, write_json

    try:
        if arguments.junit:
            Path(arguments.junit).write_bytes(as_junit(report))
        if arguments.html:
            Path(arguments.html).write_text(as_html(report), "utf-8")
    except OSError as error:
        raise WrongCall(f"{error.filename} cannot be written ({error.strerror})") from None
    print(write_json(report) if arguments.json else report.summary())
