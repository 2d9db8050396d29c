"""Walks: windows as partitions, one walk for several streams, failures told to whom they concern, one sweep."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Queue
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, AirbyteStreamStatus, Type
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import FinalStateCursor
from airbyte_cdk.sources.types import Record as CdkRecord
from hypothesis import given
from hypothesis import strategies as st
from stream_fakes import NOW, Scripted
from walk_driver import Read, furthest

from source_intercom.api.client import Tally
from source_intercom.api.errors import AccessDenied, IntercomError, RecordGone, RequestRefused, Unavailable
from source_intercom.streams.output import RecordPage
from source_intercom.streams.walks import Leading, Member, Walk, WindowPartition
from source_intercom.sync.windows import DAY, Window

pytestmark = pytest.mark.timeout(60)

Row = dict[str, Any]
Script = dict[Window, Iterable[Any]]
WINDOWS = [Window(0, 9), Window(10, 19), Window(20, 29), Window(30, 39), Window(40, NOW)]
SWEEP_START = NOW + 1


class FakeStream:
    """A stream whose windows give the pages of a script; ``swept`` is what it finds at the end."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        name: str = "things",
        sweeps: bool = False,
        swept: Iterable[Any] = (),
        is_costly: bool = False,
        rows: Callable[[list[Row]], Iterable[Any]] | None = None,
    ) -> None:
        self.name = name
        self.sync = SimpleNamespace(begin=NOW, config=SimpleNamespace(start=0))
        self.sweeps = sweeps
        self.is_one_to_one = True
        self.is_costly = is_costly
        self.client = SimpleNamespace(tally=Tally())
        self.script = script or {}
        self.asked: list[Window] = []
        self.leads: FakeStream = self
        self.during: Callable[[Window, Any], None] = lambda _window, _reading: None
        self._swept = swept
        self._rows = rows or (lambda page: [page])

    def coerce(self, row: Row) -> None:
        row["coerced"] = self.name

    def pages(self, window: Window, reading: Any) -> Iterator[list[Row]]:
        self.asked.append(window)
        for page in self._swept if window.start > NOW else self.script[window]:
            yield [dict(row) for row in page]
            self.during(window, reading)

    def rows(self, page: list[Row], window: Window) -> Iterator[list[Row]]:
        assert window in self.leads.asked, "rows are made for the window that is read"
        for rows in self._rows(page):
            if isinstance(rows, Exception):
                raise rows
            yield [dict(row) for row in rows]


def started(*streams: FakeStream, windows: list[Window] | None = None, pages: bool = False) -> Read:
    """A read of the windows that the first stream has a script for."""
    for stream in streams:
        stream.leads = streams[0]
    return Read(*streams, windows=windows or list(streams[0].script) or WINDOWS, pages=pages)


def page(*numbers: int) -> list[list[Row]]:
    return [[{"id": number} for number in numbers]]


def each_window() -> Script:
    return {window: page(window.start) for window in WINDOWS}


class TestOneStream:
    def test_a_partition_is_a_window(self) -> None:
        stream = FakeStream(each_window())
        read = started(stream).make_all()
        partitions = list(read.waiting)
        assert [dict(partition.to_slice()) for partition in partitions] == [w._asdict() for w in WINDOWS]
        assert {partition.stream_name() for partition in partitions} == {"things"}
        assert len({hash(partition) for partition in partitions}) == len(WINDOWS)
        assert repr(partitions[1]) == "things Window(start=10, end=19)"
        read.all()
        assert read.ids() == [0, 10, 20, 30, 40]
        assert stream.asked == WINDOWS
        assert read.states()[-1] == {"updated_at": NOW}

    def test_rows_are_coerced_and_carry_stream_and_slice(self) -> None:
        read = started(FakeStream({WINDOWS[0]: page(1)})).make_all()
        (partition,) = read.waiting
        (record,) = partition.read()
        assert record.data == {"id": 1, "coerced": "things"}
        assert record.stream_name == "things"
        assert record.associated_slice == partition.to_slice()

    def test_rows_may_be_fewer_or_more_than_a_page_has(self) -> None:
        read = started(FakeStream({WINDOWS[0]: page(1, 2)}, rows=lambda p: [[], p, [], [*p, {"id": 9}]])).all()
        assert read.ids() == [1, 2, 1, 2, 9]

    def test_without_a_cursor_it_is_one_window_that_ends_when_the_read_began(self) -> None:
        stream = FakeStream({Window(0, NOW): page(1, 2)})
        cursor = FinalStateCursor("things", None, InMemoryMessageRepository())
        walk = Walk([Member(stream, cursor)], Queue(), pages=False)  # type: ignore[arg-type]
        (partition,) = Leading(walk).generate()
        assert [record.data["id"] for record in partition.read()] == [1, 2]
        assert stream.asked == [Window(0, NOW)]

    def test_the_tally_counts_rows_also_of_windows_that_fail(self) -> None:
        script: Script = {WINDOWS[0]: page(1, 2), WINDOWS[1]: Scripted([{"id": 3}], Unavailable("x")), WINDOWS[2]: []}
        stream = FakeStream(script)
        started(stream).all()
        assert stream.client.tally.records == 3

    def test_nothing_of_a_page_is_kept_back(self) -> None:
        read = started(FakeStream({WINDOWS[0]: Scripted([{"id": 1}], Unavailable("too early"))})).make_all()
        reading = iter(read.waiting[0].read())
        assert next(reading).data["id"] == 1

    def test_pages_of_lines_come_after_the_status_that_announces_them(self) -> None:
        read = started(FakeStream(each_window()), pages=True).all()
        first, *rest = read.out
        assert first.trace.stream_status.status is AirbyteStreamStatus.RUNNING
        pages = [item for item in rest if isinstance(item, RecordPage)]
        assert [made.count for made in pages] == [1] * 5
        statuses = [i for i in rest if isinstance(i, AirbyteMessage) and i.type is Type.TRACE]
        assert statuses == [], "a stream starts running once"

    def test_pages_of_lines_are_whole_for_each_stream_of_a_walk(self) -> None:
        read = started(FakeStream(each_window()), follower(), follower(name="others"), pages=True).all()
        for name in ("things", "followers", "others"):
            pages = [item for item in read.out if isinstance(item, RecordPage) and item.stream == name]
            assert [json.loads(page.lines)["record"]["data"]["id"] for page in pages] == [w.start for w in WINDOWS]
            assert {m.stream.name: m.stream.client.tally.records for m in read.members}[name] == len(WINDOWS)

    def test_no_page_is_held_while_its_lines_wait(self) -> None:
        """A destination may take minutes for what is in the queue, and fifty workers have a page each."""
        pages: list[list[Row]] = []
        stream = FakeStream(each_window())

        def rows(page: list[Row], _window: Window) -> Iterator[list[Row]]:
            pages.append(page)
            yield page

        stream.rows = rows  # type: ignore[method-assign]
        read = started(stream, windows=WINDOWS[:1], pages=True).all()
        assert len([item for item in read.out if isinstance(item, RecordPage)]) == 1
        assert pages == [[]]

    def test_no_status_announces_a_stream_without_rows(self) -> None:
        read = started(FakeStream({WINDOWS[0]: [[]]}), pages=True).all()
        assert [item.type for item in read.out] == [Type.STATE]


class TestFailures:
    @pytest.mark.parametrize("error", [AccessDenied("no"), RequestRefused("no"), KeyError("bug"), TypeError("bug")])
    def test_that_are_final_are_told_once_and_end_the_stream(self, error: Exception) -> None:
        script = each_window()
        script[WINDOWS[1]] = Scripted([{"id": 10}], error)
        stream = FakeStream(script)
        read = started(stream).all()
        assert read.errors == [("things", error)]
        assert read.ids() == [0, 10]
        assert stream.asked == WINDOWS[:2]
        assert read.unread() == WINDOWS[1:]

    def test_that_are_final_end_the_making_of_windows(self) -> None:
        read = started(FakeStream({window: Scripted(AccessDenied("no")) for window in WINDOWS}))
        read.make()
        read.read_one()
        assert read.make() is False

    def test_of_windows_that_were_under_way_together_are_told_once(self) -> None:
        denied = AccessDenied("no")
        stream = FakeStream({window: Scripted([{"id": window.start}], denied) for window in WINDOWS})
        partitions = started(stream).make_all().waiting
        readings = [iter(partition.read()) for partition in partitions]
        for reading in readings:
            next(reading)
        with pytest.raises(AccessDenied):
            next(readings[3])
        for number in (0, 1, 2, 4):
            assert next(readings[number], "end") == "end"
        assert not any(partition.is_read_for("things") for partition in partitions)

    @pytest.mark.parametrize("error", [Unavailable("x"), RecordGone("x")])
    def test_that_pass_leave_the_other_windows_readable(self, error: IntercomError) -> None:
        script = each_window()
        script[WINDOWS[1]] = script[WINDOWS[3]] = Scripted(error)
        read = started(FakeStream(script)).all()
        assert read.errors == [("things", error)] * 2
        assert read.ids() == [0, 20, 40]
        assert read.unread() == [WINDOWS[1], WINDOWS[3]]

    def test_after_three_of_them_the_rest_is_left_to_the_next_sync(self) -> None:
        error = Unavailable("x")
        stream = FakeStream({window: Scripted(error) for window in WINDOWS})
        read = started(stream).all()
        assert read.errors == [("things", error)] * 3
        assert stream.asked == WINDOWS[:3]
        assert read.unread() == WINDOWS

    def test_of_another_walk_are_its_own(self) -> None:
        failing = started(FakeStream({window: Scripted(AccessDenied("no")) for window in WINDOWS}))
        good = started(FakeStream(each_window()))
        failing.all()
        assert good.all().ids() == [0, 10, 20, 30, 40]

    def test_of_the_making_of_windows_are_raised(self) -> None:
        read = started(FakeStream())
        read.windows = Scripted(Window(0, 9), ValueError("planner"))  # type: ignore[assignment]
        read.make()
        with pytest.raises(ValueError, match="planner"):
            read.make()

    def test_that_are_no_exceptions_of_ours_to_catch_pass(self) -> None:
        partition = started(FakeStream({WINDOWS[0]: Scripted(KeyboardInterrupt())})).make_all().waiting[0]
        with pytest.raises(KeyboardInterrupt):
            list(partition.read())


def follower(name: str = "followers", **options: Any) -> FakeStream:
    return FakeStream(name=name, **options)


def failing_on(*ids: int, error: Exception) -> Callable[[list[Row]], Iterable[Any]]:
    return lambda page: [error] if any(row["id"] in ids for row in page) else [page]


class TestSharedWalk:
    def test_each_page_is_asked_for_once_and_gives_rows_to_all(self) -> None:
        leader = FakeStream(each_window())
        second = follower(rows=lambda page: [[{"id": f"{row['id']}-{n}"} for n in range(2)] for row in page])
        read = started(leader, second).all()
        assert leader.asked == WINDOWS
        assert second.asked == []
        assert read.ids("things") == [0, 10, 20, 30, 40]
        assert read.ids("followers") == [f"{window.start}-{n}" for window in WINDOWS for n in range(2)]
        assert read.follower() == []
        assert (leader.client.tally.records, second.client.tally.records) == (5, 10)

    def test_each_coerces_its_own_rows(self) -> None:
        read = started(FakeStream({WINDOWS[0]: page(1)}), follower(rows=lambda _page: [[{"id": 2}]])).all()
        assert {item.data["coerced"]: item.data["id"] for item in read.out if isinstance(item, CdkRecord)} == {
            "things": 1,
            "followers": 2,
        }

    def test_each_has_its_own_states(self) -> None:
        read = started(FakeStream(each_window()), follower()).all()
        assert read.states("things")[-1] == read.states("followers")[-1] == {"updated_at": NOW}
        assert len(read.states("followers")) == len(WINDOWS)

    def test_states_of_all_come_after_the_rows_that_they_cover(self) -> None:
        read = started(FakeStream(each_window()), follower()).all()
        for name in ("things", "followers"):
            given: list[int] = []
            for item in read.out:
                if isinstance(item, CdkRecord) and item.stream_name == name:
                    given.append(item.data["id"])
                elif (
                    isinstance(item, AirbyteMessage)
                    and item.state
                    and item.state.stream
                    and (item.state.stream.stream_descriptor.name == name)
                ):
                    position = vars(item.state.stream.stream_state)["updated_at"]
                    assert given == [w.start for w in WINDOWS if w.end <= position]

    @pytest.mark.parametrize("costly", [True, False])
    def test_pages_are_costly_when_they_are_for_one(self, costly: bool) -> None:
        read = started(FakeStream(each_window()), follower(is_costly=costly)).make_all()
        assert read.waiting[0].is_costly is costly

    def test_windows_of_costly_pages_are_few_and_not_cut_again(self) -> None:
        for costly, most, most_again in ((False, 64, 64), (True, 8, 1)):
            whole, part = Window(0, NOW), Window(100, NOW)
            leader = FakeStream({whole: page(1), part: page(2)}, is_costly=costly)
            seen: list[int] = []

            def during(window: Window, reading: Any, seen: list[int] = seen) -> None:
                seen.append(reading.most_parts)
                if window == Window(0, NOW):
                    reading.split([Window(100, NOW)])

            leader.during = during
            started(leader, windows=[whole]).all()
            assert seen == [most, most_again]

    @pytest.mark.parametrize("order", ["forward", "backward"])
    def test_who_follows_waits_for_the_last_window(self, order: str) -> None:
        read = started(FakeStream(each_window()), follower())
        ended = threading.Event()

        def wait() -> None:
            read.follower()
            ended.set()

        threading.Thread(target=wait, daemon=True).start()
        read.make_all()
        while read.waiting:
            assert not ended.wait(0.01)
            read.read_one(0 if order == "forward" else -1)
        assert ended.wait(10)

    @pytest.mark.parametrize("error", [Unavailable("x"), AccessDenied("x"), ValueError("x")])
    def test_pages_that_cannot_be_read_are_the_failure_of_all(self, error: Exception) -> None:
        script = each_window()
        script[WINDOWS[1]] = Scripted(error)
        read = started(FakeStream(script), follower()).all()
        assert read.errors == [("things", error)]
        assert read.follower() == [error]
        assert WINDOWS[1] in read.unread("things")
        assert WINDOWS[1] in read.unread("followers")

    def test_a_failure_to_make_windows_is_that_of_all(self) -> None:
        error = ValueError("planner")
        read = started(FakeStream(), follower())
        read.windows = Scripted(error)  # type: ignore[assignment]
        with pytest.raises(ValueError, match="planner"):
            read.make()
        assert read.follower() == [error]

    @pytest.mark.parametrize("failing", ["things", "followers"])
    def test_rows_that_cannot_be_made_are_the_failure_of_one(self, failing: str) -> None:
        error = Unavailable("x")
        rows = {failing: failing_on(10, error=error)}
        leader = FakeStream(each_window(), rows=rows.get("things"))
        read = started(leader, follower(rows=rows.get("followers"))).all()
        other = "things" if failing == "followers" else "followers"
        assert read.errors == [(failing, error)]
        assert read.ids(failing) == [0, 20, 30, 40]
        assert read.ids(other) == [0, 10, 20, 30, 40]
        assert read.unread(failing) == [WINDOWS[1]]
        assert read.unread(other) == []

    def test_rows_that_were_made_before_a_failure_are_given(self) -> None:
        error = Unavailable("x")
        read = started(FakeStream({WINDOWS[0]: page(1)}), follower(rows=lambda page: [page, error])).all()
        assert read.ids("followers") == [1]
        assert read.unread("followers") == [WINDOWS[0]]

    @pytest.mark.parametrize("count", [1, 3])
    @pytest.mark.parametrize("reading", ["all", "one_by_one"])
    def test_what_a_stopped_follower_did_not_get_is_unread(self, count: int, reading: str) -> None:
        """It stops at a final failure, or at the third that passes; the walk goes on for the others."""
        error = AccessDenied("no") if count == 1 else Unavailable("x")
        read = started(FakeStream(each_window()), follower(rows=lambda _page: [error]))
        getattr(read, reading)()
        assert read.ids("things") == [0, 10, 20, 30, 40]
        assert read.errors == [("followers", error)] * count
        assert read.ids("followers") == []
        assert read.unread("followers") == WINDOWS, "a window that gave a stream no rows must not count as read for it"

    def test_what_a_follower_stopped_halfway_did_not_get_is_unread(self) -> None:
        """It stops in one window while another is under way."""
        script: Script = {WINDOWS[0]: [*page(1), *page(2)], WINDOWS[1]: page(66)}
        read = started(FakeStream(script), follower(rows=failing_on(66, error=AccessDenied("no")))).make_all()
        first, second = read.waiting
        reading = iter(first.read())
        next(reading)
        list(second.read())
        list(reading)
        assert not first.is_read_for("followers")
        assert first.is_read_for("things")

    @pytest.mark.parametrize("count", [1, 3])
    def test_a_leader_that_stopped_does_not_end_the_others_unseen(self, count: int) -> None:
        """Rows of the leader fail for good. The others get all their rows, or end with a failure: never green."""
        error = AccessDenied("no") if count == 1 else Unavailable("x")
        read = started(FakeStream(each_window(), rows=lambda _page: [error]), follower()).all()
        complete = read.ids("followers") == [0, 10, 20, 30, 40]
        failed = bool(read.follower()) or any(name == "followers" for name, _ in read.errors)
        assert complete or failed
        assert read.unread("things") == WINDOWS

    def test_a_few_rows_that_cannot_be_made_do_not_cost_all_that_follow(self) -> None:
        """Four pages have a record that fails each time; those that can be read must be read (design rule 14)."""
        pages = [[{"id": number}] for number in range(9)]
        bad = failing_on(0, 2, 4, 6, error=Unavailable("x"))
        read = started(FakeStream({WINDOWS[0]: pages}, rows=bad)).all()
        assert read.ids() == [1, 3, 5, 7, 8]


class TestSplit:
    """A heavy window hands out what lies behind it."""

    def stream(self, sweeps: bool = False) -> FakeStream:
        whole = Window(0, NOW)
        parts = {Window(100, 199): page(100), Window(200, NOW): page(200)}
        stream = FakeStream({whole: page(1), **parts}, sweeps=sweeps, swept=page(99))

        def during(window: Window, reading: Any) -> None:
            if window == whole:
                reading.split(reversed(parts))

        stream.during = during
        return stream

    @pytest.mark.parametrize("sweeps", [True, False])
    def test_windows_are_read_as_partitions_of_their_own(self, sweeps: bool) -> None:
        read = started(self.stream(sweeps), follower(), windows=[Window(0, NOW)]).all()
        swept = [99] if sweeps else []
        assert read.ids("things") == read.ids("followers") == [1, 100, 200, *swept]
        assert [state["updated_at"] for state in read.states("things")] == [99, 199, NOW]
        assert read.states("followers")[-1] == {"updated_at": NOW}

    @pytest.mark.parametrize("order", [(0, 0, 0), (0, 1, 0)])
    def test_states_say_what_was_read_whatever_the_order(self, order: tuple[int, ...]) -> None:
        read = started(self.stream(), windows=[Window(0, NOW)]).make_all()
        for number in order:
            read.read_one(number)
        assert read.states()[-1] == {"updated_at": NOW}
        if order == (0, 1, 0):
            assert read.states()[1]["updated_at"] == 99

    def test_who_follows_waits_for_them(self) -> None:
        read = started(self.stream(), follower(), windows=[Window(0, NOW)]).make_all()
        read.read_one()
        assert not read.walk._over.is_set()
        read.read_one()
        assert not read.walk._over.is_set()
        read.read_one()
        assert read.walk._over.is_set()

    def test_one_that_fails_after_it_leaves_them_to_others(self) -> None:
        stream = self.stream()
        stream.script[Window(0, NOW)] = Scripted([{"id": 1}], Unavailable("x"))
        read = started(stream, windows=[Window(0, NOW)]).all()
        assert read.ids() == [1, 100, 200]
        assert read.states()[-1]["slices"][-1] == {"start": 100, "end": NOW}
        assert read.states()[-1]["updated_at"] == 0


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
        walk = Walk([Member(stream, cursor)], Queue(), pages=False)  # type: ignore[arg-type]
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
        stream = FakeStream(each_window(), sweeps=True, swept=page(99))
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
        stream = FakeStream(each_window(), sweeps=True, swept=page(99))
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
        stream = FakeStream(each_window(), sweeps=True)
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
        stream = FakeStream(script, sweeps=True, swept=page(99))
        read = started(stream).make_all()
        while read.waiting:
            read.read_one(order)
        assert all(window.start < SWEEP_START for window in stream.asked)

    @pytest.mark.parametrize("reading", ["all", "one_by_one"])
    def test_that_fails_is_told(self, reading: str) -> None:
        error = Unavailable("x")
        read = started(FakeStream(each_window(), sweeps=True, swept=Scripted(error)), follower())
        getattr(read, reading)()
        assert read.errors == [("things", error)]
        assert read.follower() == [error]

    @pytest.mark.parametrize("reading", ["all", "one_by_one"])
    @pytest.mark.parametrize("failing", ["things", "followers"])
    def test_does_not_count_windows_that_a_stream_did_not_get(self, reading: str, failing: str) -> None:
        error = Unavailable("x")
        rows = {failing: failing_on(10, error=error)}
        leader = FakeStream(each_window(), sweeps=True, swept=page(99), rows=rows.get("things"))
        read = started(leader, follower(rows=rows.get("followers")))
        getattr(read, reading)()
        assert read.errors == [(failing, error)]
        assert read.unread(failing) == [WINDOWS[1]]

    @pytest.mark.parametrize("reading", ["all", "one_by_one"])
    def test_of_many_pages_moves_no_state_beyond_the_begin(self, reading: str) -> None:
        stream = FakeStream(each_window(), sweeps=True, swept=[*page(98), *page(99)])

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
        stream = FakeStream(each_window(), sweeps=True, swept=page(98))
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
        stream = FakeStream({w: page(w.start) for w in windows}, sweeps=True, swept=page(-1))
        partitions = started(stream, windows=windows).make_all().waiting
        gate = threading.Barrier(len(partitions))
        found: list[Any] = []

        def work(partition: WindowPartition) -> None:
            gate.wait(10)
            found.extend(record.data["id"] for record in partition.read())  # type: ignore[union-attr]

        threads = [threading.Thread(target=work, args=(partition,), daemon=True) for partition in partitions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert sorted(found) == [-1, *range(0, 400, 10)]
