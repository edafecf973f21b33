"""Keys and tokens that open too much or too little."""

from __future__ import annotations

from dataclasses import replace

from amlemulator import pipeline
from amlemulator.core import access
from amlemulator.core.errors import failure
from amlemulator.engine import administration
from amlemulator.engine.directory import Directory
from mutants.patching import Patch, mutant


@mutant("any-key-scores", "access.scoring-key")
def _(patch: Patch) -> None:
    """Any key scores, as long as there is one."""
    patch.set(pipeline, "opens_endpoint", lambda token, endpoint: bool(token))


@mutant("no-key-scores", "access.scoring-key")
def _(patch: Patch) -> None:
    """A call without a key scores."""
    patch.wrap(pipeline, "opens_endpoint", lambda original: lambda token, one: not token or original(token, one))


@mutant("sibling-key-scores", "access.scoring-key")
def _(patch: Patch) -> None:
    """The key of another endpoint of the same service scores."""

    def scoring(emulator, call):
        endpoint = emulator.directory.endpoint(call.arguments["endpoint_id"])
        siblings = emulator.directory.endpoints(endpoint.service_id) if endpoint else ()
        token = access.bearer(call.authorization)
        if call.workspace is None or not any(access.opens_endpoint(token, one) for one in siblings):
            raise failure("Unauthorized/ScoreRequestUnauthorized")
        call.endpoint, call.service = endpoint, emulator.directory.service(endpoint.service_id)

    patch.authenticator("scoring", scoring)


@mutant("token-scores", "access.scoring-key")
def _(patch: Patch) -> None:
    """The workspace's token scores."""

    def scoring(emulator, call):
        endpoint = emulator.directory.endpoint(call.arguments["endpoint_id"])
        if endpoint and call.workspace and access.opens_workspace(access.bearer(call.authorization), call.workspace):
            call.endpoint, call.service = endpoint, emulator.directory.service(endpoint.service_id)
        else:
            pipeline._scoring(emulator, call)

    patch.authenticator("scoring", scoring)


@mutant("key-case", "access.scoring-key")
def _(patch: Patch) -> None:
    """Keys are compared without regard to case."""
    patch.set(access, "matches", lambda token, keys: bool(token) and token.lower() in {key.lower() for key in keys})


@mutant("key-prefix", "access.scoring-key")
def _(patch: Patch) -> None:
    """The first forty characters of a key suffice."""
    patch.set(
        access,
        "matches",
        lambda token, keys: bool(token) and any(key.startswith(token[:40]) and len(token) >= 40 for key in keys),
    )


@mutant("secondary-key-refused", "access.scoring-key")
def _(patch: Patch) -> None:
    """The secondary key opens nothing."""
    patch.set(pipeline, "opens_endpoint", lambda token, one: access.matches(token, (one.primary_key,)))


@mutant("management-open", "access.management-key")
def _(patch: Patch) -> None:
    """The management host asks for no key where an endpoint is named."""
    patch.authenticator("endpoint", pipeline._locate)


@mutant("sibling-key-manages", "access.management-key")
def _(patch: Patch) -> None:
    """The key of another endpoint of the same service manages an endpoint."""

    def endpoint(emulator, call):
        token = access.bearer(call.authorization)
        siblings = emulator.directory.endpoints(call.arguments.get("service_id", ""))
        opens = any(access.opens_endpoint(token, one) for one in siblings)
        if not opens and not access.opens_workspace(token, call.workspace):
            raise failure("Unauthorized/ManagementRequestUnauthorized")
        pipeline._locate(emulator, call)

    patch.authenticator("endpoint", endpoint)


@mutant("own-key-manages-nothing", "access.management-key")
def _(patch: Patch) -> None:
    """An endpoint's own key does not manage it: only the token does."""
    patch.authenticator("endpoint", pipeline._workspace)


@mutant("endpoint-key-lists-services", "access.services-need-token")
def _(patch: Patch) -> None:
    """An endpoint's key lists the workspace's services."""

    def workspace(emulator, call):
        token = access.bearer(call.authorization)
        services = emulator.directory.services(call.workspace.id)
        everyone = [one for service in services for one in emulator.directory.endpoints(service.id)]
        if not any(access.opens_endpoint(token, one) for one in everyone):
            pipeline._workspace(emulator, call)
        pipeline._locate(emulator, call)

    patch.authenticator("workspace", workspace)


@mutant("token-of-any-workspace", "access.services-need-token")
def _(patch: Patch) -> None:
    """The token of one workspace opens another."""

    def workspace(emulator, call):
        token = access.bearer(call.authorization)
        if not any(access.opens_workspace(token, one) for one in emulator.directory.workspaces()):
            raise failure("Unauthorized/ManagementRequestUnauthorized")
        pipeline._locate(emulator, call)

    patch.authenticator("workspace", workspace)


@mutant("bearer-case", "access.bearer")
def _(patch: Patch) -> None:
    """The scheme must be written "Bearer" with one blank."""
    patch.set(
        pipeline,
        "bearer",
        lambda header: (header or "").removeprefix("Bearer ") if (header or "").startswith("Bearer ") else "",
    )


@mutant("any-scheme", "access.bearer")
def _(patch: Patch) -> None:
    """A key without a scheme, or with another one, is taken."""
    patch.set(pipeline, "bearer", lambda header: (header or "").rpartition(" ")[2])


@mutant("keys-copied", "access.keys-differ")
def _(patch: Patch) -> None:
    """A new endpoint gets the keys of the default one with the rest of it."""

    def make(original):
        def new_endpoint(service, name, ordinal, identity, now, *, origin):
            made = original(service, name, ordinal, identity, now, origin=origin)
            keys = {"primary_key": origin.primary_key, "secondary_key": origin.secondary_key} if origin else {}
            return replace(made, **keys)

        return new_endpoint

    patch.wrap(administration, "new_endpoint", make)


@mutant("same-name-same-key", "access.keys-differ")
def _(patch: Patch) -> None:
    """An endpoint that is made again under its name gets its old keys and its old address."""

    def make(original):
        return lambda service, name, ordinal, identity, now, *, origin: original(
            service, name, 0, identity, now, origin=origin
        )

    patch.wrap(administration, "new_endpoint", make)


@mutant("one-key", "access.keys-differ")
def _(patch: Patch) -> None:
    """Primary and secondary key are the same."""

    def make(original):
        def new_endpoint(*arguments, **named):
            made = original(*arguments, **named)
            return replace(made, secondary_key=made.primary_key)

        return new_endpoint

    patch.wrap(administration, "new_endpoint", make)


@mutant("deleted-endpoint-scores", "access.after-delete")
def _(patch: Patch) -> None:
    """A deleted endpoint goes on scoring out of a cache."""

    def make(original):
        known = {}

        def endpoint(self, endpoint_id):
            found = original(self, endpoint_id)
            if found is not None:
                known[endpoint_id] = found
            return found or known.get(endpoint_id)

        return endpoint

    patch.wrap(Directory, "endpoint", make)


@mutant("unknown-endpoint-404", "access.unknown-address")
def _(patch: Patch) -> None:
    """Scoring tells an unknown endpoint from a wrong key."""

    def scoring(emulator, call):
        if emulator.directory.endpoint(call.arguments["endpoint_id"]) is None:
            raise failure("NotFound/WebServiceNotFound")
        pipeline._scoring(emulator, call)

    patch.authenticator("scoring", scoring)


@mutant("endpoint-in-any-workspace", "access.unknown-address")
def _(patch: Patch) -> None:
    """An endpoint answers below the address of another workspace as well."""

    def scoring(emulator, call):
        endpoint = emulator.directory.endpoint(call.arguments["endpoint_id"])
        if endpoint is None or not access.opens_endpoint(access.bearer(call.authorization), endpoint):
            raise failure("Unauthorized/ScoreRequestUnauthorized")
        call.workspace = emulator.directory.workspace(endpoint.workspace_id)
        call.endpoint, call.service = endpoint, emulator.directory.service(endpoint.service_id)

    patch.authenticator("scoring", scoring)


@mutant("swagger-needs-key", "access.anonymous")
def _(patch: Patch) -> None:
    """The API document is given to who has a key."""
    patch.authenticator("anonymous", lambda emulator, call: _demand_key(call))


def _demand_key(call) -> None:
    if not access.bearer(call.authorization):
        raise failure("Unauthorized/ScoreRequestUnauthorized")


@mutant("body-before-key", "access.order")
def _(patch: Patch) -> None:
    """A broken body is told before a wrong key."""
    from amlemulator.core.bodies import parse_json

    def authenticate(emulator, call):
        if call.operation.name == "rrs.execute":
            content = call.body
            parse_json(content)
            import io

            call.environ["wsgi.input"] = io.BytesIO(content)
        pipeline.authenticate(emulator, call)

    patch.stages(authenticate=authenticate)


@mutant("names-not-checked-in-keys", "access.default-key")
def _(patch: Patch) -> None:
    """Every key of a service scores on its default endpoint."""

    def scoring(emulator, call):
        endpoint = emulator.directory.endpoint(call.arguments["endpoint_id"])
        token = access.bearer(call.authorization)
        siblings = emulator.directory.endpoints(endpoint.service_id) if endpoint and endpoint.is_default else ()
        if call.workspace is not None and any(access.opens_endpoint(token, one) for one in siblings):
            call.endpoint, call.service = endpoint, emulator.directory.service(endpoint.service_id)
        else:
            pipeline._scoring(emulator, call)

    patch.authenticator("scoring", scoring)
