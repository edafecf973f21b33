"""The pytest plugin: ``aml_config`` (yours to override), ``aml_server`` (session), ``aml`` (a test's own workspace).

With ``expects`` a test states what its program relies on; pytest_contracts.py keeps the file of that.

The emulator runs in this process unless ``--aml`` says otherwise: the same tests run against one in a process of its
own or in a container.

It is loaded in every pytest run where amlclassic is installed, so it imports nothing of the emulator before a fixture
is asked for.
"""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from amlemulator.expecting import Expects
    from amlemulator.pytest_contracts import Contract
    from amlemulator.testkit import Aml, AnyEmulator

MARKER = (
    "aml(region='South Central US', tier='standard', samples=True, policy=None, freeze=None): options of the workspace "
    "that the fixture aml gives. samples=False leaves it empty; policy is a job policy, such as 'manual' or "
    "{'polls': 2}; freeze stops the clock, at seconds since 1970 or, with True, at this moment."
)
OPTIONS = frozenset({"region", "tier", "samples", "policy", "freeze"})
CONTRACT = "aml-contract.yaml"
SERVER = pytest.StashKey["AnyEmulator"]()
KEEPER = pytest.StashKey["Contract"]()  # there once a test has asked for ``expects``
EXPECTED = pytest.StashKey["Expects"]()
DESELECTED = pytest.StashKey[list[str]]()  # tests that are there and do not run


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("amlclassic")
    group.addoption(
        "--aml",
        metavar="WHERE",
        help="emulator of the fixture aml: here (default), wsgi, subprocess, or the URL of one that runs",
    )
    group.addoption("--aml-record", action="store_true", help="write what tests with expects do into the contract")
    parser.addini("aml_contract", "the file of the consumer contract, from the root folder", default=CONTRACT)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def aml_config() -> dict[str, Any]:
    """Override this: settings of ``amlclassic serve`` by name, and ``where`` (as ``--aml``) the emulator runs."""
    return {}


@pytest.fixture(scope="session")
def aml_server(aml_config: dict[str, Any], pytestconfig: pytest.Config) -> Iterator[AnyEmulator]:
    """Run one emulator for the session, on free ports; with xdist each worker has its own."""
    options = {"auto_accounts": True, **aml_config}
    where = pytestconfig.getoption("--aml") or options.pop("where", "here")
    options.pop("where", None)
    with ExitStack() as stack:
        pytestconfig.stash[SERVER] = emulator = _hosted(stack, where, options)
        yield emulator
        del pytestconfig.stash[SERVER]


def _hosted(stack: ExitStack, where: str, options: dict[str, Any]) -> AnyEmulator:
    """Have the emulator as long as the stack is open. A wrong call is told in a sentence, without our traceback."""
    from amlemulator.hosting import check, hosted
    from amlemulator.settings import SettingsError

    try:
        check(options)
        return stack.enter_context(hosted(where, options))
    except SettingsError as error:
        said = str(error)
    except OSError:  # a connection is refused so
        if not where.startswith("http"):
            raise
        said = f"No emulator answers at {where}. Start one there, or name another with --aml."
    pytest.fail(said, pytrace=False)


@pytest.fixture
def aml(aml_server: AnyEmulator, request: pytest.FixtureRequest) -> Iterator[Aml]:
    """Give a fresh workspace with the sample services; the marker ``aml`` has options."""
    options = _options(request)
    policy, freeze = options.pop("policy", None), options.pop("freeze", None)
    found = aml_server.workspace(request.node.name, **options)
    if policy is not None:
        found.jobs.policy(policy)
    if freeze is not None:
        found.clock.freeze(None if freeze is True else freeze)
    yield found
    aml_server.clock.reset()
    found.reset()


@pytest.fixture
def expects(aml: Aml, request: pytest.FixtureRequest) -> Iterator[Expects]:
    """State what the program under test relies on; its calls are recorded, and held against the contract's file."""
    from amlemulator.expecting import Expects

    keeper = _keeper(request.config)
    request.node.stash[EXPECTED] = found = Expects(aml, request.node.nodeid, keeper.path)
    yield found
    aml.emulator.exchanges.stop(aml.workspace.id)


def _keeper(config: pytest.Config) -> Contract:
    from amlemulator.pytest_contracts import Contract

    if KEEPER not in config.stash:
        config.stash[KEEPER] = Contract.of(config, CONTRACT)
    return config.stash[KEEPER]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker of xdist has recorded."""
    handed = getattr(node, "workeroutput", {}).get("amlclassic")
    if handed is not None:
        _keeper(node.config).take(handed)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remember the tests that are there and do not run: their scenarios stay."""
    for item in items[:1]:
        item.config.stash.setdefault(DESELECTED, []).extend(one.nodeid for one in items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the contract, or hand what was recorded to who writes it."""
    keeper = session.config.stash.get(KEEPER, None)
    if keeper is None:
        return
    keeper.look_for_gone(session, session.config.stash.setdefault(DESELECTED, []))
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["amlclassic"] = keeper.handed()
    elif keeper.finish():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what became of the contract."""
    if KEEPER in config.stash:
        for line in config.stash[KEEPER].told:
            terminalreporter.write_line(line)


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("aml"))):  # the closest one last, for it decides
        options.update(marker.kwargs)
        if marker.args or set(marker.kwargs) - OPTIONS:
            said = f"The marker aml takes {', '.join(sorted(OPTIONS))}, by name; see pytest --markers."
            pytest.fail(said, pytrace=False)
    return options


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail the test during which the emulator itself failed, with the emulator's own traceback."""
    try:
        result = yield
    except BaseException as error:
        for fault in _faults(item):
            error.add_note("The emulator itself failed:\n" + "".join(traceback.format_exception(fault)))
        raise
    for fault in _faults(item):
        raise fault
    if EXPECTED in item.stash:
        item.config.stash[KEEPER].hold(item.nodeid, item.stash[EXPECTED])
    return result


def _faults(item: pytest.Item) -> list[Exception]:
    used = "aml_server" in getattr(item, "fixturenames", ())
    emulator = item.config.stash.get(SERVER, None) if used else None
    return [] if emulator is None else emulator.take_faults()
