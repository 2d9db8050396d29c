"""What must hold of each run, whatever has gone wrong."""

from __future__ import annotations

import base64
import signal
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from source_intercom.ending import GONE
from source_intercom.shapes.coercion import Record
from tools.simulation.claims import Claim
from tools.simulation.destination import Destination
from tools.simulation.facts import FACTS, HOUR, Facts, Key
from tools.simulation.output import Row
from tools.simulation.sync import NAMED, Sync, Violation, is_there, listed

# From a signal to the end: the connector's own bound is four seconds, and the machine may be busy.
_DYING_SECONDS = 12.0
# What the connector logs when a crowded window that was read in slices has to be read once more.
IN_ONE_ROW = b"so one reads them all"


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
        if claim.position is not None and claim.position > max(sync.ended, resumed.position or 0):
            yield Violation("ahead", event.stream, f"a state at {claim.position}, later than {sync.ended}, the end")
        if sync.reads_back(event.stream):
            continue
        # Whoever wrote the saved position had a clock ahead of ours. It goes back to what each sync reads again.
        if sync.is_incremental(event.stream) and (claim.position or 0) < min(resumed.position or 0, sync.begin + HOUR):
            yield Violation(
                "back", event.stream, f"a state at {claim.position}, before {resumed.position}, where it began"
            )


def _overtaken(sync: Sync, facts: Facts, claim: Claim, rows: Mapping[Key, Record]) -> Iterator[Violation]:
    """Records that a state calls read and that have not been printed."""
    resumed = sync.claim(facts.name)
    # Where the start date moved into a later window of the saved state, that window's end is the old position.
    began = {resumed.position, *(end for _, end in resumed.windows)}
    is_where_it_began = claim.position is not None and claim.position in began
    # The hour before the saved position is being read again: until it is through, the old position is printed.
    believed = claim.settled() if is_where_it_began else claim
    lost = []
    for key, held in sync.same[facts.name].items():
        if held.moment is None:
            is_claimed = claim.position is not None and claim.position >= sync.begin and not is_where_it_began
        else:
            is_claimed = believed.holds(held.moment)
        if is_claimed and sync.is_due(facts.name, key, held) and not is_there(facts, rows, key, held):
            lost.append((key, held))
    if lost:
        yield Violation(
            "overtaken", facts.name,
            f"a state says read up to {claim.position} (windows {claim.windows}), but {listed(lost, rows)}",
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
        # The feed of what happened to contacts stands at the last event that it gave: an empty page proves nothing.
        if facts.cursor and name != "contact_activities":
            said = sync.output.states.get(name)
            position = Claim.of(said.state, facts.cursor).position if said else None
            # A reading of every contact or company that is gone on with ends as of the moment at which it began.
            begin = min(sync.begin, sync.goes_on_from(name) or sync.begin)
            if position is None or position < begin:
                yield Violation("complete", name, f"COMPLETE with the state {position}, which is before {begin}")
        if sync.is_incremental(name) and facts.cursor:
            continue
        rows = destination.rows(name)
        lost = [
            (key, held)
            for key, held in sync.same[name].items()
            if sync.is_due(name, key, held)
            and not is_there(facts, rows, key, held)
            # Exports and events end with the moment at which the sync began, by Intercom's clock too.
            and not ((facts.is_exported or facts.asks_in_turns) and (held.moment or 0) > sync.begin)
        ]
        if lost:
            yield Violation("complete", name, f"COMPLETE, but {listed(lost, rows)}")


def check_repeats(sync: Sync, before: Mapping[str, Mapping[Key, Record]]) -> Iterator[Violation]:
    """Rows come again only where windows overlap or had not been read.

    ``before`` are the destination's rows before the run.
    """
    plan = sync.plan
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
        kept = sync.page_cursor(row.stream)
        if kept is not None and held.moment >= kept:
            # A list without filters is read again from the page whose cursor was kept, whatever the time of its rows.
            continue
        if sync.claim(row.stream).settled(sync.overlap(facts), sync.begin).holds(held.moment):
            again.setdefault(row.stream, []).append(key)
    for name, keys in twice.items():
        if name in sync.believed or (FACTS[name].is_searched and IN_ONE_ROW in sync.output.stdout):
            # A window of which too little came is asked for again.
            continue
        if goes_by_own_time(sync, FACTS[name]) or sync.goes_on_with_job(FACTS[name]):
            # What happened after a job was made is in another one.
            continue
        if not FACTS[name].is_searched and sync.same[name].keys() != sync.history.now[name].keys():
            # Pages of a list move on when a record is added before them.
            continue
        yield Violation("twice", name, f"{len(keys)} rows came twice in one run, such as {keys[:NAMED]}")
    for name, keys in again.items():
        if sync.is_incremental(name) and not _may_come_again(sync, FACTS[name]):
            yield Violation("again", name, f"{len(keys)} rows came again that had been read, such as {keys[:NAMED]}")


def _may_come_again(sync: Sync, facts: Facts) -> bool:
    """Whether a stream may read again what it has read: all of it for a comparison, open tickets, and the like."""
    said = sync.output.states.get(facts.name)
    state = dict(said.state) if said else {}
    resumed = sync.resumed.get(facts.name, {})
    compares = "reconciling" in state or state.get("reconciled_at") != resumed.get("reconciled_at")
    return compares or sync.reads_back(facts.name) or facts.family == "tickets" or goes_by_own_time(sync, facts)


def goes_by_own_time(sync: Sync, facts: Facts) -> bool:
    """Whether the files tell of what was done with a message by its time, whose message can be in an earlier file."""
    return facts.family == "message_receipts" and "export-statistics=by-time" in sync.plan.quirks
