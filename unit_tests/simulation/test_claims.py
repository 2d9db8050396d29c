"""What a state says has been read."""

from __future__ import annotations

from tools.simulation.claims import NOTHING, Claim


def test_a_position_covers_all_before_it() -> None:
    claim = Claim.of({"updated_at": 500}, "updated_at")
    assert [claim.holds(moment) for moment in (0, 500, 501)] == [True, True, False]


def test_a_start_date_bounds_it() -> None:
    claim = Claim.of({"updated_at": 500, "read_from": 300}, "updated_at")
    assert [claim.holds(moment) for moment in (299, 300)] == [False, True]


def test_windows_beyond_a_hole_count() -> None:
    slices = [{"start": 0, "end": 100}, {"start": 300, "end": 400}]
    claim = Claim.of({"updated_at": 100, "state_type": "date-range", "slices": slices}, "updated_at")
    assert [claim.holds(moment) for moment in (100, 101, 299, 300, 401)] == [True, False, False, True, False]


def test_nothing_is_said_by_a_state_without_position() -> None:
    assert Claim.of({"__ab_no_cursor_state_message": True}, "updated_at") == NOTHING


def test_the_last_hour_is_not_settled() -> None:
    claim = Claim.of({"updated_at": 10_000}, "updated_at").settled()
    assert [claim.holds(moment) for moment in (6_400, 6_401)] == [True, False]
    assert Claim.of({"updated_at": 100}, "updated_at").settled().windows == ()


def test_nothing_ahead_of_the_clock_is_settled() -> None:
    claim = Claim.of({"updated_at": 10_000}, "updated_at").settled(100, now=9_000)
    assert [claim.holds(moment) for moment in (8_900, 8_901)] == [True, False]
