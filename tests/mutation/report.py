"""What a run says: a line for the terminal, and docs/mutation.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from mutation.forking import Outcome
from mutation.survivors import Reason, why

HEAD = """# Mutation testing

Every small change to the rules of the emulator (`emulator/amlemulator/core/`) and to the decisions of the client
should be noticed by a test. `make contracts` makes such changes, a sample of them, and fails when fewer than
90 % are noticed; `make contracts-full` makes all of them and writes this page.

The changes are mutmut's: its operators, on the bodies and default values of functions. The loop is our own
(`tests/mutation/`). mutmut's works on these packages only from a copy of the tree with another layout, costs more than
a minute for each run before the first mutant (it writes every mutant into that copy, and goes through the tests three
times), leaves out what has a decorator, and puts names into the modules that tests see. Here a process is forked for
each mutant where everything is imported already, the mutant's code is put into the live function, and the tests that
reach its lines run, the fastest first, until one fails. The core is held by `tests/core` alone, the client by
`tests/client` without its laws of broken connections.

Of the client, what talks to a socket, a file or the clock is left out (`_auth`, `_blobs`, `_client`, `_clock`,
`_journal`, `_transport`, `_upload`, `_wire`, `_wsgi`): broken connections test that, not changed rules.
"""


def name(one: Outcome) -> str:
    """Return how `reasons/` names a survivor."""
    return f"{one.mutation.path.stem} {one.mutation.function}: {one.mutation.change()}"


def score(outcomes: Iterable[Outcome]) -> float:
    """Return how many of a hundred mutants were killed."""
    verdicts = [one.killed for one in outcomes]
    return 100 * sum(verdicts) / len(verdicts) if verdicts else 100.0


def page(outcomes: list[Outcome], reasons: list[Reason], root: Path, every: int) -> str:
    """Return the whole page: a table of the modules, then the survivors of each with their reasons.

    ``every`` is how many mutants there are; fewer outcomes are those of a sample, and the page says so.
    """
    modules: dict[Path, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        modules[one.mutation.path].append(one)
    killed = sum(one.killed for one in outcomes)
    told = f"{killed:,} of {len(outcomes):,} mutants are killed: {score(outcomes):.1f} %."
    part = f" They are a sample of the {every:,} that there are." if len(outcomes) < every else ""
    lines = [HEAD, told + part, ""]
    lines += ["| module | mutants | killed | survivors | killed % |", "|---|---:|---:|---:|---:|"]
    lines += [_row(path.relative_to(root), found) for path, found in sorted(modules.items())]
    lines += ["", "## Survivors", ""]
    for path, found in sorted(modules.items()):
        left = [one for one in found if not one.killed]
        if left:
            lines += [
                f"### {path.relative_to(root)}",
                "",
                "| line | in | change | why it is left |",
                "|---:|---|---|---|",
            ]
            lines += [_survivor(one, why(name(one), reasons)) for one in left] + [""]
    return "\n".join(lines)


def _row(path: Path, found: list[Outcome]) -> str:
    killed = sum(one.killed for one in found)
    return f"| `{path}` | {len(found)} | {killed} | {len(found) - killed} | {score(found):.1f} |"


def _survivor(one: Outcome, reason: str) -> str:
    change = one.mutation.change().replace("|", "\\|")
    return (
        f"| {one.mutation.line} | `{one.mutation.function}` | {_code(change)} | {reason or '**not explained yet**'} |"
    )


def _code(text: str) -> str:
    """Return text as Markdown code, whatever backticks it has itself."""
    return f"`` {text} ``"
