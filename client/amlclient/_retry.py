"""When a call may be sent again.

Only where sending it twice cannot do harm:

* nothing arrived (:class:`NotSent`): always;
* 503, the service's answer to too much at once and to cold containers (documents.md 4.4): always, it did nothing;
* the answer was lost on the way, or a gateway gave up (502, 504): only calls that are ``repeatable``;
* 401 during the first seconds of an endpoint's life, while the front end does not know it yet (errors.md section 1,
  O11, O12; R's vignette shows seconds): only inside a window that the caller opens.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._exceptions import NotSent, OutcomeUnknown, TransportError
from ._transport import Answer, Call

__all__ = ["RetryPolicy"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long. ``fresh_seconds`` opens the window for 401, counted from when the client was made."""

    attempts: int = 6
    first_delay: float = 0.5
    factor: float = 2.0
    most_delay: float = 8.0
    fresh_seconds: float = 0.0
    fresh_delay: float = 1.0

    def wants(self, call: Call, outcome: Answer | TransportError, *, attempt: int, age: float) -> bool:
        """Whether to send ``call`` again after its ``attempt``-th (from 1) ``outcome``; ``age`` is the client's."""
        if self.is_fresh(outcome, age):
            return True
        return attempt < self.attempts and self._safe(call, outcome)

    def delay(self, outcome: Answer | TransportError, *, attempt: int, age: float) -> float:
        """Return the seconds to wait after the ``attempt``-th (from 1) outcome."""
        if self.is_fresh(outcome, age):
            return self.fresh_delay
        return float(min(self.most_delay, self.first_delay * self.factor ** (attempt - 1)))

    def is_fresh(self, outcome: Answer | TransportError, age: float) -> bool:
        """Whether the outcome is that of an endpoint which was just made."""
        return isinstance(outcome, Answer) and outcome.status == 401 and age < self.fresh_seconds

    @staticmethod
    def _safe(call: Call, outcome: Answer | TransportError) -> bool:
        if isinstance(outcome, Answer):
            return outcome.status == 503 or (call.repeatable and outcome.status in (502, 504))
        return isinstance(outcome, NotSent) or (call.repeatable and isinstance(outcome, OutcomeUnknown))
