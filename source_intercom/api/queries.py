"""Search bodies: a window of time and the user's filters become queries.

A query asks for at least the window; the stream filters exactly afterwards.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Any, Literal

Query = dict[str, Any]
Order = Literal["ascending", "descending"]
# Ways to choose a record; a record must be chosen in every way, and in one of each way's terms.
Choices = list[list[Query]]
# Terms that all hold together: one of each way.
Combination = tuple[Query, ...]

# Groups of one search. A window of whole days has three, and as many has a slice by a second time.
_MOST_GROUPS = 15
_GROUPS_OF_DAYS = 3


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


def _compare(field: str, operator: str, value: object) -> Query:
    return {"field": field, "operator": operator, "value": value}


def equals(field: str, value: str | int | bool) -> Query:
    """A term of a search."""
    return _compare(field, "=", value)


def since(field: str, moment: int) -> list[Query]:
    """Terms of which a time holds one where it is no earlier than a moment; a search by days gives the whole day."""
    return [_compare(field, ">", moment), _compare(field, "=", moment)]


def one_of(field: str, values: Sequence[str | int]) -> Query:
    """A term for fields whose search knows ``IN``."""
    return _compare(field, "IN", values)


def combinations(choices: Choices) -> Iterator[tuple[Combination, ...]]:
    """All combinations of the terms of some choices, as many at a time as one search of days takes."""
    every = product(*choices)
    while some := tuple(islice(every, _MOST_GROUPS // _GROUPS_OF_DAYS)):
        yield some


def chosen(days: Query, some: Iterable[Combination]) -> Query:
    """What lies in a window of days and has all terms of one of the combinations; finds a record once."""
    branches = [_all_of(group, *terms) for group in groups_of(days) for terms in some]
    return branches[0] if len(branches) == 1 else {"operator": "OR", "value": branches}


def groups_of(days: Query) -> list[Query]:
    """The groups of a window of days, of which a record must lie in one."""
    return days["value"] if days["operator"] == "OR" else [days]


def _all_of(*queries: Query) -> Query:
    return {"operator": "AND", "value": [term for query in queries for term in _terms(query)]}


def _terms(group: Query) -> list[Query]:
    return group["value"] if group["operator"] == "AND" else [group]
