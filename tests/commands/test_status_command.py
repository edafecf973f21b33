"""``amlclassic status`` against a scripted service over real sockets."""

import json

import pytest

from amlemulator.cli import main
from client.fake_service import RESOURCE, SCORING, TOKEN
from commands.test_retrain_command import endpoints, service  # noqa: F401  # the fixture


@pytest.fixture
def words(service, tmp_path) -> list[str]:  # noqa: F811  # pytest's way of using a fixture
    wire = endpoints(service)
    wire["workspaces"][0]["services"] = [s for s in wire["workspaces"][0]["services"] if s["kind"] == "scoring"]
    path = tmp_path / "aml.json"
    path.write_text(json.dumps(wire))
    return ["status", "--endpoints-file", str(path)]


def test_status_shows_where_models_come_from(service, words, capsys) -> None:  # noqa: F811
    """Kind, region, endpoints; a model is as deployed, or comes from the blob it was patched with; keys are masked."""
    service.manage("PUT", SCORING, "ep2", "/endpoints/ep2", b"")
    service.endpoints["ep2"].model = {"BaseLocation": "http://b/", "RelativeLocation": "c/m.ilearner"}
    assert 0 == main(words)
    out = capsys.readouterr().out
    for text in ("Census, South Central US", "scoring", "default", f"{RESOURCE}: as deployed", "http://b/c/m.ilearner"):
        assert text in out
    assert TOKEN not in out
    assert "scoringkeyS" not in out
    assert 0 == main([*words, "--show-keys"])
    assert "scoringkeyS" in capsys.readouterr().out


def test_status_as_json(service, words, capsys) -> None:  # noqa: F811
    """One object; an empty location is told as deployed."""
    assert 0 == main([*words, "--json"])
    told = json.loads(capsys.readouterr().out)
    (found,) = told["workspaces"][0]["services"]
    resource = {"name": RESOURCE, "kind": "TrainedModel", "as_deployed": True, "location": None}
    assert ("scoring", [resource]) == (found["kind"], found["endpoints"][0]["resources"])
    assert found["endpoints"][0]["primary_key"].endswith("***")


def test_status_without_emulator(tmp_path, capsys, monkeypatch) -> None:
    """Where no file is named and nothing runs in the background, the call is wrong, and what to do is said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("AMLCLASSIC_ENDPOINTS_FILE", raising=False)
    assert 2 == main(["status"])
    assert "`amlclassic start`" in capsys.readouterr().err
