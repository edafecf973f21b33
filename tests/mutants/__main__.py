"""``python -m mutants [--seed TEXT] [--jobs N] [--markdown FILE] [--all-checks] [NAME ...]``.

Serves each mutant and has it checked; prints which check found which. Exit status 0 when every one was found.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from amlcontracts.harness.ground import Trained
from amlcontracts.harness.registry import Check, checks
from mutants.patching import Mutant, mutants
from mutants.serving import Outcome, attempt, expected_first, train

FORK = multiprocessing.get_context("fork")  # what is imported here need not be imported a hundred times
LIMIT = 60.0  # seconds for one mutant


def main(words: list[str]) -> int:
    """Run. Returns 0 when every mutant was found, 1 when one was not, 2 for a wrong call."""
    arguments = _parser().parse_args(words)
    every = {one.name: one for one in mutants()}
    unknown = [name for name in arguments.names if name not in every]
    if unknown:
        print(f"mutants: there is no {', '.join(unknown)}", file=sys.stderr)
        return 2
    chosen = [every[name] for name in arguments.names] or list(every.values())
    _import_all()
    with tempfile.TemporaryDirectory(prefix="amlclassic-") as folder:
        tempfile.tempdir = folder  # what a child that is killed leaves goes with it
        try:
            return _have_found(arguments, every, chosen)
        except KeyboardInterrupt:
            return 130


def _have_found(arguments: argparse.Namespace, every: dict[str, Mutant], chosen: list[Mutant]) -> int:
    begun = time.monotonic()
    print(f"training two models, then {len(chosen)} mutants, seed {arguments.seed}", file=sys.stderr, flush=True)
    trained = _in_child(train)
    outcomes = run(chosen, trained, arguments.seed, arguments.jobs, in_order=arguments.all_checks)
    missed = [one for one in outcomes if not one.found_by]
    for one in missed:
        print(f"NOT FOUND {one.name}: {every[one.name].sentence} {one.message}", file=sys.stderr)
    print(f"{len(outcomes) - len(missed)} of {len(outcomes)} mutants found in {time.monotonic() - begun:.0f} s")
    if arguments.markdown:
        arguments.markdown.write_text(table(every, outcomes), "utf-8")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutants", description="Have every mutant of the emulator found.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--seed", default="1", help="seed of the examples (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (%(default)s)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write which check found which")
    parser.add_argument("--all-checks", action="store_true", help="checks in their own order, not the likely one first")
    return parser


def _import_all() -> None:
    """Import what the children need, so that each starts at once. No thread may be running when they are forked."""
    from importlib import import_module

    for name in ("rrs", "bes", "management", "swagger", "help", "probe", "odata", "blob", "blob_access"):
        import_module(f"amlemulator.faces.{name}")
    for name in ("experiments.scorer", "experiments.row_lane", "samples"):
        import_module(f"amlemulator.{name}")
    import_module("azure.storage.blob")
    import_module("onnxruntime")


def _send(work, pipe: Connection) -> None:  # type: ignore[no-untyped-def] # any call without arguments
    pipe.send(work())
    pipe.close()


def _in_child(work) -> Trained:  # type: ignore[no-untyped-def] # as above
    """Return what ``work`` returns in a process of its own: it starts threads, and forking with those is no good."""
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_send, args=(work, there))
    process.start()
    there.close()
    result: Trained = here.recv()
    process.join()
    return result


def run(chosen: list[Mutant], trained: Trained, seed: str, jobs: int, *, in_order: bool = False) -> list[Outcome]:
    """Attempt every mutant, ``jobs`` at a time; return the outcomes in the order of ``chosen``."""
    every, waiting, running = checks(), list(chosen), dict[Connection, tuple[Mutant, BaseProcess, float]]()
    found: dict[str, Outcome] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                one = waiting.pop(0)
                pipe, process = _start(one, every if in_order else expected_first(every, one), trained, seed)
                running[pipe] = (one, process, time.monotonic())
            for outcome, pipe in _ended(running):
                running.pop(pipe)[1].join()
                found[outcome.name] = outcome
                said = f"found by {outcome.found_by}" if outcome.found_by else "NOT FOUND"
                print(
                    f"{len(found):4} {outcome.name}: {said} ({outcome.seconds:.1f} s) {outcome.message}",
                    file=sys.stderr,
                    flush=True,
                )
    finally:
        for _, process, _ in running.values():
            process.kill()
            process.join()
    return [found[one.name] for one in chosen]


def _start(one: Mutant, every: list[Check], trained: Trained, seed: str) -> tuple[Connection, BaseProcess]:
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=attempt, args=(one, every, trained, seed, there))
    process.start()
    there.close()
    return here, process


def _ended(running: dict[Connection, tuple[Mutant, BaseProcess, float]]) -> list[tuple[Outcome, Connection]]:
    """Return those that have an outcome by now; one that takes too long is ended without."""
    ended = []
    for pipe in wait(list(running), timeout=1.0):
        assert isinstance(pipe, Connection)
        one, _, begun = running[pipe]
        try:
            ended.append((pipe.recv(), pipe))
        except EOFError:
            ended.append((Outcome(one.name, "", "its process ended", time.monotonic() - begun), pipe))
    for pipe, (one, process, begun) in running.items():
        if time.monotonic() - begun > LIMIT and pipe not in [found for _, found in ended]:
            process.kill()
            ended.append((Outcome(one.name, "", f"not done after {LIMIT:.0f} s", LIMIT), pipe))
    return ended


def table(every: dict[str, Mutant], outcomes: list[Outcome]) -> str:
    """Return which check found which, as Markdown."""
    lines = [
        "# Mutants of the emulator",
        "",
        "Each line is one plausible wrong behaviour, put into the emulator by a small patch (`tests/mutants/`), and",
        "the check of `amlclassic contracts check` that found it. Made by `make contracts-mutants`.",
        "",
        "| mutant | what is wrong then | found by |",
        "|---|---|---|",
    ]
    lines += [f"| {one.name} | {every[one.name].sentence} | {one.found_by or '**nobody**'} |" for one in outcomes]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
