"""What holds while things happen at the same time."""

from __future__ import annotations

import itertools
import threading
from functools import partial
from typing import Any

from amlcontracts.harness.breach import hold, same
from amlcontracts.harness.ground import Ground
from amlcontracts.harness.registry import check


@check("together.patch-and-score", "patch.whole-answers", kind="concurrency")
def patch_and_score(ground: Ground) -> None:
    """While an endpoint is patched to and fro each answer comes wholly from one model."""
    usual, first, second = ground.faces
    rounds = 4 * ground.effort.crowd
    done = threading.Event()

    with ground.patched(ground.models[0]) as endpoint:

        def patch() -> None:
            try:
                for model in itertools.islice(itertools.cycle(reversed(ground.models)), rounds):
                    same(200, endpoint.patch(ground.update(model)).status, "a PATCH while others score")
            finally:
                done.set()

        def score() -> int:
            count = 0
            while not done.is_set():
                hold(ground.scores(endpoint) in (first, second), "an answer is neither the one model's nor the other's")
                count += 1
            return count

        def score_default() -> None:
            while not done.is_set():
                ground.answers(ground.scoring.default, usual, "the default endpoint while another is patched")

        callers: list[Any] = [patch, score_default, *[score] * max(2, ground.effort.crowd // 2)]
        ground.crowd(callers)
        # islice gives an even number of rounds, so the last model is the first one.
        ground.answers(endpoint, first, "scores after the last PATCH")


@check("together.two-patches", "endpoints.patch", kind="concurrency")
def two_patches(ground: Ground) -> None:
    """Two endpoints that are patched at the same time each get their own model; of one, the last one stays."""
    with ground.scoring.endpoint() as one, ground.scoring.endpoint() as other:
        for _ in range(ground.effort.crowd // 2):
            first, second = (ground.update(model) for model in ground.models)
            answers = ground.crowd([partial(one.patch, first), partial(other.patch, second)])
            same([200, 200], [answer.status for answer in answers], "statuses of both")
            ground.answers(one, ground.faces[1], "scores of the one")
            ground.answers(other, ground.faces[2], "scores of the other")
            ground.crowd([partial(one.patch, second), partial(one.patch, first)])
            hold(ground.scores(one) in ground.faces[1:], "after two PATCHes at once an endpoint has neither model")


@check("together.settings", "endpoints.put", kind="concurrency")
def settings(ground: Ground) -> None:
    """Settings that two callers change at the same time are both kept: no change is lost."""
    with ground.scoring.endpoint() as endpoint:
        for number in range(2 * ground.effort.crowd):
            changes: list[dict[str, Any]] = [{"Description": f"change {number}"}, {"PreventUpdate": number % 2 == 0}]
            changes += [{"SampleDataEnabled": number % 2 == 0}]
            changes += [{"DiagnosticsTraceLevel": ("None", "Error")[number % 2]}]
            ground.crowd([partial(endpoint.manage, "PATCH", "", given) for given in changes])
            shown = endpoint.shown()
            for given in changes:
                same(given, {name: shown[name] for name in given}, "a setting after changes at the same time")


@check("together.jobs", "bes.queue-rules", kind="concurrency")
def jobs(ground: Ground) -> None:
    """Jobs that are submitted at the same time each end with the results of their own input."""
    name = ground.interface(ground.scoring).batch_outputs[0]
    with ground.scoring.endpoint() as endpoint:

        def run(number: int) -> int:
            table = ground.probes[: number + 1]
            override = {name: ground.storage.output(".csv")}
            result = endpoint.run(ground.scoring_body(table, override, name=f"together{number}.csv"))[name]
            blob: str = result["RelativeLocation"].rpartition("/")[2]
            return ground.storage.read(blob).count(b"\n") - 1

        counts = ground.crowd([partial(run, number) for number in range(min(4, len(ground.probes)))])
        same(list(range(1, len(counts) + 1)), counts, "rows of each job's output")
