"""The portal's walk through the retraining flow, with real calls, and the help pages' test form."""

import pytest

from support import graphs
from support.runner import until
from support.visitor import Visitor, fields

WALK = "/portal/retraining"


@pytest.fixture
def walked():
    """Make an emulator that listens, and a workspace to walk through."""
    from amlemulator import Emulator
    from support.wire import Place, Wire

    made = Emulator(samples=False, seed="walk", workers=1).start()
    yield Place(Wire(made), made.add_workspace("Walk"))
    made.close()


def sent(page, step):
    return fields(page, f"{WALK}/{step}")


def test_nothing_to_walk_is_told(place_with):
    """Without a training service the page says what to do."""
    assert "No workspace has a training web service." in Visitor(place_with().wire).get(WALK).all_text


def test_the_whole_flow_in_pages_alone(walked):
    """Data, job, three values, endpoint, PATCH, score: each by a button, each a real call that the journal has."""
    visitor, emulator = Visitor(walked.wire), walked.emulator
    walked.sample("census-model")
    scoring = walked.sample("census-model-predictive")
    page = visitor.get(WALK)
    datasets = {"".join(one.itertext()): one.get("value") for one in page.by_id("dataset").iter("option")}
    page = visitor.submit(f"{WALK}/data", sent(page, "data"), dataset=datasets["census-train"])
    assert "census-train.csv" in page.all_text
    page = visitor.submit(f"{WALK}/job", sent(page, "job"))
    (job,) = emulator.jobs.list()
    until(lambda: emulator.jobs.find(job.id).state.ended)
    page = visitor.get(f"{WALK}?training={job.endpoint_id}&job={job.id}")
    assert page.text("output1-RelativeLocation").endswith(".ilearner")
    assert "AUC" in page.all_text
    refused = visitor.submit(f"{WALK}/endpoint", sent(page, "endpoint"), status=400, name="Bad Name")
    assert "Endpoint names must be" in refused.all_text
    page = visitor.submit(f"{WALK}/endpoint", sent(page, "endpoint"))
    added = walked.target(scoring.service, "retrained")
    patch = emulator.addresses.patch_url(walked.workspace, scoring.service, added.endpoint)
    assert patch == page.text("patch-url")
    page = visitor.submit(f"{WALK}/patch", sent(page, "patch"))
    page = visitor.submit(f"{WALK}/score", sent(page, "score"), status=200)
    rows = [row for row in page.rows() if row[0] in ("default", "retrained")]
    assert ["200", "200"] == [row[1] for row in rows]
    assert rows[0][3] != rows[1][3]
    operations = [one["operation"] for one in emulator.requests.entries()]
    expected = [
        "bes.submit",
        "bes.start",
        "endpoints.put",
        "endpoints.put",
        "endpoints.patch",
        "rrs.execute",
        "rrs.execute",
    ]
    assert expected == [one for one in operations if one]


def test_what_the_service_refuses_is_shown(walked):
    """A job that cannot be submitted is told with the service's own answer, and the walk stays where it is."""
    target, visitor = walked.deploy(graphs.TRAINING), Visitor(walked.wire)
    state = {"training": target.endpoint.id}
    page = visitor.submit(f"{WALK}/job", state, status=400, **{"parameter-0": "1"})
    assert "BatchJobInputsNotSpecified" in page.all_text


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("my rows.csv", "my_rows.csv"),
        ("../../etc/x.CSV", "x.csv"),
        ("C:\\a\\ü.tsv", "_.tsv"),
        ("rows.exe", None),
        ("csv", None),
    ],
)
def test_upload_names(name, stored):
    """A file is stored under the safe part of its name; one that is no table is refused."""
    from amlemulator.faces.pages.walk import upload_name

    assert stored == upload_name(name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"training": "x"},
        {"data": "upload:nowhere.csv"},
        {"data": "upload:../x.csv"},
        {"job": "x"},
        {"service": "x", "endpoint": "y"},
    ],
)
def test_an_address_that_names_wrongly_begins_anew(walked, wrong):
    """Whatever stands in the address, the page opens; what is not there counts as not chosen."""
    walked.deploy(graphs.TRAINING)
    page = Visitor(walked.wire).get(f"{WALK}?" + "&".join(f"{name}={value}" for name, value in wrong.items()))
    assert not set(wrong) & set(sent(page, "data")) - {"training"}


def test_no_secret_stands_in_an_address(walked):
    """Signatures stand in the page and in what forms send, never in an address."""
    walked.sample("census-model")
    visitor = Visitor(walked.wire)
    page = visitor.get(WALK)
    answer = visitor.send(f"{WALK}/data", sent(page, "data"))
    assert "sig" not in answer.header("Location")
    page = visitor.get(answer.header("Location"))
    assert [] == [one for one in page.links().values() if "sig=" in one]


def test_the_test_form_calls_for_real(walked):
    """One row filled from sample data; the answer is the service's, and the curl line makes the same call."""
    target, visitor = walked.sample("census-model-predictive"), Visitor(walked.wire)
    ids = f"{walked.workspace.id}/webservices/{target.service.id}/endpoints/{target.endpoint.id}"
    address = f"/studio/apihelp/workspaces/{ids}/score"
    page = visitor.get(address)
    form = fields(page, "/score")
    assert ("39", "State-gov") == (form["cell-0-0"], form["cell-0-1"])
    page = visitor.submit(address, form, status=200)
    assert '"Scored Labels"' in page.text("test-answer")
    curl = page.text("test-curl")
    assert curl.startswith(f"curl -X POST '{target.api}/execute?api-version=2.0&details=true'")
    assert target.endpoint.primary_key not in page.all_text
    assert '"Bearer' not in curl.replace('"Authorization: Bearer $API_KEY"', "")
    refused = visitor.submit(address, {**form, "cell-0-0": "old"}, status=200)
    assert '"error"' in refused.text("test-answer")


def test_the_test_form_takes_any_table_as_json(walked):
    """An input without a schema has one field for its table; what is no JSON is told, and nothing is called."""
    echo = {"experiment": "Any", "nodes": [graphs.entry("request", columns=[]), graphs.leave("result", "request")]}
    target, visitor = walked.deploy(echo), Visitor(walked.wire)
    ids = f"{walked.workspace.id}/webservices/{target.service.id}/endpoints/{target.endpoint.id}"
    address = f"/studio/apihelp/workspaces/{ids}/score"
    table = '{"ColumnNames": ["a"], "Values": [["1"]]}'
    page = visitor.submit(address, {**fields(visitor.get(address), "/score"), "table-0": table}, status=200)
    assert '"a"' in page.text("test-answer")
    page = visitor.submit(address, {"table-0": "{"}, status=200)
    assert "The table of input1 is no JSON." in page.all_text
