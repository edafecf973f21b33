"""Batch jobs of a small training service, as test programs send them."""

import re

from support.blobs import by_key, upload

INPUT = b"x,n\n1,2\n2,4\n3,6\n5,10\n"
DETAILS = re.compile(
    r"Module: (?P<module>[^;]+); SNR Job Id: [0-9a-f]{32}; SNR Task Id: [0-9a-f-]{36}; requestId = [0-9a-f-]{36} "
    r"errorComponent=Module\. taskStatusCode=400\. (?P<json>\{.*\})Error: (?P<message>Error \d{4}: .*) "
    r"Process exited with error code -2 Record Starts at UTC \d\d/\d\d/\d{4} \d\d:\d\d:\d\d:  \[ModuleOutput\] \{.*",
    re.DOTALL,
)


def training_body(place, **changes):
    """Return the body of a submission whose input is there."""
    upload(place.emulator, "in.csv", INPUT)
    return {"Input": by_key("in.csv"), "GlobalParameters": {}, "Outputs": None, **changes}


def overrides():
    """Return references for both outputs."""
    return {"output1": by_key("out/model.ilearner"), "output2": by_key("out/evaluation.csv")}


def submitted(target, **changes):
    """Submit a job; return its id."""
    answer = target.jobs("POST", "", training_body(target.place, **changes))
    assert 200 == answer.status, answer
    return answer.json


def started(target, **changes):
    """Submit a job and start it; return its id."""
    job = submitted(target, **changes)
    assert 200 == target.jobs("POST", f"/{job}/start").status
    return job


def status_of(target, job, **options):
    """Return the status of a job."""
    return target.jobs("GET", f"/{job}", **options).json
