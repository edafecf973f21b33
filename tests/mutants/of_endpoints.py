"""Endpoints and their settings."""

from __future__ import annotations

import re
import time
from dataclasses import fields, replace

from amlemulator.core import endpoints as rules
from amlemulator.core.endpoints import Settings
from amlemulator.engine import administration
from amlemulator.engine.administration import Administration
from amlemulator.engine.directory import Directory
from amlemulator.faces import management
from mutants.patching import Patch, mutant


@mutant("upper-case-names", "endpoints.bad-names")
def _(patch: Patch) -> None:
    """Endpoint names may have upper-case letters."""
    patch.set(rules, "NAME", re.compile("[A-Za-z0-9]{1,24}"))


@mutant("long-names", "endpoints.bad-names")
def _(patch: Patch) -> None:
    """Endpoint names may have 25 characters."""
    patch.set(rules, "NAME", re.compile("[a-z0-9]{1,25}"))


@mutant("dashes-in-names", "endpoints.bad-names")
def _(patch: Patch) -> None:
    """Endpoint names may have dashes and underlines."""
    patch.set(rules, "NAME", re.compile("[a-z0-9_-]{1,24}"))


@mutant("short-names", "endpoints.names")
def _(patch: Patch) -> None:
    """Endpoint names have 23 characters at most."""
    patch.set(rules, "NAME", re.compile("[a-z0-9]{1,23}"))


@mutant("low-takes-any-number", "settings.low")
def _(patch: Patch) -> None:
    """ThrottleLevel Low takes the number of calls that was asked for."""

    def make(original):
        def apply_settings(endpoint, settings, *rest):
            changed = original(endpoint, settings, *rest)
            asked = settings.max_concurrent_calls
            return changed if asked is None else replace(changed, max_concurrent_calls=asked)

        return apply_settings

    patch.wrap(administration, "apply_settings", make)


@mutant("high-means-200", "settings.high")
def _(patch: Patch) -> None:
    """ThrottleLevel High means 200 calls when nothing was said."""
    patch.set(rules, "LIMITS", {**rules.LIMITS, "throttle_high_calls_default": 200})


@mutant("more-than-200", "settings.too-many")
def _(patch: Patch) -> None:
    """ThrottleLevel High takes 201 calls."""
    patch.set(rules, "LIMITS", {**rules.LIMITS, "throttle_high_calls_most": 201})


@mutant("fewer-than-200", "settings.high")
def _(patch: Patch) -> None:
    """ThrottleLevel High takes 199 calls at most."""
    patch.set(rules, "LIMITS", {**rules.LIMITS, "throttle_high_calls_most": 199})


@mutant("numbers-as-text-refused", "settings.high")
def _(patch: Patch) -> None:
    """MaxConcurrentCalls as a text is refused."""
    patch.set(rules, "WHOLE", re.compile("(?!)"))


@mutant("bad-settings-ignored", "settings.too-many")
def _(patch: Patch) -> None:
    """A value that a setting cannot have is passed over."""

    def make(original):
        def choice(body, name, allowed):
            try:
                return original(body, name, allowed)
            except Exception:
                return None

        return choice

    patch.wrap(rules, "_choice", make)


@mutant("put-resets", "settings.kept")
def _(patch: Patch) -> None:
    """PUT sets back the settings that it does not mention."""

    def make(original):
        def put_endpoint(self, service_id, name, settings):
            usual = Settings(
                description="", prevent_update=False, diagnostics_trace_level="None", sample_data_enabled=False
            )
            given = {one.name: getattr(settings, one.name) for one in fields(Settings)}
            return original(self, service_id, name, replace(usual, **{k: v for k, v in given.items() if v is not None}))

        return put_endpoint

    patch.wrap(Administration, "put_endpoint", make)


@mutant("patch-of-settings-lost", "settings.kept")
def _(patch: Patch) -> None:
    """PATCH answers with the new settings and does not keep them."""

    def patch_endpoint(self, endpoint, settings, models):
        with self._store.transaction() as transaction:
            service, workspace = administration._service(transaction, endpoint.service_id)
            changed = rules.apply_settings(endpoint, settings, workspace.tier, service.name, self._low_calls)
            patched = administration.apply_updates(changed, models, self._clock.now(), self._delay)
            if models:
                transaction.put(patched)
        return patched

    patch.set(Administration, "patch_endpoint", patch_endpoint)


@mutant("put-of-another", "settings.isolated")
def _(patch: Patch) -> None:
    """A PUT changes the description of every endpoint of the service."""

    def make(original):
        def put_endpoint(self, service_id, name, settings):
            made = original(self, service_id, name, settings)
            if settings.description is not None:
                with self._store.transaction() as transaction:
                    for one in transaction.list(administration.Endpoint, service_id):
                        transaction.put(replace(one, description=settings.description))
            return made

        return put_endpoint

    patch.wrap(Administration, "put_endpoint", make)


@mutant("lost-update", "together.settings")
def _(patch: Patch) -> None:
    """A PATCH writes back the endpoint as it was when the request came in."""

    def patch_endpoint(self, endpoint, settings, models):
        time.sleep(0.002)
        with self._store.transaction() as transaction:
            service, workspace = administration._service(transaction, endpoint.service_id)
            changed = rules.apply_settings(endpoint, settings, workspace.tier, service.name, self._low_calls)
            patched = administration.apply_updates(changed, models, self._clock.now(), self._delay)
            transaction.put(patched)
        return patched

    patch.set(Administration, "patch_endpoint", patch_endpoint)


@mutant("default-deletable", "endpoints.delete-default")
def _(patch: Patch) -> None:
    """The default endpoint can be deleted while there are others."""
    patch.set(administration, "check_deletable", lambda endpoint, endpoints: None)


@mutant("delete-twice", "endpoints.crowd")
def _(patch: Patch) -> None:
    """Of two deletes at the same time both succeed."""

    def delete_endpoint(self, endpoint):
        time.sleep(0.02)
        with self._store.transaction() as transaction:
            administration.check_deletable(endpoint, transaction.count(administration.Endpoint, endpoint.service_id))
            return self._drop(transaction, endpoint)

    patch.set(Administration, "delete_endpoint", delete_endpoint)


@mutant("delete-says-so", "endpoints.delete")
def _(patch: Patch) -> None:
    """A delete answers well and deletes nothing."""
    patch.set(Administration, "delete_endpoint", lambda self, endpoint: [])


@mutant("delete-all-but-default", "endpoints.delete")
def _(patch: Patch) -> None:
    """A delete takes the other endpoints of the service along."""

    def make(original):
        def delete_endpoint(self, endpoint):
            jobs = original(self, endpoint)
            with self._store.transaction() as transaction:
                for one in transaction.list(administration.Endpoint, endpoint.service_id):
                    if not one.is_default:
                        jobs += self._drop(transaction, one)
            return jobs

        return delete_endpoint

    patch.wrap(Administration, "delete_endpoint", make)


@mutant("default-refreshable", "endpoints.refresh-default")
def _(patch: Patch) -> None:
    """The default endpoint can be refreshed, to no effect."""
    patch.wrap(
        administration,
        "refresh",
        lambda original: (
            lambda one, default, *, overwrite: one if one.is_default else original(one, default, overwrite=overwrite)
        ),
    )


@mutant("refresh-200", "endpoints.refresh")
def _(patch: Patch) -> None:
    """A refresh that changes nothing is 200."""
    patch.wrap(management, "nothing", lambda original: lambda status=200: original(200))


@mutant("refresh-overwrites", "patch.refresh")
def _(patch: Patch) -> None:
    """A refresh always brings the default endpoint's models."""
    patch.wrap(
        administration,
        "refresh",
        lambda original: lambda one, default, *, overwrite: original(one, default, overwrite=True),
    )


@mutant("refresh-never-overwrites", "patch.refresh")
def _(patch: Patch) -> None:
    """A refresh keeps patched models whatever it is told."""
    patch.wrap(
        administration,
        "refresh",
        lambda original: lambda one, default, *, overwrite: original(one, default, overwrite=False),
    )


@mutant("newest-first", "endpoints.order")
def _(patch: Patch) -> None:
    """Endpoints are listed newest first."""
    patch.wrap(Directory, "endpoints", lambda original: lambda self, service_id: original(self, service_id)[::-1])


@mutant("by-name", "endpoints.order")
def _(patch: Patch) -> None:
    """Endpoints are listed by name."""

    def make(original):
        def endpoints(self, service_id):
            found = original(self, service_id)
            return (*found[:1], *sorted(found[1:], key=lambda one: one.name, reverse=True))

        return endpoints

    patch.wrap(Directory, "endpoints", make)


@mutant("default-not-counted", "endpoints.order")
def _(patch: Patch) -> None:
    """EndpointCount is never more than one."""
    patch.wrap(management, "render_service", lambda original: lambda service, count: original(service, min(count, 1)))


@mutant("list-in-full", "endpoints.listed")
def _(patch: Patch) -> None:
    """The list of endpoints has the members of the single one."""
    patch.wrap(management, "render_endpoint", lambda original: lambda *given, full: original(*given, full=True))


@mutant("no-resources-shown", "endpoints.listed")
def _(patch: Patch) -> None:
    """One endpoint is shown without its resources."""
    patch.wrap(management, "render_endpoint", lambda original: lambda *given, full: original(*given, full=False))


@mutant("services-of-all", "services.listed")
def _(patch: Patch) -> None:
    """A workspace lists the services of all."""

    def make(original):
        def list_services(self, workspace_id):
            directory = self._emulator.directory
            everything = [one for workspace in directory.workspaces() for one in directory.services(workspace.id)]
            return management.answer([self._service(one) for one in everything])

        return list_services

    patch.wrap(management.Management, "list_services", make)


@mutant("put-twice-makes-two", "endpoints.same-put")
def _(patch: Patch) -> None:
    """PUTs of one name at the same time make several endpoints."""

    def put_endpoint(self, service_id, name, settings):
        with self._store.transaction() as transaction:
            service, workspace = administration._service(transaction, service_id)
            endpoints = list(transaction.list(administration.Endpoint, service_id))
        time.sleep(0.005)
        found = next((one for one in endpoints if one.name == name), None)
        with self._store.transaction() as transaction:
            if found is None:
                administration.check_name(name)
                ordinal = transaction.next_ordinal(f"endpoint/{service_id}")
                now = self._clock.now()
                found = rules.new_endpoint(service, name, ordinal, self._identity, now, origin=endpoints[0])
            found = rules.apply_settings(found, settings, workspace.tier, service.name, self._low_calls)
            transaction.put(found)
        return found

    patch.set(Administration, "put_endpoint", put_endpoint)


@mutant("copies-the-last", "patch.effect")
def _(patch: Patch) -> None:
    """A new endpoint copies the models of the endpoint that was added last."""

    def make(original):
        def put_endpoint(self, service_id, name, settings):
            made = original(self, service_id, name, settings)
            with self._store.transaction() as transaction:
                others = [one for one in transaction.list(administration.Endpoint, service_id) if one.name != name]
                if made.resources == others[0].resources and others[-1].resources != made.resources:
                    made = replace(made, resources=others[-1].resources)
                    transaction.put(made)
            return made

        return put_endpoint

    patch.wrap(Administration, "put_endpoint", make)


@mutant("function-over-experiment", "edges.service.experiment")
def _(patch: Patch) -> None:
    """A published function takes the place of an experiment's web service, says the answer."""

    def make(original):
        def put_service(self, workspace_id, service_id):
            service = management.current().service or self._emulator.directory.service(service_id)
            if service is not None and service.type == "Graph":
                return management.answer(self._service(service))
            return original(self, workspace_id, service_id)

        return put_service

    patch.wrap(management.Management, "put_service", make)


@mutant("deleted-service-stays", "edges.service.function")
def _(patch: Patch) -> None:
    """A web service that is deleted loses its endpoints and is still shown."""

    def delete_service(self, service_id):
        with self._store.transaction() as transaction:
            return [
                job
                for one in transaction.list(administration.Endpoint, service_id)
                for job in self._drop(transaction, one)
            ]

    patch.set(Administration, "delete_service", delete_service)


@mutant("overwriting-always-changes", "endpoints.refresh")
def _(patch: Patch) -> None:
    """A refresh with OverwriteResources is always 200, whether anything changed or not."""

    def make(original):
        return lambda self, endpoint, *, overwrite: original(self, endpoint, overwrite=overwrite) or overwrite

    patch.wrap(Administration, "refresh_endpoint", make)
