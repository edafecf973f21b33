"""The portal's diagnosis: the checks of the troubleshooting document, walked from an endpoint's page."""

import subprocess
import sys
from functools import partial

import pytest

from amlcontracts import load
from amlemulator.commands import _page_diagnosis as real
from pages import Page
from support.bes import started
from support.visitor import Visitor, fields

CHECKS = [check["id"] for check in load("failures")["checks"]]


@pytest.fixture
def added(place_with):
    """Add an endpoint to a scoring service of an emulator that can diagnose, as one that is served can."""
    place = place_with()
    place.emulator.diagnose = partial(real.diagnosed, place.emulator)
    return place.sample("census-model-predictive").add("retrained")


def at(target):
    place = f"/portal/workspaces/{target.place.workspace.id}/webservices/{target.service.id}"
    return f"{place}/endpoints/{target.endpoint.id}"


def outcomes(page):
    return {one.get("data-check"): one.get("data-outcome") for one in page.root.iter() if one.get("data-check")}


def right(visitor, target):
    return fields(visitor.get(at(target) + "/diagnosis"), "/diagnosis")


def test_a_fresh_endpoint_is_walked_through(added):
    """The button leads to a form that holds what is right; of a new endpoint it is found that it was never updated."""
    visitor = Visitor(added.place.wire)
    form = visitor.get(visitor.get(at(added)).links()["Diagnose this endpoint"])
    page = visitor.submit(at(added) + "/diagnosis", fields(form, "/diagnosis"), status=200)
    found = outcomes(page)
    assert CHECKS == list(found)
    assert ["serves"] == [name for name, outcome in found.items() if outcome == "wrong"]
    assert "The added endpoint was never updated" in page.text("found")


@pytest.mark.parametrize(("prefers", "language"), [("en", "en"), ("ko-KR", "ko")])
def test_what_is_wrong_is_named_with_its_mend(added, prefers, language):
    """A wrong key is found; cause and mend stand in the reader's language, and the key nowhere but in its field."""
    visitor = Visitor(added.place.wire, prefers)
    form = {**right(visitor, added), "scoring_key": "n0tTheKey"}
    page = visitor.submit(at(added) + "/diagnosis", form, status=200)
    [told] = ["".join(one.itertext()) for one in page.root.iter() if one.get("data-check") == "key"]
    values = {name: form[name] for name in ("patch_url", "scoring_url", "scoring_key")}
    found = added.place.emulator.diagnose(added.place.workspace.id, values, language)
    [check] = [check for check in found["checks"] if check["check"] == "key"]
    assert [True] * 3 == [check["causes"][0][name] in told for name in ("title", "why", "mend")]
    seen = check["evidence"][0].partition(" (request")[0]
    assert (True, language == "ko") == (seen in told, "응답" in seen)
    assert "n0tTheKey" not in page.all_text


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("ok", "Nothing wrong was found."), ("unknown", "Nothing wrong was found, in what could be checked.")],
)
def test_nothing_wrong_is_said_as_far_as_it_is_known(added, outcome, said):
    """A check that could not be made is told apart from one that went well."""
    check = {"check": "key", "question": "Really?", "outcome": outcome, "evidence": [], "causes": [], "parted_by": None}
    added.place.emulator.diagnose = lambda *asked: {"ok": True, "checks": [check]}
    visitor = Visitor(added.place.wire)
    page = visitor.submit(at(added) + "/diagnosis", right(visitor, added), status=200)
    assert said in [text.strip() for text in page.by_id("found").itertext()]


@pytest.mark.parametrize(
    ("values", "check"),
    [
        ({"patch_url": "<script>alert(1)</script>"}, "patch-url"),
        ({"patch_url": "http://somewhere.invalid/workspaces/x/webservices/y/endpoints/z"}, "patch-url"),
        ({"scoring_url": "http://somewhere.invalid/"}, "scored"),
        ({"scoring_key": "ü€"}, "key"),
        ({"resource_name": "<b>"}, "resource"),
        ({"base_location": "x", "relative_location": "models/\u2028.txt", "sas_blob_token": "?sig=%ff"}, "model"),
    ],
)
def test_odd_values_are_told_from_right_ones(added, values, check):
    """Whatever a program may use by mistake is found by the check of its kind, and shown as text."""
    visitor = Visitor(added.place.wire)
    answer = visitor.send(at(added) + "/diagnosis", {**right(visitor, added), **values})
    html = answer.body.decode()
    assert (200, "wrong") == (answer.status, outcomes(Page(html))[check])
    assert ("<script>" in html, "<b>" in html) == (False, False)


def test_what_cannot_be_diagnosed_is_told(added):
    """A value that nothing can be asked with is refused with a sentence; the form keeps what was filled in."""
    visitor = Visitor(added.place.wire)
    form = {**right(visitor, added), "token": "a\nb", "resource_name": "mine"}
    page = visitor.submit(at(added) + "/diagnosis", form, status=400)
    assert ["alert"] == [one.get("role") for one in page.root.iter() if one.get("role") == "alert"]
    assert "mine" == fields(page, "/diagnosis")["resource_name"]


def test_a_job_is_looked_at_with_the_model_that_it_made(added):
    """Its address stands there already, its key need not be given, and its model is looked at without being given."""
    place, visitor = added.place, Visitor(added.place.wire)
    training = place.sample("census-model")
    form = right(visitor, added)
    place.emulator.jobs.policy("manual", place.workspace.id)
    job = started(training)
    place.emulator.jobs.finish(job, {"output1": b"\x01\x02model", "output2": b"Accuracy\r\n1\r\n"})
    found = outcomes(visitor.submit(at(added) + "/diagnosis", {**form, "job_id": job}, status=200))
    assert ["ok", "ok", "ok"] == [found[check] for check in ("job", "model", "sas")]
    found = outcomes(visitor.submit(at(added) + "/diagnosis", {**form, "job_id": "0" * 32}, status=200))
    assert "wrong" == found["job"]


@pytest.mark.parametrize("url", ["", "http://somewhere.invalid/", "/services/" + "0" * 32])
def test_a_job_of_nobody_is_not_looked_at(added, url):
    """Without an endpoint there is no key to ask with."""
    visitor = Visitor(added.place.wire)
    form = {**right(visitor, added), "training_url": url, "job_id": "1" * 32}
    assert "unknown" == outcomes(visitor.submit(at(added) + "/diagnosis", form, status=200))["job"]


def test_an_endpoint_of_the_training_service_is_diagnosed(added):
    """The wrong path of the document: the web service is found to be the wrong one."""
    visitor, mistaken = Visitor(added.place.wire), added.place.sample("census-model").add("mistaken")
    page = visitor.submit(at(mistaken) + "/diagnosis", right(visitor, mistaken), status=200)
    assert "wrong" == outcomes(page)["service"]


def test_a_served_emulator_diagnoses_without_the_client_at_its_start():
    """What the commands make can diagnose; the client is loaded when somebody asks, never before."""
    script = (
        "import sys\nfrom amlemulator.commands.serve import made\nfrom amlemulator.settings import Settings\n"
        "emulator = made(Settings(port=0, blob_port=0), 'serve').start()\n"
        "print(emulator.diagnose is not None, 'amlclient' in sys.modules)\nemulator.close()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ("True False\n", "") == (done.stdout, done.stderr)


def test_where_nobody_diagnoses_the_command_stands_alone(place):
    """In process there is no such page, and the endpoint's page shows the command only."""
    target, visitor = place.sample("census-model-predictive").add("retrained"), Visitor(place.wire)
    page = visitor.get(at(target))
    assert "Diagnose this endpoint" not in page.links()
    assert page.text("diagnose").startswith("amlclassic diagnose")
    visitor.get(at(target) + "/diagnosis", 404)
