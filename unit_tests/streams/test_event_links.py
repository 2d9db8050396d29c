"""Events link to next pages that are not there, as Intercom's own example does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from stream_fakes import FakeIntercom, made, page, rows_of

from source_intercom.shapes.base import Sync
from source_intercom.streams.contacts import Contacts
from source_intercom.streams.events import ContactEvents, ContactEventSummaries
from source_intercom.sync.windows import Window

NewSync = Callable[..., Sync]
WINDOW = Window(1_000, 2_000)


@pytest.mark.parametrize("before", [0, 2])
def test_events_end_with_an_empty_page_whatever_it_links_to(
    before: int, new_sync: NewSync, intercom: FakeIntercom
) -> None:
    intercom.on("POST", Contacts.endpoint, page("data", {"id": "1", "updated_at": 5}))
    link = "http://api.intercom.test/events?next page"
    events = [{"id": str(at), "created_at": at} for at in range(1_500, 1_500 + before)]
    intercom.on("GET", "/events", {"events": events, "pages": {"next": link}})
    intercom.on("GET", "/events?next page", {"events": [], "pages": {"next": f"{link} 2"}})
    stream = made(ContactEvents, new_sync(begin=2_000), intercom)
    assert [row["created_at"] for row in rows_of(stream, WINDOW)] == [1_500, 1_501][:before]
    assert len([path for method, path, _ in intercom.calls if method == "GET"]) == 1 + (before > 0)


def test_a_summary_is_one_answer_whatever_it_links_to(new_sync: NewSync, intercom: FakeIntercom) -> None:
    intercom.on("POST", Contacts.endpoint, page("data", {"id": "1", "updated_at": 5}))
    link = {"next": "http://api.intercom.test/events?next page"}
    intercom.on("GET", "/events", {"events": [{"name": "ordered", "count": 3}], "pages": link})
    rows = list(rows_of(made(ContactEventSummaries, new_sync(begin=2_000), intercom), WINDOW))
    assert [(row["name"], row["count"], row["intercom_user_id"]) for row in rows] == [("ordered", 3, "1")]
