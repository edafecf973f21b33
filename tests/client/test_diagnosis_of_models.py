"""The checks of what a PATCH brings and whether it is served, each by itself, and what they are made of."""

from types import SimpleNamespace

import pytest

from amlclient import BlobLocation, Endpoint, JobStatus, NotFound, ServiceError, Unauthorized, UnexpectedAnswer
from amlclient._diagnosis import checks_access, checks_model, checks_serving
from amlclient._diagnosis import result as results
from amlclient._diagnosis.probe import Probe, flaw_of_token, joined_without_mark, varied
from amlclient._diagnosis.sightings import seen
from amlclient._diagnosis.survey import Place
from amlclient._failures import known_failure
from amlclient._models import JobState, Resource
from amlcontracts import load
from support.surveys import ADDED, DEFAULT, G1, OTHER, SCORED, SCORES, Told, ok, survey, told, unknown, wrong

UNAUTHORIZED = Unauthorized(401, "Unauthorized", "no")
JOB = {"training_url": f"{SCORED}/workspaces/w/services/{G1}", "training_key": "k", "job_id": "j"}
MADE = BlobLocation("c/m.ilearner", "http://b/", "?sig=x")
EXPIRED = "Signature not valid in the specified time frame"
NO_JOB = unknown("job", "no job is given (its id, and address and key of the training endpoint)")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, NO_JOB),
        ({**JOB, "job_id": None}, NO_JOB),
        ({**JOB, "training_key": None}, NO_JOB),
        ({**JOB, "training_url": None}, NO_JOB),
        *(
            (
                {**JOB, "training_url": f"{JOB['training_url']}/{path}"},
                wrong(
                    "job",
                    "rrs-on-training",
                    f"{JOB['training_url']}/{path} is the address of RRS; a job is sent to /jobs",
                ),
            )
            for path in ("execute", "score", "execute/")
        ),
        ({**JOB, "job": (None, UNAUTHORIZED)}, wrong("job", checks_access.KEYS, "401 Unauthorized: no")),
        (
            {**JOB, "job": (None, UNAUTHORIZED), "is_token": lambda given: given == "k"},
            wrong("job", "token-for-key", "401 Unauthorized: no"),
        ),
        (
            {
                **JOB,
                "training_key": "key-default",
                "place_of": lambda address: address and DEFAULT,
                "job": (None, UNAUTHORIZED),
            },
            wrong("job", "fresh-endpoint", "401 Unauthorized: no"),
        ),
        ({**JOB, "job": (None, NotFound(404, "N", "m"))}, wrong("job", "job-deleted", "404 N: m")),
        ({**JOB, "job": (None, ServiceError(500, "X", "m"))}, unknown("job", "500 X: m")),
        (
            {**JOB, "job": (JobStatus(JobState.RUNNING), None)},
            unknown("job", "job j is Running: wait until it is Finished"),
        ),
        (
            {**JOB, "job": (JobStatus(JobState.UNKNOWN), None)},
            unknown("job", "job j is Unknown: wait until it is Finished"),
        ),
        (
            {**JOB, "job": (JobStatus(JobState.CANCELLED), None)},
            wrong("job", "job-cancelled", "job j is Cancelled"),
        ),
        (
            {**JOB, "job": (JobStatus(JobState.FAILED, details="Error 0085"), None)},
            wrong("job", "module-fails", "job j is Failed", "Error 0085"),
        ),
        (
            {**JOB, "job": (JobStatus(JobState.FAILED, details=EXPIRED), None)},
            wrong("job", "input-sas-expired", "job j is Failed", EXPIRED),
        ),
        (
            {**JOB, "job": (JobStatus(JobState.FINISHED, {"o": BlobLocation("c/e.csv")}), None)},
            wrong(
                "job",
                "output-not-on-train-model",
                "job j is Finished, and none of its results is a model",
                "o: c/e.csv",
            ),
        ),
        (
            {**JOB, "job": (JobStatus(JobState.FINISHED, {"e": BlobLocation("c/e.csv"), "m": MADE}), None)},
            ok("job", "job j is Finished", "e: c/e.csv", "m: c/m.ilearner"),
        ),
    ],
)
def test_the_job(members, expected) -> None:
    """Called through RRS, refused, unknown, not ended, ended badly, ended without a model, or well."""
    assert expected == told(checks_model.job(survey(**members)))


BINARY, TEXT = Probe(b"\x00\x01\x02"), Probe(b"a,b\n1,2\n" * 10)


@pytest.mark.parametrize(
    ("location", "probe", "expected"),
    [
        (None, None, unknown("model", "no model is given, and no job that made one")),
        (MADE, BINARY, ok("model", "c/m.ilearner is a binary file")),
        (
            MADE,
            TEXT,
            wrong(
                "model",
                "renamed-as-model",
                "c/m.ilearner is text that begins with " + repr(("a,b\n1,2\n" * 10)[:40]) + ": a model is binary",
            ),
        ),
        (
            MADE,
            Probe("가".encode() * 20),
            wrong(
                "model",
                "renamed-as-model",
                f"c/m.ilearner is text that begins with '{'가' * 13}\ufffd': a model is binary",
            ),
        ),
        (MADE, None, unknown("model", "c/m.ilearner cannot be read; that is the next check")),
        (MADE, Probe(unreachable="x"), unknown("model", "c/m.ilearner cannot be read; that is the next check")),
        (
            BlobLocation("c/e.csv", "http://b/"),
            BINARY,
            wrong("model", "evaluation-as-model", "c/e.csv does not end in .ilearner"),
        ),
        (
            BlobLocation("c/e.csv?x", "http://b/"),
            BINARY,
            ok("model", "c/e.csv?x is a binary file"),
        ),
        (
            BlobLocation(None, "http://b/c/m.ilearner"),
            Probe(unreachable="x"),
            unknown("model", "(no RelativeLocation) cannot be read; that is the next check"),
        ),
        (
            BlobLocation("c/m.ilearnersv=1&sig=x", "http://b/"),
            BINARY,
            unknown("model", "name and token of the blob are not told apart; that is the next check"),
        ),
    ],
)
def test_the_model(location, probe, expected) -> None:
    """None, a binary file, text, an evaluation, or what cannot be read."""
    assert expected == told(checks_model.model(survey(model=location, probe=probe)))


SIG = "A" * 43 + "%3D"
WHOLE = f"?sv=2015-04-05&sr=b&sig={SIG}&se=2099-01-01&sp=r"
FULL = BlobLocation("c/m.ilearner", "http://b/acct/", WHOLE)
GONE = ServiceError(404, "BlobNotFound", "m")
FORBIDDEN = ServiceError(403, "AuthenticationFailed", "Signature did not match.", method="GET", url="http://b/acct/c/m")


def refused(error: ServiceError, location: BlobLocation = FULL, **members: object) -> Told:
    return told(checks_model.sas(survey(model=location, probe=Probe(error=error), **members)))


def test_the_token_of_the_model() -> None:
    """Whether storage opens, and what the values themselves show."""
    none = unknown("sas", "no model is given, and no job that made one")
    assert [none, none] == [told(checks_model.sas(one)) for one in (survey(), survey(model=FULL))]
    joined = BlobLocation("c/m.ilearnersv=1&sig=x", "http://b/")
    expected = wrong("sas", "sas-without-question-mark", "name and token are one: http://b/c/m.ilearnersv=1&sig=***")
    assert expected == told(checks_model.sas(survey(model=joined, probe=BINARY)))
    opened, unasked = (
        told(checks_model.sas(survey(model=FULL, probe=one))) for one in (BINARY, Probe(unreachable="why"))
    )
    assert ok("sas", "GET http://b/acct/c/m.ilearner opens with the token") == opened
    assert unknown("sas", "storage cannot be asked: why") == unasked
    twice = BlobLocation("acct/c/m.ilearner", "http://b/acct/", WHOLE)
    flaw = "the account 'acct' stands in BaseLocation and again in RelativeLocation"
    assert wrong("sas", "locations-joined-wrongly", flaw) == told(checks_model.sas(survey(model=twice, probe=BINARY)))


def test_why_storage_refuses() -> None:
    """The blob is gone or lies elsewhere, the token is cut or for another blob, or it is not known."""
    assert wrong("sas", "model-blob-deleted", "404 BlobNotFound: m") == refused(GONE)
    mislaid = BlobLocation("other/m.ilearner", "http://b/acct/")
    expected = wrong(
        "sas",
        "locations-joined-wrongly",
        "the job's model is at http://b/acct/other/m.ilearner",
        "404 BlobNotFound: m",
    )
    results = (BlobLocation("c/e.csv", "http://b/acct/"), mislaid)
    for name in ("c/m.ilearner", "c/deep/m.ilearner"):
        assert expected == refused(GONE, BlobLocation(name, "http://b/acct/", WHOLE), results=results)
    assert wrong("sas", "model-blob-deleted", "404 BlobNotFound: m") == refused(GONE, results=(FULL,))
    cut = BlobLocation("c/m.ilearner", "http://b/acct/", "?sv=1")
    lacks = "the SasBlobToken has no sr, sig, se, sp"
    assert wrong("sas", "sas-cut", lacks, "404 BlobNotFound: m") == refused(GONE, cut)
    assert wrong("sas", "sas-cut", "there is no SasBlobToken", "404 BlobNotFound: m") == refused(
        GONE, BlobLocation("c/m.ilearner", "http://b/acct/")
    )
    assert unknown("sas", "500 X: m") == refused(ServiceError(500, "X", "m"))
    assert [wrong("sas", (), f"{status} X: m") for status in (401, 403)] == [
        refused(ServiceError(status, "X", "m")) for status in (401, 403)
    ]


def test_what_else_a_token_opens() -> None:
    """The job's other blob, or its model under another address; else three causes look the same."""
    error = FORBIDDEN
    assert checks_model.MISMATCH == error.failures
    other, mislaid = BlobLocation("c/e.csv", "http://b/acct/"), BlobLocation("d/m.ilearner", "http://b/acct/")

    def asked(opens_with: bool, *results: BlobLocation) -> Told:
        opened = [f"{one.url}{WHOLE}" for one in results] if opens_with else []
        looked = lambda location: Probe(b"x" if location.url in opened else None)  # noqa: E731
        return refused(error, results=results, look=looked)

    assert wrong("sas", checks_model.MISMATCH, str(error)) == asked(False, other)
    assert wrong("sas", checks_model.MISMATCH, str(error)) == asked(True, FULL)
    told = "the token opens http://b/acct/c/e.csv"
    assert wrong("sas", "sas-of-another-blob", str(error), told) == asked(True, FULL, other)
    told = "the token opens http://b/acct/d/m.ilearner"
    assert wrong("sas", "locations-joined-wrongly", str(error), told) == asked(True, mislaid)


@pytest.mark.parametrize(
    ("base", "relative", "flaw"),
    [
        ("", "/c/m", "BaseLocation is '' and RelativeLocation is 'c/m': both are needed"),
        ("http://b/", None, "BaseLocation is 'http://b/' and RelativeLocation is '': both are needed"),
        ("http://b/", "http://b/c/m", "RelativeLocation is container and blob alone, not 'http://b/c/m'"),
        ("http://b/", "c/m?s", "RelativeLocation is container and blob alone, not 'c/m?s'"),
        ("acct", "c/m", "BaseLocation is the address of the account, not 'acct'"),
        ("http://b/?s", "c/m", "BaseLocation is the address of the account, not 'http://b/?s'"),
        (
            "https://acct.blob.core.windows.net/",
            "/acct/c/m",
            "the account 'acct' stands in BaseLocation and again in RelativeLocation",
        ),
        ("http://b/acct/c/m.ilearner/", "x", "BaseLocation holds the whole address: http://b/acct/c/m.ilearner/"),
        ("http://b/acct/c/m.ilearner/", "x/y", None),
        ("http://b/acct/c/m.csv", "x", None),
        ("http://b/acct", "c/acct", None),
        ("http://b/acct", "/Xacct/c/m", None),
        ("http://b/acctX/", "acct/c/m", None),
        ("http://b/acct/c/m.ilearnerX", "x", None),
    ],
)
def test_what_the_two_locations_show(base, relative, flaw) -> None:
    """What is missing, said twice, or in the other one's place; a name that is longer by a letter is another name."""
    found = checks_model.flaw_of_joining(BlobLocation(relative, base))
    assert flaw == (found and str(found))


@pytest.mark.parametrize(
    ("token", "flaw"),
    [
        ("", "there is no SasBlobToken"),
        ("?& ", "there is no SasBlobToken"),
        ("X", "the SasBlobToken has no sv, sr, sig, se, sp"),
        (f"X{WHOLE[1:]}", "the SasBlobToken has no sv"),
        (WHOLE, None),
        (f"&{WHOLE[1:]}", None),
        ("?sv=1&sr=b", "the SasBlobToken has no sig, se, sp"),
        ("?sv=&sr=b&si=p", "the SasBlobToken has no sv, sig"),
        ("?sv=1&ss=&srt=o&si=p&sig=x", "the SasBlobToken has no ss, se, sp"),
        ("?ss=b&sig=x", "the SasBlobToken has no sv, srt, se, sp"),
        (WHOLE.replace("A%3D", "%3D"), "the signature (sig) in the SasBlobToken is not whole"),
        (WHOLE.replace("AAAA", "A+AA", 1), None),
        (WHOLE.replace("2099-01-01", "2099-01"), "the expiry (se) in the SasBlobToken is no time: 2099-01"),
        (WHOLE.replace("2099-01-01", "2099-01-01T00:00:00.5Z"), None),
    ],
)
def test_what_a_token_lacks(token, flaw) -> None:
    """The whole sentence; of a whole token none."""
    found = flaw_of_token(token)
    assert flaw == (found and str(found))


@pytest.mark.parametrize(
    ("relative", "joined"),
    [("c/m.ilearnersv=1&sig=x", True), ("c/m.ilearnersig=x/y&", False), ("c/m.ilearner", False), (None, False)],
)
def test_a_name_that_holds_its_token(relative, joined) -> None:
    """Without the question mark between them."""
    assert joined is joined_without_mark(BlobLocation(relative))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, False),
        (b"", True),
        (b"a\tb c\r\n", True),
        (b"a\x1fb", False),
        ("\ufeffä".encode(), True),
        ("aä".encode()[:-1], True),
        (b"\xff" + b"a" * 3, False),
        (b"\xff" + b"a" * 2, True),
    ],
)
def test_what_is_text(content, text) -> None:
    """Whatever can be read as characters, a cut last one apart; control characters are none."""
    assert text is Probe(content).is_text


def test_rows_are_made_of_the_sample() -> None:
    """Row by row: numbers by their shares, categories in turn, all else as it is."""
    document = {
        "definitions": {
            "ExecutionRequest": {
                "example": {"Inputs": {"i": [{"n": 4, "x": 2.5, "c": "a", "b": True, "t": None}], "e": [], "s": "x"}}
            },
            "iItem": {"properties": {"c": {"enum": ["a", "b", "c"]}, "n": {"type": "integer"}}},
        }
    }
    values = [
        [4, 2.5, "a", True, None],
        [0, 5.0, "a", True, None],
        [8, 1.25, "b", True, None],
        [2, 25.0, "c", True, None],
    ]
    expected = {"Inputs": {"i": {"ColumnNames": ["n", "x", "c", "b", "t"], "Values": values}}, "GlobalParameters": {}}
    assert expected == varied(document, rows=4)
    assert 8 == len(varied(document)["Inputs"]["i"]["Values"])
    with pytest.raises(UnexpectedAnswer) as caught:
        varied({"definitions": {"ExecutionRequest": None}})
    assert "the swagger document has no sample request" == str(caught.value)


NAMED = Endpoint("ep1", resources=(Resource("m"), Resource("n")))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, unknown("resource", "no name is given; the endpoint shows no resource")),
        (
            {"target": ADDED, "detail": lambda found: NAMED},
            unknown("resource", "no name is given; the endpoint has 'm', 'n'"),
        ),
        (
            {"target": ADDED, "detail": lambda found: NAMED, "resource_name": " "},
            wrong("resource", "resource-name-empty", "the name is empty; the endpoint has 'm', 'n'"),
        ),
        ({"resource_name": "m"}, unknown("resource", "the endpoint shows no resource")),
        (
            {"target": ADDED, "detail": lambda found: NAMED, "resource_name": "zzz"},
            wrong("resource", "resource-name-wrong", "there is no resource 'zzz'; the endpoint has 'm', 'n'"),
        ),
        ({"target": ADDED, "detail": lambda found: NAMED, "resource_name": "n"}, ok("resource", "'n' is there")),
    ],
)
def test_the_resource(members, expected) -> None:
    """Not given, empty, not there, or right."""
    assert expected == told(checks_model.resource(survey(**members)))


def serving(shown: dict[str, Endpoint], **members: object) -> Told:
    """Return what is said of endpoint ep1; ``shown`` are the endpoints as the service shows them."""
    facts = {
        "target": ADDED,
        "places": lambda service: (DEFAULT, ADDED, OTHER) if service is SCORES else (),
        "detail": lambda found: shown.get(found.endpoint.name),
        "swagger": lambda url: (None, None),
        "score": lambda url, key: (SimpleNamespace(table=[1, 2]), None),
    }
    return told(checks_serving.serves(survey(**{**facts, **members})))


def with_model(location: BlobLocation | None = None) -> Endpoint:
    return Endpoint("x", resources=(Resource("m", location=location or BlobLocation()),))


FROM = "its model comes from http://b/c/m.ilearner"
ALIKE = "2 rows are answered as the default endpoint does"


def test_whether_the_endpoint_serves_the_model() -> None:
    """By where its model comes from, then by its answers."""
    nobody = unknown("serves", "it is not known which endpoint is updated")
    assert [nobody, nobody] == [serving({}), serving({"ep1": with_model()}, target=None)]
    told = "the model of the endpoint 'ep1' of 'Scorer' is as deployed"
    never = wrong("serves", checks_serving.NEVER, told)
    assert [never, never] == [serving({"ep1": with_model(), **others}) for others in ({}, {"ep2": with_model(MADE)})]
    assert never == serving({"ep1": with_model()}, model=MADE)
    expected = wrong("serves", "another-endpoint-patched", told, "the endpoint 'ep2' of 'Scorer' has that model")
    assert expected == serving({"ep1": with_model(), "ep2": with_model(MADE)}, model=MADE)
    other = with_model(BlobLocation("c/old.ilearner", "http://b/"))
    told = "its model comes from http://b/c/old.ilearner, not from http://b/c/m.ilearner"
    assert wrong("serves", "endpoint-never-patched", told) == serving({"ep1": other}, model=MADE)
    expected = wrong("serves", "another-endpoint-patched", told, "the endpoint 'ep2' of 'Scorer' has that model")
    assert expected == serving({"ep1": other, "ep2": with_model(MADE)}, model=MADE)
    assert wrong("serves", "endpoint-never-patched", told) == serving(
        {"ep1": other, "default": with_model(MADE)}, model=MADE
    )
    assert wrong("serves", checks_serving.ALIKE, FROM, ALIKE) == serving({"ep1": with_model(MADE)}, model=MADE)


def by_url(url: str, key: str) -> tuple[object, None]:
    return SimpleNamespace(table=[url, key]), None


def test_whether_the_answers_differ() -> None:
    """The same rows are asked of both; without a way to ask it is not known."""
    shown = {"ep1": with_model(MADE)}

    differ = "the same rows are answered otherwise than by the default endpoint"
    assert ok("serves", FROM, differ) == serving(shown, score=by_url)
    nothing = "there is no default endpoint to hold it against"
    assert unknown("serves", FROM, nothing) == serving(shown, places=lambda service: (ADDED,))
    keyless = Place(SCORES, Endpoint("default", f"{SCORED}/workspaces/w/services/{G1}"))
    assert unknown("serves", FROM, nothing) == serving(shown, places=lambda service: (keyless, ADDED))
    refused_score = serving(shown, score=lambda url, key: (None, ServiceError(503, "X", "m")))
    assert unknown("serves", FROM, "the endpoint 'ep1' of 'Scorer' cannot be scored: 503 X: m") == refused_score
    hidden = "the service does not show where its model comes from"
    expected = wrong("serves", checks_serving.NOT_SHOWN, hidden, ALIKE)
    assert expected == serving({"ep1": Endpoint("ep1")})
    assert expected == serving({"ep1": NAMED})
    assert expected == serving({"ep1": with_model(MADE)}, resource_name="other")
    assert ok("serves", FROM, differ) == serving(shown, score=by_url, resource_name="m")


def test_a_default_endpoint_that_publishing_does_not_reach() -> None:
    """Told beside an endpoint that serves well or is not known to; where something is wrong, that is told alone."""
    kept = Place(
        SCORES, Endpoint("default", f"{SCORED}/workspaces/w/services/{G1}", primary_key="k", prevent_update=True)
    )
    both = {"places": lambda service: (kept, ADDED)}
    prevented = "PreventUpdate is set on the endpoint 'default' of 'Scorer': what is published anew does not reach it"
    differ = "the same rows are answered otherwise than by the default endpoint"
    well = serving({"ep1": with_model(MADE)}, score=by_url, **both)
    assert wrong("serves", "prevent-update", FROM, differ, prevented) == well
    never = wrong("serves", checks_serving.NEVER, "the model of the endpoint 'ep1' of 'Scorer' is as deployed")
    assert never == serving({"ep1": with_model()}, **both)


def test_an_endpoint_of_an_older_deployment() -> None:
    """The default endpoint's description differs; one that cannot be read tells nothing."""

    def described(added: object, default: object):
        return lambda url: ((default if G1 in url else added), None)

    told = (
        "the endpoint 'default' of 'Scorer' was deployed anew: its inputs and outputs are others than those of the "
        "endpoint 'ep1' of 'Scorer'"
    )
    stale = wrong("serves", "republished-endpoint-stale", told)
    shown = {"ep1": with_model()}
    assert stale == serving(shown, swagger=described({"definitions": 1}, {"definitions": 2}))
    for added, default in (({"definitions": 1}, {"definitions": 1, "host": 2}), (None, {"definitions": 2})):
        assert "republished-endpoint-stale" not in serving(shown, swagger=described(added, default))[2]


def test_an_endpoint_without_an_address() -> None:
    """The service need not show one; then there is nothing to read and nothing to hold against another."""
    bare, asked = Place(SCORES, Endpoint("ep1", primary_key="k")), list[str]()

    def swagger(url: str) -> tuple[dict[str, object], None]:
        asked.append(url)
        return {"definitions": url}, None

    members = {"target": bare, "places": lambda service: (DEFAULT, bare), "swagger": swagger}
    expected = unknown("serves", FROM, "there is no default endpoint to hold it against")
    assert expected == serving({"ep1": with_model(MADE)}, **members)
    assert [f"{SCORED}/workspaces/w/services/{G1}"] == asked


def test_a_result_as_json() -> None:
    """What was asked, what was seen, and the causes as the catalogue explains them, in either language."""
    look = seen("quoted", text="seen sig=secret")
    result = results.wrong("sas", ("sas-cut", "sas-of-another-blob"), look)
    causes = tuple(map(known_failure, ("sas-cut", "sas-of-another-blob")))
    assert (causes, ("seen sig=***",)) == (result.causes, result.evidence)
    assert {
        "check": "sas",
        "question": result.question("ko"),
        "outcome": "wrong",
        "evidence": ["seen sig=***"],
        "seen": [{"message": "quoted", "values": {"text": "seen sig=***"}}],
        "causes": [
            {
                "id": one.id,
                "link": one.link(language="ko"),
                **{name: one.text(name, "ko") for name in ("title", "why", "mend", "mended")},
            }
            for one in causes
        ],
        "parted_by": result.parted_by("ko"),
    } == result.to_json("ko")
    assert result.question() == result.question("en") != result.question("ko")
    assert result.parted_by() == result.parted_by("en") != result.parted_by("ko")
    fine = results.ok("job", look)
    diagnosis = results.Diagnosis((fine, result))
    found = [["sas-cut", "sas-of-another-blob"]]
    assert {"ok": False, "found": found, "checks": [fine.to_json(), result.to_json()]} == diagnosis.to_json()
    assert (False, True, (result,)) == (diagnosis.healthy, results.Diagnosis((fine,)).healthy, diagnosis.findings)


def test_what_a_check_asks_and_what_would_part_its_causes() -> None:
    """The catalogue's question of that check; the test of the fewest causes that hold all of them, if there is one."""
    for one in load("failures")["checks"]:
        assert (one["en"], one["ko"]) == (results.ok(one["id"]).question(), results.ok(one["id"]).question("ko"))
    tests = {tuple(one["failures"]): one["test"]["en"] for one in load("failures")["alike"]}
    for causes, test in tests.items():
        assert test == results.wrong("x", causes).parted_by()
    four = checks_serving.NOT_SHOWN
    assert [tests[four], tests[checks_serving.ALIKE]] == [
        results.wrong("x", one).parted_by() for one in (four[1:], four[2:])
    ]
    for causes in (("sas-cut",), ("sas-cut", "patch-on-default")):
        assert None is results.wrong("sas", causes).parted_by()


def test_what_was_seen_reads_in_either_language() -> None:
    """Places hold texts, other sightings or several of them; secrets stand in none; as JSON it is data."""
    inner = seen("none")
    several = seen("quoted", text=("a", inner, 5))
    assert ["a, " + inner.text(one) + ", 5" for one in ("en", "ko")] == [several.text(one) for one in ("en", "ko")]
    assert several.text() == str(several) == several.text("en")
    listed = [{"message": "none", "values": {}}, 5]
    assert {"message": "quoted", "values": {"text": ["a", *listed]}} == several.to_json()
    assert str(inner) == str(seen("quoted", text=[]))
