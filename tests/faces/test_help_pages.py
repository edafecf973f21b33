"""The help pages: what people and programs take from them."""

import ast
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from amlcontracts import load
from amlemulator.core.help_documents import sample_request
from amlemulator.core.interface import InputPort
from amlemulator.faces import help as help_pages
from interfaces import SCORING, TRAINING, WITHOUT_INPUT, interfaces
from pages import Page
from stand_in import ADDED, DEFAULT, SERVICE, WORKSPACE, StandIn

PATHS = ("", "/score", "/jobs", "/update")
SENTENCES = load("help")["no_updatable_resources"]


def address(endpoint=ADDED, page=""):
    return f"/studio/apihelp/workspaces/{WORKSPACE.id}/webservices/{SERVICE.id}/endpoints/{endpoint.id}{page}"


def get(page="", *, service=None, endpoint=ADDED, **headers):
    return (service or StandIn()).client(help_pages).get(address(endpoint, page), headers=headers)


def read(page="", **options):
    answer = get(page, **options)
    assert 200 == answer.status_code
    return Page(answer.get_data(as_text=True))


@pytest.mark.parametrize("page", PATHS)
@pytest.mark.parametrize("interface", [SCORING, TRAINING, WITHOUT_INPUT], ids=["scoring", "training", "without input"])
@pytest.mark.parametrize("endpoint", [DEFAULT, ADDED], ids=["default", "added"])
def test_pages_are_readable_without_key(page, interface, endpoint):
    """Every page of every kind of service opens without a key, as HTML whose tags are balanced."""
    answer = get(page, service=StandIn(interface), endpoint=endpoint)
    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.content_type)
    assert "Census Model [Predictive Exp.]" in Page(answer.get_data(as_text=True)).headings()[0]


@pytest.mark.parametrize("page", PATHS)
@pytest.mark.parametrize("wrong", [WORKSPACE.id, SERVICE.id, ADDED.id])
def test_unknown_ids_are_a_404_page(page, wrong):
    """A page of ids that do not belong together is a 404 for people."""
    answer = StandIn().client(help_pages).get(address(page=page).replace(wrong, "f" * 32))
    assert (404, "text/html; charset=utf-8") == (answer.status_code, answer.content_type)
    assert ["No such endpoint"] == Page(answer.get_data(as_text=True)).headings()


@pytest.mark.parametrize("page", PATHS)
def test_page_allows_its_own_files_and_nothing_else(page):
    """The policy forbids foreign content and anything inline; what the page loads is the emulator's own."""
    answer = get(page)
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    assert ("'none'", "'self'", "'none'") == (policy["default-src"], policy["form-action"], policy["frame-ancestors"])
    assert {"'self'"} == {policy[one] for one in ("script-src", "style-src", "img-src", "connect-src")}
    html = answer.get_data(as_text=True)
    assert not re.search(r"<style|<script>|style=|\son\w+=", html)
    assert [] == [one for one in re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="([^"]*)"', html) if one[0] != "/"]


@pytest.mark.parametrize("page", PATHS)
def test_page_says_how_much_is_known(page):
    """The wording is ours, so each page names its entry in the evidence."""
    assert get(page).headers["x-amlclassic-evidence"].startswith("help.")


def test_overview_leads_to_the_other_pages():
    """HelpLocation has a link to each page; the one to Update Resource is called just that."""
    links, here = read().links(), StandIn().addresses.help_location(WORKSPACE, SERVICE, ADDED)
    assert f"{here}/update" == links["Update Resource"]
    assert f"{here}/score" == links["Request/Response"]
    assert f"{here}/jobs" == links["Batch Execution"]
    assert links["API document"].endswith(f"/webservices/{SERVICE.id}/endpoints/{ADDED.id}/apidocument")


def test_overview_shows_every_address():
    """HelpLocation shows the three request addresses of the endpoint."""
    addresses = StandIn().addresses
    api = addresses.api_location(WORKSPACE, ADDED)
    rows = {row[1]: row[2] for row in read().rows() if len(row) == 3}
    assert f"{api}/execute?api-version=2.0&details=true" == rows["REQUEST/RESPONSE"]
    assert f"{api}/jobs" == rows["BATCH EXECUTION"]
    assert addresses.patch_url(WORKSPACE, SERVICE, ADDED) == rows["UPDATE RESOURCE"]


@pytest.mark.parametrize("page", ["", "/score", "/jobs"])
def test_default_endpoint_has_no_update_resource_link(page):
    """The default endpoint's model cannot be replaced, so its pages do not lead there."""
    assert "Update Resource" not in read(page, endpoint=DEFAULT).links()
    assert "Update Resource" in read(page).links()


def test_score_page_has_the_order_of_the_real_one():
    """Title, date and description come first, then request, response, parameters and sample code."""
    page = read("/score")
    assert "Request Response API Documentation for Census Model [Predictive Exp.]" == page.headings()[0]
    assert "Updated: 01/10/2017 08:50 No description provided for this web service." in page.all_text
    expected = ["Request", "Response", "Input Parameters", "Output Parameters", "Web Service Parameters", "Sample Code"]
    assert expected == page.headings()[1:7]


def test_score_page_shows_the_request():
    """Method, address, the note on details and the four header rows stand as on the real page."""
    page = read("/score")
    rows = list(page.rows())
    uri = StandIn().addresses.api_location(WORKSPACE, ADDED) + "/execute?api-version=2.0&details=true"
    assert ["POST", uri, "HTTP/1.1"] in rows
    heads = [row[0] for row in rows]
    for header in (
        "Authorization:Bearer abc123",
        "Content-Length",
        "Content-Type:application/json",
        "Accept: application/json",
    ):
        assert header in heads
    note = "Note: You may omit the details parameter from the query string. This would cause ColumnTypes to be omitted"
    assert note in page.all_text


def test_swagger_link_is_the_second_last_bullet():
    """Readers are told to look for the swagger document at the second-last bullet."""
    for page in ("/score", "/jobs", "/update"):
        bullets = [link.get("href") for link in read(page).by_id("contents").iter("a")]
        assert bullets[-2].endswith("/apidocument")
        assert "#sampleCode" == bullets[-1]


def test_summaries_are_what_a_program_takes():
    """A client takes #requestSummary pre and #responseSummary pre, and parses the second for names and types."""
    page = read("/score")
    assert sample_request(SCORING) == json.loads(page.pre("requestSummary"))
    value = json.loads(page.pre("responseSummary"))["Results"]["output1"]["value"]
    assert [*("age", "education", "capital-gain", "income"), "Scored Labels", "Scored Probabilities"] == value[
        "ColumnNames"
    ]
    assert ["Numeric", "Object", "Numeric", "Object", "Object", "Numeric"] == value["ColumnTypes"]


def test_score_page_lists_columns_and_parameters():
    """Every column and parameter stands in a table with its type."""
    rows = list(read("/score").rows())
    assert ["education", "Object (String)", "Bachelors, HS-grad"] in rows
    assert ["Append score columns to output", "Logical (Boolean)", "no", "true", "all columns"] in rows


def test_score_page_of_a_training_service_points_to_batch_execution():
    """A training service cannot be called through RRS, and its page says so."""
    assert "This web service trains a model" in read("/score", service=StandIn(TRAINING)).all_text
    assert "This web service trains a model" not in read("/score").all_text


def test_jobs_page_has_the_four_operations():
    """The page of Batch Execution has the headings that other articles quote."""
    page = read("/jobs")
    assert "Batch Execution API Documentation for Census Model [Predictive Exp.]" == page.headings()[0]
    assert [
        "Submit (but not start) a Batch Execution job",
        "Start a Batch Execution job",
        "Get the status or result of a Batch Execution job",
        "Delete a Batch Execution job",
    ] == page.headings()[1:5]
    jobs = StandIn().addresses.api_location(WORKSPACE, ADDED) + "/jobs"
    rows = list(page.rows())
    assert ["POST", f"{jobs}?api-version=2.0", "HTTP/1.1"] in rows
    assert ["POST", f"{jobs}/{{job_id}}/start?api-version=2.0", "HTTP/1.1"] in rows
    assert ["GET", f"{jobs}/{{job_id}}?api-version=2.0", "HTTP/1.1"] in rows
    assert ["DELETE", f"{jobs}/{{job_id}}?api-version=2.0", "HTTP/1.1"] in rows


def test_jobs_page_has_this_services_body():
    """The sample body names the ports of this service, the model with its extension."""
    page = read("/jobs", service=StandIn(TRAINING))
    body = json.loads(page.pre("requestSummary"))
    assert {"input1"} == set(body["Inputs"])
    assert "mycontainer/output1results.ilearner" == body["Outputs"]["output1"]["RelativeLocation"]
    assert "Finished" == json.loads(page.pre("responseSummary"))["StatusCode"]


def test_update_page_shows_address_and_names():
    """The PATCH address goes by the endpoint's name on the management host; the resource names have a heading."""
    page = read("/update")
    url = StandIn().addresses.patch_url(WORKSPACE, SERVICE, ADDED)
    assert url.endswith(f"/workspaces/{WORKSPACE.id}/webservices/{SERVICE.id}/endpoints/retrained")
    assert url == page.text("patchUrl")
    assert ["PATCH", url, "HTTP/1.1"] in page.rows()
    assert "Updatable Resources" in page.headings()
    names = [[cell.text for cell in row] for row in page.by_id("updatableResources").iter("tr")]
    assert [["Resource Name"], ["Census Model [trained model]"]] == names
    body = json.loads(page.pre("requestSummary"))
    assert ["Census Model [trained model]"] == [entry["Name"] for entry in body["Resources"]]


@pytest.mark.parametrize("endpoint", [DEFAULT, ADDED], ids=["default", "added"])
def test_update_page_of_a_training_service_says_the_three_sentences(endpoint):
    """Without updatable resources the page says what the service said, and shows no address."""
    page = read("/update", service=StandIn(TRAINING), endpoint=endpoint)
    assert SENTENCES["en"] == page.text("noUpdatableResources")
    assert "PATCH" not in page.all_text


@pytest.mark.parametrize(
    ("asked", "language"),
    [("ko", "ko"), ("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en-US,en;q=0.9,ko;q=0.1", "en"), ("de", "en"), ("", "en")],
)
def test_three_sentences_follow_the_language(asked, language):
    """Who asks for Korean gets the article's Korean; everybody else English, as the live page was."""
    answer = get("/update", service=StandIn(TRAINING), **{"Accept-Language": asked})
    page = Page(answer.get_data(as_text=True))
    assert SENTENCES[language] == page.text("noUpdatableResources")
    assert language == page.by_id("noUpdatableResources").get("lang")
    assert "Accept-Language, Cookie" == answer.headers["Vary"]
    expected = {"en": "help.update.no-resources", "ko": "help.update.korean"}[language]
    assert expected == answer.headers["x-amlclassic-evidence"]


def test_update_page_of_the_default_endpoint_states_the_rule():
    """The default endpoint's page says that its model cannot be replaced and what to do instead."""
    answer = get("/update", endpoint=DEFAULT)
    page = Page(answer.get_data(as_text=True))
    assert "cannot be replaced" in page.text("defaultEndpoint")
    assert "help.update.default-endpoint" == answer.headers["x-amlclassic-evidence"]
    assert "PATCH" not in page.all_text


def test_names_with_markup_stay_names():
    """What a user named is shown, never obeyed: not as markup, not as a template."""
    nasty = '<script>alert("x")</script> & {{ 7*7 }}'
    columns = (replace(SCORING.inputs[0].columns[0], name=nasty),)
    interface = replace(SCORING, inputs=(InputPort(nasty, columns),), resources=(nasty,))
    service = StandIn(interface, service=replace(SERVICE, name=nasty, description=nasty))
    for path in PATHS:
        html = get(path, service=service).get_data(as_text=True)
        assert "<script>" not in html
        assert nasty in Page(html).headings()[0]
        assert "49" not in Page(html).headings()[0]


@settings(deadline=None, max_examples=40)  # the first pages compile their templates
@given(interfaces())
def test_python_programs_are_programs_for_any_service(interface):
    """Whatever ports are called, each Python program parses, and its values are the service's."""
    service = StandIn(replace(interface, resources=("Model [trained model]",)))
    for path in ("/score", "/jobs", "/update"):
        program = ast.parse(read(path, service=service).text("sampleCode-py"))
        given = {
            node.targets[0].id: node.value
            for node in program.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        if path == "/score":
            assert sample_request(interface) == ast.literal_eval(given["data"])
        if path == "/jobs":
            assert {port.name for port in interface.outputs} == set(ast.literal_eval(given["OUTPUTS"]))


@pytest.mark.parametrize("path", ["/score", "/jobs", "/update"])
def test_programs_come_in_three_languages(path):
    """Sample code is in C#, Python and R, in this order, each with the endpoint's address and a place for its key."""
    page = read(path)
    languages = [element.text for element in page.by_id("sampleCode").iter("h3")]
    assert ["C#", "Python", "R"] == languages
    for extension in ("cs", "py", "r"):
        code = page.text(f"sampleCode-{extension}")
        assert "abc123" in code
        assert (ADDED.id if path != "/update" else "endpoints/retrained") in code
        assert "{{" not in code
