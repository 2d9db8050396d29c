"""Which parents a stream asks for rows, where an option has it ask all of them only every so many days.

In between it asks the parents that were active. The others are asked at the next sync that asks all, for everything
since the last one that did: nothing is lost, but some of it comes later.
"""

from typing import NamedTuple

from source_intercom.sync.windows import DAY


class ParentsToAsk(NamedTuple):
    """Whether a sync asks all parents, and what its states tell of that.

    ``again`` is how many seconds before the saved position were not read for all parents. ``asked_all`` is the moment,
    in Unix seconds, at which the last sync that asked all of them began, as states tell it until this sync has read
    its window; ``asked_all_then`` as they tell it from then on. 0: nothing to tell, as each sync asks all.
    """

    are_all: bool
    again: int
    asked_all: int
    asked_all_then: int


def parents_to_ask(*, asked_all: int, position: int, now: int, every_days: int, must_ask_all: bool) -> ParentsToAsk:
    """Which parents a sync asks that reads up to ``now``; times are in Unix seconds.

    ``asked_all`` and ``position`` are the saved state's, 0 for none. A state without ``asked_all`` was written when
    each sync asked all. ``every_days`` is 0 where each sync does.
    """
    last = min(asked_all or position, position)
    are_all = must_ask_all or now - last >= every_days * DAY
    if not every_days:
        return ParentsToAsk(are_all, position - last, asked_all, 0)
    return ParentsToAsk(are_all, position - last if are_all else 0, last, now if are_all else last)
