"""Contact search sees whole days of the workspace's own zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sandbox_client import NOW, Client, Json, ascending, either, every, serve, where

from sandbox.zones import day_bounds

ZONES = ["America/Los_Angeles", "UTC", "Pacific/Pago_Pago", "Pacific/Kiritimati", "Asia/Kathmandu"]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serve(contacts=1000, history_days=20, rate_limit=0) as made:
        yield made


def day_of(second: int, zone: str) -> str:
    return datetime.fromtimestamp(second, ZoneInfo(zone)).date().isoformat()


def found(client: Client, query: Json) -> set[str]:
    return {one["id"] for one in client.walk("contacts", query)}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("field", ["updated_at", "created_at", "last_seen_at"])
def test_operators_take_whole_local_days(client: Client, zone: str, field: str) -> None:
    client.sandbox.settings.timezone = zone
    truth: list[dict[str, Any]] = [one for one in client.sandbox.records("contacts") if one[field] is not None]
    at = NOW - 7 * 86_400 + 4_321
    day = day_of(at, zone)
    same = {one["id"] for one in truth if day_of(one[field], zone) == day}
    after = {one["id"] for one in truth if day_of(one[field], zone) > day}
    before = {one["id"] for one in truth if day_of(one[field], zone) < day}
    assert min(len(same), len(after), len(before)) > 20
    assert found(client, where(field, "=", at)) == same
    assert found(client, where(field, ">", at)) == after
    assert found(client, where(field, "<", at)) == before


@pytest.mark.parametrize("zone", ZONES)
def test_a_window_of_days(client: Client, zone: str) -> None:
    client.sandbox.settings.timezone = zone
    low, high = NOW - 9 * 86_400, NOW - 5 * 86_400
    query = either(
        every(where("updated_at", ">", low), where("updated_at", "<", high)),
        where("updated_at", "=", low),
        where("updated_at", "=", high),
    )
    days = (day_of(low, zone), day_of(high, zone))
    wanted = {str(one["id"]) for one in client.sandbox.records("contacts")
              if days[0] <= day_of(int(str(one["updated_at"])), zone) <= days[1]}  # fmt: skip
    assert found(client, query) == wanted


def test_an_hour_of_today_is_the_whole_day(client: Client) -> None:
    """The trap that hides contacts changed today: `>` a moment of today begins tomorrow."""
    client.sandbox.settings.timezone = "UTC"
    assert found(client, where("updated_at", ">", NOW - 3600)) == set()
    assert found(client, where("updated_at", "=", NOW - 3600)) != set()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("America/Los_Angeles", (2025, 3, 9), 23), ("America/Los_Angeles", (2025, 11, 2), 25),
     ("Africa/Cairo", (2025, 4, 25), 23), ("Australia/Lord_Howe", (2025, 10, 5), 23.5)],
)  # fmt: skip
def test_days_of_a_clock_change(zone: str, day: tuple[int, int, int], hours: float) -> None:
    """A day of 23 or 25 hours is matched whole, and not a second more; in Cairo midnight itself is skipped."""
    noon = int(datetime(*day, 12, tzinfo=ZoneInfo(zone)).timestamp())
    start, end = day_bounds(noon, zone)
    assert end - start == hours * 3600
    for second, inside in ((start - 1, False), (start, True), (end - 1, True), (end, False)):
        assert (day_of(second, zone) == day_of(noon, zone)) is inside
        assert (day_bounds(second, zone) == (start, end)) is inside


def test_search_on_a_day_of_a_clock_change() -> None:
    zone = "America/Los_Angeles"
    end = int(datetime(2025, 11, 4, tzinfo=timezone.utc).timestamp())
    with serve(contacts=1000, history_days=5, now=end, timezone=zone, rate_limit=0) as client:
        noon = int(datetime(2025, 11, 2, 12, tzinfo=ZoneInfo(zone)).timestamp())
        contacts: list[dict[str, Any]] = client.sandbox.records("contacts")
        truth = {one["id"] for one in contacts if day_of(one["updated_at"], zone) == "2025-11-02"}
        assert len(truth) > 100
        assert found(client, where("updated_at", "=", noon)) == truth


def test_date_attributes_before_1970(client: Client) -> None:
    client.sandbox.settings.timezone = "UTC"
    truth: list[dict[str, Any]] = client.sandbox.records("contacts")
    old = {one["id"] for one in truth if one["custom_attributes"].get("birthday_at", 1) < 0}
    assert len(old) > 10
    assert found(client, where("custom_attributes.birthday_at", "<", 0)) == old


def test_answers_and_sort_keep_full_seconds(client: Client) -> None:
    query = where("updated_at", "=", NOW - 3 * 86_400)
    times = [one["updated_at"] for one in client.walk("contacts", query, ascending(), per_page=7)]
    assert times == sorted(times)
    assert len(set(times)) > len(times) // 2
