"""What checks stand on: the workspaces, a place for blobs, two trained models, and how hard to try."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from amlclient import EndpointsFile
from amlcontracts.harness.breach import NotApplicable, hold, same
from amlcontracts.harness.data import Column, Interface, cells_of, interface_of, plain, probes, to_csv, training_set
from amlcontracts.harness.every_answer import EveryAnswer
from amlcontracts.harness.place import Endpoint, Place, Service, places
from amlcontracts.harness.storage import Reference, Storage, url_of
from amlcontracts.harness.wire import Wire

Cells = list[list[str | None]]
Strategy = st.SearchStrategy[Any]


@dataclass(frozen=True)
class Effort:
    """How hard to try: examples of each law, programs of each machine and their steps, callers at a time.

    ``shrink`` looks for the shortest example of a breach. ``settle`` is in how many seconds a new endpoint or a changed
    model has to show; the real service took up to 30.
    """

    examples: int = 12
    programs: int = 6
    steps: int = 20
    crowd: int = 8
    shrink: bool = True
    settle: float = 0.0

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of Hypothesis."""
        return (Phase.generate, Phase.shrink) if self.shrink else (Phase.generate,)


MODEL = ".ilearner"
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Trained:
    """What two trainings gave: extension by output, as the service names its files, and the two models."""

    kinds: dict[str, str]
    models: tuple[bytes, bytes]


QUICK = Effort(examples=5, programs=3, steps=15, crowd=4)
USUAL = Effort()
FULL = Effort(examples=50, programs=25, steps=40, crowd=16)
EFFORTS = {"quick": QUICK, "usual": USUAL, "full": FULL}


class Ground:
    """Everything that a check may use. Close it: what was made goes then."""

    def __init__(
        self, file: EndpointsFile, effort: Effort = USUAL, seed_text: str = "0", trained: Trained | None = None
    ) -> None:
        """Stand on the workspaces of ``file``; ``trained`` spares two trainings, where somebody has their results."""
        self.file = file
        self.wire = Wire(EveryAnswer())
        self.settle = effort.settle
        self.places = places(file, self.wire, self.settle)
        self.storage = Storage(file.connection_string)
        self.effort = effort
        self.seed_text = seed_text
        self.check_id = ""
        self._stack = ExitStack()
        self._stack.callback(self.wire.close)
        self._stack.callback(self.storage.close)
        self._interfaces: dict[str, Interface] = {}
        self._given = trained

    def close(self) -> None:
        """Remove what was made: endpoints, blobs, the container."""
        self._stack.close()

    # --- where -----------------------------------------------------------------------------------------------------

    @cached_property
    def home(self) -> Place:
        """The workspace that is worked in: the first with a training service and its scoring service, or any."""
        if not self.places:
            raise NotApplicable("the endpoints file names no workspace")
        return next((place for place in self.places if place.pairs()), self.places[0])

    @cached_property
    def scoring(self) -> Service:
        """The scoring service that is worked with."""
        pairs = self.home.pairs()
        found = pairs[0][1] if pairs else next((one for one in self.home.services if one.kind == "scoring"), None)
        if found is None:
            raise NotApplicable(f"the workspace '{self.home.name}' has no scoring service")
        return found

    @cached_property
    def training(self) -> Service:
        """The training service that belongs to it."""
        pairs = self.home.pairs()
        if not pairs:
            raise NotApplicable(
                f"the workspace '{self.home.name}' has no training service whose name a scoring one has"
            )
        return pairs[0][0]

    def all_scoring(self) -> list[Service]:
        """Return every scoring service of every workspace."""
        return [service for place in self.places for service in place.services if service.kind == "scoring"]

    def with_parameters(self) -> Service:
        """Return a training service that requires a web service parameter. Raises NotApplicable without one."""
        for service in self.home.services:
            if self.interface(service).required:
                return service
        raise NotApplicable("no service requires a web service parameter")

    def interface(self, service: Service) -> Interface:
        """Return what a service takes and gives, read once."""
        found = self._interfaces.get(service.id)
        if found is None:
            found = self._interfaces[service.id] = interface_of(service.default)
        return found

    @property
    def port(self) -> tuple[str, tuple[Column, ...]]:
        """The input of the scoring service: its name and columns."""
        return self.interface(self.scoring).input

    # --- how hard --------------------------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """The seed of the check that is being made."""
        return int.from_bytes(hashlib.sha256(f"{self.seed_text}/{self.check_id}".encode()).digest()[:8])

    def settings(self, examples: int, steps: int = 1) -> settings:
        """Return Hypothesis' settings: nothing is remembered from run to run, and nothing is timed."""
        return settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=self.effort.phases,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )

    def law(self, *, share: float = 1.0, **strategies: Strategy) -> Callable[[Callable[..., None]], None]:
        """Make the decorated function hold for examples of ``strategies``; a dear one takes a ``share`` of them."""

        def hold_for_examples(body: Callable[..., None]) -> None:
            examples = max(2, round(self.effort.examples * share))
            seed(self.number)(self.settings(examples)(given(**strategies)(body)))()

        return hold_for_examples

    def crowd(self, callers: list[Callable[[], Any]]) -> list[Any]:
        """Call all of them at the same time; return their results in order, or raise what the first of them raised."""
        with ThreadPoolExecutor(len(callers)) as pool:
            return [future.result() for future in [pool.submit(caller) for caller in callers]]

    # --- what a scoring endpoint answers -----------------------------------------------------------------------------

    @cached_property
    def probes(self) -> list[dict[str, str]]:
        """Rows that tell one model from another."""
        return probes(self.port[1])

    def scores(self, endpoint: Endpoint) -> Cells:
        """Return what an endpoint answers to the probes. Raises Breach when it does not answer."""
        answer = endpoint.score(plain(self.port[0], self.probes))
        same(200, answer.status, answer.line)
        return cells_of(answer)

    def answers(self, endpoint: Endpoint, want: Cells, what: str) -> None:
        """Raise Breach unless an endpoint comes to answer so, within the time that a change may take."""
        end = time.monotonic() + self.settle
        while (found := self.scores(endpoint)) != want and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
        same(want, found, what)

    # --- trained models ----------------------------------------------------------------------------------------------

    @cached_property
    def workshop(self) -> Endpoint:
        """An endpoint of the training service of one's own."""
        return self._stack.enter_context(self.training.endpoint())

    def classes(self) -> tuple[str, ...]:
        """Return the classes that the scoring service tells apart. Raises NotApplicable when it tells none."""
        for columns in self.interface(self.scoring).outputs.values():
            for column in columns:
                if column.categories:
                    return column.categories
        raise NotApplicable("the scoring service has no output column with categories")

    def training_body(self, *, upwards: bool = True, count: int = 60) -> dict[str, Any]:
        """Return a batch request of the training service, its data uploaded."""
        port, columns = self.interface(self.training).input
        content = to_csv(training_set(columns, self.classes(), upwards=upwards, count=count))
        uploaded = self.storage.upload(f"train-{'up' if upwards else 'down'}-{count}.csv", content)
        return {"Inputs": {port: uploaded}, "Outputs": {}, "GlobalParameters": {}}

    def scoring_body(
        self, table: list[dict[str, str]], outputs: Mapping[str, Reference] | None = None, *, name: str = "rows.csv"
    ) -> dict[str, Any]:
        """Return a batch request of the scoring service, its rows uploaded."""
        uploaded = self.storage.upload(name, to_csv(table))
        return {"Inputs": {self.port[0]: uploaded}, "Outputs": dict(outputs or {}), "GlobalParameters": {}}

    @cached_property
    def trained(self) -> Trained:
        """What two trainings on different data gave."""
        return self._given or self._train()

    def _train(self) -> Trained:
        jobs = []
        for upwards in (True, False):
            jobs.append(self.workshop.submit(self.training_body(upwards=upwards)))
            self.workshop.start(jobs[-1])
        kinds, models = {}, []
        for job in jobs:
            status = self.workshop.wait(job)
            same("Finished", status["StatusCode"], f"the training job {job} ({status['Details']})")
            for name, result in status["Results"].items():
                self._stack.callback(self.storage.delete_result, result["RelativeLocation"])
                kinds[name] = f".{result['RelativeLocation'].rpartition('.')[2]}"
                if kinds[name] == MODEL:
                    models.append(self.wire.call("GET", url_of(result)).body)
        if len(models) != 2:
            raise NotApplicable(f"the training service gives {len(models) // 2} outputs with a model")
        return Trained(kinds, (models[0], models[1]))

    @cached_property
    def models(self) -> tuple[str, str]:
        """The names of two trained models of ours in the storage, which score differently."""
        names = ("up.ilearner", "down.ilearner")
        for name, content in zip(names, self.trained.models, strict=True):
            self.storage.upload(name, content)
        return names

    def update(self, model: str, resource: str | None = None, **location: Any) -> dict[str, Any]:
        """Return a PATCH body that brings a model of ours; ``location`` replaces members of where it lies."""
        name = self.resource if resource is None else resource
        return {"Resources": [{"Name": name, "Location": {**self.storage.shared(model), **location}}]}

    @cached_property
    def resource(self) -> str:
        """The resource that is updated. Raises NotApplicable when the scoring service has none."""
        names = self.scoring.default.resources()
        if not names:
            raise NotApplicable("the scoring service has no updatable resource")
        return names[0]

    @cached_property
    def faces(self) -> tuple[Cells, Cells, Cells]:
        """What the probes score with the default model, with the first and with the second of ours: all different."""
        first, second = self.models
        with self.patched(first) as one, self.patched(second) as other:
            found = (self.scores(self.scoring.default), self.scores(one), self.scores(other))
        hold(found[0] != found[1] != found[2] != found[0], "three different models score the same rows the same")
        return found

    @contextmanager
    def patched(self, model: str) -> Iterator[Endpoint]:
        """Have an endpoint with a model of ours for the length of a with block."""
        with self.scoring.endpoint() as endpoint:
            before, end = self.scores(endpoint), time.monotonic() + self.settle
            answer = endpoint.patch(self.update(model))
            same(200, answer.status, answer.line)
            while self.scores(endpoint) == before and time.monotonic() < end:
                time.sleep(LOOK_SECONDS)
            yield endpoint
