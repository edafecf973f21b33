"""``python -m mutation [--sample N] [--seed TEXT] [--jobs N] [--least PERCENT] [--markdown FILE] [MODULE ...]``.

Makes mutants and has them noticed by the tests; prints the survivors. Exit status 0 when at least ``--least`` per cent
of the mutants were killed, 1 when not, 2 for a wrong call.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from mutation.forking import Loop, Outcome
from mutation.parts import ROOT, Part, parts
from mutation.report import name, page, score
from mutation.sites import Mutation, mutations
from mutation.survivors import read, why

T = TypeVar("T")
# Nothing is caught, for the processes of the mutants are silent.
QUIET = ("-s", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")


def main(words: list[str]) -> int:
    """Run. Returns 0, 1 when too few mutants were killed or the tests fail as they are, 2 for a wrong call."""
    arguments = _parser().parse_args(words)
    unknown = [word for word in arguments.modules if not any(_names(part, [word]) for part in parts())]
    if unknown:
        print(f"mutation: no module that is mutated has {', '.join(unknown)} in its path", file=sys.stderr)
        return 2
    every = [(part, one) for part in parts() for one in _mutants(part, arguments.modules)]
    chosen = sample(every, arguments.sample, arguments.seed) if arguments.sample else every
    begun, outcomes = time.monotonic(), list[Outcome]()
    try:
        for part in parts():
            mutants = [one for owner, one in chosen if owner == part]
            trouble = _run(part, mutants, arguments.jobs, outcomes) if mutants else ""
            if trouble:
                print(f"mutation: {trouble}", file=sys.stderr)
                return 1
    except KeyboardInterrupt:
        return 130
    _tell(outcomes, time.monotonic() - begun)
    if arguments.markdown:
        arguments.markdown.write_text(page(outcomes, read(), ROOT, len(every)), "utf-8")
    return 0 if score(outcomes) >= arguments.least else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutation", description="Have the tests notice changes to the code.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="only modules with this in their path")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many mutants")
    parser.add_argument("--seed", default="1", help="which ones (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (%(default)s)")
    parser.add_argument("--least", type=float, default=90.0, metavar="PERCENT", help="how many to kill (%(default)s)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table and the survivors")
    return parser


def _names(part: Part, words: list[str]) -> list[Path]:
    return [one for one in part.modules if not words or any(word in str(one.relative_to(ROOT)) for word in words)]


def _mutants(part: Part, words: list[str]) -> list[Mutation]:
    return [mutant for one in _names(part, words) for mutant in mutations(one)]


def sample(every: Sequence[T], size: int, seed: str) -> list[T]:
    """Return ``size`` of all, or all where there are no more, drawn with the seed, in their order."""
    kept = random.Random(seed).sample(range(len(every)), min(size, len(every)))
    return [every[number] for number in sorted(kept)]


def _run(part: Part, mutants: list[Mutation], jobs: int, outcomes: list[Outcome]) -> str:
    """Add the outcomes of a part's mutants to those that there are; return what went wrong, if anything."""
    begun, done = time.monotonic(), 0
    print(f"{part.name}: {len(mutants)} mutants; first its tests without any", file=sys.stderr, flush=True)

    def told(one: Outcome) -> None:
        nonlocal done
        done += 1
        outcomes.append(one)
        if done % 100 == 0 or done == len(mutants):
            passed = time.monotonic() - begun
            print(f"{part.name}: {done} of {len(mutants)}, {passed:.0f} s", file=sys.stderr, flush=True)

    apart = [f"--ignore={part.apart}"] if part.apart else []
    loop = Loop(part.modules, mutants, jobs, told)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        pytest.main([str(part.tests), *QUIET, *apart], plugins=[loop])
    for test in loop.left_out:
        print(f"{part.name}: {test} fails without a mutant and was left out", file=sys.stderr, flush=True)
    if loop.interrupted:
        raise KeyboardInterrupt
    return loop.trouble or ("" if done == len(mutants) else f"pytest ended before its time:\n{said.getvalue()}")


def _tell(outcomes: list[Outcome], seconds: float) -> None:
    """Print the survivors, those without a reason marked, and the score."""
    reasons = read()
    for one in outcomes:
        if not one.killed:
            place = f"{one.mutation.path.relative_to(ROOT)}:{one.mutation.line}"
            print(f"{place} {name(one)}" + ("" if why(name(one), reasons) else "  (NOT EXPLAINED)"))
    killed = sum(one.killed for one in outcomes)
    print(f"{killed} of {len(outcomes)} mutants killed, {score(outcomes):.1f} %, in {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
