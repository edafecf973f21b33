"""The emulator's own addresses, under ``/_emulator``: health, reset, clock, journal, evidence."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Request, Response

from amlcontracts import load
from amlemulator.core.errors import failure
from amlemulator.faces.calls import answer, json_body, operation
from amlemulator.settings import Settings

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


class Guard:
    """Keeps the control plane to this machine: no DNS rebinding, no cross-site request; a token off loopback."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.control_token
        self._loopback = settings.host in LOOPBACK

    def check(self, request: Request) -> None:
        """Refuse a request that does not come from this machine's own programs."""
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise failure("control/Forbidden", "The control plane answers to no cross-site request.")
        given = request.headers.get("x-amlclassic-control-token", "")
        if self._token is not None and hmac.compare_digest(given.encode(), self._token.encode()):
            return
        host = (
            request.host.rpartition(":")[0] if not request.host.endswith("]") and ":" in request.host else request.host
        )
        if not self._loopback or self._token is not None or host not in LOOPBACK:
            raise failure(
                "control/Forbidden",
                "The control plane answers only to loopback host names; elsewhere it needs --control-token, sent as the "
                "header x-amlclassic-control-token.",
            )


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the control plane."""
    routes = Blueprint("control", __name__)

    @routes.get("/control")
    @operation("control.index", "anonymous")
    def index() -> Response:
        return answer({"service": "amlclassic", "control": "/_emulator", "portal": "/portal/"})

    @routes.get("/services")
    @routes.get("/management")
    @routes.get("/studioapi")
    @routes.get("/studioapi/api")
    @operation("hosts.probe", "anonymous")
    def probe() -> Response:
        """Answer R's probe of each host: any status will do (clients.md section 9)."""
        return answer({"service": "amlclassic"})

    @routes.get("/control/healthz")
    @operation("control.healthz", "anonymous")
    def healthz() -> Response:
        return answer({"status": "alive"})

    @routes.get("/control/readyz")
    @operation("control.readyz", "anonymous")
    def readyz() -> Response:
        return answer({"status": "ready"})

    @routes.get("/control/requests")
    @operation("control.requests", "control")
    def requests() -> Response:
        return answer(emulator.journal.entries())

    @routes.get("/control/evidence")
    @operation("control.evidence", "control")
    def evidence() -> Response:
        return answer(load("evidence"))

    @routes.get("/control/clock")
    @operation("control.clock", "control")
    def clock() -> Response:
        return answer({"now": emulator.clock.now(), "frozen": emulator.clock.frozen})

    @routes.post("/control/clock")
    @operation("control.set-clock", "control")
    def set_clock() -> Response:
        _set_clock(emulator, json_body())
        return clock()

    @routes.get("/control/jobs/<job_id>")
    @operation("control.job", "control")
    def job(job_id: str) -> Response:
        return answer(emulator.batch.progress(job_id))

    return routes


def _set_clock(emulator: Emulator, body: Any) -> None:
    """Do what ``{"freeze": true | seconds, "advance": seconds, "resume": true}`` asks."""
    if not isinstance(body, dict) or not set(body) <= {"freeze", "advance", "resume"}:
        raise failure("control/BadRequest", 'Send an object with "freeze", "advance" or "resume".')
    if not all(isinstance(value, (bool, int, float)) for value in body.values()):
        raise failure("control/BadRequest", "Seconds are numbers.")
    if body.get("freeze"):
        emulator.clock.freeze(None if body["freeze"] is True else float(body["freeze"]))
    if body.get("advance"):
        emulator.clock.advance(float(body["advance"]))
    if body.get("resume"):
        emulator.clock.resume()
