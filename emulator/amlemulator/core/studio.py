"""Data sets of a workspace: how a file comes in, what it may be called, and what a new version of it replaces.

Sources: clients.md section 9 (the calls), errors.md section 11 (the refusals). Our own sentences name their evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import isfinite
from typing import Any

from amlcontracts import load
from amlemulator.core import textdata
from amlemulator.core.errors import ServiceError, failure
from amlemulator.core.records import StoredOutput, Workspace
from amlemulator.core.studio_records import Dataset, SchemaStatus, Upload

FACTS: dict[str, Any] = load("studio")
DATA_TYPES: dict[str, dict[str, str]] = FACTS["data_types"]
FORBIDDEN = FACTS["forbidden_characters"]
BLOCKS_MOST: int = FACTS["upload_blocks_most"]
CONTAINER: str = FACTS["uploaded_resources"]
SCHEMA_LINES = 200  # looked at for the schema of a data set
DEEPEST = 100  # objects within objects in a request


def refused(sentence: str, *, evidence: str) -> ServiceError:
    """Make a 400 of the Studio API, in our words."""
    return failure("studio/BadRequest", sentence, evidence=evidence)


def check_plain(value: Any, depth: int = 0) -> None:
    """Refuse what could not be given back as it came: NaN and infinities, and nesting without end."""
    if isinstance(value, float) and not isfinite(value):
        raise refused("NaN and Infinity are no JSON.", evidence="studio.body")
    if depth > DEEPEST:
        raise refused(f"The request is nested more than {DEEPEST} deep.", evidence="studio.body")
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in members:
        check_plain(member, depth + 1)


def object_of(body: Any) -> dict[str, Any]:
    """Return a request's body when it is an object."""
    if not isinstance(body, dict):
        raise refused("The request has no body, or it is not a JSON object.", evidence="studio.body")
    return body


def text_of(body: Mapping[str, Any], name: str) -> str:
    """Return a member that is a string; null and absent are the empty one."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise refused(f"'{name}' must be a string.", evidence="studio.body")
    return value or ""


# Uploads


@dataclass(frozen=True, slots=True)
class BlockOf:
    """Which part of an upload a request brings: the ``number``-th of ``count``, from 0."""

    upload_id: str
    number: int
    count: int


def check_data_type(data_type_id: str) -> str:
    """Return the data type's name as Studio spells it; any case will do. Raises 400 for a type that is not known."""
    for known in DATA_TYPES:
        if known.lower() == data_type_id.lower():
            return known
    raise refused(
        f"The data type '{data_type_id[:64]}' is not supported. Upload one of {', '.join(DATA_TYPES)}.",
        evidence="studio.upload-data-type",
    )


def read_block(query: Mapping[str, str]) -> BlockOf:
    """Read the query of a ``blobuploads`` call. Raises 400 for numbers that are none or cannot be."""
    try:
        number, count = int(query["blockId"]), int(query["numberOfBlocks"])
    except (KeyError, ValueError) as error:
        raise refused("blockId and numberOfBlocks must be whole numbers.", evidence="studio.upload-block") from error
    if not 0 <= number < count <= BLOCKS_MOST:
        raise refused(
            f"blockId must be 0 or more and less than numberOfBlocks, which is at most {BLOCKS_MOST}.",
            evidence="studio.upload-block",
        )
    return BlockOf(query.get("uploadId", ""), number, count)


def receive(upload: Upload, block: BlockOf) -> Upload:
    """Note that a block has come; the same one may come again. Raises 400 when the count changed on the way."""
    if upload.received and upload.blocks != block.count:
        raise refused(
            f"numberOfBlocks was {upload.blocks} in the earlier calls of this upload.", evidence="studio.upload-block"
        )
    return replace(upload, blocks=block.count, received=tuple(sorted({*upload.received, block.number})))


def content_name(upload: Upload) -> str:
    """Return the name of the blob that holds an upload's content."""
    return f"{upload.id}.{DATA_TYPES[upload.data_type_id]['extension']}"


# Registering a data set


@dataclass(frozen=True, slots=True)
class Registration:
    """What a client says of the data set it has uploaded. ``family_id`` is empty for a new one."""

    upload_id: str
    name: str
    data_type_id: str
    description: str
    family_id: str
    owner: str
    source_origin: str
    file_name: str


def read_registration(body: Any) -> Registration:
    """Read a ``POST datasources``. Raises 400 for what is missing, and 501 for an output to be saved as a data set."""
    request = object_of(body)
    source = object_of(request.get("DataSource"))
    if request.get("ModuleNodeId") or request.get("DataSourceUri"):
        raise failure(
            "studio/NotEmulated",
            "Saving a module's output, or data at an address, as a data set is not emulated: nothing is known of the "
            "format 'Dataset'. Download the output (outputdata) and upload it as GenericCSV.",
            evidence="studio.promote",
        )
    name = text_of(source, "Name").strip()
    check_name(name)
    return Registration(
        upload_id=text_of(request, "UploadId"),
        name=name,
        data_type_id=check_data_type(text_of(source, "DataTypeId")),
        description=text_of(source, "Description"),
        family_id=text_of(source, "FamilyId"),
        owner=text_of(source, "Owner"),
        source_origin=text_of(source, "SourceOrigin") or "FromResourceUpload",
        # azuremlps writes FileName, Studio's own front end Filename.
        file_name=text_of(request, "UploadedFromFileName") or text_of(request, "UploadedFromFilename"),
    )


def check_name(name: str) -> None:
    """Refuse an empty name, and forbidden characters: these two words and ":" are observed (errors.md section 11)."""
    if not name:
        raise refused("A data set needs a name.", evidence="studio.dataset-name")
    found = [character for character in FORBIDDEN if character in name]
    if found or any(ord(character) < 32 for character in name):
        raise refused(
            f"The name '{name}' contains forbidden characters. None of {' '.join(FORBIDDEN)} may stand in it.",
            evidence="studio.dataset-name",
        )


def check_upload(upload: Upload | None) -> Upload:
    """Return the upload when all of it is there. Raises 400 otherwise."""
    if upload is None:
        raise refused("There is no upload with this UploadId in the workspace.", evidence="studio.register-upload")
    if not upload.whole:
        missing = sorted(set(range(upload.blocks)) - set(upload.received))
        shown = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
        raise refused(f"Blocks of the upload are missing: {shown}.", evidence="studio.register-upload")
    return upload


def family_of(registration: Registration, datasets: Iterable[Dataset]) -> list[Dataset]:
    """Return the versions that a registration adds to, oldest first; none for a new data set.

    Raises 409 when another data set has the name (errors.md section 11), 400 for a family that is not there.
    """
    known = [one for one in datasets if not one.deleted]
    family = [one for one in known if one.family_id == registration.family_id and registration.family_id]
    if registration.family_id and not family:
        raise refused("There is no data set with this FamilyId in the workspace.", evidence="studio.register-family")
    if any(one.name == registration.name and one.is_latest and one not in family for one in known):
        raise failure(
            "studio/Conflict",
            f"A data set named '{registration.name}' already exists in the workspace.",
            evidence="studio.dataset-conflict",
        )
    return family


def new_dataset(
    workspace: Workspace,
    registration: Registration,
    content: StoredOutput,
    size: int,
    ordinal: int,
    ids: tuple[str, str],
    now: float,
) -> Dataset:
    """Make the record of a data set. ``ids`` are its family's and its own last part."""
    family, instance = ids
    return Dataset(
        id=f"{workspace.id}.{family}.{instance}",
        ordinal=ordinal,
        workspace_id=workspace.id,
        family_id=family,
        name=registration.name,
        data_type_id=registration.data_type_id,
        created=now,
        content=content,
        size=size,
        description=registration.description,
        owner=registration.owner,
        upload_id=registration.upload_id,
        file_name=registration.file_name,
        source_origin=registration.source_origin,
    )


def schema_status(data_type_id: str, head: bytes) -> SchemaStatus:
    """Say whether a schema can be made of a data set that begins with ``head``."""
    form: Any = DATA_TYPES[data_type_id].get("format")
    if form is None:
        return SchemaStatus.NOT_SUPPORTED
    lines = _whole_lines(head)
    try:
        textdata.read_columns((line.decode("utf-8") + "\n" for line in islice(lines, SCHEMA_LINES)), form)
    except (textdata.TextDataError, UnicodeDecodeError):
        return SchemaStatus.FAILED
    return SchemaStatus.COMPLETE


def _whole_lines(head: bytes) -> Sequence[bytes]:
    # The last line may be cut where the head ends; a file of one line is taken as it is.
    lines = head.split(b"\n")
    return lines[:-1] if len(lines) > 1 else lines
