"""The work of ``amlclassic demo``: what the retraining document tells people to do, done over HTTP and shown."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlclient import (
    AmlError,
    EndpointsFile,
    FlowOptions,
    JobStatus,
    Journal,
    LocalFile,
    ManagementClient,
    Observer,
    Retraining,
    RetrainingPlan,
    RetryPolicy,
    ScoringClient,
    Table,
    Transport,
    WorkspaceEntry,
    redact,
)
from amlemulator.commands._child import ChildEmulator, Interrupted, Signals, StartError
from amlemulator.commands._console import Progress, figures, table
from amlemulator.commands._measures import area_under_curve
from amlemulator.commands._targets import pair

ENDPOINT = "retrained"
LABEL, POSITIVE = "income", ">50K"
PROBABILITIES = "Scored Probabilities"
SHOWN_ROWS = 10

Say = Callable[[str], None]

# What is played on the emulator; returns what --json prints.
Play = Callable[[ChildEmulator, Progress, Say], dict[str, Any]]

NEXT = """\
What to try next
  amlclassic serve --endpoints-file aml.json                 the emulator, until Ctrl-C; then, in another terminal:
  amlclassic status --endpoints-file aml.json                what it serves, and where the models come from
  amlclassic retrain --endpoints-file aml.json --input rows.csv --accept "AUC >= 0.9"
Your own retraining program needs only the addresses and keys that stand in aml.json."""


def demonstrate(as_json: bool, play: Play | None = None) -> int:
    """Play the flow (or another play) on an emulator of its own and print it. Returns the exit status."""
    progress = Progress()
    say: Say = (lambda text: None) if as_json else Narrator(progress)
    _reach_this_machine_directly()
    try:
        with Signals() as signals, ChildEmulator(signals) as child:
            outcome = (play or _play)(child, progress, say)
    except Interrupted as error:
        progress.line(f"amlclassic demo: stopped by {error}; nothing is left behind")
        return error.status
    except (AmlError, StartError, OSError) as error:
        progress.line(f"amlclassic demo: {error}")
        if as_json:
            print(json.dumps({"ok": False, "error": {"type": type(error).__name__, "message": str(error)}}))
        return 1
    if as_json:
        print(json.dumps(outcome))
    return 0


def _reach_this_machine_directly() -> None:
    """Keep a proxy of the caller's environment, which may not know our ports, out of calls to this machine."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))


class Narrator:
    """Prints to standard output, with the bar on standard error out of the way."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, text: str) -> None:
        self._progress.clear()
        print(text, flush=True)


class Bars(Observer):
    """Draws the upload and the job."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def uploading(self, sent: int, total: int) -> None:
        """Draw the upload."""
        self._progress.share("upload", sent, total, " bytes")

    def waiting(self, status: JobStatus, seconds: float) -> None:
        """Draw the job."""
        self._progress.moving("training", status.state.value, seconds)


def _play(child: ChildEmulator, progress: Progress, say: Say) -> dict[str, Any]:
    say("amlclassic demo: retraining a model of Azure ML Studio (classic), all on this machine")
    file = child.start()
    say(f"   The emulator is ready at {file.base_url}, its blob storage at {file.blob_url}.")
    transport = Transport()
    try:
        with Journal(child.folder / "retraining.json") as journal:
            return Demonstration(file, child.folder, transport, progress, say).play(journal)
    finally:
        transport.close()


@dataclass(frozen=True)
class TestRows:
    """The rows to score, as the scoring service takes them, and what is true of each."""

    table: Table
    positives: Sequence[bool]

    @classmethod
    def read(cls, path: Path, columns: Sequence[str]) -> TestRows:
        """Read a CSV file, keeping the service's ``columns``."""
        with path.open(encoding="utf-8", newline="") as file:
            records = list(csv.DictReader(file))
        rows = tuple(tuple(record[name] for name in columns) for record in records)
        return cls(Table(tuple(columns), rows), [record[LABEL].strip().rstrip(".") == POSITIVE for record in records])

    @property
    def few(self) -> Table:
        """The first rows, to be looked at."""
        return Table(self.table.column_names, self.table.rows[:SHOWN_ROWS])


class Demonstration:
    """The six steps, each over HTTP, each told as it is done."""

    def __init__(self, file: EndpointsFile, folder: Path, transport: Transport, progress: Progress, say: Say) -> None:
        self._file, self._folder, self._transport = file, folder, transport
        self._progress, self._say = progress, say
        self._workspace: WorkspaceEntry = file.workspace("Census")
        self._training, self._scoring = pair(self._workspace, "Census Model", None)
        token, place = self._workspace.token, self._workspace.management_url
        self._management = ManagementClient(place, token, self._workspace.id, transport=transport)
        self._default = self._client(self._scoring.default.api_location, self._scoring.default.primary_key)

    def play(self, journal: Journal) -> dict[str, Any]:
        """Do the steps in order, and return what ``--json`` prints."""
        train, test = (sample(name, self._folder) for name in ("census-train", "census-test"))
        rows = TestRows.read(test, self._columns())
        scores, auc = {"default_before": self._few(self._default, rows)}, {}
        auc["before"] = self._auc(self._default, rows, "scoring, first model")
        flow = Retraining(self._plan(train), journal, self._options())
        flow.adopt_journal()
        flow.check()
        training = self._train(flow, train, journal)
        evaluation = self._evaluate(flow, journal)
        added = self._add_endpoint(flow, journal)
        scores["endpoint_before"] = self._few(added, rows)
        self._patch(flow, journal)
        scores["default_after"], scores["endpoint_after"] = self._few(self._default, rows), self._few(added, rows)
        auc["after"] = self._auc(added, rows, "scoring, new model")
        self._compare(rows, scores, auc)
        kept = journal.get("endpoint")
        patch = journal.get("patch")
        endpoint = {"name": kept["name"], "help_location": kept["help_location"]}
        endpoint |= {"patch_url": patch["url"], "resource_name": patch["resource"]}
        told = {"training": training, "evaluation": evaluation, "test_auc": auc, "endpoint": endpoint, "scores": scores}
        return {"ok": True, **told}

    def _plan(self, train: Path) -> RetrainingPlan:
        assert self._file.connection_string is not None
        return RetrainingPlan(
            training_url=self._training.default.api_location,
            training_key=self._training.default.primary_key,
            management_url=self._workspace.management_url,
            token=self._workspace.token,
            scoring_service_id=self._scoring.id,
            endpoint_name=ENDPOINT,
            input=LocalFile(train, self._file.connection_string),
        )

    def _options(self) -> FlowOptions:
        return FlowOptions(observer=Bars(self._progress), transport=self._transport, timeout=600.0, poll=0.25)

    def _train(self, flow: Retraining, train: Path, journal: Journal) -> dict[str, Any]:
        count = _count_rows(train)
        flow.provide_input()
        self._say(f"1. Uploaded {train.name} ({count:,} rows, {train.stat().st_size:,} bytes) with azure-storage-blob")
        self._say(f"     {self._file.blob_url}/devstoreaccount1/{journal.get('input')}")
        flow.submit()
        flow.start()
        flow.wait()
        job_id, seconds = journal.get("job_id"), journal.get("finished") - journal.get("started")
        jobs = f"{self._training.default.api_location}/jobs"
        self._say(f"2. Trained on all {count:,} rows: a batch job of {self._training.name!r}, {seconds:.1f} s")
        self._say(f"     POST {jobs}?api-version=2.0")
        self._say(f"     POST {jobs}/{job_id}/start?api-version=2.0")
        self._say(f"     GET  {jobs}/{job_id}?api-version=2.0")
        state = flow.status.state.value
        service = self._training.name
        return {"service": service, "job_id": job_id, "status": state, "rows": count, "seconds": round(seconds, 3)}

    def _evaluate(self, flow: Retraining, journal: Journal) -> dict[str, Any]:
        flow.evaluate()
        row: Mapping[str, str] = journal.get("evaluation")[0]
        self._say(f"3. Read the job's results; the new model's own evaluation: {figures(row)}")
        for name, location in flow.status.results.items():
            self._say(f"     {name}: {redact(location.url)}")
        return {_plain(name): _number(value) for name, value in row.items()}

    def _add_endpoint(self, flow: Retraining, journal: Journal) -> ScoringClient:
        flow.add_endpoint()
        flow.find_resource()
        kept, patch = journal.get("endpoint"), journal.get("patch")
        self._say(
            f"4. Added endpoint {kept['name']!r} to {self._scoring.name!r}; on its help page, under Update Resource:"
        )
        self._say(f"     {kept['help_location']}")
        self._say(f"     PATCH {patch['url']}")
        self._say(f"     Resource Name: {patch['resource']}")
        endpoint = self._management.endpoint(self._scoring.id, kept["name"])
        return self._client(endpoint.api_location or "", endpoint.primary_key or "")

    def _patch(self, flow: Retraining, journal: Journal) -> None:
        flow.patch()
        flow.verify()
        self._say("5. Gave that endpoint the new model: BaseLocation, RelativeLocation and SasBlobToken of")
        self._say(f"     {journal.get('model')}")

    def _compare(self, rows: TestRows, scores: Mapping[str, Sequence[float]], auc: Mapping[str, float]) -> None:
        self._say("6. The same rows of census-test.csv through both endpoints (probability of more than 50K a year):")
        lines = [["", "default before", "default after", f"{ENDPOINT} before", f"{ENDPOINT} after"]]
        columns = [scores[name] for name in ("default_before", "default_after", "endpoint_before", "endpoint_after")]
        for number, values in enumerate(zip(*columns, strict=True)):
            lines.append([f"row {number + 1}", *(f"{value:.4f}" for value in values)])
        self._say(table(lines, indent="     "))
        self._say(f"   AUC on all {len(rows.table):,} test rows: {auc['before']:.4f} before, {auc['after']:.4f} after.")
        self._say(f"\n{NEXT}")

    def _client(self, location: str, key: str) -> ScoringClient:
        return ScoringClient(location, key, transport=self._transport, retry=RetryPolicy(fresh_seconds=30.0))

    def _columns(self) -> list[str]:
        """Ask the service which columns it takes."""
        return list(self._default.swagger()["definitions"]["input1Item"]["properties"])

    def _few(self, client: ScoringClient, rows: TestRows) -> list[float]:
        return [float(str(cell)) for cell in client.score(rows.few).table.column(PROBABILITIES)]

    def _auc(self, client: ScoringClient, rows: TestRows, label: str) -> float:
        values: list[float] = []
        for batch in client.score_in_batches(rows.table):
            values += [float(str(cell)) for cell in batch.column(PROBABILITIES)]
            self._progress.share(label, len(values), len(rows.table), " rows")
        return area_under_curve(values, rows.positives)


def sample(name: str, folder: Path) -> Path:
    """Lay a sample data set into ``folder`` as a CSV file, and return its path."""
    from amlemulator.samples import dataset

    path = folder / f"{name}.csv"
    with gzip.open(dataset(name)) as packed, path.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return path


def _count_rows(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
