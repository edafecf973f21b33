"""The portal's lists, a web service, a new endpoint, and an endpoint's keys and addresses."""

import shlex

import pytest

from pages import Page
from support import graphs
from support.visitor import Visitor, fields
from support.wire import Place

BAD_NAMES = ["", "Upper", "with space", "a" * 25, "ümlaut", "under_score", "a\nb"]


@pytest.fixture
def visitor(wire):
    return Visitor(wire)


@pytest.fixture
def pair(place):
    """Deploy a training service and a scoring service."""
    return place.sample("census-model"), place.sample("census-model-predictive")


def at(target, rest=""):
    return f"/portal/workspaces/{target.place.workspace.id}/webservices/{target.service.id}{rest}"


def endpoint_page(target):
    return at(target, f"/endpoints/{target.endpoint.id}")


def test_signing_in_is_one_button(visitor):
    """The door has a button and no account; behind it are the classic web services."""
    assert "Sign in" in visitor.get("/portal/").all_text
    assert ["Classic Web Services"] == visitor.submit("/portal/signin").headings()
    assert "Sign out" in visitor.get("/portal/").all_text
    assert "Sign in" in visitor.submit("/portal/signout").all_text


@pytest.mark.parametrize("name", ["webservices", "classic"])
def test_list_shows_both_services_of_the_pair(visitor, pair, place, name):
    """Under both names that the document gives, each service stands with its kind, workspace and region."""
    page = visitor.get(f"/portal/{name}?q={place.workspace.id}")
    rows = [row[:5] for target in pair for row in page.rows() if row[0] == target.service.name]
    assert ["Census Model", "training", "Test", "South Central US", "1"] in rows
    assert ["Census Model [Predictive Exp.]", "scoring (predictive)", "Test", "South Central US", "1"] in rows
    assert {"Web Services", "Classic Web Services"} <= set(page.links())


def test_new_endpoint(visitor, pair):
    """+New leads to the form, and saving it back to the service, where the new endpoint stands."""
    scoring = pair[1]
    form = visitor.get(visitor.get(at(scoring)).links()["+New"])
    sent = fields(form, "/newendpoint")
    expected = {"name": "", "description": "", "logging": "None", "throttle": "Low", "calls": ""}
    assert expected == {name: sent[name] for name in expected}
    filled = {"description": "For tests", "logging": "All", "sample_data": "true", "throttle": "High", "calls": "17"}
    page = visitor.submit(at(scoring, "/newendpoint"), name="retrained", **filled)
    assert "The endpoint retrained was added." in page.all_text
    assert ["default", "retrained"] == [row[0] for row in page.rows()][1:]
    made = scoring.place.target(scoring.service, "retrained").endpoint
    shown = (made.description, made.diagnostics_trace_level, made.sample_data_enabled, made.max_concurrent_calls)
    assert ("For tests", "All", True, 17) == shown


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_refused_by_the_rule_of_the_service(visitor, pair, name):
    """The form comes back as it was filled in, with the service's own sentence; nothing was added."""
    scoring = pair[1]
    page = visitor.submit(at(scoring, "/newendpoint"), status=400, name=name, description="kept", logging="Error")
    assert "Endpoint names must be 24 characters or less" in page.all_text
    assert ("kept", "Error") == tuple(fields(page, "/newendpoint")[one] for one in ("description", "logging"))
    assert 1 == len(scoring.place.emulator.directory.endpoints(scoring.service.id))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"logging": "Loud"}, "DiagnosticsTraceLevel must be one of None, Error, All."),
        ({"throttle": "Middle"}, "ThrottleLevel must be one of Low, High."),
        ({"throttle": "High", "calls": "many"}, "MaxConcurrentCalls must be a whole number."),
        ({"throttle": "High", "calls": "201"}, "200"),
    ],
)
def test_a_bad_setting_is_refused(visitor, pair, wrong, sentence):
    """The rules of the settings are the API's, told in its words."""
    page = visitor.submit(at(pair[1], "/newendpoint"), status=400, name="fine", **wrong)
    assert sentence in page.all_text


def test_an_endpoint_that_exists_is_not_changed_by_the_form(visitor, pair):
    """A PUT would change it (one call does both); a form that adds one must not."""
    scoring = pair[1]
    scoring.add("taken", Description="as it was")
    page = visitor.submit(at(scoring, "/newendpoint"), status=400, name="taken", description="other")
    assert "An endpoint named 'taken' exists" in page.all_text
    assert "as it was" == scoring.place.target(scoring.service, "taken").endpoint.description


def test_keys_are_hidden_until_asked_for(visitor, pair):
    """No key stands in the page before the button is pressed; the address never has one."""
    endpoint, address = pair[1].endpoint, endpoint_page(pair[1])
    hidden = visitor.raw(address).body.decode()
    assert not any(key in hidden for key in (endpoint.primary_key, endpoint.secondary_key))
    answer = visitor.send(address + "/keys", do="show")
    assert (200, None) == (answer.status, answer.header("Location"))
    page = Page(answer.body.decode())
    shown = (page.text("primary-key"), page.text("secondary-key"))
    assert (endpoint.primary_key, endpoint.secondary_key) == shown
    assert endpoint.primary_key not in str(visitor.submit(address + "/keys", do="hide").all_text)


@pytest.mark.parametrize("which", ["primary", "secondary"])
def test_a_key_is_made_anew(visitor, pair, which):
    """The new key opens the endpoint, the old one no more; the other key stays."""
    target = pair[1]
    before = target.endpoint
    page = visitor.submit(endpoint_page(target) + "/keys", do="regenerate", which=which)
    assert f"The {which} key is new." in page.all_text
    after = target.fresh()
    changed = (before.primary_key != after.primary_key, before.secondary_key != after.secondary_key)
    assert (which == "primary", which == "secondary") == changed


def test_an_endpoint_has_its_addresses_each_with_its_help(visitor, pair):
    """Request-Response, Batch and Patch stand with the URLs that the API gives, and lead to their help pages."""
    added = pair[1].add("retrained")
    page = visitor.get(endpoint_page(added))
    addresses = added.place.emulator.addresses
    assert f"{added.api}/execute?api-version=2.0&details=true" == page.text("rrs-url")
    assert f"{added.api}/jobs" == page.text("bes-url")
    patch = addresses.patch_url(added.place.workspace, added.service, added.endpoint)
    assert patch == page.text("patch-url")
    helps = [one.get("href", "") for one in page.root.iter("a") if "API help" in "".join(one.itertext())]
    assert ["/score", "/jobs", "/update"] == [one[one.rindex("/") :] for one in helps]
    assert patch == visitor.get(helps[2]).text("patchUrl")


def test_an_endpoint_says_how_to_diagnose_it(visitor, pair):
    """The command stands ready with the endpoint's addresses, without its key, and the failures are a click away."""
    added = pair[1].add("retrained")
    page = visitor.get(endpoint_page(added))
    words = shlex.split(page.text("diagnose"))
    assert ["amlclassic", "diagnose", "--patch-url", page.text("patch-url"), "--scoring-url", added.api] == words
    failures = page.links()["All documented failures, each to be set up and met"]
    assert "Web Service Output" in visitor.get(failures).all_text


def test_the_default_endpoint_has_no_patch_and_says_why(visitor, pair):
    """Its model follows the experiment; the page says to add an endpoint."""
    page = visitor.get(endpoint_page(pair[1]))
    assert "The default endpoint has no Patch" in page.text("no-patch")
    assert not [one for one in page.root.iter() if one.get("id") == "patch-url"]


def test_an_endpoint_of_the_training_service_leads_to_sorry(visitor, pair):
    """The document's wrong path: its Patch help says that there is nothing to update."""
    added = pair[0].add("mistaken")
    assert "This is the training web service." in visitor.get(at(pair[0], "/newendpoint")).all_text
    page = visitor.get(endpoint_page(added))
    last = [one.get("href", "") for one in page.root.iter("a") if "API help" in "".join(one.itertext())][-1]
    assert "Sorry" in visitor.get(last).text("noUpdatableResources")


def test_lists_are_paged_and_searched(visitor, place):
    """25 at a time; a search finds by any part of the name; a page beyond the last is the last."""
    target = place.deploy(graphs.NO_INPUT)
    for number in range(60):
        target.add(f"e{number:03}")
    assert 26 == len(list(visitor.get(at(target)).rows()))
    last = visitor.get(at(target, "?page=99"))
    assert 12 == len(list(last.rows()))
    assert "Page 3 of 3; 61 in all" in last.all_text
    assert ["e042"] == [row[0] for row in visitor.get(at(target, "?q=E042")).rows()][1:]
    for odd in ("?page=0", "?page=-1", "?page=x", "?page=99999999999999999999"):
        assert 200 == visitor.raw(at(target, odd)).status


@pytest.mark.parametrize("rest", ["", "/newendpoint", "/models", "/endpoints/" + "f" * 32])
def test_what_is_not_there_is_a_404_page(visitor, pair, rest):
    """Ids that do not belong together lead to a page that says so."""
    other = Place(visitor.wire, visitor.wire.emulator.add_workspace("Other"))
    page = visitor.get(f"/portal/workspaces/{other.workspace.id}/webservices/{pair[1].service.id}{rest}", 404)
    assert ["There is nothing here"] == page.headings()
    if "endpoints" in rest:
        visitor.get(at(pair[1], rest), 404)


def test_names_with_markup_stay_names(visitor, place):
    """What a user named is shown, never obeyed: not as markup, not as a template."""
    nasty = '<script>alert("x")</script>{{ 7*7 }}'
    target = place.deploy({**graphs.NO_INPUT, "experiment": nasty})
    target.add("e", Description=nasty)
    for path in (
        f"/portal/classic?q={place.workspace.id}",
        at(target),
        at(target, "/newendpoint"),
        endpoint_page(target),
    ):
        html = visitor.raw(path).body.decode()
        assert "<script>" not in html
        assert "}}49" not in html
    assert nasty in visitor.get(at(target)).headings()
