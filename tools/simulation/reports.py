"""Rows of reports, as the connector must deliver them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from sandbox.records.reports import short
from sandbox.settings import Settings
from sandbox.truths import truth
from sandbox.world import World
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.report_export import NUMBER, TIME
from tools.simulation.facts import DAY, Facts

KEPT = 728 * DAY
"""Seconds for which rows must be found: Intercom exports those of two years, of which syncs leave a day out."""
# Two attributes of a dataset have such a name, or two that differ in capitals only.
_SHARED = ("Brand", "language", "Language")


def field_of(name: str) -> str:
    """What the column of an attribute is called, by the attribute's full name."""
    return name.replace(".", "_", 1) if short(name) in _SHARED else short(name)


def text_of(settings: Settings, name: str, value: object) -> str:
    """What the file of an export has in a cell."""
    if not name.startswith("timestamp.") or not isinstance(value, int):
        return str(value)
    manner = settings.quirk("report-times")
    if manner == "unix":
        return str(value)
    zone = timezone.utc if manner is not None else ZoneInfo(settings.timezone)
    return datetime.fromtimestamp(value, zone).strftime("%Y-%m-%d %H:%M:%S")


def report_rows(world: World, facts: Facts, columns: Collection[str]) -> Iterator[tuple[Record, Record]]:
    """The rows of a report with these columns (none: all), each with what the sandbox tells of it."""
    numbers: Counter[object] = Counter()
    *names, _ = facts.key
    for raw in truth(world, facts.name):
        row: Record = {
            field_of(name): text_of(world.settings, name, value)
            for name, value in raw.items()
            if not columns
            or name == facts.owner_time
            or not {short(name), field_of(name)}.isdisjoint((*columns, *names))
        }
        row[TIME] = text_of(world.settings, facts.owner_time, raw[facts.owner_time])
        told = tuple(row.get(name) for name in names)
        numbers[told] += 1
        yield {**row, NUMBER: numbers[told]}, raw
