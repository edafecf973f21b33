"""Experiments of a workspace: what a client may save, and the states that a run goes through.

InDraft -run-> Running -> Finished | Failed; saving makes it InDraft again (azuremlps: save, run, poll, deploy).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from amlemulator.core.errors import ServiceError, failure
from amlemulator.core.records import StoredOutput, WebService, Workspace
from amlemulator.core.studio import object_of, refused, text_of
from amlemulator.core.studio_records import Experiment, ExperimentState


@dataclass(frozen=True, slots=True)
class Saving:
    """A ``POST experiments``: ``graph`` and ``web_service`` as they came; ``run`` unless it is only a draft."""

    name: str
    summary: str
    category: str
    parent_id: str
    run: bool
    graph: Mapping[str, Any]
    web_service: Mapping[str, Any]


def read_saving(body: Any) -> Saving:
    """Read a request to save an experiment. Raises 400 for a body that is none."""
    request = object_of(body)
    graph = object_of(request.get("ExperimentGraph"))
    if not isinstance(graph.get("ModuleNodes"), list):
        raise refused("'ExperimentGraph' must have 'ModuleNodes', a list.", evidence="studio.save-experiment")
    draft = request.get("IsDraft", True)
    if not isinstance(draft, bool):
        raise refused("'IsDraft' must be true or false.", evidence="studio.save-experiment")
    return Saving(
        name=text_of(request, "Description"),
        summary=text_of(request, "Summary"),
        category=text_of(request, "Category") or "user",
        parent_id=text_of(request, "ParentExperimentId"),
        run=not draft,
        graph=graph,
        web_service=object_of(request.get("WebService") or {}),
    )


def deployed_experiment(workspace: Workspace, service: WebService, name: str) -> Experiment:
    """Return the experiment that a web service was deployed from; it has run, or it could not have been deployed."""
    return Experiment(
        id=f"{workspace.id}.f-id.{service.experiment[:32]}",
        ordinal=service.ordinal,
        workspace_id=workspace.id,
        name=name,
        created=service.created,
        updated=service.updated,
        graph=service.experiment,
        state=ExperimentState.FINISHED,
        started=service.created,
        ended=service.created,
        models={resource.name: resource.model for resource in service.resources},
        service_id=service.id,
    )


def save(experiment: Experiment, saving: Saving, key: str, now: float) -> Experiment:
    """Return the experiment with what a client saved; it is a draft again, its last outputs are gone."""
    return replace(
        experiment,
        name=saving.name or experiment.name,
        summary=saving.summary,
        category=saving.category,
        parent_id=saving.parent_id or None,
        saved=key,
        updated=now,
        state=ExperimentState.DRAFT,
        detail=None,
        failed_node=None,
        outputs={},
    )


def start(experiment: Experiment, now: float) -> Experiment:
    """Let an experiment run. Raises 409 while it runs already."""
    if experiment.state is ExperimentState.RUNNING:
        raise busy()
    return replace(
        experiment,
        state=ExperimentState.RUNNING,
        started=now,
        ended=None,
        detail=None,
        failed_node=None,
        runs=experiment.runs + 1,
    )


def finish(
    experiment: Experiment, graph: str, models: Mapping[str, str], outputs: Mapping[str, StoredOutput], now: float
) -> Experiment:
    """End a run well. ``graph`` is the key of the module graph with the schemas that the run has shown."""
    return replace(
        experiment,
        state=ExperimentState.FINISHED,
        ended=now,
        graph=graph,
        models=dict(models),
        outputs=dict(outputs),
    )


def fail(experiment: Experiment, detail: str, node: str | None, now: float) -> Experiment:
    """End a run with the reason."""
    return replace(experiment, state=ExperimentState.FAILED, ended=now, detail=detail, failed_node=node)


def set_up(
    experiment: Experiment,
    training: Experiment,
    graph: Mapping[str, Any],
    key: str,
    models: Mapping[str, str],
    now: float,
) -> Experiment:
    """Return the predictive experiment of a training one. ``key`` is that of ``graph``, ``models`` are keys by name.

    It is a draft, as in Studio: what was deployed of it before stays as it is until it is run and deployed again.
    """
    return replace(
        experiment,
        name=str(graph["experiment"]),
        parent_id=training.id,
        graph=key,
        models=dict(models),
        saved="",
        updated=now,
        state=ExperimentState.DRAFT,
        detail=None,
        failed_node=None,
        outputs={},
    )


def check_deployable(experiment: Experiment) -> Experiment:
    """Return the experiment when it can be deployed: after a run that went well, as Studio's button asked for."""
    return _check_run(experiment, "deploying it as a web service", "studio.deploy-unrun")


def check_run(experiment: Experiment) -> Experiment:
    """Return the experiment when a predictive one can be made of it: Studio offered that after a run only."""
    return _check_run(experiment, "setting up its predictive experiment", "pages.predictive")


def _check_run(experiment: Experiment, before: str, evidence: str) -> Experiment:
    if experiment.state is not ExperimentState.FINISHED:
        raise refused(f"The experiment is {experiment.state.value}. Run it before {before}.", evidence=evidence)
    return experiment


def busy() -> ServiceError:
    """Make the 409 for an experiment that runs and cannot be changed meanwhile."""
    return failure("studio/Conflict", "The experiment is running.", evidence="studio.run-experiment")


def unknown(what: str, which: str) -> ServiceError:
    """Make the 404 for something that the workspace does not have."""
    return failure(
        "studio/NotFound", f"There is no {what} {which[:120]} in the workspace.", evidence="studio.unknown-id"
    )
