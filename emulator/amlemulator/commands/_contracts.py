"""Making the checks of a contract for a person who waits: progress, reports, exit status."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
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
MISSING = (
    "`amlclassic contracts check` needs two more libraries; install them with: pip install 'amlclassic[contracts]'"
)


def check(arguments: argparse.Namespace) -> int:
    """Check what the endpoints file describes. Returns 0, 1, 2, or 128 and the signal's number."""
    try:
        with tempfile.TemporaryDirectory(prefix="amlclassic-") as folder, Signals():
            os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder  # or it would keep notes in the current one
            import hypothesis  # noqa: F401 - told here, before anything is made
            import jsonschema  # noqa: F401

            return _check(arguments)
    except ModuleNotFoundError as error:
        if error.name not in ("hypothesis", "jsonschema"):
            raise
        print(MISSING, file=sys.stderr)
    except WrongCall as error:
        print(f"amlclassic contracts check: {error}.", file=sys.stderr)
    except Interrupted as stop:
        print("stopped; what the checks had made is removed", file=sys.stderr)
        return stop.status
    return 2


def _check(arguments: argparse.Namespace) -> int:
    chosen = _chosen(arguments.only)
    if arguments.list:
        for one in chosen:
            print(f"{one.id:28} {one.sentence}")
        return 0
    if not 0 <= arguments.settle <= LONGEST_SETTLE:
        raise WrongCall(f"--settle takes seconds from 0 to {LONGEST_SETTLE}, not {arguments.settle:g}")
    for path in (arguments.junit, arguments.html):
        if path and not Path(path).resolve().parent.is_dir():
            raise WrongCall(f"{path} cannot be written: its folder is not there")
    file = read_endpoints(arguments)
    report = _perform(arguments, file, chosen)
    _tell(arguments, report)
    return 1 if report.broken else 0


def _chosen(only: list[str]) -> list[Check]:
    from amlcontracts.harness.registry import chosen

    try:
        return chosen(only)
    except ValueError as error:
        raise WrongCall(f"no check begins with '{error}'; `amlclassic contracts check --list` lists them") from None


def _perform(arguments: argparse.Namespace, file: EndpointsFile, chosen: list[Check]) -> Report:
    from amlcontracts.harness.ground import FULL, QUICK, USUAL
    from amlcontracts.harness.report import Report, as_text
    from amlcontracts.harness.runner import Result, perform

    tier, effort = ("quick", QUICK) if arguments.quick else ("full", FULL) if arguments.full else ("usual", USUAL)
    effort = replace(effort, settle=arguments.settle)
    seed = arguments.seed or str(secrets.randbelow(10**6))
    progress, results = Progress(), list[Result]()
    report = Report(file.base_url, arguments.endpoints_file, seed, tier, results)
    progress.line(f"checking {file.base_url} with seed {seed}")
    try:
        for result in perform(
            file, chosen, effort, seed, lambda done, total, one: progress.share("checking", done, total, f" {one.id}")
        ):
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
