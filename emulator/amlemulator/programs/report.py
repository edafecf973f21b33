"""What a program called, told in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

HINTS = (
    "A program that takes no notice of HTTPS_PROXY needs the hosts file: see `amlclassic hosts` and `serve --tls`.",
)


def report(traffic: Mapping[str, Any]) -> list[str]:
    """Return the lines: each real host with its calls and answers, then what was refused and who broke off."""
    calls, troubles = traffic["calls"], traffic["troubles"]
    if not calls and not troubles:
        return ["It called none of the service's hosts.", *HINTS]
    hosts = list(dict.fromkeys(call["host"] for call in calls))
    total = _times(len(calls), "call")
    lines = [f"It called {_times(len(hosts), 'real host')}, {total}:"] if hosts else ["No call was answered:"]
    width = max((len(host) for host in hosts), default=0)
    for host in hosts:
        there = [call for call in calls if call["host"] == host]
        answers = Counter(f"{call['method']} {call['status'] or 'cut off'}" for call in there)
        lines.append(f"  {host.ljust(width)}  {', '.join(_answer(one, times) for one, times in answers.items())}")
    lines += [_trouble(one) for one in troubles]
    return lines


def _times(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _answer(answer: str, times: int) -> str:
    return answer if times == 1 else f"{answer} ({times} times)"


def _trouble(trouble: Mapping[str, Any]) -> str:
    host, reason, times = trouble["host"], trouble["reason"], trouble["times"]
    often = "" if times == 1 else f" ({times} times)"
    if trouble["kind"] == "refused":
        return f"  refused{often}: {reason}"
    return f"  {host}: the program broke off{often}: {reason}"
