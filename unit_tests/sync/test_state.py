"""States in: ours, the official connector's shapes, and garbage, which is refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from hypothesis import given
from hypothesis import strategies as st

from source_intercom.sync.state import INDEX_LAG, StateError, read_state
from source_intercom.sync.windows import HOUR, Window, gaps, overlap_of

NOW = 1_760_000_000
SAVED = 1_700_000_000
START = 1_600_000_000


def read(raw: dict[str, Any], *, field: str = "updated_at", start: int = START, now: int = NOW) -> list[Window]:
    return read_state(raw, stream="conversation_parts", field=field, start=start, now=now)


@pytest.mark.complaint(19)
def test_the_index_lag_is_an_hour() -> None:
    assert INDEX_LAG == HOUR == 3600


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({}, id="none"),
        pytest.param({"__ab_no_cursor_state_message": True}, id="a full refresh without cursor"),
        pytest.param({"__ab_full_refresh_sync_complete": True}, id="a finished full refresh"),
        pytest.param({"__ab_is_sync_complete": False}, id="a resumable full refresh"),
        pytest.param({"updated_at": None}, id="null"),
        pytest.param({"updated_at": ""}, id="empty text"),
        pytest.param({"parent_state": {}}, id="an empty parent state"),
        pytest.param({"state": {}, "parent_state": {}, "use_global_cursor": False}, id="an empty concurrent one"),
        pytest.param({"state": {}, "parent_state": {}, "lookback_window": 0}, id="an empty one with lookback"),
        pytest.param({"use_global_cursor": False, "states": []}, id="no partitions"),
        pytest.param({"state_type": "date-range", "slices": []}, id="no slices"),
    ],
)
def test_nothing_was_read(raw: dict[str, Any]) -> None:
    assert read(raw) == []


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({"use_global_cursor": True, "lookback_window": 2, "parent_state": {}}, id="global"),
        pytest.param({"use_global_cursor": True, "lookback_window": 0}, id="global without parent"),
        pytest.param(
            {
                "use_global_cursor": False,
                "states": [{"partition": {"id": "7", "parent_slice": {}}, "cursor": {"updated_at": "1700000000"}}],
                "lookback_window": 0,
            },
            id="stopped in its first sync",
        ),
    ],
)
def test_an_official_state_that_holds_no_position_yet_means_that_nothing_was_read(raw: dict[str, Any]) -> None:
    assert read(raw) == []


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({"updated_at": SAVED}, id="ours"),
        pytest.param({"updated_at": str(SAVED)}, id="text"),
        pytest.param({"updated_at": float(SAVED)}, id="float"),
        pytest.param({"updated_at": f"{SAVED}.0"}, id="float text"),
        pytest.param({"updated_at": f"{SAVED}.987"}, id="float text with a fraction"),
        pytest.param({"updated_at": "2023-11-14T22:13:20Z"}, id="ISO"),
        pytest.param({"updated_at": "2023-11-14T22:13:20.000000Z"}, id="ISO with a fraction"),
        pytest.param({"updated_at": "2023-11-14T22:13:20+00:00"}, id="ISO with an offset"),
        pytest.param({"updated_at": "2023-11-14T23:13:20+01:00"}, id="ISO with another offset"),
        pytest.param({"updated_at": "2023-11-14T22:13:20"}, id="ISO without a zone"),
        pytest.param({"updated_at": SAVED, "__ab_no_cursor_state_message": True}, id="with the platform's keys"),
        pytest.param({"updated_at": SAVED, "unknown": "thing"}, id="with unknown keys"),
        pytest.param(
            {"updated_at": SAVED, "prior_state": {"updated_at": 5}, "conversations": {"updated_at": SAVED + 9}},
            id="old substream",
        ),
        pytest.param({"updated_at": SAVED + 9, "conversations": {"updated_at": str(SAVED)}}, id="parent behind"),
        pytest.param({"updated_at": SAVED + 9, "companies": {"updated_at": SAVED}}, id="companies behind"),
        pytest.param({"conversations": {"updated_at": SAVED}}, id="parent only"),
        pytest.param(
            {
                "state": {"updated_at": str(SAVED)},
                "parent_state": {"conversations": {"updated_at": str(SAVED + 9)}},
                "use_global_cursor": True,
                "lookback_window": 0,
            },
            id="concurrent substream",
        ),
        pytest.param(
            {
                "updated_at": SAVED + 9,
                "parent_state": {"conversations": {"updated_at": SAVED}},
                "use_global_cursor": True,
            },
            id="concurrent substream, parent behind",
        ),
        pytest.param(
            {"updated_at": SAVED, "parent_state": {}, "use_global_cursor": True, "lookback_window": None},
            id="concurrent substream whose parent was lost",
        ),
        pytest.param(
            {"updated_at": SAVED, "parent_state": {"conversations": {}}},
            id="concurrent substream whose parent is empty",
        ),
        pytest.param(
            {"parent_state": {"conversations": {"updated_at": SAVED}}, "use_global_cursor": False, "states": []},
            id="parent state only",
        ),
        pytest.param({"state": {"updated_at": SAVED + 60}, "lookback_window": 60}, id="its own lookback is kept"),
        pytest.param({"state": {"updated_at": SAVED + 60}, "lookback_window": "60"}, id="a lookback in text"),
    ],
)
def test_everything_up_to_the_earliest_position_was_read(raw: dict[str, Any]) -> None:
    assert read(raw) == [Window(START, SAVED)]


def test_the_cursor_field_is_the_streams_own() -> None:
    assert read({"created_at": SAVED}, field="created_at") == [Window(START, SAVED)]
    with pytest.raises(StateError, match="'created_at'"):
        read({"updated_at": SAVED}, field="created_at")


def test_a_state_before_the_start_date_covers_nothing_of_what_is_asked_for() -> None:
    windows = read({"updated_at": START - 100})
    assert list(gaps(windows, START, NOW, 0)) == [Window(START, NOW)]


@pytest.mark.parametrize("ahead", [1, 3600, 86_400])
def test_a_state_a_little_ahead_knows_no_more_than_now(ahead: int) -> None:
    assert overlap_of(read({"updated_at": NOW + ahead}), [Window(0, NOW)]) == [Window(START, NOW)]


@pytest.mark.complaint(68)
@pytest.mark.parametrize("ahead", [86_401, 10**9, 10**15])
def test_a_state_in_the_future_is_refused(ahead: int) -> None:
    with pytest.raises(StateError, match="lies in the future"):
        read({"updated_at": NOW + ahead})


def test_a_state_is_never_quoted_at_length() -> None:
    with pytest.raises(StateError, match="is not a moment") as caught:
        read({"updated_at": ["x"] * 10**5})
    assert len(str(caught.value.message)) < 300


@pytest.mark.complaint(68)
def test_milliseconds_are_understood() -> None:
    assert read({"updated_at": SAVED * 1000}) == [Window(START, SAVED)]


@pytest.mark.complaint(69)
def test_a_start_date_that_was_moved_back_leaves_what_lies_before_it_to_be_read() -> None:
    windows = read({"updated_at": SAVED, "read_from": START + 500})
    assert list(gaps(windows, START, NOW, 0)) == [Window(START, START + 499), Window(SAVED + 1, NOW)]


def test_zero_is_a_position_at_which_nothing_was_read() -> None:
    assert list(gaps(read({"updated_at": 0}), START, NOW, 0)) == [Window(START, NOW)]


class TestSlices:
    def state(self, *slices: tuple[Any, Any]) -> dict[str, Any]:
        return {
            "updated_at": 1,
            "state_type": "date-range",
            "slices": [{"start": start, "end": end} for start, end in slices],
        }

    def test_are_the_windows_that_were_read(self) -> None:
        assert read(self.state((START, START + 9), (START + 50, START + 90))) == [
            Window(START, START + 9),
            Window(START + 50, START + 90),
        ]

    def test_win_over_the_position_beside_them(self) -> None:
        raw = self.state((START, START + 9)) | {"updated_at": NOW}
        assert read(raw) == [Window(START, START + 9)]

    def test_end_now_at_the_latest(self) -> None:
        assert overlap_of(read(self.state((START, NOW + 500))), [Window(0, NOW)]) == [Window(START, NOW)]

    def test_that_lie_in_the_future_were_not_read(self) -> None:
        windows = read(self.state((START, START + 5), (NOW + 1, NOW + 9)))
        assert overlap_of(windows, [Window(0, NOW)]) == [Window(START, START + 5)]

    def test_of_no_length_say_nothing(self) -> None:
        assert read(self.state((START, START - 1))) == []

    def test_may_be_in_text(self) -> None:
        assert read(self.state((str(START), "2023-11-14T22:13:20Z"))) == [Window(START, SAVED)]

    @pytest.mark.parametrize(
        "slices",
        [
            None,
            "text",
            {"start": 1, "end": 2},
            [1, 2],
            [["start", "end"]],
            [{"start": 1}],
            [{"end": 1}],
            [{}],
            [{"start": None, "end": None}],
            [{"start": "yesterday", "end": 5}],
            [{"start": True, "end": 5}],
            [{"start": 1, "end": 5}, None],
        ],
    )
    def test_that_are_garbage_are_refused(self, slices: Any) -> None:
        assert_refused({"state_type": "date-range", "slices": slices})


def assert_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(StateError) as caught:
        read(raw)
    sentence = str(caught.value.message)
    assert sentence.startswith("The saved state of stream 'conversation_parts' cannot be used: ")
    assert sentence.endswith(". Clear the stream's state to sync it from its start date again.")
    assert "\n" not in sentence
    assert caught.value.failure_type is FailureType.config_error


@pytest.mark.parametrize(
    "value",
    ["yesterday", "12 May 2024", True, False, [], {}, [SAVED], {"at": SAVED}, "nan", "2024-13-45", "--5", "²", " "],
)
@pytest.mark.parametrize("shape", ["plain", "state", "parent", "parent_state"])
def test_a_position_that_is_no_moment_is_refused(value: Any, shape: str) -> None:
    raw = {"updated_at": value}
    assert_refused(
        {
            "plain": raw,
            "state": {"state": raw},
            "parent": {"conversations": raw},
            "parent_state": {"parent_state": {"conversations": raw}},
        }[shape]
    )


@pytest.mark.parametrize(
    "value", ["inf", "Infinity", "-inf", "1e999", float("inf"), float("-inf"), float("nan")], ids=repr
)
def test_a_position_that_is_no_finite_number_is_refused(value: Any) -> None:
    # JSON parsers make an infinity of 1e999.
    assert_refused({"updated_at": value})


@pytest.mark.parametrize(
    "raw",
    [
        {"unknown": "thing"},
        {"created_at": SAVED},
        {"updated_at": None, "unknown": 1},
        {"state": "text"},
        {"state": SAVED},
        {"conversations": SAVED},
        {"parent_state": {"tickets": {"updated_at": SAVED}}},
        {"parent_state": "text"},
        {"parent_state": [SAVED]},
        {"updated_at": SAVED, "parent_state": "text"},
        {"updated_at": SAVED, "lookback_window": "a week"},
        {"updated_at": SAVED, "lookback_window": [1]},
        {"state_type": "integer", "slices": []},
    ],
    ids=repr,
)
def test_a_state_without_a_usable_position_is_refused(raw: dict[str, Any]) -> None:
    assert_refused(raw)


def test_the_sentence_names_what_is_missing_and_what_is_there() -> None:
    with pytest.raises(StateError, match="it has no 'updated_at', only 'a', 'b'"):
        read({"b": 1, "a": 2, "__ab_x": 3})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["updated_at", "state", "parent_state", "conversations", "companies", "lookback_window", "state_type", "slices"]
)


@given(raw=st.dictionaries(KEYS | st.text(max_size=5), JSON, max_size=4))
def test_whatever_a_state_is_it_is_understood_or_refused(raw: dict[str, Any]) -> None:
    try:
        windows = read(raw)
    except StateError:
        return
    assert all(window.end <= NOW for window in windows)
