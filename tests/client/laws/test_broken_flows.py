"""The whole retraining over a network that breaks, and with signatures that expire on the way."""

import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amlclient import AmlError, RetrainingResult, Transport
from client.fake_service import FakeService, RefusalError
from client.laws.network import Fate, Network, connected
from client.test_flow_laws import World

CALLS = 15  # of a retraining in which all goes well


@pytest.fixture(autouse=True, scope="module")
def no_power_cuts() -> Iterator[None]:
    """Spare the disk: the process is killed here, never the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


class NetWorld(World):
    """A world whose flow goes over the network without a kernel."""

    fates: dict[int, Fate]

    def transport(self, faults: dict[int, str] | None) -> Transport:
        return Transport()

    def over(self, fates: dict[int, Fate], **changes: Any) -> tuple[Any, Network]:
        network = Network(self.service, self.service.clock, fates)
        with connected(network):
            return self.run(**changes), network


def world(folder: str, service: FakeService | None = None) -> NetWorld:
    return NetWorld(folder, service or FakeService())


def held(world: NetWorld, fates: dict[int, Fate]) -> None:
    """Run with the fates, then until it is done; the laws hold after each."""
    for played in (fates, {}):
        began = world.service.clock.now()
        outcome, _ = world.over(played)
        assert world.service.clock.now() - began < 120.0 + 20 * 120.0
        world.hold_laws()
        if isinstance(outcome, RetrainingResult):
            assert 1 == len(world.service.updates)
    assert isinstance(outcome, RetrainingResult), outcome
    assert (1, 1, True) == (len(world.service.started), len(world.service.updates), outcome.verified)


def test_a_retraining_makes_the_calls_that_are_broken_below(tmp_path) -> None:
    """The number of calls that the laws below go through is the flow's own."""
    _, network = world(str(tmp_path)).over({})
    assert CALLS == len(network.exchanges)


@pytest.mark.parametrize("number", range(CALLS))
def test_one_broken_call_of_a_retraining_trains_once_and_patches_once(number: int) -> None:
    """Each call in turn: lost before it arrived, half arrived, done and its reply lost, cut, slow, silent."""
    fates = [Fate(request=0), Fate(request=90), Fate(answer=0), Fate(answer=40), Fate(answer=0, how="reset")]
    fates += [Fate(request=90, how="silence"), Fate(answer=0, how="silence"), Fate(pace=1.0), Fate(connecting=60.0)]
    for fate in fates:
        with tempfile.TemporaryDirectory() as folder:
            held(world(folder), {number: fate})


broken = st.builds(
    Fate,
    request=st.none() | st.integers(0, 900),
    answer=st.none() | st.integers(0, 900),
    how=st.sampled_from(["end", "reset", "silence"]),
    pace=st.sampled_from([0.0, 0.01, 5.0]),
)


@settings(max_examples=40)
@given(fates=st.dictionaries(st.integers(0, CALLS + 8), broken, max_size=5))
def test_many_broken_calls_of_a_retraining_train_once_and_patch_once(fates: dict[int, Fate]) -> None:
    """Any calls, at any bytes, in any mixture."""
    with tempfile.TemporaryDirectory() as folder:
        held(world(folder), fates)


class ExpiringService(FakeService):
    """Signs for ``lifetime`` seconds; ``jumps`` lets time pass before a call, by its number."""

    def __init__(self, lifetime: float, jumps: dict[int, float]) -> None:
        super().__init__()
        self.lifetime, self.jumps = lifetime, jumps

    def route(self, method: str, path: str, environ: dict[str, Any], content: bytes) -> tuple[int, str, bytes]:
        self.clock.sleep(self.jumps.pop(len(self.calls) - 1, 0.0))
        return super().route(method, path, environ, content)

    def results(self, job_id: str) -> Any:
        ends = int(self.clock.now() + self.lifetime)
        signed = super().results(job_id)
        return {name: {**one, "SasBlobToken": f"{one['SasBlobToken']}&se={ends}"} for name, one in signed.items()}

    def blob(self, path: str, query: dict[str, list[str]]) -> bytes:
        if self.clock.now() > float(query["se"][0]):
            raise RefusalError(403, "AuthenticationFailed")
        return super().blob(path, query)

    def patch(self, endpoint: Any, body: Any) -> None:
        (resource,) = body["Resources"]
        if self.clock.now() > float(resource["Location"]["SasBlobToken"].rpartition("=")[2]):
            raise RefusalError(400, "InvalidBlob")
        super().patch(endpoint, body)


@pytest.mark.parametrize("number", range(CALLS))
def test_a_signature_that_expires_before_any_call_is_no_success_and_heals(number: int) -> None:
    """Told as the storage or the service tells it; run again, the same job's fresh signature does it."""
    with tempfile.TemporaryDirectory() as folder:
        made = world(folder, ExpiringService(60.0, {number: 100.0}))
        outcome, _ = made.over({})
        made.hold_laws()
        assert isinstance(outcome, RetrainingResult | AmlError)
        assert isinstance(outcome, RetrainingResult) == bool(made.service.updates)
        held(made, {})


@settings(max_examples=30)
@given(lifetime=st.floats(5, 100), jumps=st.dictionaries(st.integers(0, CALLS), st.floats(0, 200), max_size=4))
def test_signatures_that_expire_anywhere_hold_the_laws(lifetime: float, jumps: dict[int, float]) -> None:
    """Any lifetime, any delays: one training, at most one update, success only of what was done."""
    with tempfile.TemporaryDirectory() as folder:
        made = world(folder, service := ExpiringService(lifetime, dict(jumps)))
        made.over({})
        made.hold_laws()
        service.jumps.clear()
        held(made, {})
