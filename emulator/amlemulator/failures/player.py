"""Playing a failure: its setup, its calls, its mend, and the proof that it is mended."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from amlclient import AmlError, Answer, Call, Deadline, SystemClock, Transport, redact
from amlemulator import Emulator
from amlemulator.failures.catalogue import PHASES, Failure
from amlemulator.failures.material import Models
from amlemulator.failures.patterns import CatalogueFault, differences, fill
from amlemulator.failures.stage import STEPS, Stage

POLL_SECONDS = 0.03
MOST_SECONDS = 60.0
ENDED = ("Finished", "Failed", "Cancelled")
SHOWN = 1200  # characters of a body that are shown


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, without secrets. ``faults`` says where the answer is not as the catalogue has it."""

    phase: str
    method: str
    url: str
    body: Any
    status: int
    answer: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one failure."""

    failure: Failure
    exchanges: tuple[Exchange, ...]
    seconds: float
    fault: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it was met as described, and mended."""
        return self.fault is None and not any(exchange.faults for exchange in self.exchanges)

    def to_json(self, language: str = "en") -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        exchanges = [
            {
                "phase": one.phase,
                "request": {"method": one.method, "url": one.url, "body": one.body},
                "answer": {"status": one.status, "body": one.answer},
                "faults": list(one.faults),
            }
            for one in self.exchanges
        ]
        title = self.failure.text("title", language)
        told = {"id": self.failure.id, "title": title, "ok": self.ok, "seconds": round(self.seconds, 3)}
        return {**told, "fault": self.fault, "exchanges": exchanges}


@dataclass
class _Play:
    """One run: where it is played, what has been said."""

    stage: Stage
    transport: Transport
    exchanges: list[Exchange] = field(default_factory=list)

    def run(self, failure: Failure) -> None:
        for phase in PHASES:
            for step in failure.steps(phase):
                if "call" in step:
                    self._exchange(phase, step)
                elif next(iter(step)) in STEPS:
                    self.stage.do(fill(step, self.stage.names))
                else:
                    raise CatalogueFault(f"there is no step {next(iter(step))!r}")

    def _exchange(self, phase: str, step: Mapping[str, Any]) -> None:
        call, body = self._request(step)
        ends = time.monotonic() + MOST_SECONDS
        while True:
            answer = self.transport.send(call, Deadline(SystemClock(), MOST_SECONDS))
            value = _json(answer)
            running = isinstance(value, dict) and value.get("StatusCode") not in ENDED
            if not (step.get("poll") and running and answer.status == 200) or time.monotonic() > ends:
                break
            time.sleep(POLL_SECONDS)
        faults = tuple(self._faults(step.get("answer", {}), answer, value))
        if "as" in step:
            self.stage.names[step["as"]] = value
        text = answer.content.decode("utf-8", "replace")
        shown = redact(text if len(text) <= SHOWN else text[:SHOWN] + " ...")
        told = json.loads(redact(json.dumps(body, ensure_ascii=False))) if body is not None else None
        self.exchanges.append(
            Exchange(phase, call.method, redact(call.url), told, answer.status, shown, tuple(map(redact, faults)))
        )

    def _request(self, step: Mapping[str, Any]) -> tuple[Call, Any]:
        names = self.stage.names
        method, _, url = str(fill(step["call"], names)).partition(" ")
        headers = dict(fill(step.get("headers", {}), names))
        if "key" in step:
            headers["Authorization"] = f"Bearer {fill(step['key'], names)}"
        body = fill(step["json"], names) if "json" in step else None
        content: bytes | None = b"" if method == "POST" else None
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            content = json.dumps(body).encode()
        elif "text" in step:
            content = str(step["text"]).encode()
        return Call(method, url, headers=headers, content=content), body

    def _faults(self, expected: Mapping[str, Any], answer: Answer, value: Any) -> list[str]:
        names = self.stage.names
        told = []
        if "status" in expected and expected["status"] != answer.status:
            told.append(f"the status is {answer.status}, not {expected['status']}")
        if "json" in expected:
            told += differences(fill(expected["json"], names), value)
        text = answer.content.decode("utf-8", "replace")
        told += [
            f"the text {pattern!r} is not found"
            for pattern in expected.get("text", ())
            if re.search(str(fill(pattern, names)), text, re.DOTALL) is None
        ]
        if "same" in expected and value != names[expected["same"]]:
            told.append(f"it is not the same as {expected['same']}")
        if "differs" in expected and value == names[expected["differs"]]:
            told.append(f"it is the same as {expected['differs']}")
        return told


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.content.decode("utf-8"))
    except ValueError:
        return None


class Player:
    """Plays failures: one emulator for all that need no settings of their own, another for each that does.

    A context manager; ``workers`` is the number of worker processes. The emulators listen on free ports of loopback.
    """

    def __init__(self, *, workers: int = 1) -> None:
        self._workers = workers
        self._models = Models()
        self._shared: Emulator | None = None
        self._transport = Transport()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()
        if self._shared is not None:
            self._shared.close()

    def play(self, failure: Failure) -> Played:
        """Play one failure, and return what came of it. Never raises for what the failure itself does."""
        if not failure.settings:
            return self._play(failure, self._common())
        settings: dict[str, Any] = {"samples": False, "workers": self._workers, **failure.settings}
        with Emulator(**settings) as emulator:
            return self._play(failure, emulator)

    def _common(self) -> Emulator:
        if self._shared is None:
            self._shared = Emulator(samples=False, workers=self._workers).start()
        return self._shared

    def _play(self, failure: Failure, emulator: Emulator) -> Played:
        begun = time.monotonic()
        stage = Stage(emulator, self._models)
        play = _Play(stage, self._transport)
        fault = None
        try:
            play.run(failure)
        except (CatalogueFault, AmlError) as error:
            fault = redact(str(error))
        finally:
            stage.close()
        return Played(failure, tuple(play.exchanges), time.monotonic() - begun, fault)
