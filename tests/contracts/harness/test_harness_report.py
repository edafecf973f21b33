"""Reports for people, CI and browsers."""

import json
from html.parser import HTMLParser
from xml.etree import ElementTree

from amlcontracts.harness.registry import Check
from amlcontracts.harness.report import Report, as_html, as_json, as_junit, as_text
from amlcontracts.harness.runner import Result
from amlcontracts.harness.wire import Exchange

CHECK = Check("rrs.batch", "A row scores the same.", "law", ("rrs.many-rows", "bes.queue"), lambda ground: None)
HELD = Result(CHECK, "held", 0.25, 10)
SKIPPED = Result(CHECK, "not applicable", 0.0, 0, "there is no storage")
BROKEN = Result(
    CHECK, "broken", 1.5, 20, "expected <a>, got \x00b", "law(x=1)", [Exchange("GET http://h/<x>", "500\n<boom>")]
)


def report(*results):
    """Return a report of those results."""
    return Report("http://h", "my file.json", "7", "quick", results)


def test_the_summary_counts():
    """The last line has counts, requests, time and seed."""
    words = "1 promises held, 1 broken, 1 could not be checked here; 30 requests in 1.8 s, seed 7"
    assert words == report(HELD, SKIPPED, BROKEN).summary()


def test_a_breach_is_told_with_its_replay():
    """A person gets the promise, what came, the example and the command that makes it again."""
    text = as_text(report(BROKEN), BROKEN)
    again = "amlclassic contracts check --endpoints-file 'my file.json' --seed 7 --quick --only rrs.batch"
    assert text.startswith("BROKEN rrs.batch: A row scores the same.")
    assert text.endswith(f"again: {again}")
    assert "   law(x=1)\n" in text


def test_junit_is_read_by_ci():
    """Failures and skips stand in JUnit XML, without characters that XML cannot hold."""
    suite = ElementTree.fromstring(as_junit(report(HELD, SKIPPED, BROKEN)))[0]
    assert ("3", "1", "1") == tuple(suite.get(name) for name in ("tests", "failures", "skipped"))
    assert [[], ["skipped"], ["failure"]] == [[child.tag for child in case] for case in suite]
    failure = suite[2][0]
    assert "expected <a>, got \ufffdb" == failure.get("message")
    assert "GET http://h/<x>" in failure.text
    assert "--seed 7" in failure.text


class Links(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self):
        super().__init__()
        self.fetched = []

    def handle_starttag(self, tag, attributes):
        """Note addresses."""
        self.fetched += [value for name, value in attributes if name in ("src", "href")]


def test_the_page_needs_nothing_else():
    """The page fetches nothing, escapes what came from outside, and tells marks, example and replay."""
    page = as_html(report(HELD, SKIPPED, BROKEN))
    links = Links()
    links.feed(page)
    assert [] == links.fetched
    assert "&lt;boom&gt;" in page
    assert "<boom>" not in page
    assert "documented" in page
    assert "law(x=1)" in page
    assert "--only rrs.batch" in page
    assert "Not checked: there is no storage." in page
    assert "All promises held" in as_html(report(HELD))


def test_json_has_everything():
    """The JSON object has each check with its verdict, and the replay of what broke."""
    shown = json.loads(json.dumps(as_json(report(HELD, BROKEN))))
    assert {"held": 1, "broken": 1, "not applicable": 0} == shown["counts"]
    assert ["held", "broken"] == [one["verdict"] for one in shown["checks"]]
    assert "replay" not in shown["checks"][0]
    assert shown["checks"][1]["replay"].endswith("--only rrs.batch")
