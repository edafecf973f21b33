"""What is to be looked at: the values that the program uses, and what else is known of its workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from amlclient._endpoints_file import WorkspaceEntry
from amlclient._models import BlobLocation

__all__ = ["RetrainingSetup"]


@dataclass(frozen=True, slots=True)
class RetrainingSetup:
    """The values that a retraining program uses, right or wrong. What is None is not looked at.

    ``patch_url``, ``token``, ``resource_name`` and ``model`` are what it PATCHes with, ``scoring_url`` and
    ``scoring_key`` what it scores with, ``training_url``, ``training_key`` and ``job_id`` what it trained with.
    ``request`` is the body of its RRS calls; without it rows are made of the sample in the service's swagger document.

    ``workspace`` is an entry of an endpoints file: known to be right, so that wrong values above can be told from it.
    ``scoring_service`` and ``endpoint_name`` say what is meant where no ``patch_url`` does.
    """

    patch_url: str | None = None
    token: str | None = field(default=None, repr=False)
    resource_name: str | None = None
    model: BlobLocation | None = None
    scoring_url: str | None = None
    scoring_key: str | None = field(default=None, repr=False)
    training_url: str | None = None
    training_key: str | None = field(default=None, repr=False)
    job_id: str | None = None
    request: Mapping[str, Any] | None = field(default=None, repr=False)
    workspace: WorkspaceEntry | None = None
    scoring_service: str | None = None
    endpoint_name: str | None = None
