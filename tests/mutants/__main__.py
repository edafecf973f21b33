"""``python -m mutants [--seed TEXT] [--jobs N] [--markdown FILE] [--all-checks] [NAME ...]``.

Serves each mutant of the emulator and has it checked; prints which check found which. Exit status 0 when every one was
found.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from importlib import import_module

from amlcontracts.harness.ground import Trained
from amlcontracts.harness.registry import checks
from mutants.patching import Mutant, mutants
from mutants.running import FORK, Bench, Page, Search
from mutants.serving import expected_first, first_breach, train

BENCH = Bench("mutants", "emulator", limit=300.0)
PAGE = Page(
    "Mutants of the emulator",
    "Each line is one plausible wrong behaviour, put into the emulator by a small patch (`tests/mutants/`), and\n"
    "the check of `amlclassic contracts check` that found it. Made by `make contracts-mutants`.",
)


def _prepared(arguments: Namespace) -> Search:
    _import_all()
    print("training two models", file=sys.stderr, flush=True)
    trained, every = _in_child(train), checks()

    def search(one: Mutant) -> tuple[str, str]:
        return first_breach(every if arguments.all_checks else expected_first(every, one), trained, arguments.seed)

    return search


def _import_all() -> None:
    """Import what the children need, so that each starts at once. No thread may be running when they are forked."""
    for name in ("rrs", "bes", "management", "swagger", "help", "probe", "odata", "blob", "blob_access"):
        import_module(f"amlemulator.faces.{name}")
    for name in ("experiments.scorer", "experiments.row_lane", "samples"):
        import_module(f"amlemulator.{name}")
    import_module("azure.storage.blob")
    import_module("onnxruntime")


def _send(work, pipe) -> None:  # type: ignore[no-untyped-def] # any call without arguments
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


if __name__ == "__main__":
    sys.exit(BENCH.main(sys.argv[1:], mutants(), _prepared, PAGE))
