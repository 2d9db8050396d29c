"""The ways Intercom pages: by the cursor of a search, and lists of five kinds (docs/intercom-api.md)."""

import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

from source_intercom.api.client import Client, Json
from source_intercom.api.errors import (
    CursorRefused,
    NotOffered,
    RateLimited,
    RecordGone,
    RequestRefused,
    Unavailable,
)
from source_intercom.api.figures import Page, is_complete, next_cursor, next_request, number_in, records_in, total_of
from source_intercom.api.queries import Order, Query, search_body
from source_intercom.options.home import REPORT

SEARCH_PAGE = 150  # the most that a search gives at once: more is refused (Forest Admin, August 2026)
# After so many pages in a row without a new record, a list is taken to repeat itself. One such page may be a slip.
_PAGES_WITHOUT_NEWS = 2

_LOGGER = logging.getLogger("airbyte")
T = TypeVar("T")


class Answer(NamedTuple):
    """A page of a search, how many records Intercom says the search matches, and whether no page follows.

    ``total`` is None when the answer does not say. It is for the caller to hold what came against it.
    """

    records: Page
    total: int | None
    is_last: bool


class _Known:
    """The records of one reading so far. They tell a list that repeats itself from a long one."""

    def __init__(self) -> None:
        self._names: set[int] = set()
        self._without_news = 0
        # Whether a page had a record of an earlier one.
        self.has_repeats = False

    def __len__(self) -> int:
        return len(self._names)

    def brings_news(self, records: Page) -> bool:
        """Take in a page. Whether any of it was not there before."""
        before = len(self._names)
        names = _names(records)
        self._names |= names
        new = len(self._names) - before
        self.has_repeats = self.has_repeats or new < len(names)
        is_news = new > 0
        self._without_news = 0 if is_news else self._without_news + 1
        return is_news

    def take_new(self, records: Page) -> Page:
        """Those of some records that have not been taken in, and are now."""
        new = [record for record in records if not _names([record]) <= self._names]
        self._names |= _names(new)
        return new

    @property
    def is_stuck(self) -> bool:
        """Whether more pages in a row than one brought nothing new."""
        return self._without_news >= _PAGES_WITHOUT_NEWS


def _names(records: Page) -> set[int]:
    """What tells records from others: hashes, because the ids of a million records weigh a lot."""
    try:
        ids = {record["id"] for record in records}
        if None not in ids:
            return {hash(record_id) for record_id in ids}
    except (KeyError, TypeError):
        pass
    # Some lists have no ids, and some hold bare names.
    return {hash(str(record)) for record in records}


def search_answers(
    client: Client, path: str, query: Query, sort_field: str, records_key: str, *, order: Order = "ascending"
) -> Iterator[Answer]:
    """Pages of a search in the order of a time.

    A page that Intercom cannot build after all retries is asked again at half its size, and the size recovers
    with each page that succeeds: some days of some workspaces fail at 150 and pass at 1 (Estuary's connector has met
    it). Raises ``Unavailable`` when even a single record cannot be read, and ``CursorRefused`` when Intercom does not
    take the cursor that it has just given.

    A search that only repeats itself ends as if it were complete: the caller compares its records with the total.
    """
    per_page = SEARCH_PAGE
    cursor: str | None = None
    cursors: set[str] = set()
    known = _Known()
    while True:
        ask = partial(client.post, path, search_body(query, sort_field, per_page, cursor, order=order))
        try:
            answer = _first_answer(ask, path) if cursor is None else _later_answer(ask)
        except RateLimited:
            # A smaller page is not cheaper.
            raise
        except Unavailable:
            if per_page == 1:
                raise
            per_page //= 2
            continue
        records = records_in(answer, records_key)
        known.brings_news(records)
        cursor = next_cursor(answer)
        is_last = cursor is None or cursor in cursors or known.is_stuck
        page = [Answer(records, number_in(answer, "total_count"), is_last)]
        # Free the memory before the next page is fetched: fifty workers have pages of a megabyte and a half each.
        del answer, records
        yield page.pop()
        if cursor is None or is_last:
            return
        cursors.add(cursor)
        per_page = min(SEARCH_PAGE, per_page * 2)


def _first_answer(ask: Callable[[], T], path: str) -> T:
    """Raises ``NotOffered`` where Intercom does not know what is asked for."""
    try:
        return ask()
    except RecordGone as error:
        raise NotOffered.of(error, path) from None


def _later_answer(ask: Callable[[], Json]) -> Json:
    """Raises ``CursorRefused``."""
    try:
        return once_more_if_refused(ask)
    except (RequestRefused, RecordGone) as error:
        raise CursorRefused.of(error) from None


def once_more_if_refused(ask: Callable[[], Json]) -> Json:
    """Intercom refuses cursors that it has just given, and takes them a moment later (intercom-node issue 509, January
    2026).
    """
    try:
        return ask()
    except RequestRefused:
        return ask()


def count_of(client: Client, path: str, query: Query, sort_field: str) -> int:
    """How many records Intercom says a search matches, 0 where it does not say."""
    return number_in(client.post(path, search_body(query, sort_field, 1, None)), "total_count") or 0


def list_pages(
    client: Client,
    path: str,
    records_key: str,
    params: Mapping[str, Any] | None = None,
    *,
    wish: int = 0,
    whole: bool = False,
) -> Iterator[Page]:
    """Pages of a list, in whichever way it pages, or of one that has no pages at all.

    ``wish`` is a page size to ask for where Intercom documents no greatest one: if it is refused, as companies refuse
    more than 60, pages come in Intercom's own size. With ``whole`` the list belongs to the workspace and not to one
    record: when Intercom does not know it, that is no record gone but data not offered, and raises ``NotOffered``.
    And when it ends before its own total, a warning says so.
    """
    asked = dict(params or {})
    first = partial(_first_page, client, path, asked, wish)
    answer, asked = _first_answer(first, path) if whole else first()
    yield from pages_from(answer, client, path, records_key, asked, whole=whole)


def _first_page(client: Client, path: str, asked: Json, wish: int) -> tuple[Json, Json]:
    """The first answer of a list and with what it was asked for."""
    if wish:
        wished = {**asked, "per_page": wish}
        try:
            return client.get(path, wished), wished
        except RequestRefused:
            pass
    return client.get(path, asked), asked


def pages_from(
    answer: Json, client: Client, path: str, records_key: str, asked: Mapping[str, Any], *, whole: bool = False
) -> Iterator[Page]:
    """Pages of a list whose first ``answer`` is there, and which was ``asked`` for with these parameters.

    A list of numbered pages moves while it is read. When a record is deleted, the first one of the next page moves to
    a page that has been read, and the total shrinks. When a record changes in a list that is sorted by change, it moves
    there itself, and the last record of a page comes again on the next one. Then the list is read once more for what
    did not come. Raises ``RequestRefused`` when the pages run in circles before the list is complete, or when Intercom
    does not find the next page that it has named.
    """
    listing = _Listing(client, path, records_key, asked)
    known = _Known()
    has_moved, total = yield from listing.pages(answer, known)
    if has_moved:
        _, total = yield from listing.pages(client.get(path, asked), _Known(), given=known)
    if whole:
        _warn_if_short(total, len(known), path)


class _Listing(NamedTuple):
    """A list, as it was asked for."""

    client: Client
    path: str
    records_key: str
    asked: Mapping[str, Any]

    def pages(
        self, answer: Json, known: _Known, *, given: _Known | None = None
    ) -> Generator[Page, None, tuple[bool, int | None]]:
        """The pages from the first to the last, which ``known`` takes in, without what was ``given`` before.

        Of pages without news only those come that are empty: what they mean differs from list to list. Returns whether
        the list moved meanwhile so that a record may have passed unseen, and its last total.
        """
        requests: list[tuple[str, Mapping[str, Any]]] = [(self.path, self.asked)]
        most = 0
        while True:
            records = records_in(answer, self.records_key)
            is_news = known.brings_news(records)
            following = next_request(answer, self.path, self.asked, page=len(requests))
            total = total_of(answer) or 0
            most = max(most, total)
            if is_news or not records or len(requests) == 1:
                yield given.take_new(records) if given else records
            is_old = not is_news or following in requests
            if following is None or (is_old and is_complete(answer, len(known))):
                break
            self._refuse_circle(known, is_repeated=following in requests)
            requests.append(following)
            try:
                answer = once_more_if_refused(partial(self.client.get, *following))
            except RecordGone as error:
                if is_complete(answer, len(known)):
                    break
                # Whoever had the first page may be gone since: asked for it again, Intercom says so.
                self.client.get(self.path, self.asked)
                raise RequestRefused(
                    f"Intercom's {self.path} names a next page and does not find it, after {len(known)} records. "
                    f"{REPORT}",
                    str(error.internal_message),
                ) from None
        return total < most or (known.has_repeats and len(known) < total), total_of(answer)

    def _refuse_circle(self, known: _Known, *, is_repeated: bool) -> None:
        if known.is_stuck:
            raise RequestRefused(
                f"Intercom's {self.path} gives the same records again and again, and its list does not end. {REPORT}",
                f"GET {self.path}, after {len(known)} records",
            )
        if is_repeated:
            raise RequestRefused(f"Intercom's {self.path} gave the same next page twice.", f"GET {self.path}")


def _warn_if_short(total: int | None, distinct: int, path: str) -> None:
    """No error: totals of lists are known to be wrong for good, and a list without a state would fail for ever."""
    if total is not None and distinct < total:
        _LOGGER.warning(
            f"Intercom announces {total} records under {path} and gave {distinct}. If it does so in each sync, its "
            "total is wrong; if not, the next sync brings the others."
        )
