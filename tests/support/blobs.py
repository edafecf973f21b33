"""Blobs of the emulator's own account, as test programs refer to them."""

from __future__ import annotations

import io
from typing import Any

from amlemulator import Emulator
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.core.sas import make_service_sas

CONNECTION = f"DefaultEndpointsProtocol=https;AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY}"
CONTAINER = "tests"


def upload(emulator: Emulator, name: str, content: bytes) -> None:
    """Write a blob into the tests' container."""
    emulator.blobs.create_container(DEVELOPMENT_ACCOUNT, CONTAINER)
    emulator.blobs.put(DEVELOPMENT_ACCOUNT, CONTAINER, name, io.BytesIO(content))


def download(emulator: Emulator, name: str, container: str = CONTAINER) -> bytes:
    """Read a blob."""
    with emulator.blobs.open(DEVELOPMENT_ACCOUNT, container, name) as content:
        return content.read()


def by_key(name: str, **changes: Any) -> dict[str, Any]:
    """Return a reference with the account's connection string."""
    reference = {"ConnectionString": CONNECTION, "RelativeLocation": f"{CONTAINER}/{name}"}
    return {**reference, **changes}


def by_token(emulator: Emulator, name: str, permissions: str = "r", start: float = -300, end: float = 3600) -> Any:
    """Return a reference with a SAS for that one blob; ``start`` and ``end`` are seconds from now."""
    now = emulator.clock.now()
    token = make_service_sas(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, CONTAINER, name, permissions, now + start, now + end)
    base = emulator.addresses.blob_account(DEVELOPMENT_ACCOUNT)
    return {"BaseLocation": base, "RelativeLocation": f"{CONTAINER}/{name}", "SasBlobToken": token}
