"""The emulator's own addresses, under ``/_emulator``: health, reset, clock, journal, evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response

from amlcontracts import load
from amlemulator.core.errors import ServiceError, failure
from amlemulator.faces.calls import answer, json_body, mount, route

if TYPE_CHECKING:
    from amlemulator.adapters.clock import SystemClock
    from amlemulator.emulator import Emulator

LAST_SECOND = 253402300799  # of the year 9999, the last that a date can hold


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
        try:
            body = json_body()
        except ServiceError:
            body = None
        _set_clock(self._emulator.clock, body)
        return self.clock()

    @route("GET", "/control/jobs/<job_id>", "control.job", "control")
    def job(self, job_id: str) -> Response:
        """Show how far the worker of a job is."""
        return answer(self._emulator.batch.progress(job_id))


def _set_clock(clock: SystemClock, body: Any) -> None:
    """Do what ``{"freeze": true | seconds, "advance": seconds, "resume": true}`` asks, in that order, or nothing."""
    if not isinstance(body, dict) or not set(body) <= {"freeze", "advance", "resume"}:
        raise failure("control/BadRequest", 'Send an object with "freeze", "advance" or "resume".')
    freeze, advance, resume = body.get("freeze", False), body.get("advance", 0), body.get("resume", False)
    begin = clock.now() if isinstance(freeze, bool) else freeze
    if not _is_moment(begin) or not _is_moment(advance) or not _is_moment(begin + advance):
        raise failure("control/BadRequest", "Times are seconds since 1970, up to the year 9999; advance goes forward.")
    if not isinstance(resume, bool):
        raise failure("control/BadRequest", '"resume" is true or false.')
    if freeze is not False:
        clock.freeze(float(begin))
    clock.advance(float(advance))
    if resume:
        clock.resume()


def _is_moment(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LAST_SECOND


def blueprint(emulator: Emulator) -> Blueprint:
    """Return the routes of the control plane."""
    return mount("control", Control(emulator))
