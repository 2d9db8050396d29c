"""The few shapes that streams come in: list, walk, newest first, search, projection, child."""

from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import quote

from source_intercom.api.errors import RecordGone, Unavailable
from source_intercom.api.paging import SEARCH_PAGE, Page, list_pages, records_in, search_answers
from source_intercom.api.search import Query, search_body, seconds_query
from source_intercom.streams.base import UNCUT, IntercomStream, Reading, Sync, moment_of
from source_intercom.streams.coercion import Record
from source_intercom.streams.filters import Choices, searches
from source_intercom.sync.windows import Window, cut

# At most so many windows are handed out at once; heavy ones of them are cut again.
_MOST_PARTS = 64
# With more parts than these, one call to find the last record is cheaper than empty windows behind it.
_PAYS_A_CALL = 8
_CHECKPOINT_PAGES = 10


class ListStream(IntercomStream):
    """A collection that is read whole by every sync: Intercom neither filters it nor says when it changed."""

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        return self.listed()


class WalkedStream(IntercomStream):
    """A collection that Intercom cannot filter, but whose records tell when they changed.

    It is walked whole; the records of the window are kept. A full refresh keeps what changes during the walk
    too, because no later sync would bring it. The new state is the start of the walk, which is where the
    window ends: a record that changed behind the walk is found by the next one.
    """

    cursor_time = "updated_at"

    @property
    def walks_whole(self) -> bool:
        return True

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        for page in self.listed(window.start):
            yield [record for record in page if self._wanted(record, window)]

    def _wanted(self, record: Record, window: Window) -> bool:
        """Whether a record belongs to this sync; one without a time always does."""
        moment = moment_of(record, self.walk_field)
        if moment is None:
            return True
        open_ended = self.full and self.sync.config.end is None
        return moment >= window.start if open_ended else window.holds(moment)


class NewestFirstStream(WalkedStream):
    """A collection that Intercom documents to be sorted newest first: a walk stops where the window starts."""

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        for page in self.listed(window.start):
            yield [record for record in page if self._wanted(record, window)]
            moments = [moment_of(record, self.walk_field) for record in page]
            # A whole page must be older: one record out of place does not hide those behind it.
            if moments and all(moment is not None and moment < window.start for moment in moments):
                return


class SearchStream(IntercomStream):
    """A collection with a search: Intercom filters, by whole seconds unless a stream says otherwise.

    The first page of a window tells how much lies in it. A window that is heavy keeps its beginning and hands
    out the rest in windows of about ``window_pages`` pages, each of which does the same: so work of any skew
    ends up evenly in many hands, and what is small costs no call more than its pages.
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
            for page in self._found(query, window, UNCUT):
                yield [record for record in page if record["id"] not in given]
                given.update(record["id"] for record in page)

    def _found(self, query: Query, window: Window, reading: Reading) -> Iterator[Page]:
        answers = search_answers(self.walk_client, self.endpoint, query, self.walk_field, self.records_key)
        for number, (page, total) in enumerate(answers):
            parts = total // (SEARCH_PAGE * reading.window_pages)
            if number == 0:
                reading.expect(total)
            if number == 0 and (handed := self._excess(query, window, page, parts)):
                reading.split(handed)
                window = Window(window.start, handed[0].start - 1)
            yield [record for record in page if self._lies_in(window, record) and self.keeps(record)]
            last = self._last_moment(page)
            if last is None:
                continue
            if last > window.end:
                return
            if number % _CHECKPOINT_PAGES == _CHECKPOINT_PAGES - 1 and last > window.start:
                # More records of the last one's second may follow; everything before that second has been given.
                reading.reached(last - 1)

    def probe(self) -> None:
        moment = self.sync.begin
        query = self.query(Window(moment, moment))
        self.client.post(self.endpoint, search_body(query, self.walk_field, 1, None))

    def _chosen(self, window: Window) -> Iterator[Page]:
        """The records whose ids were chosen, one call each."""
        for found in self.client.each(self._single, self.chosen_ids):
            yield [record for record in found if self._lies_in(window, record) and self.keeps(record)]

    def _single(self, record_id: str) -> Page:
        try:
            return [self.walk_client.get(self.single.format(id=quote(record_id, safe="")))]
        except RecordGone:
            self.logger.warning(f"{self.name}: Intercom has no record with the id '{record_id}' of the filters")
            return []

    def _excess(self, query: Query, window: Window, page: Page, parts: int) -> list[Window]:
        """Windows to hand out of one that has work for ``parts`` windows and begins with the records of ``page``."""
        parts = min(parts, _MOST_PARTS)
        last = self._last_moment(page)
        if parts < 2 or last is None or last >= window.end:
            return []
        # Years may lie empty behind the last record: cutting them up would cost a call a window. Where it pays,
        # one call finds the end.
        latest = self._latest(query, window) if parts > _PAYS_A_CALL else window.end
        # A search of whole days begins before the window: what this window keeps must not be nothing.
        kept = max(last, window.start)
        first = min((moment for record in page if (moment := moment_of(record, self.walk_field))), default=kept)
        windows = self.cut(Window(max(first, window.start), max(min(latest, window.end), kept)), parts)
        windows = [part for part in windows if part.start > kept]
        return [*windows[:-1], Window(windows[-1].start, window.end)] if windows else []

    def _latest(self, query: Query, window: Window) -> int:
        body = search_body(query, self.walk_field, 1, None, order="descending")
        found = self._last_moment(records_in(self.walk_client.post(self.endpoint, body), self.records_key))
        return window.end if found is None else found

    def _last_moment(self, page: Page) -> int | None:
        return moment_of(page[-1], self.walk_field) if page else None

    def _lies_in(self, window: Window, record: Record) -> bool:
        moment = moment_of(record, self.walk_field)
        return moment is None or window.holds(moment)


class Projection(IntercomStream):
    """Rows that lie inside the records of another stream's walk: no call of their own but to complete a cut list.

    ``nested`` names the list inside the record, ``parent_key`` the field that gets the record's id.
    ``complete`` is the path that has the whole list, for lists that Intercom cuts at ten (``has_more``).
    A row tells the time of its parent, ``parent_time``, by which rows of an older state can be told apart.
    """

    nested: ClassVar[tuple[str, str]]
    parent_key: ClassVar[str]
    parent_time: ClassVar[str] = ""
    complete: ClassVar[str] = ""
    complete_key: ClassVar[str] = "data"

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        cut_off = [record for record in page if self.complete and self._nested(record).get("has_more")]
        whole = dict(self.client.each(self._completed, cut_off))
        rows: Page = []
        for record in page:
            items = whole[record["id"]] if record["id"] in whole else self._nested(record).get(self.nested[1])
            rows += [self._row(item, record) for item in items or ()]
        yield rows

    def project(self, item: Record) -> Record:
        """What of a nested item makes a row."""
        return dict(item)

    def _row(self, item: Record, parent: Record) -> Record:
        row = {**self.project(item), self.parent_key: parent["id"]}
        if self.parent_time:
            row[self.parent_time] = parent.get(self.walk_field)
        return row

    def _nested(self, record: Record) -> Record:
        nested = record.get(self.nested[0])
        if isinstance(nested, list):
            return {self.nested[1]: nested}
        return nested if isinstance(nested, dict) else {}

    def _completed(self, record: Record) -> tuple[str, Page]:
        path = self.complete.format(id=quote(str(record["id"]), safe=""))
        try:
            return record["id"], [item for page in list_pages(self.client, path, self.complete_key) for item in page]
        except RecordGone:
            self.client.tally.add(gone=1)
            return record["id"], []


class Child(IntercomStream):
    """Rows that take a call for each record of another stream's walk.

    ``child`` is the path of that call, ``child_key`` where its rows stand; ``has_children`` spares the call for
    parents that are known to have none. A parent that is gone meanwhile is skipped and counted.
    """

    child: ClassVar[str]
    child_key: ClassVar[str] = "data"
    child_params: ClassVar[tuple[tuple[str, str], ...]] = ()
    parent_key: ClassVar[str]
    parent_time: ClassVar[str] = ""
    window_pages = 4

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        parents = [parent for parent in page if self.has_children(parent)]
        unread: list[str] = []
        for parent, rows in zip(
            parents, self.client.each(lambda each: self._children(each, window), parents), strict=True
        ):
            if rows is None:
                unread.append(str(parent["id"]))
            else:
                yield rows
        if unread and not self.skips_failures:
            raise Unavailable(
                f"Intercom could not answer for {len(unread)} records after several tries: "
                f"{', '.join(unread[:20])}. All others were read; the next sync tries these again.",
            )

    @property
    def skips_failures(self) -> bool:
        """Whether a parent whose rows cannot be read is left out, as an option asks for."""
        return False

    def has_children(self, parent: Record) -> bool:
        """Whether a call is worth it."""
        return True

    def children(self, parent: Record, window: Window) -> Page:
        """Rows of one parent. Raises an ``IntercomError``."""
        path = self.child.format(id=quote(str(parent["id"]), safe=""))
        pages = list_pages(self.client, path, self.child_key, dict(self.child_params))
        return [row for page in pages for row in page]

    def _children(self, parent: Record, window: Window) -> Page | None:
        try:
            rows = self.children(parent, window)
        except RecordGone:
            self.client.tally.add(gone=1)
            return []
        except Unavailable as error:
            self.logger.warning(f"{self.name} of {parent['id']} could not be read: {error.internal_message}")
            return None
        for row in rows:
            row[self.parent_key] = parent["id"]
            if self.parent_time:
                row[self.parent_time] = parent.get(self.walk_field)
        return rows
