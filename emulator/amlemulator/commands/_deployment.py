"""The work of ``amlclassic deploy``."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlclient import AmlError, ServiceError, WorkspaceEntry, WrongCall, mask, upload_file
from amlemulator.commands._console import Progress, unusable
from amlemulator.commands._control import ControlPlane
from amlemulator.commands._targets import read_endpoints
from amlemulator.engine.deploying import STAGING
from amlemulator.experiments.bringing import Brought, bring
from amlemulator.experiments.function_graphs import Rows, Source, scoring_graph, training_graph, with_scripts
from amlemulator.experiments.graph import GraphError
from amlemulator.experiments.predictive import SUFFIX

LOOK_EVERY = 0.2  # seconds


class _Failed(Exception):  # noqa: N818 - named for what happened
    """The deployment failed; the message says why."""


def deploy(arguments: argparse.Namespace) -> int:
    """Deploy as the arguments say. Returns the exit status."""
    progress = Progress()
    try:
        shown = _deploy(arguments, progress)
    except KeyboardInterrupt:
        progress.line("amlclassic deploy: stopped; nothing was changed.")
        return 130
    except (GraphError, _Failed) as error:
        progress.clear()
        print(error, file=sys.stderr)
        print("amlclassic deploy: nothing was changed.", file=sys.stderr)
        return 1
    except OSError as error:
        progress.clear()
        return unusable("deploy", arguments.file, error)
    except AmlError as error:
        progress.clear()
        print(f"amlclassic deploy: {_told(error)}", file=sys.stderr)
        return 2 if isinstance(error, WrongCall) else 1
    print(json.dumps(shown) if arguments.json else _report(shown))
    return 0


def _told(error: AmlError) -> str:
    """Return the emulator's own sentences where it refused, for they say everything that is wrong."""
    return error.message if isinstance(error, ServiceError) and error.message else f"{error}"


def _deploy(arguments: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    models = {name: Path(path) for name, path in pairs(arguments.model, "--model", "RESOURCE=FILE").items()}
    parameters = pairs(arguments.parameter, "--parameter", "NAME=VALUE")
    for path in models.values():
        path.open("rb").close()  # told before anything is sent
    wish = _wish(arguments)
    file = read_endpoints(arguments)
    workspace = file.workspace(arguments.workspace)
    token = arguments.control_token or os.environ.get("AMLCLASSIC_CONTROL_TOKEN")
    with ControlPlane(file.base_url, token) as control:
        body = {
            "experiment": wish.brought.document,
            "name": wish.name,
            "trainer": wish.trainer,
            "predictive": wish.predictive,
            "update": arguments.update,
            "parameters": parameters,
            **_sent(workspace, wish.brought, models, progress),
        }
        return _watched(control, workspace, body, progress)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What to deploy; with ``trainer`` two services, of which that is the training one's name."""

    brought: Brought
    name: str | None
    predictive: bool
    trainer: str | None = None


def _wish(arguments: argparse.Namespace) -> _Wish:
    """Return what is to be deployed. Raises WrongCall, GraphError and OSError."""
    if not (arguments.train or arguments.score):
        return _Wish(bring(Path(arguments.file)), arguments.name, arguments.predictive)
    if arguments.predictive or arguments.model:
        raise WrongCall("--train and --score go with neither --predictive nor --model")
    if not arguments.name:
        raise WrongCall("give the service a --name: rows have none")
    train, score = (Source(word) if word else None for word in (arguments.train, arguments.score))
    path = Path(arguments.file)
    path.open("rb").close()  # told before anything is sent
    rows = Rows(dataset=path.name)
    if train is not None:
        graph = training_graph(arguments.name, train, score, rows, arguments.label)
    else:
        graph = scoring_graph(arguments.name, Source(arguments.score), rows)
    try:
        brought = Brought(with_scripts(graph, Path()), {path.name: path})
    except GraphError as error:
        raise WrongCall(" ".join(finding.message for finding in error.findings)) from error
    if train is not None and score is not None:
        return _Wish(brought, arguments.name + SUFFIX, predictive=True, trainer=arguments.name)
    return _Wish(brought, arguments.name, predictive=False)


def _sent(
    workspace: WorkspaceEntry, brought: Brought, models: Mapping[str, Path], progress: Progress
) -> dict[str, dict[str, Any]]:
    """Upload data files and models; return their references."""
    batch = secrets.token_hex(8)  # two deployments at once do not meet
    sent: dict[str, dict[str, Any]] = {"datasets": {}, "models": {}}
    for kind, files in (("datasets", brought.files), ("models", models)):
        for number, (name, path) in enumerate(files.items()):
            progress.line(f"upload    {path.name}")
            location = upload_file(
                path,
                connection_string=workspace.connection_string or "",
                container=STAGING,
                blob=f"{batch}/{kind}{number}{path.suffix}",
                progress=lambda done, total: progress.share("uploading", done, total, " bytes"),
            )
            reference = {"ConnectionString": location.connection_string, "RelativeLocation": location.relative_location}
            sent[kind][name] = reference
    progress.clear()
    return sent


def _watched(
    control: ControlPlane, workspace: WorkspaceEntry, body: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    begun = time.monotonic()
    errand = control.post(f"workspaces/{workspace.id}/deployments", body)
    progress.line("run       the experiment, once, for the columns of its ports")
    try:
        while errand["state"] == "Running":
            module = errand["progress"].get("module", "waiting for a worker")
            progress.moving("running", module, time.monotonic() - begun)
            time.sleep(LOOK_EVERY)
            errand = control.get(f"deployments/{errand['id']}")
    except KeyboardInterrupt:
        control.delete(f"deployments/{errand['id']}")
        raise
    progress.clear()
    if errand["state"] != "Done":
        raise _Failed(errand.get("error") or "The emulator stopped the deployment.")
    return {
        "ok": True,
        "workspace": workspace.name,
        **{name: errand[name] for name in ("created", "stayed", "service", "trainer") if name in errand},
    }


def pairs(words: Sequence[str], flag: str, form: str) -> dict[str, str]:
    """Read ``NAME=VALUE`` words. Raises WrongCall for one that is none, or a name given twice."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise WrongCall(f"{flag} takes {form}, not '{word}'")
        if name in found:
            raise WrongCall(f"{flag} names '{name}' twice")
        found[name] = value
    return found


def _report(shown: Mapping[str, Any]) -> str:
    what = "Deployed" if shown["created"] else "Updated"
    lines = []
    for service in (shown.get("trainer"), shown["service"]):
        if service is not None:
            lines += _lines(what, service, shown["workspace"])
    if shown["stayed"]:
        lines.append(
            f"  Endpoints that stay as they are: {', '.join(shown['stayed'])}. Added ones follow when they are"
        )
        lines.append("  refreshed (POST .../refresh on the management host); PreventUpdate keeps one as it is.")
    return "\n".join(lines)


def _lines(what: str, service: Mapping[str, Any], workspace: str) -> list[str]:
    lines = [f"{what}: {service['name']} ({service['kind']}) in the workspace {workspace}"]
    default = next((one for one in service["endpoints"] if one["name"] == "default"), None)
    if default is not None:
        lines.append(f"  {default['api_location']}")
        lines.append(f"  key {mask(default['primary_key'])}, help {default['help_location']}")
    return lines
