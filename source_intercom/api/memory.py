"""The memory that answers may take, all of them together, however many are read at the same time."""

import ctypes
import logging
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_LOGGER = logging.getLogger("airbyte")

# Of answers that are being read. Fifty of usual size, a megabyte or less each, fit in.
_MOST_READ = 128 << 20
# Of the whole process, in the 2 GB that metadata.yaml asks for: what is parsed is for a moment written out beside it.
# Large syncs stay below 250 MB.
MOST_RESIDENT = 1024 << 20
# How long an answer waits for others to give memory back before its stream fails.
LONGEST = 60.0
_POLL = 0.1
_TELL_EVERY = 60.0

# Below the first size the memory is not looked at. Above the second, answers become objects one after another.
_SMALL = 256 << 10
_LARGE = 4 << 20
# Measured with msgspec on Python 3.11: a value takes 32 to 63 bytes, 110 where each is an object with one field. A
# letter takes four where one in the text is beyond 16 bits.
_BYTES_A_VALUE = 200
_BYTES_A_LETTER = 4


class NoMemory(Exception):
    """Other answers take the memory that this one needs, and have not given it back in time."""


class MemoryBudget:
    """Bounds what answers take, in two steps: as bytes while they are read, and as objects when they are parsed.

    Used by all threads that ask Intercom. ``resident`` gives the bytes that the process takes, ``most_read`` and
    ``most_resident`` bound both steps in bytes, and ``longest`` in seconds how long one answer waits for others.

    Answers cannot block each other: one that finds the first bound reached goes on when it is the only one that does
    so, and ends at the bound of a single answer. At the second bound each answer waits by itself, for a limited time.
    """

    def __init__(
        self,
        *,
        most_read: int = _MOST_READ,
        most_resident: int = MOST_RESIDENT,
        longest: float = LONGEST,
        resident: Callable[[], int] | None = None,
    ) -> None:
        self._most_read = most_read
        self._most_resident = most_resident
        self._longest = longest
        self._resident = resident or resident_bytes
        # What is read and written under the lock of the condition only.
        self._changed = threading.Condition()
        self._read = 0
        self._alone: Share | None = None
        self._tell_again = 0.0
        # Held by the one large answer that is becoming objects.
        self._parsing = threading.Lock()

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """A share for one answer, given back at the end of the block."""
        share = Share(self)
        try:
            yield share
        finally:
            with self._changed:
                self._read -= share.taken
                if self._alone is share:
                    self._alone = None
                self._changed.notify_all()

    def take(self, share: "Share", size: int) -> None:
        """Give a share so many bytes more, when there is room for them. Raises ``NoMemory``."""
        with self._changed:
            if self._read + size > self._most_read:
                if not self._changed.wait_for(lambda: self._has_room(share, size), timeout=0):
                    self._tell(f"{self._read >> 20} MB of answers are being read")
                    if not self._changed.wait_for(lambda: self._has_room(share, size), timeout=self._longest):
                        raise NoMemory
                if self._read + size > self._most_read:
                    self._alone = share
            self._read += size
            share.taken += size

    def _has_room(self, share: "Share", size: int) -> bool:
        return self._read + size <= self._most_read or self._alone in (None, share)

    @contextmanager
    def parsing(self, size: int, cost: Callable[[], int]) -> Iterator[None]:
        """A block in which an answer of so many bytes becomes objects: begins when they fit. Raises ``NoMemory``.

        ``cost`` gives the bytes of the objects at most, and is asked for large answers only.
        """
        if size < _SMALL:
            yield
            return
        until = time.monotonic() + self._longest
        if size < _LARGE:
            self._wait(size, until)
            yield
            return
        if not self._parsing.acquire(timeout=self._longest):
            raise NoMemory
        try:
            self._wait(cost(), until)
            yield
        finally:
            self._parsing.release()

    def _wait(self, size: int, until: float) -> None:
        while self._resident() + size > self._most_resident:
            give_back()
            if self._resident() + size <= self._most_resident:
                return
            if time.monotonic() >= until:
                raise NoMemory
            with self._changed:
                self._tell(f"{self._resident() >> 20} MB are in use")
            time.sleep(_POLL)

    def _tell(self, what: str) -> None:
        now = time.monotonic()
        if now >= self._tell_again:
            self._tell_again = now + _TELL_EVERY
            _LOGGER.info(f"Waiting for free memory before the next large answer is read: {what}")


class Share:
    """What one answer takes of the memory budget; used by the thread that reads it."""

    def __init__(self, budget: MemoryBudget) -> None:
        self._budget = budget
        self.taken = 0

    def take(self, size: int) -> None:
        """Take so many bytes more. Raises ``NoMemory``."""
        self._budget.take(self, size)


def cost_of(content: bytes) -> int:
    """At most so many bytes the objects of a JSON text take. A text of 16 MB can become 400 MB of them."""
    values = content.count(b",") + content.count(b"{") + content.count(b"[") + 1
    is_narrow = content.isascii() and b"\\u" not in content
    return values * _BYTES_A_VALUE + len(content) * (1 if is_narrow else _BYTES_A_LETTER)


def resident_bytes() -> int:
    """What this process takes of the machine's memory now, 0 where the system does not tell."""
    try:
        # Asked for most answers. Python's own way to read a file makes twice as many system calls.
        file = os.open("/proc/self/statm", os.O_RDONLY)
        try:
            return int(os.read(file, 100).split()[1]) * resource.getpagesize()
        finally:
            os.close(file)
    except (OSError, ValueError, IndexError):
        return 0


def give_back() -> None:
    """Give the system back what has been freed, where the C library keeps it and can be asked to."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
