"""What every stream is and states of itself."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

import requests
from airbyte_cdk.models import AirbyteStream
from airbyte_cdk.sources.streams.http import HttpStream
from pydantic import BaseModel

from source_intercom.api.client import API_VERSION, Client, Tally
from source_intercom.api.figures import Page, has_id
from source_intercom.api.pages import list_pages
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.finishing import Finishing
from source_intercom.shapes.reading import Reading
from source_intercom.shapes.sharing import INTERCOM_BIRTH, Sync
from source_intercom.sync.state import INDEX_LAG
from source_intercom.sync.windows import DAY, Planner, Window, whole

__all__ = ["INTERCOM_BIRTH", "IntercomStream", "Sync"]

# What a stream takes from its parent unless it says otherwise.
_FROM_PARENT = ("permission", "version", "endpoint", "records_key", "follows_order_by", "shrinks_without")


class IntercomStream(HttpStream):
    """A stream of Intercom records.

    A class states facts: path, where the records stand, key, cursor, permission, API version, parent. The docs, the
    permission report and the tests are made from them. How its records are read is the business of its shape.

    Made without a ``Sync`` it can only describe itself, which is all that ``discover`` and the docs need. ``full``
    says that the catalog asks for a full refresh, ``order_by`` which time drives searches; with a ``tally`` its
    requests are counted as another stream's.

    Shared by all workers of its group. Once the read has begun nothing is written but cached properties: ``coerce`` is
    the same whichever worker makes it, and those of companies are used by the one worker that reads them whole.
    """

    key: ClassVar[tuple[str, ...]] = ("id",)
    # Fields of the key that Intercom may leave empty. Text is then empty text, because destinations refuse a row that
    # lacks a column of its key.
    may_lack: ClassVar[tuple[str, ...]] = ()
    permission: ClassVar[str]
    # Permissions that it needs beside its own.
    also_needs: ClassVar[tuple[str, ...]] = ()
    # Permissions without which Intercom leaves records out and says nothing.
    shrinks_without: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[str] = API_VERSION
    records_key: ClassVar[str] = "data"
    params: ClassVar[tuple[tuple[str, str], ...]] = ()
    # The page size to try first in lists whose maximum Intercom does not document.
    page_wish: ClassVar[int] = 0
    endpoint: ClassVar[str]
    # The stream whose pages this one is made from; None where it reads pages of its own.
    parent: ClassVar["type[IntercomStream] | None"] = None
    _taken_from_parent: ClassVar[frozenset[str]] = frozenset()
    # What messages call a stream that is only there for others to be made from.
    called: ClassVar[str] = ""
    # Whether each sync needs every parent, whatever the parent's own time: its rows have times of their own.
    every_parent: ClassVar[bool] = False
    # Whether its rows are made from files, whose columns are not all known beforehand.
    has_more_columns: ClassVar[bool] = False
    # Whether its rows can bring files, which Airbyte moves to destinations that take them.
    brings_files: ClassVar[bool] = False
    # Whether it is read after all other streams.
    comes_last: ClassVar[bool] = False
    # The field that incremental syncs go by; empty: full refresh only.
    cursor_time: ClassVar[str] = ""
    # Whether the option order_by chooses the time that windows are about.
    follows_order_by: ClassVar[bool] = False
    # The field of its pages' records by which they lie in a window.
    time_field: str = "updated_at"
    # Whether its pages are the same whatever window is asked for.
    reads_whole: ClassVar[bool] = False
    # Whether all of its pages are read again every so many days, for what no incremental sync finds.
    is_reconciled: ClassVar[bool] = False
    # Whether rows take requests of their own for each page, or for each record of it.
    is_costly: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.parent is not None:
            stated = {
                fact
                for base in cls.__mro__
                if issubclass(base, IntercomStream) and base is not IntercomStream
                for fact in vars(base).keys() - vars(base).get("_taken_from_parent", frozenset())
            }
            cls._taken_from_parent = frozenset(_FROM_PARENT) - stated
            for fact in cls._taken_from_parent:
                setattr(cls, fact, getattr(cls.parent, fact))

    def __init__(
        self,
        sync: Sync | None = None,
        *,
        full: bool = False,
        order_by: str = "updated_at",
        tally: Tally | None = None,
    ) -> None:
        # HttpStream asks for the cursor field while it is made.
        self.order_by = order_by
        super().__init__()
        self._sync = sync
        self.full = full
        if self.follows_order_by and self.parent is None:
            self.time_field = order_by
        if sync is not None:
            self.client = self._make_client(tally)
            # HttpStream made a client of its own; ours has the shared pool, budget and token.
            self._http_client = self.client.http

    @property
    def name(self) -> str:
        return self.called or str(super().name)

    @property
    def sync(self) -> Sync:
        """The read that this stream belongs to."""
        assert self._sync is not None, f"{self.name} was made to describe itself, not to be read"
        return self._sync

    @cached_property
    def source(self) -> "IntercomStream":
        """The stream that reads the pages which this one is made from: its parent, or itself."""
        made_from = self.made_from
        if made_from is None:
            return self
        return made_from(self.sync, full=self.full, order_by=self.order_by, tally=self.client.tally)

    @property
    def made_from(self) -> "type[IntercomStream] | None":
        """The class of the parent, which an option may change."""
        return self.parent

    @property
    def cursor_field(self) -> str | list[str]:
        # Rows that name their parent's time have a name of their own for it; the others show the time itself.
        if self.follows_order_by and self.cursor_time == "updated_at":
            return self.order_by
        return self.cursor_time or []

    @property
    def primary_key(self) -> list[str]:
        return list(self.key)

    @property
    def is_resumable(self) -> bool:
        """Whether a full refresh that broke off can be continued: not where everything is read in one go."""
        return bool(self.cursor_time) and not (self.parent or type(self)).reads_whole

    @property
    def url_base(self) -> str:
        return self.sync.transport.base_url

    def as_airbyte_stream(self) -> AirbyteStream:
        described = super().as_airbyte_stream()
        # Airbyte lets people choose, stream by stream, whether files come too.
        described.is_file_based = True if self.brings_files else None
        return described

    def path(self, **_: Any) -> str:
        return self.endpoint

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Mapping[str, Any]]:
        """HttpStream's hook. Pages are read by ``api.pages``, which can retry and shrink a page."""
        raise NotImplementedError

    def next_page_token(self, response: requests.Response) -> Mapping[str, Any] | None:
        """HttpStream's hook, unused for the same reason."""
        raise NotImplementedError

    @property
    def is_one_to_one(self) -> bool:
        """Whether each record of the pages becomes one row."""
        return type(self).rows is IntercomStream.rows

    @property
    def lacks_option(self) -> str:
        """Why the options give the stream nothing to read, in words for the table of a sync; empty where they do."""
        return ""

    @property
    def filters(self) -> BaseModel | None:
        """The user's filters that the stream's pages obey."""
        return None

    @property
    def shaped_by(self) -> Mapping[str, Any]:
        """The options that decide what its records look like, by name, where they are not the defaults."""
        return {}

    @property
    def planner(self) -> Planner:
        """How a gap is cut into windows before any of it is read."""
        return whole

    @property
    def overlap(self) -> int:
        """How many seconds before its saved position each sync reads again."""
        return INDEX_LAG + self.sync.config.lookback_window * DAY

    @property
    def needs_last_look(self) -> bool:
        """Whether a full refresh must look again at the end for what moved while it was read."""
        return False

    @abstractmethod
    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        """Pages of records: those of a window, or all of them where the stream reads whole.

        Asked of a stream's ``source`` only. Raises an ``IntercomError``.
        """

    def skipped(self) -> None:
        """Nothing of it is left to read in this sync, so ``pages`` is not asked for. Others may wait for them."""

    def prepared(self, page: Page) -> Page:
        """A page of this source, made ready for all streams that are made from it. May take requests."""
        return page

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        """What this stream makes of one page of its source: the page itself, unless it is nested or a child.

        The page is shared with other streams: it is never changed. Lists of rows that are new may be emptied by
        whoever takes them.
        """
        yield page

    def probe(self) -> None:
        """The cheapest request that needs the stream's permission. Raises an ``IntercomError``."""
        if self.source is self:
            self.client.get(self.endpoint, dict(self.params))
        else:
            self.source.probe()

    @cached_property
    def finishing(self) -> Finishing:
        """Makes rows ready to leave."""
        return Finishing(self.get_json_schema(), self.key, self.may_lack, tells_unknown=not self.has_more_columns)

    def objects(self, items: object) -> list[Record]:
        """The items of a list that are objects; anything else can be no row, and is counted."""
        if not isinstance(items, list):
            self.client.tally.add(odd=items is not None)
            return []
        objects = [item for item in items if isinstance(item, dict)]
        if len(objects) < len(items):
            self.client.tally.add(odd=len(items) - len(objects))
        return objects

    def identified(self, items: object) -> list[Record]:
        """The items of a list that are records with an id. Of any other nothing more can be asked; it is counted."""
        objects = self.objects(items)
        known = [item for item in objects if has_id(item)]
        if len(known) < len(objects):
            self.client.tally.add(odd=len(objects) - len(known))
        return known

    def warn_of_cap(self, parent: Record, total: object, given: int) -> None:
        """Intercom gives at most the 500 newest parts of a conversation or ticket; what it leaves out is said."""
        if isinstance(total, int) and total > given:
            self.client.tally.add(capped=1)
            self.logger.warning(
                f"{self.name}: '{parent.get('id')}' has {total} parts, of which Intercom gives only the newest {given}"
            )

    def moment_of(self, record: Record) -> int | None:
        """The time of a record by which it lies in a window, in Unix seconds; None when it has none to go by."""
        return self.sync.moment_of(record.get(self.time_field))

    def lies_in(self, window: Window, record: Record) -> bool:
        """Whether a record belongs to a window; one without a time belongs to each."""
        moment = self.moment_of(record)
        return moment is None or window.holds(moment)

    def lies_within(self, record: Record, through: int | str) -> bool:
        """Whether a record of this source comes no later than the one up to which all have been given.

        Asked of sources that are read whole and tell ``Reading.asked``, which by default is by their records' time.
        """
        moment = self.moment_of(record)
        return moment is not None and isinstance(through, int) and moment <= through

    @property
    def asks_all_every_days(self) -> int:
        """Every how many days all parents are asked, and those that were active in between; 0 for all in each sync."""
        return 0

    def choose_parents(self, *, all_of_them: bool) -> None:
        """Told, before anything is read, whether this sync asks all parents or only those that were active."""

    @property
    def needs_every_parent(self) -> bool:
        """Whether each sync needs all records of the source."""
        return self.every_parent or not self.cursor_time

    @property
    def asks_every_parent(self) -> bool:
        """Whether each incremental sync asks all records of the source for rows, which can take hours."""
        return self.every_parent and (self.made_from or type(self)).reads_whole and not self.full

    def wants(self, record: Record, window: Window) -> bool:
        """Whether a record of a source that reads whole belongs to this stream's window; one without a time does."""
        if self.needs_every_parent:
            return True
        moment = self.source.moment_of(record)
        if moment is None:
            return True
        # A full refresh keeps what changes while it runs: no later sync would bring it.
        open_ended = self.full and self.sync.config.end is None
        return moment >= window.start if open_ended else window.holds(moment)

    def client_for(self, permission: str, *, version: str = "", tally: Tally | None = None) -> Client:
        """A client for a permission; in the stream's own API version, and counted as its own, where none is given."""
        sync = self.sync
        return Client(
            self.name,
            sync.transport,
            sync.logger,
            permission=permission,
            version=version or self.version,
            retries=sync.retries,
            tally=tally or self.client.tally,
        )

    def _make_client(self, tally: Tally | None) -> Client:
        return self.client_for(self.permission, tally=tally or Tally())

    def listed(self, since: int = 0) -> Iterator[Page]:
        """All pages of the endpoint as a plain list, or those since a moment where Intercom can tell."""
        params = dict(self.params)
        return list_pages(self.client, self.endpoint, self.records_key, params, wish=self.page_wish, whole=True)
