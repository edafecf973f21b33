"""What becomes of a connection, and what is told of it."""

from __future__ import annotations

from http.client import HTTPResponse

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.util import Retry

from amlclient import AnswerTimeout, NotSent, ServiceClient, Transport, _transport, _upload, _wire
from mutants.client import mutant
from mutants.patching import Patch

BROKEN = "laws/test_broken_connections.py::test_wherever_a_connection_breaks_the_caller_is_told_the_truth"
DRIPS = "laws/test_time_limits.py::test_an_answer_that_drips_ends_with_the_time_allowed"
SLOW = "laws/test_time_limits.py::test_a_request_that_nobody_takes_ends_with_the_time_allowed"


@mutant("redirect-followed", "laws/test_unexpected_answers.py::test_nothing_is_sent_where_a_redirect_leads")
def _(patch: Patch) -> None:
    """A redirect is followed, with the key or without, to whatever host it names."""
    request = _transport.requests.Session.request

    def following(self, *words, **facts):
        return request(self, *words, **{**facts, "allow_redirects": True})

    patch.set(_transport.requests.Session, "request", following)


@mutant("head-may-drip", f"{DRIPS}[ScoringClient.score-0.5]")
def _(patch: Patch) -> None:
    """A head that comes byte by byte is waited for as long as it takes."""
    patch.set(_wire._BoundedConnection, "response_class", HTTPResponse)


@mutant("request-may-stall", f"{SLOW}[ScoringClient.submit_job]")
def _(patch: Patch) -> None:
    """A peer that reads slowly is waited for, packet by packet."""
    patch.set(_wire._BoundedConnection, "send", HTTPConnection.send)


@mutant("deadline-not-told", f"{DRIPS}[ScoringClient.job-60.0]")
def _(patch: Patch) -> None:
    """The time-out of the caller is forgotten on the way to the connection."""
    send = ServiceClient._send_once

    def forgetful(self, call, deadline):
        return send(self, call, type(deadline)(deadline.clock, 3600.0))

    patch.set(ServiceClient, "_send_once", forgetful)


@mutant("cut-head-taken", f"{BROKEN}[BlobReader.download-end]")
def _(patch: Patch) -> None:
    """A head that broke off is taken for a whole one, and the body for empty."""
    patch.set(_wire._BoundedResponse, "begin", HTTPResponse.begin)
    patch.set(_transport, "_is_cut", lambda response, call: False)


@mutant("unframed-answer-taken", "laws/test_unexpected_answers.py::test_an_answer_that_says_no_length_is_not_whole")
def _(patch: Patch) -> None:
    """An answer that does not say how long it is, is whole when the connection ends."""
    patch.set(_transport, "_is_cut", lambda response, call: False)


@mutant("short-body-taken", f"{BROKEN}[BlobReader.read-reset]")
def _(patch: Patch) -> None:
    """A body that is shorter than was said is taken for whole."""
    chunks = Transport._chunks

    def lenient(self, response, call, deadline):
        try:
            yield from chunks(self, response, call, deadline)
        except _transport.OutcomeUnknown:
            return

    patch.set(Transport, "_chunks", lenient)


@mutant("silence-told-as-not-sent", f"{BROKEN}[ScoringClient.start_job-silence]")
def _(patch: Patch) -> None:
    """A service that does not answer in time is told as one that was never asked."""

    def make(original):
        def translate(error, call):
            told = original(error, call)
            return NotSent(told.reason, method=call.method, url=call.url) if isinstance(told, AnswerTimeout) else told

        return translate

    patch.wrap(_transport, "translate", make)


@mutant("library-repeats", f"{BROKEN}[ScoringClient.start_job-reset]")
def _(patch: Patch) -> None:
    """The HTTP library repeats broken calls by itself, whatever they do."""
    made = HTTPAdapter.__init__

    def eager(self, *words, **facts):
        made(self, *words, **{**facts, "max_retries": Retry(2, allowed_methods=None)})

    patch.set(_wire.BoundedAdapter, "__init__", eager)


@mutant("netrc-wins", "test_client_transport.py::test_netrc_does_not_replace_the_key")
def _(patch: Patch) -> None:
    """Credentials of ~/.netrc travel instead of the endpoint's key."""
    patch.set(_transport, "_leave_alone", None)


@mutant("any-size-kept", "laws/test_unexpected_answers.py::test_an_oversized_answer_is_not_kept[ScoringClient.score]")
def _(patch: Patch) -> None:
    """An answer is kept in memory however large it is."""
    made = Transport.__init__

    def roomy(self, *words, **facts):
        made(self, *words, **{**facts, "most_bytes": 10**12})

    patch.set(Transport, "__init__", roomy)


@mutant("upload-for-ever", "laws/test_uploads.py::test_what_stays_broken_or_slow_ends_in_time")
def _(patch: Patch) -> None:
    """An upload takes the time that the SDK has patience for."""
    from contextlib import nullcontext

    patch.set(_upload, "bounded", lambda bound: nullcontext())


@mutant("upload-told-as-done", "laws/test_uploads.py::test_whatever_breaks_an_upload_is_told_truly_and_in_time")
def _(patch: Patch) -> None:
    """An upload that broke is told as done."""
    send = _upload._send

    def hopeful(*words):
        from azure.core.exceptions import ServiceResponseError

        try:
            send(*words)
        except ServiceResponseError:
            return

    patch.set(_upload, "_send", hopeful)
