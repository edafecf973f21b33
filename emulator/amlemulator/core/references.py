"""AzureBlobDataReference on the wire: reading it, and what a request itself can show to be wrong with it.

Observed: names, extensions and connection strings are checked when the job is submitted (errors.md section 2). What
only the storage can show fails the job instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amlcontracts import load
from amlemulator.core.bodies import text_member
from amlemulator.core.connection import parse_connection_string, split_location
from amlemulator.core.errors import failure
from amlemulator.core.records import BlobReference

CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*\Z|\$root\Z|\$web\Z|\$logs\Z")
EXTENSIONS: dict[str, tuple[str, ...]] = {
    "dataset": tuple(load("limits")["dataset_extensions"]),
    "model": tuple(load("limits")["model_extensions"]),
}


@dataclass(frozen=True, slots=True)
class Located:
    """A reference taken apart: which blob of which account at which endpoint, and by what right.

    ``endpoint`` has no trailing slash; ``key`` or ``sas`` may be None.
    """

    endpoint: str
    account: str
    container: str
    name: str
    key: str | None = None
    sas: str | None = None


def read_reference(value: Any) -> BlobReference:
    """Read one reference; unknown members are ignored, "" is as good as null (clients.md 4.1).

    Raises BadArgument/RequestBodyInvalid when it is no object or a member is no string.
    """
    if not isinstance(value, dict):
        raise failure("BadArgument/RequestBodyInvalid")
    return BlobReference(
        connection_string=text_member(value, "ConnectionString") or None,
        relative_location=text_member(value, "RelativeLocation") or None,
        base_location=text_member(value, "BaseLocation") or None,
        sas_blob_token=text_member(value, "SasBlobToken") or None,
    )


def is_empty(reference: BlobReference) -> bool:
    """Tell whether nothing at all was given."""
    return reference == BlobReference()


def check_extension(relative: str, allowed: Sequence[str], *, flat: bool = False) -> None:
    """Refuse a blob name without one of the extensions, in the observed words (errors.md O18)."""
    if not relative.lower().endswith(tuple(allowed)):
        name = "management/InvalidBlobExtension" if flat else "BadArgument/InvalidBlobExtension"
        raise failure(name, relative.lstrip("/"), ", ".join(allowed))


def check_reference(name: str, reference: BlobReference, kind: str) -> None:
    """Check what the request shows of the reference called ``name`` (a port), for a "dataset" or a "model".

    Raises the documented 400s: MissingInputBlobInformation, InvalidBlobConnectionString ({0} is the port's name: the
    string itself holds a key), InputBlobRelativeLocationInvalid, ContainerIsEmpty, ContainerSegmentInvalid,
    InvalidBlobExtension, and InvalidBlob for a BaseLocation that is no address of a storage account.
    """
    if reference.connection_string is None and reference.base_location is None:
        raise failure("BadArgument/MissingInputBlobInformation", target=name)
    if reference.connection_string is not None:
        try:
            parse_connection_string(reference.connection_string)
        except ValueError as error:
            raise failure("BadArgument/InvalidBlobConnectionString", name, target=name) from error
    relative = (reference.relative_location or "").strip()
    if not relative.strip("/"):
        raise failure("BadArgument/InputBlobRelativeLocationInvalid", target=name)
    if reference.connection_string is not None:
        _check_container(name, relative)
    elif reference.base_location is not None:
        _check_address(name, reference.base_location, relative)
    check_extension(relative, EXTENSIONS[kind])


def _check_address(name: str, base: str, relative: str) -> None:
    try:
        split_location(base, relative)
    except ValueError as error:
        raise failure("BadArgument/InvalidBlob", relative.lstrip("/"), target=name) from error


def _check_container(name: str, relative: str) -> None:
    container, slash, blob = relative.removeprefix("/").partition("/")
    if not container:
        raise failure("BadArgument/ContainerIsEmpty", target=name)
    if not slash or not blob:
        raise failure("BadArgument/InputBlobRelativeLocationInvalid", target=name)
    if not CONTAINER.match(container):
        raise failure("BadArgument/ContainerSegmentInvalid", target=name)


def render_reference(reference: BlobReference) -> dict[str, str | None]:
    """Return the reference as it stands in answers, members in the wire's order."""
    return {
        "ConnectionString": reference.connection_string,
        "RelativeLocation": reference.relative_location,
        "BaseLocation": reference.base_location,
        "SasBlobToken": reference.sas_blob_token,
    }
