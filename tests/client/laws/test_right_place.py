"""What is changed is what was named: no name, no address and no answer leads a change elsewhere."""

from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amlclient import BlobLocation, EndpointSettings, ManagementClient, RefusedLocally, ScoringClient, WrongCall
from client.fake_service import KEY, MANAGEMENT_URL, RESOURCE, SCORING, TOKEN, WORKSPACE
from client.laws.ground import MODEL, grounded
from client.laws.network import Fate
from client.test_flow_laws import World

CHANGES = {
    "put": lambda client, service, name: client.add_endpoint(service, name, preflight=False),
    "update": lambda client, service, name: client.update_endpoint(service, name, EndpointSettings()),
    "patch": lambda client, service, name: client.patch_resource(service, name, RESOURCE, MODEL, preflight=False),
    "delete": lambda client, service, name: client.delete_endpoint(service, name),
    "refresh": lambda client, service, name: client.refresh_endpoint(service, name),
}
NAMES = st.text(max_size=6) | st.sampled_from([".", "..", "%2e%2e", "..;", "a/b", "a?b", "a#b", "a b", "é", "default "])
YES = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"Name\": \"x\"}"  # fmt: skip


def places(change: str, workspace: str, service: str, name: str) -> list[list[str]]:
    """Make a change; return the segments of each address that was called, nothing when it was refused here."""
    with grounded(fates=dict.fromkeys(range(9), Fate(rewritten=lambda _: YES))) as ground:
        try:
            client = ManagementClient(MANAGEMENT_URL, TOKEN, workspace, **ground.options)
            CHANGES[change](client, service, name)
        except WrongCall:
            pass
        return [[unquote(part) for part in one.call[1].split("/")[2:]] for one in ground.network.exchanges]


@pytest.mark.parametrize("change", CHANGES)
@given(workspace=NAMES, service=NAMES, name=NAMES)
@example(workspace=WORKSPACE, service=SCORING, name="..")
@example(workspace=WORKSPACE, service="..", name="retrained")
def test_a_change_arrives_at_what_was_named_or_nowhere(change: str, workspace: str, service: str, name: str) -> None:
    """Whatever the names are: no part of one is read as a path, and ``..`` is refused."""
    wanted = ["workspaces", workspace, "webservices", service, "endpoints", name]
    for place in places(change, workspace, service, name):
        assert wanted == place[:6]
        assert place[6:] in ([], ["refresh"])


@given(job=st.text(max_size=8) | st.sampled_from(["..", "../../x", "a/start", "%2e%2e", "x?y", "x#y"]))
def test_a_job_is_started_and_deleted_by_its_whole_id(job: str) -> None:
    """A text that is no job id is refused; one that is stands in the address as it is."""
    with grounded(fates=dict.fromkeys(range(9), Fate(rewritten=lambda _: YES))) as ground:
        client = ScoringClient("http://aml.test/workspaces/w/services/e", KEY, **ground.options)
        for change in (client.start_job, client.delete_job):
            try:
                change(job)
            except WrongCall:
                continue
        for one in ground.network.exchanges:
            assert ["", "workspaces", "w", "services", "e", "jobs", job] == one.call[1].split("/")[:7]


def test_a_service_whose_default_endpoint_has_another_name_is_not_patched_there(tmp_path) -> None:
    """The service says which endpoint is its default one; retraining that is refused before anything is trained."""
    world = World(str(tmp_path), service := _with_default("main"))
    outcome = world.run(endpoint_name="main")
    assert isinstance(outcome, RefusedLocally)
    assert (("patch-on-default",), {}, []) == (outcome.failures, service.jobs, service.updates)


def _with_default(name: str):
    from client.fake_service import FakeService

    class Renamed(FakeService):
        def manage(self, *arguments):
            shown = super().manage(*arguments)
            return {**shown, "DefaultEndpointName": name} if isinstance(shown, dict) and "Id" in shown else shown

    made = Renamed()
    made.endpoints[name] = made.endpoints["default"]
    return made


@pytest.mark.parametrize("answer", ["other", "default"])
def test_an_answer_that_names_another_endpoint_does_not_lead_the_patch_there(answer: str, tmp_path) -> None:
    """Answers of a service that has its endpoints mixed up: what is patched is what the plan says."""
    world = World(str(tmp_path), service := _mixed_up(answer))
    world.run()
    assert {"retrained"} >= {name for name, _ in service.updates}
    assert not service.endpoints["default"].model


def _mixed_up(answer: str):
    from client.fake_service import FakeService

    class MixedUp(FakeService):
        def shown(self, endpoint):
            return {**super().shown(endpoint), "Name": answer}

    return MixedUp()


@given(location=st.builds(BlobLocation, *[st.none() | st.text("ab/.?&=", max_size=6)] * 2))
def test_what_is_no_model_is_never_sent_as_one(location: BlobLocation) -> None:
    """Only a blob whose name ends in .ilearner leaves for an endpoint."""
    with grounded() as ground:
        with pytest.raises(RefusedLocally):
            ground.management.patch_resource(SCORING, "retrained", RESOURCE, location)
        assert [] == ground.network.exchanges
