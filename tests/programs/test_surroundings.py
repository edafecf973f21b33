"""The environment of a program, and the files that it names."""

import os
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.adapters.authority import Authority
from amlemulator.programs.surroundings import no_proxy, subject_hash, surroundings

PROXY = "http://127.0.0.1:8351"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def made(tmp_path, authority):
    """Return a function that makes the surroundings of a program from an environment."""

    def make(*programs, **environment):
        folder, path = tmp_path / "run", tmp_path / "bin"
        folder.mkdir()
        path.mkdir()
        for name in programs:
            (path / name).write_text("#!/bin/sh\n")
            (path / name).chmod(0o755)
        given = {"PATH": str(path), "HOME": str(tmp_path), **environment}
        return surroundings(given, PROXY, authority.certificate_file, folder)

    return make


def test_the_proxy_in_every_spelling(made):
    """Programs read one spelling or the other; a proxy for everything would win over ours."""
    found = made(ALL_PROXY="socks5://elsewhere", https_proxy="http://corporate:3128")
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    assert [PROXY] * 4 == [found[name] for name in names]
    assert "ALL_PROXY" not in found
    assert found["no_proxy"] == found["NO_PROXY"] == "localhost,127.0.0.1,::1"


def test_the_bundle_has_the_authority_and_those_known_before(made, authority, tmp_path):
    """A program may have other hosts to talk to; what it trusted it still trusts."""
    known = tmp_path / "known.pem"
    known.write_text("# others\n")
    found = made(SSL_CERT_FILE=str(known))
    names = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    (bundle,) = {found[name] for name in names}
    assert "# others\n\n" + authority.certificate_file.read_text() == Path(bundle).read_text()


def test_without_a_bundle_the_systems_is_taken(made):
    """Public authorities stay known."""
    assert Path(made()["SSL_CERT_FILE"]).read_text().count("BEGIN CERTIFICATE") > 10


def test_options_that_were_there_stay(made):
    """Node's and Java's own options are added to, and the user's R profile is still read."""
    found = made("java", NODE_OPTIONS="--trace-warnings", JAVA_TOOL_OPTIONS="-Xmx1g", R_PROFILE_USER="mine.R")
    assert found["NODE_OPTIONS"].startswith("--trace-warnings --require ")
    assert found["JAVA_TOOL_OPTIONS"].startswith("-Xmx1g -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=8351 ")
    assert "mine.R" == found["AMLCLASSIC_RUN_R_PROFILE"]
    assert Path(found["R_PROFILE_USER"]).is_file()


def test_modules_that_were_found_still_are(made, tmp_path):
    """Our folder stands before the user's own."""
    first, second = made(PYTHONPATH="/mine")["PYTHONPATH"].split(os.pathsep)
    assert ["sitecustomize.py"] == [path.name for path in Path(first).glob("*.py")]
    assert "/mine" == second


def test_what_is_not_there_gets_nothing(made):
    """Without Java and mono their variables stay as they are, and nothing is written for them."""
    found = made()
    assert {"JAVA_TOOL_OPTIONS", "XDG_CONFIG_HOME"} & set(found) == set()
    assert ["certificates.pem"] == os.listdir(Path(found["SSL_CERT_FILE"]).parent)


def test_monos_settings_are_the_users_own_with_one_authority_more(made, tmp_path, authority):
    """Its settings folder is seen through links; only the folder of authorities is another."""
    trust = tmp_path / ".config" / ".mono" / "new-certs" / "Trust"
    trust.mkdir(parents=True)
    stem = subject_hash(authority.certificate.subject)
    for name in ("11111111.0", f"{stem}.0"):
        (trust / name).write_text("known")
    (tmp_path / ".config" / "tool").mkdir()
    (tmp_path / ".config" / "tool" / "settings").write_text("mine")
    config = Path(made("mono")["XDG_CONFIG_HOME"])
    assert "mine" == (config / "tool" / "settings").read_text()
    found = config / ".mono" / "new-certs" / "Trust"
    assert ["11111111.0", f"{stem}.0", f"{stem}.1"] == sorted(one.name for one in found.iterdir())
    assert authority.certificate_file.read_text() == (found / f"{stem}.1").read_text()
    assert 2 == len(list(trust.iterdir()))


def test_the_hash_is_openssls(authority):
    """OpenSSL itself names the authority's file so."""
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(authority.certificate_file)]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except FileNotFoundError:  # a machine without the program: the value that it told once
        assert "66b7a4a5" == hashed("amlclassic  Emulator")
        return
    assert told == subject_hash(authority.certificate.subject)


def hashed(text):
    return subject_hash(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]))


@given(st.text("abcXYZ 019()-", min_size=1, max_size=60).filter(str.strip))
def test_the_hash_takes_no_notice_of_case_and_blanks(text):
    """The canonical form of a name is in small letters, with single blanks."""
    assert hashed(text) == hashed(f"  {text.upper()} ".replace(" ", "  "))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ""),
        ("intranet,10.0.0.0/8, .corp.example ", ",intranet,10.0.0.0/8,.corp.example"),
        ("*", ""),
        (".azureml.net,management.azureml.net", ""),
        (".net,windows.net,*.blob.core.windows.net:443", ""),
        ("localhost", ""),
    ],
)
def test_hosts_that_were_called_directly(given, expected):
    """They still are, but for the service's own: whoever exempted those wanted the real ones."""
    assert f"localhost,127.0.0.1,::1{expected}" == no_proxy(given)
