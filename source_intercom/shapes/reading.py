"""The window that is being read, as its stream sees it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from source_intercom.sync.state import PageCursor
from source_intercom.sync.windows import Window


class Reading(Protocol):
    """The partition for which a stream reads a window: what the stream may ask it, and must tell it."""

    @property
    def most_parts(self) -> int:
        """Into how many windows its work may be cut; with none it must be read here."""

    @property
    def is_costly(self) -> bool:
        """Whether a page takes requests beyond its own, so that it is worth a checkpoint and a page fetched ahead."""

    @property
    def slice(self) -> Window | None:
        """Which part of a crowded window is to be read, by its records' second time; None for the whole window."""

    @property
    def unread(self) -> Sequence[Window]:
        """All that this sync reads of the stream."""

    def expect(self, total: int) -> None:
        """The window matches so many records."""

    def split(self, windows: Iterable[Window]) -> None:
        """Hand out windows to other workers. The time in them is no longer this window's."""

    def slice_up(self, slices: Sequence[Window], total: int) -> None:
        """Hand out the same window in slices; ``total`` is what all of them hold together."""

    @property
    def was_read_here(self) -> bool:
        """Whether none of the window was handed out."""

    def slice_ended(self, distinct: int) -> "Sliced | None":
        """A slice has been read and had so many records. The sum of all for the slice that ends last, else None."""

    def reached(self, part: Window) -> None:
        """All records of this part of the window have been delivered."""

    def leave_rest(self) -> None:
        """Have all that was not told as reached stay unread when the reading ends."""

    def asked(self, through: int | str) -> None:
        """All records up to one have been given, of a source that is read whole; see ``IntercomStream.lies_within``."""

    @property
    def job(self) -> Mapping[str, Any] | None:
        """The job that an earlier sync left unfinished, as it was given to ``keep_job``; None for none."""

    def keep_job(self, job: Mapping[str, Any] | None) -> None:
        """Have the states name a job that Intercom is working on; None when there is none any more."""

    @property
    def page_cursor(self) -> PageCursor | None:
        """The cursor that an earlier sync kept, of a list that is sorted oldest first; None for none."""

    def keep_page_cursor(self, cursor: PageCursor) -> None:
        """Have the state tell where in its list the next sync may begin."""

    def short_before(self, missing: int) -> str:
        """When just as many records were missing before, so that Intercom's total must be wrong; "" if never.

        In words that end a sentence: in an earlier sync, or at the first try for streams that have no state.
        """

    def came_short(self, missing: int) -> None:
        """Intercom announced so many records more than it gave, also when it was asked once more."""


class Sliced:
    """What all slices of a window came to: the records they had, and what their window was said to hold."""

    def __init__(self, distinct: int, total: int) -> None:
        self.distinct = distinct
        self.total = total


class Uncut:
    """A search that is not cut any further: one of several by which the window of a ``reading`` is read."""

    most_parts: ClassVar[int] = 0
    slice: ClassVar[None] = None
    was_read_here: ClassVar[bool] = True
    job: ClassVar[None] = None
    page_cursor: ClassVar[None] = None

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    @property
    def is_costly(self) -> bool:
        return self._reading.is_costly

    @property
    def unread(self) -> Sequence[Window]:
        return self._reading.unread

    def expect(self, total: int) -> None:
        """Nothing: several searches of one window have no total in common."""

    def split(self, windows: Iterable[Window]) -> None:
        raise NotImplementedError("this search is not cut any further")

    def slice_up(self, slices: Sequence[Window], total: int) -> None:
        raise NotImplementedError("this search is not cut any further")

    def slice_ended(self, distinct: int) -> Sliced | None:
        return None

    def reached(self, part: Window) -> None:
        """Nothing: another search of the same window may have more there."""

    def leave_rest(self) -> None:
        raise NotImplementedError("a search is read whole")

    def asked(self, through: int | str) -> None:
        """Nothing, for the same reason."""

    def keep_job(self, job: Mapping[str, Any] | None) -> None:
        raise NotImplementedError("this search is not cut any further")

    def keep_page_cursor(self, cursor: PageCursor) -> None:
        raise NotImplementedError("this search is not cut any further")

    def short_before(self, missing: int) -> str:
        return self._reading.short_before(missing)

    def came_short(self, missing: int) -> None:
        self._reading.came_short(missing)


class AllParents(Uncut):
    """The one search for all parents of a stream that asks each of them for rows. It is not cut any further."""

    def reached(self, part: Window) -> None:
        # Parents come in the order of their time: who continues needs none that is older than this.
        self._reading.asked(part.end)
