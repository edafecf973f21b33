"""The whole state of an emulator, so that a test can say that nothing of it changed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

from amlemulator import Emulator


def state_of(emulator: Emulator) -> dict[str, Any]:
    """Return every record, every ordinal used up, the blobs, and the clock's hands."""
    with emulator.store.transaction() as transaction:
        records = transaction._connection.execute("select * from records order by kind, id").fetchall()
        ordinals = transaction._connection.execute("select * from ordinals order by kind").fetchall()
    blobs = {
        f"{account}/{container.name}": list(emulator.blobs.names(account, container.name))
        for account in emulator.blobs.accounts()
        for container in emulator.blobs.containers.page(account).entries
    }
    return {"records": records, "ordinals": ordinals, "blobs": blobs, "frozen": emulator.clock.frozen}


@contextmanager
def unchanged(emulator: Emulator) -> Any:
    """Fail when the block leaves any trace in the state."""
    before = state_of(emulator)
    yield
    assert before == state_of(emulator)
