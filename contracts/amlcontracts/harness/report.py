"""What came of a run, for people, for CI and for the browser."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from amlcontracts import load
from amlcontracts.harness.runner import Result

XML_FORBIDDEN = {number: "\ufffd" for number in range(32) if number not in (9, 10, 13)}


@dataclass(frozen=True)
class Report:
    """All results of a run, and what is needed to replay it."""

    base_url: str
    endpoints_file: str | None  # as it was given; None: found by itself
    seed: str
    tier: str
    results: Sequence[Result]
    contract: str | None = None  # the consumer contract that was played; None: the service's own contracts

    @property
    def broken(self) -> list[Result]:
        """The promises that were broken."""
        return [one for one in self.results if one.verdict == "broken"]

    @property
    def counts(self) -> dict[str, int]:
        """Number of checks by verdict."""
        found = Counter(one.verdict for one in self.results)
        return {verdict: found[verdict] for verdict in ("held", "broken", "not applicable")}

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(one.seconds for one in self.results)

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return sum(one.requests for one in self.results)

    def replay(self, result: Result) -> str:
        """Return the command that makes one check again with the same examples."""
        words = ["amlclassic", "contracts", *(["consumer", self.contract] if self.contract else ["check"])]
        words += ["--endpoints-file", self.endpoints_file] if self.endpoints_file else []
        words += [] if self.contract else ["--seed", self.seed]
        words += [f"--{self.tier}"] if self.tier != "usual" else []
        return shlex.join([*words, "--only", result.check.id])

    def summary(self) -> str:
        """Return the last line."""
        counts = self.counts
        text = f"{counts['held']} promises held, {counts['broken']} broken"
        if counts["not applicable"]:
            text += f", {counts['not applicable']} could not be checked here"
        end = "" if self.contract else f", seed {self.seed}"
        return f"{text}; {self.requests:,} requests in {self.seconds:.1f} s{end}"


def marks(result: Result) -> list[str]:
    """Return how what a check holds is known: ``observed``, ``documented``, ``inferred``, ``chosen``."""
    known = {entry["id"]: entry["mark"] for entry in load("evidence")}
    return sorted({known[one] for one in result.check.evidence if one in known})


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as one JSON object."""
    return {
        "base_url": report.base_url,
        "seed": report.seed,
        "tier": report.tier,
        "counts": report.counts,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "checks": [_result(report, one) for one in report.results],
    }


def _result(report: Report, one: Result) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": one.check.id,
        "promise": one.check.sentence,
        "kind": one.check.kind,
        "evidence": list(one.check.evidence),
        "verdict": one.verdict,
        "seconds": round(one.seconds, 3),
        "requests": one.requests,
    }
    if one.message:
        shown["message"] = one.message
    if one.verdict == "broken":
        shown |= {"example": one.example, "replay": report.replay(one)}
    return shown


def as_junit(report: Report) -> bytes:
    """Return the report as JUnit XML, as CI servers read it."""
    counts = report.counts
    suite = ElementTree.Element(
        "testsuite",
        name=f"amlclassic contracts {'consumer' if report.contract else 'check'}",
        tests=str(len(report.results)),
        failures=str(counts["broken"]),
        skipped=str(counts["not applicable"]),
        errors="0",
        time=f"{report.seconds:.3f}",
    )
    for one in report.results:
        family = one.check.id.partition(".")[0]
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"contracts.{family}", name=one.check.id, time=f"{one.seconds:.3f}"
        )
        if one.verdict == "not applicable":
            ElementTree.SubElement(case, "skipped", message=_clean(one.message))
        if one.verdict == "broken":
            failure = ElementTree.SubElement(case, "failure", message=_clean(one.message))
            failure.text = _clean("\n\n".join(part for part in _story(report, one) if part))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _story(report: Report, one: Result) -> list[str]:
    exchanges = [f"{exchange.request}\n\n-> {exchange.answer}" for exchange in one.exchanges[-3:]]
    return [one.check.sentence, one.message, one.example, f"Again: {report.replay(one)}", *exchanges]


def _clean(text: str) -> str:
    return text.translate(XML_FORBIDDEN)


def as_html(report: Report) -> str:
    """Return the report as one page that needs nothing else."""
    from importlib.resources import files

    from jinja2 import Environment

    template = files("amlcontracts.harness").joinpath("report.html.jinja").read_text("utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(report=report, marks=marks)


def as_text(report: Report, result: Result) -> str:
    """Return what a person is told of a broken promise."""
    lines = [f"BROKEN {result.check.id}: {result.check.sentence}", f"   {result.message}"]
    lines += [f"   {line}" for line in result.example.splitlines()]
    lines.append(f"   again: {report.replay(result)}")
    return "\n".join(lines)


def write_json(report: Report) -> str:
    """Return the report as JSON text."""
    return json.dumps(as_json(report), indent=1, ensure_ascii=False)
