"""A failure set up in a running emulator, so that a person's own program meets it.

*Armed* in a workspace, a fault of the control plane (``arm`` in the catalogue) brings it about for a program that does
everything right: its calls are answered as the failure is, its jobs end so, or somebody else does what goes wrong
(core/interference.py). *Set up beside*, the failure's own setup is made in a workspace of its own, and the calls that
meet it are there to be sent.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amlemulator.core.errors import failure as refusal
from amlemulator.engine.faults import Rule, read_rule
from amlemulator.failures.catalogue import Failure
from amlemulator.failures.patterns import CatalogueFault, fill

if TYPE_CHECKING:
    from amlemulator.emulator import Emulator

WHEN = ("nth", "share", "count", "seconds")  # of a fault, what the caller may choose


@dataclass(frozen=True, slots=True)
class Armed:
    """A failure that is armed in a workspace. ``fault`` is the id of its fault, ``pages`` of what pages show of it.

    ``rule`` is the fault's: ids come again when all have been disarmed.
    """

    failure: str
    workspace: str
    fault: str
    rule: Rule
    pages: tuple[str, ...] = ()

    def to_json(self) -> dict[str, str]:
        """Return it as JSON."""
        return {"failure": self.failure, "workspace": self.workspace, "fault": self.fault}


def _rule(fault: Mapping[str, Any], workspace_id: str, when: Mapping[str, Any]) -> Rule:
    """Return the rule of a fault of the catalogue in a workspace: when it hits, the caller says, or else the fault."""
    kept = {name: value for name, value in fault.items() if not when or name not in WHEN}
    scoped = {} if str(fault.get("operation", "")).startswith("blob.") else {"workspace": workspace_id}
    usual = {} if when or set(WHEN) & set(fault) else {"count": 1}
    return read_rule({**kept, **scoped, **usual, **when})


class Arming:
    """Arms and disarms failures in one emulator, and knows which are armed."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._lock = threading.Lock()
        self._armed: list[Armed] = []

    def arm(self, failure: Failure, workspace_id: str, when: Mapping[str, Any] | None = None) -> Armed:
        """Have a workspace meet the failure; ``when`` says which calls or jobs of it (members of WHEN).

        Without ``when`` it is the next one alone, unless the catalogue says otherwise. Armed there before, it is armed
        anew. Raises ServiceError of the control plane for an unknown workspace and for members that a fault does not
        take.
        """
        if self._emulator.directory.workspace(workspace_id) is None:
            raise refusal("control/NotFound", f"There is no workspace {workspace_id}.", evidence="control.failures")
        if when and not set(when) <= set(WHEN):
            raise refusal("control/BadRequest", f"Which calls is said by: {', '.join(WHEN)}.")
        arm = failure.data["arm"]
        rules = [_rule(arm[name], workspace_id, when or {}) for name in ("fault", "page") if name in arm]
        fault, *pages = [self._emulator.faults.arm(rule, owner=workspace_id) for rule in rules]
        made = Armed(failure.id, workspace_id, fault, rules[0], tuple(pages))
        with self._lock:
            before = [one for one in self._armed if (one.failure, one.workspace) == (failure.id, workspace_id)]
            self._armed = [one for one in self._armed if one not in before] + [made]
        self._remove(before)
        return made

    def _remove(self, armed: Iterable[Armed]) -> None:
        for one in armed:
            if self._emulator.faults.rule(one.fault) is not one.rule:
                continue
            for fault in (one.fault, *one.pages):
                self._emulator.faults.remove(fault)

    def armed(self, failure_id: str | None = None) -> list[Armed]:
        """Return what is armed, of one failure or of all; what somebody else disarmed is forgotten."""
        with self._lock:
            self._armed = [one for one in self._armed if self._emulator.faults.rule(one.fault) is one.rule]
            return [one for one in self._armed if failure_id in (None, one.failure)]

    def disarm(self, failure_id: str) -> int:
        """Disarm a failure wherever it is armed; returns in how many places it was."""
        found = self.armed(failure_id)
        self._remove(found)
        for one in found:
            self._emulator.interference.take_back(one.workspace)
        with self._lock:
            self._armed = [one for one in self._armed if one not in found]
        return len(found)


@dataclass(frozen=True, slots=True)
class Beside:
    """A failure's setup, made. ``calls`` meet it: method, url, key (None: none is sent) and body of each."""

    workspace: str
    calls: tuple[dict[str, Any], ...]


def missing_settings(emulator: Emulator, failure: Failure) -> list[str]:
    """Return the flags that the emulator would have to be started with to show a failure."""
    wanted = failure.settings.items()
    return [
        f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")
        for name, value in wanted
        if getattr(emulator.settings, name) != value
    ]


def set_up_beside(emulator: Emulator, failure: Failure, models: Any) -> Beside:
    """Make a failure's setup in a workspace of its own. ``models`` is material.Models, which trains once.

    Raises ServiceError of the control plane when the emulator was not started with what the failure needs.
    """
    from amlemulator.failures.stage import Stage

    flags = missing_settings(emulator, failure)
    if flags:
        told = f"{failure.id} needs an emulator that was started with {' '.join(flags)}."
        raise refusal("control/BadRequest", f"{told} `amlclassic failures run {failure.id}` starts one.")
    stage = Stage(emulator, models)
    for step in failure.steps("setup"):
        if "call" in step:
            _made(emulator, stage.names, step)
        else:
            stage.do(fill(step, stage.names))
    calls = (_shown(step, stage.names) for step in failure.steps("calls") if "call" in step)
    return Beside(stage.names["workspace"]["id"], tuple(calls))


def _made(emulator: Emulator, names: dict[str, Any], step: Mapping[str, Any]) -> None:
    """Make a call of the setup, without a socket, and keep its answer under its name."""
    from werkzeug.test import Client

    call = _shown(step, names)
    headers = {"Host": emulator.base_url.partition("://")[2]}
    if call["key"] is not None:
        headers["Authorization"] = f"Bearer {call['key']}"
    path = call["url"].removeprefix(emulator.base_url)
    body = json.dumps(call["body"]) if call["body"] is not None else None
    answer = Client(emulator.wsgi_app).open(path, method=call["method"], headers=headers, data=body)
    if answer.status_code != step["answer"]["status"]:
        raise CatalogueFault(f"the setup's call of {path} was answered with {answer.status}")
    if "as" in step:
        names[step["as"]] = answer.get_json(force=True)


def _shown(step: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's call with its names filled in, as far as they are known before any call was made."""
    method, _, url = str(_filled(step["call"], names)).partition(" ")
    key, body = step.get("key"), step.get("json")
    return {"method": method, "url": url, "key": _filled(key, names) if key else None, "body": _filled(body, names)}


def _filled(value: Any, names: Mapping[str, Any]) -> Any:
    try:
        return fill(value, names)
    except CatalogueFault:  # a name that an earlier of these calls gives: it stays to be filled in
        return value
