"""Settings of the emulator: each is a flag, an environment variable ``AMLCLASSIC_<FLAG>`` and a key of amlclassic.toml.

The flag wins over the variable, the variable over the file, the file over the default.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from amlemulator.core.allowed_hosts import AllowedHosts

CONFIG_FILE = "amlclassic.toml"


class SettingsError(Exception):
    """A setting that cannot be used; the message says what to do."""


def _setting(default: Any, text: str, metavar: str | None = None) -> Any:
    return field(default=default, metadata={"help": text, "metavar": metavar})


def _choice(default: str, choices: tuple[str, ...], text: str) -> Any:
    return field(default=default, metadata={"help": text, "metavar": "|".join(choices), "choices": choices})


@dataclass(frozen=True)
class Settings:
    """Everything that can be set of ``amlclassic serve``."""

    port: int = _setting(8350, "port of the service; 0 takes any free one", "N")
    blob_port: int = _setting(10000, "port of blob storage in Azurite's form; 0 takes any free one", "N")
    proxy_port: int | None = _setting(
        None, "port of an HTTPS proxy for the real host names, on loopback only; 0 takes any free one", "N"
    )
    passthrough: str | None = _setting(
        None, "other hosts that the proxy lets through, with commas: HOST, HOST:PORT or *.DOMAIN", "HOSTS"
    )
    tls: bool = _setting(False, "listen with TLS too, for real host names that your hosts file maps to this machine")
    tls_port: int = _setting(8443, "port of that; programs expect 443; 0 takes any free one", "N")
    ca_folder: str | None = _setting(None, "folder of the certificate authority (default: one per user)", "DIR")
    host: str = _setting("127.0.0.1", "address to listen on; leave it on loopback unless you know who can reach it")
    workspace: str | None = _setting(
        None, "folder of a workspace to serve, or of several; without it the samples", "DIR"
    )
    watch: bool = _setting(False, "read --workspace again whenever a file of it changes, and begin anew with it")
    state: str | None = _setting(None, "file that keeps the state; without it the state is thrown away", "FILE")
    endpoints_file: str | None = _setting(None, "where to write addresses and keys, as JSON, once ready", "FILE")
    public_url: str | None = _setting(None, "base URL to put into answers, where it is not host and port", "URL")
    public_blob_url: str | None = _setting(None, "base URL of blob storage to put into answers", "URL")
    seed: str = _setting("amlclassic", "seed of every id and key: the same seed, the same ids", "TEXT")
    workers: int = _setting(0, "worker processes for jobs; 0 means one per processor", "N")
    job_time_limit: float = _setting(3600.0, "seconds a job may run before it fails", "SECONDS")
    job_memory_limit: int = _setting(4096, "MiB of memory a job may take before it fails; 0: no limit", "N")
    model_memory: int = _setting(768, "MiB that loaded models may take, about; the least used go first", "N")
    running_jobs: int = _setting(40, "jobs of one endpoint that run at a time; the rest wait in order", "N")
    propagation_seconds: float = _setting(
        0.0, "seconds until a PATCH takes effect (the service took 15 or 30)", "SECONDS"
    )
    fresh_endpoint_seconds: float = _setting(0.0, "seconds for which a new endpoint answers 401", "SECONDS")
    unknown_address: str = _choice("401", ("401", "404"), "answer to scoring calls on an unknown endpoint or region")
    training_rrs: str = _choice("400", ("400", "500"), "answer to RRS on a training service")
    blob_check: str = _choice("job", ("job", "submit"), "where a job's unreadable input shows: Failed, or 400 at once")
    bad_model: str = _choice(
        "patch", ("patch", "score"), "where a file that is no model shows: at PATCH, or at a score"
    )
    studio_unauthorized: str = _choice(
        "json", ("json", "text"), "Studio API's answer to a wrong token: as in 2018, or the bare text of 2016"
    )
    diagnostics_container: str = _choice(
        "create", ("create", "required"), "ml-diagnostics, when it is missing: made, or its logs are dropped (2017)"
    )
    strict: bool = _setting(
        False, "refuse what the documents do not allow, and say which line of which document does not"
    )
    details: str = _choice("all", ("all", "types"), "what details=true adds to an answer: names and types, or types")
    cancelled: str = _choice("Cancelled", ("Cancelled", "Canceled"), "spelling of that job state")
    low_throttle_calls: int = _setting(4, "calls at a time that ThrottleLevel Low means (an older article: 20)", "N")
    sas_seconds: float = _setting(86400.0, "life of the SAS tokens in job results", "SECONDS")
    enforce_concurrency: bool = _setting(False, "answer 503 when an endpoint gets more calls at once than it may")
    server_calls: int = _setting(200, "calls at a time of all endpoints together, when that is enforced", "N")
    auto_accounts: bool = _setting(False, "accept any storage account name, with a key derived from the seed")
    allow_storage: str | None = _setting(
        None, "other storage to use, with commas: HOST (ports 80 and 443), HOST:PORT or *.DOMAIN", "HOSTS"
    )
    stop_with_stdin: bool = _setting(False, "stop when standard input ends, for programs that start it as their child")
    log_level: str = _choice(
        "warning",
        ("warning", "info", "debug"),
        "told on standard error; info: how jobs go on, debug: workers' words",
    )
    control_token: str | None = _setting(None, "token for /_emulator; needed when not listening on loopback", "TOKEN")


def flag_name(name: str) -> str:
    """Return the flag of a setting: ``--blob-port``."""
    return "--" + name.replace("_", "-")


def variable_name(name: str) -> str:
    """Return the environment variable of a setting: ``AMLCLASSIC_BLOB_PORT``."""
    return "AMLCLASSIC_" + name.upper()


def add_flags(parser: argparse.ArgumentParser, shown: Container[str] | None = None) -> None:
    """Add one flag per setting; what is not given stays out of the namespace's way as None.

    ``shown`` names the settings that the help lists; all, when it is not given.
    """
    for item in fields(Settings):
        default = "" if item.default in (None, False) else f" (default {item.default})"
        listed = shown is None or item.name in shown
        text = item.metadata["help"] + default if listed else argparse.SUPPRESS
        if item.type == "bool":
            parser.add_argument(flag_name(item.name), action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            parser.add_argument(flag_name(item.name), metavar=item.metadata["metavar"], default=None, help=text)


def words(values: Mapping[str, Any]) -> list[str]:
    """Return settings as ``amlclassic serve`` takes them on its command line; None is one that is not given."""
    found: list[str] = []
    for name, value in values.items():
        flag = flag_name(name)
        if isinstance(value, bool):
            found.append(flag if value else f"--no-{flag.removeprefix('--')}")
        elif value is not None:
            found += [word for one in (value if isinstance(value, list) else [value]) for word in (flag, str(one))]
    return found


def resolve(
    flags: Mapping[str, Any], environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Settings:
    """Return the settings from flags, environment and amlclassic.toml in ``folder`` (default: the current one).

    Raises SettingsError naming the setting, where it came from and what it takes.
    """
    environment = os.environ if environment is None else environment
    file = _read_file((folder or Path.cwd()) / CONFIG_FILE)
    values: dict[str, Any] = {}
    for item in fields(Settings):
        for source, value in (
            (flag_name(item.name), flags.get(item.name)),
            (variable_name(item.name), environment.get(variable_name(item.name))),
            (f"{item.name} in {CONFIG_FILE}", file.get(item.name)),
        ):
            if value is not None and (value != "" or source == flag_name(item.name)):  # an empty variable is none
                values[item.name] = _convert(str(item.type), value, source)
                break
    settings = Settings(**values)
    _check(settings)
    return settings


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    import tomllib  # most starts have no such file

    try:
        file = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    file = {name.replace("-", "_"): value for name, value in file.items()}
    unknown = sorted(set(file) - {item.name for item in fields(Settings)})
    if unknown:
        raise SettingsError(
            f"{path} has unknown keys: {', '.join(unknown)}. See amlclassic serve --help for those there are."
        )
    return file


def _convert(kind: str, value: Any, source: str) -> Any:
    """Read a value as text from a flag or a variable, or as what TOML made of it."""
    read, wanted = READERS.get(kind, (_text, "text"))
    try:
        return read(value)
    except ValueError:
        raise SettingsError(f"{source} takes {wanted}, not '{value}'.") from None


def _whole(value: Any) -> int:
    if isinstance(value, (bool, float)) or not isinstance(value, (int, str)):
        raise ValueError(value)
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or not math.isfinite(float(value)):
        raise ValueError(value)
    return float(value)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text not in ("1", "0", "true", "false", "yes", "no"):
        raise ValueError(value)
    return text in ("1", "true", "yes")


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(value)
    return str(value)


READERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "int": (_whole, "a whole number"),
    "int | None": (_whole, "a whole number"),
    "float": (_number, "a number"),
    "bool": (_truth, "true or false"),
}
NOT_NEGATIVE = (
    "workers",
    "job_time_limit",
    "job_memory_limit",
    "model_memory",
    "running_jobs",
    "propagation_seconds",
    "fresh_endpoint_seconds",
    "low_throttle_calls",
    "sas_seconds",
    "server_calls",
)


def _check(settings: Settings) -> None:
    for name in ("port", "blob_port", "proxy_port", "tls_port"):
        value = getattr(settings, name)
        if value is not None and not 0 <= value <= 65535:
            raise SettingsError(f"{flag_name(name)} takes a port from 0 to 65535, not {value}.")
    for item in fields(Settings):
        choices, value = item.metadata.get("choices"), getattr(settings, item.name)
        if choices and value not in choices:
            raise SettingsError(f"{flag_name(item.name)} takes {' or '.join(choices)}, not '{value}'.")
    for name in NOT_NEGATIVE:
        if getattr(settings, name) < 0:
            raise SettingsError(f"{flag_name(name)} cannot be negative.")
    for name in ("public_url", "public_blob_url"):
        url = getattr(settings, name)
        if url is not None and not url.startswith(("http://", "https://")):
            raise SettingsError(f"{flag_name(name)} takes a URL that begins with http:// or https://, not '{url}'.")
    _check_hosts(settings)
    _check_together(settings)


def _check_together(settings: Settings) -> None:
    if settings.watch and settings.workspace is None:
        raise SettingsError("--watch needs --workspace DIR: there is nothing to watch without it.")
    if settings.control_token == "":
        raise SettingsError("--control-token cannot be empty: everybody could guess it.")


def _check_hosts(settings: Settings) -> None:
    for name in ("allow_storage", "passthrough"):
        try:
            AllowedHosts.read(getattr(settings, name))
        except ValueError as error:
            message = f"{flag_name(name)} takes HOST, HOST:PORT or *.DOMAIN, with commas; not '{error}'."
            raise SettingsError(message) from None
