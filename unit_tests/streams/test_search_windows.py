"""A search reads each record of a gap once, however its windows are handed out, and no state says too much."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.types import Record as CdkRecord
from group_driver import Read, furthest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from stream_fakes import NOW, FakeIntercom, FakeReading, Json, SearchServer, make_sync, rows_of

from source_intercom.api import pages
from source_intercom.shapes import cutting, search
from source_intercom.shapes.base import Sync
from source_intercom.shapes.search import SearchStream
from source_intercom.streams.contacts import Contacts
from source_intercom.streams.conversations import Conversations
from source_intercom.streams.tickets import Tickets
from source_intercom.sync.windows import DAY, HOUR, Window, gaps

pytestmark = pytest.mark.timeout(120)
BIRTH = 1_500_000_000 - 1_500_000_000 % DAY

NewSync = Callable[..., Sync]
# A read that never ends takes long to find: it is shown as it is, not made smaller.
PHASES = (Phase.explicit, Phase.generate)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of three, so that a few records are as heavy as thousands."""
    make_pages_small(monkeypatch)


def make_pages_small(monkeypatch: pytest.MonkeyPatch, window_pages: int = 2) -> None:
    monkeypatch.setattr(pages, "SEARCH_PAGE", 3)
    monkeypatch.setattr(cutting, "SEARCH_PAGE", 3)
    monkeypatch.setattr(cutting, "_LEAST_PAGES", window_pages)
    monkeypatch.setattr(cutting, "_MOST_PAGES", window_pages)
    monkeypatch.setattr(search, "_CHECKPOINT_PAGES", 2)
    # The gaps of these tests are shorter than the time in which the index may be late.
    monkeypatch.setattr(search, "INDEX_LAG", 0)


def records_at(*moments: int) -> list[Json]:
    """Records that changed at these moments, and were created on days that say nothing about that."""
    return [
        {"id": f"{number:03}", "updated_at": moment, "created_at": BIRTH + DAY * (number * 37 % 300), "open": False}
        for number, moment in enumerate(moments)
    ]


def made(stream: type[SearchStream], sync: Sync, server: SearchServer, *, full: bool = False) -> Any:
    result = stream(sync, full=full)
    FakeIntercom().on("POST", stream.endpoint, server).attach(result.client)
    return result


class Whole:
    """A read of one gap, from its first call to its last state."""

    def __init__(self, stream: Any, gap: Window, *, turns: Callable[[int], int] | None = None) -> None:
        self.read = Read(stream, windows=[gap], start=gap.start, end=gap.end)
        self.stream = stream
        self.gap = gap
        self.read.make_all()
        if turns:
            self.read.read_in_turns(turns)
        else:
            self.read.all()
        assert self.read.errors == []

    @property
    def ids(self) -> list[str]:
        return sorted(self.read.ids(self.stream.name))

    def assert_states_are_true(self, records: list[Json]) -> None:
        """What a state does not leave to be read was given before it, and the last leaves nothing."""
        given: set[str] = set()
        for item in self.read.out:
            if isinstance(item, CdkRecord):
                given.add(item.data["id"])
            elif isinstance(item, AirbyteMessage) and item.state and item.state.stream:
                state = vars(item.state.stream.stream_state)
                assert furthest(state) <= self.gap.end
                slices = state.get("slices") or [{"start": self.gap.start, "end": state["updated_at"]}]
                done = [Window(s["start"], s["end"]) for s in slices]
                open_ = list(gaps(done, self.gap.start, self.gap.end, 0))
                late = [r["id"] for r in records if not any(gap.holds(r["updated_at"]) for gap in open_)]
                assert {r for r in late if r in self.ids} <= given
        assert self.read.states(self.stream.name)[-1] == {"updated_at": self.gap.end}


@pytest.mark.complaint(17)
@settings(max_examples=300, phases=PHASES)
@given(data=st.data())
def test_each_record_of_a_gap_is_read_once(data: st.DataObject) -> None:
    stream = data.draw(st.sampled_from([Conversations, Tickets]), label="stream")
    inclusive = data.draw(st.booleans(), label="bounds belong to it")
    start = data.draw(st.integers(1, 60), label="start")
    gap = Window(start, start + data.draw(st.integers(0, 200), label="length"))
    near = st.sampled_from([gap.start - 1, gap.start, gap.start + 1, gap.end - 1, gap.end, gap.end + 1])
    moments = data.draw(st.lists(st.integers(0, 300) | near, max_size=60), label="moments")
    # Many records share a second.
    moments += [data.draw(near, label="crowded second")] * data.draw(st.integers(0, 30), label="crowd")
    assert_read_once(stream, gap, moments, data, inclusive=inclusive)


ZONES = ["UTC", "Pacific/Pago_Pago", "Pacific/Kiritimati", "Asia/Kathmandu", "America/New_York", "America/Havana"]
CLOCK_CHANGE = int(datetime(2024, 11, 3, 12, tzinfo=timezone.utc).timestamp())


@pytest.mark.complaint(18)
@settings(max_examples=300, phases=PHASES)
@given(data=st.data())
def test_each_contact_of_a_gap_is_read_once_in_any_zone(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(ZONES), label="zone")
    known = data.draw(st.booleans(), label="zone known")
    start = data.draw(st.integers(CLOCK_CHANGE - 3 * DAY, CLOCK_CHANGE + 2 * DAY), label="start")
    gap = Window(start, start + data.draw(st.integers(0, 4 * DAY) | st.integers(0, 3 * HOUR), label="length"))
    near = st.sampled_from([gap.start - 1, gap.start, gap.end, gap.end + 1])
    anywhere = st.integers(gap.start - DAY, gap.end + DAY)
    moments = data.draw(st.lists(anywhere | near, max_size=40), label="moments")
    moments += [data.draw(anywhere | near, label="crowded second")] * data.draw(st.integers(0, 30), label="crowd")
    assert_read_once(Contacts, gap, moments, data, zone=zone, known=known)


def assert_read_once(
    stream: Any,
    gap: Window,
    moments: list[int],
    data: st.DataObject,
    *,
    inclusive: bool = False,
    zone: str | None = None,
    known: bool = True,
) -> None:
    records = records_at(*moments)
    actual = ZoneInfo(zone) if zone else None
    order = random.Random(data.draw(st.integers(0, 1_000), label="seed of the order"))
    born = data.draw(st.sampled_from([BIRTH, 0, NOW]), label="birth of the workspace")
    sync = make_sync(begin=gap.end, zone=actual if actual and known else timezone.utc, birth=born)
    with pytest.MonkeyPatch.context() as patch:
        make_pages_small(patch, data.draw(st.integers(1, 9), label="window pages"))
        patch.setattr(stream, "is_costly", data.draw(st.booleans(), label="costly"))
        try:
            mirrored = data.draw(st.booleans(), label="mirrored")
            server = SearchServer(stream.records_key, records, zone=actual, inclusive=inclusive, mirrored=mirrored)
            whole = Whole(
                made(stream, sync, server),
                gap,
                turns=order.randrange,
            )
        finally:
            sync.transport.close()
    assert whole.ids == [record["id"] for record in records if gap.holds(record["updated_at"])]
    whole.assert_states_are_true(records)


class TestHeavyDays:
    """Searches that see more than was asked for: what lies before the window must not keep it from ending."""

    def test_many_contacts_changed_today_before_the_last_sync(self, new_sync: NewSync) -> None:
        """An hourly sync of a workspace where thousands of contacts change every day."""
        midnight = NOW - NOW % DAY
        now = midnight + 16 * HOUR
        before = [midnight + 300 * number for number in range(160)]  # to 13:20
        gap = Window(midnight + 15 * HOUR, now)
        records = records_at(*before, gap.start + 5, gap.end)
        server = SearchServer("data", records, zone=timezone.utc)
        whole = Whole(made(Contacts, new_sync(begin=now), server), gap)
        assert whole.ids == [record["id"] for record in records[-2:]]

    def test_contacts_before_the_window_are_not_read_again(self, new_sync: NewSync) -> None:
        midnight = NOW - NOW % DAY
        before = [midnight + 600 * number for number in range(110)]  # to 18:20
        gap = Window(midnight + 20 * HOUR, midnight + 3 * DAY)
        server = SearchServer("data", records_at(*before), zone=timezone.utc)
        whole = Whole(made(Contacts, new_sync(begin=gap.end), server), gap)
        assert whole.ids == []

    def test_a_crowded_second_right_before_the_window(self, new_sync: NewSync) -> None:
        """A bulk change puts thousands into one second; a search with inclusive bounds sees them from the next."""
        records = records_at(*[999] * 300, 1_000, 1_001)
        server = SearchServer("tickets", records, inclusive=True)
        whole = Whole(made(Tickets, new_sync(begin=1_001), server), Window(1_000, 1_001))
        assert whole.ids == ["300", "301"]

    def test_a_crowded_second(self, new_sync: NewSync) -> None:
        server = SearchServer("tickets", records_at(*[1_000] * 300))
        whole = Whole(made(Tickets, new_sync(begin=1_500), server), Window(500, 1_500))
        assert len(whole.ids) == 300


class TestHandingOut:
    def calls(self, stream: Any) -> list[Json]:
        intercom: FakeIntercom = stream.client.post.__self__
        return intercom.asked(stream.endpoint)

    def first_page(self, sync: Sync, days: list[int], window: Window) -> tuple[FakeReading, list[Json], Any]:
        stream = made(Tickets, sync, SearchServer("tickets", records_at(*(DAY * day for day in days))))
        reading = FakeReading()
        return reading, list(rows_of(stream, window, reading)), stream

    def test_a_light_window_costs_its_pages_only(self, new_sync: NewSync) -> None:
        reading, rows, stream = self.first_page(new_sync(), list(range(100, 109)), Window(0, 1_000 * DAY))
        assert reading.handed == reading.slices == []
        assert len(rows) == 9
        assert len(self.calls(stream)) == 3

    def test_a_heavy_window_is_handed_out_whole(self, new_sync: NewSync) -> None:
        window = Window(0, 1_000 * DAY)
        reading, rows, _ = self.first_page(new_sync(), list(range(100, 140)), window)
        assert rows == []
        assert (reading.handed[0].start, reading.handed[-1].end) == window
        assert all(after.start == before.end + 1 for before, after in pairwise(reading.handed))
        assert reading.ended == []

    def test_it_costs_one_call(self, new_sync: NewSync) -> None:
        _, _, stream = self.first_page(new_sync(), list(range(100, 130)), Window(0, 1_000 * DAY))
        assert len(self.calls(stream)) == 1

    def test_the_end_of_the_records_is_asked_for_where_it_pays(self, new_sync: NewSync) -> None:
        # All of them in the first hundred days of ten years.
        window = Window(0, 3650 * DAY)
        reading, _, stream = self.first_page(new_sync(), list(range(100, 200)), window)
        first, latest = self.calls(stream)
        assert latest["pagination"] == {"per_page": 1}
        assert (latest["query"], latest["sort"]["order"]) == (first["query"], "descending")
        assert all(part.start < 200 * DAY for part in reading.handed)
        assert reading.handed[-1].end == window.end

    def test_records_that_vanish_between_two_calls_do_no_harm(self, new_sync: NewSync) -> None:
        server = SearchServer("tickets", records_at(*(day * DAY for day in range(100, 200))))
        stream = made(Tickets, new_sync(), server)

        def vanishing(body: Json) -> Json:
            if body["sort"]["order"] == "descending":
                return {"tickets": [], "pages": {}, "total_count": 0}
            return server(body)

        FakeIntercom().on("POST", Tickets.endpoint, vanishing).attach(stream.client)
        reading = FakeReading()
        list(rows_of(stream, Window(0, 1_000 * DAY), reading))
        assert reading.handed[-1].end == 1_000 * DAY

    def test_a_crowded_day_is_handed_out_in_slices_of_the_time_of_creation(self, new_sync: NewSync) -> None:
        window = Window(1_000 * DAY, 1_001 * DAY - 1)
        reading, rows, _ = self.first_page(new_sync(birth=BIRTH), [1_000] * 50, window)
        assert rows == reading.handed == []
        assert reading.slices[0].start == 0
        assert reading.slices[-1].end > NOW
        assert all(after.start == before.end + 1 for before, after in pairwise(reading.slices))

    def test_a_crowded_day_of_records_that_were_made_on_one_day_is_read_in_one_row(self, new_sync: NewSync) -> None:
        window = Window(1_000 * DAY, 1_001 * DAY - 1)
        reading, rows, _ = self.first_page(new_sync(birth=NOW), [1_000] * 50, window)
        assert reading.handed == reading.slices == []
        assert len(rows) == 50

    def test_never_more_than_a_bearable_number_at_once(self, new_sync: NewSync) -> None:
        reading, _, _ = self.first_page(new_sync(), list(range(3_000)), Window(0, 3_000 * DAY))
        assert 1 < len(reading.handed) <= FakeReading.most_parts

    @pytest.mark.parametrize("total", [None, 0])
    def test_without_a_total_nothing_is_handed_out(self, total: Any, new_sync: NewSync) -> None:
        server = SearchServer("tickets", records_at(*(day * DAY for day in range(100))))
        stream = made(Tickets, new_sync(), server)
        counted = {"total_count": total}
        FakeIntercom().on("POST", Tickets.endpoint, lambda body: server(body) | counted).attach(stream.client)
        reading = FakeReading()
        assert len(list(rows_of(stream, Window(0, 1_000 * DAY), reading))) == 100
        assert reading.handed == []


class TestCheckpoints:
    def test_never_cover_a_second_that_may_go_on(self, new_sync: NewSync) -> None:
        # Pages of three: the fourth page ends within second 12.
        moments = [10, 10, 10, 11, 11, 11, 12, 12, 12, 12, 12, 12, 13, 13, 13, 14]
        # Too many records for one window, all made on one day, and yet read here: none of them has work for two.
        stream = made(Tickets, new_sync(birth=NOW), SearchServer("tickets", records_at(*moments)))
        given: list[int] = []

        class Watching(FakeReading):
            def reached(self, part: Window) -> None:
                super().reached(part)
                assert [m for m in given if part.holds(m)] == [m for m in moments if part.holds(m)]

        reading = Watching()
        for page in stream.pages(Window(0, 100), reading):
            given += [row["updated_at"] for row in page]
        assert reading.covered == [Window(0, 10), Window(0, 11), Window(0, 13)]

    def test_are_none_within_the_first_second(self, new_sync: NewSync) -> None:
        stream = made(Tickets, new_sync(birth=NOW), SearchServer("tickets", records_at(*[10] * 20)))
        reading = FakeReading()
        assert len(list(rows_of(stream, Window(10, 100), reading))) == 20
        assert reading.covered == []


class TestSweepOfALongRead:
    """While a full refresh lasts for hours, much may change."""

    def whole(self, new_sync: NewSync, changed: int) -> Whole:
        old = list(range(NOW - 5_000, NOW, 700))
        # Sixty a minute: pages of three and windows of two pages make a few dozen as heavy as thousands.
        new = [NOW + 1 + number for number in range(changed)]
        sync = new_sync(begin=NOW)
        server = SearchServer("tickets", records_at(*old, *new))
        stream = made(Tickets, sync, server, full=True)
        return Whole(stream, Window(NOW - 6_000, NOW))

    @pytest.mark.parametrize("changed", [0, 1, 5, 11, 40, 400])
    def test_gives_all_of_it_once_and_ends_where_it_began(self, changed: int, new_sync: NewSync) -> None:
        whole = self.whole(new_sync, changed)
        assert len(whole.ids) == len(set(whole.ids)) == 8 + changed
        assert all(furthest(state) <= NOW for state in whole.read.states("tickets"))
        assert whole.read.states("tickets")[-1] == {"updated_at": NOW}
