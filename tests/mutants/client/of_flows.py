"""The retraining."""

from __future__ import annotations

import math

from amlclient import AmlError, BlobLocation, Condition, OutcomeUnknown, Retraining, ScoringClient
from amlclient import _flow as flow
from amlclient._acceptance import Clause
from mutants.client import mutant
from mutants.patching import Patch

FLOW = "test_flow.py::"
LAWS = "test_flow_laws.py::"
ACCEPTED = f"{LAWS}test_a_condition_that_is_not_met_leaves_everything_as_it_was"


@mutant("trains-again", f"{FLOW}test_a_job_that_takes_too_long_goes_on_and_is_followed_later")
def _(patch: Patch) -> None:
    """Run again, it submits another job instead of following the one that goes on."""

    def submit(self):
        inputs = {self._plan.input_name: self._input} if self._input is not None else {}
        job_id = self._training.submit_job(inputs=inputs, parameters=self._plan.parameters)
        self._journal.record(job_id=job_id, started=None)
        self._submitted_here = True

    patch.set(Retraining, "submit", submit)


@mutant("id-written-late", f"{LAWS}test_whatever_breaks_one_job_is_started_and_the_endpoint_updated_once")
def _(patch: Patch) -> None:
    """A job's id is written down after its start, not before."""

    def submit(self):
        if self._journal.get("job_id") is None:
            inputs = {self._plan.input_name: self._input} if self._input is not None else {}
            self._journal._data["job_id"] = self._training.submit_job(inputs=inputs, parameters=self._plan.parameters)
            self._submitted_here = True

    patch.set(Retraining, "submit", submit)


@mutant("starts-blindly", f"{FLOW}test_a_start_whose_answer_was_lost_is_looked_for")
def _(patch: Patch) -> None:
    """A start whose answer was lost is sent again without a look at the job."""

    def start(self, job_id):
        for _ in range(3):
            try:
                return self._training.start_job(job_id)
            except OutcomeUnknown:
                continue
        return None

    patch.set(Retraining, "_start", start)


@mutant("lost-start-given-up", f"{FLOW}test_a_start_whose_answer_was_lost_is_looked_for")
def _(patch: Patch) -> None:
    """A start whose answer was lost ends the retraining, though the job runs."""
    patch.set(Retraining, "_start", lambda self, job_id: self._training.start_job(job_id))


@mutant("patch-sent-again", f"{FLOW}test_a_patch_whose_answer_was_lost_is_looked_for")
def _(patch: Patch) -> None:
    """An update whose answer was lost is sent again."""
    sent = Retraining._patch

    def again(self, model):
        shows = self._shows
        self._shows = lambda model: False
        try:
            sent(self, model)
        except OutcomeUnknown:
            sent(self, model)
        finally:
            self._shows = shows

    patch.set(Retraining, "_patch", again)


@mutant("lost-patch-is-done", f"{FLOW}test_an_update_that_vanished_is_not_told_as_sent")
def _(patch: Patch) -> None:
    """An update whose answer was lost is told as done."""
    sent = Retraining._patch

    def hopeful(self, model):
        try:
            sent(self, model)
        except OutcomeUnknown:
            return

    patch.set(Retraining, "_patch", hopeful)
    patch.set(Retraining, "verify", lambda self: self._journal.record(done=1.0, verified=True))


@mutant("not-looked-at", f"{FLOW}test_a_service_that_takes_the_update_and_does_nothing_is_found_out")
def _(patch: Patch) -> None:
    """Success is told without a look at what the endpoint has."""
    patch.set(Retraining, "verify", lambda self: self._journal.record(done=1.0, verified=True))


@mutant("unseen-told-as-verified", f"{FLOW}test_a_service_that_shows_no_resources_is_told_honestly")
def _(patch: Patch) -> None:
    """What the service does not show is told as verified."""
    record = flow.Journal.record

    def sure(self, **members):
        record(self, **{**members, **({"verified": True} if "verified" in members else {})})

    patch.set(flow.Journal, "record", sure)


@mutant("journal-believed", f"{FLOW}test_done_but_undone_since_is_no_success")
def _(patch: Patch) -> None:
    """What the journal says was done is told as success, whatever became of it."""
    run = Retraining.run

    def believing(self):
        self.adopt_journal()
        return self.result(done_before=True) if self._journal.get("done") else run(self)

    patch.set(Retraining, "run", believing)


@mutant("journal-of-another", f"{FLOW}test_another_input_does_not_take_over_an_unfinished_journal")
def _(patch: Patch) -> None:
    """The journal of another retraining is gone on with."""
    patch.set(Retraining, "adopt_journal", lambda self: self._journal.record(plan=self._plan.identity()))


@mutant("signature-in-journal", f"{LAWS}test_whatever_breaks_one_job_is_started_and_the_endpoint_updated_once")
def _(patch: Patch) -> None:
    """The journal holds whole addresses, signatures and all."""
    patch.set(
        BlobLocation, "address", property(lambda self: self.url if self.base_location else self.relative_location)
    )


@mutant("first-output-taken", f"{FLOW}test_a_job_without_a_model_adds_no_endpoint")
def _(patch: Patch) -> None:
    """The first of a job's outputs is taken for the trained model, whatever it is."""
    patch.set(Retraining, "_model", lambda self: next(iter(self.status.results.values())))


@mutant("any-condition-met", ACCEPTED)
def _(patch: Patch) -> None:
    """The evaluation is not held against the condition."""
    patch.set(Retraining, "accept", lambda self: None)


@mutant("accepted-afterwards", ACCEPTED)
def _(patch: Patch) -> None:
    """The evaluation is held against the condition when the endpoint is updated already."""
    steps = [step for step in Retraining.STEPS if step != "accept"]
    patch.set(Retraining, "STEPS", (*steps, "accept"))


@mutant("endpoint-added-before", f"{FLOW}test_a_job_without_a_model_adds_no_endpoint")
def _(patch: Patch) -> None:
    """The endpoint is added before it is known that there is a model for it."""
    steps = [step for step in Retraining.STEPS if step != "add_endpoint"]
    place = steps.index("submit")
    patch.set(Retraining, "STEPS", (*steps[:place], "add_endpoint", *steps[place:]))
    patch.set(
        Retraining,
        "_model",
        lambda self: self._output(self._plan.model_output, (".ilearner",)) if self._status else None,
    )


@mutant("one-clause-suffices", "test_client_acceptance.py")
def _(patch: Patch) -> None:
    """A condition is met when one of its clauses is."""

    def check(self, evaluation):
        for row in evaluation:
            for clause in self.clauses:
                try:
                    Condition.check.__wrapped__(Condition((clause,)), [row])
                except flow.NotAccepted:
                    continue
                return
        raise flow.NotAccepted("nothing was met")

    original = Condition.check
    check.__wrapped__ = original
    patch.set(Condition, "check", check)


@mutant("at-least-is-more-than", "test_client_acceptance.py")
def _(patch: Patch) -> None:
    """A value that is exactly the one that is asked for does not pass."""
    met = Clause.is_met_by
    patch.set(Clause, "is_met_by", lambda self, value: met(self, value) and value != self.number)


@mutant("no-number-passes", "test_client_acceptance.py")
def _(patch: Patch) -> None:
    """An evaluation that is no number passes."""
    met = Clause.is_met_by
    patch.set(Clause, "is_met_by", lambda self, value: math.isnan(value) or met(self, value))


@mutant("default-retrained", f"{FLOW}test_what_could_not_be_patched_is_refused_before_training")
def _(patch: Patch) -> None:
    """A retraining into the default endpoint is begun, and refused by the service when the model is there."""
    patch.set(Retraining, "check", lambda self: None)


@mutant(
    "default-known-by-name",
    "laws/test_right_place.py::test_a_service_whose_default_endpoint_has_another_name_is_not_patched_there",
)
def _(patch: Patch) -> None:
    """The default endpoint is known by the name ``default`` alone, whatever the service says."""
    read = flow.ManagementClient.service

    def renamed(self, *words, **facts):
        from dataclasses import replace

        return replace(read(self, *words, **facts), default_endpoint_name="default")

    patch.set(flow.ManagementClient, "service", renamed)


@mutant("page-not-compared", f"{FLOW}test_a_help_page_that_names_another_endpoint_is_refused")
def _(patch: Patch) -> None:
    """The help page's PATCH address is not held against the endpoint that is meant."""
    patch.set(Retraining, "_check_address", lambda self, page, url: None)


@mutant("first-resource-taken", f"{FLOW}test_several_resources_have_to_be_told_apart")
def _(patch: Patch) -> None:
    """Of several models that could be updated the first is."""
    patch.set(Retraining, "_choose_resource", lambda self, names: self._plan.resource_name or next(iter(names), ""))


@mutant("queued-job-given-up", f"{FLOW}test_a_started_job_that_waits_in_the_queue_is_followed")
def _(patch: Patch) -> None:
    """A job that was started and waits in the queue is told as one that cannot be started."""

    def start(self, job_id):
        self._training.start_job(job_id)

    patch.set(Retraining, "_start", start)


@mutant("lost-job-replaced", f"{FLOW}test_a_job_that_is_gone_is_not_replaced_behind_ones_back")
def _(patch: Patch) -> None:
    """A job that the service no longer knows is replaced by another."""
    run = Retraining.run

    def eager(self):
        try:
            return run(self)
        except AmlError as error:
            if "no longer knows" not in str(error):
                raise
        self._journal.set_aside()
        return run(self)

    patch.set(Retraining, "run", eager)


@mutant("waits-longer", "test_client_operations.py::test_a_job_that_takes_too_long")
def _(patch: Patch) -> None:
    """The wait for a job goes on after its time-out."""
    wait = ScoringClient.wait_for_job

    def patient(self, job_id, *, timeout=3600.0, **facts):
        return wait(self, job_id, timeout=timeout * 10, **facts)

    patch.set(ScoringClient, "wait_for_job", patient)


@mutant("one-lost-look-ends", "test_client_operations.py::test_a_look_that_fails_is_no_reason_to_give_up")
def _(patch: Patch) -> None:
    """One look at a job that is lost ends the wait."""
    patch.set(ScoringClient, "_look", lambda self, job_id, deadline: self.job(job_id, timeout=deadline.left))


@mutant("settles-at-once", f"{FLOW}test_a_service_that_takes_the_update_and_does_nothing_is_found_out")
def _(patch: Patch) -> None:
    """An endpoint that shows another model than the new one is told as updated."""
    patch.set(BlobLocation, "is_same_blob", lambda self, other: True)
