"""Write ``docs/reference`` from the contracts: ``python -m amlcontracts.reference [--check]``.

Operations, errors, limits, state machines and the rules of ``--strict``, each page made of the data and nothing else.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from amlcontracts import load
from amlcontracts.operations import APIS, Operation, operations
from amlcontracts.schemas import references

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reference"
SCHEMAS = "../../contracts/schemas"
HEAD = "<!-- Made by `make docs-reference` from contracts/: change those. -->\n"
HOSTS = {
    "management": ("The management host", "flat: `{error: {code, message}}`"),
    "scoring": ("The scoring host, besides the list", "with empty details"),
    "studio": ("The Studio API", "`{Error: {Code, Message, ...}}`"),
    "blob": ("Blob storage", "XML"),
    "control": ("The control plane", "flat: `{error: {code, message}}`"),
}


def pages() -> dict[str, str]:
    """Return file name to text of every page."""
    made = {f"{api}.md": _page(*_operations_page(api)) for api in APIS}
    made["errors.md"] = _page("Errors", _errors())
    made["limits.md"] = _page("Limits", _limits())
    made["state-machines.md"] = _page("State machines", _state_machines())
    made["strict.md"] = _page("What --strict refuses", _rules())
    made["README.md"] = _page("Reference", _index(made))
    return made


def _page(title: str, lines: Iterable[str]) -> str:
    return "\n".join([HEAD, f"# {title}", "", *lines]).rstrip() + "\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    heads = list(heads)
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


def _index(made: Mapping[str, str]) -> Iterator[str]:
    yield "The contracts as pages. The same data as JSON is in the package `amlcontracts`, and in `contracts/` as YAML."
    yield ""
    for name, text in made.items():
        title = next(line for line in text.splitlines() if line.startswith("# "))
        yield f"- [{title.removeprefix('# ')}]({name})"


# Operations


def _operations_page(api: str) -> tuple[str, list[str]]:
    document = load("openapi")[api]
    lines = [document["info"]["description"], ""]
    lines += [f"- `{server['url']}`: {server.get('description', '')}".rstrip(": ") for server in document["servers"]]
    lines.append("")
    for one in operations(api):
        lines += _operation(one)
    return document["info"]["title"], lines


def _operation(one: Operation) -> Iterator[str]:
    yield f"## {one.id}"
    yield ""
    yield f"`{one.method} {one.path}`"
    yield ""
    yield f"{one.summary} {one.description}".rstrip()
    yield ""
    yield f"Who may call: {' or '.join(one.security) or 'anybody'}."
    yield ""
    if one.parameters:
        yield from _table(["parameter", "in", "what it is"], map(_parameter, one.parameters))
    if one.bodies:
        needed = "" if one.body_required else ", or nothing"
        kinds = ", ".join(f"`{kind}`" for kind in one.bodies)
        yield f"Takes {_body(one.bodies)} as {kinds}{needed}."
        yield ""
    yield from _table(["status", "body"], ([str(code), _body(kinds)] for code, kinds in one.answers.items()))
    known = [entry for entry in load("evidence") if one.name in entry.get("operations", ())]
    yield from (f"- {entry['text']} *({entry['mark']}: {entry['source']})*" for entry in known)
    yield ""


def _parameter(place: Mapping[str, Any]) -> list[str]:
    allowed = place["schema"].get("enum", [])
    words = f" One of {', '.join(f'`{one}`' for one in allowed)}." if allowed else ""
    needed = "" if place.get("required") else " Optional."
    return [f"`{place['name']}`", place["in"], f"{place['description']}{words}{needed}"]


def _body(kinds: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(references(list(kinds.values()))))
    if names:
        return " or ".join(f"[{_title(name)}]({SCHEMAS}/{name}.schema.json)" for name in names)
    return ", ".join(f"`{kind}`" for kind in kinds) or "none"


def _title(name: str) -> str:
    return str(load("schemas")[name]["title"])


# Errors and limits


def _errors() -> Iterator[str]:
    document = load("errors")
    yield "`{0}` and `{1}` are filled in. Texts, slips included, are the service's own unless marked *ours*."
    yield ""
    for group, facts in document["groups"].items():
        yield f"## {group}"
        yield ""
        yield f"{facts['status']}: {facts['message']}"
        yield ""
        codes = facts.get("codes")
        if codes:
            yield from _table(["code", "message"], ([f"`{code}`", text] for code, text in codes.items()))
    for host, (title, form) in HOSTS.items():
        yield f"## {title}"
        yield ""
        yield f"Its envelope is {form}."
        yield ""
        yield from _table(["name", "status", "message"], map(_error, document[host].items()))


def _error(item: tuple[str, Mapping[str, Any]]) -> list[str]:
    name, facts = item
    own = " *ours*" if facts.get("ours") else ""
    return [f"`{facts.get('code', name)}`", str(facts["status"]), f"{facts['message']}{own}"]


def _limits() -> Iterator[str]:
    source = (ROOT / "contracts" / "limits.yaml").read_text("utf-8")
    notes = dict(re.findall(r"^(\w+): .*?(?: # (.*))?$", source, re.MULTILINE))  # only the YAML has the sources
    rows = ([f"`{name}`", f"`{value}`", notes.get(name, "")] for name, value in load("limits").items())
    yield from _table(["limit", "value", "source"], rows)


# State machines and rules


def _state_machines() -> Iterator[str]:
    evidence = {entry["id"]: entry for entry in load("evidence")}
    for name, machine in load("state_machines").items():
        yield f"## {machine['text'].rstrip('.')}"
        yield ""
        yield from _diagram(machine)
        shown = ([f"`{state}`", facts.get("shows", ""), facts["text"]] for state, facts in machine["states"].items())
        yield from _table([name, "shows", "what it is"], shown)
        rows = (_edge(edge, evidence[edge["evidence"]]["mark"]) for edge in machine["edges"])
        yield from _table(["in", "on", "then", "known"], rows)


def _edge(edge: Mapping[str, Any], mark: str) -> list[str]:
    when = f" when {edge['when']}" if "when" in edge else ""
    status = f" ({edge['status']})" if "status" in edge else ""
    then = f"refused: `{edge['error']}`" if "error" in edge else f"`{edge['to']}`{status}"
    return [f"`{edge['from']}`", f"{edge['by']}{when}", then, mark]


def _diagram(machine: Mapping[str, Any]) -> Iterator[str]:
    # Mermaid's names of states have no blanks.
    moves = [edge for edge in machine["edges"] if edge.get("to", edge["from"]) != edge["from"]]
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"  [*] --> {machine['initial']}"
    yield from (f"  {_word(edge['from'])} --> {_word(edge['to'])}: {edge['by']}" for edge in moves)
    yield "```"
    yield ""


def _word(state: str) -> str:
    return state.replace(" ", "_")


def _rules() -> Iterator[str]:
    yield "Each rule with the line that it is read from. Without `--strict` what real clients send is taken."
    yield ""
    documents = load("rules")["documents"]
    rows = []
    for name, facts in load("rules")["rules"].items():
        document = documents[facts["document"]]
        place = f"line {facts['line']}" if "line" in facts else facts["place"]
        anchor = f"#L{facts['line']}" if "line" in facts else ""
        link = (
            f"[{document['title']}]({document['address']}{anchor})"
            if "://" in document["address"]
            else document["title"]
        )
        rows.append([f"`{name}`", facts["text"], f"{link}, {place}"])
    yield from _table(["rule", "what a request has to be", "document"], rows)


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` only say which are stale. Returns the exit status."""
    made = pages()
    present = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in {*made, *present} if made.get(name) != present.get(name))
    if "--check" in arguments:
        print("\n".join(f"docs/reference/{name} is stale: run make docs-reference" for name in stale) or "all fresh")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in set(present) - set(made):
        (FOLDER / name).unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, "utf-8")
    print(f"wrote {len(stale)} changed of {len(made)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
