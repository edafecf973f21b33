"""Regions, ids and addresses."""

from __future__ import annotations

from amlemulator import pipeline
from amlemulator.core.errors import failure
from mutants.patching import Patch, mutant


def _found(emulator, call):
    workspace_id = call.arguments.get("workspace_id")
    return None if workspace_id is None else emulator.directory.workspace(workspace_id)


@mutant("region-ignored", "regions.management")
def _(patch: Patch) -> None:
    """A workspace answers on the management host of every region."""

    def region(emulator, call):
        call.workspace = _found(emulator, call)
        if call.workspace is None and call.arguments.get("workspace_id") and call.host.role == "management":
            raise failure("management/InvalidWorkspaceId")

    patch.stages(region=region)


@mutant("region-ignored-by-scoring", "regions.scoring")
def _(patch: Patch) -> None:
    """An endpoint scores on the host of every region."""

    def region(emulator, call):
        pipeline.region(emulator, call)
        if call.host.role == "services":
            call.workspace = _found(emulator, call)

    patch.stages(region=region)


@mutant("region-404", "regions.management")
def _(patch: Patch) -> None:
    """On another region's management host a workspace is not found."""

    def region(emulator, call):
        workspace = _found(emulator, call)
        if workspace and call.host.role == "management" and call.host.region not in (None, workspace.region):
            raise failure("management/NotFound")
        pipeline.region(emulator, call)

    patch.stages(region=region)


@mutant("region-after-key", "regions.management")
def _(patch: Patch) -> None:
    """A wrong key is told before the wrong region."""

    def region(emulator, call):
        workspace = _found(emulator, call)
        if workspace is not None and call.host.role == "management":
            call.workspace = workspace
            pipeline.authenticate(emulator, call)
        pipeline.region(emulator, call)

    patch.stages(region=region)


@mutant("unknown-workspace-404", "regions.unknown-workspace")
def _(patch: Patch) -> None:
    """An unknown workspace is 404 on the management host."""

    def region(emulator, call):
        if call.arguments.get("workspace_id") and _found(emulator, call) is None and call.host.role == "management":
            raise failure("management/NotFound")
        pipeline.region(emulator, call)

    patch.stages(region=region)


@mutant("any-service-id", "regions.other-workspace")
def _(patch: Patch) -> None:
    """A service is shown below the address of another workspace."""

    def locate(emulator, call):
        service = emulator.directory.service(call.arguments.get("service_id", ""))
        if service is None or call.arguments.get("endpoint_name"):
            _locate(emulator, call)
        call.service = service

    _locate = pipeline._locate
    patch.set(pipeline, "_locate", locate)


@mutant("redirects", "rrs.habits")
def _(patch: Patch) -> None:
    """A trailing slash is answered with a redirect."""

    def make(original):
        def address(emulator, environ, start_response, request_id, arrived):
            if environ["PATH_INFO"].endswith("/execute/"):
                start_response("308 Permanent Redirect", [("Location", environ["PATH_INFO"][:-1])])
                return [b""]
            return original(emulator, environ, start_response, request_id, arrived)

        return address

    patch.wrap(pipeline, "address", make)


@mutant("guid-for-name", "endpoints.unknown")
def _(patch: Patch) -> None:
    """The management host takes an endpoint's GUID for its name."""
    from amlemulator.engine.directory import Directory

    def make(original):
        def endpoint_named(self, service_id, name):
            return original(self, service_id, name) or next(
                (one for one in self.endpoints(service_id) if one.id == name), None
            )

        return endpoint_named

    patch.wrap(Directory, "endpoint_named", make)


@mutant("names-without-case", "endpoints.unknown")
def _(patch: Patch) -> None:
    """Endpoint names are found whatever their case."""
    from amlemulator.engine.directory import Directory

    patch.wrap(
        Directory, "endpoint_named", lambda original: lambda self, service, name: original(self, service, name.lower())
    )
