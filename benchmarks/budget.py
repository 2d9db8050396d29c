"""How much of the rate limit a run used, from the sandbox's own count of calls over time."""

import math
import threading
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.workspace import Workspace

WINDOW_SECONDS = 10
"""Intercom counts calls in windows of this length, aligned to the clock."""
_POLL_SECONDS = 0.5

Sample = tuple[float, int]
"""Unix time in seconds, and the calls granted up to then (those answered 429 are not)."""


@dataclass(frozen=True)
class Window:
    """One rate-limit window."""

    start: float
    """Unix second."""
    share: float
    """Calls granted, as a share of what the window allows: 0 to 1."""


class Sampler:
    """Asks the sandbox for its count twice a second, on whole and half seconds, until told to stop."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="budget", daemon=True)
        self.samples: list[Sample] = []

    def __enter__(self) -> "Sampler":
        self._take()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._take()

    def _take(self) -> None:
        asked = time.time()
        calls = self._workspace.calls()
        # A busy sandbox answers late; what it counted, it counted about half-way.
        self.samples.append(((asked + time.time()) / 2, calls["total"] - calls["rate_limited"]))

    def _run(self) -> None:
        while not self._stop.wait(_POLL_SECONDS - time.time() % _POLL_SECONDS):
            self._take()


def granted(samples: Sequence[Sample], moment: float) -> float:
    """Calls granted up to a moment, between two samples in proportion."""
    at = bisect_right(samples, (moment, math.inf))
    if at == 0:
        return samples[0][1]
    if at == len(samples):
        return samples[-1][1]
    (before, low), (after, high) = samples[at - 1], samples[at]
    return low + (high - low) * (moment - before) / (after - before)


def windows(samples: Sequence[Sample], calls_a_minute: int) -> list[Window]:
    """Every window from the first call to the last, partly used ones included."""
    busy = _busy(samples)
    if busy is None:
        return []
    allowed = calls_a_minute * WINDOW_SECONDS / 60
    start = math.floor(busy[0] / WINDOW_SECONDS) * WINDOW_SECONDS
    found = []
    while start < busy[1]:
        calls = granted(samples, start + WINDOW_SECONDS) - granted(samples, start)
        found.append(Window(start, calls / allowed))
        start += WINDOW_SECONDS
    return found


def busy_share(samples: Sequence[Sample], calls_a_minute: int) -> float | None:
    """The mean share over the windows that lie whole between the first call and the last; None without any."""
    busy = _busy(samples)
    whole = [
        window.share
        for window in windows(samples, calls_a_minute)
        if busy is not None and busy[0] <= window.start and window.start + WINDOW_SECONDS <= busy[1]
    ]
    return sum(whole) / len(whole) if whole else None


def best_share(samples: Sequence[Sample], calls_a_minute: int) -> float | None:
    """The share of the window that was used most; None when no call was made."""
    return max((window.share for window in windows(samples, calls_a_minute)), default=None)


def _busy(samples: Sequence[Sample]) -> tuple[float, float] | None:
    """From the last sample before the first call to the first sample after the last call."""
    first = next((i for i, (_, calls) in enumerate(samples) if calls > 0), None)
    if first is None:
        return None
    last = next(i for i, (_, calls) in enumerate(samples) if calls == samples[-1][1])
    return samples[max(0, first - 1)][0], samples[last][0]
