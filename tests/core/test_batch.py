"""Batch jobs: what a submission must hold, and the states a job goes through."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from amlemulator.core import batch
from amlemulator.core.connection import DEVELOPMENT_KEY
from amlemulator.core.errors import ServiceError
from amlemulator.core.interface import InputPort, OutputPort, Parameter, ServiceInterface
from amlemulator.core.records import BlobReference, Job, JobState, StoredOutput
from support.records import make_endpoint, make_job, make_resource, refusal_of

CONNECTION = f"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={DEVELOPMENT_KEY}"
TRAINING = ServiceInterface(
    "training",
    inputs=(InputPort("input1"),),
    outputs=(OutputPort("output1", "model"), OutputPort("output2")),
    parameters=(Parameter("New column names", required=True),),
)
PLAIN = ServiceInterface("scoring", inputs=(InputPort("input1"),), outputs=(OutputPort("output1"),))
TWO = ServiceInterface("scoring", inputs=(InputPort("input1"), InputPort("input2")))
NONE = ServiceInterface("training", outputs=(OutputPort("output1", "model"),))


def at(relative):
    return {"ConnectionString": CONNECTION, "RelativeLocation": relative}


DATA, MODEL = at("cont/in.csv"), at("cont/out.ilearner")


def code_of(body, interface):
    error = refusal_of(batch.read_submission, body, interface)
    assert "BadArgument" == error.entry.group
    return error.code


# Submissions


@pytest.mark.parametrize(
    "body",
    [
        {"Input": DATA},
        {"Inputs": {"input1": DATA}},
        {"Input": DATA, "Inputs": None, "Outputs": None, "GlobalParameters": None},
        {"Input": DATA, "Inputs": {}, "Outputs": {}, "GlobalParameters": {}, "AzureBatchPoolId": "8dfc"},
        {"Input": None, "Inputs": {"input1": DATA}, "Output": None},
    ],
)
def test_one_input_in_either_member(body):
    """Input and Inputs mean the same for a service with one input; null is absent, unknown members are ignored."""
    submission = batch.read_submission(body, PLAIN)
    assert ({"input1": "cont/in.csv"}, {}, {}) == (
        {name: reference.relative_location for name, reference in submission.inputs.items()},
        submission.outputs,
        submission.parameters,
    )


def test_a_training_job():
    """A model goes to an .ilearner, an evaluation to a .csv, the parameter where it is wanted."""
    body = {
        "Inputs": {"input1": DATA},
        "Outputs": {"output2": at("c-1/eval.csv"), "output1": MODEL},
        "GlobalParameters": {"New column names": "a,b"},
    }
    submission = batch.read_submission(body, TRAINING)
    assert {"output1", "output2"} == set(submission.outputs)
    assert {"New column names": "a,b"} == submission.parameters


def test_a_service_without_inputs_needs_none():
    """Services that read their own data take no input (documents.md 5.2)."""
    assert batch.Submission() == batch.read_submission({"Inputs": None}, NONE)
    assert batch.Submission() == batch.read_submission({}, NONE)


def test_the_single_output_of_version_1():
    """Version 1 spells it Output, for the service's first output (documents.md 5.7)."""
    assert {"output1"} == set(batch.read_submission({"Output": MODEL}, NONE).outputs)


@pytest.mark.parametrize(
    ("body", "interface", "code"),
    [
        (None, PLAIN, "RequestIsEmpty"),
        ([], PLAIN, "RequestBodyInvalid"),
        ({}, PLAIN, "BatchJobInputsNotSpecified"),
        ({"Inputs": {"input1": None}}, PLAIN, "BatchJobInputsNotSpecified"),
        ({"Inputs": {"input1": DATA}}, TWO, "BatchJobInputsNotSpecified"),
        ({"Input": DATA}, TWO, "BatchJobInputsNotSpecified"),
        ({"Input": DATA, "Inputs": {"input1": DATA}}, PLAIN, "DuplicateInputInBatchCall"),
        ({"Input": DATA}, NONE, "BatchJobInputsTooManySpecified"),
        ({"Inputs": {"input1": DATA, "input9": DATA}}, PLAIN, "InvalidInputNames"),
        ({"Inputs": {"Input1": DATA}}, PLAIN, "InvalidInputNames"),
        ({"Inputs": []}, PLAIN, "RequestBodyInvalid"),
        ({"Input": "cont/in.csv"}, PLAIN, "RequestBodyInvalid"),
        ({"Inputs": {"input1": {}}}, PLAIN, "MissingInputBlobInformation"),
        ({"Inputs": {"input1": at("vishal/training/input")}}, PLAIN, "InvalidBlobExtension"),
        ({"Inputs": {"input1": at("/")}}, PLAIN, "InputBlobRelativeLocationInvalid"),
        ({"Inputs": {"input1": {**DATA, "ConnectionString": "x"}}}, PLAIN, "InvalidBlobConnectionString"),
        ({"Input": DATA, "Outputs": {"Output1": DATA}}, PLAIN, "InvalidOutputOverrideName"),
        ({"Input": DATA, "Outputs": {"output1": None}}, PLAIN, "MissingOutputOverrideSpecification"),
        ({"Input": DATA, "Outputs": {"output1": {}}}, PLAIN, "MissingOutputOverrideSpecification"),
        ({"Input": DATA, "Outputs": {"output1": MODEL}}, PLAIN, "InvalidBlobExtension"),
        ({"Input": DATA, "Outputs": []}, PLAIN, "RequestBodyInvalid"),
        ({"Outputs": {"output1": DATA}}, NONE, "InvalidBlobExtension"),
        ({"Input": DATA}, TRAINING, "MissingRequiredGlobalParameters"),
        ({"Input": DATA, "GlobalParameters": {"x": "1"}}, PLAIN, "UnexpectedParameter"),
        ({"Input": DATA, "GlobalParameters": "x"}, PLAIN, "RequestBodyInvalid"),
    ],
)
def test_submissions_that_are_refused(body, interface, code):
    """What the request itself shows is refused at submit, with the codes of errors.md section 2."""
    assert code == code_of(body, interface)


@pytest.mark.parametrize(
    ("body", "interface", "words"),
    [
        ({}, TWO, "not specified with the request: input1, input2. Please"),
        ({"Inputs": {"a": DATA, "b": DATA}}, PLAIN, "specified in the request: a, b. Please"),
        ({"Input": DATA, "Outputs": {"Output1": DATA}}, PLAIN, "output override name: Output1. The service"),
        ({"Input": DATA, "Outputs": {"output1": None}}, PLAIN, "output override output1. Please"),
        ({"Outputs": {"output1": DATA}}, NONE, 'this output type are: ".ilearner".'),
    ],
)
def test_refusals_name_what_is_wrong(body, interface, words):
    """The names of inputs and outputs stand in the texts where the catalogue has a place for them."""
    assert words in refusal_of(batch.read_submission, body, interface).message


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(CONNECTION) | st.just("c-1/a.csv"),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Inputs",
                    "Input",
                    "Outputs",
                    "GlobalParameters",
                    "input1",
                    "output1",
                    "ConnectionString",
                    "RelativeLocation",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON_LIKE, st.sampled_from([TRAINING, PLAIN, TWO, NONE]))
def test_every_body_is_read_or_refused(body, interface):
    """Whatever JSON comes, a submission has every input of its service or there is a 400."""
    try:
        submission = batch.read_submission(body, interface)
    except ServiceError as error:
        assert error.entry.status == 400  # noqa: PT017 - either way is right, and each has its law
    else:
        assert [port.name for port in interface.inputs] == list(submission.inputs)
        assert set(submission.outputs) <= {port.name for port in interface.outputs}


# The life of a job


def test_a_job_keeps_what_it_was_submitted_with():
    """Graph and models of a job are the endpoint's at the moment of submission, whatever is patched later."""
    endpoint = make_endpoint(experiment="graph-1", resources=(make_resource("A", "model-1"),))
    submission = batch.Submission(parameters={"seed": "1"})
    job = batch.new_job("a" * 32, 3, endpoint, submission, 5.0, legacy=True)
    assert ("graph-1", {"A": "model-1"}, {"seed": "1"}) == (job.experiment, job.models, job.parameters)
    assert (endpoint.id, endpoint.workspace_id, 3, 5.0, True) == (
        job.endpoint_id,
        job.workspace_id,
        job.ordinal,
        job.created,
        job.legacy,
    )
    assert (JobState.NOT_STARTED, False) == (job.state, job.queued)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"queued": True}, "Running"),
        ({"queued": True, "state": JobState.RUNNING}, "Running"),
        ({"queued": True, "state": JobState.FINISHED}, "Finished"),
        ({"state": JobState.FAILED}, "Failed"),
        ({"state": JobState.CANCELLED}, "Cancelled"),
    ],
)
def test_a_job_starts_once(changes, state):
    """Another start is CannotStartJob with the state's name; a job that waits says Running, for it was started."""
    error = refusal_of(batch.start, make_job(**changes), 9)
    assert ("InvalidOperation", "CannotStartJob") == (error.entry.group, error.code)
    assert f"The job cannot be started because it is in {state} state." == error.message


REFERENCE = {
    "ConnectionString": None,
    "RelativeLocation": "c/o.csv",
    "BaseLocation": "https://a/",
    "SasBlobToken": "?s",
}


@pytest.mark.parametrize(
    ("state", "number"),
    [("NotStarted", 0), ("Running", 1), ("Failed", 2), ("Cancelled", 3), ("Finished", 4)],
)
def test_states_in_both_versions(state, number):
    """Version 2.0 names the state, version 1 numbers it; results show only when the job has finished."""
    job = make_job(state=JobState(state), details="why" if state == "Failed" else None)
    results = {"output1": REFERENCE, "output2": REFERENCE}
    finished, details = state == "Finished", "why" if state == "Failed" else None
    expected = {"StatusCode": state, "Results": results if finished else None, "Details": details}
    assert expected == batch.render_status(job, results, legacy=False)
    expected = {"StatusCode": number, "Result": REFERENCE if finished else None, "Details": details}
    assert expected == batch.render_status(job, results, legacy=True)


def test_a_finished_job_without_outputs_has_empty_results():
    """Results is {} and not null when a job without outputs has finished, or a real client waits for ever."""
    job = make_job(state=JobState.FINISHED)
    assert {} == batch.render_status(job, {}, legacy=False)["Results"]
    assert None is batch.render_status(job, {}, legacy=True)["Result"]


def test_the_other_spelling_of_cancelled():
    """One client waits for "Canceled" (documents.md section 20 no. 27)."""
    job = make_job(state=JobState.CANCELLED)
    assert "Canceled" == batch.render_status(job, {}, legacy=False, cancelled="Canceled")["StatusCode"]


LIMIT = batch.RUNNING_PER_ENDPOINT


@pytest.mark.parametrize(("running", "left"), [(0, 40), (39, 1), (40, 0), (41, 0)])
def test_forty_run_at_a_time(running, left):
    """Each endpoint runs 40 jobs at a time (FAQ17); a smaller limit than before leaves no place."""
    assert 40 == LIMIT
    assert left == batch.places_left(running)


class Queue(RuleBasedStateMachine):
    """One endpoint's jobs under any order of calls, beside a model that knows only the rules of the documents."""

    jobs = Bundle("jobs")

    @initialize(limit=st.sampled_from([1, 2, 3]))
    def open(self, limit):
        self.limit = limit
        self.records = {}
        self.started = []  # ids in the order in which their start was answered
        self.final = {}
        self.clock = 0.0
        self.places = 0

    def _tick(self):
        self.clock += 1.0
        return self.clock

    def _next(self):
        running = sum(job.state is JobState.RUNNING for job in self.records.values())
        waiting = [job for job in self.records.values() if job.queued and job.state is JobState.NOT_STARTED]
        return sorted(waiting, key=lambda job: job.place)[: batch.places_left(running, self.limit)]

    def _admit(self):
        for job in self._next():
            self.records[job.id] = batch.admit(job, self._tick())

    @rule(target=jobs)
    def submit(self):
        job = make_job(len(self.records) + 1, created=self._tick())
        self.records[job.id] = job
        return job.id

    @rule(job_id=jobs)
    def start(self, job_id):
        job = self.records[job_id]
        if job_id in self.started or job.state.ended:
            assert "CannotStartJob" == refusal_of(batch.start, job, 0).code
            return
        self.places += 1
        self.records[job_id] = batch.start(job, self.places)
        self.started.append(job_id)
        self._admit()

    @rule(job_id=jobs, well=st.booleans())
    def end(self, job_id, well):
        job = self.records[job_id]
        if job.state is not JobState.RUNNING:
            return
        now, outputs = self._tick(), {"output1": StoredOutput("a", "c", "o.csv")}
        ended = batch.finish(job, outputs, now) if well else batch.fail(job, "why", now)
        self.records[job_id] = self.final[job_id] = ended
        self._admit()

    @rule(job_id=jobs)
    def cancel(self, job_id):
        job = self.records[job_id]
        cancelled = batch.delete(job, self._tick())
        assert job.state.ended == (cancelled is None)
        if cancelled is None:
            return
        self.records[job_id] = self.final[job_id] = cancelled
        self._admit()

    @rule()
    def crash(self):
        for job in list(self.records.values()):
            if job.state is JobState.RUNNING:
                self.records[job.id] = batch.requeue(job)
        self._admit()

    @invariant()
    def no_more_run_than_may(self):
        assert sum(job.state is JobState.RUNNING for job in self.records.values()) <= self.limit

    @invariant()
    def places_do_not_stay_empty(self):
        assert [] == self._next()

    @invariant()
    def the_first_started_runs_first(self):
        alive = [self.records[job_id] for job_id in self.started if not self.records[job_id].state.ended]
        running = [job.state is JobState.RUNNING for job in alive]
        assert sorted(running, reverse=True) == running

    @invariant()
    def an_end_is_final(self):
        assert all(self.records[job_id] == job for job_id, job in self.final.items())

    @invariant()
    def what_was_never_started_never_ran(self):
        for job in self.records.values():
            if job.id not in self.started:
                assert job.started is None
                assert job.state in (JobState.NOT_STARTED, JobState.CANCELLED)

    @invariant()
    def times_go_on(self):
        for job in self.records.values():
            times = [moment for moment in (job.created, job.started, job.ended) if moment is not None]
            assert sorted(times) == times


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


# Each step of a job's life, whole


NOW = 7.0
STEPS = {
    "start": (lambda job: batch.start(job, 9), {}, {"queued": True, "place": 9}),
    "admit": (
        lambda job: batch.admit(job, NOW),
        {"queued": True, "place": 9},
        {"queued": True, "place": 9, "state": JobState.RUNNING, "started": NOW},
    ),
    "export": (batch.export, {"state": JobState.RUNNING}, {"state": JobState.RUNNING, "exporting": True}),
    "finish": (
        lambda job: batch.finish(job, {"output1": StoredOutput("a", "c", "o.csv")}, NOW),
        {"state": JobState.RUNNING},
        {"state": JobState.FINISHED, "results": {"output1": StoredOutput("a", "c", "o.csv")}, "ended": NOW},
    ),
    "fail": (
        lambda job: batch.fail(job, "why", NOW),
        {"state": JobState.RUNNING},
        {"state": JobState.FAILED, "details": "why", "ended": NOW},
    ),
    "delete": (
        lambda job: batch.delete(job, NOW),
        {"queued": True, "place": 9},
        {"place": 9, "queued": False, "state": JobState.CANCELLED, "ended": NOW},
    ),
    "requeue": (
        batch.requeue,
        {"state": JobState.RUNNING, "place": 9, "started": NOW},
        {"queued": True, "place": 9},
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_changes_what_it_is_for_and_nothing_else(step):
    """Each step of a job's life gives the whole record that is expected."""
    taken, before, after = STEPS[step]
    assert make_job(**after) == taken(make_job(**before))


def test_a_job_is_made_of_its_endpoint_and_its_submission():
    """Inputs, outputs and parameters are the submission's, all else the endpoint's."""
    body = {"Inputs": {"input1": DATA}, "Outputs": {"output1": MODEL}, "GlobalParameters": {"New column names": "a"}}
    submission, endpoint = batch.read_submission(body, TRAINING), make_endpoint(resources=(make_resource("A", "m"),))
    expected = Job(
        id="j",
        ordinal=3,
        workspace_id=endpoint.workspace_id,
        endpoint_id=endpoint.id,
        created=5.0,
        legacy=False,
        inputs={"input1": BlobReference(connection_string=CONNECTION, relative_location="cont/in.csv")},
        outputs={"output1": BlobReference(connection_string=CONNECTION, relative_location="cont/out.ilearner")},
        parameters={"New column names": "a"},
        experiment=endpoint.experiment,
        models={"A": "m"},
    )
    assert expected == batch.new_job("j", 3, endpoint, submission, 5.0, legacy=False)


@pytest.mark.parametrize(
    ("body", "interface", "message"),
    [
        ({"Input": DATA}, TWO, "The following required inputs were not specified"),
        ({"Input": DATA}, NONE, "inputs were specified in the request: ."),
    ],
)
def test_one_input_for_a_service_with_several_or_none(body, interface, message):
    """The names that are missing stand in the text; where none may be given, none is named."""
    text = refusal_of(batch.read_submission, body, interface).message
    names = "input1, input2" if interface is TWO else ""
    assert f": {names}." in text


@pytest.mark.parametrize(
    ("body", "name"),
    [({"Input": at("/")}, "input1"), ({"Input": DATA, "Outputs": {"output1": at("/")}}, "output1")],
)
def test_a_reference_that_is_none_is_named(body, name):
    """The refusal of a location names the input or output that it was given for."""
    assert name == refusal_of(batch.read_submission, body, PLAIN).target


def test_cancelled_is_spelled_so_by_default():
    """The state's name is the documents' own unless another is asked for."""
    assert "Cancelled" == batch.render_status(make_job(state=JobState.CANCELLED), {}, legacy=False)["StatusCode"]


@pytest.mark.parametrize("state", [JobState.FINISHED, JobState.FAILED, JobState.CANCELLED])
def test_a_job_that_has_ended_is_forgotten(state):
    """There is nothing left to cancel."""
    assert None is batch.delete(make_job(state=state), NOW)
