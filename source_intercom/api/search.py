"""Search bodies: a window of time becomes a query, in the grammar of notes §4.4.

Both shapes of query ask for at least the window; the stream filters exactly afterwards.
"""

from typing import Any, Literal

Query = dict[str, Any]
Order = Literal["ascending", "descending"]


def seconds_query(field: str, start: int, end: int) -> Query:
    """What conversations and tickets are asked: the closed window of whole seconds ``[start, end]``.

    Their ``>`` is documented as "greater (or equal)", so both bounds step one second outside (notes §4.4).
    """
    return {
        "operator": "AND",
        "value": [_compare(field, ">", start - 1), _compare(field, "<", end + 1)],
    }


def whole_days_query(field: str, start: int, end: int) -> Query:
    """What contacts are asked up to version 2.16: every local day that touches ``[start, end]``.

    ``=`` matches the whole day of the workspace's own zone, ``>`` begins on the next day and ``<`` ends before
    the day, so this holds in every zone without knowing it (notes §4.5).
    """
    if start == end:
        return _compare(field, "=", start)
    between = {"operator": "AND", "value": [_compare(field, ">", start), _compare(field, "<", end)]}
    return {"operator": "OR", "value": [between, _compare(field, "=", start), _compare(field, "=", end)]}


def search_body(
    query: Query, sort_field: str, per_page: int, starting_after: str | None, *, order: Order = "ascending"
) -> dict[str, Any]:
    """The whole body of one page. Every page carries query and sort again: Intercom fails without (notes §4.3)."""
    pagination: dict[str, Any] = {"per_page": per_page}
    if starting_after is not None:
        pagination["starting_after"] = starting_after
    return {
        "query": query,
        "sort": {"field": sort_field, "order": order},
        "pagination": pagination,
    }


def _compare(field: str, operator: str, value: int) -> Query:
    return {"field": field, "operator": operator, "value": value}
