"""The work of ``amlclassic demo --many N``: a model of its own for each of N locations (documents.md section 15).

One experiment, one training service, one scoring service: a training job, an endpoint, a PATCH and a score for each
location, as the PowerShell article does it for ten and means it for a thousand.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amlclient import (
    BlobLocation,
    EndpointSettings,
    EndpointsFile,
    JobFailed,
    JobState,
    JobStatus,
    ManagementClient,
    RetryPolicy,
    ScoringClient,
    Table,
    Transport,
    WrongCall,
)
from amlcontracts import load
from amlemulator.commands._chart import Series, page
from amlemulator.commands._child import ChildEmulator
from amlemulator.commands._console import Progress
from amlemulator.commands._demonstration import Say
from amlemulator.samples import WINDOW, location, scored_rows

CONTAINER = "bikes"
TRAINING, SCORING = "Bike Rental Training", "Bike Rental Scoring"
CALLERS = 4  # calls at a time: as many as an endpoint of throttle level Low takes
POLL = 0.1  # seconds
MOST = int(load("limits")["endpoints_per_service"]) - 1  # the default one is there already
HOURS = (8, 13, 17)  # of the day that is scored


@dataclass
class Place:
    """One location on its way."""

    number: int  # from 0
    job_id: str = ""
    model: BlobLocation | None = None
    client: ScoringClient | None = None
    riders: list[float] = field(default_factory=list)  # at each of HOURS

    @property
    def name(self) -> str:
        """The endpoint's name, as the article's: rentalloc001."""
        return f"rentalloc{self.number + 1:03}"


def play(child: ChildEmulator, progress: Progress, say: Say, count: int, plot: Path) -> dict[str, Any]:
    """Start an emulator and do it all; returns what ``--json`` prints. Raises AmlError, StartError, OSError."""
    say(f"amlclassic demo: a model of its own for each of {count:,} locations, all on this machine")
    file = child.start()
    say(f"   The emulator is ready at {file.base_url}, its blob storage at {file.blob_url}.")
    transport = Transport()
    try:
        return ManyModels(file, transport, progress, say, count).play(plot)
    finally:
        transport.close()


class ManyModels:
    """The six steps for every location, each over HTTP, each told as it is done."""

    def __init__(self, file: EndpointsFile, transport: Transport, progress: Progress, say: Say, count: int) -> None:
        self._file, self._transport, self._progress, self._say = file, transport, progress, say
        workspace = file.workspace("Census")
        self._training, self._scoring = workspace.service(TRAINING), workspace.service(SCORING)
        place, token = workspace.management_url, workspace.token
        self._management = ManagementClient(place, token, workspace.id, transport=transport, timeout=600.0)
        self._jobs = self._client(self._training.default.api_location, self._training.default.primary_key)
        self._default = self._client(self._scoring.default.api_location, self._scoring.default.primary_key)
        self._places = [Place(number) for number in range(count)]
        self._seconds: dict[str, float] = {}

    def play(self, plot: Path) -> dict[str, Any]:
        """Do the steps in order, and return what ``--json`` prints."""
        count = len(self._places)
        with self._step("upload"):
            self._upload()
        self._say(f"1. Uploaded {count:,} files: location k has {WINDOW} hours in a row of the city's year,")
        self._say("     the first location from its first hour on, the last one up to its last")
        with self._step("add"):
            self._each("endpoints", self._add)
        self._say(f"2. Added {count:,} endpoints to {SCORING!r}, {self._places[0].name} to {self._places[-1].name}")
        with self._step("train"):
            self._train()
        self._say(f"3. Trained {count:,} models: a batch job of {TRAINING!r} for each{self._rate('train')}")
        with self._step("patch"):
            self._each("updates", self._patch)
        self._say(f"4. Gave each endpoint its own model by PATCH{self._rate('patch')}")
        with self._step("score"):
            default = self._score_all()
        self._say(f"5. Scored the same hours through every endpoint{self._rate('score')}")
        self._draw(plot, default)
        return self._told(plot, default)

    def _client(self, address: str, key: str) -> ScoringClient:
        return ScoringClient(address, key, transport=self._transport, retry=RetryPolicy(fresh_seconds=30.0))

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._seconds[name] = round(time.perf_counter() - began, 3)

    def _rate(self, name: str) -> str:
        return f", {self._seconds[name]:.1f} s, {len(self._places) / self._seconds[name]:.0f} a second"

    def _each(self, label: str, work: Callable[[Place], None]) -> None:
        """Do the work for every location, some at a time, and show how far it is."""
        with ThreadPoolExecutor(CALLERS) as pool:
            waiting = [pool.submit(work, place) for place in self._places]
            try:
                for done, future in enumerate(waiting, 1):
                    future.result()
                    self._progress.share(label, done, len(waiting))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _upload(self) -> None:
        from azure.storage.blob import BlobServiceClient

        assert self._file.connection_string is not None
        count = len(self._places)
        with BlobServiceClient.from_connection_string(self._file.connection_string) as service:
            # The article's files are public: its web service parameter is an address without a token.
            container = service.create_container(CONTAINER, public_access="blob")
            for place in self._places:
                container.upload_blob(_blob(place, "csv"), location(place.number, count))
                self._progress.share("upload", place.number + 1, count, " files")

    def _add(self, place: Place) -> None:
        made = self._management.add_endpoint(self._scoring.id, place.name, EndpointSettings(place.name))
        place.client = self._client(made.api_location or "", made.primary_key or "")

    def _train(self) -> None:
        """Submit and start every job; the service runs 40 at a time, the rest waits in order."""
        for place in self._places:
            source = f"{self._file.blob_url}/devstoreaccount1/{CONTAINER}/{_blob(place, 'csv')}"
            target = BlobLocation(
                f"{CONTAINER}/{_blob(place, 'ilearner')}", connection_string=self._file.connection_string
            )
            place.job_id = self._jobs.submit_job(outputs={"output1": target}, parameters={"URI": source})
            self._jobs.start_job(place.job_id)
            self._progress.share("jobs", place.number + 1, len(self._places), " submitted")
        waiting = deque(self._places)
        while waiting:
            status = self._jobs.job(waiting[0].job_id)
            if not status.state.ended:
                time.sleep(POLL)
                continue
            waiting.popleft().model = _model(status)
            self._progress.share("training", len(self._places) - len(waiting), len(self._places), " models")

    def _patch(self, place: Place) -> None:
        assert place.model is not None
        resource = "Bike Rental [trained model]"
        self._management.patch_resource(self._scoring.id, place.name, resource, place.model)

    def _score_all(self) -> list[float]:
        """Score the same rows through the default endpoint and through every added one."""
        names, *rows = scored_rows(HOURS)
        table = Table(tuple(names), tuple(map(tuple, rows)))

        def score(place: Place) -> None:
            assert place.client is not None
            place.riders = _riders(place.client, table)

        default = _riders(self._default, table)
        self._each("scores", score)
        return default

    def _draw(self, plot: Path, default: Sequence[float]) -> None:
        series = [
            Series(f"{hour}:00", [place.riders[n] for place in self._places], default[n])
            for n, hour in enumerate(HOURS)
        ]
        took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self._seconds.items())
        plot.write_text(page(series, took), "utf-8")
        self._say(f"6. Drew what they say: {plot.resolve()}")

    def _told(self, plot: Path, default: Sequence[float]) -> dict[str, Any]:
        riders = [place.riders for place in self._places]
        return {
            "ok": True,
            "locations": len(self._places),
            "rows": WINDOW,
            "seconds": self._seconds,
            "hours": list(HOURS),
            "default": list(default),
            "scores": riders,
            "different": len(set(map(tuple, riders))),
            "plot": str(plot.resolve()),
        }


def _blob(place: Place, extension: str) -> str:
    stem = "BikeRental" if extension == "csv" else "model"
    return f"{stem}{place.number + 1:03}.{extension}"


def _model(status: JobStatus) -> BlobLocation:
    if status.state is not JobState.FINISHED:
        raise JobFailed(job_id="", details=status.details)
    return status.results["output1"]


def _riders(client: ScoringClient, table: Table) -> list[float]:
    return [float(str(cell)) for cell in client.score(table).table.column("Scored Labels")]


def plan(count: int | None, plot: str | None) -> tuple[int, Path]:
    """Return how many locations there are to be and where the plot goes. Raises WrongCall for what cannot be."""
    if count is None:
        raise WrongCall("--plot goes with --many N")
    if not 1 <= count <= MOST:
        raise WrongCall(f"--many takes a number of locations from 1 to {MOST:,}, not {count:,}")
    path = Path(plot or "many.html")
    if path.is_dir() or not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise WrongCall(f"the plot cannot be written to {path}: name a file in a folder of yours with --plot")
    return count, path
