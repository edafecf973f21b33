"""``amlclassic retrain`` against a scripted service over real sockets."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from amlclient import SystemClock
from amlemulator.cli import main
from client.fake_service import ACCOUNT_KEY, CONNECTION_STRING, KEY, SCORING, SECRETS, TOKEN, WORKSPACE, FakeService


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture
def service() -> Iterator[FakeService]:
    made = FakeService(SystemClock())  # type: ignore[arg-type]
    with make_server("127.0.0.1", 0, made, Threaded, Quiet) as server:  # type: ignore[arg-type]
        made.base = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def words(service, tmp_path, monkeypatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "aml.json"
    path.write_text(json.dumps(endpoints(service)))
    return [
        "retrain",
        "--endpoints-file",
        str(path),
        "--input-blob",
        "in/rows.csv",
        "--state",
        str(tmp_path / "j.json"),
    ]


def endpoints(service: FakeService) -> dict:
    scoring = f"{service.base}/ussouthcentral.services/workspaces/{WORKSPACE}/services"
    trained = {"name": "default", "api_location": f"{scoring}/{'d' * 32}", "primary_key": KEY}
    scored = {"name": "default", "api_location": f"{scoring}/{'e' * 32}", "primary_key": "k" * 88}
    workspace = {
        "id": WORKSPACE,
        "name": "Census",
        "region": "South Central US",
        "token": TOKEN,
        "management_url": f"{service.base}/management",
        "services": [
            {"id": "b" * 32, "name": "Census Model", "kind": "training", "endpoints": [trained]},
            {"id": SCORING, "name": "Census Model [Predictive Exp.]", "kind": "scoring", "endpoints": [scored]},
        ],
    }
    storage = {"connection_string": CONNECTION_STRING}
    return {"version": 1, "base_url": service.base, "storage": storage, "workspaces": [workspace]}


def test_retraining_by_the_endpoints_file(service, words, capsys) -> None:
    """Training and scoring service are found; results on stdout, progress on stderr, no secret on either."""
    assert 0 == main(words)
    out, err = capsys.readouterr()
    assert (1, 1) == (len(service.started), len(service.updates))
    assert "The retraining is done." in out
    assert "AUC 0.9300, Accuracy 0.8700" in err
    assert [] == [secret for secret in SECRETS if secret in out + err + Path("j.json").read_text()]
    assert 0 == main(words)
    assert "was done before" in capsys.readouterr().out
    assert (1, 1) == (len(service.started), len(service.updates))


def test_json_is_one_object_and_nothing_else(service, words, capsys) -> None:
    """With --json standard output is the object, whether done or not."""
    assert 0 == main([*words, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (True, "Finished", "0.93", "retrained") == (
        told["ok"],
        told["status"],
        told["evaluation"]["AUC"],
        told["endpoint"]["name"],
    )
    assert 2 == main([*words, "--json", "--endpoint-name", "default", "--again"])
    assert (False, "RefusedLocally") == ((told := json.loads(capsys.readouterr().out))["ok"], told["error"]["type"])


def test_a_condition_that_is_not_met_is_status_1(service, words, capsys) -> None:
    """Nothing is patched; with a lower bar the same job's model is taken."""
    assert 1 == main([*words, "--accept", "AUC >= 0.95"])
    assert "nothing was patched" in capsys.readouterr().err
    assert [] == service.updates
    assert 0 == main([*words, "--accept", "AUC >= 0.9"])
    assert (1, 1) == (len(service.started), len(service.updates))


@pytest.mark.parametrize(
    "more",
    [
        ["--accept", "AUC"],
        ["--endpoint-name", "default"],
        ["--endpoints-file", "missing.json"],
        ["--training-service", "Other"],
        ["--scoring-service", "Census Model"],
        ["--workspace", "Other"],
        ["--parameter", "x"],
        ["--management-url", "http://x"],
        ["--training-url", "http://x"],
        ["--resource-name", "wrong"],
    ],
)
def test_a_wrong_call_is_status_2_and_one_sentence(service, words, more, capsys) -> None:
    """No traceback, no job; the sentence says what to do."""
    expected = 1 if "Census Model" in more else 2
    assert expected == main([*words, *more])
    out, err = capsys.readouterr()
    assert ("", 1) == (out, len(err.splitlines()))
    assert {} == service.jobs


def test_retraining_by_addresses_with_keys_from_the_environment(service, tmp_path, monkeypatch, capsys) -> None:
    """No endpoints file is needed, and no key on the command line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AMLCLASSIC_TRAINING_KEY", KEY)
    monkeypatch.setenv("AMLCLASSIC_TOKEN", TOKEN)
    address = f"{service.base}/ussouthcentral.services/workspaces/{WORKSPACE}/services/{'d' * 32}"
    words = ["retrain", "--training-url", address, "--management-url", f"{service.base}/management"]
    assert 0 == main([*words, "--scoring-service-id", SCORING, "--parameter", "URI=http://x", "--endpoint-name", "ep9"])
    assert ["ep9"] == [name for name, _ in service.updates]
    assert ["amlclassic-retrain-cccccccccccc-ep9.json"] == [path.name for path in tmp_path.iterdir()]
    assert "URI" in str(next(iter(service.jobs.values())).body)
    assert ACCOUNT_KEY not in capsys.readouterr().err


def test_again_trains_once_more(service, words) -> None:
    """--again keeps the old journal beside and begins anew."""
    assert 0 == main(words)
    assert 0 == main([*words, "--again"])
    assert (2, 2, True) == (len(service.started), len(service.updates), Path("j.1.json").exists())


def test_ctrl_c_says_how_to_go_on(service, words, monkeypatch, capsys) -> None:
    """Stopped, it is status 130 and one line, without a traceback; the same command goes on."""
    status = service.status

    def interrupt(job_id: str, job: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return status(job_id, job)

    service.status = interrupt
    assert 130 == main(words)
    assert "goes on from the journal" in capsys.readouterr().err
    service.status = status
    assert 0 == main(words)
    assert (1, 1) == (len(service.started), len(service.updates))


def test_killed_after_start_after_end_and_after_patch(service, words) -> None:
    """SIGKILL at three moments and run again each time: one job started, one update."""
    service.polls_needed = 10**9
    stages = [
        lambda: service.started,
        lambda: "finished" in Path("j.json").read_text() and service.endpoints.keys() > {"default"},
        lambda: service.updates,
    ]
    slow = service.shown

    def slowly(endpoint: object) -> object:
        time.sleep(0.05)
        return slow(endpoint)  # type: ignore[arg-type]

    service.shown = slowly  # type: ignore[method-assign]
    for reached in stages:
        process = subprocess.Popen([sys.executable, "-m", "amlemulator.cli", *words], stderr=subprocess.DEVNULL)
        while not reached() and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        process.wait()
        service.polls_needed = 0
    assert 0 == main(words)
    assert (1, 1) == (len(service.started), len(service.updates))


def test_an_output_that_is_no_evaluation_does_not_flood(service, words, capsys) -> None:
    """Scored rows in its place are told by the first few, with what they are."""
    service.evaluation = b"age,income\r\n" + b"39,1\r\n" * 1600
    assert 0 == main(words)
    told = capsys.readouterr()
    for text in (told.out, told.err):
        assert 4 == text.count("age 39, income 1")
        assert "and 1,596 more rows: this output is scored rows, no evaluation" in text
