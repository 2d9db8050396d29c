"""What a workspace holds of each stream, as the connector must deliver it, and what of it has changed unseen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sandbox.truths import truth
from sandbox.world import World
from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from tools.simulation.facts import FACTS, Facts, Key
from tools.simulation.plan import Options

# What the truth puts a record into where the record itself does not tell whose it is.
_WRAPPERS = ("record", "part", "segment")
# Inside a contact these are links: what they lead to is in a stream of its own.
_LINKS = ("contact_companies", "contact_tags", "contact_subscriptions")


@dataclass(frozen=True)
class Held:
    """A record of the workspace, and the moment by which windows find it, in Unix seconds; None for always.

    ``indexed`` is the moment of the change that the search index must know for it to be found, None without a search.
    """

    record: Record
    moment: int | None
    indexed: int | None = field(default=None, compare=False)


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
            owners[facts.owner] = {record.get("id"): record for record in truth(self._world, facts.owner)}
        found: dict[Key, Held] = {}
        for raw in truth(self._world, facts.name):
            record = delivered(facts, raw)
            key = facts.key_of(record)
            if None in key and facts.key == ("id",):
                # A row without its key could be told apart from no other, so none is delivered.
                continue
            self.seen[facts.name].add(key)
            owner = owners.get(facts.owner, {}).get(record.get(facts.owner_key), {}) if facts.owner else record
            moment = moment_of(facts, record, owner) if facts.cursor else None
            indexed = seconds_of(owner.get("updated_at")) if facts.is_searched else None
            # What hangs on a record is asked for only when that record is found.
            is_of_the_time = all(time is None or time >= self._options.start for time in (moment, indexed))
            if is_of_the_time and self._is_chosen(facts, owner):
                found[key] = Held(record, moment, indexed)
        return found

    def _is_chosen(self, facts: Facts, record: Record) -> bool:
        """Whether the user's filters choose a record, or the one that a row belongs to."""
        if facts.family == "contacts" and self._options.roles:
            return record.get("role") in self._options.roles
        if facts.family == "conversations" and self._options.states:
            return record.get("state") in self._options.states
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


def moment_of(facts: Facts, record: Record, owner: Record) -> int | None:
    """The time by which windows find a row."""
    if facts.moves_with_owner:
        return seconds_of(owner.get("updated_at"))
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
            self.known[name].update(held)
            self.moved[name] |= {key for key in before.keys() | held.keys() if before.get(key) != held.get(key)}
            for key, record in held.items():
                if before.get(key) == record:
                    continue
                if record.moment is not None and record.moment < self.second:
                    unseen[key] = self.second
                else:
                    unseen.pop(key, None)
        self.now, self.second = snapshot, second

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
