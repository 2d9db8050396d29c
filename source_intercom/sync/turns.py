"""Streams that ask each of their parents for rows, and may ask all of them every so many days only.

In between they ask the parents that were active. Whoever was not is asked for all that happened since the last time
that all were: nothing is lost by it, but some of it comes later.
"""

from typing import NamedTuple

from source_intercom.sync.windows import DAY


class Turn(NamedTuple):
    """Whom one sync asks. ``again`` is how many seconds before the saved position were not read for all parents.

    ``asked_all`` is the moment, in Unix seconds, at which a sync began that asked all, as states tell it until this
    sync is through; ``then`` as they tell it from then on. 0: nothing to tell, as each sync asks all.
    """

    is_of_all: bool
    again: int
    asked_all: int
    then: int


def turn_of(*, asked_all: int, position: int, now: int, every_days: int, must_ask_all: bool) -> Turn:
    """The turn of a sync that reads up to ``now``. ``asked_all`` and ``position`` are the saved state's, 0 for none.

    A state that tells only a position was written when each sync asked all.
    """
    last = min(asked_all or position, position)
    is_of_all = must_ask_all or now - last >= every_days * DAY
    if not every_days:
        return Turn(is_of_all, position - last, asked_all, 0)
    return Turn(is_of_all, position - last if is_of_all else 0, last, now if is_of_all else last)
