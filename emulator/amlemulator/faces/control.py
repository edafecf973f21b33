"""The emulator's own addresses, under ``/_emulator``: health, reset, clock, journal, evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from amlcontracts import load
from amlemulator.core.errors import failure
from amlemulator.faces.calls import answer, json_body, mount, route

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator


class Control:
    """The views of the control plane."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    @route("GET", "/control", "control.index", "anonymous")
    def index(self) -> Response:
        """Say where everything is."""
        return answer({"service": "amlclassic", "control": "/_emulator", "portal": "/portal/"})

    @route("GET", "/control/healthz", "control.healthz", "anonymous")
    def healthz(self) -> Response:
        """Say that the process is alive."""
        return answer({"status": "alive"})

    @route("GET", "/control/readyz", "control.readyz", "anonymous")
    def readyz(self) -> Response:
        """Say that everything answers."""
        return answer({"status": "ready"})

    @route("GET", "/control/requests", "control.requests", "control")
    def requests(self) -> Response:
        """Return the journal of requests."""
        return answer(self._emulator.journal.entries())

    @route("GET", "/control/evidence", "control.evidence", "control")
    def evidence(self) -> Response:
        """Return how each emulated behaviour is known."""
        return answer(load("evidence"))

    @route("GET", "/control/clock", "control.clock", "control")
    def clock(self) -> Response:
        """Show the clock."""
        return answer({"now": self._emulator.clock.now(), "frozen": self._emulator.clock.frozen})

    @route("POST", "/control/clock", "control.set-clock", "control")
    def set_clock(self) -> Response:
        """Freeze, advance or resume the clock."""
        _set_clock(self._emulator, json_body())
        return self.clock()

    @route("GET", "/control/jobs/<job_id>", "control.job", "control")
    def job(self, job_id: str) -> Response:
        """Show how far the worker of a job is."""
        return answer(self._emulator.batch.progress(job_id))


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


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the control plane."""
    return mount("control", Control(emulator))
