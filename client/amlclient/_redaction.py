"""Keeping secrets out of everything that people read: texts, addresses, representations.

Three kinds of secret pass through this client: endpoint keys and workspace tokens (known exactly, so they are replaced
exactly), account keys inside connection strings, and signatures inside SAS tokens. The service repeats the second kind
in its own error texts (``InvalidBlobConnectionString`` quotes the whole string), so its messages are cleaned too.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote

HIDDEN = "***"
_UNSEEN = r"(?!\*{3}(?![\w%+/=]))"  # what is hidden already stays as it is, with the colon or full stop after it

_ACCOUNT_KEY = re.compile(rf"(?i)(AccountKey\s*=\s*){_UNSEEN}[^;\"'\s]+")
# "&" and "=" may themselves be escaped: .NET writes \u0026 in JSON, and an address inside an address has %26 and %3D.
_SIGNATURE = re.compile(rf"(?i)((?:\b|u0026|%26|amp;)sig(?:=|%3d|\\u003d)){_UNSEEN}[^&\"'\s<>\\]+")
# An endpoint's PrimaryKey, in an answer that is quoted. Of a SAS token only the signature is secret; who looks for what
# is wrong needs to see the rest.
_MEMBER = re.compile(r'(?i)("(?!SasBlobToken")\w*(?:key|token)"\s*:\s*")[^"]+')
_BEARER = re.compile(rf"(?i)(\bbearer\s+){_UNSEEN}[^\s\"',;]+")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` without account keys, SAS signatures, bearer keys, JSON's keys and tokens, and ``secrets``."""
    for secret in secrets:
        for spelling in _spellings(secret):
            text = text.replace(spelling, HIDDEN)
    for pattern in (_ACCOUNT_KEY, _SIGNATURE, _MEMBER, _BEARER):
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


def _spellings(secret: str) -> set[str]:
    """Return how a secret stands in plain text, in an address and in JSON that .NET wrote; nothing for none."""
    if not secret:
        return set()
    return {secret, quote(secret, safe=""), secret.replace("+", "\\u002B"), secret.replace("/", "\\/")}


class _QuietLog(logging.Filter):
    """Cleans what urllib3 logs: it quotes whole addresses, at WARNING when an answer's head is broken."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without its signatures."""
        record.msg, record.args = redact(record.getMessage()), ()
        return True


def quieten_logs() -> None:
    """Keep SAS signatures out of urllib3's log; done once, however often it is called."""
    for name in ("urllib3.connection", "urllib3.connectionpool"):
        logger = logging.getLogger(name)
        if not any(isinstance(present, _QuietLog) for present in logger.filters):
            logger.addFilter(_QuietLog())


def mask(key: str) -> str:
    """Return a key as people may see it: enough of it to tell two apart, never enough to use."""
    return f"{key[:4]}{HIDDEN}" if len(key) >= 16 else HIDDEN
