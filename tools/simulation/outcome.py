"""What must hold at the end, when nothing disturbs the syncs any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from tools.simulation.choices import BODIES, loud
from tools.simulation.destination import Destination
from tools.simulation.facts import DAY, FACTS, Facts, Key
from tools.simulation.invariants import goes_by_own_time
from tools.simulation.sync import NAMED, Sync, Violation, is_there, listed
from tools.simulation.truth import Held

# What Intercom cuts at ten inside a contact is whole where the options ask for it, which the truth does not know.
_EXPANDED = ("tags", "companies", "notes", "opted_out_subscription_types", "opted_in_subscription_types")


def check_end(sync: Sync, destination: Destination) -> Iterator[Violation]:
    """After a last sync that nothing disturbed, the destination is the workspace."""
    plan, output = sync.plan, sync.output
    withheld = loud(plan.quirks, plan.lacking)
    if not output.is_clean:
        yield Violation("end", "", f"exit code {output.code}, late {output.late}")
    if "" in output.errors and not output.status:
        yield Violation("end", "", f"nothing was read: {output.errors['']}")
    for name in plan.modes:
        facts = FACTS[name]
        if output.status.get(name) != "COMPLETE":
            said = output.errors.get(name, "")
            if not any(name in one.streams and any(word in said for word in one.words) for one in withheld):
                yield Violation("end", name, f"ended {output.status.get(name)}: {said} {output.details.get(name, '')}")
            continue
        if sync.goes_on_from(name) is not None:
            # What has changed since that reading began is for the sync after this one.
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
        yield Violation("lost", facts.name, f"at the end {listed(missing, rows)}")
    # What has come while the run went on is there too.
    known, now = sync.history.known[facts.name], sync.history.now[facts.name]
    foreign = [
        key
        for key, row in rows.items()
        if key not in now
        and (key not in known or _is_fresh(sync, facts))
        and not _is_of_older_message(sync, facts, row)
    ]
    if foreign:
        yield Violation("foreign", facts.name, f"{len(foreign)} rows that are not there, such as {foreign[:NAMED]}")
    other = [(key, held) for key, held in due.items() if key in rows and not _is_same(sync, facts, rows[key], held)]
    if other:
        key, held = other[0]
        wrong = [name for name in held.record if rows[key].get(name) != held.record[name]]
        yield Violation(
            "stale", facts.name,
            f"{len(other)} rows of an older version, such as {key}: {wrong[:NAMED]} "
            f"{[(rows[key].get(name), held.record.get(name)) for name in wrong[:1]]}, its time {held.moment}",
        )  # fmt: skip


def _is_of_older_message(sync: Sync, facts: Facts, row: Record) -> bool:
    """Whether a row tells of what was done after the start date with a message that was sent before it."""
    return goes_by_own_time(sync, facts) and int(row.get("occurred_at", 0)) >= sync.plan.options.start


def _is_fresh(sync: Sync, facts: Facts) -> bool:
    """Whether the rows of the end are all as they were in this run: the file of an earlier job is older."""
    return facts.name in sync.anew and not sync.is_incremental(facts.name) and not sync.goes_on_with_job(facts)


def _finds(sync: Sync, facts: Facts, held: Held, changed: int) -> bool:
    """Whether the syncs had to find also what has changed, after a second, without moving the time of its windows."""
    if not facts.cursor or not sync.is_incremental(facts.name):
        # A full refresh that is gone on with has passed the place of what changed since it began, without a new time.
        began = sync.resumed.get(facts.name, {}).get("full_refresh_began_at")
        return not isinstance(began, int) or changed < began
    said = sync.output.states.get(facts.name)
    state = dict(said.state) if said else {}
    asked_all = seconds_of(state.get("asked_all_at"))
    if facts.asks_in_turns and asked_all is not None and asked_all <= changed:
        # Who was not active has not been asked since.
        return False
    if facts.lookback and held.moment is not None:
        # What comes late, with the time at which it happened, or of a message or conversation that is older.
        return held.moment >= changed - sync.plan.options.days(facts.lookback) * DAY
    if facts.asks_in_turns:
        return True
    if facts.name in ("tickets", "ticket_parts"):
        # Open tickets are looked through for parts that are newer than their ticket.
        return True
    compared = seconds_of(state.get("reconciled_at"))
    return bool(facts.is_compared_whole and compared is not None and compared >= sync.second)


def _is_same(sync: Sync, facts: Facts, row: Record, held: Held) -> bool:
    if not is_there(facts, {(): row}, (), held):
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
