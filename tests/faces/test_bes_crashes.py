"""Jobs whose code takes its worker down, or too much: Failed in the observed grammar, and the pool goes on."""

import json
import re

import pytest

from amlemulator.ports.runner import Task
from support.graphs import leave
from support.runner import until

MODULE = "Execute Python Script"
SCRIPTS = {
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "1000", "ended by SIGSEGV"),
    "an abort": ("import os; os.abort()", "1000", "ended by SIGABRT"),
    "a kill": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "1000", "ended by SIGKILL"),
    "an exit that looks well": ("import os; os._exit(0)", "1000", "ended with status 0"),
    "sys.exit": ("import sys; sys.exit(7)", "1000", "ended with status 7"),
    "an end of all its group": ("import os, signal; os.killpg(0, signal.SIGTERM)", "1000", "ended by SIGTERM"),
    "too much memory": ("bytearray(4 << 30)", "0138", "Memory has been exhausted"),
    "an exception": ("raise ValueError('odd')", "0085", "ValueError: odd"),
}
DETAILS = re.compile(
    r"Module: (?P<module>[^;]+);.*taskStatusCode=400\. (?P<json>\{.*\})Error: (?P<error>Error .*)", re.S
)
SOUND = "return frame"


@pytest.fixture
def place(place_with):
    """Make a workspace whose emulator has one worker and little memory for it."""
    return place_with(job_memory_limit=2048)


def scripted(place, code):
    """Deploy a service that runs a script; return its default endpoint."""
    script = (
        f"import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\ndef azureml_main(frame):\n    {code}\n"
    )
    nodes = [
        {"id": "data", "module": "Enter Data Manually", "parameters": {"Data": "x\n1\n"}},
        {"id": "code", "module": MODULE, "parameters": {"Python script": script}, "inputs": {"Dataset1": "data"}},
        leave("result", "code"),
    ]
    return place.deploy({"experiment": "Scripted", "nodes": nodes})


def ended(target):
    """Run a job to its end; return its status."""
    job = target.jobs("POST", "", {}).json
    target.jobs("POST", f"/{job}/start")
    until(lambda: target.jobs("GET", f"/{job}").json["StatusCode"] not in ("NotStarted", "Running"))
    return target.jobs("GET", f"/{job}").json


@pytest.mark.parametrize("what", SCRIPTS)
def test_user_code_that_goes_wrong_fails_its_job_only(place, what):
    """Details name the module and say how it ended, in the observed grammar; the next job is done by the same pool."""
    code, number, words = SCRIPTS[what]
    status = ended(scripted(place, code))
    found = DETAILS.fullmatch(status["Details"])
    assert ("Failed", MODULE) == (status["StatusCode"], found["module"])
    told = json.JSONDecoder().raw_decode(found["json"])[0]["Exception"]
    assert number == told["ErrorCode"]
    assert words in told["Message"]
    assert found["error"].startswith(told["Message"])
    assert "Finished" == ended(scripted(place, SOUND))["StatusCode"]
    assert [] == place.emulator.faults_of_ours


def test_a_job_that_takes_too_long_is_stopped(place_with):
    """Beyond the limit its worker is killed, and Details say so of the module that it was at."""
    place = place_with(job_time_limit=3.0)
    place.emulator.runner.run(Task("warm"))  # so that the time is the script's own
    status = ended(scripted(place, "while True: pass"))
    assert "Failed" == status["StatusCode"]
    assert status["Details"].startswith(f"Module: {MODULE};")
    assert "Error 1000: The module did not finish: it took longer than 3 seconds" in status["Details"]
