"""Who says what is wrong with a retraining. The client knows how, and the faces do not know the client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class CannotDiagnose(Exception):  # noqa: N818 - named for what happened
    """There is nothing to look at, or nobody answers there; the message says what to do."""


class Diagnose(Protocol):
    """Walks the checks of the troubleshooting document; only asks, changes nothing."""

    def __call__(self, workspace_id: str, values: Mapping[str, str], language: str) -> dict[str, Any]:
        """Return what was found, as ``amlclassic diagnose --json`` prints it. Raises CannotDiagnose.

        ``values`` are what a retraining program uses, by the flags of ``amlclassic diagnose`` (``patch_url``, ...);
        what is missing is not looked at.
        """
        ...
