"""Faults that a test arms: which calls fail, and how. While none is armed, nothing of this is in a request's way."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any, Literal

from amlemulator.core.errors import Entry, Envelope, ServiceError, catalogue, failure
from amlemulator.core.interference import EFFECTS, Moment
from amlemulator.ports.clock import Clock

LONGEST_DELAY = 600.0  # seconds
NUMBER = (int, float)
NAMES = {one.value: one.phrase.title().replace(" ", "") for one in HTTPStatus}
Cut = Literal["before", "after"]
ONE_OF = ("error", "status", "cut", "effect", "job")


class ConnectionCut(BaseException):
    """The connection is to be closed without an answer. No Exception: nothing on the way may make an answer of it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One armed fault: the calls that it meets, which of those it hits, and what becomes of them.

    A rule meets calls by ``operation`` (``bes.*``), ``path`` and ``workspace``, whichever are given. Of those it hits
    the ``nth`` ones, or a ``share`` of them (by ``seed``, the same ones each time), ``count`` at most, and none from
    ``until`` on (seconds since the epoch, by the emulator's clock) or ``seconds`` after it was armed. A call that is
    hit waits ``delay`` seconds, and then is refused with ``error`` (a name of the catalogue; ``code`` is that of its
    details, where the catalogue leaves it open) or a bare ``status``, or its connection is cut, ``before`` the
    operation or ``after`` it, when everything is done and only the answer is lost; or it goes on when none of these is
    given, with ``headers`` added to its answer.

    A rule with ``effect`` (core/interference.py) or ``job`` meets no calls but what they bring about: an ``effect``
    the moment of the flow in which it takes place, a ``job`` (a policy of engine/pacing.py) the starts of jobs.
    """

    operation: str = "*"
    path: str = "*"
    workspace: str | None = None
    nth: tuple[int, ...] = ()
    share: float | None = None
    seed: str = ""
    count: int | None = None
    until: float | None = None
    seconds: float | None = None
    error: str | None = None
    arguments: tuple[str, ...] = ()
    message: str | None = None
    status: int | None = None
    delay: float = 0.0
    cut: Cut | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None
    effect: str | None = None
    job: Any = None

    @property
    def moment(self) -> Moment | None:
        """The moment of the flow that it meets; None for one that meets calls."""
        return "start" if self.job is not None else EFFECTS[self.effect] if self.effect is not None else None

    def shown(self) -> dict[str, Any]:
        """Return what was given, as JSON."""
        shown, plain = {item.name: getattr(self, item.name) for item in fields(Rule)}, Rule()
        return {name: value for name, value in shown.items() if value != getattr(plain, name)}


def _number(value: Any) -> bool:
    return isinstance(value, NUMBER) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _header(pair: tuple[Any, Any]) -> bool:
    return all(isinstance(text, str) and text.isascii() and text.isprintable() for text in pair) and bool(pair[0])


def _policy(value: Any) -> bool:
    from amlemulator.engine.pacing import read_policy  # jobs, which no other rule needs

    try:
        return read_policy(value) is not None
    except ServiceError:
        return False


JOB_TAKES = 'a job policy: {"fail": "reason"}, {"queued": seconds}, "cancelled", "unstarted", "manual", ...'
CHECKS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "operation": ("a pattern of operations: bes.*", lambda value: isinstance(value, str)),
    "path": ("a pattern of paths: */jobs/*", lambda value: isinstance(value, str)),
    "workspace": ("a workspace's id", lambda value: isinstance(value, str)),
    "nth": ("a number from 1 on, or a list of them", lambda value: bool(value) and all(_whole(one) for one in value)),
    "share": ("a number from 0 to 1", lambda value: _number(value) and 0 <= value <= 1),
    "seed": ("a text", lambda value: isinstance(value, str)),
    "count": ("a number from 1 on", _whole),
    "until": ("seconds since 1970", lambda value: _number(value) and value >= 0),
    "seconds": ("a number of seconds, 0 or more", lambda value: _number(value) and value >= 0),
    "error": ("a name of the error catalogue: InternalError/UnknownError", lambda value: value in catalogue()),
    "arguments": ("a list of texts", lambda value: all(isinstance(one, str) for one in value)),
    "message": ("a text", lambda value: isinstance(value, str)),
    "status": ("an HTTP status from 400 to 599", lambda value: _whole(value) and value in range(400, 600)),
    "delay": ("seconds, up to 600", lambda value: _number(value) and 0 <= value <= LONGEST_DELAY),
    "cut": ('"before" or "after"', lambda value: value in ("before", "after")),
    "headers": ("names and values", lambda value: isinstance(value, dict) and all(map(_header, value.items()))),
    "code": ("a text", lambda value: isinstance(value, str)),
    "effect": ("one of: " + ", ".join(sorted(EFFECTS)), lambda value: value in EFFECTS),
    "job": (JOB_TAKES, _policy),
}


def read_rule(given: Any) -> Rule:
    """Read a rule as JSON has it. Raises 400 of the control plane naming the member and what it takes."""
    if not isinstance(given, Mapping) or not given:
        raise failure("control/BadRequest", "A fault is an object with at least one of: " + ", ".join(CHECKS) + ".")
    values = dict(given)
    if "nth" in values and not isinstance(values["nth"], (list, tuple)):
        values["nth"] = [values["nth"]]
    for name, value in values.items():
        if name not in CHECKS:
            raise failure("control/BadRequest", f"A fault has no member '{name}', only: {', '.join(CHECKS)}.")
        takes, fits = CHECKS[name]
        if not _fits(fits, value):
            raise failure("control/BadRequest", f"'{name}' of a fault is {takes}.")
        if isinstance(value, (list, tuple)):
            values[name] = tuple(value)
    if sum(name in values for name in ONE_OF) > 1:
        raise failure("control/BadRequest", f"A fault has one of: {', '.join(ONE_OF)}.")
    return Rule(**values)


def _fits(fits: Callable[[Any], bool], value: Any) -> bool:
    try:
        return fits(value)
    except TypeError:  # not even of the kind that could be looked through
        return False


@dataclass(slots=True)
class Armed:
    """A rule with its number and how often it met and hit."""

    id: str
    rule: Rule
    owner: str | None = None  # the workspace whose test armed it
    ends: float = math.inf  # seconds since the epoch
    met: int = 0
    hits: int = 0

    def shown(self) -> dict[str, Any]:
        """Return it as JSON: what was given, and the counts."""
        return {"id": self.id, **self.rule.shown(), "met": self.met, "hits": self.hits}


class Faults:
    """The armed faults. ``changed`` is called when that changes, so that the pipeline can be chosen then."""

    def __init__(self, clock: Clock, changed: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._changed = changed
        self._lock = threading.Lock()
        self._armed: list[Armed] = []
        self._last = 0

    def add(self, **rule: Any) -> str:
        """Arm a fault (see Rule); returns its id. Raises ServiceError when it makes no sense."""
        return self.arm(read_rule(rule))

    def arm(self, rule: Rule, owner: str | None = None) -> str:
        """Arm a fault; returns its id. It goes with its workspace, or with the one that is its ``owner``."""
        with self._lock:
            self._last += 1
            ends = math.inf if rule.seconds is None else self._clock.now() + rule.seconds
            armed = Armed(f"fault-{self._last}", rule, owner or rule.workspace, ends)
            self._armed = [*self._armed, armed]
            self._changed()
        return armed.id

    @property
    def armed(self) -> bool:
        """Whether there are any."""
        return bool(self._armed)

    def list(self) -> list[dict[str, Any]]:
        """Return the armed faults in order, with how often each met and hit."""
        return [armed.shown() for armed in self._armed]

    def hits(self, fault_id: str) -> int:
        """Return how often a fault hit. KeyError when it is not armed."""
        found = next((armed for armed in self._armed if armed.id == fault_id), None)
        if found is None:
            raise KeyError(fault_id)
        return found.hits

    def rule(self, fault_id: str) -> Rule | None:
        """Return the rule of a fault; None when it is not armed."""
        return next((armed.rule for armed in self._armed if armed.id == fault_id), None)

    def remove(self, fault_id: str) -> bool:
        """Disarm one; False when there is none of that id."""
        with self._lock:
            kept = [armed for armed in self._armed if armed.id != fault_id]
            found = len(kept) < len(self._armed)
            self._armed = kept
            self._changed()
        return found

    def clear(self, workspace: str | None = None) -> None:
        """Disarm all, or those of one workspace."""
        with self._lock:
            self._armed = [armed for armed in self._armed if workspace not in (None, armed.owner)]
            self._last = self._last if self._armed else 0
            self._changed()

    def strike(self, operation: str, path: str, workspace: str | None = None) -> Rule | None:
        """Return the first rule that hits a call, or None, after the rule's delay. Raises ConnectionCut, if it says so.

        What comes of it otherwise is for the face to do: ``refusal``, and what is done to the answer.
        """
        rule = self._hit(lambda rule: _meets(rule, operation, path, workspace))
        if rule is None:
            return None
        time.sleep(rule.delay)
        if rule.cut == "before":
            raise ConnectionCut
        return rule

    def interfere(self, moment: Moment, workspace: str, effect: str | None = None) -> Rule | None:
        """Return the first rule that hits a moment of the flow in a workspace, or None; of one ``effect`` where given.

        To be asked only when it can have its effect, for being asked is counted.
        """
        if not self._armed:
            return None

        def meets(rule: Rule) -> bool:
            return rule.moment == moment and rule.workspace in (None, workspace) and effect in (None, rule.effect)

        rule = self._hit(meets)
        if rule is not None:
            time.sleep(rule.delay)
        return rule

    def job_policy(self, workspace: str) -> Any:
        """Return the policy that a rule has for a job which is being started in a workspace, or None."""
        rule = self.interfere("start", workspace)
        return rule.job if rule is not None else None

    def prevent_update(self, workspace: str) -> bool:
        """Whether somebody sets PreventUpdate before a service of a workspace is published anew."""
        return self.interfere("publish", workspace) is not None

    def _hit(self, meets: Callable[[Rule], bool]) -> Rule | None:
        with self._lock:
            for armed in self._armed:
                if meets(armed.rule):
                    armed.met += 1
                    if self._hits(armed):
                        armed.hits += 1
                        return armed.rule
        return None

    def _hits(self, armed: Armed) -> bool:
        rule = armed.rule
        if self._clock.now() >= min(armed.ends, math.inf if rule.until is None else rule.until):
            return False
        if rule.count is not None and armed.hits >= rule.count:
            return False
        if rule.nth and armed.met not in rule.nth:
            return False
        return rule.share is None or _chance(f"{rule.seed}/{armed.id}/{armed.met}") < rule.share


def _meets(rule: Rule, operation: str, path: str, workspace: str | None) -> bool:
    if rule.moment is not None or rule.workspace not in (None, workspace):
        return False
    return fnmatchcase(operation, rule.operation) and fnmatchcase(path, rule.path)


def _chance(of: str) -> float:
    """Return a number from 0 to 1, the same for the same text."""
    return int.from_bytes(hashlib.sha256(of.encode()).digest()[:7], "big") / (1 << 56)


def refuse(rule: Rule, envelope: Envelope) -> None:
    """Raise the error that a rule asks for, if it does."""
    if rule.error is not None or rule.status is not None:
        raise refusal(rule, envelope)


def refusal(rule: Rule, envelope: Envelope) -> ServiceError:
    """Make the error that a rule asks for; a bare status gets the shape of the host that was called."""
    known = catalogue()[rule.error] if rule.error is not None else None
    if known is not None and rule.code is not None:
        known = replace(known, code=rule.code)
    if known is not None and (known.envelope == "blob") == (envelope == "blob"):
        return ServiceError(known, rule.arguments, target=None, message=rule.message, evidence="control.faults")
    status = known.status if known is not None else rule.status or 500
    code = known.code if known is not None else NAMES.get(status, "Fault")
    text = rule.message or (known.message if known is not None else "A fault that was armed through the control plane.")
    group = {"group": code, "group_message": text} if envelope == "details" else {}
    entry = Entry(f"fault/{code}", status, "" if group else code, text, envelope, **group)
    return ServiceError(entry, rule.arguments, target=None, message=None, evidence="control.faults")
