"""Job policies and jobs that a test ends by hand."""

import threading

import pytest

from support import graphs
from support.runner import until


def begin(place, **parameters):
    """Deploy, submit and start; returns the target and the job's id."""
    target = place.deploy(graphs.NO_INPUT)
    job = target.jobs("POST", "", parameters).json
    assert 200 == target.jobs("POST", f"/{job}/start").status
    return target, job


def policy(place, value):
    answer = place.wire.call("POST", "/_emulator/policy", {"workspace": place.workspace.id, "policy": value})
    assert (200, {"policy": value}) == (answer.status, answer.json)


def state(target, job):
    return target.jobs("GET", f"/{job}").json["StatusCode"]


def act(place, job, what, body=None):
    return place.wire.call("POST", f"/_emulator/jobs/{job}/{what}", body)


def released(staged, call):
    """Make a call that lets a held job run, and end the job well; returns what the call gives."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    before = set(staged.emulator.staged.tasks)
    thread.start()
    (handle,) = until(lambda: set(staged.emulator.staged.tasks) - before)
    staged.emulator.staged.finish(handle)
    thread.join()
    return answers[0]


def test_polls(staged):
    """The job runs at the n-th status call, which waits for its end; before that no worker has anything to do."""
    policy(staged, {"polls": 3})
    target, job = begin(staged)
    assert ["Running", "Running"] == [state(target, job) for _ in range(2)]
    assert {} == staged.emulator.staged.tasks
    assert "Finished" == released(staged, lambda: state(target, job))


def test_after(staged):
    """Two hours by the emulator's clock are over as soon as a test says so."""
    policy(staged, {"after": 7200})
    target, job = begin(staged)
    staged.emulator.clock.freeze()
    staged.emulator.clock.advance(7100)
    assert "Running" == state(target, job)
    staged.emulator.clock.advance(101)
    assert "Finished" == released(staged, lambda: state(target, job))


def test_immediate(staged):
    """The start call answers when the job has ended."""
    policy(staged, "immediate")
    target = staged.deploy(graphs.NO_INPUT)
    job = target.jobs("POST", "", {}).json
    assert 200 == released(staged, lambda: target.jobs("POST", f"/{job}/start").status)
    assert "Finished" == state(target, job)


def test_queued(staged):
    """The job waits, started and NotStarted, and is let in by the first status call after its time; others pass it."""
    staged.emulator.clock.freeze()
    policy(staged, {"queued": 60})
    target, job = begin(staged)
    policy(staged, "run")
    following = target.jobs("POST", "", {}).json
    assert 200 == target.jobs("POST", f"/{following}/start").status
    assert ["NotStarted", "Running"] == [state(target, one) for one in (job, following)]
    assert 400 == target.jobs("POST", f"/{job}/start").status
    staged.emulator.clock.advance(60)
    assert "Running" == state(target, job)
    until(lambda: len(staged.emulator.staged.tasks) == 2)


def test_a_queued_job_is_cancelled(staged):
    """It stays so when its time would have come."""
    policy(staged, {"queued": 0})
    target, job = begin(staged)
    assert 200 == target.jobs("DELETE", f"/{job}").status
    assert ["Cancelled", "Cancelled"] == [state(target, job) for _ in range(2)]


def test_cancelled(staged):
    """At its start, as by somebody who deletes it; no worker ever has it."""
    policy(staged, "cancelled")
    target, job = begin(staged)
    assert ("Cancelled", {}) == (state(target, job), staged.emulator.staged.tasks)


@pytest.mark.parametrize("version", ["2.0", "1.0"])
def test_unstarted(staged, version):
    """The start is answered and not heard, that of a version 1 job, which starts with its submission, too."""
    policy(staged, "unstarted")
    target = staged.deploy(graphs.NO_INPUT)
    job = target.jobs("POST", "", {}, query={"api-version": version}).json
    if version == "2.0":
        assert 200 == target.jobs("POST", f"/{job}/start").status
    assert "NotStarted" == state(target, job)
    policy(staged, "run")
    assert 200 == target.jobs("POST", f"/{job}/start").status
    assert "Running" == state(target, job)


def test_fail(staged):
    """The job fails at its start, with the reason in its Details."""
    policy(staged, {"fail": "no more quota"})
    target, job = begin(staged)
    answer = target.jobs("GET", f"/{job}").json
    assert ("Failed", True) == (answer["StatusCode"], "no more quota" in answer["Details"])
    assert {} == staged.emulator.staged.tasks


def test_manual_finish_runs_the_job(staged):
    """A job held by hand really runs when it is finished, and has real outputs."""
    policy(staged, "manual")
    target, job = begin(staged)
    assert ["Running"] * 5 == [state(target, job) for _ in range(5)]
    answer = released(staged, lambda: act(staged, job, "finish"))
    assert (200, {"id": job, "state": "Finished", "details": None}) == (answer.status, answer.json)
    assert {"output1"} == set(target.jobs("GET", f"/{job}").json["Results"])


def test_manual_finish_with_outputs_runs_nothing(staged):
    """Outputs that the test gives are stored as they are."""
    policy(staged, "manual")
    target, job = begin(staged)
    assert (400, "BadRequest", None) == act(staged, job, "finish", {"outputs": {"other": "x"}}).refusal
    assert (400, "BadRequest", None) == act(staged, job, "finish", {"outputs": {"output1": 5}}).refusal
    assert "Finished" == act(staged, job, "finish", {"outputs": {"output1": "a,b\n1,2\n"}}).json["state"]
    result = target.jobs("GET", f"/{job}").json["Results"]["output1"]
    url = result["BaseLocation"] + result["RelativeLocation"] + result["SasBlobToken"]
    assert b"a,b\n1,2\n" == staged.wire.call("GET", url).body
    assert {} == staged.emulator.staged.tasks


def test_manual_fail_and_cancel(staged):
    """A held job is failed with a reason, or cancelled; an ended one takes neither."""
    policy(staged, "manual")
    target, job = begin(staged)
    answer = act(staged, job, "fail", {"reason": "the disk is full"}).json
    assert ("Failed", True) == (answer["state"], "the disk is full" in answer["details"])
    other = target.jobs("POST", "", {}).json
    target.jobs("POST", f"/{other}/start")
    assert "Cancelled" == act(staged, other, "cancel").json["state"]
    for what in ("finish", "fail", "cancel"):
        assert (400, "BadRequest", None) == act(staged, other, what).refusal
        assert (404, "NotFound", None) == act(staged, "0" * 32, what).refusal


def test_a_running_job_is_failed_with_its_worker_stopped(staged):
    """Failing a job that runs ends its worker."""
    target, job = begin(staged)
    handle = staged.emulator.handle_of(job)
    assert "Failed" == act(staged, job, "fail").json["state"]
    assert [handle] == staged.emulator.staged.cancelled
    assert "Failed" == state(target, job)


def test_a_policy_of_all_and_of_one(staged):
    """A workspace without a policy has that of all; one of its own goes before."""
    call = staged.wire.call
    assert {"policy": "run"} == call("GET", "/_emulator/policy").json
    call("POST", "/_emulator/policy", {"policy": {"polls": 2}})
    url = f"/_emulator/policy?workspace={staged.workspace.id}"
    assert {"policy": {"polls": 2}} == call("GET", url).json
    policy(staged, "manual")
    assert {"policy": "manual"} == call("GET", url).json
    assert {"policy": {"polls": 2}} == call("GET", "/_emulator/policy").json


@pytest.mark.parametrize("value", [None, 5, "later", {}, {"polls": 0}, {"polls": 1.5}, {"after": -1}, {"fail": 1}, []])
def test_a_policy_that_there_is_none_of(staged, value):
    """What is no policy is refused with those that there are."""
    answer = staged.wire.call("POST", "/_emulator/policy", {"policy": value})
    assert (400, "BadRequest", None) == answer.refusal
    assert "run" == staged.emulator.jobs.policy_of()


def test_a_policy_of_an_unknown_workspace(staged):
    """A workspace that there is not is 404."""
    answer = staged.wire.call("POST", "/_emulator/policy", {"policy": "run", "workspace": "0" * 32})
    assert (404, "NotFound", None) == answer.refusal


def test_deleting_a_held_job_lets_the_next_one_in(staged_with):
    """A held job takes a place of its endpoint; cancelled, it gives it free."""
    staged = staged_with(running_jobs=1)
    policy(staged, "manual")
    target, first = begin(staged)
    second = target.jobs("POST", "", {}).json
    target.jobs("POST", f"/{second}/start")
    assert ["Running", "NotStarted"] == [state(target, first), state(target, second)]
    target.jobs("DELETE", f"/{first}")
    assert "Running" == state(target, second)


def test_a_reset_lets_go_who_waits_for_a_job(staged):
    """A call that waits for a job does not wait beyond a reset."""
    policy(staged, "immediate")
    target = staged.deploy(graphs.NO_INPUT)
    job = target.jobs("POST", "", {}).json
    answers = []
    thread = threading.Thread(target=lambda: answers.append(target.jobs("POST", f"/{job}/start").status))
    thread.start()
    staged.emulator.handle_of(job)
    staged.emulator.reset(staged.workspace.id)
    thread.join(timeout=10)
    assert [200] == answers


def test_a_real_job_under_a_policy(place_with):
    """With real workers a held job gives the real result."""
    place = place_with()
    policy(place, {"polls": 2})
    target, job = begin(place)
    assert "Running" == state(target, job)
    answer = target.jobs("GET", f"/{job}").json
    assert "Finished" == answer["StatusCode"], answer
