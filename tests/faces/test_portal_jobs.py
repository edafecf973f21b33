"""The portal's pages of jobs, the request journal and models side by side."""

from support import graphs
from support.runner import until
from support.visitor import Visitor, fields


def begin(place):
    """Deploy, submit and start; returns the target and the job's id."""
    target = place.deploy(graphs.NO_INPUT)
    job = target.jobs("POST", "", {}).json
    return target, job


def test_a_job_is_followed_to_its_results(staged):
    """State, progress per module and, once it has finished, the three values of each output."""
    visitor = Visitor(staged.wire)
    target, job = begin(staged)
    assert "nobody has started it" in visitor.get(f"/portal/jobs/{job}").all_text
    target.jobs("POST", f"/{job}/start")
    (handle,) = until(lambda: list(staged.emulator.staged.tasks))
    staged.emulator.staged.tasks[handle].progress({"module": "Train Model", "done": 2, "of": 5})
    page = visitor.get(f"/portal/jobs/{job}")
    assert "Train Model (2 of 5 modules done)" in page.all_text
    assert "data-live" in page.by_id("job").attrib
    staged.emulator.staged.finish(handle)
    until(lambda: target.jobs("GET", f"/{job}").json["StatusCode"] == "Finished")
    page = visitor.get(f"/portal/jobs/{job}")
    told = target.jobs("GET", f"/{job}").json["Results"]["output1"]
    shown = {name: page.text(f"output1-{name}") for name in ("BaseLocation", "RelativeLocation")}
    assert {name: told[name] for name in shown} == shown
    assert page.text("output1-SasBlobToken").startswith("?sv=")
    assert "data-live" not in page.by_id("job").attrib


def test_a_job_is_cancelled(staged):
    """The button cancels it; pressed twice, the second says that it has ended."""
    visitor = Visitor(staged.wire)
    _, job = begin(staged)
    assert "Cancelled" in visitor.submit(f"/portal/jobs/{job}/cancel").all_text
    assert "has ended" in visitor.submit(f"/portal/jobs/{job}/cancel", status=400).all_text
    visitor.get("/portal/jobs/" + "f" * 32, 404)


def test_jobs_are_listed_the_newest_first_and_searched(staged):
    """The list finds jobs by state, service and id."""
    visitor = Visitor(staged.wire)
    target, first = begin(staged)
    second = target.jobs("POST", "", {}).json
    visitor.submit(f"/portal/jobs/{first}/cancel")
    assert [second, first] == [row[0] for row in visitor.get("/portal/jobs").rows()][1:]
    assert [first] == [row[0] for row in visitor.get("/portal/jobs?q=cancelled").rows()][1:]
    assert 3 == len(list(visitor.get("/portal/jobs?q=No+Input").rows()))


def test_the_journal_shows_each_call_with_its_mark(place_with):
    """What programs call stands there without its secrets, each with how its answer is known."""
    place = place_with()
    target = place.sample("census-model-predictive")
    target.score({})
    place.wire.call("GET", "/devstoreaccount1.blob/x/y?sig=verysecret")
    page = Visitor(place.wire).get("/portal/requests")
    rows = list(page.rows())[1:]
    assert "GET /devstoreaccount1.blob/x/y?sig=***" == rows[0][1]
    assert ("400", "rrs.execute") == (rows[1][2], rows[1][3])
    assert "observed" in rows[1][4]
    assert "verysecret" not in page.all_text
    found = Visitor(place.wire).get("/portal/requests?q=rrs.execute")
    assert 2 == len(list(found.rows()))


def test_models_are_compared_by_one_row(place_with):
    """Every endpoint scores the row for real; what differs from the model as deployed stands out."""
    place = place_with()
    target = place.sample("census-model-predictive")
    added = target.add("retrained")
    visitor = Visitor(place.wire)
    address = f"/portal/workspaces/{place.workspace.id}/webservices/{target.service.id}/models"
    page = visitor.get(address)
    assert ["default", "retrained"] == [row[0] for row in page.rows()][1:]
    sent = {**fields(page, "/models?page=1"), "cell-0-0": "61"}
    page = visitor.submit(address, sent, status=200)
    assert "61" == fields(page, "/models?page=1")["cell-0-0"]
    rows = list(page.rows())
    assert ["Status", "Scored Labels", "Scored Probabilities"] == rows[0][4:]
    assert rows[1][4:] == rows[2][4:]
    called = [one["url"] for one in place.emulator.requests.find(operation="rrs.execute")]
    assert [target.endpoint.id in called[0], added.endpoint.id in called[1]] == [True, True]


def test_a_service_without_endpoints_has_no_models(place):
    """The default endpoint may be deleted as the last one; then there is nothing to compare, and every page says so."""
    target = place.deploy(graphs.ECHO)
    assert 200 == place.manage("DELETE", target.managed).status
    address = f"/portal/workspaces/{place.workspace.id}/webservices/{target.service.id}"
    visitor = Visitor(place.wire)
    visitor.get(f"{address}/models", 404)
    visitor.get(address)
