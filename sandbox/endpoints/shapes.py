"""The few shapes that list endpoints come in (notes §4.1). A plain list is one line of a caller's."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

import orjson

from ..collection import NUMBER_BITS, NUMBER_MASK, Collection, Record, key_of
from ..errors import bad_cursor
from ..permissions import Permission
from ..router import VERSIONS, Call, Reply, Router
from ..search.cursor import Cursor

Records = Callable[[Call], Sequence[Record]]


def plain_list(router: Router, path: str, *, key: str, list_type: str, permission: Permission | None,
               records: Records, since: str = VERSIONS[0]) -> None:  # fmt: skip
    """`{type, <key>: [...]}` without paging."""

    def handler(call: Call) -> Reply:
        return Reply(orjson.dumps({"type": list_type, key: list(records(call))}))

    router.add("GET", path, permission, handler, since)


def numbered_pages(call: Call, total: int, page: int, per_page: int) -> Record:
    """The `pages` of a page-style list: `next` is a URL as text, or null (notes §7.2)."""
    last = max(1, -(-total // per_page))
    following = None
    if page < last:
        query = {**call.query, "page": page + 1, "per_page": per_page}
        following = f"{call.url}?{urlencode(query)}"
    return {"type": "pages", "next": following, "page": page, "per_page": per_page, "total_pages": last}


def numbered_list(
    call: Call, records: Sequence[Record], *, key: str, list_type: str, default: int, high: int, counted: bool = True
) -> Reply:
    """One page, by number, of records that are already in order. `counted`: the answer has a `total_count`."""
    page, per_page = call.number("page", 1), call.number("per_page", default, high=high)
    shown = records[(page - 1) * per_page : page * per_page]
    body: Record = {"type": list_type, key: list(shown), "pages": numbered_pages(call, len(records), page, per_page)}
    if counted:
        body["total_count"] = len(records)
    return Reply(orjson.dumps(body), ids=[str(one["id"]) for one in shown if "id" in one])


def cursor_list(call: Call, records: Collection, *, key: str, list_type: str, default: int, by: str) -> Reply:
    """A list by cursor in the query string, newest first, as `GET /contacts` and `GET /conversations` are."""
    per_page = call.number("per_page", default, high=150)
    keys = records.by_updated if by == "updated_at" else records.by_created
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
    body = {"type": list_type, key: records.fragments(numbers), "total_count": len(keys), "pages": pages}
    return Reply(orjson.dumps(body), ids=[records.id(number) for number in numbers])
