"""What a diagnosis says of the causes, check by check, word by word: ``diagnosis-words.yaml`` beside this file.

Ids, times, tokens and a job's details stand there as a word in angle brackets. When a sentence is meant to change,
change it there. The cause sas-cut is not among them: what is cut off depends on the signature.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from amlclient import Transport, diagnose
from amlemulator import Emulator
from support.causes import CAUSES
from support.retraining import Retraining, emulator_for_diagnoses, retrained, transport_to

WORDS: dict[str, str | dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("diagnosis-words.yaml").read_text("utf-8")
)
CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<guid>"),
    (re.compile(r"[0-9a-f]{32}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z"), "<time>"),
    (re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [0-9:]{8} GMT"), "<time>"),
    (re.compile(r"\d\d?/\d\d?/\d{4} [0-9:]{7,8}"), "<time>"),
    (re.compile(r"(?<=ilearner)(\??)sv=[^\s']+"), r"\1<token>"),
    (re.compile(r"/own[0-9a-f]{12}/"), "/<account>/"),
    (re.compile(r"Module: .*", re.DOTALL), "<details of the job>"),
)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    retrained("census")
    made = emulator_for_diagnoses(seed="words")
    yield made
    made.close()


@pytest.fixture(scope="module")
def transport(emulator) -> Transport:
    return transport_to(emulator)


def settled(text: str) -> str:
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return text


def said(emulator: Emulator, transport: Transport, cause: str, known: bool) -> str:
    """Return check, outcome, failures and evidence of every check that has something to say.

    Of a healthy retraining that is every one; else what is right is left out, and what waits for something else.
    """
    retraining = Retraining(emulator, random.Random(f"words/{cause}"), known=known)
    try:
        if cause != "nothing":
            CAUSES[cause].inject(retraining)
        checks = diagnose(retraining.setup, transport=transport).checks
    finally:
        retraining.close()
    lines = []
    for one in checks:
        if cause == "nothing" or (one.outcome != "ok" and not one.evidence[0].startswith("mend what is wrong first")):
            lines.append(f"{one.check} {one.outcome} {' '.join(one.failures)}".rstrip())
            lines += [f"  {settled(text)}" for text in one.evidence]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("known", [True, False], ids=["with an endpoints file", "without"])
@pytest.mark.parametrize("cause", WORDS)
def test_what_is_said_of_a_cause(emulator, transport, cause, known) -> None:
    """Every sentence: what was seen, what it means, what would be right."""
    words = WORDS[cause]
    expected = words if isinstance(words, str) else words["known" if known else "unknown"]
    assert expected == said(emulator, transport, cause, known)


def test_what_waits_for_something_to_be_mended_says_so(emulator, transport) -> None:
    """The checks that build on one that found something wrong name what it found."""
    retraining = Retraining(emulator, random.Random(1), known=True)
    CAUSES["patch-on-default"].inject(retraining)
    checks = {one.check: one for one in diagnose(retraining.setup, transport=transport).checks}
    retraining.close()
    waiting = [one.check for one in checks.values() if one.evidence == ("mend what is wrong first: patch-on-default",)]
    assert ["serves"] == waiting
    assert "unknown" == checks["serves"].outcome
