"""Export Data in jobs, scores and runs: written where the module says, by the right it gives, over nothing else."""

from pathlib import Path

import pytest

from amlemulator.core import batch as rules
from amlemulator.core.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from amlemulator.core.records import Job
from amlemulator.engine.deploying import Wish
from amlemulator.engine.studio_runs import Run, StudioRuns
from support.blobs import by_token, download, upload
from support.graphs import leave
from support.runner import until

ACCOUNT = {
    "Azure account name": DEVELOPMENT_ACCOUNT,
    "Azure account key": DEVELOPMENT_KEY,
    "Path to blob beginning with container": "tests/exported.csv",
}


def exporting(**parameters):
    """Return an experiment that exports typed-in data, and gives them too."""
    return {
        "experiment": "Exporting",
        "nodes": [
            {"id": "data", "module": "Enter Data Manually", "parameters": {"Data": "x\n1\n2\n"}},
            {
                "id": "export",
                "module": "Export Data",
                "parameters": {**ACCOUNT, **parameters},
                "inputs": {"Dataset": "data"},
            },
            leave("result", "data"),
        ],
        "web service parameters": [
            {"name": "Path", "sets": ["export.Path to blob beginning with container"], "default": "tests/exported.csv"}
        ],
    }


def begun(target, **parameters):
    """Submit and start a job; return its id."""
    job = target.jobs("POST", "", {"GlobalParameters": parameters}).json
    assert 200 == target.jobs("POST", f"/{job}/start").status
    return job


def ended(target, **parameters):
    """Run a job to its end; return its status."""
    job = begun(target, **parameters)
    until(lambda: target.jobs("GET", f"/{job}").json["StatusCode"] not in ("NotStarted", "Running"))
    return target.jobs("GET", f"/{job}").json


@pytest.fixture
def container(place):
    """Make the tests' container in the emulator of a fresh workspace."""
    upload(place.emulator, "there.csv", b"before")
    return place


def test_a_job_exports(container):
    """Without a header row unless it is asked for; a web service parameter may say where."""
    target = container.deploy(exporting())
    assert "Finished" == ended(target, Path="tests/plain.csv")["StatusCode"]
    assert b"1\r\n2\r\n" == download(container.emulator, "plain.csv")
    target = container.deploy(exporting(**{"Write blob header row": True}))
    assert "Finished" == ended(target, Path="tests/headed.csv")["StatusCode"]
    assert b"x\r\n1\r\n2\r\n" == download(container.emulator, "headed.csv")


def test_what_is_there_is_not_written_over(container):
    """In the mode Error a blob that exists fails the job with Error 0057 of Export Data; Overwrite writes over it."""
    status = ended(container.deploy(exporting()), Path="tests/there.csv")
    assert "Failed" == status["StatusCode"]
    assert status["Details"].startswith("Module: Export Data;")
    assert 'Error 0057: File or Blob "tests/there.csv" already exists.' in status["Details"]
    assert b"before" == download(container.emulator, "there.csv")
    overwriting = container.deploy(exporting(**{"Azure Blob Storage write mode": "Overwrite"}))
    assert "Finished" == ended(overwriting, Path="tests/there.csv")["StatusCode"]
    assert b"1\r\n2\r\n" == download(container.emulator, "there.csv")


REFUSED = [
    ({"Azure account key": "bm90IHRoZSBrZXk="}, "the key is not this account's"),
    ({"Azure account name": "elsewhere"}, "elsewhere"),
    ({"Path to blob beginning with container": ""}, "Error 0065"),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED)
def test_what_cannot_be_written_fails_the_job(container, changes, words):
    """A wrong key, an unknown account, no path: Failed, named after Export Data."""
    document = exporting(**changes)
    del document["web service parameters"]
    status = ended(container.deploy(document))
    assert "Failed" == status["StatusCode"]
    assert status["Details"].startswith("Module: Export Data;"), status["Details"]
    assert words in status["Details"]


def scored(target, **parameters):
    """Call RRS."""
    return target.score({"Inputs": {}, "GlobalParameters": parameters})


def test_a_score_exports(container):
    """RRS writes where the module says, and answers as well; an answer that failed has written nothing."""
    target = container.deploy(exporting(**{"Write blob header row": True}))
    answer = scored(target, Path="tests/scored.csv")
    assert [["1"], ["2"]] == answer.json["Results"]["output1"]["value"]["Values"]
    assert b"x\r\n1\r\n2\r\n" == download(container.emulator, "scored.csv")
    again = scored(target, Path="tests/there.csv")
    assert 400 == again.status
    assert 'Error 0057: File or Blob "tests/there.csv" already exists.' in again.json["error"]["details"][0]["message"]
    assert b"before" == download(container.emulator, "there.csv")


def test_a_service_may_only_export(container):
    """Without a Web Service Output RRS answers with no results, and the rows are where the module says."""
    document = exporting()
    document["nodes"].pop()
    answer = scored(container.deploy(document), Path="tests/only.csv")
    assert (200, {}) == (answer.status, answer.json["Results"])
    assert b"1\r\n2\r\n" == download(container.emulator, "only.csv")


@pytest.mark.parametrize(("changes", "words"), REFUSED)
def test_what_cannot_be_written_fails_the_score(container, changes, words):
    """What fails a job of Export Data refuses a score, in RRS's own shape."""
    document = exporting(**changes)
    del document["web service parameters"]
    answer = scored(container.deploy(document))
    assert 400 == answer.status
    assert words.removeprefix("Error ") in str(answer.json)


def test_a_run_before_a_deployment_exports_nothing(container):
    """Deploying a file runs it for its schemas alone: what would be exported is not, nor is anything missed."""
    emulator = container.emulator
    document = exporting(**{"Path to blob beginning with container": "tests/there.csv"})
    document["web service parameters"] = []
    wish = Wish(document)
    service = emulator.deploying.deploy(container.workspace, wish).service
    [output] = emulator.directory.interface(emulator.directory.endpoints(service.id)[0]).outputs
    assert ["x"] == [column.name for column in output.columns]
    assert b"before" == download(emulator, "there.csv")


def run_in_studio(emulator, workspace, document):
    runs = StudioRuns(emulator.store, emulator.studio, emulator.storage, emulator.runner, emulator.folder, 0)
    return runs.run(Run(workspace, "run", document, {}))


def test_a_run_in_studio_exports(container):
    """Studio's Run writes too; where a blob is already it fails, naming Export Data."""
    document = exporting(**{"Path to blob beginning with container": "tests/run.csv"})
    document["web service parameters"] = []
    first, second = (run_in_studio(container.emulator, container.workspace, document) for _ in range(2))
    assert [None, "Export Data"] == [first.module, second.module]
    assert "already exists" in second.error
    assert b"1\r\n2\r\n" == download(container.emulator, "run.csv")


def test_looking_at_an_output_exports_nothing(container):
    """A deployed experiment is run when somebody asks for an output of it; what is there stays."""
    document = exporting(**{"Path to blob beginning with container": "tests/there.csv"})
    document["web service parameters"] = []
    container.deploy(document)
    (experiment,) = container.emulator.experiments.all(container.workspace)
    output = container.emulator.experiments.output(container.workspace, experiment.id, "data", "dataset")
    assert output.name.endswith(".csv")
    assert b"before" == download(container.emulator, "there.csv")


def test_by_a_token(container):
    """A SAS that may write does; one that may only read fails the job before it runs."""
    for permissions, state in (("cw", "Finished"), ("r", "Failed")):
        reference = by_token(container.emulator, f"{permissions}.csv", permissions)
        url = reference["BaseLocation"] + reference["RelativeLocation"] + reference["SasBlobToken"]
        by = {"Please specify authentication type": "SAS", "SAS URI for blob": url}
        assert state == ended(container.deploy(exporting(**by)))["StatusCode"]
    assert b"1\r\n2\r\n" == download(container.emulator, "cw.csv")


def test_an_export_that_a_crash_cut_short_is_done_again(staged_with, tmp_path):
    """Killed after it began to export, a job runs again and writes over its own blob, though the mode is Error."""
    place = staged_with(state=str(tmp_path / "state.db"))
    upload(place.emulator, "x", b"")
    target = place.deploy(exporting())
    job = begun(target)
    handle = place.emulator.handle_of(job)
    place.emulator.batch.close()  # as a crash would: nothing comes of the job any more
    assert ["export"] == list(place.emulator.staged.tasks[handle].task.body["sinks"])
    upload(place.emulator, "exported.csv", b"half")
    with place.emulator.store.transaction() as transaction:
        record = transaction.get(Job, job)
        transaction.put(rules.export(record))
    place.emulator.close()
    again = staged_with(state=str(tmp_path / "state.db"))
    again.emulator.batch.recover()
    running = again.emulator.staged.tasks[again.emulator.handle_of(job)]
    for sink in running.task.body["sinks"].values():
        Path(sink["path"]).write_bytes(b"whole")
    again.emulator.finish(job)
    assert b"whole" == download(again.emulator, "exported.csv")
    with again.emulator.store.transaction() as transaction:
        assert "Finished" == transaction.get(Job, job).state
