"""Update Resource (PATCH) over the wire: who refuses what, and when a new model answers."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from amlemulator.core.connection import DEVELOPMENT_ACCOUNT
from amlemulator.ports.runner import Outcome
from amlemulator.samples import workspaces
from support import graphs
from support.blobs import CONTAINER, by_key, by_token, download, upload
from support.census import CLERK, MANAGER, NAMES, plain, probabilities
from support.runner import until
from support.state import unchanged
from support.wire import Place, Wire

NAME = "Census Model [trained model]"
INVALID_OPERATION = {"error": {"code": "InvalidOperation", "message": "The request is invalid in the current context."}}
INVALID_BLOB = (
    "Invalid blob specification for blob: {}. Verify that connection string / relative path or SAS token "
    "specification is correct and try again."
)
UNREADABLE = (
    "Error 0082: Model could not be deserialized because it is likely serialized with an older serialization format. "
    "Please retrain and re-save the model."
)
# Trains as the census sample does, only on the rows that it is sent.
TRAINING = next(one.experiment for sample in workspaces() for one in sample.services if one.graph == "census-model")


def body(location, name=NAME):
    return {"Resources": [{"Name": name, "Location": location}]}


def scores(target):
    return probabilities(target.score(plain(CLERK, MANAGER)))


@pytest.fixture(scope="session")
def models(emulator):
    """Give some model files: the census model, one retrained on other rows, and the bike model."""
    place = Place(Wire(emulator), emulator.add_workspace("Models"))
    census = next(iter(workspaces()[0].services[1].models.values()))
    bike = next(iter(workspaces()[0].services[3].models.values()))
    nodes = [
        {**node, "parameters": {"Number of trees constructed": 2}} if node["id"] == "learner" else node
        for node in TRAINING["nodes"]
        if node["id"] not in ("test", "score", "evaluate", "evaluation")
    ]
    target = place.deploy({**TRAINING, "nodes": nodes})
    return {"census": census, "bike": bike, "retrained": _train(target)}


def _train(target):
    emulator = target.place.emulator
    lines = [",".join(NAMES), *[",".join(CLERK), ",".join(MANAGER)] * 50]
    upload(emulator, "few.csv", "\n".join(lines).encode())
    given = {"Input": by_key("few.csv"), "Outputs": {"output1": by_key("few.ilearner")}}
    job = target.jobs("POST", "", given).json
    target.jobs("POST", f"/{job}/start")
    status = until(lambda: _ended(target.jobs("GET", f"/{job}").json))
    assert status["StatusCode"] == "Finished", status
    return download(emulator, "few.ilearner")


def _ended(status):
    return status if status["StatusCode"] in ("Finished", "Failed") else None


@pytest.fixture
def pair(place, models):
    """Deploy the census scoring service with an added endpoint, and store the model files as blobs."""
    for name, content in models.items():
        upload(place.emulator, f"{name}.ilearner", content)
    default = place.sample("census-model-predictive")
    return default, default.add("ep2")


def patch(target, given, **options):
    return target.place.manage("PATCH", target.managed, given, **options)


# What it does


def test_a_new_model_answers_on_its_endpoint_only(pair):
    """The patched endpoint answers with the new model at once, the default one with the old."""
    default, added = pair
    before = scores(default)
    assert before == scores(added)
    answer = patch(added, body(by_token(default.place.emulator, "retrained.ilearner")))
    assert (200, before, True) == (answer.status, scores(default), before != scores(added))


def test_the_answer_shows_where_the_model_came_from(pair):
    """The endpoint shows the location of its model, without the token of whoever patched it."""
    _, added = pair
    location = by_token(added.place.emulator, "retrained.ilearner")
    shown = patch(added, body({**location, "ConnectionString": None})).json
    assert shown == added.place.manage("GET", added.managed).json
    expected = {
        "BaseLocation": location["BaseLocation"],
        "RelativeLocation": "tests/retrained.ilearner",
        "SasBlobToken": None,
    }
    assert [{"Name": NAME, "Kind": "TrainedModel", "Location": expected}] == shown["Resources"]


def test_the_endpoints_own_key_does(pair):
    """Clients PATCH with the endpoint's own key, primary or secondary."""
    _, added = pair
    location = by_token(added.place.emulator, "retrained.ilearner")
    for key in (added.endpoint.primary_key, added.endpoint.secondary_key):
        assert 200 == patch(added, body(location), key=key).status


def test_slashes_as_clients_write_them(pair):
    """Base and relative location are joined by one slash, however many are written (clients.md section 7)."""
    _, added = pair
    location = by_token(added.place.emulator, "retrained.ilearner")
    base, relative = location["BaseLocation"], location["RelativeLocation"]
    for changes in (
        {"BaseLocation": base.rstrip("/")},
        {"RelativeLocation": "/" + relative},
        {"BaseLocation": base.rstrip("/"), "RelativeLocation": "/" + relative},
        {"BaseLocation": f"https://{DEVELOPMENT_ACCOUNT}.blob.core.windows.net"},
        {"BaseLocation": f"http://{DEVELOPMENT_ACCOUNT}.blob.core.windows.net/"},
        {"BaseLocation": f"http://127.0.0.1:8350/{DEVELOPMENT_ACCOUNT}.blob/"},
        {"SasBlobToken": location["SasBlobToken"].lstrip("?")},
    ):
        assert 200 == patch(added, body({**location, **changes})).status, changes


def test_the_model_is_copied(pair):
    """What happens to the blob afterwards does not matter."""
    _, added = pair
    patch(added, body(by_token(added.place.emulator, "retrained.ilearner")))
    after = scores(added)
    added.place.emulator.blobs.put(DEVELOPMENT_ACCOUNT, CONTAINER, "retrained.ilearner", io.BytesIO(b"gone"))
    added.place.emulator.scoring.forget()
    assert after == scores(added)


def test_settings_can_be_patched_on_any_endpoint(pair):
    """A PATCH without Resources changes settings, on the default endpoint as well."""
    for target in pair:
        shown = patch(target, {"Description": "d", "ThrottleLevel": "High", "MaxConcurrentCalls": 50}).json
        assert ("d", "High", 50) == (shown["Description"], shown["ThrottleLevel"], shown["MaxConcurrentCalls"])
        assert target.endpoint.primary_key == shown["PrimaryKey"]


def test_refresh_keeps_or_discards_a_patched_model(pair):
    """Without OverwriteResources a patched model stays; with it the default endpoint's comes back."""
    default, added = pair
    before = scores(added)
    patch(added, body(by_token(added.place.emulator, "retrained.ilearner")))
    after = scores(added)
    for given, status, expected in (("False", 304, after), ("True", 200, before), ("True", 304, before)):
        answer = added.place.manage("POST", f"{added.managed}/refresh", {"OverwriteResources": given})
        assert (status, expected) == (answer.status, scores(added))
    assert before == scores(default)


def test_a_patched_model_survives_a_restart(place_with, models, tmp_path):
    """The new model is kept in the emulator's own storage."""
    place = place_with(state=str(tmp_path / "state.db"))
    upload(place.emulator, "m.ilearner", models["retrained"])
    default = place.sample("census-model-predictive")
    added = default.add("ep2")
    patch(added, body(by_token(place.emulator, "m.ilearner")))
    expected = [scores(default), scores(added)]
    place.emulator.close()
    again = type(place)(place_with(state=str(tmp_path / "state.db")).wire, place.workspace)
    assert expected == [scores(again.target(default.service, name)) for name in ("default", "ep2")]


def test_a_change_may_take_its_time(place_with, models):
    """With a delay the old model answers until it is over, for each PATCH anew (documents.md 10.1)."""
    place = place_with(propagation_seconds=30.0)
    clock = place.emulator.clock
    clock.freeze()
    upload(place.emulator, "m.ilearner", models["retrained"])
    added = place.sample("census-model-predictive").add("ep2")
    before = scores(added)
    patch(added, body(by_token(place.emulator, "m.ilearner")))
    assert before == scores(added)
    clock.advance(29.5)
    assert before == scores(added)
    clock.advance(0.5)
    assert before != scores(added)


# Refusals


def refusals(pair):
    """Return every PATCH that the rules forbid, with its answer's message."""
    default, added = pair
    training = default.place.deploy(graphs.TRAINING)
    good = by_token(default.place.emulator, "retrained.ilearner")
    invalid = INVALID_OPERATION["error"]["message"]
    listed = f"The endpoint has no updatable resource of that name. Its updatable resources: '{NAME}'."
    return {
        "default endpoint": (default, body(good), "patch.default-endpoint", invalid),
        "training service": (training, body(good), "patch.default-endpoint", invalid),
        "training service, added": (training.add("ep2"), body(good), "patch.no-resources", invalid),
        "empty name": (added, body(good, ""), None, "Resource name is empty string"),
        "other name": (added, body(good, "Census Model"), "patch.unknown-resource", listed),
        "one good, one not": (
            added,
            {"Resources": [*body(good)["Resources"], *body(good, "x")["Resources"]]},
            "patch.unknown-resource",
            listed,
        ),
    }


def test_what_the_rules_forbid(pair):
    """Default and training endpoints and wrong names are flat 400s that change nothing, state and scores alike."""
    default, added = pair
    before = [scores(default), scores(added)]
    for name, (target, given, evidence, message) in refusals(pair).items():
        with unchanged(default.place.emulator):
            answer = patch(target, given)
        assert (name, 400, message) == (name, answer.status, answer.message)
        assert (["code", "message"], evidence) == (
            list(answer.json["error"]),
            answer.header("x-amlclassic-evidence"),
        )
    assert before == [scores(default), scores(added)]


def locations(emulator):
    """Return every location whose blob the storage does not give."""
    good = by_token(emulator, "retrained.ilearner")
    token = good["SasBlobToken"]
    stranger = {**good, "BaseLocation": "https://stranger.blob.core.windows.net/"}
    return {
        "expired": by_token(emulator, "retrained.ilearner", end=-60),
        "not valid yet": by_token(emulator, "retrained.ilearner", start=60),
        "another blob's token": {**good, "RelativeLocation": f"{CONTAINER}/census.ilearner"},
        "no right to read": by_token(emulator, "retrained.ilearner", "w"),
        "cut": {**good, "SasBlobToken": token[: len(token) // 2]},
        "signature changed": {**good, "SasBlobToken": token.replace("sig=", "sig=A")},
        "no token": {**good, "SasBlobToken": None},
        "nonsense": {**good, "SasBlobToken": "?nonsense"},
        "missing": by_token(emulator, "missing.ilearner"),
        "missing container": {**good, "RelativeLocation": "nowhere/retrained.ilearner"},
        "another account": stranger,
        "no address": {**good, "BaseLocation": "nonsense"},
        "no base": {**good, "BaseLocation": None},
        "container twice": {**good, "BaseLocation": good["BaseLocation"] + CONTAINER},
    }


def test_locations_that_do_not_read(pair):
    """What the storage refuses is InvalidBlob with the blob's name, and tells no token; nothing changes."""
    _, added = pair
    emulator = added.place.emulator
    before = scores(added)
    for name, location in locations(emulator).items():
        with unchanged(emulator):
            answer = patch(added, body(location))
        assert (name, (400, "InvalidBlob", None)) == (name, answer.refusal)
        assert INVALID_BLOB.format(location["RelativeLocation"]) == answer.message
        assert "sig=" not in answer.body.decode()
    assert before == scores(added)


@pytest.mark.parametrize(
    "relative", ["tests/retrained.csv", "tests/retrained", "tests/ilearner", "tests/a.ilearner.txt"]
)
def test_names_that_are_no_models(pair, relative):
    """Only .ilearner is a model's name."""
    _, added = pair
    location = {**by_token(added.place.emulator, "retrained.ilearner"), "RelativeLocation": relative}
    answer = patch(added, body(location))
    assert (400, "InvalidBlobExtension", None) == answer.refusal
    expected = (
        f"The blob reference: {relative} has an invalid or missing file extension. "
        'Supported file extensions for this output type are: ".ilearner".'
    )
    assert expected == answer.message


def test_files_that_are_no_models(pair, models):
    """A CSV, a cut file, another service's model and a bent one are refused with Error 0082's text; nothing changes."""
    _, added = pair
    emulator, whole = added.place.emulator, models["retrained"]
    before = scores(added)
    for name, content in {
        "evaluation": b"Metric,Value\r\nAUC,0.9\r\n",
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "bent": whole[:-20] + bytes(20),
        "bike": models["bike"],
    }.items():
        upload(emulator, f"{name}.ilearner", content)
        with unchanged(emulator):
            answer = patch(added, body(by_token(emulator, f"{name}.ilearner")))
        assert (name, (400, "BadArgument", None), UNREADABLE) == (name, answer.refusal, answer.message)
        assert "patch.not-a-model" == answer.header("x-amlclassic-evidence")
    assert before == scores(added)


@pytest.mark.parametrize(
    ("raw", "settings"),
    [
        (b"", {}),
        (b"{", {}),
        (b"[]", {}),
        (b"null", {}),
        (None, {"ThrottleLevel": "Medium"}),
        (None, {"PreventUpdate": 5}),
    ],
)
def test_bodies_that_are_no_patch(pair, raw, settings):
    """A body that cannot be read, or a setting beside good resources, is a flat 400; all or nothing."""
    _, added = pair
    emulator = added.place.emulator
    given = {**body(by_token(emulator, "retrained.ilearner")), **settings} if raw is None else None
    with unchanged(emulator):
        assert (400, "BadArgument", None) == patch(added, given, raw=raw).refusal


TWO_MODELS = {
    "experiment": "Two Models",
    "nodes": [
        graphs.entry("request", "input1", graphs.NUMBERS[:1]),
        {"id": "a", "module": "Saved Model", "parameters": {"Name": "A"}},
        {"id": "b", "module": "Saved Model", "parameters": {"Name": "B"}},
        {"id": "one", "module": "Score Model", "inputs": {"Trained model": "a", "Dataset": "request"}},
        {"id": "two", "module": "Score Model", "inputs": {"Trained model": "b", "Dataset": "request"}},
        graphs.leave("first", "one"),
        graphs.leave("second", "two", "output2"),
    ],
}


def test_two_resources_change_together_or_not_at_all(staged):
    """When the second of two models is refused, the first stays as it was, too."""
    emulator = staged.emulator
    target = staged.deploy(TWO_MODELS, {"A": b"a", "B": b"b"}).add("ep2")
    upload(emulator, "a.ilearner", b"a2")
    given = {
        "Description": "d",
        "Resources": [
            {"Name": "A", "Location": by_token(emulator, "a.ilearner")},
            {"Name": "B", "Location": by_token(emulator, "missing.ilearner")},
        ],
    }
    with unchanged(emulator):
        assert (400, "InvalidBlob", None) == patch(target, given).refusal
    upload(emulator, "missing.ilearner", b"b2")
    emulator.staged.verdict = Outcome("crashed")
    with unchanged(emulator):
        assert (400, "BadArgument", None) == patch(target, given).refusal


def test_the_worker_that_checks_gets_a_file_and_the_graph(staged):
    """A stranger's file is looked at by a worker, with the resource and the graph it is meant for."""
    target = staged.deploy(TWO_MODELS, {"A": b"a", "B": b"b"}).add("ep2")
    upload(staged.emulator, "a.ilearner", b"a2")
    staged.emulator.staged.verdict = Outcome("failed")
    patch(target, {"Resources": [{"Name": "A", "Location": by_token(staged.emulator, "a.ilearner")}]})
    (task,) = staged.emulator.staged.checked
    assert ("check_model", "A", "Two Models") == (
        task.kind,
        task.body["resource"],
        task.body["experiment"]["experiment"],
    )


def test_a_bad_model_may_show_at_the_first_score(place_with):
    """By a switch PATCH takes any file, and scoring answers 500 ModelPackageFormatError."""
    place = place_with(bad_model="score")
    upload(place.emulator, "bad.ilearner", b"no model")
    added = place.sample("census-model-predictive").add("ep2")
    assert 200 == patch(added, body(by_token(place.emulator, "bad.ilearner"))).status
    assert (500, "ModelPackageFormatError", None) == added.score(plain()).refusal
    assert [] == place.emulator.faults_of_ours


# Under load


def test_a_score_during_patches_is_wholly_old_or_wholly_new(pair, models):
    """Rows scored while the model changes come all from one model, and no call fails."""
    _, added = pair
    emulator = added.place.emulator
    given = [body(by_token(emulator, f"{name}.ilearner")) for name in ("retrained", "census")]
    known = []
    for one in given:
        patch(added, one)
        known.append(scores(added))
    assert known[0] != known[1]
    stop = threading.Event()

    def score(_):
        seen = []
        while not stop.is_set():
            seen.append(scores(added))
        return seen

    with ThreadPoolExecutor(3) as pool:
        found = pool.map(score, range(3))
        statuses = [patch(added, given[number % 2]).status for number in range(20)]
        stop.set()
    seen = [one for part in found for one in part]
    assert [200] * 20 == statuses
    assert seen
    assert not [one for one in seen if one not in known]
