"""Loaded models: once each, no more than fit, and always those of the moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.sqlite_store import SqliteStore
from amlemulator.core.errors import failure
from amlemulator.engine.directory import Directory
from amlemulator.engine.propagation import Propagation
from amlemulator.engine.scoring import Scoring
from support.records import make_endpoint, make_resource


class Warmable:
    """A scorer that has been warmed so often."""

    warmed = 0

    def warm(self):
        self.warmed += 1


class Loader(Scoring):
    """Scoring whose models are told apart and never really loaded."""

    def __init__(self, clock):
        store = SqliteStore()
        super().__init__(store, Directory(store), clock, Propagation(10.0), lambda: None, memory=100)
        self.loaded = []
        self.sizes = {}
        self.broken = False

    def _load(self, graph, models):
        if self.broken:
            raise failure("ModelPackageFormatError")
        self.loaded.append((graph, tuple(models.values())))
        return Warmable(), self.sizes.get(next(iter(models.values())), 1)


@pytest.fixture
def loader():
    """Count what is loaded, at a time that stands."""
    clock = SystemClock()
    clock.freeze(100.0)
    made = Loader(clock)
    made.clock = clock
    yield made
    made._store.close()


def with_model(model, **changes):
    return make_endpoint(resources=(make_resource("A", model, **changes),))


def test_a_model_is_loaded_once(loader):
    """The same graph with the same models is one scorer, for however many endpoints."""
    first = loader.scorer(with_model("m"))
    assert first is loader.scorer(make_endpoint("other", id="o", resources=with_model("m").resources))
    assert first is not loader.scorer(with_model("n"))
    assert [("graph-1", ("m",)), ("graph-1", ("n",))] == loader.loaded


def test_the_model_of_the_moment_answers(loader):
    """Until a PATCH has propagated the model before answers."""
    endpoint = with_model("new", previous="old", updated=95.0)
    old = loader.scorer(endpoint)
    loader.clock.advance(5.0)
    assert old is not loader.scorer(endpoint)
    assert [("graph-1", ("old",)), ("graph-1", ("new",))] == loader.loaded


def test_no_more_than_fit_are_kept(loader):
    """The least used one goes first, and is loaded again when it is wanted."""
    loader.sizes = dict.fromkeys("abc", 50)
    for model in ("a", "b", "a", "c", "a", "b"):
        loader.scorer(with_model(model))
    assert ["a", "b", "c", "b"] == [models[0] for _, models in loader.loaded]


def test_one_that_is_too_large_is_kept_alone(loader):
    """A model that takes more than all may is loaded once for as long as nobody asks for another."""
    loader.sizes = {"large": 1000}
    for model in ("small", "large", "large", "small", "small"):
        loader.scorer(with_model(model))
    assert ["small", "large", "small"] == [models[0] for _, models in loader.loaded]


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=30), st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 60))
)
def test_memory_is_never_exceeded(wanted, sizes):
    """Whatever is asked for in whatever order, what is kept fits, and what was asked for last is kept."""
    loader = Loader(SystemClock())
    loader.sizes = sizes
    for model in wanted:
        last = loader.scorer(with_model(model))
        assert last is loader.scorer(with_model(model))
        assert sum(size for _, size in loader._scorers.values()) == loader._taken <= 100
    loader._store.close()


def test_warming_loads_what_will_answer(loader):
    """A PATCH that has not propagated yet warms the new model; the old one goes on answering."""
    endpoint = with_model("new", previous="old", updated=95.0)
    loader.warm(endpoint)
    loader.clock.advance(6.0)
    assert 1 == loader.scorer(endpoint).warmed
    assert [("graph-1", ("new",))] == loader.loaded


def test_forgetting_drops_all(loader):
    """After forgetting, a model is loaded anew."""
    loader.scorer(with_model("a"))
    loader.forget()
    loader.scorer(with_model("a"))
    assert 2 == len(loader.loaded)


def test_warming_a_broken_model_is_no_failure(loader):
    """What is wrong with a model shows at the score."""
    loader.broken = True
    loader.warm(with_model("a"))
    with pytest.raises(Exception, match="ModelPackageFormatError"):
        loader.scorer(with_model("a"))


def test_threads_share_one_scorer(loader):
    """Threads that ask at the same time may load twice, and all get the same one."""
    start = threading.Barrier(8)

    def ask(_):
        start.wait()
        return loader.scorer(with_model("a"))

    with ThreadPoolExecutor(8) as pool:
        assert 1 == len(set(pool.map(ask, range(8))))
