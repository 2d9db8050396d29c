"""What must hold, whatever has gone wrong: checks of one run, and of the destination at the end."""

from __future__ import annotations

import base64
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from source_intercom.ending import GONE
from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from tools.simulation.choices import BODIES, loud
from tools.simulation.claims import NOTHING, Claim
from tools.simulation.destination import Destination
from tools.simulation.facts import DAY, FACTS, HOUR, Facts, Key
from tools.simulation.output import Output, Row
from tools.simulation.plan import Plan
from tools.simulation.truth import Held, History, Snapshot

_NAMED = 3
# From a signal to the end: the connector's own bound is four seconds, and the machine may be busy.
_DYING_SECONDS = 12.0
_EVENTS_DAYS = 7
# What the connector logs when a crowded window that was read in slices has to be read once more.
_IN_ONE_ROW = b"so it is read in one row"
_LATE_DAYS = 3
# What Intercom cuts at ten inside a contact is whole where the options ask for it, which the truth does not know.
_EXPANDED = ("tags", "companies", "notes", "opted_out_subscription_types", "opted_in_subscription_types")


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

    ``same`` is what the workspace held before and still holds unchanged after it, ``second`` when it began on
    Intercom's clock, ``ended`` when it ended, ``begin`` the earliest second that may be the end of what it reads.
    ``resumed`` are the states that it was given.
    """

    plan: Plan
    output: Output
    same: Snapshot
    history: History
    resumed: Mapping[str, Mapping[str, object]]
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
        if key in self.history.hidden[name] or name in self.believed:
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

    def claim(self, name: str) -> Claim:
        """What the state said that the run goes on from; a full refresh goes on only where one broke off."""
        state = self.resumed.get(name)
        goes_on = state and (self.is_incremental(name) or "full_refresh_began_at" in state)
        return Claim.of(state, FACTS[name].cursor) if state and goes_on else NOTHING


def check_process(sync: Sync, token: str) -> Iterator[Violation]:
    """It ended in time and as it should, printed whole lines of the protocol, and kept the token to itself."""
    output = sync.output
    if output.late:
        yield Violation("ends", "", f"still running after {output.seconds:.0f} s")
    if output.was_killed and output.dying > _DYING_SECONDS:
        yield Violation("ends", "", f"ended {output.dying:.1f} s after it was told to")
    for line in output.strange:
        yield Violation("protocol", "", f"a line that is no message: {line[:200]!r}")
    # SIGKILL tears, and so does a reader who leaves in the middle of a line.
    if output.torn and output.code not in (-signal.SIGKILL, GONE):
        yield Violation("protocol", "", f"the last line has no end: {output.torn[:200]!r}")
    if output.is_clean and output.code not in (0, 1):
        yield Violation("ends", "", f"exit code {output.code}, stderr {output.stderr[-300:]!r}")
    if b"Traceback" in output.stderr and output.is_clean:
        yield Violation("ends", "", f"a traceback on stderr: {output.stderr[-600:]!r}")
    if output.code in (-signal.SIGTERM, -signal.SIGINT):
        open_ended = [name for name, status in output.status.items() if status in ("STARTED", "RUNNING")]
        yield from (Violation("ends", name, "was under way, and its end is not told") for name in open_ended)
    for name, message in output.errors.items():
        if "Something went wrong" in message:
            yield Violation("said", name, f"no sentence, but {message!r}: {output.details[name][-700:]}")
    forms = {token, quote(token), base64.b64encode(token.encode()).decode().rstrip("=")}
    printed = output.stdout + output.stderr
    yield from (Violation("token", "", f"found as {form!r}") for form in forms if form.encode() in printed)


def check_states(sync: Sync, destination: Destination) -> Iterator[Violation]:
    """Take in what was printed, line by line: no state may run ahead of its records, or go back.

    Fills the destination.
    """
    checked: dict[str, Claim] = {}
    for event in sync.output.events:
        if isinstance(event, Row):
            destination.take(event.stream, event.data)
            continue
        facts = FACTS[event.stream]
        if not facts.cursor:
            continue
        claim = Claim.of(event.state, facts.cursor)
        if claim == checked.get(event.stream):
            continue
        checked[event.stream] = claim
        yield from _overtaken(sync, facts, claim, destination.rows(event.stream))
        resumed = sync.claim(event.stream)
        if claim.position is not None and claim.position > sync.ended:
            yield Violation("ahead", event.stream, f"a state at {claim.position}, later than {sync.ended}, the end")
        # A saved position ahead of the clock counts as the present: whoever wrote it had the other clock.
        if sync.is_incremental(event.stream) and (claim.position or 0) < min(resumed.position or 0, sync.begin):
            yield Violation(
                "back", event.stream, f"a state at {claim.position}, before {resumed.position}, where it began"
            )


def _overtaken(sync: Sync, facts: Facts, claim: Claim, rows: Mapping[Key, Record]) -> Iterator[Violation]:
    """Records that a state calls read and that have not been printed."""
    resumed = sync.claim(facts.name)
    is_where_it_began = claim.position is not None and claim.position == resumed.position
    # The hour before the saved position is being read again: until it is through, the old position is printed.
    believed = claim.settled() if is_where_it_began else claim
    lost = []
    for key, held in sync.same[facts.name].items():
        if held.moment is None:
            is_claimed = claim.position is not None and claim.position >= sync.begin and not is_where_it_began
        else:
            is_claimed = believed.holds(held.moment)
        if is_claimed and sync.is_due(facts.name, key, held) and not _is_there(facts, rows, key, held):
            lost.append((key, held))
    if lost:
        yield Violation(
            "overtaken", facts.name,
            f"a state says read up to {claim.position} (windows {claim.windows}), but {_listed(lost, rows)}",
        )  # fmt: skip


def check_complete(sync: Sync, destination: Destination) -> Iterator[Violation]:
    """A stream that says COMPLETE has given all, and its last state says so."""
    for name in sync.plan.modes:
        facts = FACTS[name]
        status = sync.output.status.get(name)
        if sync.output.is_clean and status not in ("COMPLETE", "INCOMPLETE") and "" not in sync.output.errors:
            yield Violation("status", name, f"ended {status}")
        if status == "INCOMPLETE" and sync.output.is_clean and not {name, ""} & set(sync.output.errors):
            yield Violation("said", name, "INCOMPLETE without an error")
        if status != "COMPLETE":
            continue
        if facts.cursor:
            said = sync.output.states.get(name)
            position = Claim.of(said.state, facts.cursor).position if said else None
            if position is None or position < sync.begin:
                yield Violation("complete", name, f"COMPLETE with the state {position}, which is before {sync.begin}")
        if sync.is_incremental(name) and facts.cursor:
            continue
        rows = destination.rows(name)
        lost = [
            (key, held)
            for key, held in sync.same[name].items()
            if sync.is_due(name, key, held) and not _is_there(facts, rows, key, held)
        ]
        if lost:
            yield Violation("complete", name, f"COMPLETE, but {_listed(lost, rows)}")


def check_repeats(sync: Sync, before: Mapping[str, Mapping[Key, Record]]) -> Iterator[Violation]:
    """Rows come again only where windows overlap or had not been read.

    ``before`` are the destination's rows before the run.
    """
    plan = sync.plan
    overlap = HOUR + plan.options.lookback_days * DAY
    printed: dict[str, dict[Key, Record]] = {name: {} for name in plan.modes}
    again: dict[str, list[Key]] = {}
    twice: dict[str, list[Key]] = {}
    for row in sync.output.rows:
        facts = FACTS[row.stream]
        key = facts.key_of(row.data)
        held, now = sync.same[row.stream].get(key), sync.history.now[row.stream].get(key)
        # What changes meanwhile, or belongs to what does, can be found in two windows. So can what has changed in the
        # last hour, as a search may find it by its new time and by the old one: it is taken wherever it is found.
        is_still = (
            held is not None
            and now is not None
            and held.indexed == now.indexed
            and (held.indexed or 0) <= sync.begin - HOUR
        )
        if is_still and printed[row.stream].get(key) == row.data:
            twice.setdefault(row.stream, []).append(key)
        printed[row.stream][key] = row.data
        if held is None or held.moment is None or before[row.stream].get(key) != row.data:
            continue
        late = _EVENTS_DAYS * DAY if row.stream == "contact_events" else 0
        if sync.claim(row.stream).settled(overlap + late).holds(held.moment):
            again.setdefault(row.stream, []).append(key)
    for name, keys in twice.items():
        if name in sync.believed or (FACTS[name].is_searched and _IN_ONE_ROW in sync.output.stdout):
            # A window of which too little came is asked for again.
            continue
        yield Violation("twice", name, f"{len(keys)} rows came twice in one run, such as {keys[:_NAMED]}")
    for name, keys in again.items():
        if sync.is_incremental(name) and not _may_come_again(sync, FACTS[name]):
            yield Violation("again", name, f"{len(keys)} rows came again that had been read, such as {keys[:_NAMED]}")


def _may_come_again(sync: Sync, facts: Facts) -> bool:
    """Whether a stream may read again what it has read: all of it, for a comparison, or open tickets."""
    said = sync.output.states.get(facts.name)
    state = dict(said.state) if said else {}
    resumed = sync.resumed.get(facts.name, {})
    compares = "reconciling" in state or state.get("reconciled_at") != resumed.get("reconciled_at")
    return compares or facts.family == "tickets"


def check_end(sync: Sync, destination: Destination) -> Iterator[Violation]:
    """After a last sync that nothing disturbed, the destination is the workspace."""
    plan, output = sync.plan, sync.output
    withheld = loud(plan.quirks, plan.lacking)
    yield from (
        Violation("end", "", f"exit code {output.code}, late {output.late}") for _ in [0] if not output.is_clean
    )
    if "" in output.errors and not output.status:
        yield Violation("end", "", f"nothing was read: {output.errors['']}")
    for name in plan.modes:
        facts = FACTS[name]
        if output.status.get(name) != "COMPLETE":
            said = output.errors.get(name, "")
            if not any(name in one.streams and any(word in said for word in one.words) for one in withheld):
                yield Violation("end", name, f"ended {output.status.get(name)}: {said} {output.details.get(name, '')}")
            continue
        yield from _end_of(sync, facts, destination.rows(name))


def _end_of(sync: Sync, facts: Facts, rows: Mapping[Key, Record]) -> Iterator[Violation]:
    unseen = sync.history.unseen[facts.name]
    due = {
        key: held
        for key, held in sync.same[facts.name].items()
        if sync.is_findable(facts.name, key, held) and (key not in unseen or _finds(sync, facts, held, unseen[key]))
    }
    missing = [(key, held) for key, held in due.items() if key not in rows]
    if missing:
        yield Violation("lost", facts.name, f"at the end {_listed(missing, rows)}")
    known = sync.history.known[facts.name]
    foreign = [key for key in rows if key not in sync.same[facts.name] and (key not in known or _is_fresh(sync, facts))]
    if foreign:
        yield Violation("foreign", facts.name, f"{len(foreign)} rows that are not there, such as {foreign[:_NAMED]}")
    other = [(key, held) for key, held in due.items() if key in rows and not _is_same(sync, facts, rows[key], held)]
    if other:
        key, held = other[0]
        wrong = [name for name in held.record if rows[key].get(name) != held.record[name]]
        yield Violation(
            "stale", facts.name,
            f"{len(other)} rows of an older version, such as {key}: {wrong[:_NAMED]} "
            f"{[(rows[key].get(name), held.record.get(name)) for name in wrong[:1]]}, its time {held.moment}",
        )  # fmt: skip


def _is_fresh(sync: Sync, facts: Facts) -> bool:
    """Whether the rows of the end were all read in this run."""
    return facts.name not in sync.resumed and not sync.is_incremental(facts.name)


def _finds(sync: Sync, facts: Facts, held: Held, changed: int) -> bool:
    """Whether the syncs had to find also what has changed, after a second, without moving the time of its windows."""
    if not facts.cursor or not sync.is_incremental(facts.name):
        return True
    if facts.name == "contact_events" and held.moment is not None:
        # Events that come late, with the time at which they happened.
        return held.moment >= changed - _LATE_DAYS * DAY
    if facts.name in ("tickets", "ticket_parts"):
        # Open tickets are looked through for parts that are newer than their ticket.
        return True
    said = sync.output.states.get(facts.name)
    compared = seconds_of(said.state.get("reconciled_at")) if said else None
    return bool(facts.is_compared_whole and compared is not None and compared >= sync.second)


def _is_there(facts: Facts, rows: Mapping[Key, Record], key: Key, held: Held) -> bool:
    """Whether a row has come, in a version that is as new by the time that the stream declares."""
    row = rows.get(key)
    if row is None:
        return False
    if not facts.shows or held.moment is None:
        return True
    shown = seconds_of(row.get(facts.shows))
    return shown is None or shown >= held.moment


def _is_same(sync: Sync, facts: Facts, row: Record, held: Held) -> bool:
    if not _is_there(facts, {(): row}, (), held):
        return False
    plan = sync.plan
    if any(quirk.partition("=")[0] in BODIES for quirk in plan.quirks):
        return True
    left_out = {"avatar"} if facts.name == "admins" else set()
    if plan.options.expands and facts.name == "contacts":
        left_out |= set(_EXPANDED)
    expected = {name: value for name, value in held.record.items() if name not in left_out}
    # Rows that were made from a parent carry fields of it besides.
    got = {name: row.get(name) for name in expected} if facts.is_nested else dict(row)
    return {name: value for name, value in got.items() if name not in left_out} == expected


def _listed(lost: list[tuple[Key, Held]], rows: Mapping[Key, Record]) -> str:
    kinds = ["older" if key in rows else "missing" for key, _ in lost]
    shown = ", ".join(f"{key} of {held.moment}" for key, held in lost[:_NAMED])
    return f"{kinds.count('missing')} records are missing and {kinds.count('older')} older, such as {shown}"
