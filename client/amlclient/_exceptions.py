"""What can go wrong, as a family.

* AmlError
  + WrongCall                nothing was sent: the call cannot be right (also a ValueError)
    - RefusedLocally         nothing was sent: the service's documents forbid it
  + TransportError           no whole answer came back
    - NotSent                the request never reached the service: sending it again is always safe
    - OutcomeUnknown         the request may have done its work
      · AnswerLost           the connection broke before the answer was whole
      · AnswerTimeout        no whole answer in the time allowed
  + UnexpectedAnswer         the service answered with success, but with something that cannot be read
  + ServiceError             the service refused; carries status, code, message, details, request id
    - Unauthorized           401
    - NotFound               404
    - ServiceUnavailable     503: throttled, or its containers are warming
  + JobError                 a batch job did not finish; carries the job's id
    - JobFailed              a module failed; carries Details
    - JobCancelled           somebody deleted it
    - JobTimeout             it was still going when the time allowed was over
  + FlowError                a retraining stopped
    - JournalError           its journal cannot be read, or belongs to another retraining
    - NotAccepted            the evaluation does not meet the condition: nothing was patched
    - NotVerified            the endpoint does not serve the new model although the service accepted it

No text and no representation of any of them shows a key, a token, an account key or a SAS signature.
Each knows which documented failures look like it (``failures``, ``link``), when the catalogue has any.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ._failures import KnownFailure, Sighting, known_failure, recognise
from ._redaction import redact

__all__ = [
    "AmlError",
    "AnswerLost",
    "AnswerTimeout",
    "ErrorDetail",
    "FlowError",
    "JobCancelled",
    "JobError",
    "JobFailed",
    "JobTimeout",
    "JournalError",
    "NotAccepted",
    "NotFound",
    "NotSent",
    "NotVerified",
    "OutcomeUnknown",
    "RefusedLocally",
    "ServiceError",
    "ServiceUnavailable",
    "TransportError",
    "Unauthorized",
    "UnexpectedAnswer",
    "WrongCall",
]


class AmlError(Exception):
    """Everything that this package raises on purpose. ``failures`` are ids, where it is known what it is."""

    def __init__(self, *texts: object, failures: tuple[str, ...] = ()) -> None:
        self._failures = failures
        super().__init__(*(redact(text) if isinstance(text, str) else text for text in texts))

    @property
    def failures(self) -> tuple[str, ...]:
        """The ids of the documented failures that look like this, in the document's order; none when none is known."""
        if self._failures:
            return self._failures
        seen = self._seen()
        return recognise(seen) if seen is not None else ()

    @property
    def failure(self) -> KnownFailure | None:
        """The first of them, explained."""
        return known_failure(self.failures[0]) if self.failures else None

    @property
    def link(self) -> str | None:
        """Where the first of them is explained: a page of the emulator that was called, or a place in the documents."""
        failure = self.failure
        return failure.link(getattr(self, "url", "")) if failure is not None else None

    def _seen(self) -> Sighting | None:
        """Return what the catalogue can recognise it by."""
        return None


class WrongCall(AmlError, ValueError):
    """The call cannot be right, whatever the service would say. Nothing was sent."""


class RefusedLocally(WrongCall):
    """The service's documents forbid this call; it was not sent. ``preflight=False`` sends it all the same."""

    @classmethod
    def because(cls, failure_id: str, what: str) -> RefusedLocally:
        """Make one that says ``what`` is wrong here, and then explains it as the catalogue does."""
        known = known_failure(failure_id)
        explained = f"{known.text('why')} {known.text('mend')}"
        return cls(f"{what}. {explained} (amlclassic failures show {failure_id})", failures=(failure_id,))


class TransportError(AmlError):
    """No whole answer came back. ``method`` and ``url`` (without secrets) say to which call."""

    def __init__(self, reason: str, *, method: str, url: str) -> None:
        self.reason = redact(reason)
        self.method = method
        self.url = redact(url)
        super().__init__(f"{self.method} {self.url}: {self.reason}")


class NotSent(TransportError):
    """The request never reached the service: name not found, connection refused, no connection in time."""


class OutcomeUnknown(TransportError):
    """The request was sent, or may have been; whether the service did it is not known."""


class AnswerLost(OutcomeUnknown):
    """The connection broke before the answer was whole."""


class AnswerTimeout(OutcomeUnknown):
    """No whole answer came in the time allowed."""


class UnexpectedAnswer(AmlError):
    """The service said yes, but what it sent cannot be read: cut JSON, another shape, too large."""

    def __init__(self, reason: str, *, method: str = "", url: str = "", request_id: str | None = None) -> None:
        self.reason = redact(reason)
        self.request_id = request_id
        place = f"{method} {redact(url)}: " if url else ""
        super().__init__(f"{place}{self.reason}")


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One member of an error's ``details`` (errors.md 0.2). ``target`` is None where the service names none."""

    code: str = ""
    message: str = ""
    target: str | None = None


class ServiceError(AmlError):
    """The service refused the call.

    ``status`` is the HTTP status, ``code`` and ``message`` are the service's, ``details`` its list (empty on the
    management host, errors.md 0.2), ``request_id`` its ``x-ms-request-id``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: tuple[ErrorDetail, ...] = (),
        request_id: str | None = None,
        method: str = "",
        url: str = "",
    ) -> None:
        self.status = status
        self.code = code
        self.message = redact(message)
        self.details = tuple(ErrorDetail(d.code, redact(d.message), d.target) for d in details)
        self.request_id = request_id
        self.method = method
        self.url = redact(url)
        super().__init__(self._sentence())

    def _seen(self) -> Sighting:
        return Sighting(
            call=f"{self.method} {urlsplit(self.url).path}",
            status=self.status,
            code=self.code,
            detail=self.detail_codes,
            message=(self.message, *(detail.message for detail in self.details)),
        )

    @property
    def detail_codes(self) -> tuple[str, ...]:
        """The codes inside ``details``: what tells, say, CannotStartJob from other invalid operations."""
        return tuple(detail.code for detail in self.details)

    def _sentence(self) -> str:
        told = [f"{self.status} {self.code}".strip() + f": {self.message}"]
        told += [_detail_sentence(detail) for detail in self.details]
        if self.request_id:
            told.append(f"(request {self.request_id})")
        place = f"{self.method} {self.url} answered " if self.url else ""
        return place + " ".join(told)


def _detail_sentence(detail: ErrorDetail) -> str:
    target = f" [{detail.target}]" if detail.target else ""
    return f"{detail.code}{target}: {detail.message}"


class Unauthorized(ServiceError):
    """401: wrong key, or an endpoint that the front end does not know yet (errors.md section 1, O11)."""


class NotFound(ServiceError):
    """404."""


class ServiceUnavailable(ServiceError):
    """503: over the endpoint's concurrency, or its containers are being initialised."""


class JobError(AmlError):
    """A batch job did not finish. ``job_id`` says which."""

    def __init__(self, message: str, *, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(message)


class JobFailed(JobError):
    """A module failed. ``details`` is the service's text (grammar in errors.md section 3)."""

    def __init__(self, *, job_id: str, details: str | None) -> None:
        self.details = redact(details) if details else None
        super().__init__(f"job {job_id} failed: {self.details or 'the service gave no details'}", job_id=job_id)

    def _seen(self) -> Sighting:
        return Sighting(state="Failed", details=self.details or "")


class JobCancelled(JobError):
    """The job was cancelled by somebody."""

    def __init__(self, *, job_id: str) -> None:
        super().__init__(f"job {job_id} was cancelled", job_id=job_id)

    def _seen(self) -> Sighting:
        return Sighting(state="Cancelled")


class JobTimeout(JobError):
    """The job had not ended when the time allowed was over. ``state`` is the last that was seen."""

    def __init__(self, *, job_id: str, state: str, seconds: float, cancelled: bool) -> None:
        self.state = state
        self.cancelled = cancelled
        fate = "it was cancelled" if cancelled else "it goes on"
        super().__init__(f"job {job_id} was still {state} after {seconds:g} s; {fate}", job_id=job_id)

    def _seen(self) -> Sighting:
        return Sighting(state=self.state)


class FlowError(AmlError):
    """A retraining stopped; its text says why and what was not done."""


class JournalError(FlowError):
    """The journal cannot be read, is in use, or belongs to another retraining."""


class NotAccepted(FlowError):
    """The evaluation of the new model does not meet the condition. Nothing was patched."""


class NotVerified(FlowError):
    """The service accepted the new model, but the endpoint does not show it."""
