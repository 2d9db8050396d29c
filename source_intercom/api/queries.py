"""Search bodies: a window of time becomes a query, in the grammar of notes §4.4.

Both shapes of query ask for at least the window; the stream filters exactly afterwards.
"""

from collections.abc import Iterator
from itertools import islice, product
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
        branches = [{"operator": "AND", "value": [*_terms(group), *terms]} for group in groups for terms in chunk]
        yield branches[0] if len(branches) == 1 else {"operator": "OR", "value": branches}


def _terms(group: Query) -> list[Query]:
    return group["value"] if group["operator"] == "AND" else [group]
