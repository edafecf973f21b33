"""Studio's pages: the workspaces with their regions, experiments as graphs, data sets, trained models.

The user's document finds the region of a workspace in Studio's drop-down list of workspaces, and shows a training
experiment whose Web Service Output is connected to Train Model (seed document, its pictures).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from amlemulator.core.errors import ServiceError
from amlemulator.core.records import Workspace
from amlemulator.faces.calls import route
from amlemulator.faces.pages.dress import (
    go,
    missing,
    mount_pages,
    page,
    root,
    static_file,
    workspace_here,
)
from amlemulator.faces.pages.paging import part_of

if TYPE_CHECKING:
    from amlemulator.core.studio_records import Experiment
    from amlemulator.emulator import Emulator
    from amlemulator.experiments.graph import Finding, Graph

WORKSPACE = "/studio/workspaces/<workspace_id>"
EXPERIMENT = f"{WORKSPACE}/experiments/<experiment_id>"
# A drawing styles itself; it is a document of its own, which may do nothing else.
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class StudioPages:
    """The views of Studio."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", "/studio/static/<name>", "pages.static", "visitor")
    def static(self, name: str) -> Response:
        """Give the pages' style, script or icon on this host too."""
        return static_file(name)

    @route("GET", "/studio", "pages.home", "page")
    def home(self) -> Response:
        """Let a visitor choose a workspace; each with its region."""
        workspaces = self._emulator.directory.workspaces()
        part = part_of(workspaces, lambda one: f"{one.name}\n{one.region}\n{one.id}")
        return page(self._emulator, "pages/studio_home.html", evidence="pages.workspaces", here=None, part=part)

    @route("GET", WORKSPACE, "pages.experiments", "page")
    def experiments(self, workspace_id: str) -> Response:
        """List the experiments of a workspace."""
        workspace = workspace_here(self._emulator)
        part = part_of(self._emulator.experiments.all(workspace), lambda one: one.name)
        return self._show("studio_experiments", workspace, section="experiments", part=part)

    @route("GET", f"{WORKSPACE}/datasets", "pages.datasets", "page")
    def datasets(self, workspace_id: str) -> Response:
        """List the data sets of a workspace, the samples among them."""
        workspace = workspace_here(self._emulator)
        part = part_of(self._emulator.studio.list_datasets(workspace), lambda one: one.name)
        return self._show("studio_datasets", workspace, section="datasets", part=part)

    @route("GET", f"{WORKSPACE}/models", "pages.models", "page")
    def models(self, workspace_id: str) -> Response:
        """List the trained models of a workspace's experiments."""
        from amlemulator.experiments.catalogue_models import SAVED_MODEL

        workspace = workspace_here(self._emulator)
        part = part_of(self._emulator.experiments.saved(workspace, SAVED_MODEL), lambda one: one.name)
        return self._show("studio_models", workspace, section="models", part=part)

    @route("GET", EXPERIMENT, "pages.experiment", "page")
    def experiment(self, workspace_id: str, experiment_id: str) -> Response:
        """Show an experiment: its graph, what is wrong with it, and what can be done with it."""
        return self._experiment(workspace_here(self._emulator), experiment_id, None)

    def _experiment(self, workspace: Workspace, experiment_id: str, error: ServiceError | None) -> Response:
        from amlemulator.experiments import editing
        from amlemulator.experiments.drawing import title_of

        found, graph, findings = self._read(workspace, experiment_id)
        service = self._emulator.directory.service(found.service_id or "")
        return self._show(
            "studio_experiment",
            workspace,
            status=error.entry.status if error else 200,
            section="experiments",
            experiment=found,
            address=_address(workspace, found),
            predictive=self._emulator.experiments.predictive(workspace, found),
            setup=self._emulator.experiments.setups.find(found),
            progress=self._emulator.experiments.progress(found),
            graph=graph,
            title_of=title_of,
            findings=findings,
            untrained=editing.lacks_trained_output(graph),
            outputs=editing.output_wires(graph),
            sources=editing.possible_sources(graph),
            service=service,
            deployed=request.args.get("deployed") == "1",
            error=error,
        )

    @route("GET", f"{EXPERIMENT}/graph.svg", "pages.graph", "page")
    def graph(self, workspace_id: str, experiment_id: str) -> Response:
        """Draw an experiment."""
        from amlemulator.experiments.drawing import draw_svg

        _, graph, _ = self._read(workspace_here(self._emulator), experiment_id)
        response = Response(draw_svg(graph), content_type="image/svg+xml")
        response.headers["Content-Security-Policy"] = SVG_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    @route("POST", f"{EXPERIMENT}/run", "pages.run", "page")
    def run(self, workspace_id: str, experiment_id: str) -> Response:
        """Run an experiment as it is."""

        def act(workspace: Workspace, found: Experiment) -> str:
            experiments = self._emulator.experiments
            experiments.change(workspace, found, experiments.document(workspace, found), run=True)
            return ""

        return self._act(experiment_id, act)

    @route("POST", f"{EXPERIMENT}/setup", "pages.set-up", "page")
    def set_up(self, workspace_id: str, experiment_id: str) -> Response:
        """Set up the web service of a training experiment: put in the web service ports that it lacks."""
        from amlemulator.experiments.editing import set_up_retraining

        def act(workspace: Workspace, found: Experiment) -> str:
            experiments = self._emulator.experiments
            document = set_up_retraining(experiments.document(workspace, found))
            experiments.change(workspace, found, document, run=False)
            return ""

        return self._act(experiment_id, act)

    @route("POST", f"{EXPERIMENT}/predictive", "pages.predictive", "page")
    def set_up_predictive(self, workspace_id: str, experiment_id: str) -> Response:
        """Begin to make the predictive experiment of a training one that has run; the page says how far it is."""

        def act(workspace: Workspace, found: Experiment) -> str:
            self._emulator.experiments.set_up_predictive(workspace, found.id)
            return ""

        return self._act(experiment_id, act)

    @route("POST", f"{EXPERIMENT}/predictive/stop", "pages.stop-predictive", "page")
    def stop_predictive(self, workspace_id: str, experiment_id: str) -> Response:
        """Stop what was begun; nothing has been changed then, unless it is done already."""

        def act(workspace: Workspace, found: Experiment) -> str:
            self._emulator.experiments.setups.stop(found)
            return ""

        return self._act(experiment_id, act)

    @route("POST", f"{EXPERIMENT}/wires", "pages.wire", "page")
    def wire(self, workspace_id: str, experiment_id: str) -> Response:
        """Connect a Web Service Output to another port, or to none."""
        from amlemulator.experiments.editing import rewire

        def act(workspace: Workspace, found: Experiment) -> str:
            experiments = self._emulator.experiments
            output, source = request.form.get("output", ""), request.form.get("source", "")
            try:
                document = rewire(experiments.document(workspace, found), output, source)
            except (KeyError, ValueError) as error:
                raise missing("port", str(error.args[0])) from error
            experiments.change(workspace, found, document, run=False)
            return ""

        return self._act(experiment_id, act)

    @route("POST", f"{EXPERIMENT}/deploy", "pages.deploy", "page")
    def deploy(self, workspace_id: str, experiment_id: str) -> Response:
        """Deploy an experiment as a web service, or in the place of the one that it was deployed as."""

        def act(workspace: Workspace, found: Experiment) -> str:
            self._emulator.experiments.deploy(workspace, found.id, update=request.form.get("as") != "new")
            return "?deployed=1"

        return self._act(experiment_id, act)

    def _act(self, experiment_id: str, act: Any) -> Response:
        """Do what a form asks; what is refused is shown on the experiment's page."""
        workspace = workspace_here(self._emulator)
        found = self._emulator.experiments.find(workspace, experiment_id)
        try:
            query = act(workspace, found)
        except ServiceError as error:
            return self._experiment(workspace, experiment_id, error)
        return go(_address(workspace, found) + query)

    def _read(self, workspace: Workspace, experiment_id: str) -> tuple[Experiment, Graph, list[Finding]]:
        """Return an experiment with its graph, and what is wrong with it. Raises 404, 400 when it cannot be read."""
        from amlemulator.experiments.graph import read_graph

        found = self._emulator.experiments.find(workspace, experiment_id)
        return found, *read_graph(self._emulator.experiments.document(workspace, found))

    def _show(self, template: str, workspace: Workspace, **facts: Any) -> Response:
        evidence = "pages.experiments"
        return page(self._emulator, f"pages/{template}.html", evidence=evidence, here=workspace, **facts)


def _address(workspace: Workspace, experiment: Experiment) -> str:
    """Return where an experiment's page is."""
    return f"{root('studio')}/workspaces/{workspace.id}/experiments/{experiment.id}"


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of Studio's pages."""
    return mount_pages("studio-pages", StudioPages(emulator), emulator)
