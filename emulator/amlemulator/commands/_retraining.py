"""The work of ``amlclassic retrain``."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlclient import (
    AmlError,
    BlobLocation,
    Condition,
    EndpointsFile,
    FlowOptions,
    JobCancelled,
    JobFailed,
    JobStatus,
    Journal,
    JournalError,
    LocalFile,
    Observer,
    RefusedLocally,
    Retraining,
    RetrainingPlan,
    RetrainingResult,
    WrongCall,
)
from amlemulator.commands._console import Progress, figures
from amlemulator.commands._targets import pair, read_endpoints

_DIRECT = ("training_url", "training_key", "management_url", "token", "scoring_service_id")
_MOST_EVALUATIONS = 4  # rows; two where models are compared
_SECRET = ("training_key", "token", "connection_string")


def retrain(arguments: argparse.Namespace) -> int:
    """Retrain as the arguments say. Returns the exit status."""
    progress = Progress()
    state: Path | None = None
    try:
        plan, name = _plan(arguments)
        state = Path(arguments.state) if arguments.state else Path(f"amlclassic-retrain-{name}.json")
        result = _run(arguments, plan, state, progress)
    except KeyboardInterrupt:
        progress.line(f"amlclassic retrain: stopped; the same command goes on from the journal {state}")
        return 130
    except AmlError as error:
        progress.clear()
        return _failed(arguments, error, state)
    print(json.dumps(as_json(result, state)) if arguments.json else _report(result, state))
    return 0


def _run(arguments: argparse.Namespace, plan: RetrainingPlan, state: Path, progress: Progress) -> RetrainingResult:
    options = FlowOptions(observer=Teller(progress), timeout=arguments.timeout, poll=0.5)
    with Journal(state) as journal:
        if arguments.again:
            journal.set_aside()
        flow = Retraining(plan, journal, options)
        try:
            return flow.run()
        finally:
            progress.clear()
            flow.close()


class Teller(Observer):
    """Tells a person how far it is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def step(self, name: str, text: str) -> None:
        """Write one line per step."""
        self._progress.line(f"{name:<9} {text}")

    def uploading(self, sent: int, total: int) -> None:
        """Draw the upload."""
        self._progress.share("uploading", sent, total, " bytes")

    def waiting(self, status: JobStatus, seconds: float) -> None:
        """Draw the wait."""
        self._progress.moving("job", status.state.value, seconds)

    def evaluation(self, rows: tuple[Mapping[str, str], ...]) -> None:
        """Show the evaluation before anything is patched."""
        for line in _evaluation(rows):
            self._progress.line(f"evaluate  {line}")


@dataclass(frozen=True)
class _Place:
    """Where to train and what to update, however it was given. ``name`` names the journal."""

    training_url: str
    training_key: str
    management_url: str
    token: str
    scoring_service_id: str
    workspace_id: str | None
    connection_string: str | None
    name: str


def _plan(arguments: argparse.Namespace) -> tuple[RetrainingPlan, str]:
    for secret in _SECRET:
        if getattr(arguments, secret) is None:
            setattr(arguments, secret, os.environ.get(f"AMLCLASSIC_{secret.upper()}"))
    place = _direct(arguments) if arguments.training_url else _listed(arguments)
    plan = RetrainingPlan(
        training_url=place.training_url,
        training_key=place.training_key,
        management_url=place.management_url,
        token=place.token,
        workspace_id=place.workspace_id,
        scoring_service_id=place.scoring_service_id,
        endpoint_name=arguments.endpoint_name,
        input=_input(arguments, place),
        input_name=arguments.input_name,
        parameters=_parameters(arguments.parameter),
        resource_name=arguments.resource_name,
        model_output=arguments.model_output,
        evaluation_output=arguments.evaluation_output,
        accept=Condition.parse(arguments.accept) if arguments.accept else None,
        preflight=not arguments.no_preflight,
    )
    return plan, f"{place.name}-{_slug(arguments.endpoint_name)}"


def _direct(arguments: argparse.Namespace) -> _Place:
    missing = [f"--{name.replace('_', '-')}" for name in _DIRECT if not getattr(arguments, name)]
    if missing:
        raise WrongCall(f"with --training-url also give {', '.join(missing)}, or use --endpoints-file")
    return _Place(
        **{name: getattr(arguments, name) for name in _DIRECT},
        workspace_id=arguments.workspace_id,
        connection_string=arguments.connection_string,
        name=_slug(arguments.scoring_service_id)[:12],
    )


def _listed(arguments: argparse.Namespace) -> _Place:
    given = [
        f"--{name.replace('_', '-')}" for name in ("management_url", "scoring_service_id") if getattr(arguments, name)
    ]
    if given:
        raise WrongCall(f"{' and '.join(given)} also needs --training-url")
    file: EndpointsFile = read_endpoints(arguments)
    workspace = file.workspace(arguments.workspace)
    training, scoring = pair(workspace, arguments.training_service, arguments.scoring_service)
    return _Place(
        training_url=training.default.api_location,
        training_key=training.default.primary_key,
        management_url=workspace.management_url,
        token=workspace.token,
        scoring_service_id=scoring.id,
        workspace_id=workspace.id,
        connection_string=arguments.connection_string or file.connection_string,
        name=f"{_slug(workspace.name)}-{_slug(training.name)}",
    )


def _input(arguments: argparse.Namespace, place: _Place) -> LocalFile | BlobLocation | None:
    if arguments.input_url:
        return BlobLocation.from_url(arguments.input_url)
    if not arguments.input and not arguments.input_blob:
        return None
    if not place.connection_string:
        raise WrongCall("give the storage's --connection-string (or AMLCLASSIC_CONNECTION_STRING)")
    if arguments.input_blob:
        return BlobLocation(arguments.input_blob, connection_string=place.connection_string)
    path = Path(arguments.input)
    if not path.is_file():
        raise WrongCall(f"the input {path} is not a file")
    return LocalFile(path, place.connection_string, arguments.container)


def _parameters(pairs: list[str]) -> dict[str, Any]:
    wrong = [text for text in pairs if "=" not in text]
    if wrong:
        raise WrongCall(f"--parameter takes NAME=VALUE, not {wrong[0]!r}")
    return dict(text.split("=", 1) for text in pairs)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def _failed(arguments: argparse.Namespace, error: AmlError, state: Path | None) -> int:
    """Say what is wrong; what the caller can mend in the call itself is status 2."""
    status = 2 if isinstance(error, WrongCall | JournalError) else 1
    print(f"amlclassic retrain: {error}{_hint(error)}", file=sys.stderr)
    if arguments.json:
        told = {"type": type(error).__name__, "message": str(error), "failures": error.failures, "link": error.link}
        print(json.dumps({"ok": False, "error": told, "state": str(state) if state else None}))
    return status


def _hint(error: AmlError) -> str:
    """Say what to do where the service's own words do not."""
    told = ". Other input, or --again, trains once more" if isinstance(error, JobFailed | JobCancelled) else ""
    if error.failures and not isinstance(error, RefusedLocally):  # which explains itself
        told += f". This looks like {' or '.join(error.failures)}: amlclassic failures show {error.failures[0]}"
    return told


def as_json(result: RetrainingResult, state: Path) -> dict[str, Any]:
    """Return the result as the one object that ``--json`` prints."""
    return {
        "ok": True,
        "job_id": result.job_id,
        "status": "Finished",
        "seconds": result.seconds,
        "evaluation": dict(result.evaluation[0]) if result.evaluation else None,
        "endpoint": {
            "name": result.endpoint_name,
            "api_location": result.api_location,
            "help_location": result.help_location,
            "patch_url": result.patch_url,
            "resource_name": result.resource_name,
        },
        "model": result.model,
        "verified": result.verified,
        "done_before": result.done_before,
        "state": str(state),
    }


def _evaluation(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the lines of an evaluation; where the output has many rows, it is none, and the first will do."""
    lines = [figures(row) for row in rows[:_MOST_EVALUATIONS]]
    more = len(rows) - len(lines)
    return [*lines, f"and {more:,} more rows: this output is scored rows, no evaluation"] if more else lines


def _report(result: RetrainingResult, state: Path) -> str:
    done = "was done before; the endpoint still has that model" if result.done_before else "is done"
    lines = [f"The retraining {done}.", f"  job         {result.job_id}"]
    lines += [f"  evaluation  {line}" for line in _evaluation(result.evaluation)]
    lines += [
        f"  model       {result.model}",
        f"  endpoint    {result.endpoint_name}  {result.api_location or ''}",
        f"  resource    {result.resource_name}",
        f"  PATCH       {result.patch_url}",
        f"  journal     {state}",
    ]
    if not result.verified:
        lines.append("The service does not show which model its endpoint serves; it accepted the update.")
    return "\n".join(lines)
