"""The ways Intercom pages: search cursor, lists of five kinds, and company scroll (notes §4.1, §4.7)."""

import time
from collections.abc import Callable, Iterator, Mapping
from logging import Logger
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from source_intercom.api.client import Client, Json
from source_intercom.api.errors import (
    IntercomError,
    RecordGone,
    RequestRefused,
    ScrollLost,
    ScrollTaken,
    Unavailable,
    strange,
)
from source_intercom.api.queries import Order, Query, search_body

Page = list[Json]

SEARCH_PAGE = 150  # the most that a search gives at once (notes §0)
_SCROLL_POLL = 15.0  # seconds between two tries while somebody else's scroll is open
_SCROLL_PATIENCE = 600.0  # seconds to wait for it: an abandoned scroll ends after one minute
_SCROLL_RESTARTS = 5


class Answer(NamedTuple):
    """A page of a search, the number of records that the whole search matches, and whether none follows."""

    records: Page
    total: int
    is_last: bool


def search_answers(
    client: Client, path: str, query: Query, sort_field: str, records_key: str, *, order: Order = "ascending"
) -> Iterator[Answer]:
    """Pages of a search in the order of a time.

    A page that Intercom cannot build after all retries is asked again at half its size, and the size recovers
    with each page that succeeds: some days of some workspaces fail at 150 and pass at 1 (peers #9). Raises
    ``Unavailable`` when even a single record cannot be read.
    """
    per_page = SEARCH_PAGE
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        try:
            answer = client.post(path, search_body(query, sort_field, per_page, cursor, order=order))
        except Unavailable:
            if per_page == 1:
                raise
            per_page //= 2
            continue
        following = next_cursor(answer)
        page = [Answer(records_in(answer, records_key), answer.get("total_count") or 0, following is None)]
        # Nothing holds a page while the next is on its way: with fifty readers that is a megabyte and a half each.
        del answer
        yield page.pop()
        if following is None:
            return
        if following in seen:
            raise RequestRefused(f"Intercom's {path} gave the same page cursor twice.", f"POST {path}")
        seen.add(following)
        cursor = following
        per_page = min(SEARCH_PAGE, per_page * 2)


def list_pages(
    client: Client, path: str, records_key: str, params: Mapping[str, Any] | None = None, *, wish: int = 0
) -> Iterator[Page]:
    """Pages of a list, in whichever way it pages, or of one that has no pages at all.

    ``wish`` is a page size to ask for where Intercom documents no greatest one: if it is refused, as companies refuse
    more than 60, pages come in Intercom's own size.
    """
    asked = dict(params or {})
    if wish:
        try:
            answer = client.get(path, {**asked, "per_page": wish})
        except RequestRefused:
            pass
        else:
            yield from pages_from(answer, client, path, records_key, {**asked, "per_page": wish})
            return
    yield from pages_from(client.get(path, asked), client, path, records_key, asked)


def pages_from(answer: Json, client: Client, path: str, records_key: str, asked: Mapping[str, Any]) -> Iterator[Page]:
    """Pages of a list whose first ``answer`` is there, and which was ``asked`` for with these parameters."""
    request: tuple[str, Mapping[str, Any]] = (path, asked)
    seen: list[tuple[str, Mapping[str, Any]]] = []
    while True:
        yield records_in(answer, records_key)
        following = next_request(answer, path, asked)
        if following is None:
            return
        if following == request or following in seen:
            raise RequestRefused(f"Intercom's {path} gave the same next page twice.", f"GET {path}")
        seen.append(request)
        request = following
        answer = client.get(*request)


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


def pages_told(answer: Json) -> int:
    """How many pages a list has, as its answer says; 1 when it does not say."""
    pages = answer.get("pages")
    total = pages.get("total_pages") if isinstance(pages, dict) else None
    return total if isinstance(total, int) else 1


def next_cursor(answer: Json) -> str | None:
    """``pages.next.starting_after``, None on the last page."""
    following = (answer.get("pages") or {}).get("next")
    if not following:
        return None
    cursor = following.get("starting_after") if isinstance(following, dict) else None
    if not isinstance(cursor, str):
        raise strange(f"a next page without a cursor: {following!r}")
    return cursor


def next_request(answer: Json, path: str, asked: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Path and parameters of the page after ``answer``, None after the last one (notes §4.1).

    ``pages.next`` is a link, or an object with a cursor or a page number; some lists have counters only, beside
    their records or in ``pages``; some have ``next_cursor``. Of a link only path and query are followed, so that
    the token never leaves the configured host.
    """
    pages = answer.get("pages")
    counters: Json = pages if isinstance(pages, dict) else answer
    following = counters.get("next")
    if isinstance(following, str) and following:
        url = urlsplit(following)
        # Without its one slash a path such as ".example.com/x" would become a part of the host's name.
        link = "/" + url.path.lstrip("/")
        return (f"{link}?{url.query}" if url.query else link), {}
    if isinstance(following, dict):
        for name in ("starting_after", "page"):
            if following.get(name):
                return path, {**asked, name: following[name]}
    if answer.get("has_more") and answer.get("next_cursor"):
        return path, {**asked, "cursor": answer["next_cursor"]}
    if following or answer.get("has_more"):
        raise strange(f"more pages, but no way to them: {following!r}")
    page, total = counters.get("page"), counters.get("total_pages")
    if "next" not in counters and isinstance(page, int) and isinstance(total, int) and page < total:
        return path, {**asked, "page": page + 1}
    return None


class CompanyScroll:
    """One walk over all companies: ``GET /companies/scroll`` until a page is empty (notes §4.7).

    The token is the same on every page, so only an empty page ends the walk. A page whose answer was lost may
    have moved the scroll on, hence nothing is retried in place: the walk starts again and leaves out the
    companies that it has given already. ``sleep`` and ``clock`` are parameters for the tests.
    """

    def __init__(
        self,
        client: Client,
        logger: Logger,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._logger = logger
        self._sleep = sleep
        self._clock = clock

    def pages(self) -> Iterator[Page]:
        """Pages of companies, none twice. Raises ``ScrollTaken`` or ``Unavailable`` when patience ends."""
        given: set[str] = set()
        failures: list[IntercomError] = []
        while True:
            try:
                yield from self._walk(given)
                return
            except (ScrollLost, RecordGone, Unavailable) as error:
                failures.append(error)
                if len(failures) > _SCROLL_RESTARTS:
                    raise Unavailable(
                        f"Intercom ended the scroll over companies {len(failures)} times before it was complete; "
                        "the next sync starts it again.",
                        str(error.internal_message),
                    ) from None
                self._logger.warning(
                    f"The scroll over companies broke off after {len(given)} companies and starts again: "
                    f"{error.internal_message}"
                )
                self._sleep(2.0 ** len(failures))

    def _walk(self, given: set[str]) -> Iterator[Page]:
        walked: set[str] = set()
        answer = self._open()
        while companies := records_in(answer, "data"):
            ids = {str(company["id"]) for company in companies}
            if ids <= walked:
                raise RequestRefused(
                    "Intercom's scroll over companies repeats itself; the sync stops before it fills the warehouse "
                    "with copies. Please report this to the maintainers.",
                    f"page of {len(ids)} companies, all seen among {len(walked)}",
                )
            walked |= ids
            fresh = [company for company in companies if str(company["id"]) not in given]
            given |= ids
            yield fresh
            if not answer.get("scroll_param"):
                raise strange("a page of the scroll without its token")
            answer = self._client.get("/companies/scroll", {"scroll_param": answer["scroll_param"]}, retry=False)

    def _open(self) -> Json:
        deadline = self._clock() + _SCROLL_PATIENCE
        while True:
            try:
                return self._client.get("/companies/scroll", retry=False)
            except ScrollTaken as error:
                if self._clock() > deadline:
                    raise ScrollTaken(
                        "Another integration keeps a scroll over companies open in this Intercom workspace, and "
                        "Intercom allows one at a time: stop that one, or sync companies at another hour.",
                        str(error.internal_message),
                    ) from None
                self._logger.info("Waiting for another scroll over companies in this workspace to end")
                self._sleep(_SCROLL_POLL)
