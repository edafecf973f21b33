"""Deploying what somebody brings: checked, run once, set up, and put in place as a new service or of one that is there.

What Studio did in four steps (run, set up, deploy, confirm to overwrite) is one wish here, carried out in a thread of
its own; whoever wished can watch it and stop it. Nothing changes before all of it has gone well.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.core.studio_records import Dataset
from amlemulator.engine.deployment import Deployment, NameTaken, Plan
from amlemulator.engine.directory import Directory
from amlemulator.engine.studio import Studio
from amlemulator.engine.trials import Document, ExperimentFailed, Stopped, Trial, Trials, Watch
from amlemulator.ports.store import Store

LOG = logging.getLogger(__name__)
AT_A_TIME = 4
# A container for files that come along with a deployment; they go when it has been taken up.
STAGING = "amlclassic-deploy"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be deployed.

    ``name``: without one the service is called as its experiment. ``models``: content by resource; what is left out
    stays as the service has it. ``datasets``: names in the graph to ids of saved data sets. ``update``: put it in the
    place of the service of that name. ``predictive``: the graph trains, its predictive experiment is to be deployed;
    with ``trainer`` the graph itself, too, as the service of that name: both or neither. ``parameters``: web service
    parameters for the run.
    """

    experiment: Document
    name: str | None = None
    models: Mapping[str, bytes] = field(default_factory=dict)
    datasets: Mapping[str, str] = field(default_factory=dict)
    update: bool = False
    predictive: bool = False
    trainer: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


class DeployRefused(Exception):  # noqa: N818 - named for what happened
    """The wish cannot be carried out. The message says all that is wrong, a line for each, with the mend."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What came of a wish. ``stayed`` names endpoints that still answer as before: those added, those that may not.

    ``trainer`` is the training service of the two, where two were wished for.
    """

    service: WebService
    created: bool
    stayed: tuple[str, ...] = ()
    trainer: WebService | None = None


class Deploying:
    """Carries wishes out."""

    def __init__(
        self, store: Store, directory: Directory, deployment: Deployment, studio: Studio, trials: Trials
    ) -> None:
        self._store = store
        self._directory = directory
        self._deployment = deployment
        self._studio = studio
        self._trials = trials

    def check(self, workspace: Workspace, wish: Wish) -> Document:
        """Return the graph with its data sets by id. Raises DeployRefused with everything that shows without a run."""
        from amlemulator.experiments.graph import check_graph, load_graph

        findings = [str(finding) for finding in check_graph(wish.experiment)]
        if not findings:
            graph, named = self._with_datasets(workspace, wish)
            findings += named + self._check_models(workspace, wish, graph)
            if wish.predictive and load_graph(graph).kind != "training":
                findings.append(f"'{graph['experiment']}' trains nothing. Deploy it without setting it up.")
        if not findings and not wish.update:
            names = [name for name in (wish.trainer, self._name(wish)) if name is not None]
            findings += [_taken(name) for name in names if self._named(workspace, name) is not None]
        if findings:
            raise DeployRefused("\n".join(findings))
        return graph

    def deploy(self, workspace: Workspace, wish: Wish, watch: Watch | None = None) -> Deployed:
        """Carry a wish out. Raises DeployRefused, ExperimentFailed and Stopped, and has changed nothing then."""
        graph, models = self.check(workspace, wish), dict(wish.models)
        found = self._named(workspace, self._name(wish))
        if found is not None:
            models = self._models_of(found) | models
        plans: list[Plan] = []
        with tempfile.TemporaryDirectory(prefix="deploy-", dir=self._trials.folder()) as folder:
            files = {key: Path(path) for key, path in self._studio.stage(graph, Path(folder)).items()}
            trial = Trial(graph, models, files, wish.parameters)
            if wish.trainer is not None:
                plans.append(Plan(wish.trainer, self._trials.filled(trial, watch), {}))
            if wish.predictive:
                plans.append(Plan(self._name(wish), *self._trials.predictive(trial, watch)))
            else:
                plans.append(Plan(self._name(wish), self._trials.filled(trial, watch), models))
        if watch is not None and watch.stopped:
            raise Stopped
        made = self._put(workspace, plans, update=wish.update)
        service, created = made[-1]
        stayed = () if created else tuple(one.name for one in self._stayed(service))
        return Deployed(service, created, stayed, made[0][0] if wish.trainer is not None else None)

    def put(self, workspace: Workspace, plans: Sequence[Plan]) -> WebService:
        """Deploy new services as they stand, all or none; returns the last. Raises DeployRefused."""
        return self._put(workspace, plans, update=False)[-1][0]

    def _put(self, workspace: Workspace, plans: Sequence[Plan], *, update: bool) -> list[tuple[WebService, bool]]:
        """Put everything in its place at once. A run takes a while, so a name may have been taken meanwhile."""
        try:
            return self._deployment.deploy_all(workspace, plans, update=update)
        except NameTaken as error:
            raise DeployRefused(_taken(str(error))) from error

    def _stayed(self, service: WebService) -> list[Endpoint]:
        endpoints = self._directory.endpoints(service.id)
        return [one for one in endpoints if not one.is_default or one.prevent_update]

    def _name(self, wish: Wish) -> str:
        from amlemulator.experiments.predictive import SUFFIX

        return wish.name or str(wish.experiment["experiment"]) + (SUFFIX if wish.predictive else "")

    def _named(self, workspace: Workspace, name: str) -> WebService | None:
        """Return the last service of that name, or None."""
        fitting = [one for one in self._directory.services(workspace.id) if one.name == name and one.type == "Graph"]
        return fitting[-1] if fitting else None

    def _models_of(self, service: WebService) -> dict[str, bytes]:
        return {resource.name: self._store.load_content(resource.model) for resource in service.resources}

    def _check_models(self, workspace: Workspace, wish: Wish, graph: Document) -> list[str]:
        from amlemulator.experiments.graph import interface_of
        from amlemulator.experiments.model_file import ModelFileError, read_model_file

        wanted = interface_of(graph).resources
        found = self._named(workspace, self._name(wish)) if wish.update else None
        at_hand = {*wish.models, *(resource.name for resource in found.resources)} if found else set(wish.models)
        wrong = [f"The Saved Model '{name}' has no model. Give its file." for name in wanted if name not in at_hand]
        for name, content in wish.models.items():
            if name not in wanted:
                known = ", ".join(wanted) or "none"
                wrong.append(f"No Saved Model of the experiment is called '{name}'. There is: {known}.")
            try:
                read_model_file(content)
            except ModelFileError as error:
                wrong.append(f"What is given as '{name}' is no model file: {error}.")
        return wrong

    def _with_datasets(self, workspace: Workspace, wish: Wish) -> tuple[dict[str, Any], list[str]]:
        """Return the graph with the ids of its data sets, and those that are not there."""
        from amlemulator.samples import datasets

        with self._store.transaction() as transaction:
            saved = [one for one in transaction.list(Dataset, workspace.id) if not one.deleted]
        ids = {one.name: one.id for one in saved if one.is_latest} | dict(wish.datasets)
        known = {one.id for one in saved} | set(datasets())
        graph, wrong = deepcopy(dict(wish.experiment)), []
        for node in graph["nodes"]:
            if node["module"] == "Dataset":
                name = str(node["parameters"]["Dataset"])
                node["parameters"]["Dataset"] = ids.get(name, name)
                if ids.get(name, name) not in known:
                    there = ", ".join([*ids, *datasets()])
                    wrong.append(f"{node['id']}: There is no data set '{name}' in the workspace. There is: {there}.")
        return graph, wrong


def _taken(name: str) -> str:
    return (
        f"There is a web service '{name}' already. Deploy with --update to put this in its place, or give another "
        "--name."
    )


@dataclass(slots=True)
class Errand:
    """A wish that is being carried out. ``state`` is Running, Done, Failed or Stopped."""

    id: str
    workspace_id: str
    watch: Watch = field(default_factory=Watch)
    state: str = "Running"
    deployed: Deployed | None = None
    error: str = ""
    module: str = ""  # which one failed, when it was one


class Errands:
    """Wishes that are carried out in the background; those that have ended are remembered as long as there is room."""

    REMEMBERED = 100

    def __init__(self, deploying: Deploying, new_id: Callable[[int], str], deployed: Callable[[], None]) -> None:
        self._deploying = deploying
        self._new_id = new_id
        self._tell_deployed = deployed
        self._lock = threading.Lock()
        self._errands: dict[str, Errand] = {}
        self._count = 0
        self._threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="amlclassic-deploy")

    def begin(self, workspace: Workspace, wish: Wish) -> Errand:
        """Begin to carry a wish out. Raises DeployRefused for what can be seen at once."""
        self._deploying.check(workspace, wish)
        with self._lock:
            self._count += 1
            errand = Errand(self._new_id(self._count), workspace.id)
            self._errands[errand.id] = errand
            ended = [one.id for one in self._errands.values() if one.state != "Running"]
            for old in ended[: max(0, len(self._errands) - self.REMEMBERED)]:
                del self._errands[old]
        self._threads.submit(self._carry_out, errand, workspace, wish)
        return errand

    def find(self, errand_id: str) -> Errand | None:
        """Return an errand, or None."""
        return self._errands.get(errand_id)

    def _carry_out(self, errand: Errand, workspace: Workspace, wish: Wish) -> None:
        try:
            errand.deployed = self._deploying.deploy(workspace, wish, errand.watch)
            self._tell_deployed()
            errand.state = "Done"
        except Stopped:
            errand.state = "Stopped"
        except (DeployRefused, ExperimentFailed) as error:
            errand.module = error.module if isinstance(error, ExperimentFailed) else ""
            errand.error = f"{errand.module}: {error}" if errand.module else f"{error}"
            errand.state = "Failed"
        except Exception as error:
            LOG.exception("a deployment failed in the emulator itself")
            errand.error, errand.state = f"{type(error).__name__}: {error}", "Failed"

    def forget(self, workspace_id: str | None) -> None:
        """Stop what is under way, in one workspace or in all: its state is about to be replaced."""
        for errand in list(self._errands.values()):
            if workspace_id in (None, errand.workspace_id):
                errand.watch.stop()

    def close(self) -> None:
        """Stop everything and wait for the end."""
        self.forget(None)
        self._threads.shutdown(wait=True, cancel_futures=True)
