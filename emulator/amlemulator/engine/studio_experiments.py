"""The Studio API's experiments: listed with those that were deployed here, saved, run, deployed as web services.

An experiment that was deployed is known by its web service; a record of its own comes into being when a client changes,
runs or deletes it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import Any

from amlemulator.core import studio_experiments as rules
from amlemulator.core.identity import Identity
from amlemulator.core.records import StoredOutput, WebService, Workspace
from amlemulator.core.studio import refused
from amlemulator.core.studio_records import Dataset, Experiment, ExperimentState, WebServiceActivity
from amlemulator.core.studio_render import stored_key
from amlemulator.engine.deployment import Deployment
from amlemulator.engine.directory import Directory
from amlemulator.engine.studio_graph import SAVED_TRANSFORM, Asset, Assets, read_wire, safe_id, write_wire
from amlemulator.engine.studio_runs import Result, Run, StudioRuns
from amlemulator.engine.studio_setups import SetUp, SetUps
from amlemulator.engine.trials import Stopped, Watch
from amlemulator.experiments.catalogue_data import DATASET
from amlemulator.experiments.catalogue_models import SAVED_MODEL
from amlemulator.experiments.graph import check_graph, load_graph
from amlemulator.experiments.predictive import SUFFIX
from amlemulator.ports.clock import Clock
from amlemulator.ports.store import Store

LOG = logging.getLogger(__name__)
RUNS_AT_A_TIME = 2
NEW = "Experiment"  # the name of one that a client gave none


class Experiments:
    """The experiments of every workspace."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        deployment: Deployment,
        runs: StudioRuns,
        clock: Clock,
        identity: Identity,
    ) -> None:
        self._store = store
        self._directory = directory
        self._deployment = deployment
        self._runs = runs
        self._clock = clock
        self._identity = identity
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()  # for runs that somebody waits for
        self._running: dict[str, Watch] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._retired = False
        self.setups = SetUps(self._set_up, self._submit)

    # --- looking -----------------------------------------------------------------------------------------------------

    def all(self, workspace: Workspace) -> list[Experiment]:
        """Return the workspace's experiments in order of creation."""
        known = {one.id: one for one in self._stored(workspace)}
        linked = {one.service_id for one in known.values()}
        for one in self._deployed(workspace):
            if one.service_id not in linked:
                known.setdefault(one.id, one)
        shown = (self._as_it_is(one) for one in known.values() if not one.deleted)
        return sorted(shown, key=lambda one: (one.created, one.ordinal))

    def find(self, workspace: Workspace, experiment_id: str) -> Experiment:
        """Return an experiment. Raises 404."""
        with self._store.transaction() as transaction:
            found = transaction.get(Experiment, experiment_id)
        if found is None or found.workspace_id != workspace.id:
            found = next((one for one in self._deployed(workspace) if one.id == experiment_id), None)
        if found is None or found.deleted:
            raise rules.unknown("experiment", experiment_id)
        return self._as_it_is(found)

    def _stored(self, workspace: Workspace) -> list[Experiment]:
        with self._store.transaction() as transaction:
            return [*transaction.list(Experiment, workspace.id)]

    def _deployed(self, workspace: Workspace) -> Iterator[Experiment]:
        for service in self._directory.services(workspace.id):
            if service.type == "Graph" and service.experiment:
                name = self._directory.graph(service.experiment).get("experiment") or service.name
                yield rules.deployed_experiment(workspace, service, str(name))

    def _as_it_is(self, experiment: Experiment) -> Experiment:
        # What a crash of the emulator interrupted will not go on.
        if experiment.state is ExperimentState.RUNNING and experiment.id not in self._running:
            return rules.fail(
                experiment, "The run was interrupted by the end of the emulator.", None, experiment.updated
            )
        return experiment

    def wire(self, workspace: Workspace, experiment: Experiment) -> dict[str, Any]:
        """Return ``Graph`` and ``WebService`` of an experiment."""
        wire: dict[str, Any] = (
            json.loads(self._store.load_content(experiment.saved))
            if experiment.saved
            else write_wire(self._directory.graph(experiment.graph), self.assets(workspace, experiment))
        )
        return {**wire, "WebService": {**wire["WebService"], "WebServiceGroupId": experiment.service_id}}

    def document(self, workspace: Workspace, experiment: Experiment) -> Mapping[str, Any]:
        """Return the module graph of an experiment in our form. Raises 400 for a saved one that cannot be read."""
        if not experiment.saved:
            return self._directory.graph(experiment.graph)
        saved = json.loads(self._store.load_content(experiment.saved))
        return read_wire(experiment.name, saved, self.assets(workspace, experiment))[0]

    def assets(self, workspace: Workspace, first: Experiment | None = None) -> Assets:
        """Return the saved data sets, trained models and transforms of a workspace; those of ``first`` come first."""
        assets = Assets()
        with self._store.transaction() as transaction:
            datasets = transaction.list(Dataset, workspace.id)
        for dataset in datasets:
            if not dataset.deleted:
                assets.add(Asset(dataset.id, DATASET, {"Dataset": dataset.id}, dataset.created))
        for dataset in self._runs.studio.samples(workspace):
            assets.add(Asset(dataset.id, DATASET, {"Dataset": dataset.name}, dataset.created))
        for experiment in ([first] if first else []) + self.all(workspace):
            for asset in self._assets_of(workspace, experiment):
                assets.add(asset)
        return assets

    def saved(self, workspace: Workspace, module: str) -> list[Asset]:
        """Return the workspace's saved assets of one kind, named by the module that stands for them in our graphs."""
        return [asset for asset in self.assets(workspace).by_id.values() if asset.module == module]

    def _assets_of(self, workspace: Workspace, experiment: Experiment) -> Iterator[Asset]:
        for name, key in experiment.models.items():
            family = self._identity.new_id("trained-model", f"{workspace.id}/{name}")
            model_id = f"{workspace.id}.{family}.{key[:32]}"
            yield Asset(model_id, SAVED_MODEL, {"Name": name}, experiment.created, key)
        document = self._directory.graph(experiment.graph) if experiment.graph else {}
        for node in document.get("nodes") or ():
            if node.get("module") == SAVED_TRANSFORM:
                parameters = node.get("parameters") or {}
                family = self._identity.new_id("transform", f"{workspace.id}/{parameters.get('Name')}")
                instance = sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:32]
                yield Asset(f"{workspace.id}.{family}.{instance}", SAVED_TRANSFORM, parameters, experiment.created)

    # --- changing ----------------------------------------------------------------------------------------------------

    def save(self, workspace: Workspace, experiment_id: str | None, saving: rules.Saving) -> Experiment:
        """Save an experiment, a new one without an id, and run it when that is asked for. Raises 400, 404 and 409."""
        found = self.find(workspace, experiment_id) if experiment_id else None
        if found is not None and found.state is ExperimentState.RUNNING:
            raise rules.busy()
        wire = {"Graph": saving.graph, "WebService": saving.web_service}
        name = saving.name or (found.name if found else NEW)
        graph = self._read(workspace, name, wire, found) if saving.run else None  # refused before anything changes
        key = self._store.save_content(json.dumps(wire, ensure_ascii=False).encode())
        experiment = self._put(rules.save(found or self._new(workspace), saving, key, self._clock.now()))
        return self._start(workspace, experiment, graph) if graph else experiment

    def change(
        self, workspace: Workspace, experiment: Experiment, document: Mapping[str, Any], *, run: bool
    ) -> Experiment:
        """Save an experiment with another graph, in our form, and run it when that is asked for. Raises as ``save``."""
        wire = write_wire(document, self.assets(workspace, experiment))
        kept = {"name": experiment.name, "summary": experiment.summary, "category": experiment.category}
        saving = rules.Saving(**kept, parent_id="", run=run, graph=wire["Graph"], web_service=wire["WebService"])
        return self.save(workspace, experiment.id, saving)

    def _new(self, workspace: Workspace) -> Experiment:
        now = self._clock.now()
        with self._store.transaction() as transaction:
            ordinal = transaction.next_ordinal(f"experiment/{workspace.id}")
        instance = self._identity.new_id("experiment", f"{workspace.id}/{ordinal}")
        return Experiment(f"{workspace.id}.f-id.{instance}", ordinal, workspace.id, NEW, now, now)

    def delete(self, workspace: Workspace, experiment_id: str) -> None:
        """Delete an experiment; web services that were deployed from it stay. Raises 404, and 409 while it runs."""
        found = self.find(workspace, experiment_id)
        if found.state is ExperimentState.RUNNING:
            raise rules.busy()
        self._put(replace(found, deleted=True))

    # --- running -----------------------------------------------------------------------------------------------------

    def _read(
        self, workspace: Workspace, name: str, wire: Mapping[str, Any], first: Experiment | None
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """Return graph and models of what a client sent. Raises 400 with everything that is wrong with it."""
        document, models = read_wire(name, wire, self.assets(workspace, first))
        findings = check_graph(document)
        if findings:
            raise refused(" ".join(str(finding) for finding in findings), evidence="studio.graph")
        return document, models

    def _start(
        self, workspace: Workspace, experiment: Experiment, graph: tuple[Mapping[str, Any], Mapping[str, str]]
    ) -> Experiment:
        watch = Watch()
        with self._lock:
            self._running[experiment.id] = watch
        running = self._put(rules.start(experiment, self._clock.now()))
        self._submit(self._guarded, running, _run(workspace, running, *graph), watch)
        return running

    def _submit(self, work: Callable[..., None], *arguments: Any) -> None:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(RUNS_AT_A_TIME, thread_name_prefix="amlclassic-studio")
            self._threads.submit(work, *arguments)

    def progress(self, experiment: Experiment) -> dict[str, Any]:
        """Return the last word of the worker that runs an experiment, or its set-up: module, done, of."""
        setup = self.setups.find(experiment)
        watch = setup.watch if setup is not None and setup.state == "Running" else self._running.get(experiment.id)
        return dict(watch.progress) if watch is not None else {}

    def _guarded(self, experiment: Experiment, run: Run, watch: Watch) -> None:
        try:
            self._conclude(experiment, run, self._runs.run(run, watch))
        except Exception as error:
            LOG.exception("experiment %s failed in the emulator itself", experiment.id)
            self._put(rules.fail(experiment, f"{type(error).__name__}: {error}", None, self._clock.now()))
        finally:
            with self._lock:
                self._running.pop(experiment.id, None)

    def _conclude(self, experiment: Experiment, run: Run, result: Result) -> Experiment:
        now = self._clock.now()
        if result.cancelled:  # the emulator is closing
            return experiment
        if result.error is not None:
            nodes = (node["id"] for node in run.document["nodes"] if node["module"] == result.module)
            return self._put(rules.fail(experiment, result.error, next(nodes, None), now))
        key = self._save_graph(result.document)
        return self._put(rules.finish(experiment, key, run.models, result.outputs, now))

    def _put(self, experiment: Experiment) -> Experiment:
        with self._store.transaction() as transaction:
            if not self._retired:
                transaction.put(experiment)
        return experiment

    def output(self, workspace: Workspace, experiment_id: str, node: str, port: str) -> StoredOutput:
        """Return what a node's output port gave. A deployed experiment is run for it the first time. Raises 404."""
        found = self.find(workspace, experiment_id)
        if found.state is ExperimentState.FINISHED and not found.outputs:
            with self._one_at_a_time:
                found = self.find(workspace, experiment_id)
                if not found.outputs:
                    started = rules.start(found, self._clock.now())
                    run = _run(workspace, started, self._directory.graph(found.graph), found.models)
                    # Whoever looks at an output exports nothing.
                    found = self._conclude(started, run, self._runs.run(run, exporting=False))
        output = found.outputs.get(stored_key(safe_id(node), port))
        if output is None:
            there = ", ".join(f"'{key.replace(':', '/', 1)}'" for key in found.outputs) or "none; run the experiment"
            raise rules.unknown("output", f"{node}/{port} ({there})")
        return output

    # --- setting up --------------------------------------------------------------------------------------------------

    def predictive(self, workspace: Workspace, training: Experiment) -> Experiment | None:
        """Return the predictive experiment that was set up from a training one, or None."""
        # A copy of an experiment has it for its parent, too.
        made = (one for one in self.all(workspace) if one.parent_id == training.id and one.name.endswith(SUFFIX))
        return next(made, None)

    def set_up_predictive(self, workspace: Workspace, experiment_id: str) -> SetUp:
        """Begin to set up the predictive experiment of a training one, or to do so again; it is run for that.

        Raises 404; 400 when it has not run, or not exactly one of its modules trains; 409 while one of both runs.
        """
        training = rules.check_run(self.find(workspace, experiment_id))
        graph = load_graph(self._directory.graph(training.graph))
        trainers = sum(node.module.trains for node in graph.nodes.values())
        if trainers != 1:
            message = f"'{training.name}' has {trainers} modules that train. Leave exactly one."
            raise refused(message, evidence="pages.predictive")
        made = self.predictive(workspace, training)
        if made is not None and made.state is ExperimentState.RUNNING:
            raise rules.busy()
        return self.setups.begin(workspace, training)

    def _set_up(self, workspace: Workspace, training: Experiment, watch: Watch) -> Experiment:
        run = _run(workspace, training, self._directory.graph(training.graph), training.models)
        result = self._runs.set_up(run, watch)
        if result.cancelled:
            raise Stopped
        if result.error is not None:
            raise refused(f"{result.module or training.name}: {result.error}", evidence="pages.predictive")
        with self._one_at_a_time:
            found = self.predictive(workspace, training) or self._new(workspace)
            if found.state is ExperimentState.RUNNING:
                raise rules.busy()
            key = self._save_graph(result.document)
            return self._put(rules.set_up(found, training, result.document, key, result.models, self._clock.now()))

    def _save_graph(self, document: Mapping[str, Any]) -> str:
        return self._store.save_content(json.dumps(document, sort_keys=True, ensure_ascii=False).encode())

    # --- deploying ---------------------------------------------------------------------------------------------------

    def deploy(self, workspace: Workspace, experiment_id: str, *, update: bool) -> WebServiceActivity:
        """Deploy an experiment as a web service, or in the place of the one it was deployed as. Raises 400 and 404."""
        experiment = rules.check_deployable(self.find(workspace, experiment_id))
        document = self._directory.graph(experiment.graph)
        models = {name: self._store.load_content(key) for name, key in experiment.models.items()}
        service = self._directory.service(experiment.service_id) if update and experiment.service_id else None
        if service is None:
            service = self._deployment.deploy(workspace, experiment.name, document, models)
        else:
            service = self._deployment.redeploy(service, document, models)
        return self._note(workspace, replace(experiment, service_id=service.id), service)

    def _note(self, workspace: Workspace, experiment: Experiment, service: WebService) -> WebServiceActivity:
        endpoints = self._directory.endpoints(service.id)
        default = next((one.id for one in endpoints if one.is_default), "")
        with self._store.transaction() as transaction:
            ordinal = transaction.next_ordinal(f"activity/{workspace.id}")
            activity_id = self._identity.new_id("activity", f"{workspace.id}/{ordinal}")
            activity = WebServiceActivity(activity_id, ordinal, workspace.id, service.id, default)
            transaction.put(activity)
            transaction.put(experiment)
        return activity

    def activity(self, workspace: Workspace, activity_id: str) -> WebServiceActivity:
        """Return a deployment that was asked for. Raises 404."""
        with self._store.transaction() as transaction:
            found = transaction.get(WebServiceActivity, activity_id)
        if found is None or found.workspace_id != workspace.id:
            raise rules.unknown("activity", activity_id)
        return found

    def retire(self) -> None:
        """Write nothing any more: the state has been reset, and others have taken over."""
        self._retired = True
        self.setups.close()
        with self._lock:
            threads = self._threads
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Wait for what runs; the runner has been closed before, so that is soon."""
        self.setups.close()
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            with suppress(RuntimeError):
                threads.shutdown(wait=True, cancel_futures=True)


def _run(workspace: Workspace, experiment: Experiment, graph: Mapping[str, Any], models: Mapping[str, str]) -> Run:
    instance = experiment.id.rpartition(".")[2]
    return Run(workspace, f"{instance}/{experiment.runs}", graph, models)
