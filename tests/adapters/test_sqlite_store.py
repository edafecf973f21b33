"""The store, in memory and in a file: one suite over both."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlemulator.adapters.sqlite_store import NAMED, QUEUE, RUNNING, SqliteStore
from amlemulator.adapters.state_formats import StateFileError
from amlemulator.core.records import (
    BlobReference,
    Endpoint,
    Job,
    JobState,
    Resource,
    StoredOutput,
    WebService,
    Workspace,
)
from amlemulator.ports.store import Change
from support.records import make_endpoint, make_job, make_resource, make_service, make_workspace

TEXT = st.text(max_size=6)
LOCATIONS = st.builds(BlobReference, st.none() | TEXT, st.none() | TEXT, st.none() | TEXT, st.none() | TEXT)
RESOURCES = st.lists(st.builds(Resource, TEXT, TEXT, LOCATIONS, updated=st.none() | st.floats(0, 1e9)), max_size=2)
RECORDS = st.one_of(
    st.builds(make_workspace, name=TEXT, tier=st.sampled_from(["standard", "free"]), created=st.floats(0, 1e10)),
    st.builds(make_service, name=TEXT, description=st.none() | TEXT, resources=RESOURCES.map(tuple)),
    st.builds(
        make_endpoint, description=st.none() | TEXT, resources=RESOURCES.map(tuple), prevent_update=st.booleans()
    ),
    st.builds(
        make_job,
        state=st.sampled_from(JobState),
        queued=st.booleans(),
        place=st.integers(0, 99),
        inputs=st.dictionaries(TEXT, LOCATIONS, max_size=2),
        outputs=st.dictionaries(TEXT, LOCATIONS, max_size=2),
        parameters=st.dictionaries(TEXT, TEXT, max_size=2),
        results=st.dictionaries(TEXT, st.builds(StoredOutput, TEXT, TEXT, TEXT), max_size=2),
        details=st.none() | TEXT,
        models=st.dictionaries(TEXT, TEXT, max_size=2),
    ),
)


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    made = SqliteStore(":memory:" if request.param == "memory" else tmp_path / "state.db")
    yield made
    made.close()


def everything(store):
    with store.transaction() as transaction:
        return [record for kind in (Workspace, WebService, Endpoint, Job) for record in transaction.list(kind)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(RECORDS)
def test_a_record_comes_back_as_it_was_put(store, record):
    """Every kind of record, with any content of its members, is read as it was written."""
    with store.transaction() as transaction:
        transaction.put(record)
    with store.transaction() as transaction:
        assert record == transaction.get(type(record), record.id)


def test_what_is_not_there_is_none(store):
    """An unknown id, or another kind's, gives None; deleting it does nothing."""
    with store.transaction() as transaction:
        transaction.put(make_workspace())
        assert transaction.get(WebService, make_workspace().id) is None
        transaction.delete(Job, "unknown")
        assert [] == transaction.list(Job)


def test_lists_are_in_order_of_creation(store):
    """Children of a parent are listed by their ordinal, however they were written and rewritten."""
    jobs = [make_job(place) for place in (3, 1, 2)]
    with store.transaction() as transaction:
        for job in jobs:
            transaction.put(job)
        transaction.put(make_job(9, endpoint_id="other"))
        transaction.put(make_job(1, state=JobState.RUNNING))
        assert [1, 2, 3] == [job.ordinal for job in transaction.list(Job, make_job().endpoint_id)]
        assert 4 == len(transaction.list(Job))


def test_each_kind_has_its_parent(store):
    """Web services are listed by workspace, endpoints by service, jobs by endpoint."""
    records = [make_workspace(), make_service(), make_endpoint(), make_job()]
    with store.transaction() as transaction:
        for record in records:
            transaction.put(record)
        assert records[1:] == [
            *transaction.list(WebService, records[0].id),
            *transaction.list(Endpoint, records[1].id),
            *transaction.list(Job, records[2].id),
        ]


def test_deleting_is_for_good(store):
    """A deleted record is gone; its ordinal is not used again."""
    with store.transaction() as transaction:
        assert 1 == transaction.next_ordinal("job/a")
        transaction.put(make_job(1))
        transaction.delete(Job, make_job(1).id)
        assert ([], 2, 1) == (transaction.list(Job), transaction.next_ordinal("job/a"), transaction.next_ordinal("b"))


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_transaction_that_raises_leaves_no_trace(store, error):
    """Records, deletions and ordinals of a failed transaction are all taken back, and the next one works."""
    with store.transaction() as transaction:
        transaction.put(make_workspace())
    before, generation = everything(store), store.generation

    def spoil():
        with store.transaction() as transaction:
            transaction.put(make_service())
            transaction.delete(Workspace, make_workspace().id)
            transaction.next_ordinal("service")
            raise error

    with pytest.raises(error):
        spoil()
    assert (before, generation) == (everything(store), store.generation)
    with store.transaction() as transaction:
        assert 1 == transaction.next_ordinal("service")


@pytest.mark.parametrize(
    ("record", "moves"), [(make_workspace(), 1), (make_service(), 1), (make_endpoint(), 1), (make_job(), 0)]
)
def test_the_generation_moves_with_everything_but_jobs(store, record, moves):
    """Caches of services and endpoints go when one changes, and stay while jobs come and go."""
    before = store.generation
    with store.transaction() as transaction:
        transaction.put(record)
    assert before + moves == store.generation
    with store.transaction() as transaction:
        transaction.delete(type(record), record.id)
    assert before + 2 * moves == store.generation
    everything(store)
    assert before + 2 * moves == store.generation


QUEUES = st.lists(st.tuples(st.sampled_from(JobState), st.booleans(), st.integers(0, 9)), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(QUEUES, st.integers(0, 5))
def test_the_queue_of_an_endpoint(store, jobs, most):
    """What runs is counted, what waits comes by its place, and other endpoints' jobs are none of it."""
    store.reset()
    made = [make_job(n, state=state, queued=queued, place=place) for n, (state, queued, place) in enumerate(jobs)]
    with store.transaction() as transaction:
        transaction.put(make_job(99, endpoint_id="other", queued=True))
        for job in made:
            transaction.put(job)
        waiting = [job.place for job in made if job.queued and job.state is JobState.NOT_STARTED]
        assert sorted(waiting)[:most] == [job.place for job in transaction.queue(made_for(made), most)]
        assert sum(job.state is JobState.RUNNING for job in made) == transaction.running(made_for(made))
        assert len(made) == transaction.count(Job, made_for(made))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 4), max_size=9), st.integers(0, 10), st.integers(0, 5))
def test_the_newest_jobs(store, created, skip, most):
    """Jobs of all endpoints by the time of their creation, cut where it is asked, with their number."""
    store.reset()
    made = [make_job(n, endpoint_id=f"endpoint{n % 3}", created=float(when)) for n, when in enumerate(created)]
    with store.transaction() as transaction:
        for job in made:
            transaction.put(job)
        found, total = transaction.newest_jobs(skip, most)
    expected = sorted(made, key=lambda job: (-job.created, -job.ordinal, job.id))
    assert (expected[skip : skip + most], len(made)) == (list(found), total)


def made_for(jobs):
    return jobs[0].endpoint_id if jobs else make_job().endpoint_id


def test_an_endpoint_is_found_by_its_name(store):
    """A name counts within its service, by case and whole."""
    mine, other = make_endpoint("ep2"), make_endpoint("ep2", service_id="other", id="x")
    with store.transaction() as transaction:
        for endpoint in (mine, other):
            transaction.put(endpoint)
        names = ("ep2", "EP2", "ep")
        assert [mine, None, None] == [transaction.endpoint_named(mine.service_id, name) for name in names]
        assert other == transaction.endpoint_named("other", "ep2")


def test_the_lookups_use_their_indexes(store):
    """Neither a name nor the queue is looked for among all records, which would cost more with every endpoint."""
    for query, values in ((NAMED, ("s", "n")), (RUNNING, ("e",)), (QUEUE, ("e", 1))):
        plan = store._connection.execute(f"explain query plan {query}", values).fetchall()
        assert [True] == ["USING INDEX" in row[3] or "USING COVERING INDEX" in row[3] for row in plan], plan


def test_changes_are_told_in_order(store):
    """Who knows a generation is told what came since; a reset, or too long ago, is told as not known."""
    before = store.generation
    with store.transaction() as transaction:
        transaction.put(make_service())
        transaction.put(make_job())
    with store.transaction() as transaction:
        transaction.delete(WebService, make_service().id)
    put = Change(WebService, make_service().id, make_service())
    gone = Change(WebService, make_service().id, None)
    assert [[put, gone], [gone], []] == [store.changes(before + number) for number in range(3)]
    assert [None, None] == [store.changes(before - 1), store.changes(before + 3)]
    store.reset()
    assert store.changes(before + 2) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(st.binary(max_size=100), st.binary(max_size=100))
def test_contents_are_named_by_what_they_are(store, one, other):
    """The same bytes have the same key, others another; they come back as they were."""
    keys = store.save_content(one), store.save_content(other)
    assert (one == other) == (keys[0] == keys[1])
    assert [one, other] == [store.load_content(key) for key in keys]
    assert 64 == len(keys[0])


def test_an_unknown_content_is_a_key_error(store):
    """What was never saved cannot be loaded."""
    with pytest.raises(KeyError):
        store.load_content("0" * 64)


def test_reset_forgets_every_record(store):
    """After a reset no record is left, ordinals begin again, and caches are told."""
    with store.transaction() as transaction:
        for record in (make_workspace(), make_service(), make_endpoint(), make_job()):
            transaction.put(record)
        transaction.next_ordinal("workspace")
    before = store.generation
    store.reset()
    assert [] == everything(store)
    assert store.generation > before
    with store.transaction() as transaction:
        assert 1 == transaction.next_ordinal("workspace")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.integers(0, 12), st.integers(0, 12))
def test_a_reset_of_one_workspace_leaves_the_others(store, mine, others):
    """What belongs to it is as in the snapshot; everything else is as it was, whichever of both is more."""
    store.reset()
    with store.transaction() as transaction:
        for name in ("a", "b"):
            transaction.put(make_workspace(id=name))
            transaction.put(make_service(id=f"service-{name}", workspace_id=name))
            transaction.put(make_endpoint(id=f"endpoint-{name}", service_id=f"service-{name}"))
    seed, kept = store.snapshot(), everything(store)
    with store.transaction() as transaction:
        for number, name in enumerate("a" * mine + "b" * others):
            transaction.put(make_job(id=f"job-{name}-{number}", endpoint_id=f"endpoint-{name}"))
            transaction.next_ordinal(f"job/endpoint-{name}")
        transaction.put(make_service(id="later", workspace_id="a"))
    jobs = [record for record in everything(store) if record.id.startswith("job-b")]
    store.reset(seed, "a")
    assert (sorted(kept, key=str), jobs) == (
        sorted((one for one in everything(store) if one not in jobs), key=str),
        [one for one in everything(store) if one in jobs],
    )
    with store.transaction() as transaction:
        assert (1, others + 1) == tuple(transaction.next_ordinal(f"job/endpoint-{name}") for name in "ab")


def test_transactions_of_many_threads_do_not_mix(store):
    """Sixteen threads that count one number up lose no step and see no number twice."""
    start = threading.Barrier(16)

    def count(_):
        start.wait()
        found = []
        for _ in range(20):
            with store.transaction() as transaction:
                found.append(transaction.next_ordinal("shared"))
        return found

    with ThreadPoolExecutor(16) as pool:
        seen = [number for numbers in pool.map(count, range(16)) for number in numbers]
    assert list(range(1, 321)) == sorted(seen)


# Files only


def test_a_file_keeps_everything(tmp_path):
    """Records, ordinals and contents are there when the file is opened again."""
    path = tmp_path / "state.db"
    first = SqliteStore(path)
    with first.transaction() as transaction:
        transaction.put(make_endpoint(resources=(make_resource(),)))
        transaction.next_ordinal("endpoint")
    key = first.save_content(b"model")
    before = everything(first)
    first.close()
    second = SqliteStore(path)
    assert (before, b"model") == (everything(second), second.load_content(key))
    with second.transaction() as transaction:
        assert 2 == transaction.next_ordinal("endpoint")
    second.close()


def test_a_record_of_an_older_file_takes_defaults(tmp_path):
    """A record that was written before it had a member is read with that member's default."""
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    with store.transaction() as transaction:
        transaction.put(make_job(1, place=7))
        transaction.put(make_service())
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("update records set body = json_remove(body, '$.place', '$.resources')")
    connection.close()
    store = SqliteStore(path)
    assert [make_service(), make_job(1)] == everything(store)
    store.close()


def spoilt_folder(path):
    path.mkdir()


def spoilt_text(path):
    path.write_text("these are my notes\n" * 100)


def spoilt_other_database(path):
    connection = sqlite3.connect(path)
    connection.execute("create table mine(a)")
    connection.close()


def spoilt_newer_format(path):
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("pragma user_version = 99")
    connection.close()


@pytest.mark.parametrize("spoil", [spoilt_folder, spoilt_text, spoilt_other_database, spoilt_newer_format])
def test_a_file_that_cannot_serve_is_left_as_it_is(tmp_path, spoil):
    """A folder, a text, another program's database or a newer format is refused in a sentence and not touched."""
    path = tmp_path / "state.db"
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StateFileError, match="--state"):
        SqliteStore(path)
    assert before == (path.read_bytes() if path.is_file() else None)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    """A state file in a missing folder is refused with its path and what to do."""
    with pytest.raises(StateFileError, match=r"missing.*--state"):
        SqliteStore(tmp_path / "missing" / "state.db")


def test_two_emulators_cannot_share_a_state_file(tmp_path):
    """A state file that another emulator has open is refused, for each would overlook what the other changes."""
    path = tmp_path / "state.db"
    first = SqliteStore(path)
    with pytest.raises(StateFileError, match="in use"):
        SqliteStore(path)
    first.close()
    SqliteStore(path).close()
