"""Reading all of a collection again inside incremental syncs, and how far that has come.

Deletions, and links that come and go without moving their record's time, are found only by reading all again. Such a
reconciliation may take several syncs: it goes on where it broke off, and never moves the stream's own position back.
"""

from collections.abc import Mapping
from typing import Any

from source_intercom.sync.moments import seconds_of
from source_intercom.sync.windows import DAY, Window, joined, without

RECONCILED = "reconciled_at"
RECONCILING = "reconciling"


class Reconciliation:
    """When one stream's reconciliation began, and which windows of it have been read.

    It belongs to the cursor of the stream, which alone uses it, and which calls all methods that change it under its
    lock.
    """

    def __init__(self, start: int, began: int, done: list[Window], records: int = 0) -> None:
        self.began = began
        self._start = start
        self._done = joined(done)
        self._records = records
        self._is_told = False

    @classmethod
    def due(
        cls, raw: Mapping[str, Any], *, start: int, now: int, last: int, every_days: int
    ) -> "Reconciliation | None":
        """The reconciliation that this sync begins or continues; None where none is due.

        ``raw`` is a saved state; ``start``, ``now`` and ``last``, the moment of the last one, are in Unix seconds.
        ``every_days`` 0 turns reconciling off.
        """
        if not every_days:
            return None
        under_way = raw.get(RECONCILING)
        if isinstance(under_way, dict) and (began := seconds_of(under_way.get("began_at"))):
            done = [
                Window(*item)
                for item in under_way.get("slices") or ()
                if isinstance(item, list) and len(item) == 2 and all(type(bound) is int for bound in item)
            ]
            return cls(start, began, done, seconds_of(under_way.get("records")) or 0)
        return cls(start, now, []) if now - last >= every_days * DAY else None

    @property
    def done(self) -> list[Window]:
        """The windows that have been read."""
        return list(self._done)

    @property
    def is_over(self) -> bool:
        """Whether all from the start to the moment at which it began has been read."""
        return bool(self._done) and self._done[0].start <= self._start and self._done[0].end >= self.began

    def add(self, window: Window) -> None:
        """A window has been read."""
        self._done = joined([*self._done, window])

    def take_back(self, window: Window) -> None:
        """A window turned out to be incomplete, though parts of it were added before."""
        self._done = without(self._done, window)

    def count(self, records: int) -> None:
        """So many records have been given."""
        self._records += records

    def claim_end(self) -> int | None:
        """The number of records given, once, when it is over; else None."""
        if not self.is_over or self._is_told:
            return None
        self._is_told = True
        return self._records

    def beside(self) -> dict[str, Any]:
        """The keys of a state that say how far it is."""
        if self.is_over:
            return {RECONCILED: self.began}
        slices = [list(window) for window in self._done]
        return {RECONCILING: {"began_at": self.began, "records": self._records, "slices": slices}}
