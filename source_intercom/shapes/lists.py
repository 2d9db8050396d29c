"""Collections that are listed: read whole, or newest first up to what has been read."""

from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from source_intercom.api.figures import Page, name_of
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.reading import Reading
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.windows import Window


class ListStream(IntercomStream):
    """A collection that every sync reads whole: Intercom neither filters it nor says when a record changed."""

    reads_whole: ClassVar[bool] = True

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        return self.listed()


class ClientFilteredStream(ListStream):
    """A collection that Intercom cannot filter, but whose records tell when they changed: Airbyte calls such a stream
    client-side incremental.

    It is read whole, and each stream made from it keeps the records of its own window. A full refresh keeps what
    changes meanwhile too, because no later sync would bring it. The new state is the moment at which the read began:
    a record that changed behind the reader is found by the next sync.
    """

    cursor_time = "updated_at"
    is_reconciled = True

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        return self.listed(window.start)


class NewestFirstStream(ClientFilteredStream):
    """A collection that Intercom documents to be sorted newest first: its read stops where the window starts.

    The order is believed only while every page keeps it, and only once it is told from the order of creation, which
    looks the same as long as nothing changes. Else the list is read to its end.
    """

    # It can be a long history.
    is_reconciled = False
    # The time by which a list may be sorted instead; empty where records have no other time.
    other_order: ClassVar[str] = "created_at"
    # Whether each sync asks every record for rows, and never comes back for those of one that it missed.
    is_asked_whole: ClassVar[bool] = False

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        pages = self._until_older(window)
        return self.with_moved(pages) if self.full or self.is_asked_whole else pages

    def with_moved(self, pages: Iterator[Page]) -> Iterator[Page]:
        """Pages of the list, and at the end what changed meanwhile, and so moved to its front behind the reader.

        An incremental sync leaves those records to the next one. After a full refresh there is none that would bring
        them, and what each record is asked for would be missing for the time of this sync.
        """
        names: set[int] = set()
        count = 0
        for page in pages:
            count += 1
            names.update(map(name_of, _objects(page)))
            yield page
        # A list of one page, or one whose records have no other time than that of their creation, cannot move so.
        if count < 2 or not self.other_order:
            return
        began = self.sync.now
        # Whether Intercom counts the second itself is not documented.
        for page in self.listed(began - 1):
            records = _objects(page)
            is_last = any((self.moment_of(record) or 0) < began for record in records)
            yield [record for record in records if name_of(record) not in names]
            if is_last:
                return

    def _until_older(self, window: Window) -> Iterator[Page]:
        before: list[Record] = []
        in_order, told_apart = True, not self.other_order
        for page in self.listed(window.start):
            records = _objects(page)
            line = [*before, *(record for record in records if self.moment_of(record) is not None)]
            steps = [(self.moment_of(one) or 0, self.moment_of(two) or 0) for one, two in pairwise(line)]
            in_order = in_order and all(one >= two for one, two in steps)
            told_apart = told_apart or any(self._tells_apart(one, two) for one, two in pairwise(line))
            before = line[-1:]
            # A whole page must be older: one record out of place does not hide those behind it.
            moments = [self.moment_of(record) for record in records]
            is_older = bool(moments) and all(moment is not None and moment < window.start for moment in moments)
            ends = is_older and in_order and told_apart
            # As the last step, because the caller may empty the page.
            yield page
            if ends:
                return

    def _tells_apart(self, one: Record, two: Record) -> bool:
        """Whether two neighbours are in the order of change and not in the other order."""
        steps = []
        for field in (self.time_field, self.other_order):
            first, second = seconds_of(one.get(field)), seconds_of(two.get(field))
            steps.append(None if first is None or second is None else second - first)
        changed, created = steps
        if changed is None or created is None:
            return self.moment_of(one) != self.moment_of(two)
        return changed < 0 < created


def _objects(page: Page) -> list[Record]:
    """The items of a page that can tell a time. Whoever takes the page counts the others."""
    return [item for item in page if isinstance(item, dict)]
