"""The emulator's own addresses, under ``/_emulator``: health, reset, clock, journal, evidence."""

from __future__ import annotations

import os
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from amlcontracts import load
from amlemulator.core.bodies import parse_json
from amlemulator.core.errors import ServiceError, failure
from amlemulator.core.records import Job
from amlemulator.engine.faults import read_rule
from amlemulator.engine.journal import FILTERS
from amlemulator.faces.calls import answer, mount, nothing, raw_body, route

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
        shown = {"service": "amlclassic", "pid": os.getpid(), "control": "/_emulator", "portal": "/portal/"}
        return answer(shown)

    @route("GET", "/control/healthz", "control.healthz", "anonymous")
    def healthz(self) -> Response:
        """Say that the process is alive."""
        return answer({"status": "alive"})

    @route("GET", "/control/readyz", "control.readyz", "anonymous")
    def readyz(self) -> Response:
        """Say that everything answers; 503 while it starts, and from the moment on in which it stops."""
        phase = self._emulator.phase
        return answer({"status": phase}, 200 if phase == "ready" else 503)

    @route("POST", "/control/reset", "control.reset", "control")
    def reset(self) -> Response:
        """Go back to the state of a fresh start: everything, or the workspace that the body names."""
        body = json_object(given_json({}), {"workspace"})
        self._emulator.reset(text_member(body, "workspace"))
        return answer({"reset": body.get("workspace") or "all"})

    @route("GET", "/control/requests", "control.requests", "control")
    def requests(self) -> Response:
        """Return the journal of requests, or those that pass the filters of the query."""
        return answer(self._emulator.requests.find(**_filters()))

    @route("GET", "/control/requests/count", "control.count-requests", "control")
    def count_requests(self) -> Response:
        """Return how many requests of the journal pass the filters of the query."""
        return answer({"count": self._emulator.requests.count(**_filters())})

    @route("GET", "/control/requests/har", "control.har", "control")
    def har(self) -> Response:
        """Return the journal as an HTTP Archive."""
        return answer(self._emulator.requests.har())

    @route("GET", "/control/faults", "control.faults", "control")
    def faults(self) -> Response:
        """Return the armed faults, with how often each met and hit."""
        return answer(self._emulator.faults.list())

    @route("POST", "/control/faults", "control.arm", "control")
    def arm(self) -> Response:
        """Arm a fault, or a list of them: all or none. They go with the workspace that the query names."""
        given = given_json()
        rules = [read_rule(one) for one in (given if isinstance(given, list) else [given])]
        owner = request.args.get("workspace")
        ids = {self._emulator.faults.arm(rule, owner) for rule in rules}
        return answer([fault for fault in self._emulator.faults.list() if fault["id"] in ids], 201)

    @route("DELETE", "/control/faults", "control.disarm-all", "control")
    def disarm_all(self) -> Response:
        """Disarm every fault, or those of the workspace in the query."""
        self._emulator.faults.clear(request.args.get("workspace"))
        return nothing(204)

    @route("DELETE", "/control/faults/<fault_id>", "control.disarm", "control")
    def disarm(self, fault_id: str) -> Response:
        """Disarm one fault."""
        if not self._emulator.faults.remove(fault_id):
            raise failure("control/NotFound", f"There is no fault {fault_id}.", evidence="control.faults")
        return nothing(204)

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
        """Freeze, advance or resume the clock, or set it right again."""
        _set_clock(self._emulator.clock, given_json())
        return self.clock()

    @route("GET", "/control/jobs/<job_id>", "control.job", "control")
    def job(self, job_id: str) -> Response:
        """Show how far the worker of a job is."""
        return answer(self._emulator.batch.progress(job_id))

    @route("GET", "/control/policy", "control.policy", "control")
    def policy(self) -> Response:
        """Show by which policy the jobs of a workspace run, or those of all others."""
        return answer({"policy": self._emulator.jobs.policy_of(request.args.get("workspace"))})

    @route("POST", "/control/policy", "control.set-policy", "control")
    def set_policy(self) -> Response:
        """Set by which policy the jobs of a workspace run, or those of all others."""
        body = json_object(given_json(), {"policy", "workspace"})
        workspace = text_member(body, "workspace")
        if workspace is not None and self._emulator.directory.workspace(workspace) is None:
            raise failure("control/NotFound", f"There is no workspace {workspace}.", evidence="control.policy")
        self._emulator.jobs.policy(body.get("policy"), workspace)
        return answer({"policy": self._emulator.jobs.policy_of(workspace)})

    @route("POST", "/control/jobs/<job_id>/finish", "control.finish-job", "control")
    def finish_job(self, job_id: str) -> Response:
        """End a held job well: run it now, or store the outputs given and run nothing."""
        outputs = json_object(given_json({}), {"outputs"}).get("outputs")
        return _shown(self._emulator.jobs.finish(job_id, None if outputs is None else contents(outputs, "outputs")))

    @route("POST", "/control/jobs/<job_id>/fail", "control.fail-job", "control")
    def fail_job(self, job_id: str) -> Response:
        """End a held or running job as Failed."""
        reason = text_member(json_object(given_json({}), {"reason"}), "reason")
        jobs = self._emulator.jobs
        return _shown(jobs.fail(job_id, reason) if reason else jobs.fail(job_id))

    @route("POST", "/control/jobs/<job_id>/cancel", "control.cancel-job", "control")
    def cancel_job(self, job_id: str) -> Response:
        """Cancel a job that has not ended."""
        return _shown(self._emulator.jobs.cancel(job_id))

    @route("POST", "/control/endpoints/<endpoint_id>/keys", "control.replace-key", "control")
    def replace_key(self, endpoint_id: str) -> Response:
        """Give an endpoint a new primary or secondary key; the old one opens nothing any more."""
        which = json_object(given_json(), {"which"}).get("which")
        if which not in ("primary", "secondary"):
            raise failure("control/BadRequest", '"which" is "primary" or "secondary".')
        endpoint = self._emulator.directory.endpoint(endpoint_id)
        if endpoint is None:
            raise failure("control/NotFound", f"There is no endpoint {endpoint_id}.", evidence="control.keys")
        changed = self._emulator.administration.replace_keys(endpoint, which)
        return answer({"primary_key": changed.primary_key, "secondary_key": changed.secondary_key})

    @route("GET", "/control/openapi.json", "control.openapi", "control")
    def openapi(self) -> Response:
        """Describe every route as OpenAPI 3.1."""
        from amlemulator.faces.catalogue import openapi

        return answer(openapi(self._emulator))

    @route("GET", "/control/coverage", "control.coverage", "control")
    def coverage(self) -> Response:
        """List every operation with how its behaviour is known, and by which tests it is held."""
        from amlemulator.faces.catalogue import coverage

        return answer(coverage(self._emulator))


def given_json(without: Any = None) -> Any:
    """Return the request's JSON; ``without`` when it has no body. Raises 400 in the control plane's own words."""
    raw = raw_body()
    if not raw.strip() and without is not None:
        return without
    try:
        return parse_json(raw)
    except ServiceError as error:
        raise failure("control/BadRequest", "The body is no JSON.") from error


def json_object(body: Any, members: set[str]) -> dict[str, Any]:
    """Return a body as the object that it is to be. Raises 400 for another, or for members that are none."""
    if not isinstance(body, dict) or not set(body) <= members:
        raise failure("control/BadRequest", f"Send an object with: {', '.join(sorted(members))}.")
    return body


def given_object(members: set[str]) -> dict[str, Any]:
    """Return the JSON object that a request carries, {} when it has no body. Raises 400 for any other member."""
    return json_object(given_json({}), members)


def text_member(body: dict[str, Any], member: str) -> str | None:
    """Return a text of an object, None when it is not there. Raises 400 for what is no text."""
    value = body.get(member)
    if value is not None and not isinstance(value, str):
        raise failure("control/BadRequest", f'"{member}" is a text.')
    return value


def contents(given: Any, member: str) -> dict[str, bytes]:
    """Read contents by name: a text as it is, anything else as ``{"base64": text}``. Raises 400."""
    try:
        return {
            name: one.encode() if isinstance(one, str) else b64decode(one["base64"], validate=True)
            for name, one in given.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        takes = f'"{member}" holds the content of each by its name: a text, or {{"base64": text}}.'
        raise failure("control/BadRequest", takes) from None


def _filters() -> dict[str, Any]:
    wanted = {name: value for name, value in request.args.items() if value}
    if not set(wanted) <= set(FILTERS) or not wanted.get("status", "0").isdecimal():
        raise failure("control/BadRequest", f"Filters are {', '.join(FILTERS)}; status is a number.")
    return wanted


def _shown(job: Job) -> Response:
    return answer({"id": job.id, "state": job.state.value, "details": job.details})


def _set_clock(clock: SystemClock, body: Any) -> None:
    """Do what ``{"reset": true, "freeze": true | seconds, "advance": seconds, "resume": true}`` asks, in that order.

    Or nothing, when any of it makes no sense.
    """
    if not isinstance(body, dict) or not set(body) <= {"freeze", "advance", "resume", "reset"}:
        raise failure("control/BadRequest", 'Send an object with "freeze", "advance", "resume" or "reset".')
    freeze, advance, resume = body.get("freeze", False), body.get("advance", 0), body.get("resume", False)
    reset = body.get("reset", False)
    begin = clock.now() if isinstance(freeze, bool) else freeze
    if not _is_moment(begin) or not _is_moment(advance) or not _is_moment(begin + advance):
        raise failure("control/BadRequest", "Times are seconds since 1970, up to the year 9999; advance goes forward.")
    if not isinstance(resume, bool) or not isinstance(reset, bool):
        raise failure("control/BadRequest", '"resume" and "reset" are true or false.')
    if reset:
        clock.reset()
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
