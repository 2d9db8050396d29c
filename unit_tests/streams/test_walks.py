"""Walks: windows as partitions, one walk for several streams, failures told to whom they concern."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, AirbyteStreamStatus, Type
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import FinalStateCursor
from airbyte_cdk.sources.types import Record as CdkRecord
from group_fakes import WINDOWS, FakeStream, Row, Script, each_window, failing_on, follower, page, started
from stream_fakes import NOW, Scripted

from source_intercom.api.errors import AccessDenied, IntercomError, RecordGone, RequestRefused, Unavailable
from source_intercom.engine.group import Group
from source_intercom.engine.member import Member
from source_intercom.engine.output import RecordPage
from source_intercom.engine.partition import Leading
from source_intercom.sync.windows import Window

pytestmark = pytest.mark.timeout(60)


class TestOneStream:
    def test_a_partition_is_a_window(self) -> None:
        stream = FakeStream(each_window())
        read = started(stream).make_all()
        partitions = list(read.waiting)
        assert [dict(partition.to_slice()) for partition in partitions] == [w._asdict() for w in WINDOWS]
        assert {partition.stream_name() for partition in partitions} == {"things"}
        assert len({hash(partition) for partition in partitions}) == len(WINDOWS)
        assert repr(partitions[1]) == "things between 1970-01-01 00:00:10 UTC and 1970-01-01 00:00:19 UTC"
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
        walk = Group([Member(stream, cursor)], Queue(), pages=False)
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

        stream.rows = rows
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
        read.windows = Scripted(Window(0, 9), ValueError("planner"))
        read.make()
        with pytest.raises(ValueError, match="planner"):
            read.make()

    def test_that_are_no_exceptions_of_ours_to_catch_pass(self) -> None:
        partition = started(FakeStream({WINDOWS[0]: Scripted(KeyboardInterrupt())})).make_all().waiting[0]
        with pytest.raises(KeyboardInterrupt):
            list(partition.read())


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
        for costly, most, most_again in ((False, 256, 256), (True, 8, 1)):
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
        read.windows = Scripted(error)
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
        assert WINDOWS[0] in read.unread("followers")
        assert WINDOWS[0] not in read.unread("things")

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
        """Four pages have a record that fails each time; those that can be read must be read."""
        pages = [[{"id": number}] for number in range(9)]
        bad = failing_on(0, 2, 4, 6, error=Unavailable("x"))
        read = started(FakeStream({WINDOWS[0]: pages}, rows=bad)).all()
        assert read.ids() == [1, 3, 5, 7, 8]
