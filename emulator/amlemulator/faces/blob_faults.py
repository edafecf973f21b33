"""Blob storage while faults are armed: its operations are named ``blob.`` and the method, ``blob.put``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from amlemulator.adapters.files_blobs import FilesBlobs
from amlemulator.engine.faults import ConnectionCut, Faults, refuse
from amlemulator.faces.blob import BlobApplication
from amlemulator.faces.blob_request import Answer
from amlemulator.ports.clock import Clock

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class StruckBlobApplication(BlobApplication):
    """The blob application, which asks the armed faults first."""

    def __init__(self, blobs: FilesBlobs, clock: Clock, new_id: Callable[[], str], faults: Faults) -> None:
        super().__init__(blobs, clock, new_id)
        self._faults = faults

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or spoil the answer."""

        def spoiled(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            fault = environ.get("amlemulator.fault")
            if fault is not None:
                headers += fault.headers.items()
                if fault.cut == "after":
                    raise ConnectionCut
            return start_response(status, headers, exc_info)

        return super().__call__(environ, spoiled)

    def _run(self, environ: WSGIEnvironment, request_id: str, now: float) -> Answer:
        operation = f"blob.{environ['REQUEST_METHOD'].lower()}"
        fault = environ["amlemulator.fault"] = self._faults.strike(operation, environ["PATH_INFO"])
        if fault is not None:
            refuse(fault, "blob")
        return super()._run(environ, request_id, now)
