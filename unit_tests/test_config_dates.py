"""Dates of a config: every spelling of a moment gives its second."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest
from config_samples import TOKEN
from hypothesis import given, settings
from hypothesis import strategies as st

from source_intercom.options.config import Config


@pytest.mark.parametrize(
    ("start_date", "seconds"),
    [
        ("1970-01-01", 0),
        ("2024-02-29", 1709164800),
        ("2024-02-29T00:00:00Z", 1709164800),
        ("2024-02-29T00:00:00+00:00", 1709164800),
        ("2024-02-29T02:00:00+02:00", 1709164800),
        ("2024-02-28T13:00:00-11:00", 1709164800),
        ("2024-02-29T05:45:00+05:45", 1709164800),
        ("2024-02-29T14:00:00.5+14:00", 1709164800),
        *((f"2024-02-29T00:00:00.{'123456789'[:digits]}Z", 1709164800) for digits in range(1, 8)),
        *((f"2024-02-29T00:00:07.{'9' * digits}-00:30", 1709166607) for digits in range(1, 8)),
    ],
)
def test_start_in_seconds(start_date: str, seconds: int) -> None:
    assert Config.load({"access_token": TOKEN, "start_date": start_date}).start == seconds


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_date_is_a_day_of_utc_wherever_the_connector_runs(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for text in ("2024-02-29", "2024-02-29T00:00:00Z"):
            assert Config.load({"access_token": TOKEN, "start_date": text}).start == 1709164800
    finally:
        monkeypatch.undo()
        time.tzset()


@settings(deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2025, 1, 1)),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.integers(0, 9),
)
def test_every_spelling_of_a_moment_gives_its_second(moment: datetime, minutes: int, digits: int) -> None:
    moment = moment.replace(tzinfo=timezone.utc)
    local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    fraction = f".{moment.microsecond:06d}000"[: digits + 1] if digits else ""
    sign = "-" if minutes < 0 else "+"
    offset = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"

    config = Config.load({"access_token": TOKEN, "start_date": f"{local:%Y-%m-%dT%H:%M:%S}{fraction}{offset}"})

    assert config.start == int(moment.timestamp())
