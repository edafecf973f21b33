"""The work of ``amlclassic ca``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cryptography.hazmat.primitives import hashes

from amlemulator.adapters.authority import DOMAINS, Authority, AuthorityError, default_folder, remove
from amlemulator.settings import SettingsError, resolve

# Who reads authorities from where: to trust, and to stop. {file} is the certificate, {name} its common name.
ECOSYSTEMS: tuple[tuple[str, str, str], ...] = (
    ("curl", "export CURL_CA_BUNDLE={file}", "unset CURL_CA_BUNDLE"),
    ("Python, requests", "export REQUESTS_CA_BUNDLE={file}", "unset REQUESTS_CA_BUNDLE"),
    ("Python, urllib and httpx; .NET on Linux", "export SSL_CERT_FILE={file}", "unset SSL_CERT_FILE"),
    ("R, httr and curl", "export CURL_CA_BUNDLE={file}", "unset CURL_CA_BUNDLE"),
    ("Node", "export NODE_EXTRA_CA_CERTS={file}", "unset NODE_EXTRA_CA_CERTS"),
    ("mono", "cert-sync --user {file}", "rm ~/.config/.mono/new-certs/Trust/*  # then cert-sync the system's again"),
    (
        "Java",
        'keytool -importcert -noprompt -cacerts -alias amlclassic -file "{file}"',
        "keytool -delete -cacerts -alias amlclassic",
    ),
    (
        "Debian, Ubuntu: the whole machine",
        'sudo cp "{file}" /usr/local/share/ca-certificates/amlclassic.crt && sudo update-ca-certificates',
        "sudo rm /usr/local/share/ca-certificates/amlclassic.crt && sudo update-ca-certificates --fresh",
    ),
    (
        "Fedora, RHEL: the whole machine",
        'sudo trust anchor "{file}"',
        'sudo trust anchor --remove "{file}"',
    ),
    (
        "macOS: this user",
        'security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db "{file}"',
        'security delete-certificate -c "{name}"',
    ),
    (
        "Windows, .NET, Excel: this user",
        'certutil -user -addstore Root "{file}"',
        'certutil -user -delstore Root "{name}"',
    ),
)


def run(arguments: argparse.Namespace) -> int:
    """Show, renew or remove the authority. Returns 0, or 2 when it cannot be used."""
    try:
        folder = folder_of(arguments)
        if arguments.remove:
            print(_removed(folder))
            return 0
        authority = Authority(folder, renew=arguments.renew)
        if arguments.output == "-":
            print(authority.certificate_file.read_text("ascii"), end="")
            return 0
        if arguments.output:
            _copy(authority.certificate_file, Path(arguments.output))
    except (AuthorityError, SettingsError) as error:
        print(f"amlclassic ca: {error}", file=sys.stderr)
        return 2
    print(described(authority, Path(arguments.output or authority.certificate_file).absolute()))
    return 0


def _removed(folder: Path) -> str:
    if not remove(folder):
        return f"There is no authority in {folder}."
    return f"Removed the authority in {folder}. Where it was made known, take it out by the lines that `ca` printed."


def folder_of(arguments: argparse.Namespace) -> Path:
    """Return the authority's folder: the flag, AMLCLASSIC_CA_FOLDER, amlclassic.toml, or the user's own."""
    named = resolve({"ca_folder": arguments.ca_folder}).ca_folder
    return Path(named) if named else default_folder()


def _copy(certificate: Path, target: Path) -> None:
    try:
        target.write_bytes(certificate.read_bytes())
    except OSError as error:
        raise SettingsError(f"{target} cannot be written ({error.strerror}). Name another with --output.") from error


def described(authority: Authority, file: Path) -> str:
    """Return what the authority is, and how each ecosystem is told to trust it and to stop."""
    name = authority.name
    lines = [
        f"{file}",
        f"  name         {name}",
        f"  fingerprint  SHA-256 {authority.certificate.fingerprint(hashes.SHA256()).hex()}",
        f"  good until   {authority.expires:%Y-%m-%d}; the key is in {authority.folder}, for its owner alone",
        f"  good for     {' and '.join(f'*.{domain}' for domain in DOMAINS)}, and nothing else",
        "",
        "`amlclassic run -- PROGRAM` needs none of this. For programs that are started elsewhere:",
    ]
    for title, trust, stop in ECOSYSTEMS:
        told = (text.format(file=file, name=name) for text in (trust, stop))
        lines += ["", title, *(f"  {when:5}  {text}" for when, text in zip(("trust", "stop"), told, strict=True))]
    return "\n".join(lines)
