"""The places of endpoints and of the server."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.core.errors import ServiceError
from amlemulator.engine.throttle import Throttle
from support.records import make_endpoint


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=40), st.integers(1, 4), st.integers(1, 6))
def test_no_more_calls_than_places(steps, own, server):
    """Whatever comes and goes: an endpoint never has more calls than its limit, nor all together than the server's."""
    throttle = Throttle(enforced=True, server_calls=server)
    endpoints = [make_endpoint(f"ep{number}", id=str(number), max_concurrent_calls=own) for number in range(3)]
    open_calls = {endpoint.id: [] for endpoint in endpoints}
    for number, comes in steps:
        endpoint, calls = endpoints[number], open_calls[endpoints[number].id]
        total = sum(map(len, open_calls.values()))
        if not comes:
            if calls:
                calls.pop().__exit__(None, None, None)
            continue
        place = throttle.place(endpoint)
        if len(calls) < own and total < server:
            place.__enter__()
            calls.append(place)
        else:
            with pytest.raises(ServiceError) as caught:
                place.__enter__()
            full = "TooManyConcurrentRequests" if total >= server else "RequestThrottled"
            assert (full, 503) == (caught.value.code, caught.value.entry.status)


def test_many_threads_at_once():
    """Under load every call gets a place or a refusal, and all places come back."""
    throttle, endpoint = Throttle(enforced=True, server_calls=100), make_endpoint(max_concurrent_calls=4)
    start, most, now = threading.Barrier(16), [], []

    def call(_):
        start.wait()
        refused = 0
        for _ in range(50):
            try:
                with throttle.place(endpoint):
                    now.append(1)
                    most.append(len(now))
                    now.pop()
            except ServiceError:
                refused += 1
        return refused

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(16)))
    assert max(most) <= 4
    for _ in range(4):
        throttle.place(endpoint).__enter__()


def test_off_it_counts_nothing():
    """Where it is not enforced, any number of calls may go on."""
    throttle, endpoint = Throttle(enforced=False, server_calls=1), make_endpoint(max_concurrent_calls=1)
    for _ in range(10):
        throttle.place(endpoint).__enter__()
