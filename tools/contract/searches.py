"""Small searches that several questions look at."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from source_intercom.api.client import Json
from source_intercom.api.errors import RequestRefused, Unavailable
from source_intercom.api.figures import next_cursor, number_in, records_in
from source_intercom.api.pages import SEARCH_PAGE
from source_intercom.api.queries import Order, Query, equals, search_body
from source_intercom.shapes.base import INTERCOM_BIRTH
from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from tools.contract.workspace import Refused, Workspace

_CHOSEN = 15  # as many filters as one OR takes
_MOST_PAGES = 8  # twice what the walk over those takes
_QUARTER = 900  # the days of every time zone begin at a quarter of an hour


@dataclass(frozen=True)
class Kind:
    """A collection with a search; ``key`` is where its records stand."""

    name: str
    key: str

    @property
    def path(self) -> str:
        return f"/{self.name}/search"


CONTACTS = Kind("contacts", "data")
CONVERSATIONS = Kind("conversations", "conversations")
TICKETS = Kind("tickets", "tickets")
KINDS = (CONTACTS, CONVERSATIONS, TICKETS)


@dataclass(frozen=True)
class Page:
    """A page of a search. ``next`` is what stands there: nothing, null, an empty cursor, a cursor."""

    records: list[Record]
    total: int | None
    size: int | None
    has_pages: bool
    next: str
    cursor: str | None


@dataclass
class Walk:
    """The pages of one search. ``is_cut``: it was left before its end. ``wanted``: how many records it must have."""

    kind: Kind
    per_page: int
    is_cut: bool
    wanted: int | None = None
    pages: list[Page] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    refused_cursors: int = 0
    """How often Intercom refused a cursor that it had just given."""

    @property
    def ids(self) -> list[str]:
        return [str(record["id"]) for page in self.pages for record in page.records]

    @property
    def records(self) -> list[Record]:
        return [record for page in self.pages for record in page.records]

    @property
    def has_ended(self) -> bool:
        """Whether its last page says that it is the last."""
        return bool(self.pages) and self.pages[-1].cursor is None


def page_of(answer: Json, kind: Kind) -> Page:
    pages = answer.get("pages")
    following = pages.get("next", ...) if isinstance(pages, Mapping) else ...
    cursor = next_cursor(answer)
    stands = "nothing" if following is ... else "null" if following is None else "a cursor" if cursor else "no cursor"
    return Page(
        records=[one for one in records_in(answer, kind.key) if isinstance(one, dict) and one.get("id") is not None],
        total=number_in(answer, "total_count"),
        size=number_in(pages, "per_page") if isinstance(pages, Mapping) else None,
        has_pages=isinstance(pages, Mapping),
        next=stands,
        cursor=cursor,
    )


def search(
    ws: Workspace,
    kind: Kind,
    query: Query,
    *,
    per_page: int = 1,
    cursor: str | None = None,
    by: str = "updated_at",
    order: Order = "ascending",
    fresh: bool = False,
) -> Page:
    """One page, asked for as the connector does. Raises ``Refused``."""
    return page_of(ws.post(kind.path, search_body(query, by, per_page, cursor, order=order), fresh=fresh), kind)


def found(ws: Workspace, kind: Kind, record: Record, term: Query) -> bool:
    """Whether the search finds a record under one more condition, also nested as the connector nests its own."""
    members = [equals("id", record["id"]), *(term["value"] if term["operator"] == "AND" else [term])]
    return bool(search(ws, kind, {"operator": "AND", "value": members}).records)


def compared(name: str, operator: str, value: object) -> Query:
    return {"field": name, "operator": operator, "value": value}


def newest(ws: Workspace, kind: Kind) -> Walk:
    """The 150 records that changed last. Raises ``Refused``."""
    return _first(ws, kind, by="updated_at", order="descending")


def oldest(ws: Workspace, kind: Kind) -> Walk:
    """The 150 records that were made first. Raises ``Refused``."""
    return _first(ws, kind, by="created_at", order="ascending")


def resting(ws: Workspace, kind: Kind) -> list[Record]:
    """The records that have not changed for longest: nobody is likely to change them during the run.

    Raises ``Refused``.
    """
    everything = compared("updated_at", ">", INTERCOM_BIRTH)
    return search(ws, kind, everything, per_page=_CHOSEN).records


def _first(ws: Workspace, kind: Kind, *, by: str, order: Order) -> Walk:
    def make() -> Walk:
        everything = compared(by, ">", INTERCOM_BIRTH)
        try:
            page = search(ws, kind, everything, per_page=SEARCH_PAGE, by=by, order=order)
        except Refused as refusal:
            if not isinstance(refusal.cause, Unavailable):
                raise
            page = search(ws, kind, everything, per_page=_CHOSEN, by=by, order=order)
            return Walk(kind, _CHOSEN, is_cut=page.cursor is not None, pages=[page])
        return Walk(kind, SEARCH_PAGE, is_cut=page.cursor is not None, pages=[page])

    return ws.keep(f"{order} {kind.name}", make)


def some(ws: Workspace, kind: Kind) -> list[Record]:
    """A few records, the same each time."""
    return newest(ws, kind).records[:_CHOSEN]


def walk(ws: Workspace, kind: Kind) -> Walk:
    """A search for fifteen records by their ids, in pages of five: small in any workspace, and its total is known.

    Raises ``Refused``.
    """

    def make() -> Walk:
        chosen = some(ws, kind)
        per_page = max(2, min(5, len(chosen) // 3))
        made = Walk(kind, per_page, is_cut=False, wanted=len({str(one["id"]) for one in chosen}))
        if chosen:
            made.pages += _pages(ws, made, any_of(chosen))
        return made

    return ws.keep(f"walk {kind.name}", make)


def any_of(records: list[Record]) -> Query:
    return {"operator": "OR", "value": [equals("id", record["id"]) for record in records]}


def _pages(ws: Workspace, made: Walk, query: Query) -> Iterator[Page]:
    cursor: str | None = None
    for number in range(_MOST_PAGES):
        try:
            page = search(ws, made.kind, query, per_page=made.per_page, cursor=cursor)
        except Refused as refusal:
            if cursor is None or not isinstance(refusal.cause, RequestRefused):
                raise
            made.refused_cursors += 1
            made.is_cut = True
            try:
                page = search(ws, made.kind, query, per_page=made.per_page, cursor=cursor, fresh=True)
            except Refused:
                return
            made.is_cut = False
        yield page
        cursor = page.cursor
        if cursor is None:
            return
        made.is_cut = number + 1 == _MOST_PAGES


def walks(ws: Workspace) -> list[Walk]:
    """What has been seen of each search that this token may use. Raises ``Refused`` when that is none."""
    made: list[Walk] = []
    refusal: Refused | None = None
    for kind in KINDS:
        try:
            made += [newest(ws, kind), walk(ws, kind)]
        except Refused as error:
            refusal = error
    if not made and refusal:
        raise refusal
    return made


def time_of(record: Record, name: str = "updated_at") -> int | None:
    return seconds_of(record.get(name))


def settled(ws: Workspace, kind: Kind) -> tuple[Record, int] | None:
    """A record that rests, with its time of change, which lies near no midnight of any zone."""
    for record in resting(ws, kind):
        moment = time_of(record)
        if moment is not None and 10 <= moment % _QUARTER <= _QUARTER - 10:
            return record, moment
    return None


def nested(record: Record, holder: str, *keys: str) -> list[Any]:
    """The items of a list inside a record, whatever they are."""
    held = record.get(holder)
    if isinstance(held, list):
        return held
    for key in keys:
        if isinstance(held, dict) and isinstance(held.get(key), list):
            items: list[Any] = held[key]
            return items
    return []


def objects(items: Iterable[object]) -> list[Record]:
    """The items of a list that are objects."""
    return [item for item in items if isinstance(item, dict)]
