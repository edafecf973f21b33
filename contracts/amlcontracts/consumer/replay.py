"""Making the calls of a contract again, at any service that an endpoints file describes, to see what no longer holds.

Each scenario is a check of the harness, so it is reported as those are. It puts in place what is given, makes its calls
in order, and removes what it has added; it stops at the first answer that is not as relied on, for later calls need
what earlier ones gave.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amlcontracts.consumer.calls import Call, content, line
from amlcontracts.consumer.comparing import Scenario
from amlcontracts.consumer.file import blob_content
from amlcontracts.consumer.given import Store
from amlcontracts.consumer.places import UnknownPlace, at
from amlcontracts.consumer.provider import Provider
from amlcontracts.consumer.shapes import path, with_texts
from amlcontracts.consumer.statements import amiss
from amlcontracts.harness.breach import Breach, hold
from amlcontracts.harness.place import ENDED, PATIENCE, POLL_SECONDS
from amlcontracts.harness.registry import Check
from amlcontracts.harness.wire import Answer

if TYPE_CHECKING:
    from amlcontracts.harness.ground import Ground


def checks(contract: Path, scenarios: Mapping[str, Scenario]) -> list[Check]:
    """Return a check for each scenario of the contract at a path; its name is the test's."""
    return [
        Check(test, f"What the program relies on in {test}.", "transcript", (), partial(_play, contract, scenario))
        for test, scenario in sorted(scenarios.items())
    ]


def _play(contract: Path, scenario: Scenario, ground: Ground) -> None:
    look, ground.wire.look = ground.wire.look, lambda answer: None  # what is not relied on may be otherwise
    try:
        provider = Provider.of(ground, scenario)
        with _prepared(contract, scenario, provider) as sweep:
            for number, call in enumerate(scenario["calls"], start=1):
                made = _Call(call, f"call {number} of {len(scenario['calls'])}, {line(call)}", provider)
                sweep(made.make())
    except UnknownPlace as error:
        raise Breach(f"cannot be played: nothing gives the place {{{error}}}") from error
    finally:
        ground.wire.look = look


@contextmanager
def _prepared(contract: Path, scenario: Scenario, provider: Provider) -> Iterator[Callable[[Any], None]]:
    """Have what is given for the block; gives what is shown every answer, to remove the results of jobs at the end."""
    given = scenario.get("given", {})
    with ExitStack() as stack:
        store = stack.enter_context(Store(provider.account)) if provider.has_storage else None
        hold(store or not given.get("containers"), "cannot be played: the endpoints file names no storage account")
        for container in given.get("containers", ()):
            assert store is not None
            store.have_container(provider.filler.fill(container))
        for name, kept in given.get("blobs", {}).items():
            assert store is not None
            store.have_blob(provider.filler.fill(name), blob_content(contract, kept))
        there = {(one["service"], one["endpoint"]) for one in given.get("endpoints", ())}
        for service, endpoint in sorted({*there, *_added(scenario)}):
            found = provider.service(service)
            free = endpoint not in {one.name for one in found.endpoints()}
            hold(free, f"cannot be played: '{service}' has an endpoint '{endpoint}' already, and it is left alone")
            stack.callback(found.named(endpoint).manage, "DELETE")
            if (service, endpoint) in there:
                found.add(endpoint)

        def sweep(body: Any) -> None:
            results = body.get("Results") if isinstance(body, dict) else None
            for one in results.values() if isinstance(results, dict) else ():
                if store is not None and isinstance(one, dict) and isinstance(one.get("RelativeLocation"), str):
                    store.sweep(one["RelativeLocation"])

        yield sweep


def _added(scenario: Scenario) -> set[tuple[str, str]]:
    """Return the endpoints that the calls themselves add."""
    return {
        (call["service"], call["request"]["path"]["endpoint_name"])
        for call in scenario["calls"]
        if call["operation"] == "endpoints.put" and "service" in call
        if "endpoint_name" in call["request"].get("path", {})
    }


class _Call:
    """One call of a scenario."""

    def __init__(self, call: Call, which: str, provider: Provider) -> None:
        self._call, self._which, self._provider = call, which, provider
        self._begun = time.monotonic()

    def make(self) -> Any:
        """Make the call until its answer is as relied on, or cannot become so; returns the answer's JSON.

        Only what reads is repeated: while its job is under way, and as long as a change may take. Raises Breach.
        """
        fill, call = self._provider.filler.fill, self._call
        wanted = {name: part if name == "status" else with_texts(part, fill) for name, part in call["answer"].items()}
        while True:
            answer = self._provider.send(call)
            body = content(answer.text)[1]
            told = amiss(wanted, answer.status, answer.headers, body) or list(self._keep(body))
            if not told:
                return body
            if not self._may_change(answer, body):
                raise Breach(f"{self._which}: {'; '.join(told)}")
            time.sleep(POLL_SECONDS)

    def _keep(self, body: Any) -> Iterator[str]:
        """Keep what later calls need; yields what is not there, a line each."""
        for name, pointer in self._call.get("keep", {}).items():
            try:
                self._provider.filler.values[name] = str(at(body, tuple(pointer)))
            except KeyError:
                yield f"answer {path(pointer)}: nothing is there, and a later call needs it"

    def _may_change(self, answer: Answer, body: Any) -> bool:
        if answer.method != "GET" and not self._call["operation"].startswith("rrs."):
            return False
        under_way = isinstance(body, dict) and body.get("StatusCode", ENDED[0]) not in ENDED
        patience = PATIENCE if under_way and answer.status == 200 else self._provider.settle
        return time.monotonic() - self._begun < patience
