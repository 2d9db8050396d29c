"""What a search has given, held against what Intercom announced."""

from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

from source_intercom.api.errors import CursorRefused, Unavailable
from source_intercom.api.figures import Page, name_of
from source_intercom.api.pages import Answer
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

    def shortage(self, seen: Seen) -> str:
        """In words."""
        return f"Intercom announces {self.total} records {seen.window.shown} and gave {len(seen.names)}."


def come_meanwhile(
    answers: Iterator[Answer], seen: Seen, taken: Callable[[Page], Page]
) -> Generator[Page, None, Ended]:
    """What has come to the newest end of a search while it was read, and the total that goes with it.

    A search by days counts what changes after its sync began, and records that change while they are read move behind
    the reader of a search that is sorted newest first. ``answers`` are sorted so; ``taken`` makes of their records
    those that are given, and adds them to ``seen``.
    """
    total: int | None = None
    try:
        for answer in answers:
            total = answer.total
            reaches = not answer.records or name_of(answer.records[-1]) in seen.names
            yield taken(answer.records)
            if reaches:
                break
    except CursorRefused:
        # The total tells what is missing.
        pass
    return Ended(total, is_whole=True)
