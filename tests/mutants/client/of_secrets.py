"""What people read of it all."""

from __future__ import annotations

import re

from amlclient import BlobLocation, Endpoint, Transport, _auth, _client, _exceptions, _models, _redaction, _transport
from amlclient import _management as management
from amlclient import _scoring as scoring
from mutants.client import mutant
from mutants.patching import Patch

TOLD = "laws/test_refusals.py::test_every_error_is_told_as_it_is"
QUOTES = "laws/test_unexpected_answers.py::test_an_answer_that_quotes_secrets_is_not_repeated"
CUT = "laws/test_unexpected_answers.py::test_json_that_is_cut_is_never_read_as_an_answer"
BROKEN = "laws/test_broken_connections.py::test_wherever_a_connection_breaks_the_caller_is_told_the_truth"
NOTHING = re.compile(r"(?!)()")


@mutant("account-key-shown", f"{TOLD}[ScoringClient.submit_job]")
def _(patch: Patch) -> None:
    """A ConnectionString that the service quotes is shown with its account key."""
    patch.set(_redaction, "_ACCOUNT_KEY", NOTHING)


@mutant("signature-shown", f"{TOLD}[ScoringClient.job]")
def _(patch: Patch) -> None:
    """A SAS that the service quotes is shown with its signature."""
    patch.set(_redaction, "_SIGNATURE", NOTHING)


@mutant("escaped-signature-shown", f"{QUOTES}[ScoringClient.score-400]")
def _(patch: Patch) -> None:
    """A signature after an escaped ampersand is shown."""
    patch.set(_redaction, "_SIGNATURE", re.compile(r"(?i)(\bsig=)[^&\"'\s<>]+"))


@mutant("own-key-shown", f"{QUOTES}[ScoringClient.score-401]")
def _(patch: Patch) -> None:
    """The caller's own key is shown when the service repeats it."""
    patch.set(_redaction, "_spellings", lambda secret: set())


@mutant("escaped-key-shown", f"{QUOTES}[ScoringClient.score-401]")
def _(patch: Patch) -> None:
    """The caller's key is shown where it is written with escapes."""
    patch.set(_redaction, "_spellings", lambda secret: {secret} if secret else set())


@mutant(
    "endpoint-keys-quoted",
    "laws/test_unexpected_answers.py::test_no_status_but_2xx_is_success[ManagementClient.endpoint]",
)
def _(patch: Patch) -> None:
    """A refusal that quotes an endpoint is shown with the endpoint's keys."""
    patch.set(_redaction, "_MEMBER", NOTHING)


@mutant("cut-answer-quoted", f"{CUT}[ManagementClient.endpoint]")
def _(patch: Patch) -> None:
    """An endpoint that was cut is quoted, keys and all."""

    def make(original):
        def json_of(answer):
            try:
                return original(answer)
            except _exceptions.UnexpectedAnswer as error:
                error.args = (f"{error}: {answer.content[:300].decode('utf-8', 'replace')}",)
                raise

        return json_of

    for module in (_client, management, scoring):
        patch.wrap(module, "json_of", make)


@mutant("library-error-hangs-on", f"{BROKEN}[BlobReader.download-reset]")
def _(patch: Patch) -> None:
    """The HTTP library's error, with the whole address, is the cause of ours."""
    opened = Transport._open

    def chained(self, call, deadline):
        try:
            return opened(self, call, deadline)
        except _exceptions.TransportError as error:
            raise error from ConnectionError(call.url)

    patch.set(Transport, "_open", chained)


@mutant("whole-address-told", f"{BROKEN}[BlobReader.download-reset]")
def _(patch: Patch) -> None:
    """The address of a broken call is told with its signature."""
    patch.set(_exceptions, "redact", lambda text, secrets=(): text)


@mutant("log-not-cleaned", f"{BROKEN}[BlobReader.read-reset]")
def _(patch: Patch) -> None:
    """The HTTP library logs whole addresses."""
    patch.set(_transport, "quieten_logs", lambda: None)


@mutant("key-in-representation", "test_client_retry.py::test_the_key_travels_with_each_attempt_and_shows_nowhere")
def _(patch: Patch) -> None:
    """The representation of a client's credentials shows them."""
    patch.set(_auth.Bearer, "__repr__", lambda self: f"Bearer({self._key})")


@mutant("endpoint-shows-its-key", f"{BROKEN}[ManagementClient.endpoint-reset]")
def _(patch: Patch) -> None:
    """The representation of an endpoint shows its keys."""
    shown = Endpoint.__repr__
    patch.set(Endpoint, "__repr__", lambda self: f"{shown(self)} {self.primary_key}")


@mutant("location-shows-its-signature", f"{BROKEN}[ScoringClient.wait_for_job-reset]")
def _(patch: Patch) -> None:
    """The representation of a blob's location shows its SAS."""
    patch.set(BlobLocation, "__repr__", lambda self: f"BlobLocation({self.to_json()})")


@mutant("details-not-cleaned", "laws/test_job_states.py::test_every_module_error_is_told_and_no_secret_of_it")
def _(patch: Patch) -> None:
    """Why a job failed is told with the signatures that it quotes."""
    for module in (_models, _exceptions):
        patch.set(module, "redact", lambda text, secrets=(): text)


@mutant("mask-shows-most", "test_client_models.py")
def _(patch: Patch) -> None:
    """A key is masked by a few stars in its middle."""
    for module in (_redaction, _models):
        patch.set(module, "mask", lambda key: f"{key[:-4]}***")
