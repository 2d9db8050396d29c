"""Whether it is worth going on after a failure."""

import threading

from source_intercom.api.errors import IntercomError

# So many failures of a stream are reported as errors; the log has all of them.
_TOLD = 3
# Failures in a row after which the rest is left to the next sync: each of them took minutes of retries.
_IN_A_ROW = 3


class Health:
    """How a group of streams, or one stream of it, fares.

    Shared by all workers of the group: each tells what worked and what failed, all ask whether to go on. Every field
    is read and written under the one lock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = False
        self._told = 0
        self._in_a_row = 0

    @property
    def stopped(self) -> bool:
        """Whether nothing more should be tried."""
        with self._lock:
            return self._stopped

    def worked(self) -> None:
        """Something was read: the failures before it were no outage."""
        with self._lock:
            self._in_a_row = 0

    def failed(self, error: Exception) -> bool:
        """Count a failure. Whether it is to be reported: not after some of them, nor once nothing more is tried."""
        with self._lock:
            tell = not self._stopped and self._told < _TOLD
            self._told += tell
            self._in_a_row += 1
            final = error.final if isinstance(error, IntercomError) else True
            self._stopped = self._stopped or final or self._in_a_row >= _IN_A_ROW
            return tell
