"""Laws of the retraining flow, whatever breaks and wherever it is killed."""

import tempfile
import traceback
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from amlclient import (
    AmlError,
    BlobLocation,
    Condition,
    FlowOptions,
    Journal,
    LocalFile,
    NotAccepted,
    Observer,
    Retraining,
    RetrainingPlan,
    RetrainingResult,
    Transport,
)
from client.fake_service import (
    CONNECTION_STRING,
    FAULTS,
    KEY,
    MANAGEMENT_URL,
    RESOURCE,
    SCORING,
    SECRETS,
    TOKEN,
    TRAINING_URL,
    FakeService,
    Killed,
    transport,
)

faults = st.dictionaries(st.integers(0, 22), st.sampled_from(FAULTS), max_size=5)
journal_kills = st.dictionaries(st.integers(0, 9), st.sampled_from(["kill before", "kill after"]), max_size=1)


class KillingJournal(Journal):
    """Dies before or after the n-th time it writes."""

    def __init__(self, path: Path, kills: dict[int, str]) -> None:
        super().__init__(path)
        self.kills, self.count = kills, 0

    def record(self, **members: object) -> None:
        fate = self.kills.get(self.count)
        self.count += 1
        if fate == "kill before":
            raise Killed
        super().record(**members)
        if fate == "kill after":
            raise Killed


class Diary(Observer):
    """Keeps everything it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def step(self, name: str, text: str) -> None:
        self.told.append(f"{name}: {text}")

    def waiting(self, status: object, seconds: float) -> None:
        self.told.append(repr(status))


class World:
    """One fake service, one journal, and as many runs as it takes."""

    def __init__(self, folder: str, service: FakeService) -> None:
        self.service = service
        self.path = Path(folder, "journal.json")
        self.rows = Path(folder, "rows.csv")
        self.rows.write_text("a\n1\n")
        self.uploads = 0
        self.diary = Diary()

    def upload(self, path: Path, *, container: str, blob: str, **_: object) -> BlobLocation:
        self.uploads += 1
        return BlobLocation(f"{container}/{blob}", connection_string=CONNECTION_STRING)

    def transport(self, faults: dict[int, str] | None) -> Transport:
        return transport(self.service, faults)

    def plan(self, **changes: object) -> RetrainingPlan:
        known = {
            "training_url": TRAINING_URL,
            "training_key": KEY,
            "management_url": MANAGEMENT_URL,
            "token": TOKEN,
            "scoring_service_id": SCORING,
            "endpoint_name": "retrained",
            "input": LocalFile(self.rows, CONNECTION_STRING),
        }
        return RetrainingPlan(**{**known, **changes})  # type: ignore[arg-type]

    def run(
        self, faults: dict[int, str] | None = None, kills: dict[int, str] | None = None, **changes: object
    ) -> RetrainingResult | BaseException:
        options = FlowOptions(
            observer=self.diary,
            clock=self.service.clock,
            transport=self.transport(faults),
            upload=self.upload,
            timeout=120.0,
            settle=10.0,
        )
        try:
            with KillingJournal(self.path, kills or {}) as journal:
                return Retraining(self.plan(**changes), journal, options).run()
        except (AmlError, Killed) as error:
            self.diary.told += [str(error), repr(error), "".join(traceback.format_exception(error))]
            return error

    def everything_said(self) -> str:
        journal = self.path.read_text() if self.path.exists() else ""
        return "\n".join([*self.diary.told, journal, repr(self.plan())])

    def hold_laws(self) -> None:
        assert len(self.service.started) <= 1
        assert len(self.service.updates) <= 1
        for name, body in self.service.updates:
            (resource,) = body["Resources"]
            expected = ("retrained", RESOURCE, f"out/{self.service.started[0]}.ilearner")
            assert expected == (name, resource["Name"], resource["Location"]["RelativeLocation"])
        assert not self.service.endpoints["default"].model
        said = self.everything_said()
        assert [] == [secret for secret in SECRETS if secret in said]


@settings(max_examples=150, deadline=None)
@given(runs=st.lists(st.tuples(faults, journal_kills), max_size=4), lenient=st.booleans())
@example(runs=[({3: "kill after"}, {})], lenient=True)
@example(runs=[({3: "lose"}, {})], lenient=True)
@example(runs=[({14: "lose"}, {}), ({}, {7: "kill before"})], lenient=False)
def test_whatever_breaks_one_job_is_started_and_the_endpoint_updated_once(runs, lenient) -> None:
    """Killed, cut off or throttled at any call or write, run again it ends done: one start, one update, no secret."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, FakeService())
        world.service.starts_twice = lenient
        for broken, kills in runs:
            begun = world.service.clock.now()
            outcome = world.run(broken, kills)
            assert world.service.clock.now() - begun < 1000
            if isinstance(outcome, RetrainingResult):
                assert 1 == len(world.service.updates)
            world.hold_laws()
        result = world.run()
        assert isinstance(result, RetrainingResult)
        assert result.verified
        assert (1, 1) == (len(world.service.started), len(world.service.updates))
        assert (world.service.started[0], RESOURCE, "retrained") == (
            result.job_id,
            result.resource_name,
            result.endpoint_name,
        )
        world.hold_laws()


@settings(max_examples=40, deadline=None)
@given(runs=st.lists(st.tuples(faults, journal_kills), max_size=3), ending=st.sampled_from(["Failed", "Cancelled"]))
def test_a_job_that_does_not_finish_is_never_told_as_success(runs, ending) -> None:
    """However often it is run again, a job that failed or was cancelled starts no second one and patches nothing."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, FakeService(ending=ending))
        for broken, kills in [*runs, ({}, {})]:
            assert not isinstance(world.run(broken, kills), RetrainingResult)
            world.hold_laws()
        assert [] == world.service.updates


@settings(max_examples=40, deadline=None)
@given(runs=st.lists(st.tuples(faults, journal_kills), max_size=3))
def test_a_condition_that_is_not_met_leaves_everything_as_it_was(runs) -> None:
    """With an evaluation below the condition no endpoint is added and none is patched; a lower bar then goes on."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder, FakeService())
        for broken, kills in runs:
            assert not isinstance(world.run(broken, kills, accept=Condition.parse("AUC >= 0.95")), RetrainingResult)
        assert isinstance(world.run(accept=Condition.parse("AUC >= 0.95")), NotAccepted)
        assert ([], {"default"}) == (world.service.updates, set(world.service.endpoints))
        assert isinstance(world.run(accept=Condition.parse("AUC >= 0.9 and accuracy > 0.8")), RetrainingResult)
        world.hold_laws()
        assert 1 == len(world.service.started)
