"""Diagnosing with little to go by, and the parts that it is made of."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlclient import (
    BlobLocation,
    NotSent,
    RetrainingSetup,
    Transport,
    TransportError,
    UnexpectedAnswer,
    WrongCall,
    diagnose,
)
from amlclient._addresses import ServiceAddress
from amlclient._diagnosis.checks_model import flaw_of_joining
from amlclient._diagnosis.probe import Probe, flaw_of_token, varied
from amlcontracts import load
from amlemulator import Emulator
from client.fake_service import MANAGEMENT_URL, SCORING, TOKEN, WORKSPACE, FakeService, transport
from support.causes import CAUSES
from support.retraining import ReadingTransport, Retraining, emulator_for_diagnoses, retrained, transport_to

FAKE_PATCH = f"{MANAGEMENT_URL}/workspaces/{WORKSPACE}/webservices/{SCORING}/endpoints/ep1"
REQUEST = {"Inputs": {"input1": {"ColumnNames": ["age"], "Values": [[1]]}}}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    retrained("census")
    made = emulator_for_diagnoses()
    yield made
    made.close()


@pytest.fixture(scope="module")
def reading(emulator) -> Transport:
    return transport_to(emulator)


@pytest.fixture
def retraining(emulator) -> Iterator[Retraining]:
    made = Retraining(emulator, random.Random(7), known=False)
    yield made
    made.close()


def found(diagnosis):
    """Return what is wrong, as pairs of check and causes."""
    return [(one.check, one.failures) for one in diagnosis.findings]


def outcome(diagnosis, check):
    return next(one for one in diagnosis.checks if one.check == check)


# With little to go by


def test_without_any_address_it_is_a_wrong_call():
    """Nobody could say which workspace is meant."""
    with pytest.raises(WrongCall, match="--patch-url"):
        diagnose(RetrainingSetup(token="x"))


def test_a_service_that_cannot_be_reached_is_told():
    """Nothing is said about a service that does not answer."""
    with pytest.raises(TransportError):
        diagnose(RetrainingSetup(patch_url=FAKE_PATCH.replace("aml.test", "127.0.0.1:1"), token="x"))


def test_without_a_token_the_workspace_is_not_read(reading, retraining):
    """What can be seen without one is checked, the rest is told to be unknown; nothing wrong is made up."""
    setup = replace(retraining.setup, token=None, training_key=None)
    diagnosis = diagnose(setup, transport=reading)
    assert [] == found(diagnosis)
    assert ("neither a token nor an endpoints file is given",) == (
        outcome(diagnosis, "patch-url").evidence[0].partition(": ")[2:]
    )
    assert ["ok", "ok", "ok"] == [outcome(diagnosis, check).outcome for check in ("key", "model", "sas")]


@pytest.mark.parametrize("cause", ["token-for-key", "key-of-another-endpoint", "key-regenerated", "fresh-endpoint"])
def test_keys_that_nobody_knows_look_the_same(reading, retraining, cause):
    """Without a token four causes of a 401 are one, and the test that parts them is told; a workspace's token shows."""
    CAUSES[cause].inject(retraining)
    setup = RetrainingSetup(scoring_url=retraining.setup.scoring_url, scoring_key=retraining.setup.scoring_key)
    diagnosis = diagnose(setup, transport=reading)
    four = ("token-for-key", "key-of-another-endpoint", "key-regenerated", "fresh-endpoint")
    expected = ("token-for-key",) if cause == "token-for-key" else four
    assert [("key", expected)] == found(diagnosis)
    parted = diagnosis.findings[0].parted_by()
    assert (parted is None) == (len(expected) == 1)


def test_the_region_of_a_scoring_address_shows_without_a_token(reading, retraining):
    """Swagger documents need no key: the host that has the endpoint's is that of the region."""
    CAUSES["region-scoring"].inject(retraining)
    diagnosis = diagnose(RetrainingSetup(scoring_url=retraining.setup.scoring_url), transport=reading)
    assert [("region", ("region-scoring",))] == found(diagnosis)
    assert retraining.workspace.region in diagnosis.findings[0].evidence[0]


class Lonely(ReadingTransport):
    """Reaches the hosts of some regions only."""

    labels: tuple[str, ...] = ()

    def send(self, call, deadline):
        """Send it, unless it goes to another region."""
        if "/workspaces/" in call.url and not any(f"/{label}/" in call.url for label in self.labels):
            raise NotSent("the host name is not known", method=call.method, url=call.url)
        return super().send(call, deadline)


@pytest.mark.parametrize("cause", ["region-scoring", "region-management"])
def test_regions_that_cannot_be_reached_are_passed_over(emulator, retraining, cause):
    """The right region is found among those that answer; where the given host itself is gone, that is told."""
    CAUSES[cause].inject(retraining)
    setup = retraining.setup
    if cause == "region-scoring":
        setup = RetrainingSetup(scoring_url=setup.scoring_url)
    lonely = Lonely(transport_to(emulator)._session)
    given = ServiceAddress.parse(setup.patch_url or setup.scoring_url)
    places = [load("regions")[region] for region in (given.region, retraining.workspace.region)]
    lonely.labels = tuple(place[role] for place in places for role in ("management", "services"))
    assert (cause,) == next(one.failures for one in diagnose(setup, transport=lonely).findings)
    lonely.labels = ("nowhere",)
    with pytest.raises(TransportError):
        diagnose(setup, transport=lonely)


def test_an_endpoints_own_key_is_a_token_too(reading, retraining):
    """It opens the endpoint, though not the list of services."""
    key = retraining.endpoint(retraining.scoring, retraining.name).primary_key
    diagnosis = diagnose(replace(retraining.setup, token=key), transport=reading)
    assert [] == found(diagnosis)
    assert ["ok"] * 4 == [outcome(diagnosis, check).outcome for check in ("patch-url", "service", "token", "serves")]


@pytest.mark.parametrize(
    ("patch_url", "failures"),
    [
        ("endpoints/default", [("default", ("patch-on-default",))]),
        (f"endpoints/{'a' * 32}", [("patch-url", ("guid-for-endpoint-name",))]),
    ],
)
def test_what_an_address_shows_by_itself_is_found_without_a_token(reading, retraining, patch_url, failures):
    """The default endpoint and a GUID are seen in the PATCH URL."""
    head = retraining.setup.patch_url.rpartition("endpoints/")[0]
    assert failures == found(diagnose(RetrainingSetup(patch_url=head + patch_url), transport=reading))


@pytest.mark.parametrize(
    "changes",
    [
        {"patch_url": "http://127.0.0.1:8350/nowhere"},
        {"scoring_url": "http://127.0.0.1:8350/management/workspaces/w/webservices/s/endpoints/e"},
    ],
)
def test_an_address_of_something_else_is_wrong(reading, retraining, changes):
    """It is told as what it is, though the catalogue has no such failure."""
    diagnosis = diagnose(replace(retraining.setup, **changes), transport=reading)
    assert () == diagnosis.findings[0].failures
    assert next(iter(changes.values())) in diagnosis.findings[0].evidence[0]


def test_another_workspace_and_another_service_are_wrong(emulator, reading):
    """An id that is not the workspace's, or not of its services, is told with those that are."""
    known = Retraining(emulator, random.Random(3), known=True)
    url = known.setup.patch_url
    for wrong in (url.replace(known.workspace.id, "0" * 32), url.replace(known.scoring.id, "0" * 32)):
        (finding,) = diagnose(replace(known.setup, patch_url=wrong), transport=reading).findings
        assert ("patch-url", ()) == (finding.check, finding.failures)
        assert "0" * 32 in finding.evidence[0]
    known.close()


def test_where_several_endpoints_were_added_one_has_to_be_named(emulator, reading):
    """Without a PATCH URL the only added endpoint is meant, or the one that is named."""
    known = Retraining(emulator, random.Random(3), known=True)
    known.add("more")
    known.later()
    bare = RetrainingSetup(workspace=known.setup.workspace, scoring_service=known.scoring.name)
    assert "unknown" == outcome(diagnose(bare, transport=reading), "patch-url").outcome
    named = diagnose(replace(bare, endpoint_name=known.name), transport=reading)
    assert ([], "ok") == (found(named), outcome(named, "serves").outcome)
    absent = diagnose(replace(bare, endpoint_name="absent"), transport=reading)
    assert [("patch-url", ("endpoint-never-added",))] == found(absent)
    with pytest.raises(WrongCall, match="no web service 'Nope'"):
        diagnose(replace(bare, scoring_service="Nope"), transport=reading)
    known.close()


@pytest.mark.parametrize(("patched", "alike"), [(False, 4), (True, 0)])
def test_a_service_that_does_not_show_where_models_come_from(patched, alike):
    """The answers alone tell: the same as the default endpoint's leave four causes, others none."""
    service = FakeService()
    service.manage("PUT", SCORING, "ep1", "/endpoints/ep1", b"")
    service.shows_resources = False
    if patched:
        service.endpoints["ep1"].model = {"BaseLocation": "http://b/", "RelativeLocation": "c/m.ilearner"}
    setup = RetrainingSetup(patch_url=FAKE_PATCH, token=TOKEN, request=REQUEST)
    diagnosis = diagnose(setup, transport=transport(service))
    assert ([alike] if alike else []) == [len(one.failures) for one in diagnosis.findings]
    assert "ok" == outcome(diagnosis, "service").outcome  # its help page names the resource
    assert {"GET", "POST"} >= {method for method, _ in service.calls}


def test_an_older_model_is_one_that_was_never_patched(reading, retraining):
    """The endpoint has a model, but not that of the job."""
    results = retraining.train()
    setup = replace(retraining.setup, model=results["output1"], job_id=retraining.job_id)
    diagnosis = diagnose(setup, transport=reading)
    assert [("serves", ("endpoint-never-patched",))] == found(diagnosis)


def test_a_running_job_is_no_fault(reading, retraining):
    """It is told to be waited for."""
    job_id = retraining.submit()
    retraining.start(job_id)
    diagnosis = diagnose(replace(retraining.setup, job_id=job_id), transport=reading)
    assert ([], "unknown") == (found(diagnosis), outcome(diagnosis, "job").outcome)


def test_a_diagnosis_as_json(reading, retraining):
    """The same in both languages: what was asked, what was seen, the causes with why and mend."""
    CAUSES["endpoint-never-patched"].inject(retraining)
    told = []
    diagnosis = diagnose(retraining.setup, transport=reading, on_check=told.append)
    assert diagnosis.checks == tuple(told)
    english, korean = diagnosis.to_json(), diagnosis.to_json("ko")
    assert (False, [["endpoint-never-patched", "refresh-discards-model"]]) == (english["ok"], english["found"])
    assert [check["id"] for check in load("failures")["checks"]] == [check["check"] for check in english["checks"]]
    last = korean["checks"][-1]
    assert "끝점이 새 모델로 응답합니까?" == last["question"]
    assert last["parted_by"] != english["checks"][-1]["parted_by"]
    assert {"id", "link", "title", "why", "mend", "mended"} == set(last["causes"][0])


# The parts

TOKEN_OF_OLD = (
    "?sv=2013-08-15&sr=c&sig=" + "A" * 43 + "%3D&st=2018-01-01T00%3A00%3A00Z&se=2018-01-02T00%3A00%3A00Z&sp=rl"
)


@pytest.mark.parametrize(
    ("token", "flaw"),
    [
        (TOKEN_OF_OLD, None),
        ("", "no SasBlobToken"),
        ("?", "no SasBlobToken"),
        (TOKEN_OF_OLD.replace("&sp=rl", ""), "has no sp"),
        (TOKEN_OF_OLD.replace("sr=c&", ""), "has no sr"),
        (TOKEN_OF_OLD.replace("AAAA", "A", 1), "not whole"),
        (TOKEN_OF_OLD.replace("AAAA", "A!AA", 1), "not whole"),
        (TOKEN_OF_OLD.replace("se=2018-01-02T00%3A00%3A00Z", "se=2018-01-0"), "no time: 2018-01-0"),
        ("?sv=2015-04-05&sr=b&si=policy&sig=" + "A" * 43 + "%3D", None),
        ("?sv=2015-04-05&ss=b&srt=o&sig=" + "A" * 43 + "%3D", "has no se, sp"),
    ],
)
def test_flaws_of_tokens(token, flaw):
    """What a token lacks is said; a whole one has no flaw."""
    told = flaw_of_token(token)
    assert (flaw is None) == (told is None)
    assert flaw is None or flaw in told.text()


BASE_LOCATION = "http://127.0.0.1:10000/devstoreaccount1/"


@pytest.mark.parametrize(
    ("base", "relative", "right"),
    [
        (BASE_LOCATION, "c/m.ilearner", True),
        (BASE_LOCATION.rstrip("/"), "/c/m.ilearner", True),
        ("https://store.blob.core.windows.net/", "experimentoutput/a/b.ilearner", True),
        ("https://store.blob.core.windows.net/", "store/b.ilearner", False),
        (BASE_LOCATION, "devstoreaccount1/c/m.ilearner", False),
        (BASE_LOCATION, BASE_LOCATION + "c/m.ilearner", False),
        (BASE_LOCATION, "c/m.ilearner?sv=1", False),
        (BASE_LOCATION + "c/m.ilearner", "m.ilearner", False),
        (BASE_LOCATION + "c/m.ilearner", "", False),
        ("", "c/m.ilearner", False),
        ("devstoreaccount1", "c/m.ilearner", False),
    ],
)
def test_flaws_of_joining(base, relative, right):
    """What the two values themselves show."""
    assert right == (flaw_of_joining(BlobLocation(relative, base)) is None)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\r\n\t"), min_size=1))
def test_text_is_text(text):
    """Whatever alphabet it is written in, also when the range cuts a character."""
    content = text.encode()
    assert Probe(content).is_text
    assert Probe(content[: len(content) - 1] or content).is_text


@given(st.binary(max_size=40), st.integers(0, 8))
def test_what_holds_control_characters_is_no_text(content, control):
    """As every model does, which begins with its size."""
    assert not Probe(content + bytes([control]) + content + b"....").is_text
    assert not Probe(None).is_text


def test_rows_made_of_the_sample():
    """The first row is the sample itself; numbers and categories vary after it, and whole numbers stay whole."""
    document = {
        "definitions": {
            "ExecutionRequest": {
                "example": {
                    "Inputs": {"in": [{"n": 4, "x": 1.5, "c": "a", "t": "text", "b": True}]},
                    "GlobalParameters": {"P": "1"},
                }
            },
            "inItem": {"properties": {"c": {"enum": ["a", "b", "c"]}, "n": {"type": "integer"}}},
        }
    }  # fmt: skip
    body = varied(document)
    names, rows = body["Inputs"]["in"]["ColumnNames"], body["Inputs"]["in"]["Values"]
    assert (["n", "x", "c", "t", "b"], [4, 1.5, "a", "text", True], {"P": "1"}) == (
        names,
        rows[0],
        body["GlobalParameters"],
    )
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    assert {"a", "b", "c"} == set(columns["c"])
    assert all(isinstance(cell, int) for cell in columns["n"])
    assert len(set(columns["x"])) > 4
    assert ({"text"}, {True}) == (set(columns["t"]), set(columns["b"]))
    assert 1 == len(varied(document, rows=1)["Inputs"]["in"]["Values"])
    with pytest.raises(UnexpectedAnswer, match="no sample request"):
        varied({})
