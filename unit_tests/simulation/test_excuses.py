"""What the simulation calls no fault, though it looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulation_samples import BEGAN, destination, printed, state, status, sync

from source_intercom.shapes import search
from tools.simulation.facts import DAY
from tools.simulation.invariants import IN_ONE_ROW
from tools.simulation.outcome import check_end


def test_the_log_says_what_excuses_rows_that_come_twice() -> None:
    """The sentence was changed once, and the rule that goes by it was not."""
    assert IN_ONE_ROW.decode() in Path(search.__file__).read_text()


@pytest.mark.parametrize(("quirks", "found"), [((), ["foreign"]), (("export-statistics=by-time",), [])])
def test_what_was_done_with_a_message_of_before_the_start_date_may_come(
    quirks: tuple[str, ...], found: list[str]
) -> None:
    opened = {"receipt_id": "1", "occurred_at": BEGAN - DAY}
    output = printed(
        status("message_opens", "STARTED"),
        state("message_opens", {"occurred_at": BEGAN}),
        status("message_opens", "COMPLETE"),
    )
    one = sync(output, stream="message_opens", quirks=quirks)
    seen = check_end(one, destination(opened, stream="message_opens"))
    assert [violation.invariant for violation in seen] == found
