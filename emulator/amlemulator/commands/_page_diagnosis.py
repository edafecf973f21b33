"""What the portal's page of diagnosis asks: the client's diagnosis, of the emulator that shows the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from amlclient import AmlError, BlobLocation, EndpointsFile, RetrainingSetup, Transport, diagnose
from amlemulator.listing import endpoints
from amlemulator.ports.diagnosis import CannotDiagnose

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

LOCATION = ("relative_location", "base_location", "sas_blob_token")


def diagnosed(emulator: Emulator, workspace_id: str, values: Mapping[str, str], language: str) -> dict[str, Any]:
    """Diagnose as ports.diagnosis.Diagnose says.

    The calls go through the emulator's own session: none leaves the process, whatever addresses a visitor gives.
    """
    location = [values.get(name) for name in LOCATION]
    others: dict[str, Any] = {name: value for name, value in values.items() if name not in LOCATION}
    session = emulator.session()
    try:
        setup = RetrainingSetup(
            **others,
            model=BlobLocation(*location) if any(location) else None,
            workspace=EndpointsFile.from_json(endpoints(emulator)).workspace(workspace_id),
        )
        return diagnose(setup, transport=Transport(session)).to_json(language)
    except AmlError as error:
        raise CannotDiagnose(str(error)) from error
    finally:
        session.close()
