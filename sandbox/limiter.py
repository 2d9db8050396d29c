"""Intercom's rate limit: windows of ten seconds, aligned to the clock."""

from __future__ import annotations

from collections.abc import Callable

from .errors import ApiError
from .settings import Settings

WINDOW_SECONDS = 10
WINDOWS_A_MINUTE = 60 // WINDOW_SECONDS


class Limiter:
    """Counts the calls of one window. Time runs on here where the workspace's `now` is set: clients wait for it."""

    def __init__(self, settings: Settings, clock: Callable[[], float] | None = None) -> None:
        self._settings = settings
        self._clock = clock or settings.clock
        self._window = 0
        self._used = 0

    @property
    def limit(self) -> int:
        """The allowance of one window."""
        return max(1, round(self._settings.rate_limit / WINDOWS_A_MINUTE))

    def spend(self, calls: int = 1) -> None:
        """Take calls from the current window, as another app of the workspace would."""
        self._turn()
        self._used += calls

    def take(self) -> ApiError | None:
        """Pay for one call; an error when the window is spent."""
        if not self._settings.rate_limit:
            return None
        self._turn()
        if self._used >= self.limit:
            return ApiError(
                429, "rate_limit_exceeded", f"Exceeded rate limit of {self.limit} in {WINDOW_SECONDS}_seconds"
            )
        self._used += 1
        return None

    def headers(self) -> dict[str, str]:
        """What an authenticated answer carries; nothing when there is no limit or headers are left out."""
        if not self._settings.rate_limit or not self._settings.rate_headers:
            return {}
        self._turn()
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self._used)),
            "X-RateLimit-Reset": str((self._window + 1) * WINDOW_SECONDS),
        }

    def _turn(self) -> None:
        window = int(self._clock()) // WINDOW_SECONDS
        if window != self._window:
            self._window, self._used = window, 0
