"""What a partition is to read, and what the slices of one crowded window have come to."""

import threading
from dataclasses import dataclass

from source_intercom.shapes.reading import Sliced
from source_intercom.sync.windows import Window


class Slices:
    """The slices of one crowded window: it has been read when all of them have.

    Shared by the workers that read them; every field is read and written under the lock.
    """

    def __init__(self, total: int, number: int) -> None:
        self._lock = threading.Lock()
        self._total = total
        self._distinct = 0
        self._unread = number
        self._open = number
        self._unread_for: set[str] = set()

    def add(self, number: int) -> None:
        """A slice is cut into so many smaller ones, which are read in its place."""
        with self._lock:
            self._unread += number - 1
            self._open += number

    def ended(self, distinct: int) -> Sliced | None:
        """A slice with so many records has been read. The sum of all for the slice that ends last, else None."""
        with self._lock:
            self._distinct += distinct
            self._unread -= 1
            return Sliced(self._distinct, self._total) if self._unread == 0 else None

    def close_one(self, unread_for: set[str]) -> set[str] | None:
        """A partition has ended, and some streams lack rows of it. For the last one, all streams that lack any."""
        with self._lock:
            self._unread_for |= unread_for
            self._open -= 1
            return set(self._unread_for) if self._open == 0 else None


@dataclass(frozen=True)
class Work:
    """What a partition is to read: a window, or one slice of a crowded window together with others.

    ``is_told`` says that it is part of an estimate that was given, ``is_last_look`` that it is what moved meanwhile.
    """

    window: Window
    slice: Window | None = None
    slices: Slices | None = None
    is_told: bool = False
    is_last_look: bool = False
