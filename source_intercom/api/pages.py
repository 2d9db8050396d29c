"""The ways Intercom pages: by the cursor of a search, and lists of five kinds (docs/intercom-api.md)."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from source_intercom.api.client import Client, Json
from source_intercom.api.errors import (
    CursorRefused,
    NotOffered,
    RateLimited,
    RecordGone,
    RequestRefused,
    Unavailable,
    strange,
)
from source_intercom.api.queries import Order, Query, search_body
from source_intercom.options.home import REPORT

Page = list[Json]

SEARCH_PAGE = 150  # the most that a search gives at once: more is refused (Forest Admin, August 2026)
# Of pages in a row that bring no record that was not there before, so many are followed: one may be a slip.
_PAGES_WITHOUT_NEWS = 2
_DIGITS = 20  # more than any count or page number has

_LOGGER = logging.getLogger("airbyte")


class Answer(NamedTuple):
    """A page of a search, how many records Intercom says the search matches, and whether no page follows.

    ``total`` is None when the answer does not say. It is for the caller to hold what came against it.
    """

    records: Page
    total: int | None
    is_last: bool


class _Seen:
    """The records of one reading so far, so that one that runs in circles can be told from one that is long."""

    def __init__(self) -> None:
        self._names: set[int] = set()
        self._without_news = 0

    def __len__(self) -> int:
        return len(self._names)

    def brings_news(self, records: Page) -> bool:
        """Take in a page. Whether any of it was not there before."""
        before = len(self._names)
        self._names |= _names(records)
        is_news = len(self._names) > before
        self._without_news = 0 if is_news else self._without_news + 1
        return is_news

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

    A search that only repeats itself ends as if it were through: whoever holds its records against the total finds
    out whether it was.
    """
    per_page = SEARCH_PAGE
    cursor: str | None = None
    cursors: set[str] = set()
    seen = _Seen()
    while True:
        try:
            answer = client.post(path, search_body(query, sort_field, per_page, cursor, order=order))
        except RateLimited:
            # A smaller page is not cheaper.
            raise
        except Unavailable:
            if per_page == 1:
                raise
            per_page //= 2
            continue
        except (RequestRefused, RecordGone) as error:
            if cursor is not None:
                raise CursorRefused.of(error) from None
            if isinstance(error, RecordGone):
                raise NotOffered.of(error, path) from None
            raise
        records = records_in(answer, records_key)
        seen.brings_news(records)
        cursor = next_cursor(answer)
        is_last = cursor is None or cursor in cursors or seen.is_stuck
        page = [Answer(records, number_in(answer, "total_count"), is_last)]
        # Nothing holds a page while the next is on its way: with fifty readers that is a megabyte and a half each.
        del answer, records
        yield page.pop()
        if cursor is None or is_last:
            return
        cursors.add(cursor)
        per_page = min(SEARCH_PAGE, per_page * 2)


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
    try:
        answer, asked = _first_page(client, path, asked, wish)
    except RecordGone as error:
        if whole:
            raise NotOffered.of(error, path) from None
        raise
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

    Raises ``RequestRefused`` when the pages run in circles before the list is complete.
    """
    request: tuple[str, Mapping[str, Any]] = (path, asked)
    requests: list[tuple[str, Mapping[str, Any]]] = []
    seen = _Seen()
    while True:
        records = records_in(answer, records_key)
        is_news = seen.brings_news(records)
        following = next_request(answer, path, asked)
        if is_news or not requests:
            yield records
        if following is None or (not is_news and _is_complete(answer, len(seen))):
            if whole:
                _warn_if_short(answer, len(seen), path)
            return
        if seen.is_stuck:
            raise RequestRefused(
                f"Intercom's {path} gives the same records again and again, and no end of its list. {REPORT}",
                f"GET {path}, after {len(seen)} records",
            )
        if following == request or following in requests:
            if _is_complete(answer, len(seen)):
                return
            raise RequestRefused(f"Intercom's {path} gave the same next page twice.", f"GET {path}")
        requests.append(request)
        request = following
        try:
            answer = client.get(*request)
        except RequestRefused:
            # Intercom refuses cursors that it has just given, and takes them a moment later (intercom-node issue 509,
            # January 2026).
            answer = client.get(*request)


def _is_complete(answer: Json, distinct: int) -> bool:
    """Whether the figures of an answer say that no record of its list is missing."""
    total = _total_of(answer)
    if total is not None:
        return distinct >= total
    counters = _counters(answer)
    page, pages = number_in(counters, "page"), number_in(counters, "total_pages")
    return page is not None and pages is not None and page >= pages


def _total_of(answer: Json) -> int | None:
    """How many records Intercom says a list has: beside its records, or among its counters."""
    total = number_in(answer, "total_count")
    return number_in(_counters(answer), "total_count") if total is None else total


def _warn_if_short(answer: Json, distinct: int, path: str) -> None:
    """No error: totals of lists are known to be wrong for good, and a list without a state would fail for ever."""
    total = _total_of(answer)
    if total is not None and distinct < total:
        _LOGGER.warning(
            f"Intercom announces {total} records under {path} and gave {distinct}. If it does so in each sync, its "
            "total is wrong; if not, the next sync brings the others."
        )


def records_in(answer: Json, records_key: str) -> Page:
    """The records of an answer; ``records_key`` may name two places, as in ``data|companies``.

    Raises ``RequestRefused`` when they are in none: an answer without its list would otherwise pass as an empty
    page, no rows under a green light.
    """
    for key in records_key.split("|"):
        records = answer.get(key)
        if isinstance(records, list):
            return records
    raise strange(f"no list under '{records_key}', but the keys {sorted(answer)}")


def number_in(answer: Mapping[str, Any], name: str) -> int | None:
    """A figure of an answer, None when it has none. Intercom writes figures as numbers, and as text where the client
    sent ``page`` or ``per_page`` (its documentation of 2.17 says so of internal articles).

    Raises ``RequestRefused`` for a figure that nobody can read: to go on without could end a list before its end.
    """
    value = answer.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if text.isascii() and text.isdigit() and len(text) < _DIGITS:
            return int(text)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
        return int(value)
    raise strange(f"'{name}' is no number: {str(value)[:100]!r}")


def _counters(answer: Json) -> Mapping[str, Any]:
    """Where an answer tells of its pages: in ``pages``, or beside its records."""
    pages = answer.get("pages")
    if pages is None:
        return answer
    if not isinstance(pages, dict):
        raise strange(f"'pages' is no object: {str(pages)[:100]!r}")
    return pages


def pages_told(answer: Json) -> int:
    """How many pages a list has, as its answer says; 1 when it does not say."""
    told = number_in(_counters(answer), "total_pages")
    return 1 if told is None else told


def next_cursor(answer: Json) -> str | None:
    """``pages.next.starting_after`` of a search, None on the last page.

    The last page has no ``next``, or null, or an object whose cursor is null: the specification allows all three.
    """
    following = _counters(answer).get("next")
    if not following:
        return None
    if isinstance(following, dict) and "starting_after" in following:
        cursor = following["starting_after"]
        if cursor is None or cursor == "":
            return None
        if isinstance(cursor, (str, int)) and not isinstance(cursor, bool):
            return str(cursor)
    raise strange(f"a next page without a cursor: {str(following)[:200]}")


def next_request(answer: Json, path: str, asked: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Path and parameters of the page of a list after ``answer``, None after the last one.

    ``pages.next`` is a link, or an object with a cursor or a page number; some lists have counters only, beside
    their records or in ``pages``; some have ``next_cursor``. Of a link only path and query are followed, so that
    the token never leaves the configured host.
    """
    counters = _counters(answer)
    following = counters.get("next")
    if isinstance(following, str) and following:
        url = urlsplit(following)
        # Without its one slash a path such as ".example.com/x" would become a part of the host's name.
        link = "/" + url.path.lstrip("/")
        return (f"{link}?{url.query}" if url.query else link), {}
    ways: Json = {}
    if isinstance(following, dict):
        ways = {name: following[name] for name in ("starting_after", "page") if name in following}
    for name, value in ways.items():
        if value:
            return path, {**asked, name: value}
    if answer.get("next_cursor") and answer.get("has_more") is not False:
        return path, {**asked, "cursor": answer["next_cursor"]}
    if (following and not ways) or answer.get("has_more"):
        raise strange(f"more pages, but no way to them: {str(following)[:200]}")
    if "next" in counters:
        return None
    total = number_in(counters, "total_pages")
    page = number_in(counters, "page")
    if total is None:
        return None
    if page is None:
        # The list does not say which page it is, so it is the one that was asked for.
        page = number_in(asked, "page") or 1
    return (path, {**asked, "page": page + 1}) if page < total else None
