"""What a stream has cost."""

import threading
import time
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What one stream has cost and could not get; the figures of the summary at the end.

    The workers of the stream add to it, under ``_lock``. The figures are read without it, as each is one number.
    """

    calls: int = 0
    records: int = 0
    gone: int = 0
    odd: int = 0
    skipped: int = 0
    capped: int = 0
    expected: int = 0
    began: float | None = None
    ended: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def seconds(self) -> float:
        """From the first call to the last record."""
        return 0.0 if self.began is None else self.ended - self.began

    def add(
        self,
        *,
        calls: int = 0,
        records: int = 0,
        gone: int = 0,
        odd: int = 0,
        skipped: int = 0,
        capped: int = 0,
        expected: int = 0,
    ) -> None:
        """Add to the figures; workers of one stream count side by side."""
        with self._lock:
            self.ended = time.monotonic()
            self.began = self.began or self.ended
            self.calls += calls
            self.records += records
            self.gone += gone
            self.odd += odd
            self.skipped += skipped
            self.capped += capped
            self.expected += expected
