"""Changes of services and endpoints: each is one transaction, whole or not at all."""

import pytest

from amlemulator.adapters.clock import SystemClock
from amlemulator.adapters.sqlite_store import SqliteStore
from amlemulator.core.endpoints import Settings
from amlemulator.core.errors import ServiceError
from amlemulator.core.identity import Identity
from amlemulator.core.records import BlobReference, Endpoint, Job, WebService
from amlemulator.engine.administration import Administration
from amlemulator.engine.faults import Faults
from amlemulator.engine.interference import Interference
from amlemulator.engine.propagation import Propagation
from support.records import make_endpoint, make_job, make_resource, make_service, make_workspace, refusal_of


@pytest.fixture
def store():
    """Keep a workspace with a service, its default endpoint and a second one."""
    made = SqliteStore()
    with made.transaction() as transaction:
        for record in (
            make_workspace(),
            make_service(),
            make_endpoint("default", id="d" * 32, ordinal=1, resources=(make_resource("A", "old"),)),
            make_endpoint("ep2", ordinal=2, resources=(make_resource("A", "old"),)),
        ):
            transaction.put(record)
    yield made
    made.close()


@pytest.fixture
def administration(store):
    """Administer that store, with a delay of ten seconds and a clock that stands."""
    clock = SystemClock()
    clock.freeze(100.0)
    identity, propagation = Identity("tests"), Propagation(10.0)
    nothing_armed = Interference(Faults(clock), store, clock, identity, None, propagation)
    return Administration(store, clock, identity, 4, propagation, nothing_armed)


def endpoints(store):
    with store.transaction() as transaction:
        return {endpoint.name: endpoint for endpoint in transaction.list(Endpoint)}


def test_a_patch_changes_settings_and_models_together(store, administration):
    """Settings and models of one PATCH are one change; the model before stays beside for as long as it answers."""
    models = {"A": ("new", BlobReference(base_location="b"))}
    patched = administration.patch_endpoint(endpoints(store)["ep2"], Settings(description="d"), models)
    assert patched == endpoints(store)["ep2"]
    resource = patched.resources[0]
    assert ("d", "new", "old", 100.0) == (patched.description, resource.model, resource.previous, resource.updated)


def test_a_patch_that_is_refused_changes_nothing(store, administration):
    """A setting that cannot be keeps the models, too, from changing."""
    before = endpoints(store)
    models = {"A": ("new", BlobReference())}
    spoilt = Settings(throttle_level="High", max_concurrent_calls=500)
    with pytest.raises(ServiceError):
        administration.patch_endpoint(before["ep2"], spoilt, models)
    assert before == endpoints(store)


def test_what_changed_meanwhile_is_kept(store, administration):
    """A change starts from what is stored, not from what its caller saw."""
    stale = endpoints(store)["ep2"]
    administration.patch_endpoint(stale, Settings(description="first"), {})
    administration.patch_endpoint(stale, Settings(prevent_update=True), {})
    assert ("first", True) == (endpoints(store)["ep2"].description, endpoints(store)["ep2"].prevent_update)


@pytest.mark.parametrize("change", ["patch", "refresh", "keys"])
def test_an_endpoint_that_is_gone_meanwhile(store, administration, change):
    """A change to an endpoint that was deleted meanwhile is 404, flat."""
    stale = endpoints(store)["ep2"]
    administration.delete_endpoint(stale)
    action = {
        "patch": lambda: administration.patch_endpoint(stale, Settings(), {}),
        "refresh": lambda: administration.refresh_endpoint(stale, overwrite=True),
        "keys": lambda: administration.replace_keys(stale, "primary"),
    }[change]
    assert "management/NotFound" == refusal_of(action).entry.name


def test_an_endpoint_for_a_service_that_is_gone(store, administration):
    """Adding an endpoint to a service that was deleted meanwhile is 404."""
    administration.delete_service(make_service().id)
    error = refusal_of(administration.put_endpoint, make_service().id, "ep3", Settings())
    assert "NotFound/WebServiceNotFound" == error.entry.name


def test_deleting_gives_back_the_jobs_that_went(store, administration):
    """An endpoint goes with its jobs, and a service with those of all its endpoints."""
    jobs = [make_job(1), make_job(2), make_job(3, endpoint_id="d" * 32)]
    with store.transaction() as transaction:
        for job in jobs:
            transaction.put(job)
    assert jobs[:2] == administration.delete_endpoint(endpoints(store)["ep2"])
    assert jobs[2:] == administration.delete_service(make_service().id)
    with store.transaction() as transaction:
        assert ([], [], []) == (transaction.list(Job), transaction.list(Endpoint), transaction.list(WebService))


@pytest.mark.parametrize("which", ["primary", "secondary"])
def test_one_key_is_replaced_and_the_other_stays(store, administration, which):
    """A new key is another one each time; the other key, and everything else, stays."""
    before = endpoints(store)["ep2"]
    seen = {before.primary_key, before.secondary_key}
    for _ in range(3):
        after = administration.replace_keys(before, which)
        changed, kept = after.primary_key, after.secondary_key
        if which == "secondary":
            changed, kept = kept, changed
        assert (88, False) == (len(changed), changed in seen)
        assert kept == (before.secondary_key if which == "primary" else before.primary_key)
        seen.add(changed)
        assert after == endpoints(store)["ep2"]


def test_of_two_deletes_one_finds_nothing(store, administration):
    """An endpoint that somebody else has deleted in the meantime is not there for the second one."""
    found = endpoints(store)["ep2"]
    administration.delete_endpoint(found)
    assert 404 == refusal_of(administration.delete_endpoint, found).entry.status
