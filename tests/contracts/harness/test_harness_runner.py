"""Runs against an emulator: what held, what broke, and that nothing is left."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlclient import EndpointsFile
from amlcontracts.harness.breach import Breach, NotApplicable
from amlcontracts.harness.ground import Effort
from amlcontracts.harness.registry import Check, chosen
from amlcontracts.harness.runner import LEFT, REACHED, perform
from amlcontracts.harness.shrinking import bounded_shrinking
from amlcontracts.harness.state import unchanged
from amlemulator import Emulator
from amlemulator.commands.serve import endpoints
from support.runner import until

EFFORT = Effort(examples=5, programs=1, steps=5, crowd=2)


@pytest.fixture(scope="module")
def served():
    """Serve an emulator with the samples."""
    with Emulator(port=0, blob_port=0, workers=1) as emulator:
        yield emulator


@pytest.fixture
def file(served):
    """Describe it as its endpoints file would."""
    return EndpointsFile.from_json(endpoints(served))


def made_up(run):
    """Return a check that runs a function."""
    return Check("test.made-up", "It is made up.", "law", (), run)


def result_of(file, run, seed="1"):
    """Make one check; return its result."""
    return next(perform(file, [made_up(run)], EFFORT, seed))


def test_real_checks_hold(file):
    """The emulator keeps the promises about keys, and is as it was afterwards."""
    results = list(perform(file, chosen(["access.", "settings."]), EFFORT, "1"))
    assert [] == [(one.check.id, one.message) for one in results if one.verdict != "held"]
    assert LEFT == results[-1].check.id
    assert all(one.requests for one in results)


def test_a_breach_comes_with_the_shortest_example(file):
    """What Hypothesis shrank stands in the result, and the last requests."""

    def run(ground):
        @ground.law(number=st.integers(0, 1000))
        def _(number):
            ground.home.call("GET")
            if number >= 17:
                raise Breach(f"{number} is too much")

    result = next(perform(file, [made_up(run)], Effort(examples=50), "1"))
    assert ("broken", "17 is too much") == (result.verdict, result.message)
    assert "number=17" in result.example
    assert result.exchanges


def test_a_breach_that_does_not_come_again_is_told(file):
    """What breaks once and then holds is told as what it was, not as flaky."""
    calls = []

    def run(ground):
        @ground.law(number=st.integers())
        def _(number):
            calls.append(number)
            if len(calls) == 2:
                raise Breach("it broke once")

    result = result_of(file, run)
    assert ("broken", "it broke once; and with the same calls again it was not so") == (result.verdict, result.message)


def test_the_search_for_a_shorter_example_ends(capsys):
    """When the time is over the shortest example so far is told, and nothing is printed."""

    @settings(database=None, max_examples=10, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.integers(), min_size=20))
    def law(numbers):
        raise Breach(f"{len(numbers)} numbers")

    with pytest.raises(Breach) as told, bounded_shrinking(0):
        law()
    assert "law(" in "".join(told.value.__notes__)
    assert ("", "") == capsys.readouterr()


def test_the_same_seed_draws_the_same_examples(file):
    """A run is replayed by its seed; another seed draws others."""

    def drawn(seed):
        found = []

        def run(ground):
            @ground.law(number=st.integers())
            def _(number):
                found.append(number)

        list(perform(file, [made_up(run)], EFFORT, seed))
        return found

    assert drawn("1") == drawn("1")
    assert drawn("1") != drawn("2")


def test_what_cannot_be_checked_is_no_breach(file):
    """A check that does not fit the service says why."""

    def run(ground):
        raise NotApplicable("there is no such thing")

    result = result_of(file, run)
    assert ("not applicable", "there is no such thing") == (result.verdict, result.message)


def test_an_answer_of_another_shape_is_a_breach(file):
    """What a check stumbles over is told, not thrown."""
    result = result_of(file, lambda ground: ground.home.call("GET").json["nobody"])
    assert "broken" == result.verdict
    assert result.message.startswith("TypeError")


def test_what_a_check_leaves_is_a_breach(file):
    """An endpoint that stays is told at the end."""
    results = list(perform(file, [made_up(lambda ground: ground.scoring.add("left"))], EFFORT, "1"))
    assert ["held", "broken"] == [one.verdict for one in results]
    assert "endpoint left of Census Model [Predictive Exp.]" in results[-1].message
    assert "service Census Model [Predictive Exp.] in Census" in results[-1].message
    result_of(file, lambda ground: ground.scoring.named("left").manage("DELETE"))


def test_a_change_among_refusals_is_seen(file):
    """The whole state is compared around calls that are refused."""

    def run(ground):
        with ground.scoring.endpoint() as endpoint, unchanged(ground):
            endpoint.manage("PATCH", "", {"Description": "changed"})

    result = result_of(file, run)
    assert "broken" == result.verdict
    assert "Description: expected None, got changed" in result.message


def test_a_caller_who_stops_listening_leaves_nothing(file, served):
    """Endpoints and blobs of a run go with it, also in the middle."""

    def run(ground):
        ground.storage.upload("x.csv", b"a\r\n1\r\n")
        assert ground.workshop.name

    before = served.blobs.containers.page("devstoreaccount1").entries
    results = perform(file, [made_up(run), made_up(run)], EFFORT, "1")
    assert "held" == next(results).verdict
    assert before != served.blobs.containers.page("devstoreaccount1").entries
    results.close()
    assert before == served.blobs.containers.page("devstoreaccount1").entries
    assert "held" == list(perform(file, [], EFFORT, "1"))[-1].verdict
    training = served.directory.services(served.directory.workspaces()[0].id)[0]
    assert ["default"] == [one.name for one in served.directory.endpoints(training.id)]


def test_a_service_that_takes_its_time():
    """Where new endpoints answer 401 at first the checks hold for who says so, and break for who does not."""
    with Emulator(port=0, blob_port=0, workers=1, fresh_endpoint_seconds=0.2) as emulator:
        file = EndpointsFile.from_json(endpoints(emulator))
        until(lambda: file_answers(emulator))
        patient = next(perform(file, chosen(["rrs.copies"]), Effort(settle=30.0), "1")).verdict
        emulator.clock.freeze()  # from here on a new endpoint stays new, however slow the machine
        hasty = next(perform(file, chosen(["rrs.copies"]), Effort(settle=0.0), "1")).verdict
    assert ("held", "broken") == (patient, hasty)


def file_answers(emulator):
    """Tell whether the default endpoints of an emulator are no longer new."""
    created = max(one.created for one in emulator.directory.workspaces())
    return emulator.clock.now() - created > 1


def test_a_service_that_is_not_there_is_one_breach(file):
    """Where nothing answers nothing else is checked."""
    gone = EndpointsFile(
        file.base_url,
        tuple(type(one)(**{**vars_of(one), "management_url": "http://127.0.0.1:1"}) for one in file.workspaces),
    )
    results = list(perform(gone, chosen([]), EFFORT, "1"))
    assert [(REACHED, "broken")] == [(one.check.id, one.verdict) for one in results]
    assert "no answer came" in results[0].message


def vars_of(record):
    """Return the fields of a record with slots."""
    return {name: getattr(record, name) for name in record.__slots__}
