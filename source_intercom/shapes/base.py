"""IntercomStream: what every stream states of itself.

A stream class states facts: path, where its records stand, key, cursor, permission, API version, parent. The
docs, the permission report of ``check`` and the tests are made from these attributes. How its records are read is
the business of its shape (``shapes``); windows, states and failures that of ``sync`` and ``walks``.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone, tzinfo
from functools import cached_property
from logging import Logger
from typing import Any, ClassVar, Protocol

import requests
from airbyte_cdk.sources.streams.http import HttpStream
from pydantic import BaseModel

from source_intercom.api import permissions
from source_intercom.api.client import API_VERSION, Client, Transport
from source_intercom.api.company_walk import CompanyWalk
from source_intercom.api.errors import RETRIES
from source_intercom.api.pages import Page, list_pages
from source_intercom.options.config import Config
from source_intercom.shapes.coercion import Coercion, Record, id_coercion
from source_intercom.sync.windows import Planner, Window, whole

_DIGITS = 20  # more than any moment has
# 2011-01-01: the year Intercom was founded.
INTERCOM_BIRTH = 1_293_840_000


class Reading(Protocol):
    """The window that is being read, as its stream sees it."""

    @property
    def most_parts(self) -> int:
        """Into how many windows its work may be cut; what Intercom cannot give at this length may need more.

        With none it must be read here, and by one reader.
        """

    @property
    def is_costly(self) -> bool:
        """Whether a page takes calls beyond its own, so that it is worth a checkpoint and a page fetched ahead."""

    def expect(self, total: int) -> None:
        """The window matches so many records."""

    def split(self, windows: Iterable[Window]) -> None:
        """Hand out the windows at the end of this one; it ends where the first of them starts."""

    def share(self, pages: "Callable[[Reading], Iterator[Page]]") -> None:
        """Have a second worker read the same window, by ``pages``; it is read when both are done."""

    def reached(self, part: Window) -> None:
        """This part of the window has been given whole."""


@dataclass(frozen=True)
class Uncut:
    """A window that is read as it is."""

    is_costly: bool
    most_parts: ClassVar[int] = 0

    def expect(self, total: int) -> None:
        """An estimate of parents says nothing of their children."""

    def split(self, windows: Iterable[Window]) -> None:
        raise NotImplementedError("nothing is too much for this window")

    def share(self, pages: "Callable[[Reading], Iterator[Page]]") -> None:
        raise NotImplementedError("this window has one reader")

    def reached(self, part: Window) -> None:
        """Nobody needs to know."""


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
        client = Client("companies", self.transport, self.logger, permission=permissions.CONTACTS, retries=self.retries)
        object.__setattr__(self, "companies", CompanyWalk(client, self.logger))


class IntercomStream(HttpStream):
    """A stream of Intercom records.

    Made without a ``Sync`` it can only describe itself, which is all that ``discover`` and the docs need.
    ``full`` says that the catalog asks for a full refresh, ``order_by`` which time drives searches.
    """

    key: ClassVar[tuple[str, ...]] = ("id",)
    permission: ClassVar[str]
    # What its walk needs beside: the rows of a child can be behind another permission than its parents.
    also_needs: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[str] = API_VERSION
    records_key: ClassVar[str] = "data"
    params: ClassVar[tuple[tuple[str, str], ...]] = ()
    # A page size for lists whose greatest one Intercom does not document.
    page_wish: ClassVar[int] = 0
    endpoint: ClassVar[str]
    # The pages that a stream is made from; streams of one name share one walk of them. Empty: the stream's own.
    walk: str = ""
    # The field that incremental syncs go by; empty: full refresh only.
    cursor_time: ClassVar[str] = ""
    # The time of a walk's records that windows are about; a projection may show it under another name.
    walk_field: str = "updated_at"
    # Whether rows take calls of their own for each page, or for each record of it.
    is_costly: ClassVar[bool] = False

    def __init__(self, sync: Sync | None = None, *, full: bool = False, order_by: str = "updated_at") -> None:
        # HttpStream asks for the cursor field while it is made.
        self.order_by = order_by
        super().__init__()
        self._sync = sync
        self.full = full
        if sync is not None:
            self.client = self._make_client(sync)
            self.walk_client = self.client_for(self.also_needs[0]) if self.also_needs else self.client
            # HttpStream made a client of its own; ours has the shared pool, budget and token.
            self._http_client = self.client.http

    @property
    def sync(self) -> Sync:
        """The read that this stream belongs to."""
        assert self._sync is not None, f"{self.name} was made to describe itself, not to be read"
        return self._sync

    @property
    def cursor_field(self) -> str | list[str]:
        return self.cursor_time or []

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
    def is_one_to_one(self) -> bool:
        """Whether each record of the walk becomes one row."""
        return type(self).rows is IntercomStream.rows

    @property
    def walks_whole(self) -> bool:
        """Whether the walk is the same whatever window is asked for."""
        return False

    @property
    def is_configured(self) -> bool:
        """Whether the options give the stream anything to read."""
        return True

    @property
    def filters(self) -> BaseModel | None:
        """The user's filters that the stream's walk obeys."""
        return None

    @property
    def planner(self) -> Planner:
        """How a gap is cut into windows before any of it is read."""
        return whole

    @property
    def sweeps(self) -> bool:
        """Whether a full refresh must look again at the end for what moved while it was read."""
        return False

    @abstractmethod
    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        """The pages of the stream's walk that lie in a window. Raises an ``IntercomError``."""

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        """What this stream makes of one page of its walk: the page itself, unless it is a projection or a child.

        Whoever takes the rows may empty their lists; nothing else may hold on to them.
        """
        yield page

    def probe(self) -> None:
        """The cheapest call that needs the stream's permission. Raises an ``IntercomError``."""
        self.client.get(self.endpoint, dict(self.params))

    @cached_property
    def coerce(self) -> Coercion:
        """Gives the ids of a record their declared types, in place."""
        return id_coercion(self.get_json_schema())

    def lies_in(self, window: Window, record: Record) -> bool:
        """Whether a record of the walk belongs to a window; one without a time belongs to each."""
        moment = moment_of(record, self.walk_field)
        return moment is None or window.holds(moment)

    def client_for(self, permission: str) -> Client:
        """A line whose errors ask for another permission than the stream's own."""
        sync = self.sync
        return Client(
            self.name,
            sync.transport,
            sync.logger,
            permission=permission,
            version=self.version,
            retries=sync.retries,
            tally=self.client.tally,
        )

    def _make_client(self, sync: Sync) -> Client:
        return Client(
            self.name,
            sync.transport,
            sync.logger,
            permission=self.permission,
            version=self.version,
            retries=sync.retries,
        )

    def listed(self, since: int = 0) -> Iterator[Page]:
        """All pages of the endpoint as a plain list, or those since a moment where Intercom can tell."""
        return list_pages(self.walk_client, self.endpoint, self.records_key, dict(self.params), wish=self.page_wish)


def moment_of(record: Record, field: str) -> int | None:
    """A record's time in Unix seconds: Intercom writes some as numbers and some as ISO text (notes §6).

    None when it has none, or one that nobody can read; such a record is never left out.
    """
    value = record.get(field)
    if isinstance(value, str):
        if value.isascii() and value.isdigit() and len(value) < _DIGITS:
            return int(value)
        try:
            moment = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            return None
        return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
