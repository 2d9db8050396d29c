"""One run with all that a check needs to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from tools.simulation.choices import loud
from tools.simulation.claims import NOTHING, Claim
from tools.simulation.facts import DAY, FACTS, HOUR, Facts, Key
from tools.simulation.output import Output
from tools.simulation.plan import Plan
from tools.simulation.truth import Held, History, Snapshot

NAMED = 3
"""How many records a violation names."""


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold: which, for which stream ("" for the whole run), and what is wrong."""

    invariant: str
    stream: str
    text: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.stream + ': ' if self.stream else ''}{self.text}"


@dataclass(frozen=True)
class Sync:
    """One run and what was around it.

    ``same`` is what the workspace held in one form from before it to after it, ``second`` when it began on
    Intercom's clock, ``ended`` when it ended, ``begin`` the earliest second that may be the end of what it reads.
    ``resumed`` are the states that it was given, ``anew`` the streams of which the destination held nothing
    when it began: rows of one that broke off stay, also where they are gone by now.
    """

    plan: Plan
    output: Output
    same: Snapshot
    history: History
    resumed: Mapping[str, Mapping[str, object]]
    anew: frozenset[str]
    second: int
    ended: int
    begin: int

    @property
    def lag(self) -> int:
        return int(str(self.plan.workspace["index_lag_seconds"]))

    def is_due(self, name: str, key: Key, held: Held) -> bool:
        """Whether a record must have come when the stream says that it has read the record's time.

        Not one that changed without moving its time, or that the search cannot have found, as its index trails behind,
        or of a stream of which Intercom gives less than it announces.
        """
        if key in self.history.unseen[name]:
            return False
        return self.is_findable(name, key, held)

    def is_findable(self, name: str, key: Key, held: Held) -> bool:
        """Whether Intercom gives a record at all to who asks for it."""
        if not held.is_promised or key in self.history.hidden[name] or name in self.believed:
            return False
        if held.indexed is None or not self.lag:
            return True
        changed = self.history.now[name][key].indexed or 0
        return max(held.indexed, changed) <= min(self.second, self.begin) - self.lag

    @property
    def believed(self) -> frozenset[str]:
        found = (one.streams for one in loud(self.plan.quirks) if one.is_believed)
        return frozenset().union(*found)

    def is_incremental(self, name: str) -> bool:
        return self.plan.modes[name] == "incremental"

    def goes_on_from(self, name: str) -> int | None:
        """When the reading of every contact or company began that broke off and is gone on with now."""
        under_way = self.resumed.get(name, {}).get("under_way")
        return int(under_way["began_at"]) if isinstance(under_way, dict) else None

    def goes_on_with_job(self, facts: Facts) -> bool:
        """Whether an earlier sync left an export job, which one of the streams that share it remembers."""
        sharing = (name for name in self.resumed if (FACTS[name].owner or name) == (facts.owner or facts.name))
        return any("job" in self.resumed[name] for name in sharing)

    def reads_back(self, name: str) -> bool:
        """Whether it reads what earlier syncs left out: before their start date, or for lack of a permission."""
        state, said = self.resumed.get(name, {}), self.output.states.get(name)
        read_from, without = state.get("read_from"), "without_permissions"
        is_earlier = isinstance(read_from, int) and self.plan.options.start < read_from
        return is_earlier or bool(without in state and said and without not in said.state)

    def overlap(self, facts: Facts) -> int:
        """How many seconds before the saved position are read again."""
        options, state = self.plan.options, self.resumed.get(facts.name, {})
        again = HOUR + (options.lookback_days + options.days(facts.lookback)) * DAY
        if facts.dataset:
            # Reports are of whole days, one of which has 25 hours.
            again += 25 * HOUR
        position, asked_all = state.get(facts.cursor), state.get("asked_all_at")
        # Whoever was not active is asked for all since the last time that everybody was asked.
        if isinstance(position, int) and isinstance(asked_all, int):
            again += max(0, position - asked_all)
        return again

    def page_cursor(self, name: str) -> int | None:
        """The time of the page from which a list is read on whose state keeps a page's cursor."""
        kept = self.resumed.get(name, {}).get("page_cursor")
        return int(kept["moment"]) if isinstance(kept, dict) else None

    def claim(self, name: str) -> Claim:
        """What the state said that the run goes on from; a full refresh goes on only where one broke off."""
        state = self.resumed.get(name)
        goes_on = state and (self.is_incremental(name) or "full_refresh_began_at" in state)
        return Claim.of(state, FACTS[name].cursor) if state and goes_on else NOTHING


def is_there(facts: Facts, rows: Mapping[Key, Record], key: Key, held: Held) -> bool:
    """Whether a row has come, in a version that is as new by the time that the stream declares."""
    row = rows.get(key)
    if row is None:
        return False
    if not facts.shows or held.moment is None:
        return True
    shown = seconds_of(row.get(facts.shows))
    return shown is None or shown >= held.moment


def listed(lost: list[tuple[Key, Held]], rows: Mapping[Key, Record]) -> str:
    kinds = ["older" if key in rows else "missing" for key, _ in lost]
    shown = ", ".join(f"{key} of {held.moment}" for key, held in lost[:NAMED])
    return f"{kinds.count('missing')} records are missing and {kinds.count('older')} older, such as {shown}"
