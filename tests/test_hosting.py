"""The handles of a test on its emulator, wherever that runs: each behaviour holds in this process and in another."""

import json

import pytest
import requests

from amlemulator.core.errors import ServiceError
from amlemulator.core.records import JobState
from amlemulator.engine.deploying import DeployRefused
from amlemulator.engine.trials import ExperimentFailed
from amlemulator.experiments.graph import GraphError
from amlemulator.hosting import check, hosted
from amlemulator.remote import EmulatorFailed, RemoteEmulator
from amlemulator.settings import Settings, SettingsError, words
from support import graphs
from support.census import plain
from support.folders import LINE, MODEL, RESOURCE, make_folder

pytest_plugins = ["pytester"]

# In this process: schemathesis would change for all tests after it how Hypothesis shows an example.
ALONE = ("-p", "no:cacheprovider", "-p", "no:schemathesis")

SETTINGS = {"auto_accounts": True, "workers": 1, "seed": "hosting"}


@pytest.fixture(scope="module", params=["here", "wsgi", "subprocess", "url"])
def server(request):
    """Run an emulator in one of the places."""
    if request.param == "url":
        settings = {**SETTINGS, "control_token": "open sesame"}
        with hosted("subprocess", settings) as child, hosted(child.base_url, settings) as found:
            yield found
    else:
        with hosted(request.param, SETTINGS) as found:
            yield found


@pytest.fixture
def aml(server):
    made = server.workspace("Test")
    yield made
    server.clock.reset()
    made.reset()
    assert [] == server.take_faults()


def call(aml, endpoint, method="POST", path="/execute", body=None, **options):
    headers = {"Authorization": f"Bearer {endpoint.key}", **options.pop("headers", {})}
    with aml.session() as session:
        return session.request(
            method, f"{endpoint.api_location}{path}?api-version=2.0", json=body, headers=headers, **options
        )


def test_a_workspace_with_the_samples(aml):
    """It has the four sample services, each with its default endpoint, which scores."""
    names = ["Census Model", "Census Model [Predictive Exp.]", "Bike Rental Training", "Bike Rental Scoring"]
    assert names == [service.name for service in aml.services]
    endpoint = aml.endpoint("Census Model [Predictive Exp.]")
    assert (endpoint.service.id, "default") == (endpoint.record.service_id, endpoint.record.name)
    assert 200 == call(aml, endpoint, body=plain()).status_code
    with pytest.raises(KeyError, match="there are: \\['Census Model', "):
        aml.endpoint("Census")
    with pytest.raises(KeyError, match="there are: \\['default'\\]"):
        aml.endpoint("Census Model", "other")


def test_its_addresses_and_storage(aml):
    """Management, patch and help address, and the connection string of an account of its own."""
    endpoint = aml.endpoint("Census Model")
    assert aml.management_url == f"{aml.base_url}/management"
    assert endpoint.patch_url.endswith(f"/webservices/{endpoint.service.id}/endpoints/default")
    with aml.session() as session:
        assert 200 == session.get(endpoint.help_location).status_code
    assert f"AccountName={aml.workspace.storage_account};AccountKey=" in aml.connection_string
    assert f"BlobEndpoint={aml.blob_url}/{aml.workspace.storage_account};" in aml.connection_string


def test_options_of_a_workspace(server):
    """Region, tier and no samples."""
    made = server.workspace("Other", region="West Europe", tier="free", samples=False)
    assert ("West Europe", "free", ()) == (made.workspace.region, made.workspace.tier, made.services)
    made.reset()


def test_a_deployed_graph(aml):
    """A module graph is deployed and answers; an unsound one is refused and changes nothing."""
    before = aml.services
    endpoint = aml.deploy("Echo", graphs.ECHO)
    assert 200 == call(aml, endpoint, body={"Inputs": {"input1": {"Values": []}}}).status_code
    with pytest.raises((ServiceError, ValueError)):
        aml.deploy("Broken", {"experiment": "Broken", "modules": {"a": {"module": "No Such Module"}}})
    assert [*[one.name for one in before], "Echo"] == [one.name for one in aml.services]


def test_a_deployed_file(aml, tmp_path):
    """An experiment file is deployed with its data, set up as predictive, and put in place of the one before."""
    line = make_folder(tmp_path) / "experiments" / "line.yaml"
    training = aml.deploy_file(line)
    scoring = aml.deploy_file(str(line), predictive=True, name="Scores")
    assert ("Line", "Scores") == (training.service.name, scoring.service.name)
    body = {"Inputs": {"input1": {"ColumnNames": ["x", "n"], "Values": [["10", "0"]]}}}
    [row] = call(aml, scoring, body=body).json()["Results"]["output1"]["value"]["Values"]
    assert 20.0 == pytest.approx(float(row[-1]), rel=1e-3)
    assert training.id == aml.deploy_file(line, update=True).id


def test_data_and_models_that_a_file_needs(aml, tmp_path):
    """Data sets that lie elsewhere and models go along, as a path or as bytes."""
    line = make_folder(tmp_path) / "experiments" / "line.yaml"
    line.write_text(LINE.replace("../data/line.csv", "given.csv"))
    assert "Line" == aml.deploy_file(line, data_files={"given.csv": b"x,n\n1,2\n2,4\n"}).service.name
    (tmp_path / "other.csv").write_text("x,n\n1,2\n2,4\n")
    assert aml.deploy_file(line, data_files={"given.csv": tmp_path / "other.csv"}, name="By path").key
    census = make_folder(tmp_path / "again") / "experiments" / "census.yaml"
    census_endpoint = aml.deploy_file(census, models={RESOURCE: MODEL.read_bytes()}, name="Mine")
    assert 200 == call(aml, census_endpoint, body=plain()).status_code


def test_a_file_that_cannot_be_deployed(aml, tmp_path):
    """It is refused with the same words and the same kind of error everywhere, and nothing is changed."""
    folder, before = make_folder(tmp_path), aml.services
    line = folder / "experiments" / "line.yaml"
    aml.deploy_file(line)
    with pytest.raises(DeployRefused, match="There is a web service 'Line' already"):
        aml.deploy_file(line)
    (folder / "data" / "line.csv").write_text("x,n\n,\n")
    with pytest.raises(ExperimentFailed) as caught:
        aml.deploy_file(line, name="Fails", predictive=True)
    assert ("Train Model", False) == (caught.value.module, str(caught.value).startswith("Train Model: "))
    line.write_text(LINE.replace("Linear", "Lineal"))
    with pytest.raises(GraphError, match="Lineal Regression"):
        aml.deploy_file(line, name="Wrong")
    with pytest.raises(TypeError, match="colour"):
        aml.deploy_file(folder / "experiments" / "census.yaml", colour="red")
    assert len(before) + 1 == len(aml.services)


def test_functions_stay_where_they_are():
    """An emulator elsewhere cannot take functions, and says how they get there."""
    with hosted("subprocess", SETTINGS) as elsewhere, pytest.raises(TypeError, match="amlclassic deploy ROWS"):
        elsewhere.workspace("Test").add_service("F", score=lambda rows: rows)


def test_faults(aml):
    """A fault is armed for this workspace alone, counted, and disarmed."""
    endpoint = aml.endpoint("Census Model [Predictive Exp.]")
    fault = aml.faults.add(operation="rrs.*", error="InternalError/UnknownError", count=1)
    assert [500, 200] == [call(aml, endpoint, body=plain()).status_code for _ in range(2)]
    assert 1 == aml.faults.hits(fault)
    assert aml.faults.remove(fault)
    assert not aml.faults.remove(fault)
    with pytest.raises(KeyError):
        aml.faults.hits(fault)
    with pytest.raises(ServiceError, match="'status' of a fault is"):
        aml.faults.add(status=200)
    blobs = aml.faults.add(operation="blob.*", status=503)
    everything = aml.faults.add()
    aml.faults.clear()
    assert not {blobs, everything} & {one["id"] for one in aml.emulator.faults.list()}


def test_jobs(aml):
    """A job is held, listed, and ended by hand: finished with outputs given, failed, cancelled."""
    endpoint = aml.endpoint("Census Model")
    aml.jobs.policy("manual")
    rows = {"Input": {"ConnectionString": aml.connection_string, "RelativeLocation": "rows/x.csv"}}
    ids = [call(aml, endpoint, path="/jobs", body=rows).json() for _ in range(3)]
    for job in ids:
        assert call(aml, endpoint, path=f"/jobs/{job}/start").status_code in (200, 204)
    assert ids == [job.id for job in aml.jobs.list()]
    outputs = {"output1": b"\x00\xff a model", "output2": "Accuracy\n1\n"}
    done = aml.jobs.finish(ids[0], outputs)
    assert (JobState.FINISHED, ["output1", "output2"]) == (done.state, sorted(done.results))
    assert (JobState.FAILED, True) == ((failed := aml.jobs.fail(ids[1], "why")).state, "why" in failed.details)
    assert JobState.CANCELLED == aml.jobs.cancel(ids[2]).state
    with pytest.raises(ServiceError):
        aml.jobs.finish(ids[0])
    shown = call(aml, endpoint, "GET", f"/jobs/{ids[0]}").json()["Results"]["output1"]
    with aml.session() as session:
        content = session.get(shown["BaseLocation"] + shown["RelativeLocation"] + shown["SasBlobToken"]).content
    assert outputs["output1"] == content


def test_requests_are_found(aml):
    """The journal knows the workspace's requests, not the test's own questions; a missing one is explained."""
    endpoint = aml.endpoint("Census Model [Predictive Exp.]")
    assert 0 == aml.requests.count()
    call(aml, endpoint, body=plain())
    assert 1 == aml.requests.count(operation="rrs.execute", status=200)
    assert aml.requests.wait_for(operation="rrs.*") == aml.requests.find() == aml.requests.assert_called(1)
    with pytest.raises(AssertionError, match="status: wanted 401, was 200"):
        aml.requests.assert_called(operation="rrs.*", status=401)


def test_whole_exchanges(aml):
    """While somebody listens, requests and answers are kept whole; of keys only whose they were."""
    endpoint = aml.endpoint("Census Model [Predictive Exp.]")
    call(aml, endpoint, body=plain())
    aml.emulator.exchanges.listen(aml.workspace.id)
    answer = call(aml, endpoint, body=plain(), headers={"Accept": "application/json"})
    assert 401 == call(aml, aml.endpoint("Census Model"), headers={"Authorization": "Bearer nobody's"}).status_code
    with aml.session() as session:
        session.get(endpoint.help_location)
        headers = {"Authorization": f"Bearer {aml.token}"}
        assert 200 == session.put(f"{endpoint.patch_url[:-7]}retrained", json={}, headers=headers).status_code
    aml.faults.add(operation="rrs.*", status=503, count=1)
    call(aml, endpoint, body=plain())
    scored, refused, helped, added = aml.emulator.exchanges.heard(aml.workspace.id)
    aml.emulator.exchanges.stop(aml.workspace.id)
    assert [] == aml.emulator.exchanges.heard(aml.workspace.id)
    assert plain() == json.loads(scored["body"])
    assert (answer.text, 200, "key") == (scored["answer"], scored["status"], scored["caller"])
    assert ("Census Model [Predictive Exp.]", "default") == (scored["service"], scored["endpoint"])
    assert (401, "stranger", "") == (refused["status"], refused["caller"], refused["body"])
    assert ("help.index", "nobody") == (helped["operation"], helped["caller"])
    assert ("token", None, "retrained") == (added["caller"], added["endpoint"], added["arguments"]["endpoint_name"])
    assert endpoint.key not in json.dumps([scored, refused])


def test_the_clock(aml):
    """It is frozen, advanced and let go."""
    aml.clock.freeze(1000.0)
    aml.clock.advance(5)
    assert (1005.0, True) == (aml.clock.now(), aml.clock.frozen)
    aml.clock.freeze()
    assert 1005.0 == aml.clock.now()
    aml.clock.resume()
    assert not aml.clock.frozen
    assert 1005.0 <= aml.clock.now() < 2000.0
    aml.clock.reset()
    assert 1e9 < aml.clock.now()


def test_a_new_key(aml):
    """The old key opens nothing any more."""
    endpoint = aml.endpoint("Census Model [Predictive Exp.]")
    first = endpoint.key
    assert endpoint.replace_key() == endpoint.key != first
    assert endpoint.replace_key("secondary") == endpoint.record.secondary_key


def test_an_endpoint_that_is_gone(aml):
    """Its handle says so."""
    endpoint = aml.endpoint("Bike Rental Training")
    headers = {"Authorization": f"Bearer {aml.token}"}
    with aml.session() as session:
        assert session.delete(endpoint.patch_url, headers=headers).ok
    with pytest.raises(KeyError):
        endpoint.key  # noqa: B018 - asking is what raises


def test_a_reset_workspace(aml):
    """It is empty, its token stays, and an unknown one is refused."""
    aml.jobs.policy("manual")
    aml.reset()
    assert () == aml.services
    assert "run" == aml.emulator.jobs.policy_of(aml.workspace.id)
    with pytest.raises(ServiceError, match="no workspace"):
        aml.emulator.reset("0" * 32)


def test_the_same_seed_gives_the_same_ids_everywhere():
    """Where it runs changes no id, key or token."""
    found = []
    for where in ("wsgi", "subprocess"):
        with hosted(where, SETTINGS) as emulator:
            made = emulator.workspace("Same")
            found.append((made.workspace.id, made.token, [made.endpoint(one.name).key for one in made.services]))
    assert found[0] == found[1]


def test_what_breaks_inside_is_told_elsewhere(place_with):
    """A fault of the emulator's own is handed over once, with its traceback."""
    emulator = place_with(port=0, blob_port=0).emulator.start()
    try:
        raise ZeroDivisionError("a bug of the emulator")
    except ZeroDivisionError as error:
        emulator.faults_of_ours.append(error)
    with RemoteEmulator(emulator.local_url) as remote:
        [fault] = remote.take_faults()
        assert [] == remote.take_faults()
    assert isinstance(fault, EmulatorFailed)
    assert "test_hosting.py" in str(fault)
    assert "ZeroDivisionError: a bug of the emulator" in str(fault)


def test_addresses_that_only_callers_know(place_with):
    """Behind a mapped port answers name what the control plane is told; nonsense is refused."""
    place = place_with()
    body = {"base_url": "http://127.0.0.1:50001/", "blob_url": "http://127.0.0.1:50002"}
    for wrong in ({}, {"base_url": "x", "blob_url": "http://y"}, {**body, "more": 1}, {**body, "blob_url": 1}):
        assert (400, "BadRequest", None) == place.wire.call("PUT", "/_emulator/addresses", wrong).refusal
    assert 204 == place.wire.call("PUT", "/_emulator/addresses", body).status
    shown = place.wire.call("GET", "/_emulator/endpoints").json
    assert ("http://127.0.0.1:50001", "http://127.0.0.1:50002") == (shown["base_url"], shown["blob_url"])
    assert shown["workspaces"][0]["management_url"].startswith("http://127.0.0.1:50001/")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"region": "Atlantis"}),
        ("", {"tier": "golden"}),
        ("", {"samples": "no"}),
        ("", {"name": 1}),
        ("", {"colour": "red"}),
        ("/services", {}),
        ("/services", {"name": "A", "experiment": "x"}),
        ("/services", {"name": "A", "experiment": {}}),
        ("/services", {"name": "A", "experiment": {}, "models": {"m": {"base64": "?"}}}),
        ("/services", {"name": "A", "experiment": {}, "models": ["m"]}),
    ],
)
def test_workspaces_that_make_no_sense(place, path, body):
    """Each is refused with what it takes, and nothing is made."""
    before = place.emulator.store.snapshot()
    target = f"/_emulator/workspaces{f'/{place.workspace.id}' if path else ''}{path}"
    assert (400, "BadRequest", None) == place.wire.call("POST", target, body).refusal
    assert before == place.emulator.store.snapshot()


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/services")])
def test_a_workspace_that_is_not_there(place, method, path):
    """It is 404."""
    body = {"name": "A", "experiment": {}}
    answer = place.wire.call(method, f"/_emulator/workspaces/{'0' * 32}{path}", body)
    assert (404, "NotFound", None) == answer.refusal


def test_settings_as_words_are_the_same_settings():
    """What is handed to another process's command line is what was given."""
    values = {"port": 0, "auto_accounts": True, "enforce_concurrency": False, "seed": "a b", "state": None}
    expected = ["--port", "0", "--auto-accounts", "--no-enforce-concurrency", "--seed", "a b"]
    assert expected == words(values)


@pytest.mark.parametrize(
    ("where", "options", "said"),
    [
        ("moon", {}, "here, wsgi, subprocess or the URL"),
        ("subprocess", {"port": 99999}, "--port takes a port from 0 to 65535"),
    ],
)
def test_what_cannot_be_hosted(where, options, said):
    """It is told in the words of the command line."""
    with pytest.raises(SettingsError, match=said), hosted(where, options):
        pass


def test_an_unknown_setting_is_told():
    """A misspelt name of aml_config is named."""
    with pytest.raises(SettingsError, match="aml_config has no colour"):
        check({"colour": "red", "seed": Settings.seed, "where": "here"})


def test_nobody_answers_at_a_url():
    """A URL where nothing runs is a connection error."""
    with pytest.raises(requests.ConnectionError), hosted("http://127.0.0.1:9", {}):
        pass


PROGRAM = """
import pytest

@pytest.mark.aml(policy="manual", freeze=1000)
def test_it(aml, aml_server):
    assert aml.clock.now() == 1000
    assert aml_server.jobs.policy_of(aml.workspace.id) == "manual"
    assert aml.endpoint("Census Model").key
    with aml.session() as session:
        assert session.get(aml.endpoint("Census Model").help_location).status_code == 200
    assert aml.requests.count() == 1

def test_after(aml):
    assert not aml.clock.frozen
"""


@pytest.mark.parametrize("where", ["here", "wsgi", "subprocess"])
def test_the_fixture_is_the_same_everywhere(pytester, where):
    """The same tests pass with --aml, whatever it says."""
    pytester.makepyfile(PROGRAM)
    result = pytester.runpytest_inprocess(*ALONE, "-p", "no:randomly", "--aml", where)
    result.assert_outcomes(passed=2)


def test_a_place_that_is_none_is_told(pytester):
    """A wrong --aml is one sentence."""
    pytester.makepyfile(PROGRAM)
    result = pytester.runpytest_inprocess(*ALONE, "--aml", "moon")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*The emulator of tests is here, wsgi, subprocess or the URL*not 'moon'*"])
