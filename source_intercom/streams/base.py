"""IntercomStream and the few shapes that streams come in.

A stream class states facts: path, where its records stand, key, cursor, permission, API version, parent. The
docs, the permission report of ``check`` and the tests are made from these attributes. A shape says how records of
one window are read; windows, states and failures are the business of ``sync`` and ``walks``.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timezone, tzinfo
from functools import cached_property
from logging import Logger
from typing import Any, ClassVar, Protocol

import requests
from airbyte_cdk.sources.streams.http import HttpStream

from source_intercom.api.client import API_VERSION, Client, Transport
from source_intercom.api.errors import RETRIES
from source_intercom.api.paging import SEARCH_PAGE, Page, linked_pages, records_in, search_answers
from source_intercom.api.search import Query, search_body, seconds_query
from source_intercom.config import Config
from source_intercom.streams.coercion import Coercion, Record, id_coercion
from source_intercom.streams.company_walk import CompanyWalk
from source_intercom.sync.windows import Planner, Window, cut, whole

CONTACTS_PERMISSION = "Read users and companies"
CONVERSATIONS_PERMISSION = "Read conversations"
TICKETS_PERMISSION = "Read tickets"
ADMINS_PERMISSION = "Read admins"
TAGS_PERMISSION = "Read tags"
ACTIVITY_LOGS_PERMISSION = "Read admin activity logs"

# At most so many windows are handed out at once; heavy ones of them are cut again.
_MOST_PARTS = 64
# With more parts than these, one call to find the last record is cheaper than empty windows behind it.
_PAYS_A_CALL = 8
_CHECKPOINT_PAGES = 10
# 2011-01-01: the year Intercom was founded.
INTERCOM_BIRTH = 1_293_840_000


class Reading(Protocol):
    """The window that is being read, as its stream sees it."""

    @property
    def window_pages(self) -> int:
        """How many pages a window should have at least, so that the streams of the walk waste little."""

    def split(self, windows: Iterable[Window]) -> None:
        """Hand out the windows at the end of this one; it ends where the first of them starts."""

    def reached(self, moment: int) -> None:
        """Everything of the window up to and including ``moment`` has been given."""


@dataclass(frozen=True)
class Sync:
    """What the streams of one read share.

    ``begin`` is the moment it began and ``birth`` the moment the workspace was made, both in Unix seconds.
    """

    config: Config
    transport: Transport
    logger: Logger
    begin: int
    birth: int = INTERCOM_BIRTH
    zone: tzinfo = timezone.utc
    selected: frozenset[str] = frozenset()
    retries: int = RETRIES

    # The one walk over companies of this read: Intercom allows one scroll at a time (notes §4.7).
    companies: CompanyWalk = field(init=False)

    def __post_init__(self) -> None:
        client = Client("companies", self.transport, self.logger, permission=CONTACTS_PERMISSION, retries=self.retries)
        object.__setattr__(self, "companies", CompanyWalk(client, self.logger))


class IntercomStream(HttpStream):
    """A stream of Intercom records.

    Made without a ``Sync`` it can only describe itself, which is all that ``discover`` and the docs need.
    ``full`` says that the catalog asks for a full refresh.
    """

    key: ClassVar[tuple[str, ...]] = ("id",)
    permission: ClassVar[str]
    version: ClassVar[str] = API_VERSION
    records_key: ClassVar[str] = "data"
    params: ClassVar[tuple[tuple[str, str], ...]] = ()
    endpoint: ClassVar[str]
    # A window wastes half a page at its end on average: at forty, windows cost little more than one call in a hundred.
    window_pages: ClassVar[int] = 40

    def __init__(self, sync: Sync | None = None, *, full: bool = False) -> None:
        super().__init__()
        self._sync = sync
        self.full = full
        if sync is not None:
            self.client = self._make_client(sync)
            # HttpStream made a client of its own; ours has the shared pool, budget and token.
            self._http_client = self.client.http

    @property
    def sync(self) -> Sync:
        """The read that this stream belongs to."""
        assert self._sync is not None, f"{self.name} was made to describe itself, not to be read"
        return self._sync

    @property
    def primary_key(self) -> list[str]:
        return list(self.key)

    @property
    def url_base(self) -> str:
        return self.sync.transport.base_url

    def path(self, **_: Any) -> str:
        return self.endpoint

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Mapping[str, Any]]:
        """HttpStream's hook. Pages are walked by ``api.paging``, which can retry and shrink a page."""
        raise NotImplementedError

    def next_page_token(self, response: requests.Response) -> Mapping[str, Any] | None:
        """HttpStream's hook, unused for the same reason."""
        raise NotImplementedError

    @property
    def planner(self) -> Planner:
        """How a gap is cut into windows before any of it is read."""
        return whole

    @property
    def sweeps(self) -> bool:
        """Whether a full refresh must look again at the end for what moved while it was read."""
        return False

    @property
    def walk(self) -> str:
        """The pages that this stream is made from; streams of one name share one walk of them."""
        return self.name

    @abstractmethod
    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        """The pages of the stream's walk that lie in a window. Raises an ``IntercomError``."""

    def rows(self, page: Page) -> Iterator[Page]:
        """What this stream makes of one page of its walk: the page itself, unless it is a projection or a child."""
        yield page

    def probe(self) -> None:
        """The cheapest call that needs the stream's permission. Raises an ``IntercomError``."""
        self.client.get(self.endpoint, dict(self.params))

    @cached_property
    def coerce(self) -> Coercion:
        """Gives the ids of a record their declared types, in place."""
        return id_coercion(self.get_json_schema())

    def _make_client(self, sync: Sync) -> Client:
        return Client(
            self.name,
            sync.transport,
            sync.logger,
            permission=self.permission,
            version=self.version,
            retries=sync.retries,
        )

    def _listed(self) -> Iterator[Page]:
        return linked_pages(self.client, self.endpoint, self.records_key, dict(self.params))


class ListStream(IntercomStream):
    """A collection that is read whole by every sync: Intercom neither filters it nor says when it changed."""

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        return self._listed()


class WalkedStream(IntercomStream):
    """A collection that Intercom cannot filter, but whose records tell when they changed.

    It is walked whole; the records of the window are kept. A full refresh keeps what changes during the walk
    too, because no later sync would bring it. The new state is the start of the walk, which is where the
    window ends: a record that changed behind the walk is found by the next one.
    """

    cursor_field = "updated_at"

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        for page in self._listed():
            yield [record for record in page if self._wanted(record, window)]

    def _wanted(self, record: Record, window: Window) -> bool:
        """Whether a record belongs to this sync; one without a time always does."""
        moment = record.get(self.cursor_field)
        if moment is None:
            return True
        return bool(moment >= window.start if self.full else window.holds(moment))


class SearchStream(IntercomStream):
    """A collection with a search: Intercom filters, by whole seconds unless a stream says otherwise.

    The first page of a window tells how much lies in it. A window that is heavy keeps its beginning and hands
    out the rest in windows of about ``window_pages`` pages, each of which does the same: so work of any skew
    ends up evenly in many hands, and what is small costs no call more than its pages.
    """

    cursor_field = "updated_at"

    @property
    def sweeps(self) -> bool:
        # A record that changes before its window is read moves past the end. The next incremental sync brings
        # it; a full refresh has no next one, so it looks again at the end.
        return self.full

    def query(self, window: Window) -> Query:
        """What to ask for a window: it may match more than the window, never less."""
        return seconds_query(self.cursor_field, window.start, window.end)

    def cut(self, window: Window, parts: int) -> list[Window]:
        """Cut a window where this stream's search can tell two windows apart."""
        return cut(window, parts)

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        answers = search_answers(self.client, self.endpoint, self.query(window), self.cursor_field, self.records_key)
        for number, (page, total) in enumerate(answers):
            if number == 0 and (handed := self._excess(window, page, total // (SEARCH_PAGE * reading.window_pages))):
                reading.split(handed)
                window = Window(window.start, handed[0].start - 1)
            yield [record for record in page if self._lies_in(window, record)]
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
        self.client.post(self.endpoint, search_body(query, self.cursor_field, 1, None))

    def _excess(self, window: Window, page: Page, parts: int) -> list[Window]:
        """Windows to hand out of one that has work for ``parts`` windows and begins with the records of ``page``."""
        parts = min(parts, _MOST_PARTS)
        last = self._last_moment(page)
        if parts < 2 or last is None or last >= window.end:
            return []
        # Years may lie empty behind the last record: cutting them up would cost a call a window. Where it pays,
        # one call finds the end.
        latest = self._latest(window) if parts > _PAYS_A_CALL else window.end
        first = min((record[self.cursor_field] for record in page if record.get(self.cursor_field)), default=last)
        windows = self.cut(Window(max(first, window.start), max(min(latest, window.end), last)), parts)
        windows = [part for part in windows if part.start > last]
        return [*windows[:-1], Window(windows[-1].start, window.end)] if windows else []

    def _latest(self, window: Window) -> int:
        body = search_body(self.query(window), self.cursor_field, 1, None, order="descending")
        found = self._last_moment(records_in(self.client.post(self.endpoint, body), self.records_key))
        return window.end if found is None else found

    def _last_moment(self, page: Page) -> int | None:
        return page[-1].get(self.cursor_field) if page else None

    def _lies_in(self, window: Window, record: Record) -> bool:
        moment = record.get(self.cursor_field)
        return moment is None or window.holds(moment)
