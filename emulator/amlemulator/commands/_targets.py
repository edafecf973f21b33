"""Finding the emulator that a command is to talk to."""

from __future__ import annotations

import argparse
from pathlib import Path

from amlclient import EndpointsFile, ServiceEntry, WorkspaceEntry, WrongCall
from amlemulator.settings import SettingsError, resolve


def endpoints_file(arguments: argparse.Namespace) -> Path | None:
    """Return the endpoints file: the flag, else AMLCLASSIC_ENDPOINTS_FILE, else amlclassic.toml, as for ``serve``.

    Raises WrongCall when one of these cannot be used.
    """
    try:
        path = resolve({"endpoints_file": arguments.endpoints_file}).endpoints_file
    except SettingsError as error:
        raise WrongCall(str(error)) from None
    return Path(path) if path else None


def background_file(arguments: argparse.Namespace) -> Path:
    """Return the endpoints file of the emulator in the background: the one that is named, else the user's own."""
    from amlemulator import background

    return endpoints_file(arguments) or background.default_file()


def read_endpoints(arguments: argparse.Namespace) -> EndpointsFile:
    """Read the endpoints file that is meant. Raises WrongCall with a sentence that says what to do."""
    path = background_file(arguments)
    if not path.exists() and endpoints_file(arguments) is None:
        raise WrongCall(
            "no endpoints file is named, and no emulator runs in the background: `amlclassic start` starts one, or "
            "`amlclassic serve --endpoints-file aml.json`; then give --endpoints-file aml.json"
        )
    return EndpointsFile.read(path)


def pair(workspace: WorkspaceEntry, training: str | None, scoring: str | None) -> tuple[ServiceEntry, ServiceEntry]:
    """Return the training service and the scoring service that belongs to it.

    Without names the first training service is taken, and with it the scoring service whose name begins like its own:
    Studio names a predictive experiment after its training experiment. Raises WrongCall where that leaves a doubt.
    """
    trains = [service for service in workspace.services if service.kind == "training"]
    if training is None and not trains:
        raise WrongCall(f"workspace {workspace.name!r} has no training service")
    trainer = trains[0] if training is None else workspace.service(training, "training")
    if scoring is not None:
        return trainer, workspace.service(scoring)  # of either kind: the client refuses a training one, and says why
    scorers = [service for service in workspace.services if service.kind == "scoring"]
    named = [service for service in scorers if service.name.startswith(trainer.name)]
    if len(named) != 1:
        known = ", ".join(service.name for service in scorers) or "none"
        raise WrongCall(
            f"which scoring service gets the model of {trainer.name!r}? Give --scoring-service; there is: {known}"
        )
    return trainer, named[0]
