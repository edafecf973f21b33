"""Break thousands of retrainings and diagnose each: ``make diagnose-cases [CASES=2000]``. Not one may be misnamed."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.causes import CAUSES
from support.diagnoses import healthy, pair, pairs, single
from support.retraining import emulator_for_diagnoses, retrained, transport_to

Law = Callable[..., list[str]]


def cases(seed: int) -> Iterator[tuple[str, Law, tuple[object, ...]]]:
    """Yield kinds of cases without end: healthy ones, each cause, each pair of causes, in turn."""
    order = random.Random(seed)  # noqa: S311 - an order, no secret
    causes, both = sorted(CAUSES), sorted(pairs())
    order.shuffle(causes)
    order.shuffle(both)
    turns = zip(cycle(causes), cycle(both), strict=False)
    for number, (key, (first, second)) in enumerate(turns):
        if number % 5 == 0:
            yield "healthy", healthy, (seed + number,)
        yield "single", single, (key, seed + number)
        yield "pair", pair, (first, second, seed + number)


def main(words: list[str]) -> int:
    """Run as many cases as the first word says, with the second as seed. Returns 1 when one was misnamed."""
    wanted, seed = (int(word) for word in (*words, *("2000", "0")[len(words) :]))
    retrained("census")
    emulator = emulator_for_diagnoses()
    transport = transport_to(emulator)
    counts: Counter[str] = Counter()
    misnamed = []
    begun = time.monotonic()
    for number, (kind, law, arguments) in enumerate(islice(cases(seed), wanted), start=1):
        counts[kind] += 1
        misnamed += [f"{kind} {arguments}: {told}" for told in law(emulator, transport, *arguments)]
        if number % 100 == 0 or number == wanted:
            print(f"\r{number} of {wanted} cases, {len(misnamed)} misnamed", end="", file=sys.stderr, flush=True)
    seconds = time.monotonic() - begun
    emulator.close()
    print(file=sys.stderr)
    print("\n".join(misnamed[:20]))
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    told += f"; {len(CAUSES)} causes, {len(pairs())} pairs"
    print(f"{wanted} cases ({told}): {len(misnamed)} misnamed, {seconds:.0f} s")
    return 1 if misnamed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
