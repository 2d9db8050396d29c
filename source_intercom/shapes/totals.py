"""What a search has given, held against what Intercom announced."""

from typing import NamedTuple

from source_intercom.api.errors import Unavailable
from source_intercom.sync.windows import Window


class Incomplete(Unavailable):
    """Intercom announced more records of a window than it gave, also when it was asked once more."""


class Seen:
    """The records that a search has given, by a short name each, and how many of them lie in the slice asked for.

    ``window`` and ``part`` are what the records are to belong to, by their two times; no ``part`` for any second time.
    Searches that are cut smaller share it.
    """

    def __init__(self, window: Window, part: Window | None) -> None:
        self.window = window
        self.part = part
        self.names: set[int] = set()
        self.in_slice = 0


class Ended(NamedTuple):
    """How a search ended: with which total in its last answer, and whether it was read to its last page."""

    total: int | None
    is_whole: bool

    def missing(self, seen: Seen) -> int:
        """How many records were announced and not seen."""
        return (self.total or 0) - len(seen.names) if self.is_whole else 0
