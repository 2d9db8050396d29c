"""A warehouse: one row for each key, the newest version of it by what the stream declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from tools.simulation.facts import FACTS, Key


class Destination:
    """Tables of the streams of a catalog.

    An incremental stream's rows are kept for ever. A full refresh makes a generation of rows, which a reader sees in
    the place of the one before when the refresh is complete; one that broke off goes on, as the connector goes on, or
    starts anew where the stream cannot.
    """

    def __init__(self, modes: Mapping[str, str]) -> None:
        self._modes = dict(modes)
        self._rows: dict[str, dict[Key, Record]] = {name: {} for name in modes}
        self._finished: dict[str, bool] = dict.fromkeys(modes, False)

    def begin(self, anew: Iterable[str]) -> None:
        """A sync begins, which reads these full-refresh streams from their start."""
        for name in anew:
            if self._modes[name] == "full_refresh":
                self._rows[name] = {}

    def take(self, name: str, record: Record) -> None:
        """A record has been printed."""
        facts = FACTS[name]
        key = facts.key_of(record)
        held = self._rows[name].get(key)
        if held is not None and facts.cursor:
            old, new = seconds_of(held.get(facts.cursor)), seconds_of(record.get(facts.cursor))
            if old is not None and new is not None and new < old:
                return
        self._rows[name][key] = record

    def rows(self, name: str) -> Mapping[Key, Record]:
        """The rows of a stream; of a full refresh those of the generation under way or just finished."""
        return self._rows[name]
