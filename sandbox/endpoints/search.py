"""`POST /{contacts,conversations,tickets}/search`."""

from __future__ import annotations

from functools import partial

import orjson

from ..collection import Record
from ..errors import ApiError, bad_cursor, bad_parameter, invalid_field, server_error
from ..permissions import Permission
from ..router import Call, Reply, Router, whole_number
from ..search.cursor import Cursor
from ..search.engine import Order
from ..search.fields import CONTACTS, CONVERSATIONS, TICKETS, Grammar
from ..search.grammar import parse
from .parents import visible
from .versions import reshaped

MAX_PER_PAGE = 150
SORTABLE = ("updated_at", "created_at", "id")


def add(router: Router) -> None:
    for path, permission, grammar in (
        ("/contacts/search", Permission.READ_PEOPLE, CONTACTS),
        ("/conversations/search", Permission.READ_CONVERSATIONS, CONVERSATIONS),
        ("/tickets/search", Permission.READ_TICKETS, TICKETS),
    ):
        router.add("POST", path, permission, partial(search, grammar=grammar), "2.11")


def search(call: Call, *, grammar: Grammar) -> Reply:
    """One page. Whatever is in the query string is ignored, `starting_after` too."""
    body = call.json()
    if "query" not in body:
        raise bad_parameter("query is missing", "query")
    node = parse(body["query"], grammar)
    order = _order(body.get("sort"), call)
    per_page, after = _pagination(body.get("pagination"), grammar)
    if after is not None and after.sorted and not order.explicit:
        # Dropping `sort` on a later page: intercom-php issue 322.
        raise server_error()
    try:
        result = call.engine.page(grammar, node, order, per_page, after, visible(call, grammar.kind))
    except ValueError as error:
        raise _cursor_error(grammar) from error
    records = grammar.collection(call.ws)
    pages: Record = {
        "type": "pages",
        "page": after.page if after else 1,
        "per_page": per_page,
        "total_pages": -(-result.total // per_page),
    }
    if result.next is not None:
        pages["next"] = {"page": result.next.page, "starting_after": result.next.encode()}
    answer = {
        "type": grammar.list_type,
        grammar.key: reshaped(call, grammar.kind, result.numbers),
        "total_count": result.total,
        "pages": pages,
    }
    return Reply(orjson.dumps(answer), ids=[records.id(number) for number in result.numbers])


def _order(sort: object, call: Call) -> Order:
    """Descending unless told otherwise; an unknown order word is an error from 2.16 on."""
    if sort is None:
        return Order("created_at", descending=True, explicit=False)
    if not isinstance(sort, dict):
        raise bad_parameter("sort must be an object with field and order", "sort")
    field, order = sort.get("field"), sort.get("order")
    if not isinstance(field, str):
        raise bad_parameter("sort needs a field", "sort")
    if field not in SORTABLE:
        raise invalid_field(field, "sort")
    if order not in (None, "ascending", "descending") and call.at_least("2.16"):
        raise ApiError(400, "invalid_sort_order", "sort order must be ascending or descending", "sort")
    return Order(field, descending=order != "ascending", explicit=True)


def _pagination(pagination: object, grammar: Grammar) -> tuple[int, Cursor | None]:
    if pagination is None:
        return grammar.default_per_page, None
    if not isinstance(pagination, dict):
        raise bad_parameter("pagination must be an object", "pagination")
    per_page = pagination.get("per_page")
    size = grammar.default_per_page if per_page is None else whole_number(per_page, "per_page", 1, MAX_PER_PAGE)
    after = pagination.get("starting_after")
    if after is None:
        return size, None
    try:
        return size, Cursor.decode(after)
    except ValueError as error:
        raise _cursor_error(grammar) from error


def _cursor_error(grammar: Grammar) -> ApiError:
    return server_error() if grammar.cursor_error_status == 500 else bad_cursor()
