"""The file of the consumer contract in a run of pytest: each test is held against its scenario, or records it.

One process writes, once, at the end: with xdist the workers hand it what they have (execnet takes plain values).
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from amlcontracts.consumer.comparing import Scenario, departures
from amlcontracts.consumer.file import ContractError, read, write

if TYPE_CHECKING:
    from amlemulator.expecting import Expects

RECORD = "`pytest --aml-record`"


class Contract:
    """The contract at ``path``: kept, and with ``record`` made anew for the tests that run."""

    def __init__(self, path: Path, record: bool) -> None:
        self.path, self.record = path, record
        self.told: list[str] = []  # for the end of the run
        self._recorded: dict[str, Scenario] = {}
        self._beside: dict[str, bytes] = {}
        self._gone: set[str] = set()
        self._kept = read(path)

    @classmethod
    def of(cls, config: pytest.Config, default: str) -> Self:
        """Return the contract that a configuration names. Fails the test when it cannot be used."""
        path = config.rootpath / (config.getini("aml_contract") or default)
        try:
            return cls(path, config.getoption("--aml-record"))
        except ContractError as error:
            said = str(error)
        pytest.fail(said, pytrace=False)

    def hold(self, test: str, expects: Expects) -> None:
        """Hold the run of a test against what it states, and against its scenario unless that is recorded now."""
        scenario, beside, told = expects.conclude()
        if told:
            _fail("The answers are not what is stated.", told)
        if self.record:
            self._recorded[test] = scenario
            self._beside |= beside
        elif test not in self._kept:
            _fail(f"{self.path.name} has nothing of this test yet.", [f"Record it: {RECORD}, then look at the file."])
        else:
            told = departures(self._kept[test], scenario)
            mend = f"If that is as it should be: {RECORD}, then look at what has changed in the file."
            if told:
                _fail(f"The run departs from {self.path.name}.", [*told, mend])

    def look_for_gone(self, session: pytest.Session, deselected: list[str]) -> None:
        """Find the scenarios whose test is not there any more, as far as this run can tell."""
        there = {item.nodeid for item in session.items} | set(deselected)
        modules = {name.partition("::")[0] for name in there}
        partly = session.config.getoption("lf", False) or any("::" in one for one in session.config.args)
        for test in self._kept:
            module = test.partition("::")[0]
            looked = module in modules and not partly and not session.testsfailed
            if (looked and test not in there) or not (session.config.rootpath / module).exists():
                self._gone.add(test)

    def handed(self) -> dict[str, Any]:
        """Return what a worker has, in plain values."""
        beside = {name: b64encode(content).decode() for name, content in self._beside.items()}
        return {"recorded": json.dumps(self._recorded), "beside": beside, "gone": sorted(self._gone)}

    def take(self, handed: dict[str, Any]) -> None:
        """Take over what a worker has handed."""
        self._recorded |= json.loads(handed["recorded"])
        self._beside |= {name: b64decode(content) for name, content in handed["beside"].items()}
        self._gone |= set(handed["gone"])

    def finish(self) -> bool:
        """Write the file if it is recorded, note what is to be told, and return whether the run is to fail for it."""
        if not self.record:
            self.told += [f"{self.path.name}: the test {test} is not there any more; {RECORD}" for test in self._gone]
            return bool(self._gone)
        scenarios = {test: one for test, one in self._kept.items() if test not in self._gone} | self._recorded
        try:
            changed = write(self.path, scenarios, self._beside)
        except OSError as error:
            self.told.append(f"{self.path} cannot be written ({error.strerror}); nothing is recorded.")
            return True
        number, outcome = len(self._recorded), "written" if changed else "no change"
        self.told.append(f"{self.path.name}: {number} scenario{'s'[: number != 1]} recorded, {outcome}")
        return False


def _fail(head: str, lines: list[str]) -> None:
    pytest.fail("\n".join([head, *(f"  {line}" for line in lines)]), pytrace=False)
