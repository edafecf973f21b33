"""``amlclassic serve`` as a process: ready, files, signals, and what is said when it cannot start."""

import ctypes
import http.client
import json
import platform
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from support.census import plain
from support.processes import children_of, gone
from support.runner import until
from support.server import environment, refused, serve

TGKILL = {"x86_64": 234, "aarch64": 131}  # the system call that signals one thread

HEAVY = (
    "numpy",
    "pandas",
    "sklearn",
    "onnx",
    "onnxruntime",
    "jsonschema_rs",
    "skl2onnx",
    "azure",
    "yaml",
    "jsonschema",
    "flask",
    "jinja2",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve the samples for the tests of this file."""
    made = serve(tmp_path_factory.mktemp("served"), "--workers", "1")
    yield made
    made.stop()


def scoring(endpoints, place=0):
    service = next(
        one for one in endpoints["workspaces"][place]["services"] if one["name"].endswith("[Predictive Exp.]")
    )
    return service["endpoints"][0]


def score(endpoint):
    headers = {"Authorization": f"Bearer {endpoint['primary_key']}"}
    url = endpoint["api_location"] + "/execute?api-version=2.0"
    return requests.post(url, json=plain(), headers=headers, timeout=30)


# Ready


def test_the_ready_line_names_the_base_url(served):
    """READY comes when everything answers, with the base URL that the endpoints file has."""
    endpoints = served.endpoints
    assert endpoints["base_url"] == served.ready.split()[1]
    assert endpoints["blob_url"] in served.ready
    assert 200 == requests.get(endpoints["base_url"] + "/_emulator/readyz", timeout=30).status_code
    assert 200 == score(scoring(endpoints)).status_code


def test_the_endpoints_file_is_its_owners_only(served):
    """It holds keys, so nobody else may read it; it is written whole, with nothing left beside it."""
    assert 0o600 == stat.S_IMODE(served.file.stat().st_mode)
    assert [served.file, served.file.parent / "tmp"] == sorted(served.file.parent.iterdir())


def test_the_endpoints_file_has_the_promised_members(served):
    """Version, process, addresses, storage and every workspace with its services and endpoints."""
    endpoints = served.endpoints
    assert (1, served.process.pid) == (endpoints["version"], endpoints["pid"])
    assert endpoints["base_url"] + "/_emulator" == endpoints["control_url"]
    storage = endpoints["storage"]
    assert ["account", "key", "connection_string"] == list(storage)
    assert f"BlobEndpoint={endpoints['blob_url']}/devstoreaccount1;" in storage["connection_string"]
    shown = [
        (one["name"], one["region"], [service["name"] for service in one["services"]])
        for one in endpoints["workspaces"]
    ]
    pair = ["Census Model", "Census Model [Predictive Exp.]"]
    bikes = ["Bike Rental Training", "Bike Rental Scoring"]
    assert [("Census", "South Central US", [*pair, *bikes]), ("Census EU", "West Europe", pair)] == shown
    for workspace in endpoints["workspaces"]:
        kinds = [service["kind"] for service in workspace["services"]]
        assert ["training", "scoring"] * (len(kinds) // 2) == kinds
        assert workspace["management_url"].endswith(
            "/management" if workspace["region"] == "South Central US" else "/europewest.management"
        )


def test_ids_and_keys_have_the_services_shapes(served):
    """Ids are 32 hex digits, keys and tokens 88 characters of base64, and no two are the same."""
    workspaces = served.endpoints["workspaces"]
    services = [service for workspace in workspaces for service in workspace["services"]]
    endpoints = [endpoint for service in services for endpoint in service["endpoints"]]
    ids = [one["id"] for one in (*workspaces, *services)] + [
        one["api_location"].rpartition("/")[2] for one in endpoints
    ]
    keys = [one["token"] for one in workspaces] + [one["primary_key"] for one in endpoints]
    assert [] == [one for one in ids if not re.fullmatch("[0-9a-f]{32}", one)]
    assert [] == [one for one in keys if not re.fullmatch("[A-Za-z0-9+/]{86}==", one)]
    assert len(set(ids)) == len(ids) == 2 + 6 + 6
    assert len(set(keys)) == len(keys) == 2 + 6


def test_answers_over_http(served):
    """On the wire there are a date, a request id and a server's name, and the connection stays."""
    base = urlsplit(served.endpoints["base_url"])
    connection = http.client.HTTPConnection(base.hostname, base.port, timeout=30)
    for path, status in (("/_emulator/healthz", 200), ("/ussouthcentral.services/nowhere", 404)) * 2:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert (status, True) == (answer.status, answer.getheader("x-ms-request-id") is not None)
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.getheader("Date"))
    connection.close()


def test_a_body_in_chunks_and_one_that_waits_to_be_asked_for(served):
    """Chunked bodies are read, and Expect: 100-continue is answered (clients.md section 16 no. 13)."""
    endpoint = scoring(served.endpoints)
    body = json.dumps(plain()).encode()
    parts = urlsplit(endpoint["api_location"])
    head = f"POST {parts.path}/execute HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
    head += f"Authorization: Bearer {endpoint['primary_key']}\r\n"
    for more, content in (
        ("Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)),
        (f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n", body),
    ):
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
            connection.sendall(f"{head}{more}\r\n".encode())
            if "Expect" in more:
                assert connection.recv(1024).startswith(b"HTTP/1.1 100")
            connection.sendall(content)
            answer = connection.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 200"), answer[:200]


def test_both_listeners_serve_blobs(served):
    """A blob's address answers on the blob listener and below the base URL, refusing what carries no right."""
    endpoints = served.endpoints
    for root in (f"{endpoints['blob_url']}/devstoreaccount1", f"{endpoints['base_url']}/devstoreaccount1.blob"):
        answer = requests.get(f"{root}/nowhere/x", timeout=30)
        assert (404, "application/xml") == (answer.status_code, answer.headers["Content-Type"])


# Nothing heavy

IMPORTS = f"""
import sys
from amlemulator import Emulator
emulator = Emulator()
emulator.start()
print(sorted(set(sys.modules) & set({HEAVY!r})))
emulator.close()
"""


def test_nothing_heavy_is_imported_before_it_is_ready(tmp_path):
    """An emulator with the samples listens without numpy, pandas, scikit-learn, ONNX, Azure's SDK, YAML or Flask."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, env=environment(tmp_path), check=True
    )
    assert ("[]\n", "") == (done.stdout, done.stderr)


WARMING = """
import sys
from amlemulator import Emulator
with Emulator() as emulator:
    emulator.warm()
assert {"services", "management"} == set(emulator._hosts)
print("flask" in sys.modules, sorted(set(sys.modules) & {"numpy", "pandas", "sklearn", "onnxruntime"}))
"""


def test_warming_loads_what_the_first_calls_need(tmp_path):
    """Warming brings Flask and the two hosts that are asked most, and nothing heavy; closing waits for it."""
    done = subprocess.run(
        [sys.executable, "-c", WARMING], capture_output=True, text=True, env=environment(tmp_path), check=True
    )
    assert ("True []\n", "") == (done.stdout, done.stderr)


SCORING = """
import sys
from amlemulator import Emulator
from support.census import plain
from support.wire import Place, Wire
emulator = Emulator(samples=False, public_url="http://127.0.0.1:8350", public_blob_url="http://127.0.0.1:10000")
target = Place(Wire(emulator), emulator.add_workspace("A")).sample("census-model-predictive")
assert target.score(plain()).status == 200
print(sorted(set(sys.modules) & {"pandas", "sklearn", "skl2onnx", "onnx"}))
emulator.close()
"""


def test_a_score_costs_no_pandas_and_no_scikit_learn(tmp_path):
    """The server scores with onnxruntime alone."""
    variables = {**environment(tmp_path), "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", SCORING], capture_output=True, text=True, env=variables, check=True)
    assert "[]\n" == done.stdout


# Stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path, number):
    """Status 0, nothing said, and neither file, folder, port nor process left."""
    served = serve(tmp_path, "--workers", "1")
    endpoints = served.endpoints
    training = endpoints["workspaces"][0]["services"][0]["endpoints"][0]
    headers = {"Authorization": f"Bearer {training['primary_key']}"}
    jobs = training["api_location"] + "/jobs"
    rows = {
        "Input": {"ConnectionString": endpoints["storage"]["connection_string"], "RelativeLocation": "c/missing.csv"}
    }
    job = requests.post(f"{jobs}?api-version=2.0", json=rows, headers=headers, timeout=30).json()
    requests.post(f"{jobs}/{job}/start?api-version=2.0", headers=headers, timeout=30)
    assert (0, "") == served.stop(number)
    assert not served.file.exists()
    assert [] == list((tmp_path / "tmp").iterdir())
    for url in (endpoints["base_url"], endpoints["blob_url"]):
        parts = urlsplit(url)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((parts.hostname, parts.port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_die_with_it(tmp_path, number):
    """A job's worker is gone when the server is, however that ended."""
    served = serve(tmp_path, "--workers", "1")
    training = served.endpoints["workspaces"][0]["services"][0]["endpoints"][0]
    headers = {"Authorization": f"Bearer {training['primary_key']}"}
    jobs = training["api_location"] + "/jobs"
    job = requests.post(f"{jobs}?api-version=2.0", json={"Input": census(served)}, headers=headers, timeout=30).json()
    requests.post(f"{jobs}/{job}/start?api-version=2.0", headers=headers, timeout=30)
    workers = until(lambda: children_of(served.process.pid))
    served.stop(number)
    until(lambda: all(map(gone, workers)))


def census(served):
    """Upload the sample rows through the blob listener; return a reference to them."""
    from azure.storage.blob import BlobServiceClient

    from amlemulator.samples import dataset_content

    connection = served.endpoints["storage"]["connection_string"]
    with BlobServiceClient.from_connection_string(connection) as service:
        service.create_container("rows")
        service.get_blob_client("rows", "census.csv").upload_blob(dataset_content("census-train"))
    return {"ConnectionString": connection, "RelativeLocation": "rows/census.csv"}


# A state file


def test_a_state_file_keeps_what_was_made(tmp_path):
    """Stopped and started again on the same file, the same ids, keys and endpoints are there."""
    words = ("--state", str(tmp_path / "state.db"))
    served = serve(tmp_path, *words)
    before = served.endpoints
    workspace = before["workspaces"][0]
    service = workspace["services"][1]
    url = f"{workspace['management_url']}/workspaces/{workspace['id']}/webservices/{service['id']}/endpoints/ep2"
    headers = {"Authorization": f"Bearer {workspace['token']}"}
    assert 200 == requests.put(url, json={"Description": "d"}, headers=headers, timeout=30).status_code
    served.stop()
    served = serve(tmp_path, *words)
    after = served.endpoints["workspaces"][0]
    assert ["default", "ep2"] == [one["name"] for one in after["services"][1]["endpoints"]]
    assert (workspace["id"], workspace["token"], service["endpoints"][0]["primary_key"]) == (
        after["id"],
        after["token"],
        after["services"][1]["endpoints"][0]["primary_key"],
    )
    served.stop()


def test_the_same_seed_gives_the_same_ids(tmp_path):
    """Ids and keys follow from the seed, by flag or variable, and another seed gives others."""
    found = []
    for words, variables in (((), {"AMLCLASSIC_SEED": "a"}), (("--seed", "a"), {}), (("--seed", "b"), {})):
        served = serve(tmp_path, *words, **variables)
        found.append([(one["id"], one["token"]) for one in served.endpoints["workspaces"]])
        served.stop()
    assert found[0] == found[1]
    assert not set(found[0]) & set(found[2])


# What cannot start


def one_sentence(outcome):
    """Check that a start was refused in one line; return that line."""
    status, out, errors = outcome
    assert (2, "", 1) == (status, out, len(errors.splitlines())), errors
    assert errors.startswith("amlclassic serve: ")
    return errors


@pytest.mark.parametrize("flag", ["--port", "--blob-port"])
def test_a_port_that_is_taken(tmp_path, flag):
    """A taken port is told with the flag that chooses another; another emulator's endpoints file stays."""
    file = tmp_path / "endpoints.json"
    file.write_text('{"pid": 1}')
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = {"--port": "0", "--blob-port": "0", flag: str(port)}
        words = [word for pair in ports.items() for word in pair]
        said = one_sentence(refused(tmp_path, *words, "--endpoints-file", str(file)))
    assert f"Port {port} on 127.0.0.1 cannot be used" in said
    assert f"{flag} 0 for any free one" in said
    assert '{"pid": 1}' == file.read_text()
    assert [] == list((tmp_path / "tmp").iterdir())


def test_one_port_for_both(tmp_path):
    """The two listeners cannot share a port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    assert "--blob-port" in one_sentence(refused(tmp_path, "--port", port, "--blob-port", port))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--state", "missing/state.db"), "--state"),
        (("--state", "."), "--state"),
        (("--endpoints-file", "missing/endpoints.json"), "--endpoints-file"),
        (("--endpoints-file", "tmp"), "--endpoints-file"),
        (("--host", "no.such.host.invalid"), "--host"),
        (("--frobnicate",), "--frobnicate"),
        (("--port", "http"), "--port"),
        (("--control-token", ""), "--control-token"),
    ],
)
def test_settings_it_cannot_start_with(tmp_path, words, said):
    """What cannot be used is told in one sentence that names the flag, and nothing is left."""
    outcome = refused(tmp_path, "--port", "0", "--blob-port", "0", *words)
    assert said in one_sentence(outcome)
    assert [] == list((tmp_path / "tmp").iterdir())


def test_a_blob_folder_it_cannot_use(tmp_path):
    """A file where the folder of blobs should be is told in one sentence."""
    (tmp_path / "state.db.blobs").write_text("mine")
    outcome = refused(tmp_path, "--port", "0", "--blob-port", "0", "--state", "state.db")
    assert "state.db.blobs" in one_sentence(outcome)


def test_a_state_file_in_use(tmp_path):
    """Two emulators cannot share a state file."""
    served = serve(tmp_path, "--state", "state.db")
    outcome = refused(tmp_path, "--port", "0", "--blob-port", "0", "--state", "state.db")
    assert "in use" in one_sentence(outcome)
    assert (0, "") == served.stop()


def test_an_endpoints_file_that_another_emulator_wrote_since(tmp_path):
    """The one that stops first leaves the other's file."""
    first = serve(tmp_path)
    second = serve(tmp_path)
    first.stop()
    assert second.process.pid == second.endpoints["pid"]
    second.stop()
    assert not second.file.exists()


def test_a_signal_to_another_thread_stops_it_too(tmp_path):
    """The system may give a signal to any thread; that it reached another than the main one changes nothing."""
    served = serve(tmp_path)
    threads = [int(path.name) for path in Path(f"/proc/{served.process.pid}/task").iterdir()]
    other = next(thread for thread in threads if thread != served.process.pid)
    assert 0 == ctypes.CDLL(None).syscall(TGKILL[platform.machine()], served.process.pid, other, signal.SIGTERM)
    _, errors = served.process.communicate(timeout=30)
    assert (0, "") == (served.process.returncode, errors)
