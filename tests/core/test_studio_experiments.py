"""The states of an experiment: InDraft, Running, Finished, Failed."""

import pytest

from amlemulator.core.studio_experiments import (
    busy,
    check_deployable,
    deployed_experiment,
    fail,
    finish,
    read_saving,
    save,
    start,
)
from amlemulator.core.studio_records import Experiment, ExperimentState
from support.records import make_resource, make_service, make_workspace, refusal_of

SAVING = read_saving({"Description": "n", "IsDraft": True, "ExperimentGraph": {"ModuleNodes": []}})


def experiment(**changes):
    facts = {"id": "w.f-id.1", "ordinal": 1, "workspace_id": "w", "name": "n", "created": 1.0, "updated": 1.0}
    return Experiment(**{**facts, **changes})


def test_what_a_client_leaves_out_has_defaults():
    """Without IsDraft it is a draft, without a category it is the user's, without WebService it is none."""
    saving = read_saving({"ExperimentGraph": {"ModuleNodes": []}, "WebService": None})
    assert (False, "user", {}, "") == (saving.run, saving.category, saving.web_service, saving.name)


def test_saving_makes_a_draft_of_anything():
    """After a save the outputs and errors of the last run are gone; an empty name keeps the old one."""
    old = experiment(state=ExperimentState.FAILED, detail="x", failed_node="n", outputs={"a:b": None}, service_id="s")
    saved = save(old, read_saving({"ExperimentGraph": {"ModuleNodes": []}}), "key", 9.0)
    assert (ExperimentState.DRAFT, None, None, {}, "key", "n", "s", 9.0) == (
        saved.state,
        saved.detail,
        saved.failed_node,
        saved.outputs,
        saved.saved,
        saved.name,
        saved.service_id,
        saved.updated,
    )


@pytest.mark.parametrize("state", [one for one in ExperimentState if one is not ExperimentState.RUNNING])
def test_anything_that_does_not_run_can_be_started(state):
    """A start counts the runs and clears what the last one left."""
    started = start(experiment(state=state, detail="x", ended=3.0, runs=4), 5.0)
    assert (ExperimentState.RUNNING, 5.0, None, None, 5) == (
        started.state,
        started.started,
        started.ended,
        started.detail,
        started.runs,
    )


def test_what_runs_cannot_be_started():
    """A second start is 409."""
    assert busy().entry == refusal_of(start, experiment(state=ExperimentState.RUNNING), 1.0).entry


@pytest.mark.parametrize("state", [one for one in ExperimentState if one is not ExperimentState.FINISHED])
def test_only_what_finished_can_be_deployed(state):
    """Everything else is 400 with its state."""
    refusal = refusal_of(check_deployable, experiment(state=state))
    assert 400 == refusal.entry.status
    assert state.value in refusal.message


def test_ends_of_a_run():
    """A good end brings graph, models and outputs, a bad one the reason and the module."""
    running = start(experiment(), 1.0)
    good = finish(running, "graph", {"m": "k"}, {"a:b": None}, 2.0)
    assert check_deployable(good) == good
    assert ("graph", {"m": "k"}, {"a:b": None}, 2.0) == (good.graph, good.models, good.outputs, good.ended)
    bad = fail(running, "Error 0003", "train", 2.0)
    assert (ExperimentState.FAILED, "Error 0003", "train") == (bad.state, bad.detail, bad.failed_node)


def test_a_deployed_experiment_has_run():
    """What was deployed is Finished, knows its models and its web service, and is named by its graph."""
    service = make_service(experiment="ab" * 32, resources=(make_resource("m", "k"),))
    found = deployed_experiment(make_workspace(), service, "Census")
    assert found == check_deployable(found)
    assert (f"{make_workspace().id}.f-id.{'ab' * 16}", {"m": "k"}, service.id) == (
        found.id,
        found.models,
        found.service_id,
    )
