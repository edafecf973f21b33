"""The Studio API's experiments and what belongs to them: graphs, outputs, deployment, saved models, modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from amlemulator.core.errors import failure
from amlemulator.core.records import BlobReference, StoredOutput
from amlemulator.core.studio_experiments import read_saving
from amlemulator.core.studio_records import Experiment
from amlemulator.core.studio_render import (
    etag_of,
    outputs_of,
    render_activity,
    render_asset,
    render_experiment,
    render_module,
    render_node_status,
    render_whole_experiment,
)
from amlemulator.engine.studio_graph import SAVED_TRANSFORM, Asset, id_of_module, modules, safe_id
from amlemulator.experiments.catalogue_models import SAVED_MODEL
from amlemulator.faces.calls import answer, current, mount, nothing, route
from amlemulator.faces.studio import ROOT, here, studio_body

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator
    from amlemulator.engine.studio_experiments import Experiments

EXPERIMENTS = f"{ROOT}/experiments"
EXPERIMENT = f"{EXPERIMENTS}/<experiment_id>"
CHUNK = 1 << 16  # bytes of an output sent at a time


class ExperimentsApi:
    """The views of experiments."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @property
    def _experiments(self) -> Experiments:
        # Asked for each time: a reset of the emulator makes new ones.
        return self._emulator.experiments

    @route("GET", EXPERIMENTS, "studio.experiments", "studio")
    def all(self, workspace_id: str) -> Response:
        """List the experiments, those that were deployed here among them."""
        return answer([render_experiment(one) for one in self._experiments.all(here())])

    @route("GET", EXPERIMENT, "studio.experiment", "studio")
    def get(self, workspace_id: str, experiment_id: str) -> Response:
        """Show one experiment with its graph and the outputs of its last run."""
        experiment = self._experiments.find(here(), experiment_id)
        wire = self._experiments.wire(here(), experiment)
        return answer(render_whole_experiment(experiment, wire, self._statuses(experiment, wire)))

    def _statuses(self, experiment: Experiment, wire: dict[str, Any]) -> list[dict[str, Any]]:
        statuses = []
        for node in wire["Graph"]["ModuleNodes"]:
            name = node.get("Id") if isinstance(node, dict) else None
            outputs = outputs_of(experiment, safe_id(name))
            failed = experiment.failed_node is not None and experiment.failed_node == safe_id(name)
            if outputs or failed:
                shared = {port: self._share(output) for port, output in outputs.items()}
                statuses.append(render_node_status(experiment, str(name), shared, failed=failed))
        return statuses

    def _share(self, output: StoredOutput) -> BlobReference:
        return self._emulator.storage.shared(output, current().addresses)

    @route("POST", EXPERIMENTS, "studio.add-experiment", "studio")
    def add(self, workspace_id: str) -> Response:
        """Save a new experiment, or a copy of one; run it unless it is a draft."""
        return self._saved(self._experiments.save(here(), None, read_saving(studio_body())))

    @route("POST", EXPERIMENT, "studio.save-experiment", "studio")
    def save(self, workspace_id: str, experiment_id: str) -> Response:
        """Save an experiment; run it unless it is a draft."""
        return self._saved(self._experiments.save(here(), experiment_id, read_saving(studio_body())))

    def _saved(self, experiment: Experiment) -> Response:
        return answer({"ExperimentId": experiment.id, "Etag": etag_of(experiment)})

    @route("DELETE", EXPERIMENT, "studio.delete-experiment", "studio")
    def delete(self, workspace_id: str, experiment_id: str) -> Response:
        """Delete an experiment."""
        self._experiments.delete(here(), experiment_id)
        return nothing()

    @route("GET", f"{EXPERIMENT}/outputdata/<node>/<port>", "studio.output-data", "studio")
    def output_data(self, workspace_id: str, experiment_id: str, node: str, port: str) -> Response:
        """Give what a module's output port gave, as CSV; a trained model as its file."""
        output = self._experiments.output(here(), experiment_id, node, port)
        kind = "text/csv; charset=utf-8" if output.name.endswith(".csv") else "application/octet-stream"
        return Response(self._content(output), content_type=kind)

    def _content(self, output: StoredOutput) -> Iterator[bytes]:
        with self._emulator.blobs.open(output.account, output.container, output.name) as content:
            yield from iter(lambda: content.read(CHUNK), b"")

    @route("GET", f"{EXPERIMENT}/annotations", "studio.annotations", "studio")
    def annotations(self, workspace_id: str, experiment_id: str) -> Response:
        """List the comments in an experiment: there is no way to make one but Studio's pages."""
        self._experiments.find(here(), experiment_id)
        return answer([])

    # --- deployment --------------------------------------------------------------------------------------------------

    @route("POST", f"{EXPERIMENT}/webservice", "studio.deploy", "studio")
    def deploy(self, workspace_id: str, experiment_id: str) -> Response:
        """Deploy an experiment as a web service."""
        update = request.args.get("updateExistingWebService", "").lower() == "true"
        return answer(render_activity(self._experiments.deploy(here(), experiment_id, update=update)))

    @route("GET", f"{ROOT}/experiments/<activity_id>/webservice", "studio.deployment", "studio")
    def deployment(self, workspace_id: str, activity_id: str) -> Response:
        """Tell how far a deployment is: the activity's id stands where an experiment's would."""
        return answer(render_activity(self._experiments.activity(here(), activity_id)))

    @route("GET", f"{EXPERIMENT}/webservicedefinition", "studio.web-service-definition", "studio")
    def web_service_definition(self, workspace_id: str, experiment_id: str) -> Response:
        """Refuse to export the definition of a New web service."""
        raise failure(
            "studio/NotEmulated",
            "Definitions are those of New (Azure Resource Manager) web services, which are not emulated. Deploy a "
            "classic one with POST experiments/{id}/webservice.",
            evidence="studio.web-service-definition",
        )

    # --- assets ------------------------------------------------------------------------------------------------------

    @route("GET", f"{ROOT}/trainedmodels", "studio.trained-models", "studio")
    def trained_models(self, workspace_id: str) -> Response:
        """List the saved trained models of the workspace's experiments."""
        return answer([_asset(asset, "iLearnerDotNet") for asset in self._experiments.saved(here(), SAVED_MODEL)])

    @route("GET", f"{ROOT}/transformmodules", "studio.transforms", "studio")
    def transforms(self, workspace_id: str) -> Response:
        """List the saved transforms of the workspace's experiments."""
        return answer([_asset(asset, "iTransformDotNet") for asset in self._experiments.saved(here(), SAVED_TRANSFORM)])

    @route("POST", f"{ROOT}/trainedmodels", "studio.promote", "studio")
    @route("POST", f"{ROOT}/transformmodules", "studio.promote", "studio")
    def promote(self, workspace_id: str) -> Response:
        """Refuse to save a module's output as an asset."""
        raise failure(
            "studio/NotEmulated",
            "Saving a module's output as a trained model or transform is not emulated. Retrain through the web service "
            "and PATCH the model, or deploy an experiment that has it.",
            evidence="studio.promote",
        )

    @route("GET", f"{ROOT}/modules", "studio.modules", "studio")
    def module_list(self, workspace_id: str) -> Response:
        """List the modules that experiments may use here."""
        return answer([render_module(module.name, id_of_module(module.name)) for module in modules()])


def _asset(asset: Asset, data_type_id: str) -> dict[str, Any]:
    workspace_id, family, instance = asset.id.split(".")
    return render_asset(workspace_id, asset.name, data_type_id, (family, instance), asset.created)


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of experiments."""
    return mount("studio-experiments", ExperimentsApi(emulator))
