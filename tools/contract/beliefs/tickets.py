"""Tickets and their parts."""

from __future__ import annotations

from source_intercom.api.figures import number_in
from source_intercom.shapes.coercion import Record
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.windows import HOUR
from tools.contract.belief import Answer, Belief, not_seen, told
from tools.contract.searches import TICKETS, nested, newest, objects, oldest, time_of
from tools.contract.workspace import Workspace


def _tickets(ws: Workspace) -> list[Record]:
    return [*newest(ws, TICKETS).records, *oldest(ws, TICKETS).records]


def _parts(ticket: Record) -> list[Record]:
    return objects(nested(ticket, "ticket_parts", "ticket_parts"))


def _complete(ws: Workspace) -> Answer:
    tickets = [one for one in _tickets(ws) if isinstance(one.get("ticket_parts"), dict)]
    if not tickets:
        return not_seen("no ticket holds its parts")
    cut = [
        f"{came} of {total}"
        for one in tickets
        if (total := number_in(one["ticket_parts"], "total_count") or 0) > (came := len(_parts(one)))
    ]
    return told(not cut, unless=", ".join(sorted(set(cut))[:5]))


def _later_by(ws: Workspace) -> list[int]:
    """By how many seconds the last part of each ticket is newer than the ticket's own time; 0 or less: it is not."""
    later = []
    for ticket in _tickets(ws):
        changed = time_of(ticket)
        times = [time for part in _parts(ticket) if (time := seconds_of(part.get("created_at"))) is not None]
        if changed is not None and times:
            later.append(max(times) - changed)
    return later


def _moves(ws: Workspace) -> Answer:
    later = _later_by(ws)
    if not later:
        return not_seen("no ticket has parts")
    newer = sum(seconds > 0 for seconds in later)
    return told(not newer, unless=f"parts of {newer} of {len(later)} tickets are up to {max(later)} s newer")


def _within_the_hour(ws: Workspace) -> Answer:
    later = _later_by(ws)
    if not later:
        return not_seen("no ticket has parts")
    beyond = sum(seconds > HOUR for seconds in later)
    return told(not beyond, unless=f"parts of {beyond} of {len(later)} tickets are")


BELIEFS = (
    Belief("ticket-parts-complete", "Does a ticket hold all of its parts?", "yes",
           "Nothing.", "Intercom gives the newest 500: the ticket is named in a warning with both numbers.",
           "conversation-parts-500", _complete),
    Belief("ticket-time-moves", "Does every part change its ticket's `updated_at`?", "either",
           "An incremental sync brings it.",
           "Each sync also looks at open tickets, and gives those with parts that are newer than the state.",
           "conflict-ticket-time", _moves),
    Belief("ticket-time-hour", "Is every part at most an hour newer than its ticket's `updated_at`?", "yes",
           "The hour before the last sync, which is always read again, covers it.",
           "Each sync also looks at open tickets, and gives those with parts that are newer than the state.",
           "ticket-parts-later", _within_the_hour),
)  # fmt: skip
