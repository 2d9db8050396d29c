"""Search bodies, and what they match by days and by seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from source_intercom.api.queries import Query, days_query, search_body

ZONES = (
    "UTC",
    "Pacific/Pago_Pago",  # UTC-11
    "Pacific/Kiritimati",  # UTC+14
    "Asia/Kathmandu",  # UTC+5:45
    "Australia/Lord_Howe",  # changes its clock by half an hour
    "America/New_York",
    "America/Havana",  # midnight comes twice in autumn
    "America/Sao_Paulo",  # midnight did not come on some days in spring
    "Europe/Berlin",
)
BIRTH = int(datetime(2012, 1, 1, tzinfo=timezone.utc).timestamp())
LATEST = int(datetime(2030, 1, 1, tzinfo=timezone.utc).timestamp())
DAY = 86_400

SPRING = int(datetime(2024, 3, 10, 12, tzinfo=timezone.utc).timestamp())  # New York's day has 23 hours
AUTUMN = int(datetime(2024, 11, 3, 12, tzinfo=timezone.utc).timestamp())  # and this one 25


def compare(operator: str, left: Any, right: Any) -> bool:
    return bool({"=": left == right, ">": left > right, "<": left < right}[operator])


def combine(operator: str, verdicts: Iterator[bool]) -> bool:
    return {"AND": all, "OR": any}[operator](verdicts)


def by_days(query: Query, moment: int, zone: ZoneInfo) -> bool:
    """What a search by days does: the day of the record against the day of the value, both in one zone."""

    def day(seconds: int) -> date:
        return datetime.fromtimestamp(seconds, zone).date()

    if "field" in query:
        return compare(query["operator"], day(moment), day(query["value"]))
    return combine(query["operator"], (by_days(part, moment, zone) for part in query["value"]))


def by_seconds(query: Query, moment: int, inclusive: bool) -> bool:
    """What a search by seconds does; ``inclusive`` reads `>` and `<` as the docs might mean them."""
    if "field" in query:
        equal = inclusive and moment == query["value"]
        return equal or compare(query["operator"], moment, query["value"])
    return combine(query["operator"], (by_seconds(part, moment, inclusive) for part in query["value"]))


def leaves(query: Query, depth: int = 0) -> Iterator[tuple[int, Query]]:
    if "field" in query:
        yield depth, query
        return
    assert set(query) == {"operator", "value"}
    assert query["operator"] in ("AND", "OR")
    assert 0 < len(query["value"]) <= 15
    for part in query["value"]:
        yield from leaves(part, depth + 1)


starts = st.integers(BIRTH, LATEST) | st.sampled_from([SPRING, AUTUMN])
lengths = st.integers(0, 3) | st.integers(0, 3 * DAY) | st.integers(0, 400 * DAY)
shares = st.floats(0, 1)


@pytest.mark.complaint(20)
@settings(deadline=None, max_examples=400)
@given(st.sampled_from(ZONES), starts, lengths, shares)
@example("America/New_York", SPRING, 0, 0.0)
@example("America/New_York", AUTUMN - DAY // 2, DAY, 0.5)
@example("Pacific/Kiritimati", BIRTH, DAY - 1, 1.0)
@example("Pacific/Pago_Pago", BIRTH, DAY - 1, 0.0)
def test_every_second_of_a_window_matches_in_every_zone(zone: str, start: int, length: int, share: float) -> None:
    workspace = ZoneInfo(zone)
    end = start + length
    query = days_query("updated_at", start, end)

    inside = start + int(length * share)
    midnight = datetime.fromtimestamp(inside, workspace).replace(hour=0, minute=0, second=0)
    around = [int(midnight.timestamp()) + second for second in (-1, 0, 1)]
    for moment in {start, min(start + 1, end), inside, max(end - 1, start), end, *around}:
        if start <= moment <= end:
            assert by_days(query, moment, workspace), moment


@settings(deadline=None)
@given(st.sampled_from(ZONES), starts, lengths, st.integers(-3 * DAY, 403 * DAY))
def test_no_more_than_the_days_that_a_window_touches_match(zone: str, start: int, length: int, offset: int) -> None:
    workspace = ZoneInfo(zone)
    moment = start + offset
    first, day, last = (datetime.fromtimestamp(s, workspace).date() for s in (start, moment, start + length))

    matched = by_days(days_query("updated_at", start, start + length), moment, workspace)
    assert matched == (first <= day <= last)


@pytest.mark.parametrize("inclusive", [False, True])
@settings(deadline=None)
@given(starts, lengths, st.integers(-2, 2), st.booleans())
def test_a_search_by_seconds_finds_just_the_window(
    inclusive: bool, start: int, length: int, offset: int, at_end: bool
) -> None:
    end = start + length
    moment = (end if at_end else start) + offset

    assert by_seconds(days_query("updated_at", start, end), moment, inclusive) == (start <= moment <= end)


@pytest.mark.parametrize(("start", "end"), [(0, 0), (5, 5), (5, 6), (0, LATEST)])
def test_queries_keep_to_the_grammar(start: int, end: int) -> None:
    found = list(leaves(days_query("created_at", start, end)))

    assert found
    for depth, leaf in found:
        assert depth <= 2
        assert leaf["field"] == "created_at"
        # What contacts refuse with a 400 up to 2.16 is left out for all.
        assert leaf["operator"] in ("=", ">", "<")
        assert type(leaf["value"]) is int


def test_one_second_is_one_comparison() -> None:
    assert days_query("updated_at", 7, 7) == {"field": "updated_at", "operator": "=", "value": 7}


def test_a_first_page() -> None:
    query = days_query("updated_at", 10, 20)

    assert search_body(query, "updated_at", 150, None) == {
        "query": query,
        "sort": {"field": "updated_at", "order": "ascending"},
        "pagination": {"per_page": 150},
    }


def test_the_order_can_be_turned() -> None:
    body = search_body(days_query("updated_at", 10, 20), "updated_at", 1, None, order="descending")

    assert body["sort"] == {"field": "updated_at", "order": "descending"}


def test_a_further_page_carries_everything_again() -> None:
    query = days_query("updated_at", 10, 20)

    body = search_body(query, "created_at", 75, "WzE3XQ==")
    assert body == {**search_body(query, "created_at", 75, None), "pagination": body["pagination"]}
    assert body["sort"] == {"field": "created_at", "order": "ascending"}
    assert body["pagination"] == {"per_page": 75, "starting_after": "WzE3XQ=="}
