"""Which callables a request goes through, chosen when something changes, so that no request asks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from amlemulator import pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from amlemulator.emulator import Emulator

_LOCK = threading.Lock()  # two changes at once: whoever comes second has seen both


def choose(emulator: Emulator) -> None:
    """Set the stages and entrances of an emulator: armed faults, listeners and --strict each add their own."""
    with _LOCK:
        stages, entry = pipeline.STAGES, pipeline.stamp
        if emulator.settings.strict:
            from amlemulator.faces import strict

            stages = (*stages, strict.check)
        if emulator.exchanges.listening:
            from amlemulator import recording

            stages, entry = (recording.listen, *stages), recording.recorded
        if emulator.faults.armed:
            stages = (pipeline.strike, *stages, pipeline.interfere)
        emulator.stages, emulator.entry = stages, entry
        emulator.blob_application = _blobs(emulator)


def _blobs(emulator: Emulator) -> WSGIApplication:
    if emulator.faults.armed:
        from amlemulator.faces.blob_faults import StruckBlobApplication

        return StruckBlobApplication(emulator.blobs, emulator.clock, emulator.request_ids, emulator.faults)

    def blobs(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return emulator.plain_blobs(environ, start_response)  # which is made when the first is asked for

    return blobs
