"""Reading a search from one end, or from both until the readers meet.

A search gives one page after the other, so a window that is one search takes as long as its pages take in a row. Two
readers, oldest first and newest first, halve that and cost no page more: they stop where they meet.

A record that changes meanwhile leaves the window, as its new time lies behind the moment the read began. That is so
for either order, and the next sync or the sweep brings it.
"""

import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from source_intercom.api.errors import strange
from source_intercom.api.pages import SEARCH_PAGE, Answer
from source_intercom.api.queries import Order
from source_intercom.shapes.coercion import Record
from source_intercom.sync.windows import Window

# A page is asked for after so many seconds although the one that the other reader waits for may be the last.
_PATIENCE = 5.0


class Taken(NamedTuple):
    """What is to be given of a page, and the part of the window that has been given whole once this has been."""

    records: list[Record]
    covered: Window | None


class Meeting:
    """What the readers of one window know of each other, under one lock."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.readers: list[EndReader] = []
        # What the window is thought to hold. It decides who waits for whom, never that all has been read: a count
        # drifts while records come and go.
        self.total = 0
        # Nothing of the window is left to ask for.
        self.over = False


class EndReader:
    """Takes the pages of a search in one order. Thread-safe, but one take at a time.

    ``answers`` are the pages, ``moment`` and ``keeps`` what the stream knows of a record: its time, and whether it
    is wanted. With a ``meeting`` it is the second reader of a window, which the first one must do without if need be.

    ``unsettled`` are the moments up to the read's begin whose changes the search index may not know yet. A record that
    shows a time in there or later may stand anywhere, as the index sorts it by an older one: it says nothing about how
    far the reader has come, and is taken wherever it is found.
    """

    def __init__(
        self,
        answers: Iterator[Answer],
        window: Window,
        order: Order,
        *,
        moment: Callable[[Record], int | None],
        keeps: Callable[[Record], bool],
        unsettled: Window,
        meeting: Meeting | None = None,
    ) -> None:
        self.meeting = meeting or Meeting()
        # Of the last page: the id of its last record, and the first and the last time that say something. The page
        # itself would stay in memory for as long as the other reader knows this one.
        self.last_id: str | None = None
        self.first: int | None = None
        # All records before the last time, in this reader's order, have been taken.
        self.edge: int | None = None
        self._answers = answers
        self._window = window
        self._order = order
        self._moment = moment
        self._keeps = keeps
        self._unsettled = unsettled
        self._helps = meeting is not None
        self._searches_more = False
        self._in_order = True
        self._apart = True
        self._asking = False
        self._at_work = False
        # Whether it has come to what the index may not know yet, where no time tells who has read what.
        self._is_unsettled = False
        self._count = 0
        # What has been taken, by id: by its time alone, a record that has just changed would seem to have been.
        self.remembers = True
        self._ids: set[str] = set()
        with self.meeting.changed:
            self.meeting.readers.append(self)

    def narrow(self, window: Window, total: int) -> None:
        """Keep the beginning of what is searched; ``total`` is what it holds, roughly."""
        self._window = window
        self._searches_more = True
        self.meeting.total = total

    def stop(self) -> None:
        """Nobody needs to wait for this reader any more."""
        with self.meeting.changed:
            self._at_work = False
            if not any(reader._at_work for reader in self.meeting.readers):
                # They know each other in a circle, which would keep what they remember until the collector comes by.
                self.meeting.readers.clear()
            self.meeting.changed.notify_all()

    def take(self) -> Taken | None:
        """Ask for the next page and take what nobody has taken; None when nothing is left. Raises an ``IntercomError``.

        An error takes nothing: whoever reads on finds the records of that page.
        """
        if not self._may_ask():
            return None
        try:
            answer = next(self._answers, None)
            return None if answer is None else self._claim(answer)
        finally:
            with self.meeting.changed:
                self._asking = False
                self.meeting.changed.notify_all()

    def _may_ask(self) -> bool:
        """Wait while the page that the other reader asks for may be the last one, and leave the newest to one."""
        meeting = self.meeting
        with meeting.changed:
            left = meeting.total - sum(reader._count for reader in meeting.readers)
            if self._is_unsettled and not self._helps:
                meeting.changed.wait_for(lambda: not any(one._at_work for one in self._others()), _PATIENCE)
            if left <= SEARCH_PAGE:
                meeting.changed.wait_for(lambda: not any(one._asking for one in self._others()), _PATIENCE)
            self._asking = self._at_work = not meeting.over and not (self._helps and self._is_in_the_way())
            return self._asking

    def _is_in_the_way(self) -> bool:
        """Whether the first reader had better go on alone.

        Readers pass each other within a second that has many records, as none knows in which order these come.
        """
        if not all(one._in_order for one in self._others()):
            return True
        if not self._count and any(one._is_unsettled for one in self._others()):
            return True
        return self.edge is not None and self.first == self.edge

    def _claim(self, answer: Answer) -> Taken:
        found = [(record, self._moment(record)) for record in answer.records]
        # Outside the lock: what is kept may take calls.
        wanted = [self._lies_in(moment) and self._keeps(record) for record, moment in found]
        moments = [moment for _, moment in found if moment is not None]
        with self.meeting.changed:
            self._move_edge([moment for moment in moments if moment < self._unsettled.start])
            self._is_unsettled = bool(moments) and moments[-1] >= self._unsettled.start
            fresh = [not any(record["id"] in other._ids for other in self._others()) for record in answer.records]
            self._count += sum(fresh)
            self._apart = self._apart and all(fresh)
            if answer.records:
                self.last_id = answer.records[-1]["id"]
            if self.remembers:
                self._ids.update(record["id"] for record in answer.records)
            if not self._searches_more:
                self.meeting.total = answer.total
            self.meeting.over = self.meeting.over or answer.is_last or self._is_through()
            records = [record for record, *both in zip(answer.records, wanted, fresh, strict=True) if all(both)]
            return Taken(records, self._covered())

    def _move_edge(self, moments: list[int]) -> None:
        known = moments if self.edge is None else [self.edge, *moments]
        if not known or not self._in_order:
            return
        steps = pairwise(known if self._order == "ascending" else reversed(known))
        if all(one <= other for one, other in steps):
            self.first, self.edge = (moments or known)[0], known[-1]
        elif self._helps:
            raise strange(f"a page that is not {self._order}")
        else:
            # Read to the end then: nothing tells any more what has been read.
            self._in_order = False
            self.edge = None

    def _lies_in(self, moment: int | None) -> bool:
        if moment is None or self._window.holds(moment):
            return True
        # A sweep, which begins behind them, has nothing to do with them: the search of whole days finds them again.
        return self._window.start <= self._unsettled.end and self._unsettled.holds(moment)

    def _is_through(self) -> bool:
        if self.edge is None:
            return False
        if self._order == "ascending":
            # Of the second at which both stand neither may have taken all.
            return self.edge > min([self._window.end, *(one.edge for one in self._others() if one.edge is not None)])
        return self.edge < max([self._window.start, *(one.edge for one in self._others() if one.edge is not None)])

    def _covered(self) -> Window | None:
        # The other reader may not have given yet what it has taken.
        if self.edge is None or not self._apart:
            return None
        if self._order == "ascending":
            part = Window(self._window.start, min(self.edge - 1, self._window.end))
        else:
            part = Window(max(self.edge + 1, self._window.start), self._window.end)
        return part if part.start <= part.end else None

    def _others(self) -> "list[EndReader]":
        return [reader for reader in self.meeting.readers if reader is not self]
