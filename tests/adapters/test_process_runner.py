"""Worker processes: one answer per task, whatever happens to the worker; nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import amlemulator
from amlemulator.adapters.process_runner import ProcessRunner
from amlemulator.ports.runner import Outcome, Task

# A worker that does what its task says, to the runner's own protocol: the real one with other tasks.
ODD_WORKER = """
import os, signal, sys, time
from pathlib import Path
import types
tasks = types.ModuleType("amlemulator.experiments.tasks")

def touch(path):
    Path(path).write_text(str(os.getpid()))

def act(body, progress):
    if "pid" in body: touch(body["pid"])
    progress({"module": "Odd Module", "done": 0, "of": 1})
    what = body["do"]
    while what == "wait" and not Path(body["for"]).exists(): time.sleep(0.01)
    if what in ("answer", "wait"): return {"pid": os.getpid()}
    if what == "print":
        print("noise" * 100_000)
        os.write(1, b"more noise\\n")
        print("e" * 300_000, file=sys.stderr)
        return {}
    if what == "read": return {"stdin": sys.stdin.read()}
    if what == "raise": raise RuntimeError("odd")
    if what == "exit": os._exit(body["status"])
    if what == "leave": sys.exit(body["status"])
    if what == "fault":
        import ctypes, resource
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        ctypes.string_at(0)
    if what == "abort":
        import resource
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.abort()
    if what == "fill":
        kept = []
        while True: kept.append(bytearray(1 << 20))
    if what == "kill": os.kill(os.getpid(), signal.SIGKILL)
    if what == "hang":
        while True: time.sleep(60)
    if what == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True: pass
    if what == "child":
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        touch(body["child"]); Path(body["child"]).write_text(str(child.pid))
        time.sleep(600)
    if what == "large": return {"text": "x" * body["size"]}

tasks.TASKS = {"run": act, "check_model": act, "score": act, "warm": act}
import amlemulator.experiments
sys.modules["amlemulator.experiments.tasks"] = tasks
amlemulator.experiments.tasks = tasks
"""


@pytest.fixture
def odd_tasks(tmp_path, monkeypatch):
    """Let workers started from here do odd things: a sitecustomize puts other tasks in the place of the real ones."""
    (tmp_path / "sitecustomize.py").write_text(ODD_WORKER)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(Path(amlemulator.__file__).parents[1])]))


@pytest.fixture
def runner(odd_tasks):
    made = ProcessRunner(2)
    yield made
    made.close()


def task(do, time_limit=None, **body):
    return Task("run", {"do": do, **body}, time_limit)


def wait_for(condition):
    """Wait until something is so; the test's own time-out is the limit."""
    while not (found := condition()):
        time.sleep(0.005)
    return found


def alive(pid):
    """Tell whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pid_in(path):
    return path.exists() and path.read_text() and int(path.read_text())


def test_a_worker_does_one_task_after_another(odd_tasks):
    """A single worker serves many tasks, so that imports are paid once."""
    runner = ProcessRunner(1)
    pids = {runner.run(task("answer")).result["pid"] for _ in range(5)}
    runner.close()
    assert 1 == len(pids)
    assert os.getpid() not in pids


def test_tasks_run_beside_each_other(odd_tasks, tmp_path):
    """Two workers work at the same time."""
    runner = ProcessRunner(2)
    ended = []
    handles = [runner.submit(task("hang", pid=str(tmp_path / name)), ended.append) for name in ("a", "b")]
    wait_for(lambda: pid_in(tmp_path / "a") and pid_in(tmp_path / "b"))
    for handle in handles:
        runner.cancel(handle)
    wait_for(lambda: len(ended) == 2)
    runner.close()
    assert ["cancelled", "cancelled"] == [outcome.status for outcome in ended]


def test_what_user_code_prints_does_not_reach_the_protocol(runner):
    """Half a megabyte printed to standard output and error neither breaks the answer nor blocks the worker."""
    assert "done" == runner.run(task("print")).status
    assert {"stdin": ""} == runner.run(task("read")).result


def test_a_large_answer_comes_whole(runner):
    """Ten megabytes through the pipe arrive."""
    assert 10_000_000 == len(runner.run(task("large", size=10_000_000)).result["text"])


def test_progress_is_passed_on(runner):
    """Events of the worker reach the caller before the end."""
    events, ended = [], threading.Event()
    runner.submit(task("answer"), lambda _: ended.set(), events.append)
    ended.wait()
    assert [{"module": "Odd Module", "done": 0, "of": 1}] == events


def test_an_unexpected_exception_is_a_failure(runner):
    """An exception of a module is Error 1000 with its text, and the worker goes on."""
    outcome = runner.run(task("raise"))
    assert ("failed", "1000") == (outcome.status, outcome.error["error_code"])
    assert "odd" in outcome.error["message"]


DEATHS = [
    ({"do": "exit", "status": 0}, "its process ended with status 0"),
    ({"do": "exit", "status": 3}, "its process ended with status 3"),
    ({"do": "leave", "status": 4}, "its process ended with status 4"),
    ({"do": "kill"}, "its process was ended by SIGKILL"),
    ({"do": "abort"}, "its process was ended by SIGABRT"),
    ({"do": "fault"}, "its process was ended by SIGSEGV"),
]


@pytest.mark.parametrize(("body", "said"), DEATHS, ids=lambda case: case if isinstance(case, str) else None)
def test_a_worker_that_dies_fails_its_task_only(runner, body, said):
    """A crash, an exit (with status 0 too) and a kill end the task as crashed, named after its module; others go on."""
    outcome = runner.run(Task("run", body))
    assert ("crashed", "Odd Module") == (outcome.status, outcome.error["module"])
    assert f"Error 1000: The module did not finish: {said}" == outcome.error["message"]
    assert "done" == runner.run(task("answer")).status


def test_a_task_that_wants_too_much_memory_fails(odd_tasks):
    """Beyond the limit the task fails with the documented Error 0138; its worker goes on."""
    runner = ProcessRunner(1, memory=512 << 20)
    before = runner.run(task("answer")).result["pid"]
    outcome = runner.run(task("fill"))
    after = runner.run(task("answer")).result["pid"]
    runner.close()
    assert ("failed", "0138", before) == (outcome.status, outcome.error["error_code"], after)
    assert outcome.error["message"].startswith("Error 0138: Memory has been exhausted")


def test_what_somebody_waits_for_goes_before_long_work(odd_tasks, tmp_path):
    """A check is done though every worker is busy and more is queued; long work never gets the place that is kept."""
    runner, ended = ProcessRunner(1), []
    runner.submit(task("hang", pid=str(tmp_path / "first")), ended.append)
    wait_for(lambda: pid_in(tmp_path / "first"))
    runner.submit(task("hang", pid=str(tmp_path / "second")), ended.append)
    checks = [runner.run(Task("check_model", {"do": "answer"})) for _ in range(3)]
    assert {"done"} == {outcome.status for outcome in checks}
    assert 1 == len({outcome.result["pid"] for outcome in checks})
    assert ([], False) == (ended, (tmp_path / "second").exists())
    runner.close()
    assert ["cancelled"] * 2 == [outcome.status for outcome in ended]


def pid_of(runner, kind):
    return runner.run(Task(kind, {"do": "answer"})).result["pid"]


def test_jobs_leave_the_worker_that_was_warmed_to_the_scores(odd_tasks):
    """However many jobs come in between, a score goes where its graph and models are, and so does the next one."""
    runner = ProcessRunner(1, idle_seconds=0.05)
    warmed, ended = pid_of(runner, "warm"), []
    for _ in range(5):
        runner.submit(task("answer"), ended.append)
    scores = {pid_of(runner, "score")}
    wait_for(lambda: len(ended) == 5)
    jobs = {outcome.result["pid"] for outcome in ended}
    wait_for(lambda: not any(map(alive, jobs)))  # idle for long enough to be ended; the warmed one stays
    scores.add(pid_of(runner, "score"))
    runner.close()
    assert {warmed} == scores
    assert warmed not in jobs


def test_a_job_takes_the_warmed_worker_where_there_is_no_other(odd_tasks, tmp_path):
    """With a score in the only other worker, a job does not wait for it though the free one is kept for scores."""
    runner, ended = ProcessRunner(1), []
    for name in ("first", "second"):
        body = {"do": "wait", "for": str(tmp_path / f"end {name}"), "pid": str(tmp_path / name)}
        runner.submit(Task("score", body), ended.append)
        wait_for(lambda name=name: pid_in(tmp_path / name))
    (tmp_path / "end first").touch()
    wait_for(lambda: ended)
    job = runner.run(task("answer")).result["pid"]
    runner.close()
    assert pid_in(tmp_path / "first") == job


def test_a_task_over_its_time_limit_is_killed(runner):
    """A task that takes too long ends as crashed, and says so."""
    outcome = runner.run(task("stubborn", time_limit=0.2))
    assert "crashed" == outcome.status
    assert "longer than 0.2 seconds" in outcome.error["message"]
    assert "done" == runner.run(task("answer")).status


@pytest.mark.parametrize("do", ["hang", "stubborn"])
def test_cancelling_kills_the_worker(runner, tmp_path, do):
    """A running task is cancelled though it ignores SIGTERM; its process is gone; another takes its place."""
    outcomes, ended = [], threading.Event()

    def done(outcome):
        outcomes.append(outcome)
        ended.set()

    handle = runner.submit(task(do, pid=str(tmp_path / "pid")), done)
    pid = wait_for(lambda: pid_in(tmp_path / "pid"))
    runner.cancel(handle)
    ended.wait()
    wait_for(lambda: not alive(pid))
    runner.cancel(handle)
    assert [Outcome("cancelled")] == outcomes
    assert "done" == runner.run(task("answer")).status


def test_a_waiting_task_is_cancelled_without_being_run(odd_tasks, tmp_path):
    """A task that no worker has taken yet ends at once; unknown handles do nothing."""
    runner, outcomes = ProcessRunner(1), []
    runner.submit(task("hang", pid=str(tmp_path / "first")), outcomes.append)
    wait_for(lambda: pid_in(tmp_path / "first"))
    waiting = runner.submit(task("answer", pid=str(tmp_path / "second")), outcomes.append)
    runner.cancel(waiting)
    runner.cancel("nobody")
    assert [Outcome("cancelled")] == outcomes
    runner.close()
    assert not (tmp_path / "second").exists()
    assert [Outcome("cancelled")] * 2 == outcomes


def test_close_kills_workers_and_their_children(odd_tasks, tmp_path):
    """After close neither a worker nor what user code started is left; what is submitted later ends as cancelled."""
    runner, outcomes = ProcessRunner(1), []
    runner.submit(task("child", pid=str(tmp_path / "pid"), child=str(tmp_path / "child")), outcomes.append)
    pids = [wait_for(lambda name=name: pid_in(tmp_path / name)) for name in ("pid", "child")]
    wait_for(lambda: (tmp_path / "child").read_text() != (tmp_path / "pid").read_text())
    pids[1] = int((tmp_path / "child").read_text())
    runner.close()
    wait_for(lambda: not any(map(alive, pids)))
    assert ["cancelled"] == [outcome.status for outcome in outcomes]
    assert "cancelled" == runner.run(task("answer")).status


def test_an_idle_worker_is_ended(odd_tasks):
    """A worker with nothing to do goes away; the next task gets another."""
    runner = ProcessRunner(1, idle_seconds=0.05)
    first = runner.run(task("answer")).result["pid"]
    wait_for(lambda: not alive(first))
    second = runner.run(task("answer")).result["pid"]
    runner.close()
    assert first != second


def test_a_worker_killed_while_idle_is_replaced(runner):
    """A worker that somebody kills between two tasks does not cost the next one, not even in the same moment."""
    for _ in range(5):
        first = runner.run(task("answer")).result["pid"]
        os.kill(first, signal.SIGKILL)
        assert "done" == runner.run(task("answer")).status


def test_a_new_worker_that_cannot_start_crashes_the_task(runner, tmp_path):
    """A worker that ends before it takes its first task ends that task; nothing is tried without end."""
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(3)")
    outcome = runner.run(task("answer"))
    assert ("crashed", "Emulator") == (outcome.status, outcome.error["module"])


def test_a_callback_that_fails_does_not_stop_the_pool(runner):
    """An exception in a caller's callback is logged; the worker goes on."""
    called = threading.Event()

    def done(_):
        called.set()
        raise RuntimeError("the caller's own")

    runner.submit(task("answer"), done)
    called.wait()
    assert "done" == runner.run(task("answer")).status


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_die_with_their_parent(odd_tasks, tmp_path, how):
    """However the parent ends, a busy worker and the child of its user code are gone soon after."""
    program = (
        "import sys; from amlemulator.adapters.process_runner import ProcessRunner\n"
        "from amlemulator.ports.runner import Task\n"
        f"body = {{'do': 'child', 'pid': {str(tmp_path / 'pid')!r}, 'child': {str(tmp_path / 'child')!r}}}\n"
        "ProcessRunner(1).run(Task('run', body))"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    worker = wait_for(lambda: pid_in(tmp_path / "pid"))
    child = wait_for(lambda: pid_in(tmp_path / "child") not in (0, False, "", worker) and pid_in(tmp_path / "child"))
    parent.send_signal(how)
    parent.wait()
    wait_for(lambda: not alive(worker) and not alive(child))
    assert not alive(worker)


def test_ctrl_c_is_left_to_the_emulator(runner, tmp_path):
    """SIGINT, which a terminal sends to everybody, does not disturb a worker."""
    outcomes = []
    handle = runner.submit(task("hang", pid=str(tmp_path / "pid")), outcomes.append)
    pid = wait_for(lambda: pid_in(tmp_path / "pid"))
    os.kill(pid, signal.SIGINT)
    time.sleep(0.05)
    assert alive(pid)
    assert [] == outcomes
    runner.cancel(handle)


def test_the_real_worker_answers():
    """The worker that ships warms up and checks a file that is no model."""
    runner = ProcessRunner(1)
    warm = runner.run(Task("warm"))
    refused = runner.run(Task("check_model", {"path": __file__}))
    unknown = runner.run(Task("run", {"experiment": {}}))
    runner.close()
    assert ("done", "failed", "failed") == (warm.status, refused.status, unknown.status)
    assert "0082" == refused.error["error_code"]
