"""A record whose time cannot be is delivered in each sync, rather than in none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, made, page, rows_of

from source_intercom.shapes.base import Sync
from source_intercom.streams.contacts import Contacts, Segments
from source_intercom.streams.events import ContactEvents
from source_intercom.sync.windows import DAY, Window

NewSync = Callable[..., Sync]
# What a sync of an hour ago has left to read.
WINDOW = Window(NOW - 3600, NOW)
YEAR = 365 * DAY
IMPOSSIBLE = [NOW + 5 * YEAR, NOW + DAY + 1, (NOW + YEAR) * 1000, "2090-01-01", -5, -YEAR, 2**53 + 1, 2**63 + 5, 10**25]


@pytest.mark.parametrize("time", [*IMPOSSIBLE, None, "soon", True, {}])
def test_a_time_at_which_nothing_can_have_happened_is_none(time: Any, new_sync: NewSync) -> None:
    assert new_sync().moment_of(time) is None


@pytest.mark.parametrize(
    ("time", "moment"),
    [(0, 0), (5, 5), (NOW + DAY, NOW + DAY), (NOW * 1000 + 7, NOW), (str(NOW), NOW), (NOW + 0.5, NOW)],
)
def test_others_are_times(time: Any, moment: int, new_sync: NewSync) -> None:
    assert new_sync().moment_of(time) == moment


@pytest.mark.complaint(75)
@pytest.mark.parametrize("time", IMPOSSIBLE)
@pytest.mark.parametrize("full", [False, True], ids=["incremental", "full refresh"])
def test_of_a_list_that_is_read_whole(time: Any, full: bool, new_sync: NewSync, intercom: FakeIntercom) -> None:
    records = [{"id": "1", "updated_at": time}, {"id": "2", "updated_at": NOW - 5}]
    intercom.on("GET", "/segments", {"segments": records})
    stream = made(Segments, new_sync(), intercom, full=full)
    assert list(rows_of(stream, WINDOW)) == records


@pytest.mark.parametrize("time", IMPOSSIBLE)
def test_of_a_search(time: Any, new_sync: NewSync, intercom: FakeIntercom) -> None:
    records = [{"id": "1", "updated_at": time}, {"id": "2", "updated_at": NOW - 5}]
    intercom.on("POST", "/contacts/search", page("data", *records))
    assert list(rows_of(made(Contacts, new_sync(), intercom), WINDOW)) == records


@pytest.mark.parametrize("time", IMPOSSIBLE)
def test_of_events(time: Any, new_sync: NewSync, intercom: FakeIntercom) -> None:
    contact = {"id": "1", "updated_at": NOW - 5, "created_at": NOW - YEAR}
    events = [{"id": "7", "event_name": "a", "created_at": time}, {"id": "8", "event_name": "a", "created_at": NOW - 5}]
    intercom.on("POST", "/contacts/search", page("data", contact)).on("GET", "/events", {"events": events})
    assert [row["id"] for row in rows_of(made(ContactEvents, new_sync(), intercom), WINDOW)] == ["7", "8"]
