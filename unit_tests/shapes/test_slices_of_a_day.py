"""A slice by the other time that ends within a day, of a search that knows days only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timezone

from search_driver import AGO, BEGIN, BIRTH, ids_of, made, server_of
from stream_fakes import FakeReading

from source_intercom.shapes.base import Sync
from source_intercom.sync.windows import DAY, HOUR, Window

MIDDAY = BIRTH + 12 * HOUR


def test_has_the_records_of_its_own_seconds_only(new_sync: Callable[..., Sync]) -> None:
    """The search gives the whole day to both halves: one record in two slices would be two rows."""
    created = [MIDDAY - HOUR, MIDDAY - 1, MIDDAY, MIDDAY + HOUR]
    records = [{"id": f"{at}", "updated_at": AGO, "created_at": moment} for at, moment in enumerate(created)]
    server = server_of(records, zone=timezone.utc)
    found = []
    for part in (Window(BIRTH, MIDDAY - 1), Window(MIDDAY, BIRTH + DAY)):
        stream = made(new_sync(begin=BEGIN, birth=BIRTH), server)
        found.append(sorted(ids_of(stream, Window(AGO - DAY, AGO + DAY), FakeReading(part=part))))
    assert found == [["0", "1"], ["2", "3"]]
