"""States out: what they say was read was read, whatever the order of the windows and wherever a sync breaks off."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository
from airbyte_cdk.sources.types import Record, StreamSlice
from hypothesis import given, settings
from hypothesis import strategies as st

from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.state import Remembered, StateError, read_state
from source_intercom.sync.windows import Planner, Window, gaps, whole

FIELD = "updated_at"
START, END = 1_000, 2_000


def tenths(gap: Window) -> list[Window]:
    """Windows that begin at each multiple of a hundred seconds."""
    edges = [gap.start, *(edge for edge in range(0, gap.end + 1, 100) if edge > gap.start), gap.end + 1]
    return [Window(left, right - 1) for left, right in pairwise(edges)]


def cursor(
    done: list[Window] | None = None,
    *,
    start: int = START,
    end: int = END,
    overlap: int = 0,
    planner: Planner = tenths,
    messages: InMemoryMessageRepository | None = None,
    tells: Remembered | None = None,
) -> WindowCursor:
    return WindowCursor(
        stream="things",
        field=FIELD,
        done=done or [],
        start=start,
        end=end,
        overlap=overlap,
        planner=lambda: planner,
        message_repository=messages if messages is not None else InMemoryMessageRepository(),
        state_manager=ConnectorStateManager(),
        tells=tells,
    )


def states_in(messages: InMemoryMessageRepository) -> list[dict[str, Any]]:
    return [state_of(message) for message in messages.consume_queue()]


def state_of(message: AirbyteMessage) -> dict[str, Any]:
    assert message.state is not None
    assert message.state.stream is not None
    assert message.state.stream.stream_descriptor.name == "things"
    return dict(vars(message.state.stream.stream_state))


def windows_of(made: WindowCursor) -> list[Window]:
    return list(made.windows())


def close(made: WindowCursor, window: Window, *, given_up: bool = False) -> None:
    """A window has ended; one that was given up is not told."""
    if not given_up:
        made.advance(window)


class TestSlices:
    def test_are_what_the_planner_makes_of_each_gap(self) -> None:
        made = cursor([Window(1_200, 1_499), Window(1_700, 1_949)], planner=whole)
        assert windows_of(made) == [Window(1_000, 1_199), Window(1_500, 1_699), Window(1_950, 2_000)]

    def test_honour_the_overlap(self) -> None:
        made = cursor([Window(1_000, 1_900)], overlap=300, planner=whole)
        assert windows_of(made) == [Window(1_601, 2_000)]

    def test_the_planner_is_asked_for_when_the_streams_turn_comes(self) -> None:
        asked: list[str] = []

        def planner() -> Planner:
            asked.append("planner")
            return whole

        made = WindowCursor(
            stream="things",
            field=FIELD,
            done=[],
            start=START,
            end=END,
            overlap=0,
            planner=planner,
            message_repository=InMemoryMessageRepository(),
            state_manager=ConnectorStateManager(),
        )
        assert asked == []
        assert windows_of(made) == [Window(START, END)]
        assert asked == ["planner"]


class TestStatesOut:
    @pytest.mark.complaint(13)
    def test_one_after_each_window(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor(messages=messages)
        for window in windows_of(made):
            close(made, window)
            assert states_in(messages) == [{FIELD: window.end}]

    def test_a_full_refresh_is_under_way_until_all_has_been_read(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor(messages=messages, tells=Remembered(refreshing=END))
        for window, told in ((Window(1_100, END), True), (Window(START, 1_099), False)):
            close(made, window)
            made.ensure_at_least_one_state_emitted()
            assert ("full_refresh_began_at" in states_in(messages)[-1]) == told

    def test_beyond_a_hole_the_windows_go_with_the_position(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor(messages=messages)
        close(made, Window(1_000, 1_099))
        close(made, Window(1_200, 1_299))
        assert states_in(messages)[-1] == {
            FIELD: 1_099,
            "state_type": "date-range",
            "slices": [{"start": 1_000, "end": 1_099}, {"start": 1_200, "end": 1_299}],
        }
        close(made, Window(1_100, 1_199))
        assert states_in(messages) == [{FIELD: 1_299}]

    def test_nothing_was_read_before_the_first_window(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor(messages=messages)
        close(made, Window(1_500, 1_599))
        (state,) = states_in(messages)
        assert state[FIELD] == START - 1
        assert list(gaps(reread(state), START, END, 0)) == [Window(1_000, 1_499), Window(1_600, 2_000)]

    def test_the_whole_history_begins_at_zero_not_below(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor(start=0, messages=messages)
        made.ensure_at_least_one_state_emitted()
        assert states_in(messages) == [{FIELD: 0}]

    @pytest.mark.complaint(13)
    def test_one_even_when_nothing_was_read(self) -> None:
        messages = InMemoryMessageRepository()
        cursor(messages=messages).ensure_at_least_one_state_emitted()
        (state,) = states_in(messages)
        assert list(gaps(reread(state), START, END, 0)) == [Window(START, END)]

    def test_one_of_what_earlier_syncs_read_when_there_was_nothing_to_do(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor([Window(START, END)], messages=messages, planner=whole)
        assert windows_of(made) == []
        made.ensure_at_least_one_state_emitted()
        assert states_in(messages) == [{FIELD: END}]

    def test_the_last_says_when_the_sync_began_although_no_record_is_that_new(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor(messages=messages, planner=whole)
        made.observe(Record(data={FIELD: 1_003}, stream_name="things"))
        close(made, Window(START, END))
        assert states_in(messages) == [{FIELD: END}]

    def test_no_record_moves_a_state(self) -> None:
        # A record whose time lies in the future, in text, or nowhere at all.
        messages = InMemoryMessageRepository()
        made = cursor(messages=messages)
        for moment in (10**12, "soon", None, -5):
            made.observe(Record(data={FIELD: moment}, stream_name="things"))
        made.observe(Record(data={}, stream_name="things"))
        close(made, Window(1_000, 1_099))
        assert states_in(messages) == [{FIELD: 1_099}]

    def test_a_window_that_was_given_up_counts_as_unread(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor(messages=messages)
        close(made, Window(1_000, 1_099))
        states_in(messages)
        close(made, Window(1_100, 1_199), given_up=True)
        assert states_in(messages) == []
        made.ensure_at_least_one_state_emitted()
        assert states_in(messages) == [{FIELD: 1_099}]

    @pytest.mark.complaint(4)
    def test_a_part_of_a_window_counts_as_soon_as_it_was_given(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor(messages=messages)
        made.advance(Window(1_000, 1_049))
        assert states_in(messages) == [{FIELD: 1_049}]
        made.advance(Window(1_500, 1_549))
        (state,) = states_in(messages)
        assert reread(state) == [Window(1_000, 1_049), Window(1_500, 1_549)]
        close(made, Window(1_000, 1_099))
        assert states_in(messages)[0][FIELD] == 1_099

    def test_a_partition_that_the_cdk_closes_says_nothing(self) -> None:
        messages = InMemoryMessageRepository()
        slice_ = StreamSlice(partition={}, cursor_slice=Window(1_000, 1_099)._asdict())
        cursor(messages=messages).close_partition(SimpleNamespace(to_slice=lambda: slice_))
        assert states_in(messages) == []

    def test_windows_may_be_closed_side_by_side(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor(messages=messages)
        gate = threading.Barrier(11)

        def work(window: Window) -> None:
            gate.wait(10)
            close(made, window)

        threads = [threading.Thread(target=work, args=(window,)) for window in windows_of(made)]
        assert len(threads) == gate.parties
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        emitted = states_in(messages)
        assert len(emitted) == len(threads)
        assert emitted[-1] == {FIELD: END}


class TestANewStart:
    """The start date changed between two syncs."""

    def test_moved_back_before_windows_that_were_read_makes_a_hole_that_no_state_covers(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor([Window(1_500, 1_599), Window(1_800, 1_899)], start=1_000, messages=messages)
        close(made, Window(1_600, 1_799))
        (state,) = states_in(messages)
        assert state[FIELD] < 1_000
        assert list(gaps(reread(state), 1_000, END, 0)) == [Window(1_000, 1_499), Window(1_900, 2_000)]

    def test_moved_forward_lets_the_position_follow(self) -> None:
        messages = InMemoryMessageRepository()
        made = cursor([Window(500, 600)], start=1_000, messages=messages, planner=whole)
        (window,) = windows_of(made)
        close(made, window)
        assert states_in(messages) == [{FIELD: END}]


def reread(state: dict[str, Any], *, start: int = START, now: int = END) -> list[Window]:
    return read_state(state, stream="things", field=FIELD, start=start, now=now)


def read_by_others(state: dict[str, Any]) -> int:
    """What a connector that knows only the plain shape makes of a state."""
    position = state[FIELD]
    assert type(position) is int
    return position


@dataclass
class Read:
    """All seconds that were truly read, over several syncs."""

    seconds: set[int] = field(default_factory=set)

    def add(self, window: Window) -> None:
        self.seconds.update(range(window.start, window.end + 1))


@settings(max_examples=150)
@given(data=st.data(), start=st.sampled_from([0, 1_000]), overlap=st.integers(1, 250))
def test_what_a_state_leaves_out_was_read_wherever_syncs_break_off(
    data: st.DataObject, start: int, overlap: int
) -> None:
    """Several syncs in a row, each broken off after some of its windows, each begun with any state of the last."""
    read = Read()
    state: dict[str, Any] = {}
    now = start
    for _ in range(data.draw(st.integers(1, 4), label="syncs")):
        now += data.draw(st.integers(1, 900), label="seconds passed")
        messages = InMemoryMessageRepository()
        made = cursor(reread(state, start=start, now=now), start=start, end=now, overlap=overlap, messages=messages)
        windows = windows_of(made)
        order = data.draw(st.permutations(windows), label="order")
        kept = order[: data.draw(st.integers(0, len(order)), label="windows read")]
        emitted: list[dict[str, Any]] = []
        for window in kept:
            read.add(window)
            close(made, window)
            emitted += states_in(messages)
            assert_truthful(emitted[-1], read, start=start, now=now, overlap=overlap)
        for window in order[len(kept) :]:
            if window.end > window.start and data.draw(st.booleans(), label="read in part"):
                part = Window(window.start, data.draw(st.integers(window.start, window.end - 1), label="up to"))
                read.add(part)
                made.advance(part)
                emitted += states_in(messages)
                assert_truthful(emitted[-1], read, start=start, now=now, overlap=overlap)
            close(made, window, given_up=True)
        made.ensure_at_least_one_state_emitted()
        (last,) = states_in(messages)
        assert_truthful(last, read, start=start, now=now, overlap=overlap)
        if len(kept) == len(windows):
            assert last == {FIELD: now}
        state = data.draw(st.sampled_from([last, *emitted]), label="state that the destination kept")


def assert_truthful(state: dict[str, Any], read: Read, *, start: int, now: int, overlap: int) -> None:
    """What is to be read and what was read make the whole, for us and for a reader of the plain shape."""
    done = reread(state, start=start, now=now)
    to_read = {second for gap in gaps(done, start, now, overlap) for second in range(gap.start, gap.end + 1)}
    assert to_read | read.seconds >= set(range(start, now + 1))
    # Never less is needed than the overlap asks for.
    latest = max((window.end for window in done), default=start - 1)
    assert to_read >= set(range(max(start, latest - overlap + 1), now + 1))
    assert read_by_others(state) <= now
    # 0 is where the history begins: a state cannot say "before 0" in the plain shape.
    assert read.seconds >= set(range(max(start, 1), read_by_others(state) + 1))


@pytest.mark.parametrize("overlap", [0, 100])
def test_a_broken_sync_that_is_broken_again_forgets_no_window(overlap: int) -> None:
    """The shortest way to lose data: the first window missing twice, those behind it read."""
    messages = InMemoryMessageRepository()
    first = cursor(messages=messages, overlap=overlap)
    close(first, Window(1_500, 1_999))
    (state,) = states_in(messages)
    second = cursor(reread(state), messages=messages, overlap=overlap)
    second.ensure_at_least_one_state_emitted()
    (state,) = states_in(messages)
    assert Window(1_000, 1_499) in list(gaps(reread(state), START, END, 0))
    assert read_by_others(state) < START


@pytest.mark.parametrize("position", [-1, -(10**10), -(10**13), -(10**18), -1e300, "-1e300"], ids=str)
@pytest.mark.parametrize("shape", ["plain", "slices"])
def test_a_position_before_all_time_is_refused_or_means_that_nothing_was_read(position: Any, shape: str) -> None:
    raw = {
        "plain": {FIELD: position},
        "slices": {"state_type": "date-range", "slices": [{"start": position, "end": position}]},
    }[shape]
    try:
        done = reread(raw)
    except StateError:
        return
    assert windows_of(cursor(done, planner=whole)) == [Window(START, END)]
