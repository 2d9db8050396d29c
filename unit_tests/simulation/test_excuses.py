"""What the simulation takes from the connector's log is what the log says."""

from __future__ import annotations

from pathlib import Path

from source_intercom.shapes import search
from tools.simulation.invariants import IN_ONE_ROW


def test_the_log_says_what_excuses_rows_that_come_twice() -> None:
    """The sentence was changed once, and the rule that goes by it was not."""
    assert IN_ONE_ROW.decode() in Path(search.__file__).read_text()
