"""Results of jobs: where they lie, who reads them, what is in them."""

from __future__ import annotations

from dataclasses import replace

from amlemulator.core import sas
from amlemulator.core.records import StoredOutput
from amlemulator.engine import batch
from amlemulator.engine.batch import Batch
from amlemulator.engine.storage import Storage
from mutants.patching import Patch, mutant


@mutant("one-default-place", "results.default-place")
def _(patch: Patch) -> None:
    """Default outputs of an endpoint's jobs lie at one place."""

    def make(original):
        return lambda self, job, port, override: original(self, replace(job, id=job.endpoint_id), port, override)

    patch.wrap(Batch, "_output", make)


@mutant("default-container", "results.default-place")
def _(patch: Patch) -> None:
    """Default outputs lie in another container."""
    patch.set(batch.rules, "DEFAULT_CONTAINER", "results")


@mutant("override-ignored", "bes.override")
def _(patch: Patch) -> None:
    """An output goes to the default place whatever the override says."""
    patch.wrap(Batch, "_output", lambda original: lambda self, job, port, override: original(self, job, port, None))


@mutant("no-overwriting", "bes.override")
def _(patch: Patch) -> None:
    """A blob that is there is not overwritten, and the job finishes."""

    def make(original):
        def write(self, output, content, kind):
            if output.name not in set(self._blobs.names(output.account, output.container)):
                original(self, output, content, kind)

        return write

    patch.wrap(Storage, "write", make)


@mutant("base-without-slash", "results.default-place")
def _(patch: Patch) -> None:
    """BaseLocation ends in no slash, RelativeLocation begins with one."""

    def make(original):
        def shared(self, output, addresses):
            made = original(self, output, addresses)
            return replace(
                made, base_location=made.base_location.rstrip("/"), relative_location="/" + made.relative_location
            )

        return shared

    patch.wrap(Storage, "shared", make)


@mutant("token-without-mark", "results.default-place")
def _(patch: Patch) -> None:
    """A result's token begins with no question mark."""
    patch.wrap(sas, "make_service_sas", lambda original: lambda *given: original(*given).lstrip("?"))


@mutant("token-writes", "results.signed")
def _(patch: Patch) -> None:
    """A result's token opens its blob for writing."""
    _token(patch, lambda given: [*given[:4], "rwd", *given[5:]])


@mutant("token-for-a-year", "results.token")
def _(patch: Patch) -> None:
    """A result's token lasts a year."""
    _token(patch, lambda given: [*given[:6], given[6] + 365 * 86400, *given[7:]])


@mutant("token-of-today", "results.token")
def _(patch: Patch) -> None:
    """A result's token has a version of today."""
    _token(patch, lambda given: [*given[:7], "2020-12-06"])


@mutant("token-opens-container", "results.token")
def _(patch: Patch) -> None:
    """The token of an override opens its whole container."""
    _token(patch, lambda given: [*given[:3], None, *given[4:]])


@mutant("token-starts-later", "results.token")
def _(patch: Patch) -> None:
    """A result's token is valid from in a minute on."""
    _token(patch, lambda given: [*given[:5], given[5] + 360, *given[6:]])


def _token(patch: Patch, change) -> None:
    patch.wrap(sas, "make_service_sas", lambda original: lambda *given: original(*change(list(given))))


@mutant("reading-is-free", "results.signed")
def _(patch: Patch) -> None:
    """Blob storage reads a private blob for any token."""
    from amlemulator.faces import blob_access

    def make(original):
        return lambda token, key, asked: None if asked.permissions == "r" else original(token, key, asked)

    patch.wrap(blob_access, "verify", make)


@mutant("outputs-follow-model", "results.stay")
def _(patch: Patch) -> None:
    """All jobs of an endpoint write to the place of its first one."""
    first: dict[str, StoredOutput] = {}

    def make(original):
        def output(self, job, port, override):
            return first.setdefault(f"{job.endpoint_id}/{port.name}", original(self, job, port, override))

        return output

    patch.wrap(Batch, "_output", make)


@mutant("outputs-go-with-endpoint", "results.stay")
def _(patch: Patch) -> None:
    """The outputs of an endpoint's jobs go when it is deleted."""

    def make(original):
        def abandon(self, jobs):
            jobs = list(jobs)
            original(self, jobs)
            for job in jobs:
                for output in job.results.values():
                    self._storage._blobs.delete(output.account, output.container, output.name)

        return abandon

    patch.wrap(Batch, "abandon", make)


@mutant("no-header-row", "bes.same-as-rrs")
def _(patch: Patch) -> None:
    """A CSV is written without its header row."""
    _written(patch, lambda lines: lines[1:])


@mutant("last-row-lost", "bes.same-as-rrs")
def _(patch: Patch) -> None:
    """The last row of a CSV is lost."""
    _written(patch, lambda lines: lines[:-1])


@mutant("rows-of-job-sorted", "bes.same-as-rrs")
def _(patch: Patch) -> None:
    """The rows of a CSV are sorted."""
    _written(patch, lambda lines: [*lines[:1], *sorted(lines[1:])])


@mutant("rounded-in-batch", "bes.same-as-rrs")
def _(patch: Patch) -> None:
    """Batch jobs round their scores to four digits."""
    import re

    rounded = re.compile(rb"(\d\.\d{4})\d+")
    _written(patch, lambda lines: [rounded.sub(rb"\1", line) for line in lines])


def _written(patch: Patch, change) -> None:
    from io import BytesIO

    def make(original):
        def write(self, output, content, kind):
            if output.name.endswith(".csv"):
                lines = content.read().splitlines(keepends=True)
                content = BytesIO(b"".join(change(lines)))
            original(self, output, content, kind)

        return write

    patch.wrap(Storage, "write", make)


@mutant("input-by-position", "bes.by-name")
def _(patch: Patch) -> None:
    """Columns of an input file are matched by position."""

    def make(original):
        def stage(self, job, outputs, folder):
            body = original(self, job, outputs, folder)
            names = [one.name for one in self._directory.interface_of_graph(job.experiment).inputs[0].columns]
            for file in body["inputs"].values():
                from pathlib import Path

                _, _, rest = Path(file["path"]).read_bytes().partition(b"\n")
                Path(file["path"]).write_bytes(",".join(names).encode() + b"\r\n" + rest)
            return body

        return stage

    patch.wrap(Batch, "_stage", make)


@mutant("read-only-output-written", "bes.output-refused")
def _(patch: Patch) -> None:
    """An output is written whatever its token allows."""

    def make(original):
        return lambda self, located, permission: None if "w" in permission else original(self, located, permission)

    patch.wrap(Storage, "authorize", make)


@mutant("input-token-ignored", "bes.failed")
def _(patch: Patch) -> None:
    """An input is read whatever its token says."""

    def make(original):
        return lambda self, located, permission: None if permission == "r" else original(self, located, permission)

    patch.wrap(Storage, "authorize", make)


@mutant("jobs-share-input", "together.jobs")
def _(patch: Patch) -> None:
    """Jobs that are staged at the same time read the input of the first."""
    latest = {}

    def make(original):
        def new_job(*given, **named):
            job = original(*given, **named)
            inputs = latest.setdefault(job.endpoint_id, job.inputs)
            return replace(job, inputs=inputs)

        return new_job

    patch.wrap(batch.rules, "new_job", make)
