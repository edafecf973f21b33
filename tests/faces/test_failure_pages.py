"""The failures on the control plane: explained on pages, set up by a button, guarded."""

from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from amlclient import Sighting
from amlemulator.engine.faults import read_rule, refusal
from amlemulator.failures.catalogue import failures
from support.census import plain

PAGE = {"Accept": "text/html"}
REFUSED = [failure for failure in failures() if "operation" in failure.data["arm"]["fault"]]


@pytest.fixture
def own(place_with):
    """Make an emulator whose faults and policies are the test's own."""
    return place_with()


def call(place, method="GET", path="", body=None, **options):
    return place.wire.call(method, f"/_emulator/failures{path}", body, **options)


def form(place, path, **fields):
    """Press a page's button."""
    headers = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
    return call(place, "POST", path, raw=urlencode(fields).encode(), headers=headers)


class Text(HTMLParser):
    """The visible text of a page, and its forms and links."""

    def __init__(self, page):
        super().__init__()
        self.text, self.forms, self.links, self.language = "", [], [], None
        self.feed(page.decode())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "html":
            self.language = found["lang"]
        if tag == "form":
            self.forms.append(found["action"])
        if tag == "a":
            self.links.append(found["href"])

    def handle_data(self, data):
        self.text += data


def test_the_list_names_every_failure(wire):
    """In the document's order, as JSON and as a page with a link to each."""
    listed = wire.call("GET", "/_emulator/failures").json
    assert [failure.id for failure in failures()] == [one["id"] for one in listed["failures"]]
    page = Text(wire.call("GET", "/_emulator/failures", headers=PAGE).body)
    assert [] == [one.id for one in failures() if f"/_emulator/failures/{one.id}?lang=en" not in page.links]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("failure", failures(), ids=lambda failure: failure.id)
def test_every_failure_has_a_page_in_both_languages(wire, failure, language):
    """Story, why, mend and the command that plays it; the language by query or by the browser's wish."""
    by_wish = {**PAGE, "Accept-Language": "ko-KR,ko;q=0.9" if language == "ko" else "en-US"}
    for query, headers in ((f"?lang={language}", PAGE), ("", by_wish)):
        answer = wire.call("GET", f"/_emulator/failures/{failure.id}{query}", headers=headers)
        page = Text(answer.body)
        assert (200, language) == (answer.status, page.language)
        assert all(failure.text(name, language) in page.text for name in ("title", "story", "why", "mend", "mended"))
        assert f"amlclassic failures run {failure.id}" in page.text


def test_a_page_runs_nothing_and_lets_nothing_in(wire):
    """No script, no foreign style, forms to the emulator alone, no frame around it."""
    answer = wire.call("GET", "/_emulator/failures/patch-on-default", headers=PAGE)
    policy = answer.header("Content-Security-Policy")
    assert all(part in policy for part in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"))
    assert b"<script" not in answer.body


def test_names_of_workspaces_are_escaped(own):
    """What people call their workspaces is text, not markup."""
    own.emulator.add_workspace("<script>alert(1)</script>")
    page = call(own, path="/throttled", headers=PAGE).body
    assert b"&lt;script&gt;alert(1)" in page
    assert b"<script" not in page


def test_a_failure_is_armed_for_the_next_call(own):
    """The program's next call is answered as the failure is, the one after it as ever."""
    scoring = own.sample("census-model-predictive")
    armed = call(own, "POST", "/throttled", {"workspace": own.workspace.id})
    assert (201, {"failure": "throttled", "workspace": own.workspace.id, "fault": "fault-1"}) == (
        armed.status,
        armed.json,
    )
    assert [armed.json] == call(own, path="/throttled").json["armed"] == call(own).json["armed"]
    answers = [scoring.score(plain()) for _ in range(2)]
    assert [503, 200] == [answer.status for answer in answers]
    assert (503, "ServiceUnavailable", "RequestThrottled") == answers[0].refusal


@pytest.mark.parametrize(
    ("when", "statuses"),
    [
        ({"nth": 2}, [200, 503, 200, 200]),
        ({"nth": [1, 3]}, [503, 200, 503, 200]),
        ({"count": 3}, [503, 503, 503, 200]),
        ({"share": 1}, [503, 503, 503, 503]),
        ({"share": 0}, [200, 200, 200, 200]),
        ({"seconds": 60}, [503, 503, 503, 503]),
        ({"seconds": 0}, [200, 200, 200, 200]),
    ],
)
def test_which_calls_meet_it(own, when, statuses):
    """The n-th one, so many, a share of them, or all for a time; disarmed, none."""
    scoring = own.sample("census-model-predictive")
    assert 201 == call(own, "POST", "/throttled", {"workspace": own.workspace.id, **when}).status
    assert statuses == [scoring.score(plain()).status for _ in range(4)]
    assert 204 == call(own, "DELETE", "/throttled").status
    assert 200 == scoring.score(plain()).status
    assert [] == call(own).json["armed"]


def test_only_the_workspace_that_is_named_meets_it(own):
    """Another one of the same emulator is spared."""
    other = own.emulator.add_workspace("Other")
    scoring = own.sample("census-model-predictive")
    call(own, "POST", "/containers-warming", {"workspace": other.id, "count": 9})
    assert 200 == scoring.score(plain()).status


@pytest.mark.parametrize("failure", failures(), ids=lambda failure: failure.id)
def test_every_failure_can_be_armed(own, failure):
    """One press of its page's button, in the running workspace, and it is listed as armed until it is taken back."""
    assert 201 == form(own, f"/{failure.id}", workspace=own.workspace.id, which="count", number="1").status
    assert [failure.id] == [one["failure"] for one in call(own).json["armed"]]
    assert len(failure.data["arm"]) == len(own.emulator.faults.list())
    assert 200 == form(own, f"/{failure.id}/disarm").status
    assert [] == own.emulator.faults.list()


@pytest.mark.parametrize("failure", REFUSED, ids=lambda failure: failure.id)
def test_what_is_armed_is_recognised_as_it(own, failure):
    """The refusal that a program gets bears the signs of the failure."""
    armed = call(own, "POST", f"/{failure.id}", {"workspace": own.workspace.id})
    assert 201 == armed.status
    listed = own.emulator.faults.list()[0]
    rule = read_rule({name: value for name, value in listed.items() if name not in ("id", "met", "hits")})
    error = refusal(rule, "blob" if rule.operation.startswith("blob.") else "details")
    seen = Sighting(
        "x", error.entry.status, error.entry.group or error.code, (error.code,), (error.message, error.group_message)
    )
    signs = [{name: value for name, value in sign.items() if name != "call"} for sign in failure.data["signs"]]
    assert any(seen.shows(sign) for sign in signs), seen


def test_what_is_armed_ends_with_a_reset(own):
    """Nothing is listed as armed that no longer is."""
    call(own, "POST", "/ragged-csv", {"workspace": own.workspace.id})
    assert 1 == len(call(own, path="/ragged-csv").json["armed"])
    own.emulator.reset()
    assert [] == call(own).json["armed"]


def test_a_failure_that_is_armed_again_is_armed_anew(own):
    """The button pressed twice arms it once, as the second press says; in another workspace it stays."""
    other = own.emulator.add_workspace("Other")
    for workspace, count in ((own.workspace, 5), (other, 1), (own.workspace, 1)):
        call(own, "POST", "/throttled", {"workspace": workspace.id, "count": count})
    assert [other.id, own.workspace.id] == [one["workspace"] for one in call(own).json["armed"]]
    assert [1, 1] == [one["count"] for one in own.emulator.faults.list()]


def test_a_fault_that_got_the_id_of_a_failure_is_none(own):
    """When all faults are disarmed, the next one has the first one's id; it is not taken for the failure, nor back."""
    call(own, "POST", "/throttled", {"workspace": own.workspace.id})
    own.emulator.faults.clear()
    assert "fault-1" == own.emulator.faults.add(status=500)
    call(own, "POST", "/throttled", {"workspace": own.workspace.id})
    assert ["fault-2"] == [one["fault"] for one in call(own).json["armed"]]
    assert ["fault-1", "fault-2"] == [one["id"] for one in own.emulator.faults.list()]


def test_failures_are_armed_beside_each_other(own):
    """Calls, and jobs in several ways: each in its turn."""
    for name in ("ragged-csv", "throttled", "module-fails"):
        call(own, "POST", f"/{name}", {"workspace": own.workspace.id})
    assert ["ragged-csv", "throttled", "module-fails"] == [one["failure"] for one in call(own).json["armed"]]


def test_how_often_it_was_met_stands_on_its_page(own):
    """So that who waits for it sees whether it has been."""
    scoring = own.sample("census-model-predictive")
    call(own, "POST", "/throttled", {"workspace": own.workspace.id})
    shown = []
    for _ in range(2):
        shown.append(" ".join(Text(call(own, path="/throttled", headers=PAGE).body).text.split()))
        scoring.score(plain())
    assert [True, True] == [f"met so far: {times})" in text for times, text in enumerate(shown)]


def test_a_failure_is_set_up_with_its_own_calls(own):
    """A workspace of its own has what the failure needs; the calls that meet it are shown, keys and all."""
    made = call(own, "POST", "/another-endpoint-scored", {"beside": True})
    assert 201 == made.status
    patch, score = made.json["calls"]
    assert ("PATCH", "POST") == (patch["method"], score["method"])
    statuses = [own.wire.call(one["method"], one["url"], one["body"], key=one["key"]).status for one in (patch, score)]
    assert [200, 200] == statuses
    assert own.emulator.directory.workspace(made.json["workspace"]) is not None


def test_a_name_that_an_earlier_call_gives_stays_to_be_filled_in(own):
    """The calls are shown before any of them was made."""
    made = call(own, "POST", "/job-cancelled", {"beside": True}).json
    assert "jobs/" in made["calls"][0]["url"]


def test_what_a_running_emulator_cannot_show_is_refused_with_its_flags(own):
    """The sentence, and the page, say how one is started that can."""
    answer = call(own, "POST", "/not-propagated", {"beside": True})
    assert (400, "BadRequest", None) == answer.refusal
    assert "--propagation-seconds 30" in answer.message
    page = call(own, path="/not-propagated", headers=PAGE)
    assert b"amlclassic serve --propagation-seconds 30" in page.body


def test_the_button_sets_up_and_takes_back(own):
    """A form's answer is the page, which says where it is armed and has the button that takes it back."""
    scoring = own.sample("census-model-predictive")
    armed = form(own, "/gateway-timeout", workspace=own.workspace.id, which="nth", number="2")
    page = Text(armed.body)
    assert 201 == armed.status
    assert f"It is set up in {own.workspace.name} (South Central US)" in " ".join(page.text.split())
    assert [200, 504] == [scoring.score(plain()).status for _ in range(2)]
    back = form(own, "/gateway-timeout/disarm")
    assert (200, True) == (back.status, "It is set up" not in Text(back.body).text)
    assert "/_emulator/failures/gateway-timeout?lang=ko" in Text(back.body).links  # not below the form's own address
    beside = Text(form(own, "/another-endpoint-patched", beside="1").body)
    assert "Authorization: Bearer" in beside.text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"workspace": "0" * 32}, 404),
        ({"which": "nth", "number": "0"}, 400),
        ({"which": "share", "number": "2"}, 400),
        ({"which": "nth", "number": "many"}, 400),
        ({"which": "cut", "number": "before"}, 400),
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(own, fields, status):
    """The page says why, and nothing is armed."""
    refused = form(own, "/throttled", **{"workspace": own.workspace.id, **fields})
    assert (status, True) == (refused.status, "It cannot be set up:" in Text(refused.body).text)
    assert [] == own.emulator.faults.list()


@pytest.mark.parametrize(
    "body", [[], {"operation": "*"}, {"nth": 0}, {"workspace": "none"}, {"share": "x"}, {"beside": 1}]
)
def test_json_that_makes_no_sense_changes_nothing(own, body):
    """It is refused with what it takes, and nothing is armed."""
    assert call(own, "POST", "/throttled", body).status in (400, 404)
    assert 400 == call(own, "POST", "/throttled", raw=b"{").status
    assert [] == own.emulator.faults.list()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_failure_is_not_found(wire, method):
    """Its id stands in the sentence."""
    answer = wire.call(method, "/_emulator/failures/no-such")
    assert (404, "NotFound", None) == answer.refusal
    assert "no-such" in answer.message


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}]
)
def test_strangers_arm_nothing(own, method, headers):
    """No other host name and no page of another site gets through."""
    assert 403 == call(own, method, "/throttled", headers=headers).status
    assert 403 == call(own, "GET", "", headers=headers).status
    assert [] == own.emulator.faults.list()
