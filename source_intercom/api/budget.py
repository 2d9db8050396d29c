"""The one call budget of a process, learned from Intercom's rate-limit headers.

Intercom splits a minute's allowance evenly into ten-second windows and says with every authenticated answer how
large the window is, how much of it is left and when it ends (notes §3). The budget spends what the headers
allow; nothing sleeps while calls are left.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from airbyte_cdk.sources.streams.call_rate import AbstractCallRatePolicy, CallRateLimitHit, HttpAPIBudget

WINDOW_SECONDS = 10
# Without headers nobody says when the window ends; one second more covers the answer's way back.
_BLIND_WAIT = WINDOW_SECONDS + 1.0


class WindowPolicy(AbstractCallRatePolicy):
    """Counts one ten-second window. Thread-safe: all workers share it.

    ``calls_per_minute`` caps from above what Intercom allows; None means no cap of ours.
    ``clock`` gives Unix seconds; it is a parameter for the tests.
    """

    def __init__(self, calls_per_minute: int | None = None, clock: Callable[[], float] = time.time) -> None:
        self._cap = None if calls_per_minute is None else max(1, calls_per_minute * WINDOW_SECONDS // 60)
        self._clock = clock
        self._lock = threading.Lock()
        self._left: int | None = None  # of Intercom's window; None: nothing known yet, nothing to hold back
        self._cap_left = self._cap  # of our own cap in the same window
        self._limit: int | None = None  # the size of a window, once a header has told it
        self._ends = clock() + WINDOW_SECONDS if self._cap else 0.0  # on our clock
        self._server_reset = 0  # the same end, on Intercom's clock, as the header gives it
        self._least = 0  # the least that an answer of this window said was left
        self._confirmed = False  # whether an answer has named this window, or our clock alone has opened it
        self._in_flight = 0

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
        """Take in the headers of an answer, which may lack any of them, and a 429, which is always final."""
        limit = _number(response, "X-RateLimit-Limit")
        left = _number(response, "X-RateLimit-Remaining")
        reset = _number(response, "X-RateLimit-Reset")
        with self._lock:
            self._in_flight -= 1
            now = self._clock()
            if limit is not None:
                self._limit = limit
            if response.status_code == 429:
                left = 0
                if reset is None:
                    self._left, self._ends = 0, now + _BLIND_WAIT
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


class CallBudget(HttpAPIBudget):
    """The CDK's budget with :class:`WindowPolicy` as its only policy. Waits; never fails for want of calls."""

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


def _number(response: requests.Response, header: str) -> int | None:
    text = response.headers.get(header, "")
    return int(text) if text.isascii() and text.isdigit() else None


def _seconds_until(reset: int, response: requests.Response, now: float) -> float:
    """How long until ``reset``, measured on Intercom's own clock when the answer carries a ``Date``.

    ``Date`` has whole seconds, so the true wait lies up to one second below the result. A window lasts ten
    seconds: whatever the clocks say, there is no longer wait than that and the answer's way back.
    """
    try:
        server_now = parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        server_now = now
    return min(max(reset - server_now, 0.05), _BLIND_WAIT)
