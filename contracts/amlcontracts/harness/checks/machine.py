"""Programs of many calls over a whole workspace, beside a model of what the service should be after each.

Hypothesis draws the calls. The model knows endpoints by name: their settings, which of three trained models answers,
their jobs. After each program everything that was made is removed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.place import Endpoint, Service, expect, own_name
from amlcontracts.harness.registry import check

CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "Description": st.sampled_from(["one", "two"]),
        "PreventUpdate": st.booleans(),
        "DiagnosticsTraceLevel": st.sampled_from(["None", "Error"]),
        "SampleDataEnabled": st.booleans(),
    },
)
REFUSED = st.sampled_from(
    ["patch default", "bad setting", "unknown resource", "delete default", "no body", "other key"]
)


class Wanted:
    """What an endpoint should be: its settings as shown, its model (0 the default one's) and its jobs' states."""

    def __init__(self, endpoint: Endpoint, shown: dict[str, Any]) -> None:
        self.endpoint = endpoint
        self.shown = {name: value for name, value in shown.items() if name != "Resources"}
        self.model = 0
        self.jobs: dict[str, str] = {}


class Workspace(RuleBasedStateMachine):
    """Calls on one scoring service. ``ground`` is set by the subclass that is run."""

    ground: Ground
    models = False  # whether endpoints may be patched: that needs two trained models
    names: Any = Bundle("names")
    jobs: Any = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.service: Service = self.ground.scoring
        self.wanted: dict[str, Wanted] = {}
        self.before = {one.id: one.listed() for one in self.ground.home.services}
        self.default = self.service.default.shown()

    @rule(target=names)
    def add(self) -> str:
        """PUT a new endpoint of the scoring service."""
        return self._added(self.service)

    @rule(place=st.integers(0, 99))
    def add_elsewhere(self, place: int) -> None:
        """PUT a new endpoint of any service: it is in the way of none."""
        services = self.ground.home.services
        self._added(services[place % len(services)])

    def _added(self, service: Service) -> str:
        name = own_name()
        endpoint = service.add(name)
        self.wanted[name] = Wanted(endpoint, endpoint.shown())
        return name

    @rule(name=names, given=CHANGES, method=st.sampled_from(["PUT", "PATCH"]))
    def change(self, name: str, given: dict[str, Any], method: str) -> None:
        """Change settings."""
        want = self.wanted[name]
        same(200, want.endpoint.manage(method, "", given).status, f"{method} of {given}")
        want.shown |= given

    @rule(several=st.lists(st.tuples(names, CHANGES), min_size=2, max_size=4, unique_by=lambda one: one[0]))
    def change_at_once(self, several: list[tuple[str, dict[str, Any]]]) -> None:
        """Change several endpoints at the same time, while the default one is asked for its scores."""
        calls = [partial(self.wanted[name].endpoint.manage, "PATCH", "", given) for name, given in several]
        *answers, _ = self.ground.crowd([*calls, partial(self.ground.scores, self.service.default)])
        same([200] * len(calls), [answer.status for answer in answers], "statuses of PATCHes at the same time")
        for name, given in several:
            self.wanted[name].shown |= given

    @rule(name=names, model=st.sampled_from([1, 2]), given=CHANGES)
    def patch(self, name: str, model: int, given: dict[str, Any]) -> None:
        """Update Resource, with settings or without."""
        if self.models:
            want = self.wanted[name]
            answer = want.endpoint.patch({**self.ground.update(self.ground.models[model - 1]), **given})
            same(200, answer.status, answer.line)
            want.shown |= given
            want.model = model

    @rule(name=names, overwrite=st.booleans())
    def refresh(self, name: str, overwrite: bool) -> None:
        """Refresh, with resources or without."""
        want = self.wanted[name]
        changes = overwrite and want.model != 0
        answer = want.endpoint.manage("POST", "/refresh", {"OverwriteResources": overwrite})
        same(200 if changes else 304, answer.status, answer.line)
        if overwrite:
            want.model = 0

    @rule(name=consumes(names))
    def delete(self, name: str) -> None:
        """DELETE an endpoint, its jobs with it."""
        want = self.wanted.pop(name)
        same(200, want.endpoint.manage("DELETE").status, "DELETE of an endpoint")
        expect(want.endpoint.score({}), 401)
        for job in want.jobs:
            expect(want.endpoint.jobs("GET", f"/{job}"), 401)

    @rule(target=jobs, name=names)
    def submit(self, name: str) -> Any:
        """Submit a job."""
        want = self.wanted[name]
        job = want.endpoint.submit(self.ground.scoring_body(self.ground.probes, self._aside()))
        want.jobs[job] = "NotStarted"
        return multiple((name, job))

    def _aside(self) -> dict[str, Any]:
        return {self.ground.interface(self.service).batch_outputs[0]: self.ground.storage.output(".csv")}

    @rule(which=jobs)
    def start(self, which: tuple[str, str]) -> None:
        """Start a job, once well and then never again."""
        want = self.wanted.get(which[0])
        state = want.jobs.get(which[1]) if want else None
        if want is None or state is None:
            return
        answer = want.endpoint.jobs("POST", f"/{which[1]}/start")
        if state != "NotStarted":
            expect(answer, 400, "InvalidOperation", "CannotStartJob")
            return
        same(200, answer.status, answer.line)
        want.jobs[which[1]] = "Started"

    @rule(which=jobs)
    def wait(self, which: tuple[str, str]) -> None:
        """Wait for a job that was started."""
        want = self.wanted.get(which[0])
        if want is not None and want.jobs.get(which[1]) == "Started":
            want.jobs[which[1]] = want.endpoint.wait(which[1])["StatusCode"]
            same("Finished", want.jobs[which[1]], "the end of a job")

    @rule(which=jobs)
    def cancel(self, which: tuple[str, str]) -> None:
        """DELETE a job: one that has not ended is cancelled, one that has is forgotten."""
        want = self.wanted.get(which[0])
        state = want.jobs.get(which[1]) if want else None
        if want is None or state is None:
            return
        known = want.endpoint.status(which[1])["StatusCode"]  # it may have finished meanwhile
        same(200, want.endpoint.jobs("DELETE", f"/{which[1]}").status, "DELETE of a job")
        if state == "Started" and known not in ("Finished", "Failed"):
            self._ended_or_cancelled(want, which[1])
        elif state in ("NotStarted", "Started") and known not in ("Finished", "Failed"):
            want.jobs[which[1]] = "Cancelled"
        else:
            del want.jobs[which[1]]
            expect(want.endpoint.jobs("GET", f"/{which[1]}"), 404, "NotFound")

    def _ended_or_cancelled(self, want: Wanted, job: str) -> None:
        """Take note of a job that was running a moment before its DELETE: it may have finished in between."""
        answer = want.endpoint.jobs("GET", f"/{job}")
        if answer.status == 404:
            del want.jobs[job]
            return
        hold(answer.json["StatusCode"] in ("Cancelled", "Canceled"), f"after its DELETE: {answer.text}")
        want.jobs[job] = "Cancelled"

    @rule(name=names, what=REFUSED)
    def refused(self, name: str, what: str) -> None:
        """Make a call that is refused; the invariant sees whether it changed anything."""
        endpoint, service = self.wanted[name].endpoint, self.service
        update = {"Resources": [{"Name": "nobody", "Location": {"RelativeLocation": "a/b.ilearner"}}]}
        calls = {
            "patch default": lambda: service.default.patch({**update, "Description": "no"}),
            "bad setting": lambda: endpoint.manage("PATCH", "", {"Description": "no", "ThrottleLevel": "Medium"}),
            "unknown resource": lambda: endpoint.patch({**update, "Description": "no"}),
            "delete default": lambda: service.default.manage("DELETE"),
            "no body": lambda: endpoint.manage("PATCH", raw=b"{"),
            "other key": lambda: endpoint.manage("DELETE", key=service.default.key),
        }
        hold(calls[what]().status in (400, 401), f"'{what}' was not refused")

    @invariant()
    def listed(self) -> None:
        """The list holds what was there before and what was added, each as it should be."""
        for service in self.ground.home.services:
            added = [name for name, want in self.wanted.items() if want.endpoint.service.id == service.id]
            entries = service.listed()
            names = [*(one["Name"] for one in self.before[service.id]), *added]
            same(names, [one["Name"] for one in entries], f"endpoints of {service.name}")
            same(self.before[service.id], entries[: len(entries) - len(added)], f"what {service.name} had before")
        same(self.default, self.service.default.shown(), "the default endpoint")
        for name, want in self.wanted.items():
            shown = want.endpoint.shown()
            del shown["Resources"]
            same(want.shown, shown, f"the endpoint {name}")

    @invariant()
    def answering(self) -> None:
        """Every endpoint answers with its own model."""
        faces = self.ground.faces if self.models else (self.ground.scores(self.service.default),)
        self.ground.answers(self.service.default, faces[0], "scores of the default endpoint")
        scoring = [(name, want) for name, want in self.wanted.items() if want.endpoint.service.id == self.service.id]
        for name, want in scoring:
            self.ground.answers(want.endpoint, faces[want.model], f"scores of {name}, model {want.model}")

    @invariant()
    def known_jobs(self) -> None:
        """Every job is in the state that it was brought to."""
        for want in self.wanted.values():
            for job, state in want.jobs.items():
                code = want.endpoint.status(job)["StatusCode"]
                allowed = {"Started": ("NotStarted", "Running", "Finished")}.get(
                    state, (state, state.replace("ll", "l"))
                )
                hold(code in allowed, f"a job that was brought to {state} is {code}")

    def teardown(self) -> None:
        """Remove what was made."""
        for want in self.wanted.values():
            want.endpoint.manage("DELETE")


def _run(ground: Ground, *, models: bool) -> None:
    if models:
        same(3, len(ground.faces), "models")  # trained now: the endpoint that this takes is no part of any program
    machine = type("Program", (Workspace,), {"ground": ground, "models": models})
    effort = ground.effort
    run_state_machine_as_test(seed(ground.number)(machine), settings=ground.settings(effort.programs, effort.steps))


@check("machine.workspace", "endpoints.put", "endpoints.delete", "bes.queue-rules", kind="state machine")
def workspace(ground: Ground) -> None:
    """Whatever calls come in whatever order, the workspace is what they should have made of it."""
    _run(ground, models=False)


@check("machine.retraining", "endpoints.patch", "endpoints.refresh", kind="state machine")
def retraining(ground: Ground) -> None:
    """Whatever is patched, refreshed, added and deleted, each endpoint answers with its own model."""
    _run(ground, models=True)
