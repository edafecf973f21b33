"""Tasks of functions that live in this process, and those that do not."""

import threading

import pytest

from amlemulator.adapters.caller_runner import CallerRunner
from amlemulator.experiments.functions import hold, release
from amlemulator.ports.runner import Outcome, Task
from support.runner import until

GO = threading.Event()


class Elsewhere:
    """Workers that only remember what they were given."""

    def __init__(self):
        self.tasks = []

    def submit(self, task, done, progress=None):
        self.tasks.append(task)
        done(Outcome("done"))
        return "elsewhere"

    def cancel(self, handle):
        """Know no task."""

    def close(self):
        """Have nothing to end."""


def wait(rows):
    GO.wait(60)
    return rows


@pytest.fixture
def runner():
    """Make a runner that holds one function, which waits until it may go on."""
    GO.clear()
    made = CallerRunner(Elsewhere())
    made.names.add(hold(wait))
    yield made
    GO.set()
    release(made.names)


def task(runner, **more):
    (name,) = runner.names
    data = {"id": "data", "module": "Enter Data Manually", "parameters": {"Data": "x\n1\n"}}
    inputs = {"Dataset": "data"}
    score = {"id": "score", "module": "Score Python Function", "parameters": {"Function": name}, "inputs": inputs}
    return Task("run", {"experiment": {"experiment": "E", "nodes": [data, score]}, "outputs": {}}, **more)


def test_a_task_with_a_held_function_runs_here(runner):
    """It is done in a thread; nothing reaches the workers."""
    GO.set()
    assert Outcome("done", {"outputs": {}}) == runner.run(task(runner))
    assert [] == runner._workers.tasks


def test_other_tasks_go_to_the_workers(runner):
    """So does the check of a model, which runs no function."""
    for other in (Task("warm"), Task("check_model", task(runner).body)):
        assert Outcome("done") == runner.run(other)
    assert ["warm", "check_model"] == [one.kind for one in runner._workers.tasks]


def test_a_cancelled_task_ends_once(runner):
    """Its caller hears at once, and nothing more when the function comes back."""
    ended = []
    handle = runner.submit(task(runner), ended.append)
    runner.cancel(handle)
    assert [Outcome("cancelled")] == ended
    before = {one for one in threading.enumerate() if "_perform" in one.name}
    GO.set()
    until(lambda: not any(one.is_alive() for one in before))
    assert [Outcome("cancelled")] == ended


def test_a_late_task_has_crashed(runner):
    """A function that takes longer than it may has ended for whoever waits, and the reason says so."""
    outcome = runner.run(task(runner, time_limit=0.01))
    assert "crashed" == outcome.status
    assert "longer than 0.01 seconds" in outcome.error["message"]


def test_closing_cancels_what_runs(runner):
    """What is under way ends as cancelled, and so does what comes later."""
    ended = []
    runner.submit(task(runner), ended.append)
    again = task(runner)
    runner.close()
    runner.submit(again, ended.append)
    assert [Outcome("cancelled")] * 2 == ended
