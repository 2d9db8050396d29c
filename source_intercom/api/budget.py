"""The one call budget of a process, learned from Intercom's rate-limit headers.

Intercom splits a minute's allowance evenly into ten-second windows and says with every authenticated answer how
large the window is, how much of it is left and when it ends. The budget spends what the headers allow; nothing sleeps
while calls are left. A header that cannot be true is ignored, with one line in the log.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from airbyte_cdk.sources.streams.call_rate import AbstractCallRatePolicy, CallRateLimitHit, HttpAPIBudget

from source_intercom.api.answers import failure_of, is_window_limit
from source_intercom.api.headers import RESET, date_of, reset_of, whole_number
from source_intercom.api.masking import shortened

WINDOW_SECONDS = 10
# Without headers nobody says when the window ends; one second more covers the answer's way back.
_BLIND_WAIT = WINDOW_SECONDS + 1.0
# An end of a window that lies further from the answer's own time is none.
_NEAR = 60.0

_LOGGER = logging.getLogger("airbyte")


class WindowPolicy(AbstractCallRatePolicy):
    """Counts one ten-second window.

    All workers share it: each takes calls and tells what its answers say. Every field is read and written under
    ``_lock``, which nobody holds while waiting. Only ``limit`` reads without it: two numbers, each written at once.

    ``calls_per_minute`` caps from above what Intercom allows; None means no cap of ours.
    ``clock`` gives Unix seconds; it and ``scale``, of waits for which no header names an end, are for the tests.
    """

    def __init__(
        self, calls_per_minute: int | None = None, clock: Callable[[], float] = time.time, *, scale: float = 1.0
    ) -> None:
        self._cap = None if calls_per_minute is None else max(1, calls_per_minute * WINDOW_SECONDS // 60)
        self._clock = clock
        self._blind_wait = _BLIND_WAIT * scale
        self._lock = threading.Lock()
        self._left: int | None = None  # of Intercom's window; None: nothing known yet, nothing to hold back
        self._cap_left = self._cap  # of our own cap in the same window
        self._limit: int | None = None  # the size of a window, once a header has told it
        self._ends = clock() + WINDOW_SECONDS if self._cap else 0.0  # on our clock
        self._server_reset = 0  # the same end, on Intercom's clock, as the header gives it
        self._least = 0  # the least that an answer of this window said was left
        self._confirmed = False  # whether an answer has named this window, or our clock alone has opened it
        self._in_flight = 0
        self._told: set[str] = set()  # headers that are ignored, as the log says already

    @property
    def limit(self) -> int | None:
        """Calls that a window of ten seconds takes, as far as it is known."""
        sizes = [size for size in (self._limit, self._cap) if size is not None]
        return min(sizes) if sizes else None

    def matches(self, request: Any) -> bool:
        """Every call of the process spends from the same bucket."""
        return True

    def try_acquire(self, request: Any, weight: int) -> None:
        """Take one call. Raises ``CallRateLimitHit`` with the time to wait when the window is spent."""
        with self._lock:
            now = self._clock()
            # A clock that is put back must not make a window longer than windows are.
            self._ends = min(self._ends, now + _BLIND_WAIT)
            if now >= self._ends:
                self._open_window(now)
            if any(left is not None and left < weight for left in (self._left, self._cap_left)):
                wait = timedelta(seconds=max(0.01, self._ends - now))
                raise CallRateLimitHit("window spent", request, weight, f"{self.limit} in 10 s", wait)
            if self._left is not None:
                self._left -= weight
            if self._cap_left is not None:
                self._cap_left -= weight
            self._in_flight += 1

    def _open_window(self, now: float) -> None:
        self._confirmed = False
        self._refill_cap()
        # Calls under way may be counted by Intercom on either side of the edge: count them on this one.
        self._left = None if self._limit is None else max(0, self._limit - self._in_flight)
        self._ends = now + WINDOW_SECONDS if self.limit is not None else 0.0

    def _refill_cap(self) -> None:
        if self._cap is not None:
            self._cap_left = max(0, self._cap - self._in_flight)

    def update(self, available_calls: int | None, call_reset_ts: datetime | None) -> None:
        """The CDK's hook; :meth:`learn` knows more than it can carry."""

    def release(self) -> None:
        """A call ended without an answer, so nothing can be learned from it."""
        with self._lock:
            self._in_flight -= 1

    def learn(self, response: requests.Response) -> None:
        """Take in the headers of an answer, which may lack any of them or lie, and a 429, which is always final."""
        # Another 429 says that one resource is overloaded: only the request for it waits.
        is_spent = is_window_limit(response) and failure_of(response).code != "too_many_requests"
        with self._lock:
            self._in_flight -= 1
            now = self._clock()
            left, reset = self._left_of(response), self._reset(response, now)
            if is_spent:
                left = 0
                if reset is None:
                    self._left, self._ends = 0, now + self._blind_wait
                    self._confirmed = True
                    return
            if left is None or reset is None or reset < self._server_reset:
                return
            if reset > self._server_reset:
                self._server_reset = reset
                self._ends = now + _seconds_until(reset, response, now)
                if self._confirmed:
                    # Our clock has missed the edge, so nothing has been opened at it.
                    self._refill_cap()
                self._confirmed = True
                self._least = left
            elif self._confirmed:
                self._least = min(self._least, left)
            else:
                # A late answer of the window before the one that our clock has opened.
                return
            # Calls of ours that are under way may not be counted in the figure yet.
            self._left = max(0, self._least - self._in_flight)

    def _left_of(self, response: requests.Response) -> int | None:
        """How many calls an answer says are left; takes in the size of the window beside it."""
        limit, left = (self._number(response, f"X-RateLimit-{name}") for name in ("Limit", "Remaining"))
        if limit == 0:
            # A limit of none would hold everybody back for ever, and what else such an answer says is no better.
            self._ignored("X-RateLimit-Limit", "0")
            return None
        self._limit = self._limit if limit is None else limit
        return left

    def _number(self, response: requests.Response, header: str) -> int | None:
        text = response.headers.get(header)
        number = whole_number(text)
        if text is not None and number is None:
            self._ignored(header, text.strip())
        return number

    def _reset(self, response: requests.Response, now: float) -> int | None:
        """The end of the window on Intercom's clock; one that is far from the answer's own time would be believed for
        ever, as no later one would be newer."""
        told, reset = self._number(response, RESET), reset_of(response)
        if reset is None or abs(reset - _server_time(response, now)) <= _NEAR:
            return reset
        self._ignored(RESET, str(told))
        return None

    def _ignored(self, header: str, text: str) -> None:
        """Say once for each header that it is ignored."""
        if header not in self._told:
            self._told.add(header)
            _LOGGER.warning(f"Intercom's header {header} is ignored, as it cannot be true: {shortened(text, 40)!r}")


class CallBudget(HttpAPIBudget):
    """The CDK's budget with :class:`WindowPolicy` as its only policy. Waits for calls, and never fails without them.

    All workers share it; it keeps nothing of its own, and the policy has its lock.
    """

    def __init__(self, policy: WindowPolicy) -> None:
        super().__init__(policies=[policy])
        self._policy = policy

    @property
    def limit(self) -> int | None:
        """Calls that a window of ten seconds takes, as far as it is known."""
        return self._policy.limit

    def update_from_response(self, request: Any, response: Any) -> None:
        self._policy.learn(response)

    def release(self) -> None:
        """Tell the budget that a call ended with an exception instead of an answer."""
        self._policy.release()


def pause_after(
    response: requests.Response, tries: int, now: float, chance: float, *, scale: float = 1.0, longest: float
) -> float:
    """Seconds that a request waits after a 429, 1 to 12 where no ``Retry-After`` says otherwise.

    Until the window ends, where the answer says so; else longer with each try. ``chance`` is between 0 and 1 and sets
    the workers apart, so that they do not all come back in one moment. ``now`` is the time on our clock. A
    ``Retry-After`` of more than ``longest`` seconds is not obeyed.
    """
    if asked := retry_after(response, now, longest):
        return asked + chance
    reset = reset_of(response)
    if reset is not None and 0 < (left := reset - _server_time(response, now)) <= _BLIND_WAIT:
        return max(left, 1.0) + chance
    return (min(2.0**tries, WINDOW_SECONDS) + chance) * scale


def retry_after(response: requests.Response, now: float, longest: float) -> float:
    """The seconds that ``Retry-After`` asks for; 0 where it is not there, is past, or asks for more than ``longest``.

    It is a number, or a moment of the answer's own clock. ``now`` is the time on ours.
    """
    text = response.headers.get("Retry-After", "")
    asked: float | None = whole_number(text)
    if asked is None:
        try:
            asked = parsedate_to_datetime(text).timestamp() - _server_time(response, now)
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return float(asked) if 0 < asked <= longest else 0.0


def _server_time(response: requests.Response, now: float) -> float:
    """The moment of an answer on Intercom's clock, in whole seconds; ``now``, ours, if it does not say."""
    date = date_of(response)
    return now if date is None else date


def _seconds_until(reset: int, response: requests.Response, now: float) -> float:
    """How long until ``reset``, measured on Intercom's own clock when the answer carries a ``Date``.

    ``Date`` has whole seconds, so the true wait lies up to one second below the result. A window lasts ten
    seconds: whatever the clocks say, there is no longer wait than that and the answer's way back.
    """
    return min(max(reset - _server_time(response, now), 0.05), _BLIND_WAIT)
