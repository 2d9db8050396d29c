"""A window under way: what it hands out, how far it has come, what it expects, and the sweep after all of them."""

from __future__ import annotations

import threading
from queue import Queue
from typing import Any

import pytest
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import FinalStateCursor
from group_driver import Read, furthest
from group_fakes import SWEEP_START, WINDOWS, FakeStream, each_window, failing_on, follower, page, started
from hypothesis import given
from hypothesis import strategies as st
from stream_fakes import NOW, Scripted

from source_intercom.api.errors import AccessDenied, Unavailable
from source_intercom.engine.group import Group
from source_intercom.engine.member import Member
from source_intercom.engine.partition import Leading, WindowPartition
from source_intercom.sync.windows import DAY, Window

pytestmark = pytest.mark.timeout(60)


class TestSplit:
    """A heavy window hands out what lies behind it."""

    def stream(self, needs_last_look: bool = False) -> FakeStream:
        whole = Window(0, NOW)
        parts = {Window(0, 99): page(1), Window(100, 199): page(100), Window(200, NOW): page(200)}
        stream = FakeStream({whole: [[]], **parts}, needs_last_look=needs_last_look, swept=page(99))

        def during(window: Window, reading: Any) -> None:
            if window == whole:
                reading.split(reversed(parts))

        stream.during = during
        return stream

    @pytest.mark.parametrize("needs_last_look", [True, False])
    def test_windows_are_read_as_partitions_of_their_own(self, needs_last_look: bool) -> None:
        read = started(self.stream(needs_last_look), follower(), windows=[Window(0, NOW)]).all()
        swept = [99] if needs_last_look else []
        assert read.ids("things") == read.ids("followers") == [1, 100, 200, *swept]
        assert [state["updated_at"] for state in read.states("things")] == [99, 199, NOW]
        assert read.states("followers")[-1] == {"updated_at": NOW}

    def test_who_follows_waits_for_them(self) -> None:
        read = started(self.stream(), follower(), windows=[Window(0, NOW)]).make_all()
        for _ in range(3):
            read.read_one()
            assert not read.group.is_over
        read.read_one()
        assert read.group.is_over

    def test_one_that_fails_after_it_leaves_them_to_others(self) -> None:
        stream = self.stream()
        stream.script[Window(0, 99)] = Scripted([{"id": 1}], Unavailable("x"))
        read = started(stream, windows=[Window(0, NOW)]).all()
        assert read.ids() == [1, 100, 200]
        assert read.states()[-1]["slices"][-1] == {"start": 100, "end": NOW}
        assert read.states()[-1]["updated_at"] == 0


class TestARestThatIsLeft:
    @pytest.mark.parametrize("leaves", [True, False])
    def test_stays_unread_behind_what_was_reached(self, leaves: bool) -> None:
        whole = Window(0, NOW)
        stream = FakeStream({whole: page(1)})

        def during(_window: Window, reading: Any) -> None:
            reading.reached(Window(0, 99))
            if leaves:
                reading.leave_rest()

        stream.during = during
        read = started(stream, windows=[whole]).all()
        assert read.states()[-1]["updated_at"] == (99 if leaves else NOW)


class TestCheckpoints:
    def test_are_states_of_all_that_got_the_rows(self) -> None:
        leader = FakeStream({WINDOWS[4]: [*page(40), *page(50), *page(60)]})
        leader.during = lambda _window, reading: reading.reached(Window(40, leader.client.tally.records * 10 + 30))
        read = started(leader, follower(rows=failing_on(50, error=Unavailable("x"))), windows=[WINDOWS[4]])
        read.all()
        assert [state["slices"][-1]["end"] for state in read.states("things")[:3]] == [40, 50, 60]
        assert [state["slices"][-1] for state in read.states("followers")] == [{"start": 40, "end": 40}]

    def test_are_none_of_a_follower_that_stopped_before(self) -> None:
        leader = FakeStream({WINDOWS[0]: page(5), WINDOWS[1]: page(15)})
        leader.during = lambda window, reading: reading.reached(Window(window.start, window.start + 5))
        read = started(leader, follower(rows=lambda _page: [AccessDenied("no")])).all()
        assert read.states("followers") == []

    def test_are_none_without_a_cursor(self) -> None:
        stream = FakeStream({Window(0, NOW): page(1)})
        stream.during = lambda _window, reading: reading.reached(Window(0, 5))
        cursor = FinalStateCursor("things", None, InMemoryMessageRepository())
        walk = Group([Member(stream, cursor)], Queue(), pages=False)
        (partition,) = Leading(walk).generate()
        assert len(list(partition.read())) == 1


class TestEstimates:
    def estimates(self, read: Read) -> list[tuple[str, int]]:
        return [(e.name, e.row_estimate) for e in read.estimates]

    def test_add_up_window_by_window(self) -> None:
        stream = FakeStream(each_window())
        stream.during = lambda _window, reading: reading.expect(100)
        read = started(stream, follower()).all()
        assert self.estimates(read) == [("things", 100 * number) for number in range(1, 6)]
        assert stream.client.tally.expected == 500

    def test_are_none_for_windows_that_were_handed_out(self) -> None:
        whole, part = Window(0, NOW), Window(100, NOW)
        stream = FakeStream({whole: page(1), part: page(100)})

        def during(window: Window, reading: Any) -> None:
            reading.expect(7)
            if window == whole:
                reading.split([part])

        stream.during = during
        read = started(stream, windows=[whole]).all()
        assert self.estimates(read) == [("things", 7)]

    @pytest.mark.parametrize("reading", ["all", "one_by_one"])
    def test_are_none_for_what_a_sweep_finds(self, reading: str) -> None:
        stream = FakeStream(each_window(), needs_last_look=True, swept=page(99))
        stream.during = lambda window, reading: reading.expect(1 if window.start <= NOW else 1_000)
        read = started(stream)
        getattr(read, reading)()
        assert self.estimates(read)[-1] == ("things", 5)

    def test_are_none_where_rows_are_not_the_records_of_the_walk(self) -> None:
        stream = FakeStream(each_window())
        stream.is_one_to_one = False
        stream.during = lambda _window, reading: reading.expect(100)
        assert self.estimates(started(stream).all()) == []


class TestSweep:
    @given(data=st.data())
    def test_follows_once_whatever_the_order_in_which_windows_are_made_and_read(self, data: st.DataObject) -> None:
        stream = FakeStream(each_window(), needs_last_look=True, swept=page(99))
        read = started(stream, follower())
        more = True
        while more or read.waiting:
            if more and (not read.waiting or data.draw(st.booleans(), label="make a window")):
                more = read.make()
            elif read.waiting:
                read.read_one(data.draw(st.integers(0, len(read.waiting) - 1), label="read a window"))
        for name in ("things", "followers"):
            assert sorted(read.ids(name)) == [0, 10, 20, 30, 40, 99]
            assert read.ids(name)[-1] == 99
            assert read.states(name)[-1] == {"updated_at": NOW}
        assert sum(window.start >= SWEEP_START for window in stream.asked) == 1
        assert read.follower() == []

    @pytest.mark.parametrize("reading", ["all", "one_by_one"])
    def test_begins_right_after_the_read_began_and_ends_beyond_any_sync(self, reading: str) -> None:
        stream = FakeStream(each_window(), needs_last_look=True)
        getattr(started(stream), reading)()
        assert stream.asked[-1].start == SWEEP_START
        assert stream.asked[-1].end > NOW + 365 * DAY

    def test_is_none_when_the_stream_has_none(self) -> None:
        read = started(FakeStream(each_window(), swept=page(99))).all()
        assert read.ids() == [0, 10, 20, 30, 40]

    @pytest.mark.parametrize("failing", range(len(WINDOWS)))
    @pytest.mark.parametrize("error", [Unavailable("x"), AccessDenied("x"), ValueError("x")])
    @pytest.mark.parametrize("order", [0, -1], ids=["forward", "backward"])
    def test_is_none_when_a_window_failed(self, failing: int, error: Exception, order: int) -> None:
        script = each_window()
        script[WINDOWS[failing]] = Scripted(error)
        stream = FakeStream(script, needs_last_look=True, swept=page(99))
        read = started(stream).make_all()
        while read.waiting:
            read.read_one(order)
        assert all(window.start < SWEEP_START for window in stream.asked)

    @pytest.mark.parametrize("reading", ["all", "one_by_one"])
    def test_that_fails_is_told(self, reading: str) -> None:
        error = Unavailable("x")
        read = started(FakeStream(each_window(), needs_last_look=True, swept=Scripted(error)), follower())
        getattr(read, reading)()
        assert read.errors == [("things", error)]
        assert read.follower() == [error]

    @pytest.mark.parametrize("reading", ["all", "one_by_one"])
    @pytest.mark.parametrize("failing", ["things", "followers"])
    def test_does_not_count_windows_that_a_stream_did_not_get(self, reading: str, failing: str) -> None:
        error = Unavailable("x")
        rows = {failing: failing_on(10, error=error)}
        leader = FakeStream(each_window(), needs_last_look=True, swept=page(99), rows=rows.get("things"))
        read = started(leader, follower(rows=rows.get("followers")))
        getattr(read, reading)()
        assert read.errors == [(failing, error)]
        assert read.unread(failing) == [WINDOWS[1]]

    @pytest.mark.parametrize("reading", ["all", "one_by_one"])
    def test_of_many_pages_moves_no_state_beyond_the_begin(self, reading: str) -> None:
        stream = FakeStream(each_window(), needs_last_look=True, swept=[*page(98), *page(99)])

        def during(window: Window, reading: Any) -> None:
            if window.start > NOW:
                reading.reached(Window(NOW + 1, NOW + 50))

        stream.during = during
        read = started(stream, follower())
        getattr(read, reading)()
        for name in ("things", "followers"):
            assert read.ids(name)[-2:] == [98, 99]
            assert all(furthest(state) <= NOW for state in read.states(name))
            assert read.states(name)[-1] == {"updated_at": NOW}

    @pytest.mark.parametrize("reading", ["all", "one_by_one"])
    def test_that_is_heavy_moves_no_state_beyond_the_begin_and_ends(self, reading: str) -> None:
        """Much changed while a long read lasted: the sweep hands windows out that lie behind the begin."""
        stream = FakeStream(each_window(), needs_last_look=True, swept=page(98))
        handed = [Window(NOW + 100, NOW + 199), Window(NOW + 200, NOW + 299)]
        splits: list[Window] = []

        def during(window: Window, reading: Any) -> None:
            if window.start == SWEEP_START:
                splits.append(window)
                assert len(splits) < 10, "the sweep never ends"
                # As searches do: no window is too much for one that is to be read as it is.
                if reading.most_parts:
                    reading.split(handed)

        stream.during = during
        read = started(stream)
        getattr(read, reading)()
        assert len(splits) == 1
        assert all(furthest(state) <= NOW for state in read.states())
        assert read.states()[-1] == {"updated_at": NOW}

    def test_follows_once_when_threads_read(self) -> None:
        windows = [Window(start, start + 9) for start in range(0, 400, 10)]
        stream = FakeStream({w: page(w.start) for w in windows}, needs_last_look=True, swept=page(-1))
        read = started(stream, windows=windows).make_all()
        partitions = read.waiting
        gate = threading.Barrier(len(partitions))
        found: list[Any] = []

        def work(partition: WindowPartition) -> None:
            gate.wait(10)
            found.extend(record.data["id"] for record in partition.read())

        threads = [threading.Thread(target=work, args=(partition,), daemon=True) for partition in partitions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        (last_look,) = [item for item in read.queue.queue if isinstance(item, WindowPartition)]
        found.extend(record.data["id"] for record in last_look.read())
        assert sorted(found) == [-1, *range(0, 400, 10)]
