"""The work of ``amlclassic failures``."""

from __future__ import annotations

import argparse
import json
import sys
from difflib import get_close_matches
from typing import Any

from amlemulator.commands._console import Progress
from amlemulator.failures.catalogue import Failure, failures, find, sections
from amlemulator.failures.guide import WORDS
from amlemulator.failures.patterns import described
from amlemulator.failures.player import Exchange, Played, Player

HEADINGS = {
    "en": {
        "calls": "What happens",
        "mend": "The mend",
        "mended": "It works",
        "ok": "met as described, and mended",
        "not": "Not as described",
    },
    "ko": {
        "calls": "일어나는 일",
        "mend": "해결 방법",
        "mended": "해결됨",
        "ok": "설명대로 재현되고 해결되었습니다",
        "not": "설명과 다름",
    },
}


def listing(arguments: argparse.Namespace) -> int:
    """Print every failure under its section. Returns 0."""
    language = arguments.lang
    if arguments.json:
        entries = [_summary(failure, language) for failure in failures()]
        print(json.dumps({"ok": True, "failures": entries}, ensure_ascii=False))
        return 0
    width = max(len(failure.id) for failure in failures())
    for section, titles in sections():
        print(titles[language])
        for failure in failures():
            if failure.section == section:
                print(f"  {failure.id.ljust(width)}  {failure.text('title', language)}")
    return 0


def show(arguments: argparse.Namespace) -> int:
    """Explain one failure. Returns 0, or 2 when there is none of that id."""
    failure = find(arguments.id)
    if failure is None:
        return _unknown(arguments.id)
    if arguments.json:
        print(json.dumps({"ok": True, **failure.data}, ensure_ascii=False))
        return 0
    language, words = arguments.lang, WORDS[arguments.lang]
    evidence = failure.data["evidence"]
    print(f"{failure.id}: {failure.text('title', language)}\n\n{failure.text('story', language)}\n")
    print(f"{words['answer']}:")
    for step in failure.steps("calls"):
        if "call" in step:
            print(f"  {step['call']}\n    {described(step['answer'])}")
    for name in ("why", "mend", "mended"):
        print(f"\n{words[name]}: {failure.text(name, language)}")
    print(f"\n{words['known']}: {words[evidence['mark']]}; {evidence['source']}.")
    print(f"{words['meet']}: amlclassic failures run {failure.id}")
    return 0


def play(arguments: argparse.Namespace) -> int:
    """Play one failure or all. Returns 0, 1 when one was not as described, 2 for a wrong call, 130 when stopped."""
    if arguments.all == bool(arguments.id):
        print("amlclassic failures run: give one ID, or --all", file=sys.stderr)
        return 2
    chosen = failures() if arguments.all else tuple(filter(None, [find(arguments.id)]))
    if not chosen:
        return _unknown(arguments.id)
    try:
        played = _played(chosen, arguments)
    except KeyboardInterrupt:
        print("amlclassic failures: stopped; nothing is left behind", file=sys.stderr)
        return 130
    return _report(played, arguments)


def _played(chosen: tuple[Failure, ...], arguments: argparse.Namespace) -> list[Played]:
    """Play them, with a line of progress for each."""
    progress = Progress()
    played: list[Played] = []
    with Player() as player:
        for failure in chosen:
            one = player.play(failure)
            played.append(one)
            progress.line(f"{'ok  ' if one.ok else 'FAIL'} {failure.id} ({one.seconds:.2f} s)")
            if not arguments.json and not arguments.all:
                _tell(one, arguments.lang)
    return played


def _report(played: list[Played], arguments: argparse.Namespace) -> int:
    good = [one for one in played if one.ok]
    if arguments.json:
        entries = [one.to_json(arguments.lang) for one in played]
        told = {"ok": len(good) == len(played), "played": len(played), "failed": len(played) - len(good)}
        print(json.dumps({**told, "failures": entries}, ensure_ascii=False))
    elif arguments.all:
        print(f"{len(good)} of {len(played)} failures {HEADINGS[arguments.lang]['ok']}")
        for one in played:
            for fault in _faults(one):
                print(f"  {one.failure.id}: {fault}")
    return 0 if len(good) == len(played) else 1


def _tell(played: Played, language: str) -> None:
    failure, words = played.failure, WORDS[language]
    print(f"{failure.text('title', language)}\n{failure.text('story', language)}")
    for phase in ("calls", "mend", "mended"):
        heading = HEADINGS[language][phase]
        explained = f": {failure.text(phase, language)}" if phase != "calls" else ""
        print(f"\n{heading}{explained}")
        for exchange in played.exchanges:
            if exchange.phase == phase:
                print(_shown(exchange))
        if phase == "calls":
            print(f"\n{words['why']}: {failure.text('why', language)}")
    for fault in _faults(played):
        print(f"\n{HEADINGS[language]['not']}: {fault}")
    if played.ok:
        print(f"\n{failure.id}: {HEADINGS[language]['ok']}")


def _shown(exchange: Exchange) -> str:
    lines = [f"  {exchange.method} {exchange.url}"]
    if exchange.body is not None:
        text = json.dumps(exchange.body, ensure_ascii=False)
        lines.append(f"    {text[:600]}{' ...' if len(text) > 600 else ''}")
    answer = " ".join(exchange.answer.split())
    lines.append(f"    -> {exchange.status} {answer[:600]}{' ...' if len(answer) > 600 else ''}")
    return "\n".join(lines)


def _faults(played: Played) -> list[str]:
    told = [played.fault] if played.fault else []
    return told + [f"{one.method} {one.url}: {fault}" for one in played.exchanges for fault in one.faults]


def _summary(failure: Failure, language: str) -> dict[str, Any]:
    title = failure.text("title", language)
    return {"id": failure.id, "section": failure.section, "title": title, "evidence": failure.data["evidence"]["mark"]}


def _unknown(failure_id: str) -> int:
    near = get_close_matches(failure_id, [failure.id for failure in failures()], 1, 0.5)
    hint = f"; did you mean {near[0]}?" if near else "; `amlclassic failures list` names them all"
    print(f"amlclassic failures: there is no failure {failure_id!r}{hint}", file=sys.stderr)
    return 2
