"""Cached lookups: quick, and never of yesterday."""

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from amlemulator.adapters.sqlite_store import SqliteStore
from amlemulator.core.records import Endpoint, WebService, Workspace
from amlemulator.engine.directory import Directory
from support import graphs
from support.records import make_endpoint, make_service, make_workspace

IDS = st.sampled_from(["a", "b", "c"])
KINDS = {Workspace: make_workspace, WebService: make_service, Endpoint: make_endpoint}


class Lookups(RuleBasedStateMachine):
    """A directory beside the store that it reads."""

    @initialize()
    def open(self):
        self.store = SqliteStore()
        self.directory = Directory(self.store)

    @rule(kind=st.sampled_from(sorted(KINDS, key=str)), record_id=IDS, ordinal=st.integers(1, 9))
    def put(self, kind, record_id, ordinal):
        with self.store.transaction() as transaction:
            transaction.put(KINDS[kind](id=record_id, ordinal=ordinal))

    @rule(kind=st.sampled_from(sorted(KINDS, key=str)), record_id=IDS)
    def delete(self, kind, record_id):
        with self.store.transaction() as transaction:
            transaction.delete(kind, record_id)

    @rule()
    def reset(self):
        self.store.reset()

    @invariant()
    def it_says_what_the_store_says(self):
        with self.store.transaction() as transaction:
            stored = {kind: transaction.list(kind) for kind in KINDS}
            single = {(kind, record_id): transaction.get(kind, record_id) for kind in KINDS for record_id in "abc"}
        parents = make_workspace().id, make_service().id
        assert tuple(stored[Workspace]) == self.directory.workspaces()
        assert tuple(stored[WebService]) == self.directory.services(parents[0])
        assert tuple(stored[Endpoint]) == self.directory.endpoints(parents[1])
        for endpoint in stored[Endpoint]:
            named = self.directory.endpoint_named(parents[1], endpoint.name)
            assert named in [one for one in stored[Endpoint] if one.name == endpoint.name]
        for record_id in "abc":
            assert single[Workspace, record_id] == self.directory.workspace(record_id)
            assert single[WebService, record_id] == self.directory.service(record_id)
            assert single[Endpoint, record_id] == self.directory.endpoint(record_id)

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()


TestLookups = Lookups.TestCase
TestLookups.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


def test_a_known_record_is_read_once(monkeypatch):
    """Until something changes, a second look costs no transaction."""
    store = SqliteStore()
    directory = Directory(store)
    with store.transaction() as transaction:
        transaction.put(make_endpoint())
        transaction.put(make_service())
    first = directory.endpoint(make_endpoint().id), directory.endpoint_named(make_service().id, "ep2")
    monkeypatch.setattr(store, "transaction", None)
    assert first == (directory.endpoint(make_endpoint().id), directory.endpoint_named(make_service().id, "ep2"))
    store.close()


def test_a_change_costs_no_list(monkeypatch):
    """Where an endpoint is changed, added or deleted, its neighbours are not read again."""
    store = SqliteStore()
    directory = Directory(store)
    with store.transaction() as transaction:
        for number in range(1, 4):
            transaction.put(make_endpoint(f"ep{number}", id=f"{number}", ordinal=number))
    service = make_service().id
    directory.endpoints(service)
    changed, added = make_endpoint("ep2", id="2", ordinal=2, description="new"), make_endpoint("ep0", id="0", ordinal=9)
    with store.transaction() as transaction:
        transaction.put(changed)
        transaction.put(added)
        transaction.delete(Endpoint, "3")
    monkeypatch.setattr(store, "transaction", None)
    assert (["ep1", "ep2", "ep0"], changed, None) == (
        [endpoint.name for endpoint in directory.endpoints(service)],
        directory.endpoint_named(service, "ep2"),
        directory.endpoint_named(service, "ep3"),
    )
    store.close()


def test_what_is_read_during_a_change_is_not_kept(monkeypatch):
    """A record that another thread changes between the reading and the keeping is read again."""
    store = SqliteStore()
    directory = Directory(store)
    old, new = make_endpoint(), make_endpoint(description="new")
    with store.transaction() as transaction:
        transaction.put(old)
    keep = directory._keep

    def late(*arguments):
        with store.transaction() as transaction:
            transaction.put(new)
        directory._fresh()  # somebody else follows the store meanwhile
        keep(*arguments)

    monkeypatch.setattr(directory, "_keep", late, raising=True)
    first = directory.endpoint(old.id)
    monkeypatch.setattr(directory, "_keep", keep)
    assert (old, new) == (first, directory.endpoint(old.id))
    store.close()


def test_unknown_ids_do_not_pile_up():
    """Callers may name any number of ids that are not there; none is remembered."""
    store = SqliteStore()
    directory = Directory(store)
    for number in range(100):
        assert directory.endpoint(f"{number}") is None
    assert {} == directory._records
    store.close()


def test_an_interface_is_that_of_the_endpoints_graph():
    """An experiment and a published function are both described by what the endpoint was published with."""
    store = SqliteStore()
    directory = Directory(store)
    graph = store.save_content(json.dumps(graphs.ECHO).encode())
    code = store.save_content(json.dumps({"code": {"InputSchema": {"a": {"type": "number"}}}}).encode())
    found = [directory.interface(make_endpoint(experiment=key)) for key in (graph, code)]
    assert [["x", "n", "y", "b", "t"], ["a"]] == [[column.name for column in one.inputs[0].columns] for one in found]
    store.close()
