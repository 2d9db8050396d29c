"""The scroll over all companies: read once in a sync, for all company streams together."""

import threading
import time
from collections.abc import Callable, Iterator
from logging import Logger

from source_intercom.api.bodies import written
from source_intercom.api.client import Client, Json
from source_intercom.api.errors import (
    RecordGone,
    RequestRefused,
    ScrollLost,
    ScrollTaken,
    Unavailable,
    strange,
)
from source_intercom.api.figures import Page, has_id, records_in
from source_intercom.options.home import REPORT

_SCROLL_POLL = 15.0  # seconds between two tries while somebody else's scroll is open
_SCROLL_PATIENCE = 600.0  # seconds to wait for it: an abandoned scroll ends after one minute
_SCROLL_RESTARTS = 5


class CompanyScroll:
    """All companies: ``GET /companies/scroll`` until a page is empty.

    The token is the same on every page, so only an empty page is the end. A page whose answer was lost may have moved
    the scroll on, so no request is retried: the scroll starts again, and companies that were given already are left
    out. ``sleep`` and ``clock`` are parameters for the tests.

    Used by one thread; nothing here is shared.
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
        self._scale = client.time_scale

    def pages(self) -> Iterator[Page]:
        """Pages of companies, none twice. Raises ``ScrollTaken`` or ``Unavailable`` when patience ends."""
        given: set[str] = set()
        failures = 0
        while True:
            before = len(given)
            try:
                yield from self._scrolled(given)
                return
            except (ScrollLost, RecordGone, Unavailable) as error:
                # A destination that takes nothing for a minute, as while it loads a batch, lets the scroll expire.
                # However often that happens, each scroll comes further than the one before.
                failures = 1 if len(given) > before else failures + 1
                if failures > _SCROLL_RESTARTS:
                    raise Unavailable(
                        f"Intercom ended the scroll over companies {failures} times before it was complete; "
                        "the next sync starts it again.",
                        str(error.internal_message),
                    ) from None
                self._logger.warning(
                    f"The scroll over companies broke off after {len(given)} companies and starts again: "
                    f"{error.internal_message}"
                )
                self._sleep(self._scale * 2.0**failures)

    def _scrolled(self, given: set[str]) -> Iterator[Page]:
        seen: set[str] = set()
        answer = self._open()
        while companies := records_in(answer, "data"):
            ids = {_id_of(company) for company in companies}
            if ids <= seen:
                raise RequestRefused(
                    "Intercom's scroll over companies repeats itself; the sync stops before it fills the warehouse "
                    f"with copies. {REPORT}",
                    f"page of {len(ids)} companies, all seen among {len(seen)}",
                )
            seen |= ids
            fresh = [company for company in companies if _id_of(company) not in given]
            given |= ids
            yield fresh
            if not answer.get("scroll_param"):
                raise strange("a page of the scroll without its token")
            answer = self._client.get("/companies/scroll", {"scroll_param": answer["scroll_param"]}, retry=False)

    def _open(self) -> Json:
        deadline = self._clock() + _SCROLL_PATIENCE * self._scale
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
                self._sleep(_SCROLL_POLL * self._scale)


def _id_of(company: object) -> str:
    """The id of a company; for one without, all of it as text, so that it can be recognised."""
    return str(company["id"] if isinstance(company, dict) and "id" in company else company)


class SharedScroll:
    """Reads the scroll once for all company streams of a sync. The stream that reads it gets the companies; the others
    get their ids.

    The ids are handed out only when the scroll is over: calls between two pages would let it expire, which Intercom
    ends after a minute without a call. ``client`` makes the calls of the scroll and counts them. ``kept`` takes a list
    out of each company for the other streams, None where the company does not tell: ``shown`` has them.

    Shared by all company streams of a read. The one thread that reads the scroll writes ``_ids``, ``shown``,
    ``_failure`` and ``_is_over``. The others read them after ``_settled`` is set, which happens after the last write,
    or when the stream that was to read the scroll leaves it to them (``leave``). Then the first of them reads it, and
    holds ``_alone`` meanwhile, so that no second one opens a scroll.
    """

    def __init__(self, client: Client, logger: Logger, *, kept: Callable[[Json], Page | None] | None = None) -> None:
        self.client = client
        self.shown: dict[str, Page] = {}
        self._kept = kept
        # Many companies show the same list, which is kept once.
        self._lists: dict[bytes, Page] = {}
        self._scroll = CompanyScroll(client, logger)
        self._ids: list[str] = []
        self._failure: Exception | None = None
        self._is_over = False
        self._settled = threading.Event()
        self._alone = threading.Lock()

    def pages(self) -> Iterator[Page]:
        """Read the scroll. To be called once, and to be read to its end."""
        try:
            for page in self._scroll.pages():
                for company in page:
                    if isinstance(company, dict) and has_id(company):
                        self._note(str(company["id"]), company)
                yield page
            self._end()
        except Exception as error:
            self._failure = error
            raise
        finally:
            self.give_up()

    def _note(self, company_id: str, company: Json) -> None:
        self._ids.append(company_id)
        items = self._kept(company) if self._kept else None
        if items is not None:
            self.shown[company_id] = self._lists.setdefault(written(items), items)

    def _end(self) -> None:
        self._is_over = True
        self._settled.set()

    def give_up(self) -> None:
        """The scroll has ended, complete or not: streams that wait for it go on."""
        if not self._is_over:
            self._failure = self._failure or Unavailable("The scroll over companies was given up before its end.")
            self._end()

    def leave(self) -> None:
        """The stream that was to read the scroll has nothing to read: the first that needs the ids reads it."""
        self._settled.set()

    def ids(self, *, read_by_another: bool) -> list[str]:
        """Ids of all companies, after the scroll; the first to ask reads it, unless a stream of this read does.

        Raises the error with which the scroll ended: a part of the companies is not all of them.
        """
        if read_by_another:
            self._settled.wait()
        with self._alone:
            if not self._is_over:
                for _ in self.pages():
                    pass
        if self._failure is not None:
            raise self._failure
        return self._ids
