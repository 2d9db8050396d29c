"""Tickets whose parts are newer than they are: an incremental sync looks at the open ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, FakeReading, Json, ids, made, rows_of

from source_intercom.api.errors import RequestRefused
from source_intercom.shapes.base import Sync
from source_intercom.streams.tickets import TicketParts, Tickets, TicketTypeAttributes
from source_intercom.sync.windows import DAY, Window

NewSync = Callable[..., Sync]
SINCE = NOW - DAY
WINDOW = Window(SINCE, NOW)
SEARCH = "/tickets/search"


def ticket(number: str, moment: int, *parts: int) -> Json:
    listed = [{"id": f"{number}{moment}", "updated_at": at} for at in parts]
    return {"id": number, "updated_at": moment, "open": True, "ticket_parts": {"ticket_parts": listed}}


QUIET = ticket("1", SINCE - 50, SINCE - 60, SINCE + 60)
OLD = ticket("2", SINCE - 50, SINCE - 55)
NEW = ticket("3", SINCE + 10, SINCE + 90)


def page(total: int, *records: Json, after: str | None = None) -> Json:
    return {
        "tickets": [dict(record) for record in records],
        "total_count": total,
        "pages": {"next": {"starting_after": after}} if after else {},
    }


class Open:
    """A search whose window holds nothing, and whose open tickets come as they are given."""

    def __init__(self, *answers: Json | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, body: Json) -> Json:
        if body["query"].get("field") != "open":
            return page(0)
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def read(sync: Sync, intercom: FakeIntercom, search: Open, unread: Sequence[Window] = (WINDOW,)) -> list[Any]:
    intercom.on("POST", SEARCH, search)
    reading = FakeReading()
    reading.unread = unread
    return ids(record for found in made(Tickets, sync, intercom).pages(WINDOW, reading) for record in found)


def test_with_newer_parts_come_though_their_own_time_is_old(new_sync: NewSync, intercom: FakeIntercom) -> None:
    search = Open(page(3, NEW, QUIET, OLD))
    assert read(new_sync(), intercom, search) == ["1"]
    assert search.asked == 1


def test_between_what_is_unread_come_too(new_sync: NewSync, intercom: FakeIntercom) -> None:
    """A sync that broke off has read the time between, and nobody has looked at it since."""
    hole = Window(NOW - 9 * DAY, NOW - 8 * DAY)
    between = ticket("4", SINCE - DAY, SINCE + 5)
    in_the_hole = ticket("5", NOW - 9 * DAY + 7, SINCE + 5)
    not_quiet = ticket("6", SINCE - DAY, SINCE - DAY)
    search = Open(page(5, NEW, QUIET, between, in_the_hole, not_quiet))
    assert read(new_sync(), intercom, search, [hole, WINDOW]) == ["1", "4"]


def test_an_earlier_start_date_hides_none_of_them(new_sync: NewSync, intercom: FakeIntercom) -> None:
    sync = new_sync(start_date="2025-01-01")
    earlier = Window(sync.config.start, NOW - 100 * DAY)
    assert read(sync, intercom, Open(page(3, NEW, QUIET, OLD)), [earlier, WINDOW]) == ["1"]


def test_a_first_sync_does_not_look_for_them(new_sync: NewSync, intercom: FakeIntercom) -> None:
    sync, search = new_sync(start_date="2025-01-01"), Open()
    assert read(sync, intercom, search, [Window(sync.config.start, NOW)]) == []
    assert search.asked == 0


def test_a_search_that_ends_early_is_asked_once_more(new_sync: NewSync, intercom: FakeIntercom) -> None:
    search = Open(page(3, NEW, OLD), page(3, NEW, OLD, after="x"), page(3, QUIET))
    assert read(new_sync(), intercom, search) == ["1"]


def test_one_that_stays_short_is_said(
    new_sync: NewSync, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
) -> None:
    assert read(new_sync(), intercom, Open(page(3, QUIET), page(3, QUIET))) == ["1"]
    assert "announces 3 open tickets and gave 1" in caplog.text


def test_a_search_that_does_not_know_them_is_said(
    new_sync: NewSync, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
) -> None:
    assert read(new_sync(), intercom, Open(RequestRefused("no such field", "HTTP 400"))) == []
    assert "cannot list open tickets alone" in caplog.text


def test_a_cursor_that_is_refused_ends_no_stream(
    new_sync: NewSync, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
) -> None:
    """It would do so in each sync; and the search is not one that does not know open tickets."""
    refusal = RequestRefused("no such cursor", "HTTP 400")
    first = [page(3, QUIET, after="x"), refusal, refusal]
    assert read(new_sync(), intercom, Open(*first, *first)) == ["1"]
    assert "announces 3 open tickets and gave 1" in caplog.text
    assert "by themselves" not in caplog.text


def test_parts_that_intercom_leaves_out_are_said(
    new_sync: NewSync, intercom: FakeIntercom, caplog: pytest.LogCaptureFixture
) -> None:
    """It gives at most the 500 newest of a ticket, and tells how many there are."""
    whole = {"ticket_parts": [{"id": "1"}, {"id": "2"}], "total_count": 2}
    cut = {"ticket_parts": [{"id": "3"}], "total_count": 501}
    found = [
        {"id": number, "updated_at": NOW - 5, "ticket_parts": parts}
        for number, parts in (("7", whole), ("8", cut), ("9", {}))
    ]
    intercom.on("POST", SEARCH, {"tickets": found, "pages": {}, "total_count": 3})
    stream = made(TicketParts, new_sync(), intercom, full=True)
    rows = list(rows_of(stream, WINDOW))
    assert [(row["id"], row["ticket_id"]) for row in rows] == [("1", "7"), ("2", "7"), ("3", "8")]
    assert caplog.messages == ["ticket_parts: '8' has 501 parts, of which Intercom gives only the newest 1"]
    assert stream.client.tally.capped == 1


def test_attributes_of_ticket_types_have_their_type_and_no_time_of_it(
    new_sync: NewSync, intercom: FakeIntercom
) -> None:
    types = [{"id": "1", "updated_at": 5, "ticket_type_attributes": {"data": [{"id": "a", "name": "Priority"}]}}]
    intercom.on("GET", "/ticket_types", {"data": types})
    rows = list(rows_of(made(TicketTypeAttributes, new_sync(), intercom), WINDOW))
    assert rows == [{"id": "a", "name": "Priority", "ticket_type_id": "1"}]
