"""Write docs/kit/{commands,settings,fixtures,testing,modules}.md from the code; a test holds that they are fresh."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from amlemulator import pytest_plugin, testkit
from amlemulator.cli import COMMANDS, parser
from amlemulator.emulator import Emulator
from amlemulator.engine.faults import CHECKS
from amlemulator.engine.journal import FILTERS
from amlemulator.engine.pacing import JobPolicy
from amlemulator.expecting import Expects
from amlemulator.experiments.modules import Parameter, Port
from amlemulator.experiments.palette import registry
from amlemulator.faces.catalogue import routes
from amlemulator.settings import Settings, flag_name, variable_name

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "kit"
NOTE = "<!-- Made by `make docs-reference` from the code. -->\n"
HANDLES = (
    testkit.Aml,
    testkit.EndpointHandle,
    testkit.WorkspaceFaults,
    testkit.WorkspaceJobs,
    testkit.WorkspaceRequests,
)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def sentence(thing: Any) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split()).replace("``", "`")


# --- commands ---------------------------------------------------------------------------------------------------------


def parsers(name: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Return the parser of a command, and those below it, each with what calls it."""
    [choices] = [one.choices for one in parser(name)._actions if isinstance(one, argparse._SubParsersAction)]
    yield from _below(f"amlclassic {name}", choices[name])


def _below(called: str, found: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield called, found
    for action in found._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, one in action.choices.items():
                yield from _below(f"{called} {name}", one)


def flags(found: argparse.ArgumentParser) -> list[tuple[str, str]]:
    """Return what a command takes, with its help; what serve's settings add is on a page of its own."""
    rows = []
    for action in found._actions:
        hidden = action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction)
        if hidden or (found.prog == "amlclassic serve" and flag_name(action.dest) in _setting_flags()):
            continue
        named = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        value = f" {action.metavar}" if action.option_strings and action.metavar and action.nargs != 0 else ""
        text = (action.help or "") % {**vars(action), "prog": found.prog}
        rows.append((f"`{named}{value}`", text))
    return rows


def _setting_flags() -> set[str]:
    return {flag_name(item.name) for item in fields(Settings)}


def commands() -> str:
    """Return the page of commands."""
    parts = ["# Commands\n", NOTE, "Exit status: 0 done, 1 failed or found broken, 2 called wrongly.\n"]
    for name in COMMANDS:
        for called, found in parsers(name):
            parts.append(f"## {called}\n")
            parts.append(f"{found.description or COMMANDS[name]}\n")
            rows = flags(found)
            if rows:
                parts.append(table(("flag", "what it does"), rows))
            if name == "serve":
                parts.append("Its flags are the [settings](settings.md).\n")
            if found.epilog:
                parts.append(found.epilog.strip() + "\n")
    return "\n".join(parts)


# --- settings ---------------------------------------------------------------------------------------------------------


def settings() -> str:
    """Return the page of settings."""
    rows = [
        (
            f"`{flag_name(item.name)}`",
            f"`{variable_name(item.name)}`",
            f"`{item.name}`",
            "" if item.default is None else f"`{str(item.default).lower() if item.type == 'bool' else item.default}`",
            item.metadata["help"],
        )
        for item in fields(Settings)
    ]
    text = (
        "What can be set of `amlclassic serve` and `start`, of an `Emulator` (by the key's name) and in the fixture "
        "`aml_config`. The flag wins over the variable, the variable over `amlclassic.toml` in the current folder.\n"
    )
    return "\n".join(["# Settings\n", NOTE, text, table(("flag", "variable", "key", "default", "what it sets"), rows)])


# --- modules ----------------------------------------------------------------------------------------------------------


def modules() -> str:
    """Return the page of modules."""
    text = (
        "What an experiment file may have, under the names that Studio showed: ports, parameters with their default "
        "values, and what they may be. A parameter may also have the name that it has in Studio's own graphs, in "
        "brackets; modules may have their older names. *Not emulated* is what Studio had: a graph with it is refused "
        "by name when it is checked. `amlclassic experiments schema` prints the same for editors.\n"
    )
    parts = ["# Modules\n", NOTE, text, _SELECTION]
    found = {module.name: module for module in registry().values()}
    for module in found.values():
        older = f" (also: {', '.join(module.older_names)})" if module.older_names else ""
        parts.append(f"## {module.name}{older}\n")
        parts.append(f"In: {_ports(module.inputs)}. Out: {_ports(module.outputs)}.\n")
        rows = [
            (f"{spec.name}{f' [{spec.wire}]' if spec.wire else ''}", _default(spec), _values(spec))
            for spec in module.parameters
        ]
        if rows:
            parts.append(table(("parameter", "default", "values"), rows))
    return "\n".join(parts)


_SELECTION = """\
A parameter that selects columns takes names, `[age, sex]` or `age,sex`, or the rules of Studio's column selector, which
add up in order:

```yaml
begin with: all columns                      # or: no columns
rules:
  - exclude: {names: [casual, registered]}
  - include: {indices: "1-4,6"}              # from 1
  - include: {types: [Numeric]}              # a column type, Numeric, or Categorical
  - exclude: {all: labels}                   # or features, weights
keep order and duplicates: true              # the order as listed, not the data set's
```
"""


def _ports(ports: tuple[Port, ...]) -> str:
    named = [f"{port.name} ({port.kind}{', optional' if port.optional else ''})" for port in ports]
    return "; ".join(named) or "nothing"


def _default(spec: Parameter) -> str:
    if spec.required:
        return "must be given"
    if isinstance(spec.default, dict):
        return "all columns" if spec.default.get("begin with") == "all columns" else "all numeric columns"
    return "" if spec.default in (None, "") else f"`{spec.default}`"


def _values(spec: Parameter) -> str:
    if spec.kind == "choice":
        absent = f". Not emulated: {', '.join(spec.absent)}" if spec.absent else ""
        return ", ".join(spec.choices) + absent
    low, high = ("" if bound is None else f"{bound:g}" for bound in (spec.minimum, spec.maximum))
    bounds = f", {low} to {high}" if low and high else f", at least {low}" if low else ""
    words = {"text": "text", "integer": "whole number", "real": "number", "boolean": "true, false"}
    return words.get(spec.kind, "columns" if spec.kind == "columns" else "what Studio saved") + bounds


# --- fixtures ---------------------------------------------------------------------------------------------------------


def fixtures() -> str:
    """Return the page of the pytest plugin and of the handles that it gives."""
    given = [
        (f"`{name}`", _scope(one), sentence(one))
        for name, one in vars(pytest_plugin).items()
        if type(one).__name__ == "FixtureFunctionDefinition"
    ]
    parts = ["# Fixtures and handles\n", NOTE, table(("fixture", "scope", "what it gives"), given)]
    parts.append(f"The option `--aml WHERE`: {_option_help()}.\n")
    parts.append(
        "The option `--aml-record`: tests with `expects` are recorded into the contract, not held against it.\n"
    )
    parts.append(
        f"The setting `aml_contract`: the contract's file, from the root folder; `{pytest_plugin.CONTRACT}`.\n"
    )
    parts.append(f"The marker `{pytest_plugin.MARKER.partition(':')[0]}`:{pytest_plugin.MARKER.partition(':')[2]}\n")
    stated = ", ".join(name for name in inspect.signature(Expects.__call__).parameters if name != "self")
    parts.append(f"`expects({stated})`: {sentence(Expects.__call__)} [How](../how-to/consumer-contracts.md).\n")
    for handle in HANDLES:
        parts.append(f"## {handle.__name__}\n")
        parts.append(f"{sentence(handle)}\n")
        members = ((name, getattr(handle, name, None)) for name in (*handle.__annotations__, *vars(handle)))
        rows = {
            f"`{_called(name, member)}`": sentence(member.fget if isinstance(member, property) else member)
            for name, member in members
            if not name.startswith("_") and (callable(member) or isinstance(member, property))
        }
        parts.append(table(("member", "what it is"), list(rows.items())))
    return "\n".join(parts)


def _scope(fixture: Any) -> str:
    return str(fixture._fixture_function_marker.scope)


def _option_help() -> str:
    return "the emulator of the fixture aml is `here` (default), `wsgi`, `subprocess`, or the URL of one that runs"


def _called(name: str, member: Any) -> str:
    if isinstance(member, property):
        return name
    shown = [str(one).partition(":")[0].partition(" =")[0] for one in inspect.signature(member).parameters.values()]
    return f"{name}({', '.join(shown[1:])})"


# --- testing ----------------------------------------------------------------------------------------------------------


def testing() -> str:
    """Return the page of faults, job policies and filters."""
    emulator = Emulator(samples=False)
    try:
        found = list(routes(emulator))
    finally:
        emulator.close()
    text = (
        "What `aml.faults.add`, `aml.jobs.policy` and `aml.requests.find` take, and the [control plane]"
        "(../reference/control.md) as JSON.\n"
    )
    parts = ["# Faults, job policies, filters\n", NOTE, text]
    parts.append("## A fault\n")
    parts.append("At least one of these members:\n")
    parts.append(table(("member", "takes"), [(f"`{name}`", takes) for name, (takes, _) in CHECKS.items()]))
    parts.append("## A job policy\n")
    parts.append(" ".join((inspect.getdoc(JobPolicy) or "").split()).replace("``", "`") + "\n")
    parts.append("## Filters of requests\n")
    parts.append(
        f"{', '.join(f'`{name}`' for name in FILTERS)}. All but `status` and `workspace` are patterns (`bes.*`).\n"
    )
    parts.append("## Operations\n")
    parts.append("What faults and filters call the calls of the service:\n")
    named = sorted({one.operation.name for one in found if not one.operation.name.startswith("control.")})
    blobs = "Blob storage: `blob.*`."
    parts.append(", ".join(f"`{name}`" for name in named) + f". {blobs}\n")
    return "\n".join(parts)


PAGES = {
    "commands.md": commands,
    "settings.md": settings,
    "fixtures.md": fixtures,
    "testing.md": testing,
    "modules.md": modules,
}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")
        print(f"wrote docs/kit/{name}")
