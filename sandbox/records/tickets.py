"""Tickets with their parts inside; keys that are unused are absent."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll, wide
from ..world import World
from .contacts import some_of
from .conversations import CATEGORIES, PART_ROOM, attachment, contact_references
from .small import admin_name
from .words import SENTENCES, SUBJECTS, person, text

PARTS_CAP = 500
QUIET_PARTS = 90_000_000_000
"""Where the ids of parts begin that come without moving their ticket's time of change."""
FIRST_TYPE = 100
STATES = ("submitted", "in_progress", "waiting_on_customer", "resolved")
ATTRIBUTES: tuple[tuple[str, str, Record | None], ...] = (
    ("_default_title_", "string", {"multiline": False}), ("_default_description_", "string", {"multiline": True}),
    ("Product", "list", {"list_options": [{"label": "Pro", "id": "7"}, {"label": "Basic", "id": "8"}]}),
    ("Due", "datetime", None), ("Blocking", "boolean", None),
)  # fmt: skip
MANY_PARTS = 520
LATE_PART_SECONDS = 158
"""How much newer than its ticket's `updated_at` a part may be: the gap in live captures
of estuary/connectors, for 17 months."""


def state_record(state: int) -> Record:
    label = STATES[state].replace("_", " ").capitalize()
    return {"type": "ticket_state", "id": str(8_577 + state), "category": STATES[state], "internal_label": label,
            "external_label": label}  # fmt: skip


def type_record(ws: World, number: int) -> Record:
    """A ticket type; its attributes stand under `data`, whatever the schema says."""
    made, archived = ws.began, number >= len(CATEGORIES)
    attributes = [
        {"type": "ticket_type_attribute", "id": str(220 + 10 * number + at), "workspace_id": ws.app_id, "name": name,
         "description": "", "data_type": data_type, "input_options": options, "order": at,
         "required_to_create": at == 0, "required_to_create_for_contacts": False, "visible_on_create": True,
         "visible_to_contacts": at > 2, "default": at < 2, "ticket_type_id": FIRST_TYPE + number, "archived": at == 4,
         "created_at": made, "updated_at": made + 3_600 * at}
        for at, (name, data_type, options) in enumerate(ATTRIBUTES[: 5 - number])
    ]  # fmt: skip
    category = CATEGORIES[number % len(CATEGORIES)]
    return {
        "type": "ticket_type", "id": str(FIRST_TYPE + number), "name": f"{category} request", "description": "",
        "icon": "🦁", "workspace_id": ws.app_id, "archived": archived, "created_at": made, "updated_at": made,
        "is_internal": number > 0, "category": category,
        "ticket_type_attributes": {"type": "list", "data": attributes},
        "ticket_states": {"type": "list", "data": [state_record(state) for state in range(len(STATES))]},
    }  # fmt: skip


def types(ws: World) -> list[Record]:
    """`GET /ticket_types`, the archived one too."""
    return [type_record(ws, number) for number in range(len(CATEGORIES) + 1)]


def attributes_of(kind: Record) -> list[Record]:
    """The attributes of a ticket type."""
    held = kind["ticket_type_attributes"]
    assert isinstance(held, dict)
    return list(held["data"])


def states(ws: World) -> list[Record]:
    """`GET /ticket_states`: more is told than in a ticket, and the archived one is there too."""
    short = ("type", "id", "name", "description", "icon", "archived", "is_internal", "category")
    kinds = [{key: kind[key] for key in short} for kind in types(ws)]
    found = [{**state_record(state), "archived": False, "ticket_types": {"type": "list", "data": kinds}}
             for state in range(len(STATES))]  # fmt: skip
    old = {"id": "8590", "internal_label": "Old", "external_label": "Old", "archived": True}
    return [*found, {**found[-1], **old, "ticket_types": {"type": "list", "data": []}}]


def part_count(ws: World, number: int) -> int:
    dice = roll(ws.seed, "tickets", number)
    laid_out = 0 if number >= ws.laid_out("tickets") else 1 + wide(dice, 0) % (min(ws.settings.max_parts, 12) + 1)
    if ws.settings.quirk("many-ticket-parts") is not None and number == 0:
        laid_out = MANY_PARTS
    if ws.settings.max_parts > PARTS_CAP and dice[4] < 10:
        laid_out = ws.settings.max_parts
    return laid_out + ws.tickets.version(number)


def state_of(ws: World, number: int, dice: bytes | None = None) -> int:
    """The place in `STATES`. Whoever changes a ticket takes it in hand."""
    return 1 if ws.tickets.version(number) else (dice or roll(ws.seed, "tickets", number))[6] % 4


def type_of(ws: World, number: int) -> int:
    return roll(ws.seed, "tickets", number)[5] % 3


def build(ws: World, number: int) -> Record:
    """One ticket as search and `GET /tickets/{id}` show it."""
    tickets = ws.tickets
    dice = roll(ws.seed, "tickets", number)
    created, updated = tickets.created[number], tickets.updated[number]
    category = dice[5] % 3
    state = state_of(ws, number, dice)
    contacts, teams = ws.laid_out("contacts"), ws.laid_out("teams")
    people = [ref for n in some_of(contacts, 1 + (dice[7] < 30), dice, 8) for ref in contact_references(ws, n)]
    kind = type_record(ws, category)
    quiet = len(ws.added("ticket_parts", number))
    record: Record = {
        "type": "ticket",
        "id": tickets.id(number),
        "ticket_id": str(1 + number),
        "category": CATEGORIES[category],
        "ticket_attributes": _attributes(dice),
        "ticket_state": state_record(state),
        "ticket_type": kind,
        "contacts": {"type": "contact.list", "contacts": people},
        # Text on tickets up to 2.15, "0" for nobody; conversations have integers and null.
        "admin_assignee_id": str(ws.admin_number(dice[13])) if dice[12] < 150 else "0",
        "team_assignee_id": ws.teams.id(dice[14] % teams) if teams and dice[15] < 90 else "0",
        "created_at": created,
        "updated_at": updated,
        "open": STATES[state] != "resolved",
        "linked_objects": _linked(ws, number, dice),
        "ticket_parts": {
            "type": "ticket_part.list", "ticket_parts": parts(ws, number),
            "total_count": part_count(ws, number) + quiet,
        },
        "is_shared": dice[16] < 60,
    }  # fmt: skip
    if quiet:
        record["admin_assignee_id"] = str(quiet_assignee(ws, number, quiet - 1))
    if dice[17] < 40:
        record["snoozed_until"] = updated + 86_400
    if dice[18] < 200:
        record["channel"] = "email"
    return record


def _linked(ws: World, number: int, dice: bytes) -> Record:
    """Now and then the conversation that the ticket came from."""
    conversations = ws.laid_out("conversations")
    linked: list[Record] = []
    if conversations and dice[27] < 50:
        name = ws.conversations.id(number % conversations)
        linked.append({"type": "conversation", "id": name, "category": None})
    return {"type": "list", "data": linked, "total_count": len(linked), "has_more": False}


def parts(ws: World, number: int) -> list[Record]:
    total = part_count(ws, number)
    history = ws.tickets.history(number)
    laid_out = total - len(history.moments)
    created = ws.tickets.created[number]
    last = history.first_updated
    # On one ticket in five the newest part is younger than the ticket says it was changed.
    if roll(ws.seed, "tickets", number)[19] < 51 and last + LATE_PART_SECONDS < ws.laid_out_at:
        last += LATE_PART_SECONDS
    found = []
    for at in range(max(0, total - PARTS_CAP), total):
        moment = created + (last - created) * (at + 1) // laid_out if at < laid_out else history.moments[at - laid_out]
        found.append(_part(ws, number, at, moment, fresh=at >= laid_out))
    quiet = [_assignment(ws, number, at, moment) for at, moment in enumerate(ws.added("ticket_parts", number))]
    if not quiet:
        return found
    return sorted([*found, *quiet], key=lambda part: int(str(part["created_at"])))[-PARTS_CAP:]


def quiet_assignee(ws: World, number: int, at: int) -> int:
    return ws.admin_number(number + at + 1)


def _assignment(ws: World, ticket: int, at: int, moment: int) -> Record:
    """An assignment that has not moved the ticket's time of change."""
    to, by = quiet_assignee(ws, ticket, at), ws.admin_number(ticket)
    return {
        "type": "ticket_part", "id": str(QUIET_PARTS + ticket * PART_ROOM + at), "part_type": "assignment",
        "created_at": moment, "updated_at": moment,
        "author": {"type": "admin", "id": str(by), "name": "Quiet admin", "email": "quiet@example.com"},
        "assigned_to": {"type": "admin", "id": str(to)}, "attachments": [], "redacted": False,
    }  # fmt: skip


def _part(ws: World, ticket: int, at: int, moment: int, fresh: bool) -> Record:
    dice = roll(ws.seed, "ticket-part", ticket * PART_ROOM + at)
    comment = not fresh and at > 0 and dice[0] < 150
    admin = dice[1] % max(1, ws.laid_out("admins"))
    by_admin = dice[2] < 170
    record: Record = {
        "type": "ticket_part",
        "id": str(60_000_000_000 + ticket * PART_ROOM + at),
        "part_type": "comment" if comment else "ticket_state_updated_by_admin",
        "created_at": moment,
        "updated_at": moment,
        "author": {"type": "admin", "id": str(ws.admin_number(admin)), "name": admin_name(ws, admin),
                   "email": f"admin{admin}@example.com"} if by_admin else
                  {"type": "user", "id": "0", "name": person(dice, 3), "email": "person@example.com"},
        "attachments": [attachment(dice)] if dice[16] < 20 else [],
        "redacted": dice[6] < 4,
    }  # fmt: skip
    if comment:
        record["body"] = text(dice, 7)
    else:
        record["ticket_state"] = STATES[1 if fresh else dice[11] % 4]
        record["previous_ticket_state"] = STATES[dice[12] % 4]
    if at % 5 == 4:
        many = dice[13] < 60
        record["part_type"] = "ticket_attribute_updated_by_admin"
        record["updated_attribute_data"] = {
            "attribute": {"type": "attribute", "id": "221", "label": "Files" if many else "Product"},
            "value": {"type": "value", "id": [11, 12] if many else "7", "label": ["a.txt", "b.txt"] if many else "Pro"},
        }
    if dice[15] < 10:
        record["external_id"] = f"ext-{ticket}-{at}"
        record["app_package_code"] = "test-integration"
    if dice[14] < 20:
        record["assigned_to"] = {"type": "admin", "id": str(ws.admin_number(admin))}
    return record


def _attributes(dice: bytes) -> Record:
    values: Record = {
        "_default_title_": SUBJECTS[dice[20] % len(SUBJECTS)],
        "_default_description_": SENTENCES[dice[21] % len(SENTENCES)] if dice[22] < 200 else None,
    }
    if dice[23] < 80:
        values["Product"] = ["Pro", "Basic"] if dice[24] < 60 else "Pro"
        values["Due"] = 1_700_000_000 - dice[25] * 86_400
        values["Blocking"] = dice[26] < 128
    return values
