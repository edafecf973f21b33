"""Each mutant in a process of its own, forked from one that has everything imported; and what came of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from mutants.patching import Mutant, Patch

FORK = multiprocessing.get_context("fork")  # what is imported here need not be imported a hundred times
Search = Callable[[Mutant], tuple[str, str]]  # in a patched process: what found it, or "", and what it said


@dataclass(frozen=True)
class Outcome:
    """What came of one mutant: what found it, or "" where nothing did."""

    name: str
    found_by: str
    message: str
    seconds: float


@dataclass(frozen=True)
class Bench:
    """How the mutants of one program are searched: what it is called, and how long one may take, in seconds."""

    prog: str
    what: str
    limit: float

    def main(self, words: list[str], every: list[Mutant], prepare: Callable[[Namespace], Search], page: Page) -> int:
        """Search. Returns 0 when every mutant was found, 1 when one was not, 2 for a wrong call, 130 after Ctrl-C."""
        arguments = self._parser().parse_args(words)
        known = {one.name: one for one in every}
        unknown = [name for name in arguments.names if name not in known]
        if unknown:
            print(f"{self.prog}: there is no {', '.join(unknown)}", file=sys.stderr)
            return 2
        chosen = [known[name] for name in arguments.names] or every
        with tempfile.TemporaryDirectory(prefix="amlclassic-") as folder:
            tempfile.tempdir = folder  # what a child that is killed leaves goes with it
            try:
                return self._report(arguments, known, chosen, prepare(arguments), page)
            except KeyboardInterrupt:
                return 130

    def _parser(self) -> ArgumentParser:
        parser = ArgumentParser(prog=self.prog, description=f"Have every mutant of the {self.what} found.")
        parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
        parser.add_argument("--seed", default="1", help="seed of the examples (%(default)s)")
        parser.add_argument("--jobs", type=int, default=2, help="mutants at a time (%(default)s)")
        parser.add_argument("--markdown", type=Path, metavar="FILE", help="write what found which")
        parser.add_argument("--all-checks", action="store_true", help="in their own order, not the likely one first")
        return parser

    def _report(
        self, arguments: Namespace, known: dict[str, Mutant], chosen: list[Mutant], search: Search, page: Page
    ) -> int:
        begun = time.monotonic()
        print(f"{len(chosen)} mutants of the {self.what}, seed {arguments.seed}", file=sys.stderr, flush=True)
        outcomes = self.run(chosen, search, arguments.jobs)
        missed = [one for one in outcomes if not one.found_by]
        for one in missed:
            print(f"NOT FOUND {one.name}: {known[one.name].sentence} {one.message}", file=sys.stderr)
        found = f"{len(outcomes) - len(missed)} of {len(outcomes)}"
        print(f"{found} mutants of the {self.what} found in {time.monotonic() - begun:.0f} s")
        if arguments.markdown:
            arguments.markdown.write_text(page.of(known, outcomes), "utf-8")
        return 1 if missed else 0

    def run(self, chosen: list[Mutant], search: Search, jobs: int) -> list[Outcome]:
        """Search every mutant, ``jobs`` at a time; return the outcomes in the order of ``chosen``."""
        waiting, running = list(chosen), dict[Connection, tuple[Mutant, BaseProcess, float]]()
        found: dict[str, Outcome] = {}
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    one = waiting.pop(0)
                    pipe, process = _start(one, search)
                    running[pipe] = (one, process, time.monotonic())
                for outcome, pipe in self._ended(running):
                    running.pop(pipe)[1].join()
                    found[outcome.name] = outcome
                    _tell(len(found), outcome)
        finally:
            for _, process, _ in running.values():
                process.kill()
                process.join()
        return [found[one.name] for one in chosen]

    def _ended(self, running: dict[Connection, tuple[Mutant, BaseProcess, float]]) -> list[tuple[Outcome, Connection]]:
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
            if time.monotonic() - begun > self.limit and pipe not in [found for _, found in ended]:
                process.kill()
                ended.append((Outcome(one.name, "", f"not done after {self.limit:.0f} s", self.limit), pipe))
        return ended


@dataclass(frozen=True)
class Page:
    """The report: which check found which, as Markdown."""

    title: str
    text: str

    def of(self, known: dict[str, Mutant], outcomes: list[Outcome]) -> str:
        """Return the page of these outcomes."""
        lines = [f"# {self.title}", "", self.text, "", "| mutant | what is wrong then | found by |", "|---|---|---|"]
        lines += [f"| {one.name} | {known[one.name].sentence} | {one.found_by or '**nobody**'} |" for one in outcomes]
        return "\n".join(lines) + "\n"


def _tell(number: int, outcome: Outcome) -> None:
    said = f"found by {outcome.found_by}" if outcome.found_by else "NOT FOUND"
    line = f"{number:4} {outcome.name}: {said} ({outcome.seconds:.1f} s) {outcome.message}"
    print(line, file=sys.stderr, flush=True)


def _start(one: Mutant, search: Search) -> tuple[Connection, BaseProcess]:
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_attempt, args=(one, search, there))
    process.start()
    there.close()
    return here, process


def _attempt(mutant: Mutant, search: Search, pipe: Connection) -> None:
    """Patch this process, search, and send the outcome. Never returns: the process is spoilt."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)  # a mutant's tracebacks tell nobody anything
    begun = time.monotonic()
    try:
        mutant.apply(Patch())
        found_by, message = search(mutant)
    except BaseException:
        found_by, message = "", traceback.format_exc()
    pipe.send(Outcome(mutant.name, found_by, message, time.monotonic() - begun))
    pipe.close()
    os._exit(0)
