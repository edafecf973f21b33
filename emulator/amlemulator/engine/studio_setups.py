"""Predictive experiments that are being set up: the training experiment is run for each, which takes a while.

Whoever asked can watch it and stop it. What is under way is known to this emulator alone: after its end nothing has
been changed, and one asks again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from amlemulator.core.errors import ServiceError
from amlemulator.core.records import Workspace
from amlemulator.core.studio_records import Experiment
from amlemulator.engine.trials import Stopped, Watch

LOG = logging.getLogger(__name__)

Work = Callable[[Workspace, Experiment, Watch], Experiment]


@dataclass(slots=True)
class SetUp:
    """One that was asked for. ``made`` is the predictive experiment, ``error`` why there is none."""

    watch: Watch = field(default_factory=Watch)
    state: Literal["Running", "Done", "Failed", "Stopped"] = "Running"
    made: Experiment | None = None
    error: str = ""


class SetUps:
    """Carries them out, each in a thread of ``submit``; the last of each training experiment is remembered."""

    def __init__(self, work: Work, submit: Callable[..., object]) -> None:
        self._work = work
        self._submit = submit
        self._lock = threading.Lock()
        self._last: dict[str, SetUp] = {}

    def begin(self, workspace: Workspace, training: Experiment) -> SetUp:
        """Begin one; while one of the same experiment is under way, that is it."""
        with self._lock:
            last = self._last.get(training.id)
            if last is not None and last.state == "Running":
                return last
            begun = self._last[training.id] = SetUp()
        self._submit(self._carry_out, begun, workspace, training)
        return begun

    def find(self, training: Experiment) -> SetUp | None:
        """Return the last one of a training experiment, or None."""
        return self._last.get(training.id)

    def stop(self, training: Experiment) -> None:
        """Stop the one that is under way, if there is one."""
        last = self.find(training)
        if last is not None:
            last.watch.stop()

    def _carry_out(self, begun: SetUp, workspace: Workspace, training: Experiment) -> None:
        try:
            if begun.watch.stopped:
                raise Stopped
            begun.made = self._work(workspace, training, begun.watch)
            begun.state = "Done"
        except Stopped:
            begun.state = "Stopped"
        except ServiceError as error:
            begun.error, begun.state = str(error.message or error.group_message), "Failed"
        except Exception as error:
            LOG.exception("setting up %s failed in the emulator itself", training.name)
            begun.error, begun.state = f"{type(error).__name__}: {error}", "Failed"

    def close(self) -> None:
        """Stop everything."""
        for one in list(self._last.values()):
            one.watch.stop()
