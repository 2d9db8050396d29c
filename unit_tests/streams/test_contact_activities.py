"""The feed of contacts: where a sync goes on, how far the state goes, and what an empty page does to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from stream_fakes import NOW, FakeIntercom, FakeReading, Json, rows_of

from source_intercom.api.errors import NotOffered, RecordGone, RequestRefused
from source_intercom.shapes.base import Sync
from source_intercom.streams.activities import ContactActivities
from source_intercom.sync.state import PageCursor
from source_intercom.sync.windows import DAY, HOUR, Window

NewSync = Callable[..., Sync]
PATH = "/contacts/activities"
START = NOW - 100 * DAY
ALL = Window(START, NOW)


class Feed:
    """Events at some moments, three a page, each with the moment for its id; cursors are numbers of events.

    From the answer ``empty_from`` on it has none. ``refused`` are cursors that it does not take.
    """

    def __init__(self, moments: list[int], *, empty_from: int = 1 << 30, refused: frozenset[str] = frozenset()) -> None:
        self.moments = moments
        self.answers = 0
        self._empty_from = empty_from
        self._refused = refused

    def __call__(self, params: Json) -> Json:
        self.answers += 1
        after = params.get("starting_after", "0")
        if after in self._refused:
            raise RequestRefused("refused")
        if self.answers >= self._empty_from:
            return {"data": [], "pages": {"type": "pages"}}
        end = int(after) + 3
        shown = self.moments[int(after) : end]
        events = [{"id": f"{moment}.{int(after) + at}", "created_at": moment} for at, moment in enumerate(shown)]
        following = {"next": {"starting_after": str(int(after) + len(shown))}} if shown else {}
        return {"data": events, "pages": {"type": "pages", **following}}


def read(
    feed: Any,
    sync: Sync,
    window: Window = ALL,
    kept: PageCursor | None = None,
    *,
    full: bool = False,
    unread: tuple[Window, ...] = (),
) -> tuple[list[int], FakeReading, FakeIntercom]:
    """The times of the events that came, what the reading was told, and what was asked."""
    intercom = FakeIntercom().on("GET", PATH, feed)
    stream = ContactActivities(sync, full=full)
    intercom.attach(stream.client)
    reading = FakeReading()
    reading.page_cursor = kept
    reading.unread = unread or (window,)
    return [event["created_at"] for event in rows_of(stream, window, reading)], reading, intercom


def days(*ago: float) -> list[int]:
    return [NOW - round(DAY * each) for each in ago]


def test_all_come_and_the_state_stands_at_the_last_event(new_sync: NewSync) -> None:
    moments = days(50, 40, 30, 20, 10, 5, 3)
    came, reading, intercom = read(Feed(moments), new_sync())
    assert came == moments
    assert max(part.end for part in reading.covered) == moments[-1]
    assert all(part.start == START for part in reading.covered)
    assert reading.handed == []
    assert [asked.get("starting_after") for asked in intercom.asked(PATH)] == [None, "3", "6", "7"]


def test_a_page_is_a_checkpoint_without_its_last_second(new_sync: NewSync) -> None:
    moments = days(50, 40, 30, 30, 20)
    _, reading, _ = read(Feed(moments), new_sync())
    # More events of the second at the end of a page may be on the next one.
    assert [part.end for part in reading.covered] == [moments[2] - 1, moments[4] - 1, moments[4]]


@pytest.mark.parametrize("empty_from", [1, 2, 3])
def test_an_empty_page_never_moves_the_state(new_sync: NewSync, empty_from: int) -> None:
    moments = days(50, 40, 30, 20, 10, 5, 3)
    came, reading, _ = read(Feed(moments, empty_from=empty_from), new_sync())
    assert came == moments[: 3 * (empty_from - 1)]
    assert [part.end for part in reading.covered][-1:] == came[-1:]


def test_the_window_counts_as_read_only_in_a_full_refresh(new_sync: NewSync) -> None:
    for full in (True, False):
        stream, reading = ContactActivities(new_sync(), full=full), FakeReading()
        FakeIntercom().on("GET", PATH, Feed(days(2, 1))).attach(stream.client)
        assert len(list(rows_of(stream, ALL, reading))) == 2
        assert reading.leaves_rest != full


def test_the_next_sync_goes_on_an_hour_before_the_last_event(new_sync: NewSync) -> None:
    moments = days(50, 40, 30, 20, 10, 5, 3)
    _, reading, _ = read(Feed(moments), new_sync())
    kept = reading.page_cursor
    assert kept == PageCursor("6", moments[5])
    later = [*moments, NOW + 60]
    window = Window(moments[-1] - HOUR + 1, NOW + 100)
    came, _, intercom = read(Feed(later), new_sync(begin=NOW + 100), window, kept)
    assert [asked.get("starting_after") for asked in intercom.asked(PATH)] == ["6", "8"]
    # All that lies behind the cursor comes, whatever its time.
    assert came == later[6:]


def test_a_lookback_window_goes_further_back(new_sync: NewSync) -> None:
    moments = days(50, 40, 30, 20, 10, 5, 3)
    _, reading, _ = read(Feed(moments), new_sync(lookback_window=28))
    assert reading.page_cursor is None


def test_a_cursor_behind_the_window_is_not_used(new_sync: NewSync) -> None:
    """An earlier start date: what it adds lies before the cursor."""
    moments = days(50, 40, 30, 20, 10, 5, 3)
    kept = PageCursor("6", moments[5])
    came, reading, intercom = read(Feed(moments), new_sync(), Window(START, moments[3]), kept)
    assert came == moments[:4]
    assert intercom.asked(PATH)[0].get("starting_after") is None
    assert reading.page_cursor == kept


def test_what_has_events_and_gives_none_is_named(new_sync: NewSync, caplog: pytest.LogCaptureFixture) -> None:
    moments = days(50, 40, 30)
    kept = PageCursor("0", moments[0] - 1)
    with caplog.at_level(logging.WARNING):
        came, reading, _ = read(Feed(moments, empty_from=1), new_sync(), Window(moments[2], NOW), kept)
    assert (came, reading.covered, reading.page_cursor) == ([], [], kept)
    assert "not even those that it gave before" in caplog.text


def test_a_cursor_that_is_refused_for_good_costs_a_read_from_the_beginning(new_sync: NewSync) -> None:
    moments = days(50, 40, 30, 20, 10)
    feed = Feed(moments, refused=frozenset({"3x"}))
    came, _, intercom = read(feed, new_sync(), Window(moments[3], NOW), PageCursor("3x", moments[2]))
    assert came == moments[3:]
    assert [asked.get("starting_after") for asked in intercom.asked(PATH)][:3] == ["3x", "3x", None]


def test_an_order_that_is_broken_moves_no_state(new_sync: NewSync) -> None:
    moments = days(50, 40, 30, 10, 20, 5, 3)
    came, reading, _ = read(Feed(moments), new_sync())
    assert came == moments
    assert [part.end for part in reading.covered] == [moments[2] - 1]
    assert reading.page_cursor is None


def test_events_after_the_beginning_of_the_read_belong_to_the_next(new_sync: NewSync) -> None:
    moments = [*days(50, 40), NOW + 5]
    came, reading, _ = read(Feed(moments), new_sync())
    assert came == moments[:2]
    assert max(part.end for part in reading.covered) == moments[1]


def test_a_list_that_runs_in_circles_is_named(new_sync: NewSync) -> None:
    moments = days(50, 40, 30, 20, 10, 5)

    def circle(params: Json) -> Json:
        after = int(params.get("starting_after", "0"))
        at = after % 6
        events = [{"id": str(moment), "created_at": moment} for moment in moments[at : at + 3]]
        return {"data": events, "pages": {"next": {"starting_after": str(after + 3)}}}

    with pytest.raises(RequestRefused, match="again and again"):
        read(circle, new_sync())


def test_a_workspace_that_lacks_the_list_is_told_so(new_sync: NewSync) -> None:
    with pytest.raises(NotOffered):
        read(RecordGone("gone"), new_sync())


def test_the_last_page_is_the_one_without_a_cursor(new_sync: NewSync) -> None:
    """Intercom may end the list so as well as by an empty page."""
    moments = days(50, 40, 30, 20)
    feed = Feed(moments)

    def ending(params: Json) -> Json:
        answer = feed(params)
        return {**answer, "pages": {}} if params.get("starting_after") == "3" else answer

    came, reading, intercom = read(ending, new_sync())
    assert came == moments
    assert len(intercom.calls) == 2
    # No cursor that nobody gave is kept, and nothing behind the last event counts as read.
    assert reading.covered[-1].end < NOW
    assert reading.page_cursor is not None
    assert reading.page_cursor.after == "3"


def test_of_two_windows_each_takes_its_own_and_the_earlier_one_comes_to_its_end(new_sync: NewSync) -> None:
    """A later start date leaves a gap, an earlier one fills it. Both windows gave all events, in each sync anew."""
    moments = days(60, 50, 40, 30, 20, 10, 5)
    gap, last = Window(NOW - 55 * DAY, NOW - 35 * DAY), Window(NOW - 15 * DAY, NOW)
    kept = PageCursor("1", moments[0])
    feed = [*moments[:4], NOW - 45 * DAY, NOW - 25 * DAY, *moments[4:]]  # with two that came late
    came, reading, _ = read(Feed(feed), new_sync(), gap, kept, unread=(gap, last))
    assert came == [moments[1], moments[2], NOW - 45 * DAY]
    came_last, _, _ = read(Feed(feed), new_sync(), last, kept, unread=(gap, last))
    assert came_last == [moments[3], NOW - 25 * DAY, *moments[4:]]
    in_order, reading, _ = read(Feed(moments), new_sync(), gap, kept, unread=(gap, last))
    assert in_order == moments[1:3]
    assert max(part.end for part in reading.covered) == gap.end
