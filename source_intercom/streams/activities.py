"""What happened to contacts: the only trace of those that were deleted."""

from collections import deque
from collections.abc import Iterator
from functools import partial

from source_intercom.api import permissions
from source_intercom.api.client import Json
from source_intercom.api.errors import NotOffered, RecordGone, RequestRefused
from source_intercom.api.figures import Page, next_cursor, records_in
from source_intercom.api.pages import once_more_if_refused
from source_intercom.options.home import REPORT
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.place import Place
from source_intercom.shapes.reading import Reading
from source_intercom.sync.state import PageCursor
from source_intercom.sync.windows import FAR_AHEAD, Window


class ContactActivities(IntercomStream):
    """What happened to contacts: created, given another role, merged, deleted. No other stream reports deleted ones.

    The list is sorted oldest first and cannot be filtered, so the state keeps a cursor of it. That cursor lies before
    the last hour of what was given, which the next sync reads again: so that an event that came late is found, and so
    that a list that should have something and has nothing is seen.

    Intercom answers an empty page also when it cannot read its store (docs/intercom-api.md#contact-activities). So the
    state stands at the last event that was seen, and never at the moment of the read.
    """

    endpoint = "/contacts/activities"
    permission = permissions.CONTACTS
    version = "2.17"
    cursor_time = "created_at"
    time_field = "created_at"

    _PAGE = 150

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        kept = reading.page_cursor
        begin = kept if kept is not None and kept.moment < window.start else None
        if begin is not None:
            try:
                first = self._answer(begin.after)
            except RequestRefused as error:
                self.logger.warning(f"{self.name}: it is read from its beginning again: {error.internal_message}")
                begin = None
        if begin is None:
            first = self._answer(None)
        yield from self._read(first, begin, window, reading)
        if not self.full:
            # An empty page proves nothing: the time after the last event counts as unread.
            reading.leave_rest()

    def probe(self) -> None:
        self.client.get(self.endpoint, {"per_page": 1})

    def _read(self, answer: Json, begin: PageCursor | None, window: Window, reading: Reading) -> Iterator[Page]:
        now = self.sync.begin
        place = Place("ascending", window, unsettled=Window(now + 1, now + FAR_AHEAD))
        overlap = self.overlap
        since = window.start if begin is None else _end_of_earlier(window, reading) + 1
        cursors: deque[PageCursor] = deque()
        first: set[str] = set()
        last: set[str] = set()
        while events := self.identified(records_in(answer, self.records_key)):
            ids = {str(event["id"]) for event in events}
            if ids <= first or ids <= last:
                raise RequestRefused(
                    f"Intercom's {self.endpoint} gives the same records again and again, and its list does not end. "
                    f"{REPORT}",
                    f"GET {self.endpoint}",
                )
            first, last = first or ids, ids
            place.move([self.moment_of(event) for event in events])
            yield [event for event in events if self._is_wanted(event, Window(since, window.end))]
            cursor, covered = next_cursor(answer), place.covered
            if covered is not None:
                while len(cursors) > 1 and cursors[1].moment < covered.end - overlap:
                    cursors.popleft()
                if cursors and cursors[0].moment < covered.end - overlap:
                    self._keep(cursors[0], reading)
                reading.reached(covered)
                if cursor is not None:
                    cursors.append(PageCursor(cursor, place.left.start))
            if cursor is None:
                break
            answer = self._answer(cursor)
        if not first:
            self._say_empty(begin)
        elif place.covered is not None:
            reading.reached(Window(window.start, place.left.start))

    def _keep(self, cursor: PageCursor, reading: Reading) -> None:
        # Not one that lies further back: an earlier start date brings older windows.
        if reading.page_cursor is None or reading.page_cursor.moment < cursor.moment:
            reading.keep_page_cursor(cursor)

    def _is_wanted(self, event: Record, window: Window) -> bool:
        moment = self.moment_of(event)
        return moment is None or window.holds(moment)

    def _say_empty(self, begin: PageCursor | None) -> None:
        if begin is None:
            self.logger.info(f"{self.name}: Intercom gives no events. The next sync asks again")
        else:
            self.logger.warning(
                f"{self.name}: Intercom gives no events, not even those that it gave before: it may be unable to read "
                "them now, or has dropped them. The state stays where it is, and the next sync asks again"
            )

    def _answer(self, cursor: str | None) -> Json:
        asked: Json = {"per_page": self._PAGE, **({"starting_after": cursor} if cursor else {})}
        ask = partial(self.client.get, self.endpoint, asked)
        try:
            return once_more_if_refused(ask) if cursor else ask()
        except RecordGone as error:
            raise NotOffered.of(error, self.endpoint) from None


def _end_of_earlier(window: Window, reading: Reading) -> int:
    """The last second of the window before this one that is read too, -1 for none.

    Events after a saved cursor are new, whatever their time. Those between two windows are for the later one.
    """
    return max((other.end for other in reading.unread if other.end < window.start), default=-1)
