"""The Studio API's data sets and people: uploads meet the blob storage, registrations the store.

In the emulator's own graphs a ``Dataset`` node names a data set of a workspace by its id, a sample by its name.
"""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, cast

from amlemulator.core import studio as rules
from amlemulator.core.addresses import Addresses
from amlemulator.core.errors import failure
from amlemulator.core.identity import Identity
from amlemulator.core.records import BlobReference, StoredOutput, WebService, Workspace
from amlemulator.core.studio_records import Dataset, SchemaStatus, Upload, WorkspaceUser
from amlemulator.engine.directory import Directory
from amlemulator.engine.storage import Storage
from amlemulator.ports.blobs import BlobMissing, Blobs
from amlemulator.ports.clock import Clock
from amlemulator.ports.store import Store

HEAD_BYTES = 256 * 1024  # of a data set, looked at for its schema
SAMPLES = "sampledatasets"  # container for the samples' data


class Studio:
    """What a workspace holds besides web services and experiments."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        blobs: Blobs,
        storage: Storage,
        clock: Clock,
        identity: Identity,
    ) -> None:
        self._store = store
        self._directory = directory
        self._blobs = blobs
        self._storage = storage
        self._clock = clock
        self._identity = identity

    # --- uploads -----------------------------------------------------------------------------------------------------

    def begin_upload(self, workspace: Workspace, data_type_id: str) -> Upload:
        """Make room for a file to come. Raises 400 for an unknown data type."""
        known = rules.check_data_type(data_type_id)
        with self._store.transaction() as transaction:
            ordinal = transaction.next_ordinal(f"upload/{workspace.id}")
            upload_id = self._identity.new_id("upload", f"{workspace.id}/{ordinal}")
            upload = Upload(upload_id, ordinal, workspace.id, known, self._clock.now())
            transaction.put(upload)
        return upload

    def receive(self, workspace: Workspace, block: rules.BlockOf, content: BinaryIO) -> Upload:
        """Take one block of a file. Raises 400 for an unknown upload or a count that changed."""
        upload = self._upload(workspace, block.upload_id)
        if upload is None:
            raise rules.refused(
                "There is no upload with this uploadId in the workspace.", evidence="studio.upload-block"
            )
        rules.receive(upload, block)  # refused before anything is written
        place = self._content(workspace, upload)
        self._blobs.create_container(place.account, place.container)
        self._blobs.put_block(place.account, place.container, place.name, _block_id(block.number), content)
        with self._store.transaction() as transaction:
            # Read again: blocks come in parallel.
            found = transaction.get(Upload, upload.id)
            assert found is not None  # uploads are never deleted
            upload = rules.receive(found, block)
            transaction.put(upload)
        return upload

    def _upload(self, workspace: Workspace, upload_id: str) -> Upload | None:
        with self._store.transaction() as transaction:
            upload = transaction.get(Upload, upload_id)
        return upload if upload is not None and upload.workspace_id == workspace.id else None

    def _content(self, workspace: Workspace, upload: Upload) -> StoredOutput:
        return StoredOutput(workspace.storage_account, rules.CONTAINER, rules.content_name(upload))

    # --- data sets ---------------------------------------------------------------------------------------------------

    def register(self, workspace: Workspace, registration: rules.Registration) -> Dataset:
        """Make an uploaded file a data set, or a new version of one. Raises the 400s and 409 of core.studio."""
        upload = rules.check_upload(self._upload(workspace, registration.upload_id))
        rules.family_of(registration, self._versions(workspace))  # refused before anything is written
        place = self._content(workspace, upload)
        size = self._commit(upload, place)
        status = rules.schema_status(registration.data_type_id, self._head(place))
        with self._store.transaction() as transaction:
            family = rules.family_of(registration, transaction.list(Dataset, workspace.id))
            ordinal = transaction.next_ordinal(f"dataset/{workspace.id}")
            instance = self._identity.new_id("dataset", f"{workspace.id}/{ordinal}")
            family_id = registration.family_id or self._identity.new_id("family", f"{workspace.id}/{ordinal}")
            ids = (family_id, instance)
            dataset = rules.new_dataset(workspace, registration, place, size, ordinal, ids, self._clock.now())
            dataset = replace(dataset, schema_status=status, version=len(family) + 1)
            for older in family:
                transaction.put(replace(older, is_latest=False))
            transaction.put(dataset)
            transaction.put(replace(upload, committed=True))
        return dataset

    def _commit(self, upload: Upload, place: StoredOutput) -> int:
        """Join an upload's blocks; one that was registered before keeps its content. Returns the size in bytes."""
        if upload.committed:
            return self._blobs.properties(place.account, place.container, place.name).size
        self._blobs.create_container(place.account, place.container)
        kind = rules.DATA_TYPES[upload.data_type_id]["content_type"]
        blocks = [_block_id(number) for number in range(upload.blocks)]
        written = self._blobs.commit_blocks(place.account, place.container, place.name, blocks, content_type=kind)
        return written.size

    def _head(self, place: StoredOutput) -> bytes:
        with self._blobs.open(place.account, place.container, place.name) as content:
            return content.read(HEAD_BYTES)

    def _versions(self, workspace: Workspace) -> Iterable[Dataset]:
        with self._store.transaction() as transaction:
            return transaction.list(Dataset, workspace.id)

    def datasets(self, workspace: Workspace) -> list[Dataset]:
        """Return the latest version of every data set of the workspace, oldest first, then the samples."""
        return [*(one for one in self._versions(workspace) if one.is_latest), *self.samples(workspace)]

    def list_datasets(self, workspace: Workspace) -> list[Dataset]:
        """Return the same to be looked at, not read: unpacking the samples is most of a page's first look."""
        samples = self.samples(workspace, unpack=False)
        return [*(one for one in self._versions(workspace) if one.is_latest), *samples]

    def samples(self, workspace: Workspace, *, unpack: bool = True) -> Iterator[Dataset]:
        """Yield the samples' data, which every workspace shows; their content is unpacked when first asked for."""
        from amlemulator.samples import datasets

        for ordinal, (name, path) in enumerate(datasets().items(), start=1):
            place = StoredOutput(workspace.storage_account, SAMPLES, f"{name}.csv")
            ids = (_derived("family", name), _derived("instance", name))
            yield Dataset(
                id=f"{rules.FACTS['global_workspace']}.{ids[0]}.{ids[1]}",
                ordinal=ordinal,
                workspace_id=rules.FACTS["global_workspace"],
                family_id=ids[0],
                name=name,
                data_type_id="GenericCSV",
                created=workspace.created,
                content=place,
                size=self._unpacked(path, place) if unpack else _size_within(path),
                description="A sample of the emulator.",
                owner="amlclassic",
                schema_status=SchemaStatus.COMPLETE,
            )

    def _unpacked(self, path: Path, place: StoredOutput) -> int:
        try:
            return self._blobs.properties(place.account, place.container, place.name).size
        except BlobMissing:
            self._blobs.create_container(place.account, place.container)
        with gzip.open(path) as content:
            stream = cast(BinaryIO, content)
            kind = rules.DATA_TYPES["GenericCSV"]["content_type"]
            return self._blobs.put(place.account, place.container, place.name, stream, content_type=kind).size

    def dataset(self, workspace: Workspace, dataset_id: str) -> Dataset:
        """Return one version of a data set. Raises 404."""
        with self._store.transaction() as transaction:
            found = transaction.get(Dataset, dataset_id)
        if found is not None and found.workspace_id == workspace.id and not found.deleted:
            return found
        found = next((one for one in self.samples(workspace) if one.id == dataset_id), None)
        if found is None:
            raise failure(
                "studio/NotFound", f"There is no data set {dataset_id} in the workspace.", evidence="studio.unknown-id"
            )
        return found

    def delete_family(self, workspace: Workspace, family_id: str) -> None:
        """Delete a data set with all its versions. What a web service needs of their content stays. Raises 404."""
        used = {name for service in self._directory.services(workspace.id) for name in self._used_by(service)}
        with self._store.transaction() as transaction:
            versions = transaction.list(Dataset, workspace.id)
            family = [one for one in versions if one.family_id == family_id and not one.deleted]
            for version in family:
                if version.id in used:
                    transaction.put(replace(version, is_latest=False, deleted=True))
                else:
                    transaction.delete(Dataset, version.id)
        if not family:
            raise failure(
                "studio/NotFound", f"There is no data set family {family_id[:64]} here.", evidence="studio.unknown-id"
            )
        kept = {one.content for one in self._versions(workspace)}  # one upload may have become several data sets
        for place in {version.content for version in family} - kept:
            self._blobs.delete(place.account, place.container, place.name)

    def _used_by(self, service: WebService) -> Iterable[str]:
        graphs = {endpoint.experiment for endpoint in self._directory.endpoints(service.id)} | {service.experiment}
        return (name for key in graphs if key for name in datasets_of(self._directory.graph(key)))

    def stage(self, document: Mapping[str, Any], folder: Path) -> dict[str, str]:
        """Copy the saved data sets that a graph names by id into files; return name to path. Samples stand ready."""
        staged = {}
        for number, name in enumerate(datasets_of(document)):
            with self._store.transaction() as transaction:
                dataset = transaction.get(Dataset, name)
            if dataset is not None:
                place = dataset.content
                path = folder / f"dataset{number}.{place.name.partition('.')[2]}"
                with self._blobs.open(place.account, place.container, place.name) as content, path.open("wb") as target:
                    shutil.copyfileobj(content, target, 1 << 20)
                staged[name] = str(path)
        return staged

    def location(self, dataset: Dataset, addresses: Addresses) -> BlobReference:
        """Return where a data set's content lies, with a fresh SAS to read it."""
        return self._storage.shared(dataset.content, addresses)

    # --- people ------------------------------------------------------------------------------------------------------

    def users(self, workspace: Workspace) -> list[WorkspaceUser]:
        """Return who was invited, in order; the owner is not among them."""
        with self._store.transaction() as transaction:
            return list(transaction.list(WorkspaceUser, workspace.id))

    def invite(self, workspace: Workspace, emails: Iterable[str], role: str) -> list[WorkspaceUser]:
        """Note invitations; nothing is sent. Somebody who was invited before gets the new role."""
        invited = []
        with self._store.transaction() as transaction:
            known = {user.email.lower(): user for user in transaction.list(WorkspaceUser, workspace.id)}
            for email in emails:
                user = known.get(email.lower())
                if user is None:
                    ordinal = transaction.next_ordinal(f"user/{workspace.id}")
                    user_id = self._identity.new_id("user", f"{workspace.id}/{ordinal}")
                    user = WorkspaceUser(user_id, ordinal, workspace.id, email, role)
                user = replace(user, role=role)
                transaction.put(user)
                invited.append(user)
        return invited


def datasets_of(document: Mapping[str, Any]) -> list[str]:
    """Return what the ``Dataset`` nodes of a graph name."""
    nodes = (node for node in document.get("nodes") or () if node.get("module") == "Dataset")
    return [str((node.get("parameters") or {}).get("Dataset", "")) for node in nodes]


def _size_within(path: Path) -> int:
    """Return the size of what a .gz file holds, as its last four bytes tell (RFC 1952, section 2.3.1)."""
    with path.open("rb") as packed:
        packed.seek(-4, os.SEEK_END)
        return int.from_bytes(packed.read(), "little")


def _derived(kind: str, name: str) -> str:
    # The samples are the same for every seed, and so are their ids.
    return sha256(f"{kind} {name}".encode()).hexdigest()[:32]


def _block_id(number: int) -> str:
    # Ids of a blob's blocks have one length.
    return f"{number:08d}"
