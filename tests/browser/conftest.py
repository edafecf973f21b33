"""An emulator served as users serve it, and a browser in each language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.browser import Screen, screen
from support.real import served


@pytest.fixture(scope="session")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Serve the samples; give the endpoints file."""
    with served(tmp_path_factory.mktemp("browser")) as file:
        yield json.loads(file.read_text("utf-8"))


@pytest.fixture(scope="session")
def english(endpoints: dict[str, Any]) -> Iterator[Screen]:
    """Open a browser that prefers English."""
    with screen(endpoints["base_url"]) as made:
        yield made


@pytest.fixture(scope="session")
def korean(endpoints: dict[str, Any]) -> Iterator[Screen]:
    """Open a browser that prefers Korean."""
    with screen(endpoints["base_url"], "ko-KR") as made:
        yield made


@pytest.fixture(autouse=True)
def quiet(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test on whose pages the browser's console complained."""
    yield
    for name in ("english", "korean"):
        if name in request.fixturenames:
            assert [] == request.getfixturevalue(name).errors()
