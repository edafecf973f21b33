"""What a workspace folder says, as plain values: read by ``reading``, written by ``writing``, deployed by ``planting``.

Contents (models, data sets, blobs) are bytes at hand or files that are read when they are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Content = bytes | Path
BlobPlace = tuple[str, str, str]  # account, container, name


def content_bytes(content: Content) -> bytes:
    """Return the bytes of a content. Raises OSError."""
    return content if isinstance(content, bytes) else content.read_bytes()


@dataclass(frozen=True, slots=True)
class StorageDescription:
    """A workspace's storage account. Without a key it has one derived from the seed."""

    account: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointDescription:
    """An endpoint. None: as the emulator would choose it; ``models`` replace those of the service, by resource.

    ``experiment`` is the endpoint's own graph, where the service was deployed anew and the endpoint not refreshed.
    """

    name: str
    id: str | None = None
    primary_key: str | None = None
    secondary_key: str | None = None
    description: str | None = None
    throttle_level: str | None = None
    max_concurrent_calls: int | None = None
    prevent_update: bool | None = None
    diagnostics_trace_level: str | None = None
    sample_data_enabled: bool | None = None
    models: Mapping[str, Content] = field(default_factory=dict)
    experiment: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """A web service: its module graph and the models of its Saved Model modules, by resource."""

    name: str
    experiment: Mapping[str, Any]
    models: Mapping[str, Content] = field(default_factory=dict)
    id: str | None = None
    description: str | None = None
    endpoints: tuple[EndpointDescription, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkspaceDescription:
    """A workspace and everything in it. ``datasets`` are the data files that its graphs name, by that name."""

    name: str
    region: str
    services: tuple[ServiceDescription, ...] = ()
    id: str | None = None
    token: str | None = None
    secondary_token: str | None = None
    tier: str = "standard"
    storage: StorageDescription | None = None
    datasets: Mapping[str, Content] = field(default_factory=dict)
    containers: tuple[tuple[str, str], ...] = ()  # account and name of those that hold nothing
    blobs: Mapping[BlobPlace, Content] = field(default_factory=dict)
