"""Streams that Intercom can search: windows of about equal work, each read from one end or from both."""

from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import quote

from source_intercom.api.errors import IntercomError, RecordGone, Unavailable
from source_intercom.api.pages import SEARCH_PAGE, Page, records_in, search_answers
from source_intercom.api.queries import Choices, Order, Query, search_body, searches, seconds_query
from source_intercom.shapes.base import IntercomStream, Reading, Sync, Uncut, moment_of
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.ends import EndReader, Meeting, Taken
from source_intercom.sync.state import INDEX_LAG
from source_intercom.sync.windows import Window, cut

# A window wastes half a page at its end on average: at forty, windows cost little more than one call in a hundred.
_WINDOW_PAGES = 40
# With more parts than these, one call to find the last record is cheaper than empty windows behind it.
_PAYS_A_CALL = 8
_CHECKPOINT_PAGES = 10
# With fewer, there is nothing for a second reader to do.
_PAGES_FOR_TWO = 3


class SearchStream(IntercomStream):
    """A collection with a search: Intercom filters, by whole seconds unless a stream says otherwise.

    The first page of a window tells how much lies in it. A window that is heavy keeps its beginning and hands
    out the rest in windows of some forty pages, each of which does the same: so work of any skew ends up evenly in
    many hands, and what is small costs no call more than its pages. What is not cut is read from both ends.
    """

    # The path that gives one record, for filters that name records by id.
    single: ClassVar[str] = ""

    def __init__(self, sync: Sync | None = None, *, full: bool = False, order_by: str = "updated_at") -> None:
        super().__init__(sync, full=full, order_by=order_by)
        self.walk_field = order_by

    @property
    def cursor_field(self) -> str | list[str]:
        # A projection's cursor has a name of its own; the others show the time that they are searched by.
        return self.order_by if self.cursor_time == "updated_at" else super().cursor_field

    @property
    def choices(self) -> Choices:
        """Filters that the search takes."""
        return []

    @property
    def chosen_ids(self) -> list[str]:
        """Ids of the only records that are wanted; empty for all."""
        return []

    def keeps(self, record: Record) -> bool:
        """Filters that the search does not take."""
        return True

    @property
    def sweeps(self) -> bool:
        # A record that changes before its window is read moves past the end. The next incremental sync brings
        # it; a full refresh has no next one, so it looks again at the end.
        return self.full and self.sync.config.end is None

    def query(self, window: Window) -> Query:
        """What to ask for a window: it may match more than the window, never less."""
        return seconds_query(self.walk_field, window.start, window.end)

    def cut(self, window: Window, parts: int) -> list[Window]:
        """Cut a window where this stream's search can tell two windows apart."""
        return cut(window, parts)

    def late_part(self, window: Window) -> Window | None:
        """The beginning of a window that the search cannot tell from what lies before it, where that costs pages.

        Such a window is read newest first.
        """
        return None

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        if self.chosen_ids:
            yield from self._chosen(window)
            return
        queries = list(searches(self.query(window), self.choices))
        if len(queries) == 1:
            yield from self._found(queries[0], window, reading)
            return
        given: set[str] = set()
        for query in queries:
            # Several searches can find one record, and none of them may cut the window for the others.
            for page in self._found(query, window, Uncut(is_costly=reading.is_costly)):
                yield [record for record in page if record["id"] not in given]
                given.update(record["id"] for record in page)

    def probe(self) -> None:
        moment = self.sync.begin
        query = self.query(Window(moment, moment))
        self.client.post(self.endpoint, search_body(query, self.walk_field, 1, None))

    def _found(self, query: Query, window: Window, reading: Reading) -> Iterator[Page]:
        late = self.late_part(window)
        reader = self._reader(query, window, "descending" if late else "ascending")
        # One that nobody helps may have millions of records before it.
        reader.remembers = reading.most_parts > 0
        shares = False
        try:
            taken = reader.take()
            total = reader.meeting.total
            reading.expect(len(taken.records) if taken and reader.meeting.over else total)
            parts = min(total // (SEARCH_PAGE * _WINDOW_PAGES), reading.most_parts)
            if parts > 1 and (handed := self._excess(query, window, reader, parts, late)):
                reading.split(handed)
                window, total = Window(window.start, handed[0].start - 1), total // (len(handed) + 1)
                if late:
                    # What has been taken is the end of what others read now.
                    reader = self._reader(self.query(window), window, "descending")
                    taken = reader.take()
                else:
                    reader.narrow(window, total)
            shares = reading.most_parts > 0 and not late and total > SEARCH_PAGE * (_PAGES_FOR_TWO - 1)
            if shares:
                reading.share(lambda half: self._from_the_end(window, reader.meeting, half))
            yield from self._given(reader, taken, reading)
        except Unavailable:
            # One record that Intercom cannot build bars the way. What lies behind it can be had from the other end.
            place = f"behind '{reader.last_id}'" if reader.last_id else "at its beginning"
            self.logger.warning(
                f"{self.name}: in the window {window.start} to {window.end} (Unix seconds) there is a record {place} "
                "that Intercom cannot give. Those behind it are read, newest first; the next sync tries again."
            )
            if not shares and not late:
                yield from self._from_the_end(window, reader.meeting, reading)
            raise
        finally:
            reader.stop()

    def _from_the_end(self, window: Window, meeting: Meeting, reading: Reading) -> Iterator[Page]:
        """What a second reader finds of a window, newest first. Its failure is no loss: the first one reads on."""
        (query,) = searches(self.query(window), self.choices)
        reader = self._reader(query, window, "descending", meeting)
        try:
            yield from self._given(reader, reader.take(), reading)
        except IntercomError as error:
            self.logger.info(f"{self.name}: one of two readers of {window} stopped: {error.internal_message}")
        finally:
            reader.stop()

    def _given(self, reader: EndReader, taken: Taken | None, reading: Reading) -> Iterator[Page]:
        number = 0
        while taken is not None:
            number += 1
            # While the rows of this page take their calls, the next page can be on its way.
            ahead = self.client.begin(reader.take) if reading.is_costly and not reader.meeting.over else None
            page, covered = [taken.records], taken.covered
            taken = None
            yield page.pop()
            if covered and (reading.is_costly or number % _CHECKPOINT_PAGES == 0):
                reading.reached(covered)
            taken = ahead.result() if ahead else reader.take()

    def _reader(self, query: Query, window: Window, order: Order, meeting: Meeting | None = None) -> EndReader:
        client, field = self.walk_client, self.walk_field
        return EndReader(
            search_answers(client, self.endpoint, query, field, self.records_key, order=order),
            window,
            order,
            moment=lambda record: moment_of(record, field),
            keeps=self.keeps,
            unsettled=Window(max(self.sync.begin - INDEX_LAG + 1, self.sync.config.start), self.sync.begin),
            meeting=meeting,
        )

    def _excess(self, query: Query, window: Window, reader: EndReader, parts: int, late: Window | None) -> list[Window]:
        """Windows to hand out of one that has work for ``parts`` windows, of which ``reader`` has taken a page."""
        if late:
            return self.cut(Window(late.end + 1, window.end), parts) if late.end < window.end else []
        first, last = reader.first, reader.edge
        if first is None or last is None or last >= window.end:
            return []
        # Years may lie empty behind the last record: cutting them up would cost a call a window. Where it pays,
        # one call finds the end.
        latest = self._latest(query, window) if parts > _PAYS_A_CALL else window.end
        # A search of whole days begins before the window: what this window keeps must not be nothing.
        kept = max(last, window.start)
        windows = self.cut(Window(max(first, window.start), max(min(latest, window.end), kept)), parts)
        windows = [part for part in windows if part.start > kept]
        return [*windows[:-1], Window(windows[-1].start, window.end)] if windows else []

    def _latest(self, query: Query, window: Window) -> int:
        body = search_body(query, self.walk_field, 1, None, order="descending")
        found = records_in(self.walk_client.post(self.endpoint, body), self.records_key)
        latest = moment_of(found[-1], self.walk_field) if found else None
        return window.end if latest is None else latest

    def _chosen(self, window: Window) -> Iterator[Page]:
        """The records whose ids were chosen, one call each."""
        for found in self.client.each(self._single, self.chosen_ids):
            yield [record for record in found if self.lies_in(window, record) and self.keeps(record)]

    def _single(self, record_id: str) -> Page:
        try:
            return [self.walk_client.get(self.single.format(id=quote(record_id, safe="")))]
        except RecordGone:
            self.logger.warning(f"{self.name}: Intercom has no record with the id '{record_id}' of the filters")
            return []
