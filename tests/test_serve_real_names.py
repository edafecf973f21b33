"""``amlclassic serve`` with a proxy and with TLS: what it tells, what it refuses to start with."""

import json
import subprocess
import sys
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import requests

from support.server import environment, refused, serve


def test_what_a_program_needs_stands_in_the_endpoints_file(tmp_path):
    """The proxy's URL, the certificate to trust, the TLS port; the READY line names both ways."""
    flags = ("--proxy-port", "0", "--tls", "--tls-port", "0", "--ca-folder", str(tmp_path / "ca"), "--workers", "1")
    served = serve(tmp_path, *flags)
    try:
        endpoints = served.endpoints
        assert str(tmp_path / "ca" / "ca.pem") == endpoints["ca_file"]
        assert f" proxy at {endpoints['proxy_url']} TLS on port {endpoints['tls_port']}" in served.ready
        with requests.Session() as client:
            client.trust_env = False
            client.proxies = {"https": endpoints["proxy_url"]}
            client.verify = endpoints["ca_file"]
            assert 404 == client.get("https://studio.azureml.net/nowhere", timeout=30).status_code
            with pytest.raises(requests.exceptions.ProxyError):
                client.get("https://example.com/", timeout=30)
    finally:
        status, errors = served.stop()
    assert (
        0,
        "refused: example.com:443 is no host of the service; --passthrough example.com would let it through\n",
    ) == (
        status,
        errors,
    )


def test_without_them_the_file_has_none(tmp_path):
    """Nothing of it is there, and no authority is made, unless it is asked for."""
    served = serve(tmp_path, "--workers", "1", XDG_DATA_HOME=str(tmp_path / "data"))
    members = set(served.endpoints)
    served.stop()
    assert set() == members & {"proxy_url", "ca_file", "tls_port"}
    assert not (tmp_path / "data").exists()


def test_a_proxy_port_that_is_taken(tmp_path):
    """One sentence that names the flag, status 2, and nothing is served."""
    served = serve(tmp_path, "--proxy-port", "0", "--ca-folder", str(tmp_path / "ca"), "--workers", "1")
    try:
        port = str(urlsplit(served.endpoints["proxy_url"]).port)
        flags = ("--port", "0", "--blob-port", "0", "--ca-folder", str(tmp_path / "ca"))
        status, out, errors = refused(tmp_path, *flags, "--proxy-port", port)
        assert (2, "", 1) == (status, out, len(errors.splitlines()))
        assert "--proxy-port" in errors
        status, out, errors = refused(tmp_path, *flags, "--tls", "--tls-port", port)
        assert (2, "") == (status, out)
        assert "--tls-port" in errors
    finally:
        served.stop()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--proxy-port", "70000"), "--proxy-port takes a port from 0 to 65535"),
        (("--proxy-port", "http"), "--proxy-port takes a whole number"),
        (("--passthrough", "http://example.com"), "--passthrough takes HOST"),
        (("--tls", "--tls-port", "-1"), "--tls-port"),
        (("--port", "0", "--blob-port", "0", "--proxy-port", "0", "--ca-folder", "{file}"), "--ca-folder"),
    ],
)
def test_what_it_cannot_start_with(tmp_path, flags, told):
    """One sentence, status 2, nothing on standard output."""
    (tmp_path / "file").write_text("")
    words = [flag.replace("{file}", str(tmp_path / "file")) for flag in flags]
    status, out, errors = refused(tmp_path, *words)
    assert (2, "", 1) == (status, out, len(errors.splitlines()))
    assert told in errors


PROGRAM = """
import json, sys
from amlemulator import Emulator
with Emulator(samples=False, proxy_port=0, ca_folder=sys.argv[1]) as emulator:
    (door,) = emulator.ways_in()
    print(json.dumps([door.url, str(door.certificate), door.proxy]))
"""


def test_a_proxy_in_python(tmp_path):
    """An emulator of a program's own has the same settings, and says where its ways in are."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "ca")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(tmp_path), check=True)
    url, certificate, proxy = json.loads(done.stdout)
    assert (str(tmp_path / "ca" / "ca.pem"), True, "") == (certificate, proxy, done.stderr)
    with closing(requests.Session()) as client, pytest.raises(requests.exceptions.ConnectionError):
        client.get(url, timeout=30)
