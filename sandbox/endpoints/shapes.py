"""The few shapes that list endpoints come in. A plain list is one line of a caller's."""

from __future__ import annotations

import base64
import json
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

import orjson

from ..collection import NUMBER_BITS, NUMBER_MASK, Collection, Record, key_of
from ..errors import bad_cursor
from ..permissions import Permission
from ..quirks.world_of import scrambled
from ..router import VERSIONS, Call, Reply, Router
from ..search.cursor import Cursor
from .versions import reshape, reshaped

Records = Callable[[Call], Sequence[Record]]
Item = TypeVar("Item")
LAST_SECOND = (1 << 31) - 1
NO_ORDER = frozenset({"articles", "collections", "help_center_redirects", "internal_articles", "news_items", "macros",
                      "data_connectors", "conversations_deleted",
                      "dynamic_contents"})  # fmt: skip
"""Lists that may come in no order."""
UNSTATED_MAX = 150
"""The longest page of a list for which Intercom states no limit: as long as that of a search."""


def plain_list(router: Router, path: str, *, key: str, list_type: str, permission: Permission | None,
               records: Records, since: str = VERSIONS[0]) -> None:  # fmt: skip
    """`{type, <key>: [...]}` without paging."""

    def handler(call: Call) -> Reply:
        found = records(call)
        ids = [str(one["id"]) for one in found if "id" in one]
        return Reply(orjson.dumps({"type": list_type, key: found}), ids=ids)

    router.add("GET", path, permission, handler, since)


def listed(router: Router, path: str, kind: str, permission: Permission, since: str, list_type: str = "list") -> None:
    """A whole collection without paging, in the order of creation."""

    def records(call: Call) -> Sequence[Record]:
        found = call.ws.collection(kind)
        return [found.body(number) for number in found]

    plain_list(router, path, key="data", list_type=list_type, permission=permission, records=records, since=since)


def paged(router: Router, path: str, kind: str, permission: Permission, since: str, shape: Paged,
          by_updated: bool = False) -> None:  # fmt: skip
    """A whole collection page by page: in the order of creation, or last changed first."""

    def handler(call: Call) -> Reply:
        found = call.ws.collection(kind)
        keys = latest(call, found) if by_updated else found.by_created
        if in_no_order(call, kind):
            keys = unsorted(found)
        return shape.reply(call, keys, lambda key: reshape(call, kind, found.body(key & NUMBER_MASK)))

    router.add("GET", path, permission, handler, since)


def numbered_pages(call: Call, total: int, page: int, per_page: int) -> Record:
    """The `pages` of a page-style list: `next` is a URL as text, or null."""
    last = max(1, -(-total // per_page))
    following = None
    if page < last:
        query = {**call.query, "page": page + 1, "per_page": per_page}
        following = f"{call.url}?{urlencode(query)}"
    return {"type": "pages", "next": following, "page": page, "per_page": per_page, "total_pages": last}


@dataclass(frozen=True)
class Paged:
    """A list by number of page: what it is called, how long a page is, and where the counters stand.

    `clamps`: more than the longest page is answered with that, instead of refused.
    `counters`: "pages" has a URL of the next page, "pages without next" none, "top" has no `pages` at all but
    the counters beside the records.
    """

    default: int
    high: int = UNSTATED_MAX
    key: str = "data"
    list_type: str = "list"
    counters: str = "pages"
    clamps: bool = False

    def reply(self, call: Call, items: Sequence[Item], build: Callable[[Item], Record]) -> Reply:
        """One page; only what is on it is built."""
        page = call.number("page", 1)
        per_page = call.number("per_page", self.default, high=None if self.clamps else self.high)
        per_page = min(per_page, self.high)
        shown = [build(item) for item in items[(page - 1) * per_page : page * per_page]]
        pages = numbered_pages(call, len(items), page, per_page)
        body: Record = {"type": self.list_type, self.key: shown, "total_count": len(items)}
        if self.counters == "top":
            body.update({name: pages[name] for name in ("page", "per_page", "total_pages")})
        else:
            if self.counters == "pages without next":
                del pages["next"]
            body["pages"] = pages
        return Reply(orjson.dumps(body), ids=[str(one["id"]) for one in shown if "id" in one])


def numbered_list(call: Call, records: Sequence[Record], *, key: str, list_type: str, default: int, high: int) -> Reply:
    """One page, by number, of records that are already in order."""
    return Paged(default, high, key, list_type).reply(call, records, lambda record: record)


def newest_first(
    call: Call, records: Collection, *, default: int, high: int, by_updated: bool = True, since: int = 0,
    until: int = LAST_SECOND, keep: Callable[[int], bool] | None = None, build: Callable[[int], Record] | None = None,
) -> Reply:  # fmt: skip
    """A list by cursor whose cursor is base64 of `[second, id]`, and which has no counters.

    Listed are records from `since` to `until`, both included, and of these the numbers that `keep` accepts.
    """
    per_page = call.number("per_page", default, high=high)
    keys = records.by_updated if by_updated else records.by_created
    start, end = bisect_left(keys, key_of(since, 0)), bisect_left(keys, key_of(until + 1, 0))
    if in_no_order(call, records.kind):
        within = {key & NUMBER_MASK for key in keys[start:end]}
        keys = array("Q", (key for key in unsorted(records) if key & NUMBER_MASK in within))
        start, end = 0, len(keys)
    after = call.query.get("starting_after") or None
    if after is not None:
        end = min(end, bisect_left(keys, _key_after(records, after)))
    chosen: list[int] = []
    for at in range(end - 1, start - 1, -1):
        if keep is None or keep(keys[at] & NUMBER_MASK):
            chosen.append(keys[at])
            if len(chosen) > per_page:
                break
    following = None
    if len(chosen) > per_page:
        del chosen[per_page:]
        last = [float(chosen[-1] >> NUMBER_BITS), records.id(chosen[-1] & NUMBER_MASK)]
        following = {"starting_after": base64.b64encode(json.dumps(last).encode()).decode()}
    shown = [(build or records.body)(key & NUMBER_MASK) for key in chosen]
    body = {"type": "list", "data": shown, "pages": {"type": "pages", "per_page": per_page, "next": following}}
    return Reply(orjson.dumps(body), ids=[str(one["id"]) for one in shown])


def _key_after(records: Collection, cursor: str) -> int:
    try:
        second, name = json.loads(base64.b64decode(cursor, validate=True))
        number = records.number_of(str(name))
        if number is not None:
            return key_of(int(second), number)
    except (ValueError, TypeError, OverflowError) as error:
        raise bad_cursor() from error
    raise bad_cursor()


def latest(call: Call, records: Collection) -> array[int]:
    """Keys of all records, last changed first; in no order where Intercom does not sort."""
    return unsorted(records) if in_no_order(call, records.kind) else records.by_updated[::-1]


def in_no_order(call: Call, kind: str) -> bool:
    return kind in NO_ORDER and call.ws.settings.quirk("unsorted-lists") is not None


def unsorted(records: Collection) -> array[int]:
    """Keys of all records in no order. They begin with a place instead of a time."""
    return array("Q", sorted(key_of(scrambled(number), number) for number in records))


def cursor_list(call: Call, records: Collection, *, key: str, list_type: str, default: int, by: str,
                keep: Callable[[int], bool] | None = None) -> Reply:  # fmt: skip
    """A list by cursor in the query string, newest first, as `GET /contacts` and `GET /conversations` are."""
    per_page = call.number("per_page", default, high=150)
    keys = records.by_updated if by == "updated_at" else records.by_created
    if keep is not None:
        keys = array("Q", (key for key in keys if keep(key & NUMBER_MASK)))
    after = call.query.get("starting_after") or None
    cursor = None
    if after is not None:
        try:
            cursor = Cursor.decode(after)
        except ValueError as error:
            raise bad_cursor() from error
    end = len(keys)
    if cursor is not None:
        number = records.number_of(cursor.id)
        if number is None or cursor.second is None:
            raise bad_cursor()
        end = bisect_left(keys, key_of(cursor.second, number))
    chosen = [keys[at] for at in range(end - 1, max(-1, end - 1 - per_page), -1)]
    numbers = [chosen_key & NUMBER_MASK for chosen_key in chosen]
    page = cursor.page if cursor else 1
    pages: Record = {"type": "pages", "page": page, "per_page": per_page, "total_pages": -(-len(keys) // per_page)}
    if end > per_page:
        following = Cursor(chosen[-1] >> NUMBER_BITS, records.id(numbers[-1]), page + 1, False)
        pages["next"] = {"page": page + 1, "starting_after": following.encode()}
    shown = reshaped(call, records.kind, numbers)
    body = {"type": list_type, key: shown, "total_count": len(keys), "pages": pages}
    return Reply(orjson.dumps(body), ids=[records.id(number) for number in numbers])
