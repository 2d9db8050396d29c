"""What a state must not call read: a window that came short, and the hour that is still being read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository
from hypothesis import example, given
from hypothesis import strategies as st

from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.reconciling import Reconciliation
from source_intercom.sync.state import Shortage
from source_intercom.sync.windows import Window, whole, without

START, END = 1_000, 2_000
SPANS = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda ends: Window(min(ends), max(ends)))


def seconds(windows: list[Window]) -> set[int]:
    return {second for window in windows for second in range(window.start, window.end + 1)}


@given(windows=st.lists(SPANS, max_size=5), taken=SPANS)
@example(windows=[Window(5, 4)], taken=Window(0, 9))
def test_without_leaves_all_other_seconds(windows: list[Window], taken: Window) -> None:
    left = without(windows, taken)
    assert seconds(left) == seconds(windows) - seconds([taken])
    assert all(window.start <= window.end for window in left)


def cursor(
    done: list[Window],
    *,
    overlap: int = 0,
    reconciliation: Reconciliation | None = None,
    short_before: Sequence[Shortage] = (),
) -> tuple[WindowCursor, InMemoryMessageRepository]:
    messages = InMemoryMessageRepository()
    made = WindowCursor(
        stream="things",
        field="updated_at",
        done=done,
        start=START,
        end=END,
        overlap=overlap,
        planner=lambda: whole,
        message_repository=messages,
        state_manager=ConnectorStateManager(),
        reconciliation=reconciliation,
        short_before=short_before,
    )
    return made, messages


def last_state(made: WindowCursor, messages: InMemoryMessageRepository) -> dict[str, Any]:
    made.repeat()
    *_, message = messages.consume_queue()
    assert message.state is not None
    assert message.state.stream is not None
    return dict(vars(message.state.stream.stream_state))


def test_checkpoints_of_the_first_window_are_taken_back_to_the_start() -> None:
    made, messages = cursor([])
    made.advance(Window(START, 1_499))
    made.came_short(Window(START, END), 3)
    assert last_state(made, messages) == {"updated_at": START - 1, "short_windows": [[START, END, 3]]}


def test_what_others_read_on_both_sides_stays_read() -> None:
    made, messages = cursor([])
    for part in (Window(START, 1_199), Window(1_200, 1_299), Window(1_500, END)):
        made.advance(part)
    made.came_short(Window(1_200, 1_499), 1)
    assert last_state(made, messages) == {
        "updated_at": 1_199,
        "state_type": "date-range",
        "slices": [{"start": START, "end": 1_199}, {"start": 1_500, "end": END}],
        "short_windows": [[1_200, 1_499, 1]],
    }


def test_the_saved_position_holds() -> None:
    made, messages = cursor([Window(START, 1_600)])
    made.advance(Window(1_601, 1_700))
    made.came_short(Window(1_601, END), 1)
    assert last_state(made, messages)["updated_at"] == 1_600


def test_nothing_that_touches_the_saved_position_carries_it_on_before_the_time_before_it_was_read_again() -> None:
    made, messages = cursor([Window(START, 1_600)], overlap=100)
    made.advance(Window(1_601, 1_700))
    assert last_state(made, messages) == {"updated_at": 1_600}
    made.advance(Window(1_551, 1_600))
    assert last_state(made, messages) == {"updated_at": 1_600}
    made.advance(Window(1_501, 1_550))
    assert last_state(made, messages) == {"updated_at": 1_700}


def test_a_reconciliation_is_not_over_where_a_window_came_short() -> None:
    """Rows that it did not give again count as deleted."""
    made_again = Reconciliation(START, END, [])
    made, _ = cursor([Window(START, END)], reconciliation=made_again)
    made.advance(Window(START, 1_499))
    made.came_short(Window(1_200, 1_499), 1)
    made.advance(Window(1_500, END))
    assert not made_again.is_over
    assert made_again.done == [Window(START, 1_199), Window(1_500, END)]


def test_a_shortage_that_goes_on_is_remembered_once() -> None:
    """Its number decides and not its window: a total that is wrong for good is so in each window."""
    made, messages = cursor([], short_before=[Shortage(0, 999, 3)])
    assert made.was_short(Window(START, 1_499), 3)
    assert made.was_short(Window(1_500, END), 3)
    assert not made.was_short(Window(1_500, END), 4)
    made.advance(Window(START, END))
    assert last_state(made, messages) == {"updated_at": END, "short_windows": [[START, 1_499, 3]]}


def test_a_state_stays_small_however_many_windows_come_short() -> None:
    made, messages = cursor([])
    for number in range(150):
        made.came_short(Window(START + number, START + number), 1)
    state = last_state(made, messages)
    assert len(state["short_windows"]) == 100
    # Those that are not remembered are read again all the same.
    made.advance(Window(START + 150, END))
    assert last_state(made, messages)["updated_at"] == START - 1
