"""Notes on contacts and companies: most have none; a note never changes."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll
from ..world import World
from .small import admin
from .words import text

ROOM = 1_000
"""Note ids are reserved in blocks of this size."""
BASES = {"contacts": 30_000_000, "companies": 8_000_000_000_000}
"""Where the ids of either kind of note begin; a workspace has room for 7 thousand million contacts between."""
ADDED = {"contacts": "contact_notes", "companies": "company_notes"}
AUTHOR = ("type", "id", "name", "email", "away_mode_enabled", "away_mode_reassign", "has_inbox_seat", "team_ids")


def laid_out(ws: World, kind: str, number: int) -> int:
    """How many notes a contact or a company began with."""
    if kind == "contacts":
        dice = roll(ws.seed, "contact-links", number)
        return dice[18] % 13 if dice[17] < 24 else 0
    dice = roll(ws.seed, "company-notes", number)
    return 1 + dice[1] % (60 if dice[2] < 20 else 3) if dice[0] < 50 else 0


def places(ws: World, kind: str, number: int) -> list[int]:
    """Places of the notes of a contact or a company that are still there, oldest first."""
    total = laid_out(ws, kind, number) + len(ws.added(ADDED[kind], number))
    gone = ws.removed(ADDED[kind], number)
    return [at for at in range(total) if at not in gone]


def note_id(kind: str, number: int, at: int) -> str:
    return str(BASES[kind] + number * ROOM + at)


def locate(ws: World, name: str) -> tuple[str, int, int] | None:
    """Kind of parent, parent and place of a note, by its id."""
    if not name.isdecimal():
        return None
    kind = "companies" if int(name) >= BASES["companies"] else "contacts"
    number, at = divmod(int(name) - BASES[kind], ROOM)
    records = ws.collection(kind)
    if not 0 <= number < len(records.created) or not records.alive(number) or at not in places(ws, kind, number):
        return None
    return (kind, number, at) if note_id(kind, number, at) == name else None


def notes(ws: World, kind: str, number: int) -> list[Record]:
    """All notes of a contact or a company, newest first."""
    return [build(ws, kind, number, at) for at in reversed(places(ws, kind, number))]


def build(ws: World, kind: str, number: int, at: int) -> Record:
    records = ws.collection(kind)
    first = laid_out(ws, kind, number)
    created, last = records.created[number], records.history(number).first_updated
    moment = created + (last - created) * (at + 1) // first if at < first else ws.added(ADDED[kind], number)[at - first]
    dice = roll(ws.seed, f"{kind}-note", number * ROOM + at)
    record: Record = {"type": "note", "id": note_id(kind, number, at), "created_at": moment}
    owner = "contact" if kind == "contacts" else "company"
    record[owner] = {"type": owner, "id": records.id(number)}
    author = admin(ws, dice[0] % ws.laid_out("admins")) if ws.laid_out("admins") and dice[1] < 240 else None
    record["author"] = {key: author[key] for key in AUTHOR} if author else None
    record["body"] = text(dice, 2)
    return record
