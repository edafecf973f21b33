"""A way in for programs that use the service's real host names: a proxy, or a listener with TLS.

It serves the real names and nothing else, so neither the control plane nor the address tree below ``{base}`` can be
reached through it; what it lets through to other hosts its user has named.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

from amlemulator.core.allowed_hosts import AllowedHosts
from amlemulator.core.connect import Target, read_target, refusal
from amlemulator.engine.traffic import Traffic
from amlemulator.faces.tunnel import Tunnels, forward
from amlemulator.pipeline import raw_path

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)
EVIDENCE = ("x-amlclassic-evidence", "proxy.other-hosts")


class Entrance:
    """One listener's rules and record. ``context_of`` gives the TLS context of a host name, or None."""

    def __init__(
        self,
        application: WSGIApplication,
        serves: Callable[[str], bool],
        context_of: Callable[[str], SSLContext | None],
        *,
        proxy: bool,
        passthrough: AllowedHosts | None = None,
    ) -> None:
        self._application = application
        self.serves = serves
        self.context_of = context_of
        self.proxy = proxy
        self.passthrough = passthrough or AllowedHosts()
        self.traffic = Traffic()
        self.tunnels = Tunnels()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request for one of the real hosts; refuse or forward any other."""
        scheme = environ["wsgi.url_scheme"]
        try:
            target = read_target(environ.get("HTTP_HOST", ""), 443 if scheme == "https" else 80)
        except ValueError:
            return self._refuse(start_response, "400 No host is named", "The Host header names no host")
        if self.serves(target.host):
            environ["HTTP_HOST"] = target.host
            return self._serve(target.host, environ, start_response)
        if environ.get("amlemulator.absolute") and self.passthrough.allows(f"https://{target}"):
            return forward(target, environ, start_response)
        sentence = self.refused(target)
        # 421 is for a name that this listener, reached as another host, does not answer to (RFC 9110 section 15.5.20).
        status = 403 if environ.get("amlemulator.absolute") else 421
        return self._refuse(start_response, f"{status} {sentence}", sentence)

    def _serve(self, host: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method, uri = environ["REQUEST_METHOD"], raw_path(environ)

        def noted(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self.traffic.note(host, method, uri, int(status[:3]))
            return start_response(status, headers, exc_info)

        try:
            return self._application(environ, noted)
        except ConnectionResetError:
            self.traffic.note(host, method, uri, 0)
            raise

    def refused(self, target: Target) -> str:
        """Count and tell a refusal; return its sentence."""
        sentence = refusal(target, proxy=self.proxy)
        if self.traffic.trouble("refused", str(target), sentence):
            LOG.warning("refused: %s", sentence)
        return sentence

    def distrusted(self, host: str, reason: str) -> None:
        """Count and tell that a program broke off before its first request, or could not agree on TLS."""
        if self.traffic.trouble("distrusted", host, reason):
            LOG.warning("a program that called %s broke off: %s", host, reason)

    @staticmethod
    def _refuse(start_response: StartResponse, status: str, sentence: str) -> Iterable[bytes]:
        body = f"{sentence}.\n".encode()
        start_response(
            status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), EVIDENCE]
        )
        return [body]
