"""A crowded window is handed out in slices: it has been read when all of them have, and only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from group_driver import Read
from group_fakes import WINDOWS, FakeStream, failing_on, follower, started
from search_driver import BEGIN, BIRTH, Answering, Resumed, calls, made, make_pages_small, server_of
from stream_fakes import NOW, Json, Scripted

from source_intercom.api.errors import AccessDenied, Unavailable
from source_intercom.engine.work import Slices
from source_intercom.shapes.base import Sync
from source_intercom.sync.windows import DAY, Window

pytestmark = pytest.mark.timeout(60)

NewSync = Callable[..., Sync]
WINDOW = WINDOWS[1]


class TestAccounts:
    def test_give_the_sum_to_the_slice_that_ends_last(self) -> None:
        slices = Slices(10, 3)
        assert [slices.ended(4), slices.ended(3)] == [None, None]
        whole = slices.ended(2)
        assert whole is not None
        assert (whole.distinct, whole.total) == (9, 10)

    def test_count_the_slices_of_a_slice_in_its_place(self) -> None:
        slices = Slices(10, 2)
        slices.add(3)
        assert [slices.ended(4), slices.ended(1), slices.ended(1)] == [None, None, None]
        whole = slices.ended(4)
        assert whole is not None
        assert whole.distinct == 10

    def test_give_no_sum_where_a_slice_did_not_end(self) -> None:
        slices = Slices(10, 2)
        assert slices.ended(10) is None
        assert slices.close_one(set()) is None
        assert slices.close_one({"things"}) == {"things"}

    def test_close_with_all_that_any_slice_lacks(self) -> None:
        slices = Slices(10, 3)
        assert [slices.close_one({"a"}), slices.close_one(set())] == [None, None]
        assert slices.close_one({"b"}) == {"a", "b"}

    def test_close_with_the_last_also_when_one_was_sliced_again(self) -> None:
        slices = Slices(10, 2)
        slices.add(2)
        assert [slices.close_one(set()) for _ in range(3)] == [None, None, None]
        assert slices.close_one(set()) == set()


class Sliced(FakeStream):
    """A stream that hands its window out in slices; each slice gives the pages of its start."""

    PARTS = (Window(0, 9), Window(10, 19), Window(20, 29))

    def __init__(self, pages: dict[int, Any], *, again: Window | None = None, **options: Any) -> None:
        super().__init__({WINDOW: []}, **options)
        self._pages = pages
        self._again = again

    def pages(self, window: Window, reading: Any) -> Iterator[list[Json]]:
        self.asked.append(window)
        if window.start > NOW:
            return
        if reading.slice is None:
            reading.slice_up(self.PARTS, 6)
            return
        if reading.slice == self._again:
            reading.slice_up([Window(10, 14), Window(15, 19)], 2)
            return
        for page in self._pages[reading.slice.start]:
            yield [dict(row) for row in page]
        reading.reached(Window(WINDOW.start, WINDOW.start + 5))
        reading.slice_ended(2)


def pages_of(*starts: int) -> dict[int, Any]:
    return {start: [[{"id": start}, {"id": start + 1}]] for start in starts}


def in_every_order(read: Callable[[], Read]) -> Iterator[Read]:
    """Reads of a window in three slices, one for each order of these."""
    for first in range(3):
        for second in range(2):
            one = read().make_all()
            for number in (0, first, second, 0):
                one.read_one(number)
            yield one


class TestASlicedWindow:
    def test_counts_as_read_after_its_last_slice_only(self) -> None:
        one = started(Sliced(pages_of(0, 10, 20)), windows=[WINDOW]).make_all()
        for left in (3, 2, 1):
            one.read_one()
            assert len(one.waiting) == left
            assert one.states() == [], "of a slice no time says that all before it was given"
            assert not one.group.is_over
        one.read_one()
        assert one.group.is_over
        assert one.unread() == []

    def test_is_whole_in_whatever_order(self) -> None:
        for one in in_every_order(lambda: started(Sliced(pages_of(0, 10, 20)), windows=[WINDOW])):
            assert one.unread() == []
            assert sorted(one.ids()) == [0, 1, 10, 11, 20, 21]

    @pytest.mark.parametrize("error", [Unavailable("x"), AccessDenied("no"), ValueError("bug")])
    @pytest.mark.parametrize("failing", [0, 10, 20])
    def test_stays_unread_when_any_slice_fails(self, failing: int, error: Exception) -> None:
        def read() -> Read:
            pages = {**pages_of(0, 10, 20), failing: Scripted([{"id": failing}], error)}
            return started(Sliced(pages), follower(), windows=[WINDOW])

        for one in in_every_order(read):
            assert one.errors == [("things", error)]
            assert one.unread("things") == one.unread("followers") == [WINDOW]
            assert one.group.is_over

    @pytest.mark.parametrize("failing", ["things", "followers"])
    @pytest.mark.parametrize("number", [0, 10, 20])
    def test_stays_unread_for_the_stream_that_lacks_rows_of_a_slice(self, number: int, failing: str) -> None:
        rows = {failing: failing_on(number, error=Unavailable("x"))}
        other = "things" if failing == "followers" else "followers"

        def read() -> Read:
            leader = Sliced(pages_of(0, 10, 20), rows=rows.get("things"))
            return started(leader, follower(rows=rows.get("followers")), windows=[WINDOW])

        for one in in_every_order(read):
            assert one.unread(failing) == [WINDOW]
            assert one.unread(other) == []

    def test_waits_for_the_slices_of_a_slice(self) -> None:
        one = started(Sliced(pages_of(0, 10, 15, 20), again=Window(10, 19)), windows=[WINDOW]).make_all()
        while one.waiting:
            assert one.states() == []
            one.read_one(-1)
        assert sorted(one.ids()) == [0, 1, 10, 11, 15, 16, 20, 21]
        assert one.unread() == []

    @pytest.mark.parametrize("number", [0, -1])
    def test_stays_unread_when_a_slice_of_a_slice_fails(self, number: int) -> None:
        pages = {**pages_of(0, 10, 20), 15: Scripted(Unavailable("x"))}
        one = started(Sliced(pages, again=Window(10, 19)), windows=[WINDOW]).make_all()
        while one.waiting:
            one.read_one(number)
        assert sorted(one.ids()) == [0, 1, 10, 11, 20, 21]
        assert one.unread() == [WINDOW]

    def test_is_through_before_the_last_look(self) -> None:
        stream = Sliced(pages_of(0, 10, 20), needs_last_look=True)
        started(stream, windows=[WINDOW]).all()
        assert [window.start > NOW for window in stream.asked] == [False] * 4 + [True]


class TestACrowdedDayOfASearch:
    """A nightly job that touches every record puts the whole table into one day."""

    CROWDED = BEGIN - BEGIN % DAY - 3 * DAY
    NAMES = tuple(f"{number:03}" for number in range(60))

    @pytest.fixture(autouse=True)
    def small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        make_pages_small(monkeypatch, window_pages=2)

    def records(self) -> list[Json]:
        return [
            {"id": name, "updated_at": self.CROWDED + 600 * (number % 50), "created_at": BIRTH + number * 12 * DAY}
            for number, name in enumerate(self.NAMES)
        ]

    def sync(self, new_sync: NewSync, server: Answering, seed: int = 0) -> tuple[Resumed, Any]:
        stream = made(new_sync(begin=BEGIN, birth=BIRTH, start_date="2025-10-01"), server)
        return Resumed(stream).in_turns(seed), stream

    def test_is_read_in_slices_each_record_once(self, new_sync: NewSync) -> None:
        for seed in range(5):
            sync_of, stream = self.sync(new_sync, server_of(self.records()), seed)
            assert any("created_at" in str(body["query"]) for body in calls(stream))
            assert sync_of.all_ids() == list(self.NAMES)
            assert sync_of.last_state()["updated_at"] == BEGIN

    def test_is_read_in_one_row_where_its_slices_miss_a_record(
        self, new_sync: NewSync, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The search by the second time does not know one of them."""
        known = server_of([record for record in self.records() if record["id"] != "033"])
        whole = server_of(self.records())

        def answer(body: Json) -> Json:
            return (known if "created_at" in str(body["query"]) else whole)(body)

        sync_of, _ = self.sync(new_sync, answer)
        assert set(sync_of.ids()) == set(self.NAMES)
        assert sync_of.errors == []
        assert sync_of.last_state()["updated_at"] == BEGIN
        assert "miss records, so one reads them all" in caplog.text

    def test_stays_unread_when_a_slice_fails(self, new_sync: NewSync) -> None:
        server = server_of(self.records())

        def answer(body: Json) -> Json:
            found = server(body)
            if "created_at" in str(body["query"]) and any(record["id"] == "033" for record in found["things"]):
                raise Unavailable("busy", "HTTP 504")
            return found

        for seed in range(5):
            sync_of, _ = self.sync(new_sync, answer, seed)
            assert sync_of.errors
            assert all(type(error) is Unavailable for _, error in sync_of.errors)
            moment = self.CROWDED + 600 * 33
            for state in sync_of.states():
                assert state["updated_at"] < moment
                assert not any(part["start"] <= moment <= part["end"] for part in state.get("slices", ()))
