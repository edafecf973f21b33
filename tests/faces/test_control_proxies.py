"""Proxies opened, read and shut through the control plane."""

import socket

import pytest
import requests

from support.entrances import connect, opened, session


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("proxies"), samples=False) as emulator:
        yield emulator
        assert [] == emulator.faults_of_ours


@pytest.fixture
def proxies(served):
    return f"{served.base_url}/_emulator/proxies"


def test_a_proxy_is_opened_read_and_shut(served, proxies):
    """It tells its address and whom to trust; then what was called; at the end it is gone."""
    assert [] == requests.get(proxies, timeout=30).json()
    made = requests.post(proxies, timeout=30)
    assert 201 == made.status_code
    shown = made.json()
    assert ["id", "proxy_url", "ca_file"] == list(shown)
    assert [shown] == requests.get(proxies, timeout=30).json()
    (door,) = served.ways_in()
    session(door).get("https://studio.azureml.net/nowhere")
    call = {"host": "studio.azureml.net", "method": "GET", "url": "/nowhere", "status": 404}
    expected = {**shown, "calls": [call], "troubles": []}
    assert expected == requests.get(f"{proxies}/{shown['id']}", timeout=30).json()
    assert expected == requests.delete(f"{proxies}/{shown['id']}", timeout=30).json()
    gone = requests.delete(f"{proxies}/{shown['id']}", timeout=30)
    assert (404, "control.proxies") == (gone.status_code, gone.headers["x-amlclassic-evidence"])


def test_a_proxy_lets_through_what_it_was_told_to(served, proxies):
    """The hosts that the body lists are let through by that proxy: reached, not refused."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{free.getsockname()[1]}"
        shown = requests.post(proxies, json={"passthrough": [target]}, timeout=30).json()
        (door,) = served.ways_in()
        made, line = connect(door, target)
        made.close()
    assert f"HTTP/1.1 502 {target} cannot be reached".encode() in line
    requests.delete(f"{proxies}/{shown['id']}", timeout=30)


@pytest.mark.parametrize("body", [{"passthrough": "a"}, {"passthrough": [1]}, {"passthrough": ["a b"]}, {"x": 1}, []])
def test_what_cannot_be_asked_for(served, proxies, body):
    """400 in the control plane's words, and no proxy."""
    assert 400 == requests.post(proxies, json=body, timeout=30).status_code
    assert [] == list(served.ways_in())


def test_an_authority_that_cannot_be_used_is_told(tmp_path):
    """400 with the sentence that says what to do."""
    (tmp_path / "ca").write_text("a file")
    with opened(tmp_path, samples=False) as emulator:
        answer = requests.post(f"{emulator.base_url}/_emulator/proxies", timeout=30)
        assert 400 == answer.status_code
        assert "--ca-folder" in answer.text
