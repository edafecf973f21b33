"""The states of an experiment: InDraft, Running, Finished, Failed."""

import pytest

from amlemulator.core.studio_experiments import (
    Saving,
    busy,
    check_deployable,
    check_run,
    deployed_experiment,
    fail,
    finish,
    read_saving,
    save,
    set_up,
    start,
    unknown,
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


def test_a_saving_is_read_whole():
    """Every member by its name."""
    graph, service = {"ModuleNodes": [1]}, {"a": 1}
    body = {
        "Description": "n",
        "Summary": "s",
        "Category": "c",
        "ParentExperimentId": "p",
        "IsDraft": False,
        "ExperimentGraph": graph,
        "WebService": service,
    }
    assert Saving("n", "s", "c", "p", True, graph, service) == read_saving(body)


LEFT = {"detail": "x", "failed_node": "m", "outputs": {"a:b": None}, "started": 2.0, "ended": 3.0}


def test_a_save_changes_what_was_said_and_clears_what_was_left():
    """The whole record; what was deployed and how often it ran stay."""
    old = experiment(**LEFT, state=ExperimentState.FAILED, runs=4, service_id="s", graph="g", models={"m": "k"})
    kept = {"started": 2.0, "ended": 3.0, "runs": 4, "service_id": "s", "graph": "g", "models": {"m": "k"}}
    saving = Saving("new", "sum", "cat", "p", False, {}, {})
    expected = experiment(
        **{**kept, "name": "new", "summary": "sum", "category": "cat", "parent_id": "p", "saved": "key", "updated": 9.0}
    )
    assert expected == save(old, saving, "key", 9.0)
    assert ("n", None) == (
        (found := save(old, Saving("", "", "user", "", False, {}, {}), "key", 9.0)).name,
        found.parent_id,
    )


def test_each_step_of_a_run_is_whole():
    """Start, a good end and a bad one."""
    running = start(experiment(**LEFT, runs=4), 5.0)
    left = {"outputs": {"a:b": None}, "runs": 5, "started": 5.0}
    assert experiment(**left, state=ExperimentState.RUNNING) == running
    good = finish(running, "g", {"m": "k"}, {"c:d": None}, 6.0)
    expected = {**left, "outputs": {"c:d": None}, "graph": "g", "models": {"m": "k"}, "ended": 6.0}
    assert experiment(**expected, state=ExperimentState.FINISHED) == good
    bad = fail(running, "why", "node", 6.0)
    assert experiment(**left, state=ExperimentState.FAILED, ended=6.0, detail="why", failed_node="node") == bad


def test_a_predictive_experiment_is_a_draft_of_its_graph():
    """Named by the graph, child of the training one; what a client saved of it before is gone."""
    old = experiment(**LEFT, state=ExperimentState.FINISHED, saved="x", service_id="s", runs=1)
    made = set_up(old, experiment(id="w.f-id.2"), {"experiment": "Predictive"}, "key", {"m": "k"}, 9.0)
    expected = experiment(
        name="Predictive",
        parent_id="w.f-id.2",
        graph="key",
        models={"m": "k"},
        updated=9.0,
        started=2.0,
        ended=3.0,
        service_id="s",
        runs=1,
    )
    assert expected == made


def test_a_deployed_experiment_is_made_of_its_web_service():
    """Its id of the graph's key, its times of the service's."""
    service = make_service(
        experiment="ab" * 32, ordinal=7, created=2.0, updated=3.0, resources=(make_resource("m", "k"),)
    )
    expected = Experiment(
        id=f"{make_workspace().id}.f-id.{'ab' * 16}",
        ordinal=7,
        workspace_id=make_workspace().id,
        name="Census",
        created=2.0,
        updated=3.0,
        graph="ab" * 32,
        state=ExperimentState.FINISHED,
        started=2.0,
        ended=2.0,
        models={"m": "k"},
        service_id=service.id,
    )
    assert expected == deployed_experiment(make_workspace(), service, "Census")


@pytest.mark.parametrize(
    ("action", "name", "sentence", "evidence"),
    [
        (
            lambda: read_saving({"ExperimentGraph": {"ModuleNodes": {}}}),
            "BadRequest",
            "'ExperimentGraph' must have 'ModuleNodes', a list.",
            "studio.save-experiment",
        ),
        (
            lambda: read_saving({"ExperimentGraph": {"ModuleNodes": []}, "IsDraft": 1}),
            "BadRequest",
            "'IsDraft' must be true or false.",
            "studio.save-experiment",
        ),
        (
            lambda: read_saving({"ExperimentGraph": {"ModuleNodes": []}, "WebService": [1]}),
            "BadRequest",
            "The request has no body, or it is not a JSON object.",
            "studio.body",
        ),
        (
            lambda: check_deployable(experiment()),
            "BadRequest",
            "The experiment is InDraft. Run it before deploying it as a web service.",
            "studio.deploy-unrun",
        ),
        (
            lambda: check_run(experiment(state=ExperimentState.FAILED)),
            "BadRequest",
            "The experiment is Failed. Run it before setting up its predictive experiment.",
            "pages.predictive",
        ),
        (
            lambda: start(experiment(state=ExperimentState.RUNNING), 1.0),
            "Conflict",
            "The experiment is running.",
            "studio.run-experiment",
        ),
    ],
)
def test_a_refusal_is_one_sentence_of_ours(action, name, sentence, evidence):
    """The whole sentence, with the evidence that it is ours."""
    error = refusal_of(action)
    assert (f"studio/{name}", sentence, evidence) == (error.entry.name, error.message, error.evidence)


def test_what_is_unknown_is_named():
    """By kind and name, at most 120 characters of it."""
    error = unknown("experiment", "x" * 121)
    sentence = f"There is no experiment {'x' * 120} in the workspace."
    assert ("studio/NotFound", sentence, "studio.unknown-id") == (error.entry.name, error.message, error.evidence)


def test_what_finished_is_given_back():
    """As it is."""
    done = experiment(state=ExperimentState.FINISHED)
    assert [done, done] == [check_run(done), check_deployable(done)]
