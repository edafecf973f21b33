"""The Studio API's data sets and people: uploads meet the blob storage, registrations the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import BinaryIO

from amlemulator.core import studio as rules
from amlemulator.core.addresses import Addresses
from amlemulator.core.errors import failure
from amlemulator.core.identity import Identity
from amlemulator.core.records import BlobReference, StoredOutput, Workspace
from amlemulator.core.studio_records import Dataset, Upload, WorkspaceUser
from amlemulator.engine.storage import Storage
from amlemulator.ports.blobs import Blobs
from amlemulator.ports.clock import Clock
from amlemulator.ports.store import Store

HEAD_BYTES = 256 * 1024  # of a data set, looked at for its schema


class Studio:
    """What a workspace holds besides web services and experiments."""

    def __init__(self, store: Store, blobs: Blobs, storage: Storage, clock: Clock, identity: Identity) -> None:
        self._store = store
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
            raise rules.refused("There is no upload with this uploadId in the workspace.", "studio.upload-block")
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
        """Return the latest version of every data set of the workspace, oldest first."""
        return [one for one in self._versions(workspace) if one.is_latest]

    def dataset(self, workspace: Workspace, dataset_id: str) -> Dataset:
        """Return one version of a data set. Raises 404."""
        with self._store.transaction() as transaction:
            found = transaction.get(Dataset, dataset_id)
        if found is None or found.workspace_id != workspace.id:
            raise failure(
                "studio/NotFound", f"There is no data set {dataset_id} in the workspace.", evidence="studio.unknown-id"
            )
        return found

    def delete_family(self, workspace: Workspace, family_id: str) -> None:
        """Delete a data set with all its versions and their content. Raises 404."""
        with self._store.transaction() as transaction:
            family = [one for one in transaction.list(Dataset, workspace.id) if one.family_id == family_id]
            for version in family:
                transaction.delete(Dataset, version.id)
        if not family:
            raise failure(
                "studio/NotFound", f"There is no data set family {family_id[:64]} here.", evidence="studio.unknown-id"
            )
        for version in family:
            place = version.content
            self._blobs.delete(place.account, place.container, place.name)

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


def _block_id(number: int) -> str:
    # Ids of a blob's blocks have one length.
    return f"{number:08d}"
