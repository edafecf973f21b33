"""Who may look at the pages, which forms are answered, and what the pages may load."""

import re

import pytest

from amlemulator import Emulator
from support.visitor import Visitor
from support.wire import BASE, BLOB, Place, Wire

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TOKEN = "not-to-be-guessed"


@pytest.fixture
def visitor(wire):
    return Visitor(wire)


@pytest.fixture
def open_to_others():
    """Make an emulator that listens to other machines."""
    made = Emulator(
        samples=False, host="0.0.0.0", control_token=TOKEN, public_url=BASE, public_blob_url=BLOB, workers=1
    )
    yield Wire(made)
    made.close()


@pytest.fixture
def keys(place):
    """Return the address of an endpoint's keys."""
    target = place.sample("census-model-predictive")
    root = f"/portal/workspaces/{place.workspace.id}/webservices/{target.service.id}"
    return f"{root}/endpoints/{target.endpoint.id}/keys"


@pytest.mark.parametrize("path", ["/portal/", "/portal/classic", "/studio/", "/portal/nowhere", "/portal/jobs"])
def test_every_page_allows_its_own_files_and_nothing_else(visitor, path):
    """The policy is strict, nothing is inline, no page is kept by a cache or framed."""
    answer = visitor.raw(path)
    policy = dict(part.strip().partition(" ")[::2] for part in answer.header("Content-Security-Policy").split(";"))
    assert POLICY == policy
    kept = [answer.header(name) for name in ("X-Content-Type-Options", "Referrer-Policy", "Cache-Control")]
    assert ["nosniff", "same-origin", "no-store"] == kept
    html = answer.body.decode()
    assert not re.search(r"<style|<script>|style=|\son\w+=|https?://(?!127\.0\.0\.1)", html)
    assert answer.header("x-amlclassic-evidence").startswith(("portal.", "pages.", "http."))


@pytest.mark.parametrize("host", ["portal", "studio"])
@pytest.mark.parametrize("name", ["pages.css", "pages.js", "icon.svg"])
def test_files_are_kept_by_browsers(visitor, host, name):
    """Each file's address has a mark of its content, so that a browser may keep it; no other file is given."""
    page = visitor.raw(f"/{host}/").body.decode()
    address = re.search(rf'"(/{host}/static/{name}\?v=\w+)"', page)[1]
    answer = visitor.raw(address)
    assert 200 == answer.status
    assert "immutable" in answer.header("Cache-Control")
    assert 404 == visitor.raw(f"/{host}/static/../{name}").status
    assert 404 == visitor.raw(f"/{host}/static/help.py").status


@pytest.mark.parametrize("token", [None, "", "0" * 64, "another visitor's"])
def test_a_form_without_its_visitors_token_changes_nothing(wire, visitor, place, keys, token):
    """No other site can make up the token, and one visitor's does not do for another."""
    visitor.get("/portal/")
    given = Visitor(wire).token if token == "another visitor's" else token
    body = "do=regenerate&which=primary" + (f"&csrf_token={given}" if given is not None else "")
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    before = place.emulator.store.snapshot()
    answer = wire.call("POST", keys, raw=body.encode(), headers={**FORM, "Cookie": cookie, "Accept": "text/html"})
    assert 403 == answer.status
    assert "This form does not belong to your session" in answer.body.decode()
    assert before == place.emulator.store.snapshot()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
def test_a_form_from_another_site_is_refused_even_with_the_token(visitor, keys, headers):
    """The browser says where a form comes from."""
    visitor.headers |= headers
    assert 403 == visitor.send(keys, do="show").status


def test_a_link_from_another_site_leads_here(visitor):
    """Looking changes nothing, so documents may link to a page."""
    visitor.headers |= {"Sec-Fetch-Site": "cross-site"}
    visitor.get("/portal/classic")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8350", "127.0.0.1.evil.example", "[::1", ""])
def test_pages_answer_to_no_foreign_host_name(wire, visitor, host):
    """A name that was pointed at this machine (DNS rebinding) reads no key."""
    visitor.headers |= {"Host": host}
    for path in ("/portal/", "/portal/classic", "/studio/"):
        assert 403 == visitor.raw(path).status


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8350", "localhost:1", "[::1]:8350", "services.azureml.net", "studio.azureml.net"]
)
def test_pages_answer_to_this_machine_and_to_the_services_own_names(visitor, host):
    """The real names come through the emulator's own proxy."""
    visitor.headers |= {"Host": host}
    path = "/portal/classic" if "azureml" not in host else "/"
    assert 200 == visitor.raw(path).status


def test_the_real_names_lead_to_each_other(visitor):
    """On services.azureml.net the portal's links have no prefix, and Studio is at its own name."""
    visitor.headers |= {"Host": "services.azureml.net"}
    links = visitor.get("/classic").links()
    assert ("/classic", "https://studio.azureml.net/") == (links["Classic Web Services"], links["Studio"])


def test_off_loopback_signing_in_asks_for_the_control_token(open_to_others):
    """Nothing is shown before the token is given; then everything is, to that browser alone."""
    visitor = Visitor(open_to_others, Host="build.example:8350")
    place = Place(open_to_others, open_to_others.emulator.add_workspace("Secret place"))
    for path in ("/portal/classic", f"/studio/workspaces/{place.workspace.id}", "/portal/requests"):
        page = visitor.get(path, 403)
        assert ("Sign in" in page.links(), "Secret place" in page.all_text) == (True, False)
    assert "Control token" in visitor.get("/portal/").all_text
    assert "This is not the control token." in visitor.submit("/portal/signin", status=403, control_token="x").all_text
    visitor.submit("/portal/signin", control_token=TOKEN)
    assert "Secret place" in visitor.get("/studio/").all_text
    Visitor(open_to_others).get("/portal/classic", 403)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value[:-1] + ("1" if value.endswith("0") else "0"),
        lambda value: value.replace(".in.", ".guest."),
        lambda value: "",
    ],
)
def test_a_cookie_cannot_be_made_up(open_to_others, change):
    """A cookie that was changed is nobody's."""
    visitor = Visitor(open_to_others)
    visitor.submit("/portal/signin", control_token=TOKEN)
    name, value = next(iter(visitor.cookies.items()))
    visitor.cookies[name] = change(value)
    visitor.get("/portal/classic", 403)


def test_the_cookie_is_kept_from_scripts_and_other_sites(wire):
    """HttpOnly, SameSite, named by the port: browsers share cookies between the ports of a host."""
    answer = Visitor(wire).raw("/portal/")
    cookie = answer.header("Set-Cookie")
    assert cookie.startswith("amlclassic-8350=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


def test_pages_are_not_in_the_journal(wire, visitor, place):
    """The journal holds what programs call; a page that follows a job by itself would fill it."""
    before = wire.emulator.requests.entries()
    visitor.get("/portal/classic")
    visitor.submit("/portal/signin")
    assert before == wire.emulator.requests.entries()


def test_programs_get_refusals_as_json(wire):
    """Who does not say that it takes HTML is a program."""
    answer = wire.call("GET", "/portal/nowhere")
    assert (404, "NotFound") == (answer.status, answer.json["error"]["code"])


def test_a_fault_of_our_own_is_told_without_its_reason(place_with, monkeypatch):
    """A page that breaks says so and shows nothing of its insides."""
    place = place_with()
    monkeypatch.setattr(place.emulator.jobs, "newest", lambda skip, most: 1 / 0)
    answer = Visitor(place.wire).raw("/portal/jobs")
    assert 500 == answer.status
    assert b"division" not in answer.body
