"""Collections that Intercom can search: windows of about equal work, each read by one reader in one direction."""

from collections.abc import Generator, Iterator
from datetime import timezone, tzinfo
from functools import partial
from typing import ClassVar

from source_intercom.api.errors import CursorRefused, IntercomError, RateLimited, RequestRefused, Unavailable
from source_intercom.api.figures import Page, name_of, records_in
from source_intercom.api.pages import SEARCH_PAGE, Answer, count_of, search_answers
from source_intercom.api.queries import Choices, Order, days_query, search_body
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.by_id import records_by_id
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.cutting import crowded_slices, heavy_parts, slices_of
from source_intercom.shapes.place import Place
from source_intercom.shapes.question import Question
from source_intercom.shapes.reading import Reading, Uncut
from source_intercom.shapes.totals import Ended, Incomplete, Seen, come_meanwhile
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.state import INDEX_LAG
from source_intercom.sync.windows import DAY, Planner, Window, cut_at, midnight_after

_CHECKPOINT_PAGES = 10
# In a window longer than this, one day more is less than one page in fifty.
_A_DAY_IS_LITTLE = 50 * DAY


class SearchStream(IntercomStream):
    """A collection with a search.

    Intercom is asked for all days that touch the window, and the records are filtered here to the second. Sources
    disagree whether a search goes by the second or by days (docs/intercom-api.md#search-days): asked like this, both
    give every record.

    The first page of a window tells how much lies in it. A heavy window is handed out in windows of ten to forty
    pages. A crowded day, which no window of time can part, is handed out in slices by a second time. What is left is
    one search, read page by page to its end, and its records are held against the total that Intercom announced.
    """

    follows_order_by: ClassVar[bool] = True
    is_reconciled = True
    # The path that gives one record, for filters that name records by id.
    single: ClassVar[str] = ""
    # Whether the search is documented to keep the order that it is asked for.
    keeps_order: ClassVar[bool] = False

    @property
    def zone(self) -> tzinfo:
        """The zone by whose days this search may go."""
        return timezone.utc

    @property
    def choices(self) -> Choices:
        """Filters that the search takes."""
        return []

    @property
    def checks_choices(self) -> bool:
        """Whether ``select`` checks all of ``choices`` too, so that a search that refuses them can do without."""
        return False

    @property
    def chosen_ids(self) -> list[str]:
        """Ids of the only records that are wanted; empty for all."""
        return []

    def select(self, records: Page) -> Page:
        """Those of some records that the user's filters choose. May take requests."""
        return records

    @property
    def needs_last_look(self) -> bool:
        # A record that changes before its window is read moves past the end. The next incremental sync brings
        # it; a full refresh has no next one, so it looks again at the end.
        return self.full and self.sync.config.end is None

    @property
    def planner(self) -> Planner:
        """Cuts off the first day where it began before the gap: that part is read newest first."""

        def plan(gap: Window) -> Iterator[Window]:
            long = gap.start <= self.sync.birth or gap.end - gap.start > _A_DAY_IS_LITTLE
            yield from [gap] if long else cut_at(gap, [midnight_after(gap.start - 1, self.zone)])

        return plan

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        if self.chosen_ids:
            for found in records_by_id(self, self.single, self.chosen_ids):
                records = [self.single_record(record) for record in found if self.lies_in(window, record)]
                yield self.select(records)
            return
        try:
            yield from self._searched(window, reading, self.choices)
        except RequestRefused as error:
            # An operator or a field that this workspace's search does not take is refused with the first page.
            if isinstance(error, CursorRefused) or not self.choices or not self.checks_choices:
                raise
            self.logger.warning(
                f"{self.name}: Intercom's search refuses the filters of the options, so they are applied here: "
                f"{error.internal_message}"
            )
            yield from self._searched(window, reading, [])

    def probe(self) -> None:
        moment = self.sync.begin
        query = days_query(self.time_field, moment, moment)
        self.client.post(self.endpoint, search_body(query, self.time_field, 1, None))

    def _searched(self, window: Window, reading: Reading, choices: Choices) -> Iterator[Page]:
        questions = Question(self.time_field, self._other_time, window, part=reading.slice).chosen_by(choices)
        if len(questions) == 1:
            yield from self._whole(questions[0], reading)
            return
        given: set[int] = set()
        for question in questions:
            # Several searches can find one record, and none of them may cut the window for the others.
            for page in self._whole(question, Uncut(reading)):
                yield [record for record in page if name_of(record) not in given]
                given.update(map(name_of, page))

    def _whole(self, question: Question, reading: Reading) -> Iterator[Page]:
        """The pages of one search, held against the total that Intercom announces. Raises ``Incomplete``."""
        window = question.window
        seen = Seen(window, reading.slice)
        ended = yield from self._read(question, reading, seen)
        if ended is not None and ended.missing(seen) > 0:
            self.logger.info(f"{self.name}: {ended.shortage(seen)} They are asked for once more, the newest first.")
            ended = yield from self._come_meanwhile(question, seen)
        if ended is not None and self._is_short(ended, seen, reading):
            self.logger.warning(f"{self.name}: {ended.shortage(seen)} They are asked for once more.")
            # In other searches: what breaks a page of one breaks it each time, and a short one needs no second page.
            yield from self._in_slices(question, reading, seen, parts=2 * (ended.total or 0) // SEARCH_PAGE)
            ended = yield from self._come_meanwhile(question, seen)
            if self._is_short(ended, seen, reading):
                reading.came_short(ended.missing(seen))
                raise Incomplete(
                    f"Intercom announces {ended.total} {self.source_name} {window.shown}, "
                    f"but gives only {len(seen.names)}. The next sync asks for them again.",
                    f"POST {self.endpoint}",
                )
        if ended is None:
            return
        sliced = reading.slice_ended(seen.in_slice if ended.is_whole else ended.total or 0)
        if sliced and sliced.distinct < sliced.total:
            everything = question.sliced(None)
            if sliced.distinct < self._count(everything):
                self.logger.info(f"{self.name}: smaller searches {window.shown} miss records, so one reads them all")
                yield from self._whole(everything, Uncut(reading))

    def _is_short(self, ended: Ended, seen: Seen, reading: Reading) -> bool:
        """Whether a search gave fewer records than it announced, other than in the sync before."""
        missing = ended.missing(seen)
        if missing <= 0:
            return False
        before = reading.short_before(missing)
        if not before:
            return True
        self.logger.warning(
            f"{self.name}: Intercom announces {missing} more records {seen.window.shown} "
            f"than it gives, as it did {before}. Its total is taken to be wrong."
        )
        return False

    def _come_meanwhile(self, question: Question, seen: Seen) -> Generator[Page, None, Ended]:
        place = Place("descending", question.window, unsettled=self._unsettled)
        answers = self._answers(question, "descending", is_costly=False)
        return come_meanwhile(answers, seen, lambda page: self.select(self._fresh(self.objects(page), place, seen)))

    def _read(self, question: Question, reading: Reading, seen: Seen) -> Generator[Page, None, Ended | None]:
        """Read a search page by page; None when the window was handed out instead.

        ``seen`` are the records that have been given, which are not given again, and gets those that are. It knows to
        what they must belong, as the question may ask for a part of that only.
        """
        order: Order = "descending" if self._begins_within_a_day(question.window) else "ascending"
        place = Place(order, question.window, unsettled=self._unsettled)
        rest = question
        has_restarted = False
        total: int | None = None
        number = 0
        while True:
            try:
                for answer in self._answers(rest, order, reading.is_costly):
                    number += 1
                    records, total = self.objects(answer.records), answer.total
                    if number == 1 and not seen.names and self._hands_out(question, reading, answer, records):
                        return None
                    del answer
                    yield self.select(self._fresh(records, place, seen))
                    place.passed(records)
                    # Free the memory before the next page is fetched: fifty workers would hold fifty pages.
                    del records
                    if place.is_beyond:
                        return Ended(total, is_whole=False)
                    if (reading.is_costly or number % _CHECKPOINT_PAGES == 0) and place.covered:
                        reading.reached(place.covered)
                break
            except CursorRefused as error:
                # Intercom refuses cursors that it has just given (intercom-node issue 509, January 2026).
                rest = question.within(place.left)
                if not place.claim_move() and has_restarted:
                    yield from self._around(error, rest, reading, seen)
                    break
                has_restarted = True
                self.logger.info(f"{self.name}: continues from the last time reached: {error.internal_message}")
            except Unavailable as error:
                # One record that Intercom cannot build stops the search. Those after it are read from the other end.
                if order == "ascending" and not isinstance(error, RateLimited):
                    yield from self._behind(rest, reading, seen, place)
                raise
        # After a restart the last total is that of the rest.
        return Ended(self._count(question) if has_restarted else total, is_whole=True)

    def _around(self, error: CursorRefused, rest: Question, reading: Reading, seen: Seen) -> Iterator[Page]:
        """The rest of a search whose cursors are refused again and again, in smaller searches where there are any."""
        if not slices_of(rest.part, 2, life=self._life, zone=self.zone):
            raise error
        self.logger.info(f"{self.name}: smaller searches {rest.window.shown}: {error.internal_message}")
        yield from self._in_slices(rest, reading, seen)

    def _in_slices(self, question: Question, reading: Reading, seen: Seen, *, parts: int = 2) -> Iterator[Page]:
        """Read in smaller searches what no cursor leads through, such as many records of one second; in the same one
        again where no second time parts them.
        """
        slices = slices_of(question.part, max(2, parts), life=self._life, zone=self.zone)
        for smaller in question.shared_out(slices or [question.part]):
            yield from self._read(smaller, Uncut(reading), seen)

    def _behind(self, question: Question, reading: Reading, seen: Seen, place: Place) -> Iterator[Page]:
        """What lies behind a record that Intercom cannot give, newest first, up to that record."""
        where = f"after record '{place.last_id}'" if place.last_id else "at the beginning"
        self.logger.warning(
            f"{self.name}: {seen.window.shown} there is a record {where} that "
            "Intercom cannot give. The records after it are read, newest first; the next sync tries again."
        )
        back = Place("descending", place.left, unsettled=self._unsettled)
        try:
            for answer in self._answers(question, "descending", reading.is_costly):
                records = self.objects(answer.records)
                yield self.select(self._fresh(records, back, seen))
                if back.is_beyond:
                    return
        except IntercomError as error:
            self.logger.info(f"{self.name}: reading from the newest record stopped: {error.internal_message}")

    def _answers(self, question: Question, order: Order, is_costly: bool) -> Iterator[Answer]:
        answers = search_answers(
            self.client, self.endpoint, question.query, self.time_field, self.records_key, order=order
        )
        # The next page is fetched while the rows of this one are asked for.
        return self.client.ahead(answers) if is_costly else answers

    def _fresh(self, records: Page, place: Place, seen: Seen) -> Page:
        """Records of a page that belong to the window and have not been given yet; moves the place."""
        window, part = seen.window, seen.part
        moments = [self.moment_of(record) for record in records]
        place.move(moments, () if self.keeps_order else [self._other_moment(record) for record in records])
        fresh = []
        for record, moment in zip(records, moments, strict=True):
            name = name_of(record)
            if name in seen.names:
                continue
            seen.names.add(name)
            other = self._other_moment(record) if part else None
            if part and other is not None and not part.holds(other):
                continue
            seen.in_slice += 1
            if self._belongs(moment, window):
                fresh.append(record)
        return fresh

    def _belongs(self, moment: int | None, window: Window) -> bool:
        if moment is None or window.holds(moment):
            return True
        # A record that has just changed may show its new time while the index still finds it by the old one: it is
        # taken wherever it is found, but in windows that begin after this read.
        return window.start <= self._unsettled.end and self._unsettled.holds(moment)

    @property
    def _unsettled(self) -> Window:
        """Moments whose changes the search index may not know yet."""
        return Window(max(self.sync.begin - INDEX_LAG + 1, self.sync.config.start), self.sync.begin)

    def _begins_within_a_day(self, window: Window) -> bool:
        """Whether the search may not be able to tell the window from what lies before it in the same day.

        Read newest first, such a window costs its own pages and no page of what lies before it: an hourly sync in the
        evening would otherwise read all that changed since midnight, every hour.
        """
        if window.start > self.sync.begin:
            return True
        midnight = midnight_after(window.start - 1, self.zone)
        return self.sync.birth < window.start < midnight and window.end < midnight

    def _hands_out(self, question: Question, reading: Reading, answer: Answer, records: Page) -> bool:
        """Hand out a window that has work for several; its first page is then read again by one of them."""
        total = answer.total or 0
        reading.expect(len(records) if answer.is_last else total)
        if answer.is_last:
            return False
        window, workers = question.window, self.sync.transport.workers
        moments = [moment for record in records if (moment := self.moment_of(record)) is not None]
        if moments and moments[-1] < min(moments[0], window.start):
            return False  # The total is that of a crowded day; this page, read newest first, has all of the window.
        first = moments[0] if moments else window.start
        if reading.slice is None:
            latest = partial(self._latest, question)
            parts = heavy_parts(window, total, reading, workers, first=first, latest=latest, zone=self.zone)
            if len(parts) > 1:
                reading.split(parts)
                return True
        slices = crowded_slices(reading.slice, total, reading, workers, life=self._life, zone=self.zone)
        if not slices or not question.is_one_combination:
            return False
        reading.slice_up(slices, total)
        return True

    def _latest(self, question: Question) -> int:
        """The time of the last record of a search."""
        body = search_body(question.query, self.time_field, 1, None, order="descending")
        found = records_in(self.client.post(self.endpoint, body), self.records_key)
        latest = self.moment_of(found[-1]) if found else None
        return question.window.end if latest is None else latest

    def _count(self, question: Question) -> int:
        return count_of(self.client, self.endpoint, question.query, self.time_field)

    @property
    def _life(self) -> Window:
        """When the records of the workspace came to be."""
        return Window(self.sync.birth, self.sync.begin)

    @property
    def _other_time(self) -> str:
        """The second time by which a crowded window is sliced."""
        return "created_at" if self.time_field == "updated_at" else "updated_at"

    def _other_moment(self, record: Record) -> int | None:
        return seconds_of(record.get(self._other_time))

    @property
    def source_name(self) -> str:
        """What its records are called in a sentence."""
        return self.records_key if self.records_key != "data" else "records"

    def single_record(self, record: Record) -> Record:
        """A record that was asked for by id, as the search would have given it."""
        return record
