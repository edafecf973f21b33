"""What the service's JSON means, as frozen dataclasses.

Reading is tolerant: unknown members are ignored, and a missing one is an error only where nothing can be done without
it. Secrets are kept out of every representation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from ._exceptions import UnexpectedAnswer, WrongCall
from ._redaction import HIDDEN, mask, redact

__all__ = [
    "BlobLocation",
    "Cell",
    "Endpoint",
    "EndpointSettings",
    "JobState",
    "JobStatus",
    "Resource",
    "ScoreResult",
    "Table",
    "WebService",
]

Cell = str | int | float | bool | None


class JobState(StrEnum):
    """State of a batch job, spelled as on the wire (documents.md 5.4), in the order of the v1 integers."""

    NOT_STARTED = "NotStarted"
    RUNNING = "Running"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    FINISHED = "Finished"
    UNKNOWN = "Unknown"  # ours: a name that the documents do not have; not an end

    @property
    def ended(self) -> bool:
        """Whether no further change of state can come."""
        return self in (JobState.FAILED, JobState.CANCELLED, JobState.FINISHED)

    @classmethod
    def read(cls, value: object) -> JobState:
        """Read a name, or an integer of API version 1 (0 to 4)."""
        states = list(cls)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 4:
            return states[value]
        return next((state for state in states if state.value == value), cls.UNKNOWN)


@dataclass(frozen=True, slots=True)
class BlobLocation:
    """AzureBlobDataReference: a blob, by connection string and path, or by base, path and SAS (documents.md section 6).

    ``relative_location`` is ``container/path/blob.ext``; a leading slash is tolerated.
    """

    relative_location: str | None = None
    base_location: str | None = None
    sas_blob_token: str | None = None
    connection_string: str | None = None

    def __repr__(self) -> str:
        return f"BlobLocation({self.address!r})"  # the path cleaned too: joined wrongly, it has a SAS in it

    @classmethod
    def from_json(cls, data: object) -> BlobLocation:
        """Read a reference; anything that is not an object is an empty reference."""
        members = data if isinstance(data, Mapping) else {}
        return cls(
            relative_location=_optional_text(members, "RelativeLocation"),
            base_location=_optional_text(members, "BaseLocation"),
            sas_blob_token=_optional_text(members, "SasBlobToken"),
            connection_string=_optional_text(members, "ConnectionString"),
        )

    @classmethod
    def from_url(cls, url: str) -> BlobLocation:
        """Take a blob's whole address apart: host, path, and SAS if there is one."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or not parts.path.strip("/"):
            raise WrongCall("a blob's address looks like https://account.blob.core.windows.net/container/blob?sas")
        token = f"?{parts.query}" if parts.query else None
        return cls(parts.path.lstrip("/"), f"{parts.scheme}://{parts.netloc}/", token)

    def to_json(self) -> dict[str, str]:
        """Return the members that are set, under their names on the wire."""
        members = {
            "ConnectionString": self.connection_string,
            "BaseLocation": self.base_location,
            "RelativeLocation": self.relative_location,
            "SasBlobToken": self.sas_blob_token,
        }
        return {name: value for name, value in members.items() if value}

    @property
    def url(self) -> str:
        """The blob's whole address, joined with exactly one slash and one question mark.

        Raises WrongCall for a reference without base or path (one by connection string has no address of its own).
        """
        if not self.base_location or not self.relative_location:
            raise WrongCall("this blob reference has no BaseLocation or no RelativeLocation, so it has no address")
        token = (self.sas_blob_token or "").lstrip("?&")
        address = f"{self.base_location.rstrip('/')}/{self.relative_location.lstrip('/')}"
        return f"{address}?{token}" if token else address

    @property
    def address(self) -> str:
        """The blob's address without its SAS, for people and journals; the path alone where there is no base."""
        path = redact((self.relative_location or "").lstrip("/"))
        return f"{self.base_location.rstrip('/')}/{path}" if self.base_location else path

    @property
    def extension(self) -> str:
        """The lower-case extension of the blob's name with its dot, or nothing."""
        name = (self.relative_location or "").rpartition("/")[2]
        return f".{name.rpartition('.')[2].lower()}" if "." in name else ""

    def is_same_blob(self, other: BlobLocation) -> bool:
        """Whether both name the same blob, whatever their tokens and slashes; a base that one lacks is not compared."""
        if not self.relative_location or not other.relative_location:
            return False
        if self.base_location and other.base_location:
            return self.address == other.address
        return self.relative_location.lstrip("/") == other.relative_location.lstrip("/")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The state of a batch job. ``results`` is empty until it finished; each status call mints fresh tokens."""

    state: JobState
    results: Mapping[str, BlobLocation] = field(default_factory=dict)
    details: str | None = None
    status_code: str = ""  # as it came

    @classmethod
    def from_json(cls, data: object) -> JobStatus:
        """Read a status (also version 1's, whose ``Result`` is one reference). Raises UnexpectedAnswer."""
        members = require_object(data, "a job's status")
        if "StatusCode" not in members:
            raise UnexpectedAnswer("a job's status has no StatusCode")
        code = members["StatusCode"]
        details = members.get("Details")
        return cls(JobState.read(code), _results(members), redact(str(details)) if details else None, str(code))


def _results(members: Mapping[str, Any]) -> dict[str, BlobLocation]:
    if isinstance(members.get("Result"), Mapping):
        return {"output1": BlobLocation.from_json(members["Result"])}
    results = members.get("Results")
    if not isinstance(results, Mapping):
        return {}
    return {str(name): BlobLocation.from_json(value) for name, value in results.items()}


@dataclass(frozen=True, slots=True)
class Resource:
    """An updatable resource: a trained model. An empty ``location`` means that it is as deployed."""

    name: str
    kind: str | None = None
    location: BlobLocation = BlobLocation()

    @classmethod
    def from_json(cls, data: object) -> Resource:
        """Read one member of ``Resources``."""
        members = require_object(data, "a resource")
        location = BlobLocation.from_json(members.get("Location"))
        return cls(_text(members, "Name"), _optional_text(members, "Kind"), location)


@dataclass(frozen=True, slots=True)
class WebService:
    """A web service as the management host lists it (clients.md 6.1)."""

    id: str
    name: str
    description: str | None = None
    creation_time: str | None = None
    workspace_id: str | None = None
    default_endpoint_name: str = "default"
    endpoint_count: int | None = None

    @classmethod
    def from_json(cls, data: object) -> WebService:
        """Read a service. Raises UnexpectedAnswer when it has no Id."""
        members = require_object(data, "a web service")
        count = members.get("EndpointCount")
        return cls(
            id=_text(members, "Id"),
            name=_optional_text(members, "Name") or "",
            description=_optional_text(members, "Description"),
            creation_time=_optional_text(members, "CreationTime"),
            workspace_id=_optional_text(members, "WorkspaceId"),
            default_endpoint_name=_optional_text(members, "DefaultEndpointName") or "default",
            endpoint_count=count if isinstance(count, int) else None,
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint (clients.md 6.2). ``resources`` is None where the answer does not show them, as in lists."""

    name: str
    api_location: str | None = None
    help_location: str | None = None
    primary_key: str | None = field(default=None, repr=False)
    secondary_key: str | None = field(default=None, repr=False)
    resources: tuple[Resource, ...] | None = None
    description: str | None = None
    creation_time: str | None = None
    throttle_level: str | None = None
    max_concurrent_calls: int | None = None
    prevent_update: bool = False

    @classmethod
    def from_json(cls, data: object) -> Endpoint:
        """Read an endpoint. Raises UnexpectedAnswer when it has no Name."""
        members = require_object(data, "an endpoint")
        calls = members.get("MaxConcurrentCalls")
        return cls(
            name=_text(members, "Name"),
            api_location=_optional_text(members, "ApiLocation"),
            help_location=_optional_text(members, "HelpLocation"),
            primary_key=_optional_text(members, "PrimaryKey"),
            secondary_key=_optional_text(members, "SecondaryKey"),
            resources=_resources(members.get("Resources")),
            description=_optional_text(members, "Description"),
            creation_time=_optional_text(members, "CreationTime"),
            throttle_level=_optional_text(members, "ThrottleLevel"),
            max_concurrent_calls=calls if isinstance(calls, int) else None,
            prevent_update=members.get("PreventUpdate") is True,
        )

    @property
    def masked_key(self) -> str:
        """The primary key as people may see it."""
        return mask(self.primary_key) if self.primary_key else HIDDEN

    def resource(self, name: str) -> Resource | None:
        """Return the resource called ``name``, exactly, or None."""
        return next((resource for resource in self.resources or () if resource.name == name), None)


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """What can be chosen for an endpoint. Calls at once are 4 with Low whatever is asked, up to 200 with High."""

    description: str | None = None
    throttle_level: str = "Low"
    max_concurrent_calls: int | None = None
    prevent_update: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the body of a PUT (clients.md 6.2)."""
        return {
            "Description": self.description,
            "ThrottleLevel": self.throttle_level,
            "MaxConcurrentCalls": self.max_concurrent_calls,
            "PreventUpdate": self.prevent_update,
        }


def _resources(data: object) -> tuple[Resource, ...] | None:
    return tuple(Resource.from_json(member) for member in data) if isinstance(data, list) else None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column names. Cells of an answer are strings or None, as the service sends them (clients.md 3).

    ``column_names`` is None for a plain answer that was asked for without details, ``column_types`` for a swagger one.
    """

    column_names: tuple[str, ...] | None
    rows: tuple[tuple[Cell, ...], ...]
    column_types: tuple[str, ...] | None = None

    @classmethod
    def from_records(cls, records: Sequence[Mapping[str, Cell]]) -> Table:
        """Make a table of records that all have the same columns. Raises WrongCall when they do not."""
        names = tuple(records[0]) if records else ()
        for number, record in enumerate(records):
            if len(record) != len(names) or any(name not in record for name in names):
                raise WrongCall(f"row {number} has other columns than row 0")
        return cls(names, tuple(tuple(record[name] for name in names) for record in records))

    @classmethod
    def from_json(cls, data: object) -> Table:
        """Read an output: the plain form (type, value) or swagger's list of objects. Raises UnexpectedAnswer."""
        if isinstance(data, list):
            return _swagger_table(data)
        value = require_object(require_object(data, "an output").get("value"), "an output's value")
        rows = value.get("Values")
        if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
            raise UnexpectedAnswer("an output's Values are not rows")
        names = _optional_texts(value, "ColumnNames")
        if names is not None and any(len(row) != len(names) for row in rows):
            raise UnexpectedAnswer("an output's rows do not fit its ColumnNames")
        return cls(names, tuple(tuple(row) for row in rows), _optional_texts(value, "ColumnTypes"))

    def records(self) -> Iterator[dict[str, Cell]]:
        """Yield each row as a dict. Raises WrongCall when the names are not known."""
        names = self._names()
        for row in self.rows:
            yield dict(zip(names, row, strict=True))

    def column(self, name: str) -> tuple[Cell, ...]:
        """Return one column. Raises WrongCall when there is none of that name."""
        names = self._names()
        if name not in names:
            raise WrongCall(f"there is no column {name!r}; the columns are {', '.join(names)}")
        index = names.index(name)
        return tuple(row[index] for row in self.rows)

    def _names(self) -> tuple[str, ...]:
        if self.column_names is None:
            raise WrongCall("the column names are not known; ask with details=True or swagger=True")
        return self.column_names

    def __len__(self) -> int:
        return len(self.rows)


def _swagger_table(data: list[Any]) -> Table:
    records = [require_object(record, "a row") for record in data]
    try:
        return Table.from_records(records)
    except WrongCall as error:
        raise UnexpectedAnswer(f"an output is ragged: {error}") from None


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What one RRS call answered: a table per Web Service Output."""

    outputs: Mapping[str, Table]

    @classmethod
    def from_json(cls, data: object) -> ScoreResult:
        """Read the ``Results`` of an answer. Raises UnexpectedAnswer."""
        results = require_object(require_object(data, "an answer").get("Results"), "Results")
        return cls({str(name): Table.from_json(value) for name, value in results.items()})

    @property
    def table(self) -> Table:
        """The only output, or the first. Raises UnexpectedAnswer when there is none."""
        for table in self.outputs.values():
            return table
        raise UnexpectedAnswer("the service answered without any output")


def require_object(data: object, what: str) -> Mapping[str, Any]:
    """Return ``data`` when it is a JSON object. Raises UnexpectedAnswer."""
    if not isinstance(data, Mapping):
        raise UnexpectedAnswer(f"{what} is not an object")
    return data


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise UnexpectedAnswer(f"{name} is missing")
    return value


def _optional_text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) and value else None


def _optional_texts(members: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = members.get(name)
    return tuple(str(part) for part in value) if isinstance(value, list) else None
