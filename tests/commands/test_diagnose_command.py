"""``amlclassic diagnose`` against a running emulator."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from amlclient import known_failure
from amlemulator import Emulator
from amlemulator.cli import main
from amlemulator.commands.serve import endpoints
from support.causes import CAUSES
from support.retraining import Retraining, emulator_for_diagnoses, retrained


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    retrained("census")
    with emulator_for_diagnoses(public_url=None, public_blob_url=None) as made:
        yield made


@pytest.fixture
def retraining(emulator, tmp_path, monkeypatch) -> Iterator[Retraining]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # where an emulator in the background is found
    for name in ("ENDPOINTS_FILE", "TOKEN", "SCORING_KEY", "TRAINING_KEY", "SAS_BLOB_TOKEN"):
        monkeypatch.delenv(f"AMLCLASSIC_{name}", raising=False)
    made = Retraining(emulator, random.Random(11), known=False)
    (tmp_path / "aml.json").write_text(json.dumps(endpoints(emulator)))
    yield made
    made.close()


def words(retraining: Retraining) -> list[str]:
    """Return the flags that say what the program uses."""
    setup = retraining.setup
    given = {
        "--patch-url": setup.patch_url,
        "--token": setup.token,
        "--resource-name": setup.resource_name,
        "--base-location": setup.model.base_location,
        "--relative-location": setup.model.relative_location,
        "--sas-blob-token": setup.model.sas_blob_token,
        "--scoring-url": setup.scoring_url,
        "--scoring-key": setup.scoring_key,
        "--training-url": setup.training_url,
        "--training-key": setup.training_key,
        "--job-id": setup.job_id,
    }
    return ["diagnose", *(word for pair in given.items() for word in pair)]


@pytest.mark.parametrize("more", [[], ["--endpoints-file", "aml.json"]])
def test_a_healthy_retraining_is_status_0(retraining, capsys, more):
    """Every check is ok, with an endpoints file and without."""
    assert 0 == main([*words(retraining), *more])
    out = capsys.readouterr().out
    assert out.endswith("Nothing wrong was found.\n")
    assert "WRONG" not in out
    assert retraining.setup.scoring_key not in out
    assert retraining.setup.token not in out


def test_a_file_that_nobody_named_is_used_where_it_knows_the_workspace(retraining, capsys, monkeypatch, tmp_path):
    """One of the environment tells what is right; one that does not know the workspace tells nothing."""
    monkeypatch.setenv("AMLCLASSIC_ENDPOINTS_FILE", "aml.json")
    assert 0 == main(["diagnose", "--patch-url", retraining.setup.patch_url, "--json"])
    outcomes = {one["check"]: one["outcome"] for one in json.loads(capsys.readouterr().out)["checks"]}
    assert ("ok", "ok") == (outcomes["patch-url"], outcomes["serves"])
    other = json.loads((tmp_path / "aml.json").read_text())
    other["workspaces"] = []
    (tmp_path / "aml.json").write_text(json.dumps(other))
    assert 0 == main(["diagnose", "--patch-url", retraining.setup.patch_url, "--json"])
    outcomes = {one["check"]: one["outcome"] for one in json.loads(capsys.readouterr().out)["checks"]}
    assert "unknown" == outcomes["patch-url"]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_what_is_wrong_is_named_with_its_mend(retraining, capsys, language):
    """Status 1: the cause, why, the mend, in the language that is asked for."""
    CAUSES["patch-on-default"].inject(retraining)
    assert 1 == main([*words(retraining), "--lang", language])
    out = " ".join(capsys.readouterr().out.split())
    known = known_failure("patch-on-default")
    assert all(known.text(name, language) in out for name in ("title", "why", "mend"))
    seen = {"en": "the PATCH goes to the endpoint 'default' of", "ko": "'default' 끝점으로 갑니다"}
    assert seen[language] in out


def test_causes_that_look_the_same_are_told_with_the_test_that_parts_them(retraining, capsys):
    """All are explained, then how to tell them apart."""
    CAUSES["refresh-discards-model"].inject(retraining)
    assert 1 == main(words(retraining))
    out = capsys.readouterr().out
    assert out.index("endpoint-never-patched:") < out.index("refresh-discards-model:") < out.index("To tell them apart")


def test_a_fault_that_is_in_no_catalogue_is_told(retraining, capsys):
    """There is no cause to name, only what was seen."""
    retraining.use(patch_url="http://127.0.0.1:1/x")
    assert 1 == main(words(retraining))
    assert "The catalogue has no such failure" in " ".join(capsys.readouterr().out.split())


def test_as_json_and_by_the_endpoints_file_alone(retraining, capsys):
    """One object; the workspace by name, what cannot be checked is unknown, and that is no fault."""
    retraining.emulator.reset(retraining.workspace.id)
    made = Retraining(retraining.emulator, random.Random(5), known=False)
    with open("aml.json", "w", encoding="utf-8") as file:
        json.dump(endpoints(retraining.emulator), file)
    call = ["diagnose", "--endpoints-file", "aml.json", "--workspace", made.workspace.id]
    call += ["--scoring-service", made.scoring.id, "--endpoint-name", made.name]
    assert 0 == main([*call, "--json"])
    told = json.loads(capsys.readouterr().out)
    outcomes = {check["check"]: check["outcome"] for check in told["checks"]}
    assert (True, "ok", "ok", "unknown") == (told["ok"], outcomes["serves"], outcomes["key"], outcomes["token"])
    assert 0 == main(call)
    assert "in what could be checked" in capsys.readouterr().out
    made.close()


def test_the_model_as_one_address_and_a_request_of_ones_own(retraining, capsys, tmp_path, monkeypatch):
    """The three values in one, the rows from a file, secrets from the environment."""
    (tmp_path / "request.json").write_text(
        json.dumps({"Inputs": {"input1": {"ColumnNames": ["x"], "Values": [["1"]]}}})
    )
    setup = retraining.setup
    monkeypatch.setenv("AMLCLASSIC_TOKEN", setup.token)
    monkeypatch.setenv("AMLCLASSIC_SCORING_KEY", setup.scoring_key)
    call = ["diagnose", "--patch-url", setup.patch_url, "--scoring-url", setup.scoring_url, "--request", "request.json"]
    assert 1 == main([*call, "--model-url", setup.model.url, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert [["columns-count-rrs"]] == told["found"]
    outcomes = {check["check"]: check["outcome"] for check in told["checks"]}
    assert ("ok", "ok", "ok") == (outcomes["token"], outcomes["model"], outcomes["sas"])


def test_the_endpoints_file_knows_who_ran_the_job(retraining, capsys):
    """Address and key of the training endpoint come from it; where several could have, one has to be named."""
    setup = retraining.setup
    call = ["diagnose", "--endpoints-file", "aml.json", "--workspace", retraining.workspace.id, "--json"]
    call += ["--patch-url", setup.patch_url, "--job-id", setup.job_id]
    trainers = [service for service in retraining.emulator.directory.services(retraining.workspace.id)
                if not service.resources]  # fmt: skip
    more = ["--training-url", setup.training_url + "/jobs"] if len(trainers) > 1 else []
    assert 0 == main([*call, *more])
    outcomes = {check["check"]: check["outcome"] for check in json.loads(capsys.readouterr().out)["checks"]}
    assert ("ok", "ok", "ok") == (outcomes["job"], outcomes["model"], outcomes["sas"])
    title = "Another Trainer"
    retraining.emulator.deployment.copy(retraining.workspace, replace(retraining.training, name=title))
    with open("aml.json", "w", encoding="utf-8") as file:
        json.dump(endpoints(retraining.emulator), file)
    assert 2 == main(call)
    assert title in capsys.readouterr().err


def test_ctrl_c_is_told_in_a_sentence(retraining, capsys, monkeypatch):
    """Status 130; there is nothing to clean up."""
    monkeypatch.setattr("amlemulator.commands._diagnosing.diagnose", interrupted)
    assert 130 == main(words(retraining))
    assert "nothing was changed" in capsys.readouterr().err


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ([], "say what to look at"),
        (["--endpoints-file", "none.json"], "cannot be read"),
        (["--endpoints-file", "aml.json", "--workspace", "Nope"], "there is no workspace 'Nope'"),
        (["--patch-url", "x"], "--patch-url"),
        (["--patch-url", "x", "--request", "none.json"], "none.json cannot be read"),
        (["--patch-url", "x", "--request", "list.json"], "no JSON object"),
        (["--patch-url", "x", "--model-url", "http://a/b/c", "--base-location", "y"], "not both"),
        (["--patch-url", "x", "--model-url", "y"], "a blob's address"),
    ],
)
def test_wrong_calls_are_one_sentence(retraining, capsys, tmp_path, call, told):
    """Status 2, and what to do."""
    (tmp_path / "list.json").write_text("[]")
    assert 2 == main(["diagnose", *call])
    err = capsys.readouterr().err
    assert told in err
    assert 1 == len(err.splitlines())


def test_a_service_that_is_not_there_is_status_1(retraining, capsys):
    """A sentence, and with --json an object that says it."""
    url = "http://127.0.0.1:1/management/workspaces/w/webservices/s/endpoints/e"
    assert 1 == main(["diagnose", "--patch-url", url, "--token", "t", "--json"])
    told = capsys.readouterr()
    assert ("NotSent", 1) == (json.loads(told.out)["error"]["type"], len(told.err.splitlines()))
