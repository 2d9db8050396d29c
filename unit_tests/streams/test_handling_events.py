"""When teammates worked on a conversation: events without an id, told apart by their time, kind and teammate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, Json, made, page, rows_of

from source_intercom.shapes.base import Sync
from source_intercom.streams.conversations import ConversationHandlingEvents
from source_intercom.sync.windows import DAY, Window

NewSync = Callable[..., Sync]
WINDOW = Window(NOW - DAY, NOW)


def event(**more: Any) -> Json:
    return {"type": "paused", "timestamp": "2025-10-09T08:00:00Z", **more}


def read(sync: Sync, intercom: FakeIntercom, events: list[Any]) -> tuple[Any, list[Json]]:
    intercom.on("POST", "/conversations/search", page("conversations", {"id": "1", "updated_at": NOW - 5}))
    intercom.on("GET", "/conversations/1/handling_events", {"handling_events": events, "pages": {}})
    stream = made(ConversationHandlingEvents, sync, intercom)
    return stream, list(rows_of(stream, WINDOW))


def test_of_two_teammates_in_one_second_are_two_rows(new_sync: NewSync, intercom: FakeIntercom) -> None:
    events = [event(teammate={"type": "admin", "id": number}) for number in ("7", "8")]
    stream, rows = read(new_sync(), intercom, events)
    assert [(row["teammate_id"], row["conversation_id"], row["teammate"]["id"]) for row in rows] == [
        ("7", "1", "7"),
        ("8", "1", "8"),
    ]
    assert len({tuple(row[name] for name in stream.key) for row in rows}) == 2


@pytest.mark.parametrize("more", [{}, {"teammate": None}, {"teammate": {}}, {"teammate": "7"}])
def test_of_nobody_have_the_key_all_the_same(more: Json, new_sync: NewSync, intercom: FakeIntercom) -> None:
    """A column of the key that a row lacks would make destinations refuse it."""
    stream, (row,) = read(new_sync(), intercom, [event(**more)])
    assert row["teammate_id"] is None
    assert set(stream.key) <= set(row)


def test_that_are_none_are_counted_and_the_others_come(new_sync: NewSync, intercom: FakeIntercom) -> None:
    stream, rows = read(new_sync(), intercom, [None, event(teammate={"id": "7"}), "text"])
    assert [row["teammate_id"] for row in rows] == ["7"]
    assert stream.client.tally.odd == 2
