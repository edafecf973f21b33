"""A certificate authority of the user's own, and the certificates it makes on the spot for the service's host names.

Nobody else's machine has this key: it is made here, readable by its owner only, good for a month, and constrained by
its own certificate to the service's domains. So the worst that a stolen key can do is to pose as a service that is no
more, or as blob storage, to its owner alone and for a few weeks (RFC 5280 section 4.2.1.10).
"""

from __future__ import annotations

import getpass
import ipaddress
import os
import platform
import ssl
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from amlemulator.core.regions import BLOB_DOMAIN, REAL_DOMAIN

DOMAINS = (REAL_DOMAIN.lstrip("."), BLOB_DOMAIN.lstrip("."))
KEY_FILE = "ca-key.pem"  # the key and, behind it, the certificate: one file, so that they always belong together
CERTIFICATE_FILE = "ca.pem"
LIFE = timedelta(days=30)
RENEWED = timedelta(days=7)  # before its end the authority is made anew
LEAF_LIFE = timedelta(days=7)
BACKDATED = timedelta(hours=1)  # for a client whose clock is behind
EVERY_ADDRESS = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


class AuthorityError(Exception):
    """The authority cannot be used; the message says what to do."""


def default_folder() -> Path:
    """Return where a user's authority lies: the place for data of one's own, by the custom of the system."""
    import platformdirs

    return platformdirs.user_data_path("amlclassic", appauthor=False) / "ca"


class Authority:
    """The authority in one folder. Raises AuthorityError where that cannot be read, written or trusted."""

    def __init__(
        self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC), *, renew: bool = False
    ) -> None:
        self.folder = folder
        self._now = now
        self.certificate_file = folder / CERTIFICATE_FILE
        try:
            with _alone(folder):
                pem = None if renew else _read_key(folder / KEY_FILE)
                if pem is None or self._take(pem).not_valid_after_utc - now() < RENEWED:
                    pem = _made(now())
                    _write(folder / KEY_FILE, pem, 0o600)
                self.certificate = self._take(pem)
                public = self.certificate.public_bytes(serialization.Encoding.PEM)
                if not self.certificate_file.is_file() or self.certificate_file.read_bytes() != public:
                    _write(self.certificate_file, public, 0o644)
        except (OSError, ValueError) as error:
            raise AuthorityError(
                f"The certificate authority in {folder} cannot be used ({error}). Name another folder with "
                "--ca-folder, or make it anew with `amlclassic ca --renew`."
            ) from error

    def _take(self, pem: bytes) -> x509.Certificate:
        key = serialization.load_pem_private_key(pem, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        return x509.load_pem_x509_certificate(pem)

    @property
    def expires(self) -> datetime:
        """When its certificate ends."""
        return self.certificate.not_valid_after_utc

    @property
    def name(self) -> str:
        """Its name in lists of authorities."""
        return str(self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    def issue(self, name: str) -> bytes:
        """Return a key and a certificate for one host name, as PEM.

        Raises ValueError for a name outside the authority's domains: it makes none that no client would take.
        """
        if not name.lower().endswith(tuple(f".{domain}" for domain in DOMAINS)):
            raise ValueError(f"{name} is outside {' and '.join(DOMAINS)}")
        key, now = ec.generate_private_key(ec.SECP256R1()), self._now()
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "amlclassic emulator")]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(min(now + LEAF_LIFE, self.expires))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name.lower())]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_issuer(self.certificate), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return _pem(key) + made.public_bytes(serialization.Encoding.PEM)


def remove(folder: Path) -> bool:
    """Remove the authority in a folder. Returns whether there was one; raises AuthorityError when it cannot."""
    try:
        files = [path for name in (KEY_FILE, CERTIFICATE_FILE, "lock") if (path := folder / name).exists()]
        for path in files:
            path.unlink()
    except OSError as error:
        raise AuthorityError(f"{error.filename} cannot be removed ({error.strerror}).") from error
    return any(path.name == KEY_FILE for path in files)


class Contexts:
    """TLS contexts by host name, each with a certificate made when the name is first asked for.

    ``serves`` says for which names there may be one. Whoever asks for another gets none.
    """

    def __init__(self, folder: Path, serves: Callable[[str], bool]) -> None:
        self._authority = Authority(folder)
        self._serves = serves
        self._made: dict[str, tuple[datetime, ssl.SSLContext]] = {}
        self._lock = threading.Lock()

    @property
    def certificate_file(self) -> Path:
        """What a client must trust."""
        return self._authority.certificate_file

    def of(self, name: str) -> ssl.SSLContext | None:
        """Return the context of a host name, None when it is no name that is served."""
        name = name.lower()
        if not self._serves(name):
            return None
        with self._lock:
            fresh, context = self._made.get(name, (None, None))
            now = datetime.now(UTC)
            if context is None or fresh is None or fresh <= now:
                if self._authority.expires - now < RENEWED:  # of a server that has run for weeks
                    self._authority = Authority(self._authority.folder)
                context = _loaded(self._authority.issue(name))
                # All end with the authority, so that no server goes on with one that another process has replaced.
                self._made[name] = min(now + LEAF_LIFE / 2, self._authority.expires - RENEWED), context
            return context


def server_context() -> ssl.SSLContext:
    """Return a context without a certificate: TLS 1.2 or newer, HTTP/1.1 alone, no renegotiation."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _loaded(pem: bytes) -> ssl.SSLContext:
    context = server_context()
    # OpenSSL's Python face reads keys from files alone; this one is 0600, and gone when it has been read.
    handle, path = tempfile.mkstemp(prefix="amlclassic-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
        context.load_cert_chain(path)
    finally:
        Path(path).unlink()
    return context


def _made(now: datetime) -> bytes:
    """Make a key and its certificate: an authority for the service's domains, for no address, and for none below it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _title())])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.NameConstraints(
                permitted_subtrees=[x509.DNSName(domain) for domain in DOMAINS],
                # What is not spoken of is allowed: without this it could sign for any address.
                excluded_subtrees=[x509.IPAddress(network) for network in EVERY_ADDRESS],
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_key_usage(key_cert_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pem(key) + made.public_bytes(serialization.Encoding.PEM)


def _title() -> str:
    """Return a name by which a person finds it again in a list of authorities: whose it is, and where it was made."""
    try:
        who = getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        who = "somebody"
    title = f"amlclassic emulator ({who} on {platform.node()})"
    return title.encode("ascii", "replace").decode()[:64]


def _key_usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _issuer(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _read_key(path: Path) -> bytes | None:
    """Return the key file, None when there is none. Raises OSError when others could have read it."""
    try:
        with path.open("rb") as file:
            if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise PermissionError(f"others than its owner may read {path}")
            return file.read()
    except FileNotFoundError:
        return None


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all, with its permissions from the start."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from making an authority in the same folder meanwhile."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows: two first starts at once may each make one, and the last one stays
        yield
        return
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
