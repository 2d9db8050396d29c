"""Which clock is believed where this machine's and Intercom's disagree."""

from __future__ import annotations

import logging

import pytest

from source_intercom.engine.begin import _MADE, _now
from source_intercom.options.config import ConfigError
from source_intercom.sync.windows import DAY, HOUR

LOGGER = logging.getLogger("test")


def test_two_clocks_that_both_show_the_past_are_no_clock() -> None:
    with pytest.raises(ConfigError, match=r"No clock can be believed: .* Set this machine's clock"):
        _now(_MADE - 1, _MADE - DAY, 0, LOGGER)


def test_a_clock_before_what_has_been_read_is_wrong() -> None:
    read_up_to = _MADE + 100 * DAY
    assert _now(_MADE + 98 * DAY, read_up_to + 5, read_up_to, LOGGER) == read_up_to + 5


def test_a_clock_hours_before_what_has_been_read_is_wrong_where_another_one_is_not() -> None:
    read_up_to = _MADE + 100 * DAY
    assert _now(read_up_to - 5 * HOUR, read_up_to + 5, read_up_to, LOGGER) == read_up_to + 5
    assert _now(read_up_to + 5, read_up_to - 5 * HOUR, read_up_to, LOGGER) == read_up_to + 5


def test_a_clock_up_to_an_hour_before_what_has_been_read_is_a_clock() -> None:
    read_up_to = _MADE + 100 * DAY
    assert _now(read_up_to - HOUR, read_up_to + 5, read_up_to, LOGGER) == read_up_to - HOUR


def test_where_both_are_hours_before_what_has_been_read_the_earlier_one_counts() -> None:
    read_up_to = _MADE + 100 * DAY
    assert _now(read_up_to - 5 * HOUR, read_up_to - 3 * HOUR, read_up_to, LOGGER) == read_up_to - 5 * HOUR


def test_the_earlier_of_two_that_can_be_right_counts() -> None:
    assert _now(_MADE + 9, _MADE + 5, 0, LOGGER) == _MADE + 5
    assert _now(_MADE + 9, None, 0, LOGGER) == _MADE + 9
