"""The portal's page that walks through the retraining flow, step by step, each step with the call that it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from amlemulator.core.records import StoredOutput
from amlemulator.engine.batch import CONTENT_TYPES
from amlemulator.faces.calls import current, route
from amlemulator.faces.pages.dress import go, missing, mount_pages, page, root
from amlemulator.faces.pages.languages import gettext as _
from amlemulator.faces.pages.trial import Exchange, make
from amlemulator.faces.pages.walk import CONTAINER, Walk, datasets, scored, trainers, upload_name, walk_of

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

PAGE = "/portal/retraining"
NEW_NAME = "retrained"


class PortalRetraining:
    """The views of the walk."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", PAGE, "portal.retraining", "page")
    def walk(self) -> Response:
        """Show how far the walk is, and each step's call."""
        walk = walk_of(self._emulator, current().addresses, request.args)
        return self._show(walk)

    @route("POST", f"{PAGE}/data", "portal.retraining-data", "page")
    def data(self) -> Response:
        """Step 1: take the training data, a file or a saved data set."""
        walk = self._walk()
        file = request.files.get("file")
        if file is None or not file.filename:
            return self._on(walk, data=f"dataset:{request.form.get('dataset', '')}")
        name = upload_name(file.filename)
        if name is None:
            return self._show(walk, problem=("data", _("Training data are a .csv, .tsv or .arff file.")))
        place = StoredOutput(walk.workspace.storage_account, CONTAINER, name, shared="container")
        kind = CONTENT_TYPES["." + name.rpartition(".")[2]]
        self._emulator.storage.write(place, cast(BinaryIO, file.stream), kind)
        return self._on(walk, data=f"upload:{name}")

    @route("POST", f"{PAGE}/job", "portal.retraining-job", "page")
    def job(self) -> Response:
        """Step 2: submit the job, and start it."""
        walk = self._walk()
        names = [name for name, _value in walk.parameters]
        values = {name: request.form.get(f"parameter-{place}", "") for place, name in enumerate(names)}
        key = walk.training.primary_key
        submitted = make(self._emulator, walk.submit(values), key)
        if not submitted.ok:
            return self._show(walk, refused={"job": submitted})
        job_id = str(submitted.json)
        started = make(self._emulator, walk.start(job_id), key)
        return self._on(walk, job=job_id) if started.ok else self._show(walk, refused={"job": started})

    @route("POST", f"{PAGE}/endpoint", "portal.retraining-endpoint", "page")
    def endpoint(self) -> Response:
        """Step 4: add an endpoint to the scoring service, or take one that was added before."""
        walk = self._walk()
        service = next((one for one in walk.scoring if one.id == request.form.get("service")), None)
        if service is None:
            raise missing("web service", request.form.get("service", ""))
        name, directory = request.form.get("name", "").strip(), self._emulator.directory
        found = directory.endpoint_named(service.id, name)
        if found is None:
            planned = walk.manage("PUT", service, name, {"Description": ""})
            exchange = make(self._emulator, planned, walk.workspace.primary_token)
            if not exchange.ok:
                return self._show(walk, refused={"endpoint": exchange})
            found = directory.endpoint_named(service.id, name)
        return self._on(walk, service=service.id, endpoint=found.id if found else "")

    @route("POST", f"{PAGE}/patch", "portal.retraining-patch", "page")
    def patch(self) -> Response:
        """Step 5: PATCH the endpoint with the three values."""
        walk = self._walk()
        if walk.endpoint is None or walk.service is None or not walk.finished:
            return self._show(walk)
        planned = walk.manage("PATCH", walk.service, walk.endpoint.name, walk.patch_body)
        exchange = make(self._emulator, planned, walk.endpoint.primary_key)
        return self._on(walk) if exchange.ok else self._show(walk, refused={"patch": exchange})

    @route("POST", f"{PAGE}/score", "portal.retraining-score", "page")
    def score(self) -> Response:
        """Step 6: score the sample row with the default endpoint and with the retrained one."""
        walk = self._walk()
        if walk.endpoint is None or walk.service is None:
            return self._show(walk)
        both = [self._emulator.directory.endpoint_named(walk.service.id, "default"), walk.endpoint]
        endpoints = [one for one in both if one is not None]
        exchanges = [(one, make(self._emulator, walk.score(one), one.primary_key)) for one in endpoints]
        interface = self._emulator.directory.interface(walk.endpoint)
        return self._show(walk, scores=[(one, made, dict(scored(made, interface))) for one, made in exchanges])

    def _walk(self) -> Walk:
        walk = walk_of(self._emulator, current().addresses, request.form)
        if walk is None:
            raise missing("training web service", request.form.get("training", ""))
        return walk

    def _on(self, walk: Walk, **more: str) -> Response:
        """Go on to the next step."""
        return go(f"{root('portal')}/retraining?{urlencode({**walk.state, **more})}")

    def _show(
        self,
        walk: Walk | None,
        *,
        problem: tuple[str, str] = ("", ""),
        refused: dict[str, Exchange] | None = None,
        scores: Any = (),
    ) -> Response:
        emulator, failed = self._emulator, next(iter((refused or {}).values()), None)
        progress = emulator.batch.progress(walk.job.id) if walk and walk.job else {}
        return page(
            emulator,
            "pages/retraining.html",
            evidence="portal.retraining",
            status=failed.status if failed else 400 if problem[0] else 200,
            section="retraining",
            walk=walk,
            trainers=[(one, *_names(emulator, one.service_id)) for one in trainers(emulator)],
            datasets=datasets(emulator, walk.workspace) if walk else (),
            problem=problem,
            refused=refused or {},
            scores=scores,
            progress=progress,
            new_name=NEW_NAME,
        )


def _names(emulator: Emulator, service_id: str) -> tuple[str, str]:
    """Return the names of a service and its workspace."""
    service = emulator.directory.service(service_id)
    workspace = emulator.directory.workspace(service.workspace_id) if service else None
    return service.name if service else "", f"{workspace.name}, {workspace.region}" if workspace else ""


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the walk."""
    return mount_pages("portal-retraining", PortalRetraining(emulator), emulator)
