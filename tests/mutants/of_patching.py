"""Update Resource."""

from __future__ import annotations

from dataclasses import replace

from amlemulator.core import patching, sas
from amlemulator.core.patching import Update
from amlemulator.core.records import Endpoint, Resource
from amlemulator.engine import administration
from amlemulator.engine.administration import Administration
from amlemulator.engine.models import Models
from amlemulator.engine.scoring import Scoring
from amlemulator.engine.storage import Storage, locate
from amlemulator.faces import management
from mutants.patching import Patch, mutant


@mutant("default-patched", "patch.default-endpoint")
def _(patch: Patch) -> None:
    """The resources of the default endpoint can be replaced."""
    patch.wrap(management, "read_updates", lambda original: lambda body, one: original(body, replace(one, name="x")))


@mutant("default-follows", "patch.effect")
def _(patch: Patch) -> None:
    """A PATCH of an endpoint replaces the default endpoint's model as well."""
    _also(patch, lambda one, patched: one.is_default)


@mutant("siblings-follow", "patch.effect")
def _(patch: Patch) -> None:
    """A PATCH of an endpoint replaces the model of every endpoint that was added."""
    _also(patch, lambda one, patched: not one.is_default and one.id != patched.id)


def _also(patch: Patch, who) -> None:
    def make(original):
        def patch_endpoint(self, endpoint, settings, models):
            patched = original(self, endpoint, settings, models)
            with self._store.transaction() as transaction:
                for one in transaction.list(Endpoint, endpoint.service_id) if models else ():
                    if who(one, patched):
                        transaction.put(patching.apply_updates(one, models, self._clock.now(), 0.0))
            return patched

        return patch_endpoint

    patch.wrap(Administration, "patch_endpoint", make)


@mutant("patch-does-nothing", "patch.effect")
def _(patch: Patch) -> None:
    """A PATCH is checked and answered well, and the old model goes on answering."""
    patch.set(administration, "apply_updates", lambda endpoint, models, now, delay=0.0: endpoint)


@mutant("first-patch-stays", "patch.effect")
def _(patch: Patch) -> None:
    """An endpoint can be patched once; later ones are answered well and do nothing."""

    def make(original):
        def apply_updates(endpoint, models, now, delay=0.0):
            done = any(resource.updated is not None for resource in endpoint.resources)
            return endpoint if done else original(endpoint, models, now, delay)

        return apply_updates

    patch.wrap(administration, "apply_updates", make)


@mutant("no-resources-accepted", "patch.default-endpoint")
def _(patch: Patch) -> None:
    """A PATCH of a training service's endpoint is answered well."""
    patch.wrap(
        management, "read_updates", lambda original: lambda body, one: original(body, one) if one.resources else None
    )


@mutant("resource-name-case", "patch.names")
def _(patch: Patch) -> None:
    """Resource names are matched without regard to case."""
    _renamed(patch, lambda given, name: given.lower() == name.lower())


@mutant("resource-name-blanks", "patch.names")
def _(patch: Patch) -> None:
    """Blanks around a resource name do not matter."""
    _renamed(patch, lambda given, name: given.strip() == name)


@mutant("any-resource-name", "patch.names")
def _(patch: Patch) -> None:
    """Where an endpoint has one resource any name means it."""
    _renamed(patch, lambda given, name: bool(given))


def _renamed(patch: Patch, fits) -> None:
    def make(original):
        def read_update(item, endpoint):
            given, names = item.get("Name"), [one.name for one in endpoint.resources]
            right = [name for name in names if isinstance(given, str) and fits(given, name)]
            return original({**item, "Name": right[0]} if right else item, endpoint)

        return read_update

    patch.wrap(patching, "_read_update", make)


@mutant("empty-name-passed-over", "patch.names")
def _(patch: Patch) -> None:
    """A resource without a name is passed over."""

    def make(original):
        def read_updates(body, endpoint):
            given = body.get("Resources")
            if isinstance(given, list) and all(isinstance(one, dict) for one in given):
                body = {**body, "Resources": [one for one in given if one.get("Name")]}
            return original(body, endpoint)

        return read_updates

    patch.wrap(management, "read_updates", make)


@mutant("unknown-resource-404", "patch.names")
def _(patch: Patch) -> None:
    """A wrong resource name is 404."""
    from amlemulator.core.errors import failure

    def make(original):
        def read_update(item, endpoint):
            name = item.get("Name")
            if name and name not in [one.name for one in endpoint.resources]:
                raise failure("management/NotFound")
            return original(item, endpoint)

        return read_update

    patch.wrap(patching, "_read_update", make)


@mutant("any-extension", "patch.locations")
def _(patch: Patch) -> None:
    """A model may have any extension."""
    patch.set(patching, "check_extension", lambda *given, **named: None)


@mutant("any-file", "patch.no-model")
def _(patch: Patch) -> None:
    """Any file is taken for a model."""
    patch.set(Models, "_check", lambda self, content, endpoint, resource: None)


@mutant("one-by-one", "patch.whole")
def _(patch: Patch) -> None:
    """Of several resources the good ones are replaced before a bad one is refused."""

    def make(original):
        def read_updates(body, endpoint):
            call = management.current()
            for item in body.get("Resources") or ():
                if isinstance(item, dict) and not endpoint.is_default:
                    update = patching._read_update(item, endpoint)
                    emulator = call.environ["mutants.emulator"]
                    models = {update.name: emulator.models.admit(update, endpoint)}
                    emulator.administration.patch_endpoint(endpoint, management.read_settings({}), models)
            return original(body, endpoint)

        return read_updates

    _emulator_in_environment(patch)
    patch.wrap(management, "read_updates", make)


@mutant("settings-before-resources", "patch.whole")
def _(patch: Patch) -> None:
    """The settings of a PATCH are changed before its resources are checked."""

    def make(original):
        def read_updates(body, endpoint):
            emulator = management.current().environ["mutants.emulator"]
            emulator.administration.patch_endpoint(endpoint, management.read_settings(body), {})
            return original(body, endpoint)

        return read_updates

    _emulator_in_environment(patch)
    patch.wrap(management, "read_updates", make)


def _emulator_in_environment(patch: Patch) -> None:
    from amlemulator import pipeline

    def make(original):
        def stamp(emulator, environ, start_response):
            environ["mutants.emulator"] = emulator
            return original(emulator, environ, start_response)

        return stamp

    patch.wrap(pipeline, "stamp", make)


@mutant("sas-not-checked", "patch.tokens")
def _(patch: Patch) -> None:
    """A PATCH reads the model whatever the token says."""

    def make(original):
        return lambda self, located, permission: original(self, located, permission) if permission != "r" else None

    patch.wrap(Storage, "authorize", make)


@mutant("sas-time-ignored", "patch.tokens")
def _(patch: Patch) -> None:
    """A token that has run out still opens."""
    patch.set(sas, "_time_fault", lambda token, asked: None)


@mutant("sas-signature-ignored", "patch.tokens")
def _(patch: Patch) -> None:
    """Any signature is right."""

    class Hmac:
        digest = sas.hmac.digest
        compare_digest = staticmethod(lambda one, other: True)

    patch.set(sas, "hmac", Hmac)


@mutant("sas-permission-ignored", "results.signed")
def _(patch: Patch) -> None:
    """A token for reading writes as well."""
    from amlemulator.faces import blob_access

    def make(original):
        return lambda token, key, asked: original(
            token, key, replace(asked, permissions=token.get("sp", "") or asked.permissions)
        )

    patch.wrap(blob_access, "verify", make)
    patch.wrap(sas, "verify", make)


@mutant("locations-pasted", "patch.forms")
def _(patch: Patch) -> None:
    """Base and relative location are joined as they are written."""
    from amlemulator.engine import storage

    def make(original):
        def read_split(base, relative):
            return original(base if base.endswith("/") else base + "x/", relative)

        return read_split

    patch.wrap(storage, "split_location", make)


@mutant("question-mark-needed", "patch.forms")
def _(patch: Patch) -> None:
    """A token without its question mark is none."""
    patch.wrap(sas, "parse_token", lambda original: lambda text: original(text) if text.startswith("?") else {})


@mutant("by-reference", "patch.copied")
def _(patch: Patch) -> None:
    """The model is read from its blob at each score."""

    def make(original):
        def scorer(self, endpoint):
            resources = tuple(_read_again(self, one) for one in endpoint.resources)
            return original(self, replace(endpoint, resources=resources))

        return scorer

    def keep(original):
        def init(self, *given, **named):
            original(self, *given, **named)
            STORAGE["one"] = self

        return init

    patch.wrap(Storage, "__init__", keep)
    patch.wrap(Scoring, "scorer", make)


STORAGE: dict[str, Storage] = {}


def _read_again(scoring: Scoring, one: Resource) -> Resource:
    if one.updated is None:
        return one
    content = STORAGE["one"].read(one.location, 1 << 28)
    return replace(one, model=scoring._store.save_content(content), previous=None)


@mutant("cached-by-place", "patch.copied")
def _(patch: Patch) -> None:
    """What was read from a place once is taken again for that place."""

    def make(original):
        known = {}

        def admit(self, update: Update, endpoint):
            found = locate(update.location)
            place = (found.account, found.container, found.name, endpoint.id)
            made = original(self, update, endpoint)
            return known.setdefault(place, made)

        return admit

    patch.wrap(Models, "admit", make)


@mutant("signature-shown", "patch.shown")
def _(patch: Patch) -> None:
    """An endpoint shows the token that its model was read with."""
    from amlemulator.core import endpoints
    from amlemulator.core.references import render_reference

    def render_resource(resource):
        location = render_reference(resource.location)
        del location["ConnectionString"]
        return {"Name": resource.name, "Kind": resource.kind, "Location": location}

    patch.set(endpoints, "render_resource", render_resource)


@mutant("half-and-half", "together.patch-and-score")
def _(patch: Patch) -> None:
    """While a model changes, the first row of an answer still comes from the old one."""

    def make(original):
        last = {}

        def score(self, endpoint, tables, parameters):
            new = original(self, endpoint, tables, parameters)
            before = last.get(endpoint.id)
            last[endpoint.id] = endpoint
            if before is not None and before.resources != endpoint.resources:
                old = original(self, before, tables, parameters)
                for name, table in new.items():
                    table.rows[:1] = old[name].rows[:1]
            return new

        return score

    patch.wrap(Scoring, "score", make)


@mutant("jobs-use-default-model", "patch.jobs")
def _(patch: Patch) -> None:
    """A batch job on a patched endpoint scores with the default endpoint's model."""
    from amlemulator.engine import batch

    def make(original):
        def new_job(*given, **named):
            job = original(*given, **named)
            models = {one.name: DEFAULTS.setdefault(one.name, one.model) for one in given[2].resources}
            return replace(job, models=models)

        return new_job

    def keep(original):
        def put_endpoint(self, service_id, name, settings):
            made = original(self, service_id, name, settings)
            for one in made.resources:
                DEFAULTS.setdefault(one.name, one.model)
            return made

        return put_endpoint

    patch.wrap(Administration, "put_endpoint", keep)
    patch.wrap(batch.rules, "new_job", make)


DEFAULTS: dict[str, str] = {}
