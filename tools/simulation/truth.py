"""What a workspace holds of each stream, as the connector must deliver it, and what of it has changed unseen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sandbox.truths import truth
from sandbox.world import World
from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from tools.simulation.facts import DAY, FACTS, Facts, Key
from tools.simulation.options import ALL_CONTACTS, Options
from tools.simulation.reports import KEPT, report_rows

# What the truth puts a record into where the record itself does not tell whose it is.
_WRAPPERS = ("record", "part", "segment")
# Inside a contact these are links: what they lead to is in a stream of its own.
_LINKS = ("contact_companies", "contact_tags", "contact_subscriptions")


@dataclass(frozen=True)
class Held:
    """A record of the workspace, and the moment by which windows find it, in Unix seconds; None for always.

    ``indexed`` is the moment of the change that the search index must know for it to be found, None without a search.
    ``is_promised`` is False for what may come and need not, as the options look less far.
    """

    record: Record
    moment: int | None
    indexed: int | None = field(default=None, compare=False)
    is_promised: bool = field(default=True, compare=False)


Snapshot: TypeAlias = Mapping[str, Mapping[Key, Held]]


class Workspace:
    """Reads the truth of some streams from a sandbox's world.

    ``seen`` are all keys that it has met, also those of records that the options do not choose.
    """

    def __init__(self, world: World, streams: Iterable[str], options: Options) -> None:
        self._world = world
        self._streams = list(streams)
        self._options = options
        self.seen: dict[str, set[Key]] = {name: set() for name in self._streams}

    def snapshot(self) -> Snapshot:
        """Every record that a complete sync must have brought, by stream and key."""
        owners: dict[str, dict[object, Record]] = {}
        return {name: self._held(FACTS[name], owners) for name in self._streams}

    def _held(self, facts: Facts, owners: dict[str, dict[object, Record]]) -> dict[Key, Held]:
        if facts.owner and facts.owner not in owners:
            owners[facts.owner] = {record.get(facts.owner_id): record for record in truth(self._world, facts.owner)}
        found: dict[Key, Held] = {}
        for record, owner in self._rows(facts, owners.get(facts.owner, {})):
            key = facts.key_of(record)
            if None in key and facts.key == ("id",):
                # A row without its key could be told apart from no other, so none is delivered.
                continue
            self.seen[facts.name].add(key)
            moment = moment_of(facts, record, owner, self._options) if facts.cursor else None
            indexed = seconds_of(owner.get("updated_at")) if facts.is_searched else None
            # What hangs on a record is asked for only when that record is found.
            is_of_the_time = all(time is None or time >= self._options.start for time in (moment, indexed))
            if is_of_the_time and self._is_chosen(facts, owner):
                found[key] = Held(record, moment, indexed, self._is_promised(facts, record, owner))
        return found

    def _rows(self, facts: Facts, owners: Mapping[object, Record]) -> Iterator[tuple[Record, Record]]:
        """Rows as the stream gives them, each with the record that it belongs to: itself where it stands alone."""
        if facts.dataset:
            yield from report_rows(self._world, facts, self._options.columns.get(facts.dataset, ()))
            return
        for raw in truth(self._world, facts.name):
            record = delivered(facts, raw)
            owner = owners.get(record.get(facts.owner_key), {}) if facts.owner else record
            yield self._in_time(facts, record), owner

    def _in_time(self, facts: Facts, record: Record) -> Record:
        """A receipt without what happened later than the options let syncs look for."""
        if facts.name != facts.owner:
            return record
        latest = self._looked_for(facts, record)
        return {name: value for name, value in record.items() if not name.startswith("first_") or value <= latest}

    def _looked_for(self, facts: Facts, receipt: Record) -> int:
        """Up to which second syncs look for what comes of a message."""
        return int(receipt["received_at"]) + self._options.days(facts.lookback) * DAY

    def _is_chosen(self, facts: Facts, record: Record) -> bool:
        """Whether the user's filters choose a record, or the one that a row belongs to."""
        of = facts.owner or facts.name
        if of == "contacts" and self._options.roles:
            return record.get("role") in self._options.roles
        if of == "conversations" and self._options.states:
            return record.get("state") in self._options.states
        return True

    def _is_promised(self, facts: Facts, record: Record, owner: Record) -> bool:
        if facts.dataset:
            return int(owner[facts.owner_time]) >= self._world.clock() - KEPT
        if facts.is_exported and "occurred_at" in record:
            return int(record["occurred_at"]) <= self._looked_for(facts, owner)
        if facts.name == "company_segments":
            # Where what companies show cannot be trusted, or none of a sample answers, each is asked for its segments,
            # and who has vanished does not answer.
            number = self._world.companies.number_of(str(owner["id"]))
            return number is not None and not self._world.vanished("companies", number)
        return True


def delivered(facts: Facts, raw: Mapping[str, object]) -> Record:
    """A record of the sandbox with what the connector adds to it, as far as the sandbox can know that."""
    record: Record = {name: value for name, value in raw.items() if name not in _WRAPPERS}
    for wrapper in _WRAPPERS:
        inner = raw.get(wrapper)
        if isinstance(inner, dict):
            record = {**inner, **record}
    if facts.name in _LINKS:
        record = {name: record[name] for name in facts.key}
    if facts.name == "conversation_handling_events":
        record["teammate_id"] = (record.get("teammate") or {}).get("id")
    if facts.name == "call_transcripts":
        record["call_id"] = record["id"]
    record = facts.coerce(record)
    # The protocol's serializer leaves nulls at the top level out.
    return {name: value for name, value in record.items() if value is not None}


def moment_of(facts: Facts, record: Record, owner: Record, options: Options) -> int | None:
    """The time by which windows find a row."""
    if facts.moves_with_owner or (facts.asks_in_turns and not facts.own_time and options.days(ALL_CONTACTS)):
        return seconds_of(owner.get(facts.owner_time))
    return seconds_of(record.get(facts.own_time)) if facts.own_time else None


@dataclass
class History:
    """What has been seen of a workspace: every key that it ever held, and what changed without moving its time.

    ``unseen`` are records of which nothing tells when they changed, each with the last second before it did. They
    cannot be found by their time; only a stream that compares everything, or reads it all, must bring them. ``hidden``
    are records that no search could find when their time was read. ``moved`` are the keys whose record came, changed or
    went in the run under way: a link that is taken off and put on again looks unchanged at the end of it.
    """

    now: Snapshot
    second: int
    known: dict[str, set[Key]] = field(default_factory=dict)
    unseen: dict[str, dict[Key, int]] = field(default_factory=dict)
    hidden: dict[str, set[Key]] = field(default_factory=dict)
    moved: dict[str, set[Key]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, held in self.now.items():
            self.known[name] = set(held)
            self.unseen[name], self.hidden[name], self.moved[name] = {}, set(), set()

    def look(self, snapshot: Snapshot, second: int) -> None:
        """Take in what the workspace holds at a second, after what it held before."""
        for name, held in snapshot.items():
            before, unseen = self.now[name], self.unseen[name]
            # What comes of a message or conversation goes by the time of that, which can be the last second looked at.
            seen_from = self.second + FACTS[name].is_exported
            self.known[name].update(held)
            self.moved[name] |= {key for key in before.keys() | held.keys() if before.get(key) != held.get(key)}
            for key, record in held.items():
                if before.get(key) == record:
                    continue
                if record.moment is not None and record.moment < seen_from:
                    unseen[key] = self.second
                else:
                    unseen.pop(key, None)
        self.now, self.second = snapshot, second

    def choose(self, snapshot: Snapshot) -> None:
        """From now on other records are asked for, or shown to the token: nothing of this is a change of them."""
        for name, held in snapshot.items():
            self.known[name].update(held)
        self.now = snapshot

    def begin(self) -> None:
        """A run begins."""
        for moved in self.moved.values():
            moved.clear()

    def unchanged(self) -> Snapshot:
        """What the workspace has held in one form since the run began."""
        return {
            name: {key: record for key, record in held.items() if key not in self.moved[name]}
            for name, held in self.now.items()
        }
