"""Armed effects (core/interference.py) at the moments of the flow in which they take place."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from amlcontracts import load
from amlemulator.core.endpoints import new_endpoint, republish
from amlemulator.core.identity import Identity
from amlemulator.core.interference import PROPAGATION_SECONDS, Patch, with_other_outputs
from amlemulator.core.records import Endpoint, Job, StoredOutput, WebService
from amlemulator.engine.faults import Faults
from amlemulator.engine.propagation import Propagation
from amlemulator.ports.blobs import BlobMissing, Blobs
from amlemulator.ports.clock import Clock
from amlemulator.ports.store import Store, Transaction

if TYPE_CHECKING:
    Reference = dict[str, str | None]  # as an answer has it

MODELS: Sequence[str] = load("limits")["model_extensions"]
NO_MODEL = b"Accuracy,Precision\r\n0.85,0.75\r\n"
AGES_AGO = 7200.0  # seconds


class Interference:
    """What armed faults have somebody else do. Asked at its moment, each does nothing while nothing is armed."""

    def __init__(
        self, faults: Faults, store: Store, clock: Clock, identity: Identity, blobs: Blobs, propagation: Propagation
    ) -> None:
        self._faults = faults
        self._store = store
        self._clock = clock
        self._identity = identity
        self._blobs = blobs
        self._propagation = propagation
        self._republished: dict[str, tuple[WebService, WebService]] = {}  # by id: as it was, as it is

    # --- a PATCH of models --------------------------------------------------------------------------------------------

    def patched(
        self, transaction: Transaction, service: WebService, before: Endpoint, after: Endpoint
    ) -> Sequence[Endpoint]:
        """Return the endpoints that a PATCH leaves, and do to the service what an effect does beside it."""
        rule = self._faults.interfere("patch", service.workspace_id)
        effect = rule.effect if rule is not None else None
        self._propagation.note(after, PROPAGATION_SECONDS if effect == "not-propagated" else None)
        if effect is None:
            return (after,)
        if effect == "republished-endpoint-stale":
            self._republish(transaction, service)
        default = transaction.endpoint_named(service.id, "default") or before
        return Patch(before, after, default, self._other(transaction, service, before)).meets(effect)

    def _other(self, transaction: Transaction, service: WebService, patched: Endpoint) -> Endpoint:
        """Return another added endpoint of a service; one that is not there yet when it has none."""
        for endpoint in transaction.list(Endpoint, service.id):
            if not endpoint.is_default and endpoint.id != patched.id:
                return endpoint
        ordinal = transaction.next_ordinal(f"endpoint/{service.id}")
        return new_endpoint(service, "other", ordinal, self._identity, self._clock.now(), origin=None)

    def _republish(self, transaction: Transaction, service: WebService) -> None:
        graph = json.loads(self._store.load_content(service.experiment))
        changed = json.dumps(with_other_outputs(graph), sort_keys=True, ensure_ascii=False).encode()
        updated = replace(service, experiment=self._store.save_content(changed), updated=self._clock.now())
        before, last = self._republished.get(service.id, (service, service))
        self._republished[service.id] = (before if last.experiment == service.experiment else service, updated)
        self._put_published(transaction, updated)

    def _put_published(self, transaction: Transaction, service: WebService) -> None:
        transaction.put(service)
        default = transaction.endpoint_named(service.id, "default")
        if default is not None:
            transaction.put(republish(default, service, service.resources))

    def take_back(self, workspace_id: str) -> None:
        """Publish the services of a workspace again as they were before an effect; not those published since."""
        for service_id, (before, changed) in list(self._republished.items()):
            if before.workspace_id == workspace_id:
                del self._republished[service_id]
                with self._store.transaction() as transaction:
                    found = transaction.get(WebService, service_id)
                    if found is not None and found.experiment == changed.experiment:
                        self._put_published(transaction, before)

    # --- the results of a job -----------------------------------------------------------------------------------------

    def handed_out(self, job: Job, results: dict[str, Reference]) -> dict[str, Reference]:
        """Return the results of a finished job as a status call tells them: the model's values may be spoilt."""
        ours = (name for name, output in job.results.items() if output.outside is None)  # nobody else's can be signed
        model = next((name for name in ours if _is_model(results[name])), None)
        rule = self._faults.interfere("results", job.workspace_id) if model is not None else None
        if model is None or rule is None or rule.effect is None:
            return results
        output = job.results[model]
        others = [one for name, one in results.items() if name != model]
        handed = Handed(results[model], output, others, self._blobs, self._clock.now())
        return {**results, model: {**results[model], **SPOILT[rule.effect](handed)}}


def _is_model(reference: Reference) -> bool:
    return (reference["RelativeLocation"] or "").endswith(tuple(MODELS))


@dataclass(frozen=True, slots=True)
class Handed:
    """The reference of a model that is about to be handed out, and where it lies."""

    reference: Reference
    output: StoredOutput
    others: Sequence[Reference]
    blobs: Blobs
    now: float

    @property
    def token(self) -> str:
        """Its SasBlobToken."""
        return self.reference["SasBlobToken"] or ""

    def signed(self, expires: float = 3600.0, *, name: str | None = None, key: str | None = None) -> Reference:
        """Return another token: of another blob, with another key, or one that has expired."""
        from amlemulator.core.sas import make_service_sas

        own = key or self.blobs.key(self.output.account)
        assert own is not None
        blob = name or self.output.name
        begins, ends = self.now - AGES_AGO, self.now + expires
        account, container = self.output.account, self.output.container
        return {"SasBlobToken": make_service_sas(account, own, container, blob, "r", begins, ends)}


def _cut(handed: Handed) -> Reference:
    return {"SasBlobToken": handed.token[: handed.token.find("sig=") + len("sig=") + 20]}


def _other_key(handed: Handed) -> Reference:
    from amlemulator.core.identity import Identity

    return handed.signed(key=Identity("changed").new_key("account", handed.output.account))


def _deleted(handed: Handed) -> Reference:
    with suppress(BlobMissing):  # the status was asked before
        handed.blobs.delete(handed.output.account, handed.output.container, handed.output.name)
    return {}


def _renamed(handed: Handed) -> Reference:
    name = f"{handed.output.name.rpartition('/')[0] or 'evaluation'}/evaluation.ilearner"
    handed.blobs.put(handed.output.account, handed.output.container, name, io.BytesIO(NO_MODEL))
    return {"RelativeLocation": f"{handed.output.container}/{name}", **handed.signed(name=name)}


def _evaluation(handed: Handed) -> Reference:
    for other in handed.others:
        return dict(other)
    stem = (handed.reference["RelativeLocation"] or "").rpartition(".")[0]
    return {"RelativeLocation": f"{stem}.csv"}


SPOILT: Mapping[str, Callable[[Handed], Reference]] = {
    "evaluation-as-model": _evaluation,
    "locations-joined-wrongly": lambda handed: {
        "RelativeLocation": f"{handed.reference['BaseLocation']}{handed.reference['RelativeLocation']}"
    },
    "model-blob-deleted": _deleted,
    "renamed-as-model": _renamed,
    "sas-cut": _cut,
    "sas-expired": lambda handed: handed.signed(-60.0),
    "sas-of-another-blob": lambda handed: handed.signed(name=f"{handed.output.name}.before.ilearner"),
    "sas-without-question-mark": lambda handed: {"SasBlobToken": handed.token.lstrip("?")},
    "storage-key-changed": _other_key,
}
