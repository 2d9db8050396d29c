"""Search bodies: a window of time and the user's filters become queries.

A query asks for at least the window; the stream filters exactly afterwards.
"""

from collections.abc import Iterator
from itertools import islice, product
from typing import Any, Literal

Query = dict[str, Any]
Order = Literal["ascending", "descending"]


def days_query(field: str, start: int, end: int) -> Query:
    """Every record of the closed window ``[start, end]`` of Unix seconds, whether a search goes by days or seconds.

    Contacts up to version 2.16 are searched by whole days: ``=`` matches the whole day, ``>`` begins on the next day
    and ``<`` ends before the day. So this asks for each day that touches the window, in every zone, without knowing
    it. Where a search goes by the second it asks for just the window (docs/intercom-api.md#search-days).
    """
    if start == end:
        return _compare(field, "=", start)
    between = {"operator": "AND", "value": [_compare(field, ">", start), _compare(field, "<", end)]}
    return {"operator": "OR", "value": [between, _compare(field, "=", start), _compare(field, "=", end)]}


def search_body(
    query: Query, sort_field: str, per_page: int, starting_after: str | None, *, order: Order = "ascending"
) -> dict[str, Any]:
    """The whole body of one page. Every page carries query and sort again: without, Intercom answers 500
    (docs/intercom-api.md#search-body).
    """
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


# Groups of one search; with three groups for a window of whole days, five combinations of filters.
_GROUPS = 15

# Ways to choose a record; a record must be chosen in every way, and in one of each way's terms.
Choices = list[list[Query]]


def equals(field: str, value: Any) -> Query:
    """A term of a search."""
    return {"field": field, "operator": "=", "value": value}


def one_of(field: str, values: list[Any]) -> Query:
    """A term for fields whose search knows ``IN``."""
    return {"field": field, "operator": "IN", "value": values}


def searches(window: Query, choices: Choices) -> Iterator[Query]:
    """Queries that together find what lies in the window and is chosen; each finds a record at most once."""
    if not choices:
        yield window
        return
    # A window is one group of bounds, or one of three.
    groups = window["value"] if window["operator"] == "OR" else [window]
    combinations = product(*choices)
    while chunk := list(islice(combinations, _GROUPS // len(groups))):
        branches = [_all_of(group, *terms) for group in groups for terms in chunk]
        yield branches[0] if len(branches) == 1 else {"operator": "OR", "value": branches}


def _all_of(*queries: Query) -> Query:
    return {"operator": "AND", "value": [term for query in queries for term in _terms(query)]}


def _terms(group: Query) -> list[Query]:
    return group["value"] if group["operator"] == "AND" else [group]
