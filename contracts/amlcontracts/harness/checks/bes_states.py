"""The states of a job, walked along every edge."""

from __future__ import annotations

import time
from typing import Any

from amlcontracts import load
from amlcontracts.harness import place
from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.checks.bes import fetched
from amlcontracts.harness.data import from_csv
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import ENDED, Endpoint, expect
from amlcontracts.harness.registry import check

PLACES: int = load("limits")["batch_jobs_running_per_endpoint"]
ORDER = {"NotStarted": 0, "Running": 1, "Finished": 2, "Failed": 2, "Cancelled": 2}
LONG = 10_000  # rows that keep a worker busy for a moment


def _shape(status: dict[str, Any]) -> None:
    """Raise Breach unless the members fit the state."""
    same(["StatusCode", "Results", "Details"], list(status), "members of a status")
    code = status["StatusCode"]
    hold(code in ORDER, f"{code} is no state of a job")
    same(code == "Finished", status["Results"] is not None, f"Results of a job that is {code}")
    same(code == "Failed", status["Details"] is not None, f"Details of a job that is {code}")


def _refuses_start(endpoint: Endpoint, job: str) -> None:
    expect(endpoint.jobs("POST", f"/{job}/start"), 400, "InvalidOperation", "CannotStartJob")


def _long(ground: Ground) -> dict[str, Any]:
    table = ground.probes * (LONG // len(ground.probes))
    (name,) = ground.interface(ground.scoring).batch_outputs[:1]
    return ground.scoring_body(table, {name: ground.storage.reference("long-out.csv")}, name="long.csv")


@check("bes.life", "bes.status", "bes.submit", "bes.start", kind="state machine")
def life(ground: Ground) -> None:
    """A job goes from NotStarted by Running to Finished and never back; Results come with Finished only."""
    with ground.scoring.endpoint() as endpoint:
        job = endpoint.submit(ground.scoring_body(ground.probes))
        for _ in range(3):
            same(
                {"StatusCode": "NotStarted", "Results": None, "Details": None}, endpoint.status(job), "before the start"
            )
            time.sleep(0.05)
        endpoint.start(job)
        seen = ["NotStarted"]

        def look(status: dict[str, Any]) -> None:
            _shape(status)
            hold(ORDER[status["StatusCode"]] >= ORDER[seen[-1]], f"after {seen[-1]} came {status['StatusCode']}")
            seen.append(status["StatusCode"])

        status = endpoint.wait(job, look)
        same("Finished", status["StatusCode"], f"the end of the job ({status['Details']})")
        for result in status["Results"].values():
            hold(fetched(endpoint, result), "a result of a finished job is empty")
            ground.storage.delete_result(result["RelativeLocation"])


@check("bes.start-twice", "bes.start-twice", kind="state machine")
def start_twice(ground: Ground) -> None:
    """A job starts once: another start is CannotStartJob, while it waits, runs, and after its end."""
    with ground.scoring.endpoint() as endpoint:
        job = endpoint.submit(_long(ground))
        endpoint.start(job)
        _refuses_start(endpoint, job)
        endpoint.wait(job)
        answer = endpoint.jobs("POST", f"/{job}/start")
        expect(answer, 400, "InvalidOperation", "CannotStartJob")
        hold("Finished" in answer.text, f"{answer.line}: the message does not name the state: {answer.text}")
        same("Finished", endpoint.status(job)["StatusCode"], "the job after the refused starts")


@check("bes.cancel-unstarted", "bes.delete", kind="state machine")
def cancel_unstarted(ground: Ground) -> None:
    """A job that was not started can be cancelled, stays readable as Cancelled, and cannot be started then."""
    with ground.scoring.endpoint() as endpoint:
        job = endpoint.submit(ground.scoring_body(ground.probes))
        answer = endpoint.jobs("DELETE", f"/{job}")
        same((200, b""), (answer.status, answer.body), answer.line)
        hold(endpoint.status(job)["StatusCode"] in ("Cancelled", "Canceled"), "a job after its DELETE is not Cancelled")
        _refuses_start(endpoint, job)
        _shape({**endpoint.status(job), "StatusCode": "Cancelled"})


@check("bes.cancel-is-final", "bes.delete", kind="state machine")
def cancel_is_final(ground: Ground) -> None:
    """A running job that is cancelled stays Cancelled and writes nothing any more."""
    with ground.scoring.endpoint() as endpoint:
        body, begun = _long(ground), time.monotonic()
        endpoint.run(body)
        usual = time.monotonic() - begun  # the same job is looked at for twice as long as it would take
        ground.storage.upload("long-out.csv", b"untouched")
        job = endpoint.submit(body)
        endpoint.start(job)
        same(200, endpoint.jobs("DELETE", f"/{job}").status, "DELETE of a running job")
        before, end = endpoint.status(job)["StatusCode"], time.monotonic() + 2 * usual
        hold(before in ("Cancelled", "Canceled"), f"a job after its DELETE is {before}")
        while time.monotonic() < end:
            same(before, endpoint.status(job)["StatusCode"], "a cancelled job, looked at again")
            time.sleep(0.05)
        same(b"untouched", ground.storage.read("long-out.csv"), "the output of a cancelled job")
        _refuses_start(endpoint, job)


@check("bes.delete-ended", "bes.delete-finished", "bes.delete", kind="state machine")
def delete_ended(ground: Ground) -> None:
    """A finished job that is deleted is forgotten, and its outputs stay."""
    with ground.scoring.endpoint() as endpoint:
        (name,) = ground.interface(ground.scoring).batch_outputs[:1]
        target = {name: ground.storage.reference("kept.csv")}
        job = endpoint.submit(ground.scoring_body(ground.probes, target))
        endpoint.start(job)
        result = endpoint.wait(job)["Results"][name]
        content = fetched(endpoint, result)
        same(200, endpoint.jobs("DELETE", f"/{job}").status, "DELETE of a finished job")
        for method, path in (("GET", ""), ("POST", "/start"), ("DELETE", "")):
            expect(endpoint.jobs(method, f"/{job}{path}"), 404, "NotFound")
        same(content, fetched(endpoint, result), "the output of a job that was forgotten")
        same(len(ground.probes) + 1, len(from_csv(content)), "its lines")


@check("bes.gone-with-endpoint", "endpoints.delete")
def gone_with_endpoint(ground: Ground) -> None:
    """The jobs of a deleted endpoint are gone, also for an endpoint that is made again under its name."""
    with ground.scoring.endpoint() as endpoint:
        job = endpoint.submit(ground.scoring_body(ground.probes))
    again = ground.scoring.add(endpoint.name)
    try:
        expect(again.jobs("GET", f"/{job}"), 404, "NotFound")
    finally:
        again.manage("DELETE")


@check("bes.version-1", "bes.version-1", "bes.version-mixed", kind="state machine")
def version_1(ground: Ground) -> None:
    """Without api-version a submission starts by itself, states are numbers 0 to 4, and there is one Result."""
    with ground.scoring.endpoint() as endpoint:
        body = ground.scoring_body(ground.probes)
        single = {"Input": next(iter(body["Inputs"].values())), "Output": None, "GlobalParameters": {}}
        job = endpoint.jobs("POST", "", single, version=None).json
        end = time.monotonic() + place.PATIENCE
        while (status := endpoint.jobs("GET", f"/{job}", version=None).json)["StatusCode"] in (0, 1):
            hold(time.monotonic() < end, f"a job of version 1 has not ended after {place.PATIENCE:.0f} s: {status}")
            same(["StatusCode", "Result", "Details"], list(status), "members of a status of version 1")
            same(None, status["Result"], "Result of a job that has not finished")
            time.sleep(0.02)
        same(4, status["StatusCode"], f"StatusCode of a finished job ({status['Details']})")
        newer = endpoint.status(job)
        same("Finished", newer["StatusCode"], "the same job, asked in version 2.0")
        (result,) = newer["Results"].values()
        same(result["RelativeLocation"], status["Result"]["RelativeLocation"], "Result beside Results")
        fetched(endpoint, status["Result"])
        ground.storage.delete_result(result["RelativeLocation"])


@check("bes.one-start", "bes.start-twice", kind="concurrency")
def one_start(ground: Ground) -> None:
    """Of many starts of one job at the same time one is taken."""
    with ground.scoring.endpoint() as endpoint:
        job = endpoint.submit(ground.scoring_body(ground.probes, _aside(ground)))
        answers: list[Any] = ground.crowd([lambda: endpoint.jobs("POST", f"/{job}/start")] * ground.effort.crowd)
        same([200, *[400] * (len(answers) - 1)], sorted(one.status for one in answers), "statuses of the starts")
        same("Finished", endpoint.wait(job)["StatusCode"], "the job's end")


def _aside(ground: Ground) -> dict[str, Any]:
    return {ground.interface(ground.scoring).batch_outputs[0]: ground.storage.output(".csv")}


@check("bes.queue", "bes.queue", "bes.queue-rules", kind="concurrency")
def queue(ground: Ground) -> None:
    """Forty jobs of an endpoint run at a time; the others wait as NotStarted and come in the order of their starts."""
    with ground.scoring.endpoint() as endpoint:
        long, short = _long(ground), ground.scoring_body(ground.probes, _aside(ground))
        jobs = [endpoint.submit(short) for _ in range(PLACES + 5)]
        # Some that take long go first, so that there are no places left when the last is started; the others are
        # started against the order of their submission.
        started = [*(endpoint.submit(long) for _ in range(4)), *reversed(jobs)]
        for job in started:
            endpoint.start(job)
        end = time.monotonic() + place.PATIENCE
        while True:
            # From the last to the first: a job that has a place when it is looked at had it after all before it.
            codes = {job: endpoint.status(job)["StatusCode"] for job in reversed(started)}
            waiting = [codes[job] == "NotStarted" for job in started]
            same(sorted(waiting), waiting, "those that wait are the last that were started")
            again = {job: endpoint.status(job)["StatusCode"] for job in started}
            throughout = sum(codes[job] == again[job] == "Running" for job in started)
            hold(throughout <= PLACES, f"{throughout} jobs of one endpoint ran at the same time")
            if all(code in ENDED for code in again.values()):
                break
            hold(time.monotonic() < end, f"{PLACES + 5} jobs have not ended after {place.PATIENCE:.0f} s")
        same({"Finished"}, set(again.values()), "ends of the jobs")
