"""What a program's environment must say so that it goes through the proxy and trusts the emulator's certificates.

Each line is for somebody: curl and what is built on it (R, PHP), Python's requests and urllib, httplib2, Node, mono,
.NET on Linux, Java. The files that this needs are written into a folder of the run's own; nothing of the machine is
changed.
"""

from __future__ import annotations

import os
import re
import shutil
import ssl
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from amlemulator.core.regions import BLOB_DOMAIN, REAL_DOMAIN

CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
OURSELVES = ("localhost", "127.0.0.1", "::1")
BUNDLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "HTTPLIB2_CA_CERTS", "NODE_EXTRA_CA_CERTS")
FOR_NODE = Path(__file__).parent / "real_hosts.cjs"
FOR_PYTHON = Path(__file__).parent / "python"
FOR_R = Path(__file__).parent / "real_hosts.R"
JAVA_PASSWORD = "changeit"  # noqa: S105 - Java's own default; a store of certificates holds no secret


def surroundings(environment: Mapping[str, str], proxy_url: str, certificate: Path, folder: Path) -> dict[str, str]:
    """Return the environment for a program. ``folder`` gets the files; it must last as long as the program."""
    bundle = folder / "certificates.pem"
    bundle.write_bytes(_known(environment) + b"\n" + certificate.read_bytes())
    changed = {name: value for name, value in environment.items() if name.lower() != "all_proxy"}
    for name in ("http_proxy", "https_proxy"):
        changed[name] = changed[name.upper()] = proxy_url
    exempt = no_proxy(environment.get("no_proxy") or environment.get("NO_PROXY") or "")
    changed["no_proxy"] = changed["NO_PROXY"] = exempt
    changed.update(dict.fromkeys(BUNDLES, str(bundle)))
    changed["AMLCLASSIC_RUN_PROXY"] = proxy_url
    changed["NODE_OPTIONS"] = f'{environment.get("NODE_OPTIONS", "")} --require "{FOR_NODE}"'.strip()
    changed["PYTHONPATH"] = os.pathsep.join(filter(None, (str(FOR_PYTHON), environment.get("PYTHONPATH"))))
    changed["AMLCLASSIC_RUN_R_PROFILE"] = environment.get("R_PROFILE_USER", "")
    changed["R_PROFILE_USER"] = str(FOR_R)
    path = environment.get("PATH")
    if shutil.which("java", path=path):
        options = f"{environment.get('JAVA_TOOL_OPTIONS', '')} {_java(proxy_url, bundle, folder)}"
        changed["JAVA_TOOL_OPTIONS"] = options.strip()
    if shutil.which("mono", path=path):
        changed["XDG_CONFIG_HOME"] = str(_mono(environment, certificate, folder))
    return changed


def no_proxy(given: str) -> str:
    """Return the hosts that are called past the proxy: this machine, and what was exempt, without the service's."""
    kept = list(OURSELVES)
    for entry in (part.strip() for part in given.split(",")):
        suffix = entry.lstrip("*").lower().partition(":")[0]
        exempts = any(f"x{domain}".endswith(suffix) or suffix.endswith(domain) for domain in (REAL_DOMAIN, BLOB_DOMAIN))
        if entry and entry not in kept and not exempts:
            kept.append(entry)
    return ",".join(kept)


def _known(environment: Mapping[str, str]) -> bytes:
    """Return the authorities that the program would trust without us: it may have other hosts to talk to."""
    paths = ssl.get_default_verify_paths()
    for path in (environment.get("SSL_CERT_FILE"), environment.get("REQUESTS_CA_BUNDLE"), paths.cafile):
        if path and Path(path).is_file():
            return Path(path).read_bytes()
    return Path(certifi.where()).read_bytes()


def _java(proxy_url: str, bundle: Path, folder: Path) -> str:
    """Return what the virtual machine is told; it reads no file of certificates but its own kind."""
    parts = urlsplit(proxy_url)
    store = folder / "certificates.p12"
    trusted = [pkcs12.PKCS12Certificate(one, None) for one in _certificates(bundle.read_bytes())]
    secret = serialization.BestAvailableEncryption(JAVA_PASSWORD.encode())
    store.write_bytes(pkcs12.serialize_java_truststore(trusted, secret))
    told = {
        "https.proxyHost": parts.hostname,
        "https.proxyPort": parts.port,
        "http.proxyHost": parts.hostname,
        "http.proxyPort": parts.port,
        "http.nonProxyHosts": "localhost|127.*|[::1]",
        "javax.net.ssl.trustStore": store,
        "javax.net.ssl.trustStorePassword": JAVA_PASSWORD,
        "javax.net.ssl.trustStoreType": "PKCS12",
    }
    return " ".join(f"-D{name}={value}" for name, value in told.items())


def _certificates(pem: bytes) -> Iterator[x509.Certificate]:
    """Yield the certificates of a bundle; public bundles hold a few old ones that are against today's rules."""
    for block in CERTIFICATE.findall(pem):
        with warnings.catch_warnings(), suppress(ValueError):
            warnings.simplefilter("ignore")
            yield x509.load_pem_x509_certificate(block)


def _mono(environment: Mapping[str, str], certificate: Path, folder: Path) -> Path:
    """Return a folder that looks like the user's own for settings, but that mono finds the authority in it.

    Mono reads authorities from there and from /usr/share alone (MonoBtlsX509StoreManager), by OpenSSL's file names.
    """
    real = Path(environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME", "/")) / ".config")
    made = folder / "config"
    for part in (".mono", "new-certs", "Trust"):
        _mirror(real, made, part)
        real, made = real / part, made / part
    _mirror(real, made, "")
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    stem, number = subject_hash(found.subject), 0
    while (made / f"{stem}.{number}").exists():
        number += 1
    (made / f"{stem}.{number}").write_bytes(certificate.read_bytes())
    return folder / "config"


def _mirror(real: Path, made: Path, left_out: str) -> None:
    """Make a folder whose entries are links to those of another, but for one."""
    made.mkdir(parents=True)
    if real.is_dir():
        for entry in real.iterdir():
            if entry.name != left_out:
                (made / entry.name).symlink_to(entry)


def subject_hash(subject: x509.Name) -> str:
    """Return the hash that OpenSSL names an authority's file by (X509_NAME_hash): of a name that is one common name.

    It is over the name's canonical form: lower case, single blanks, and no outer header.
    """
    (name,) = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    text = " ".join(str(name.value).lower().split())
    plain = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]).public_bytes()
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303 - a file name's checksum, chosen by OpenSSL
    digest.update(plain[2 if plain[1] < 0x80 else 3 :])
    return digest.finalize()[:4][::-1].hex()
