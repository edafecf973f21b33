"""The certificate authority of a user: who may read it, what it can sign, when it is made anew."""

import ssl
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from amlemulator.adapters.authority import (
    LIFE,
    Authority,
    AuthorityError,
    Contexts,
    default_folder,
    remove,
)
from amlemulator.core.regions import is_real, real_names
from support import source

NAME = "management.azureml.net"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Make an authority for the tests of this file that change nothing of it."""
    return Authority(tmp_path_factory.mktemp("own") / "ca")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def shaken(server, trusted, name):
    """Shake hands in memory; return whether the client took the certificate."""
    client = ssl.create_default_context(cafile=trusted)
    ends = [ssl.MemoryBIO() for _ in range(4)]
    there = server.wrap_bio(ends[0], ends[1], server_side=True)
    here = client.wrap_bio(ends[1], ends[0], server_hostname=name)
    for end in (here, there, here, there):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return here.getpeercert()["subjectAltName"]


def test_only_its_owner_can_read_the_key(authority):
    """The folder is 0700, the key 0600; the certificate, which is no secret, can be read by all and holds no key."""
    assert [0o700, 0o600, 0o644] == [
        mode(path) for path in (authority.folder, authority.folder / "ca-key.pem", authority.certificate_file)
    ]
    assert b"PRIVATE" in (authority.folder / "ca-key.pem").read_bytes()
    assert b"PRIVATE" not in authority.certificate_file.read_bytes()


def test_it_is_constrained_to_the_services_domains(authority):
    """Its own certificate forbids it every other name, every address, and every authority below it; for a month."""
    extensions = authority.certificate.extensions
    constraints = extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert ["azureml.net", "blob.core.windows.net"] == [one.value for one in constraints.value.permitted_subtrees]
    assert ["0.0.0.0/0", "::/0"] == [str(one.value) for one in constraints.value.excluded_subtrees]
    basic = extensions.get_extension_for_class(x509.BasicConstraints)
    assert (True, True, 0) == (basic.critical, basic.value.ca, basic.value.path_length)
    assert authority.expires - datetime.now(UTC) <= LIFE


@pytest.mark.parametrize("name", [NAME, "acct.blob.core.windows.net", "EuropeWest.Services.azureml.net"])
def test_a_client_takes_the_certificate_of_a_name(authority, name):
    """Who trusts the authority trusts the certificate, for that name alone."""
    contexts = Contexts(authority.folder, lambda _: True)
    assert (("DNS", name.lower()),) == shaken(contexts.of(name), authority.certificate_file, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shaken(contexts.of(name), authority.certificate_file, "studio.azureml.net")


@pytest.mark.parametrize(
    "name", ["example.com", "azureml.net", "xazureml.net", "azureml.net.evil.org", "127.0.0.1", ""]
)
def test_a_certificate_for_another_name_is_never_made(authority, name):
    """The authority refuses names outside its domains."""
    with pytest.raises(ValueError, match="outside"):
        authority.issue(name)


def test_a_client_would_not_take_a_certificate_for_another_name(authority, monkeypatch):
    """Even one that a stolen key had signed is refused, because of the constraint in the authority itself."""
    monkeypatch.setattr("amlemulator.adapters.authority.DOMAINS", ("com",))
    contexts = Contexts(authority.folder, lambda _: True)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        shaken(contexts.of("example.com"), authority.certificate_file, "example.com")


@given(st.one_of(st.text(max_size=30), st.sampled_from(real_names()), st.from_regex(r"[a-z]{1,5}\.azureml\.net")))
def test_there_is_a_context_for_real_names_alone(made_once, name):
    """A name that is not on the list gets no context, and so no certificate, however much it looks like one."""
    assert (made_once.of(name) is not None) == (name.lower() in real_names())


@pytest.fixture(scope="module")
def made_once(authority):
    """Make contexts that know no storage account."""
    return Contexts(authority.folder, lambda name: is_real(name, lambda _: False))


def test_a_context_is_made_once(authority):
    """A name's certificate is kept, whatever the case of its letters."""
    contexts = Contexts(authority.folder, lambda _: True)
    assert contexts.of(NAME) is contexts.of(NAME.upper())


def test_the_same_folder_gives_the_same_authority(authority):
    """It is made once for each user."""
    assert authority.certificate == Authority(authority.folder).certificate


def test_it_is_made_anew_before_it_ends(tmp_path):
    """Three weeks later it stays, in its last week a new one takes its place; `renew` makes a new one at once."""
    first = Authority(tmp_path)
    later = [datetime.now(UTC) + timedelta(days=days) for days in (22, 24)]
    assert first.certificate == Authority(tmp_path, lambda: later[0]).certificate
    second = Authority(tmp_path, lambda: later[1])
    assert first.certificate != second.certificate
    assert second.certificate == x509.load_pem_x509_certificate(second.certificate_file.read_bytes())
    assert second.certificate != Authority(tmp_path, renew=True).certificate


def test_one_that_runs_for_weeks_takes_the_new_authority(tmp_path):
    """Certificates are no longer handed out than their authority is in its first weeks."""
    Authority(tmp_path, lambda: datetime.now(UTC) - timedelta(days=22))
    contexts = Contexts(tmp_path, lambda _: True)
    before = contexts.of(NAME)
    old = Authority(tmp_path, lambda: datetime.now(UTC) - timedelta(days=25), renew=True)
    assert before is contexts.of(NAME)
    other = Contexts(tmp_path, lambda _: True)
    assert (
        old.certificate.serial_number
        != x509.load_pem_x509_certificate(other.certificate_file.read_bytes()).serial_number
    )
    assert shaken(other.of(NAME), other.certificate_file, NAME)


def test_a_key_that_others_could_read_is_not_used(tmp_path):
    """It may be theirs by now; the message says how to have a new one, and that works."""
    Authority(tmp_path)
    (tmp_path / "ca-key.pem").chmod(0o640)
    with pytest.raises(AuthorityError, match="amlclassic ca --renew"):
        Authority(tmp_path)
    Authority(tmp_path, renew=True)
    assert 0o600 == mode(tmp_path / "ca-key.pem")


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_broken_key_file_is_told(tmp_path, content):
    """What cannot be read is told in a sentence, and stays as it is."""
    key = tmp_path / "ca-key.pem"
    key.write_bytes(content)
    key.chmod(0o600)
    with pytest.raises(AuthorityError, match="--ca-folder"):
        Authority(tmp_path)
    assert content == key.read_bytes()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    """A file where the folder should be is told in a sentence."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AuthorityError, match="--ca-folder"):
        Authority(tmp_path / "file" / "ca")


def test_two_first_starts_make_one_authority(tmp_path):
    """Whoever comes second takes what the first has made."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Authority(tmp_path / "ca").certificate, range(8)))
    assert 1 == len(set(made))


def test_nothing_is_left_beside_it(tmp_path):
    """Key, certificate and the lock are all that lies there; removed, nothing does."""
    Authority(tmp_path)
    assert ["ca-key.pem", "ca.pem", "lock"] == sorted(path.name for path in tmp_path.iterdir())
    assert [True, False] == [remove(tmp_path), remove(tmp_path)]
    assert [] == list(tmp_path.iterdir())


def test_a_users_authority_lies_with_the_users_data(monkeypatch, tmp_path):
    """Where the system has the data of a user's programs."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = default_folder()
    assert ("amlclassic", "ca") == folder.parts[-2:]
    assert folder.is_relative_to(tmp_path) or sys.platform != "linux"


def test_no_key_is_shipped():
    """The project's own files hold no private key."""
    files = subprocess.run(["git", "ls-files"], cwd=source.ROOT, capture_output=True, text=True, check=False).stdout
    names = files.split("\n")[:-1] or [str(path) for path in source.PACKAGE.rglob("*") if path.is_file()]
    mark = b"-----BEGIN " + b"PRIVATE KEY-----"
    assert [] == [
        name for name in names if (source.ROOT / name).is_file() and mark in (source.ROOT / name).read_bytes()
    ]


def test_nothing_of_tls_is_imported_unless_asked_for():
    """An emulator without proxy and TLS starts without cryptography."""
    script = (
        "import sys; from amlemulator import Emulator\n"
        "with Emulator(samples=False): print('cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "False\n" == done.stdout
