"""A window that is read as it is, inside the read of another: it is told what it needs and changes nothing."""

from __future__ import annotations

from stream_fakes import FakeReading

from source_intercom.shapes.reading import Uncut
from source_intercom.sync.windows import Window


def test_it_knows_what_the_read_around_it_knows_and_tells_it_only_of_what_is_missing() -> None:
    around = FakeReading()
    uncut = Uncut(around)
    assert (uncut.is_costly, uncut.unread, uncut.was_read_here) == (around.is_costly, around.unread, True)
    before = {**vars(around)}
    uncut.expect(7)
    uncut.reached(Window(1, 2))
    uncut.asked(2)
    assert uncut.slice_ended(4) is None
    assert vars(around) == before
    assert uncut.short_before(1) == around.short_before(1)
