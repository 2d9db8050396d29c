import pytest

from benchmarks.budget import Window, best_share, busy_share, granted, windows

A_MINUTE = 600  # a hundred in a window


def test_calls_between_two_samples_are_in_proportion() -> None:
    samples = [(100.0, 0), (102.0, 10), (104.0, 10)]

    assert [granted(samples, moment) for moment in (99, 100, 101, 102, 103, 200)] == [0, 0, 5, 10, 10, 10]


def test_windows_are_aligned_to_the_clock() -> None:
    samples = [(105.0, 0), (110.0, 50), (120.0, 150), (125.0, 160), (126.0, 160)]

    assert windows(samples, A_MINUTE) == [Window(100, 0.5), Window(110, 1.0), Window(120, 0.1)]


def test_only_whole_busy_windows_make_the_mean() -> None:
    samples = [(105.0, 0), (110.0, 50), (120.0, 110), (130.0, 190), (135.0, 200), (140.0, 200)]

    assert busy_share(samples, A_MINUTE) == pytest.approx(0.7)
    assert best_share(samples, A_MINUTE) == pytest.approx(0.8)


def test_idle_time_before_and_after_does_not_count() -> None:
    samples = [(80.0, 0), (100.0, 0), (110.0, 60), (120.0, 120), (150.0, 120)]

    assert [window.start for window in windows(samples, A_MINUTE)] == [100, 110]
    assert busy_share(samples, A_MINUTE) == pytest.approx(0.6)


def test_a_run_shorter_than_a_window_has_no_mean() -> None:
    samples = [(101.0, 0), (103.0, 40)]

    assert busy_share(samples, A_MINUTE) is None
    assert best_share(samples, A_MINUTE) == pytest.approx(0.4)


def test_a_run_without_calls_has_no_windows() -> None:
    samples = [(101.0, 0), (103.0, 0)]

    assert windows(samples, A_MINUTE) == []
    assert busy_share(samples, A_MINUTE) is None
    assert best_share(samples, A_MINUTE) is None
