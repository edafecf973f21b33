"""What the fixture ``expects`` gives: what a test states of the answers, and the scenario that its run makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from amlcontracts.consumer.blobs import references
from amlcontracts.consumer.calls import Call
from amlcontracts.consumer.comparing import Scenario
from amlcontracts.consumer.file import kept_blob
from amlcontracts.consumer.places import Writer, named
from amlcontracts.consumer.statements import UNSTATED, Statements, settled
from amlemulator.engine.exchanges import KEPT

if TYPE_CHECKING:
    from amlemulator.core.records import Endpoint
    from amlemulator.engine.exchanges import Entry
    from amlemulator.testkit import Aml

SAS_MINUTES = 5


class Expects:
    """States what the program under test relies on: call it with an operation and what its answers have to be."""

    def __init__(self, aml: Aml, test: str, contract: Path) -> None:
        self._aml, self._test, self._contract = aml, test, contract
        self._statements = Statements()
        self._before = dict(_known(aml, _all_endpoints(aml)))
        aml.emulator.exchanges.listen(aml.workspace.id)

    def __call__(
        self,
        operation: str,
        *,
        service: str | None = None,
        endpoint: str | None = None,
        request: Any = UNSTATED,
        status: int | None = None,
        headers: Mapping[str, Any] | None = None,
        answer: Any = UNSTATED,
    ) -> None:
        """State what is relied on in the answers to calls of ``operation`` (a pattern: ``rrs.*``).

        ``service``, ``endpoint`` and ``request`` (its JSON) narrow down which calls are meant; of several statements
        that mean a call the last one counts. What is not stated is not relied on, but for the status that came.
        ``request``, ``headers`` and ``answer`` say it in Python: a dict has at least these members, ``[x, ...]`` is a
        list of one or more ``x``, ``...`` is anything, a type or a compiled pattern says less than a value. Raises
        TypeError and ValueError for what a file cannot keep.
        """
        self._statements.add(
            operation,
            service=service,
            endpoint=endpoint,
            request=request,
            status=status,
            headers=headers,
            answer=answer,
        )

    def conclude(self) -> tuple[Scenario, dict[str, bytes], list[str]]:
        """Return the scenario of the run, the files beside the contract, and what is not as stated, a line each."""
        heard = self._aml.emulator.exchanges.heard(self._aml.workspace.id)
        added = {(one["service"], one["arguments"].get("endpoint_name")) for one in heard if _adds(one)}
        writer = Writer({**dict(_known(self._aml, _all_endpoints(self._aml), added)), **self._before})
        calls, told = settled(self._statements, heard, writer)
        if len(heard) >= KEPT:
            told.insert(0, f"The test made {KEPT} calls or more; a scenario has fewer.")
        told += [f"A pattern would keep {{{name}}}, which differs from run to run." for name in writer.leaks(calls)]
        given, beside = self._given(calls, added, writer)
        scenario: Scenario = {"test": self._test, "region": self._aml.workspace.region}
        return scenario | ({"given": given} if given else {}) | {"calls": calls}, beside, told

    def _given(
        self, calls: list[Call], added: set[tuple[Any, Any]], writer: Writer
    ) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Return what has to be there before: endpoints that no call adds, containers, and blobs that are read."""
        called = dict.fromkeys((call.get("service"), call.get("endpoint")) for call in calls)
        endpoints = [
            {"service": service, "endpoint": endpoint}
            for service, endpoint in called
            if endpoint not in (None, "default") and (service, endpoint) not in added
        ]
        read, containers = references(call["request"].get("body") for call in calls)
        blobs: dict[str, dict[str, str]] = {}
        beside: dict[str, bytes] = {}
        for name in read:
            content = self._read(writer.raw(name))
            if content is not None:
                blobs[name], files = kept_blob(self._contract, name, content)
                beside |= files
        given = {"endpoints": endpoints, "containers": containers, "blobs": blobs}
        return {name: one for name, one in given.items() if one}, beside

    def _read(self, name: str) -> bytes | None:
        """Return a blob of the workspace's account, None when it is not there."""
        from azure.storage.blob import generate_blob_sas  # half a second to import

        aml, account = self._aml, self._aml.workspace.storage_account
        container, _, blob = name.partition("/")
        until = datetime.fromtimestamp(aml.clock.now(), UTC) + timedelta(minutes=SAS_MINUTES)
        key = aml.emulator.storage_key(aml.workspace)
        token = generate_blob_sas(account, container, blob, account_key=key, permission="r", expiry=until)
        with aml.session() as session:
            answer = session.get(f"{aml.blob_url}/{account}/{container}/{quote(blob)}?{token}")
        return answer.content if answer.ok else None


def _adds(exchange: Entry) -> bool:
    return bool(exchange["operation"] == "endpoints.put" and exchange["endpoint"] is None)


def _all_endpoints(aml: Aml) -> list[tuple[str, Endpoint]]:
    directory = aml.emulator.directory
    return [(service.name, one) for service in aml.services for one in directory.endpoints(service.id)]


def _known(
    aml: Aml, endpoints: list[tuple[str, Endpoint]], added: Set[tuple[Any, Any]] = frozenset()
) -> Iterator[tuple[str, str]]:
    """Yield the texts that differ from run to run, each with the name of its place.

    Not those of endpoints that the program ``added`` itself: it learnt them from an answer.
    """
    workspace = aml.workspace
    yield aml.base_url, "base"
    yield aml.blob_url, "blob"
    yield aml.connection_string, "connection"
    yield workspace.storage_account, "account"
    yield aml.emulator.storage_key(workspace) or "", "storage_key"
    yield workspace.id, "workspace"
    yield workspace.primary_token, "token"
    yield workspace.secondary_token, "secondary token"
    for service in aml.services:
        yield service.id, f"service:{named(service.name)}"
    for service_name, endpoint in endpoints:
        if (service_name, endpoint.name) not in added:
            place = named(f"{service_name}/{endpoint.name}")
            yield endpoint.id, f"endpoint:{place}"
            yield endpoint.primary_key, f"key:{place}"
            yield endpoint.secondary_key, f"secondary key:{place}"
