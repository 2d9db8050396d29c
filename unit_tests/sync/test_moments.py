"""Moments in all the ways in which they have been met."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_intercom.sync.moments import seconds_of, shown
from source_intercom.sync.windows import Window

NOON = 1_700_000_000  # 2023-11-14T22:13:20Z


@pytest.mark.complaint(50)
@pytest.mark.parametrize(
    "value",
    [
        NOON,
        NOON + 0.9,
        NOON * 1000,
        NOON * 1000 + 999,
        NOON * 1000 + 0.5,
        str(NOON),
        f"{NOON}.75",
        f"{NOON}000",
        f" {NOON} ",
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:13:20.000Z",
        "2023-11-14T22:13:20.1234567Z",
        "2023-11-14T22:13:20.5+00:00",
        "2023-11-14T22:13:20",
        "2023-11-14 22:13:20",
        "2023-11-15T03:43:20+05:30",
        "2023-11-14T14:13:20-08:00",
    ],
    ids=repr,
)
def test_one_moment_in_many_ways(value: Any) -> None:
    assert seconds_of(value) == NOON


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "soon",
        "²",
        "١٢٣",
        "1e9",
        "--5",
        "1.2.3",
        ".",
        "-",
        "nan",
        "inf",
        "Infinity",
        "2024-13-45",
        "0000-00-00",
        "9" * 5_000,
        "0x10",
        True,
        False,
        float("nan"),
        float("inf"),
        float("-inf"),
        [],
        {},
        [NOON],
        b"1700000000",
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_moment(value: Any) -> None:
    assert seconds_of(value) is None


@pytest.mark.parametrize(
    ("value", "moment"),
    [(0, 0), ("0", 0), (-5, -5), ("-5", -5), (99_999_999_999, 99_999_999_999), (100_000_000_000, 100_000_000)],
)
def test_at_the_bounds(value: Any, moment: int) -> None:
    """Seconds reach to the year 5138, milliseconds begin in 1973."""
    assert seconds_of(value) == moment


@pytest.mark.complaint(75)
@given(
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
    offset=st.integers(-14 * 60, 14 * 60),
    digits=st.integers(0, 9),
)
def test_iso_text_of_any_zone_and_precision(moment: datetime, offset: int, digits: int) -> None:
    zoned = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))
    text = zoned.isoformat()
    fraction = f".{'123456789'[:digits]}" if digits else ""
    assert seconds_of(f"{text[:19]}{fraction}{text[19:]}") == int(zoned.timestamp())


@pytest.mark.complaint(50)
@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_nothing_breaks_it(value: Any) -> None:
    moment = seconds_of(value)
    assert moment is None or type(moment) is int


@pytest.mark.parametrize(
    ("moment", "said"),
    [(0, "1970-01-01 00:00:00 UTC"), (NOON, "2023-11-14 22:13:20 UTC"), (10**15, str(10**15)), (10**30, str(10**30))],
)
def test_a_moment_is_shown_to_people_in_utc(moment: int, said: str) -> None:
    assert shown(moment) == said


def test_a_window_is_shown_by_its_moments() -> None:
    assert Window(NOON, NOON + 10).shown == "between 2023-11-14 22:13:20 UTC and 2023-11-14 22:13:30 UTC"
