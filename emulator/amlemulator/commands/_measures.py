"""Measures that the demonstration takes itself, from what the service answered."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby


def area_under_curve(scores: Sequence[float], positives: Sequence[bool]) -> float:
    """Return the exact area under the ROC curve, by ranks (Mann and Whitney); equal scores share their rank.

    Raises ValueError when there is no positive or no negative among them.
    """
    ordered = sorted(zip(scores, positives, strict=True))
    hits = sum(positives)
    misses = len(ordered) - hits
    if not hits or not misses:
        raise ValueError("the area under the curve needs positives and negatives")
    doubled = 0  # twice the sum of the positives' ranks, so that shared ranks stay whole numbers
    before = 0
    for _, group in groupby(ordered, key=lambda pair: pair[0]):
        outcomes = [positive for _, positive in group]
        doubled += sum(outcomes) * (2 * before + len(outcomes) + 1)
        before += len(outcomes)
    return (doubled - hits * (hits + 1)) / (2 * hits * misses)
