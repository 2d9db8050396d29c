"""Conversations and their parts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from ..collection import Record
from ..dice import roll, wide
from ..quirks.world_of import is_ticket
from ..world import World
from .contacts import FIRST_EXTERNAL_ID, company_numbers, is_user, some_of
from .small import admin_name
from .words import SENTENCES, SUBJECTS, person, text

PARTS_CAP = 500
"""`GET /conversations/{id}` shows the newest 500 parts."""
PART_ROOM = 10_000
"""Part ids are reserved in blocks of this size."""

PART_TYPES = ("comment", "comment", "comment", "comment", "note", "assignment", "open", "close", "snoozed",
              "conversation_attribute_updated_by_admin", "custom_action_started")  # fmt: skip
NO_BODY = frozenset(PART_TYPES[5:])
SLA: Record = {"type": "conversation_sla_summary", "sla_name": "Four hours", "sla_status": "hit"}
CATEGORIES = ("Customer", "Back-office", "Tracker")
"""Of tickets; here because conversations name those of the tickets they are linked to."""
SOURCE_TYPES = ("conversation", "email", "whatsapp", "facebook", "sms")


def contact_number(ws: World, number: int) -> int | None:
    total = ws.laid_out("contacts")
    return wide(roll(ws.seed, "conversations", number), 0) % total if total else None


def contact_references(ws: World, contact: int | None) -> list[Record]:
    if contact is None:
        return []
    outside = str(FIRST_EXTERNAL_ID + contact) if is_user(ws, contact) else None
    return [{"type": "contact", "id": ws.contacts.id(contact), "external_id": outside}]


def part_count(ws: World, number: int) -> int:
    """The true number of parts, also past the cap. One conversation in eight has none of its own."""
    dice = roll(ws.seed, "conversations", number)
    laid_out = (
        0 if dice[4] < 32 or number >= ws.laid_out("conversations") else wide(dice, 5) % (ws.settings.max_parts + 1)
    )
    return laid_out + ws.conversations.version(number)


def tag_numbers(ws: World, number: int) -> list[int]:
    dice = roll(ws.seed, "conversations", number)
    return ws.tags.living(some_of(ws.laid_out("tags"), dice[9] % 3, dice, 10))


def state_of(ws: World, number: int, dice: bytes | None = None) -> str:
    """Whoever changes a conversation opens it."""
    if ws.conversations.version(number):
        return "open"
    dice = dice or roll(ws.seed, "conversations", number)
    return ("open", "closed", "closed", "closed", "snoozed")[dice[14] % 5]


def ticket_category(ws: World, ticket: int) -> str:
    return CATEGORIES[roll(ws.seed, "tickets", ticket)[5] % 3]


def build(ws: World, number: int) -> Record:
    """The search and list item: no parts."""
    conversations = ws.conversations
    dice = roll(ws.seed, "conversations", number)
    created, updated, version = (
        conversations.created[number],
        conversations.updated[number],
        conversations.version(number),
    )
    contact = contact_number(ws, number)
    contacts = contact_references(ws, contact)
    subject = f"<p>{SUBJECTS[dice[21] % len(SUBJECTS)]}</p>"
    author_id = contacts[0]["id"] if contacts else "0"
    state = state_of(ws, number, dice)
    admins, teams = ws.laid_out("admins"), ws.laid_out("teams")
    assigned = admins > 0 and dice[15] < 170
    tags = [
        {"type": "tag", "id": ws.tags.id(n), "name": ws.tags.body(n)["name"], "applied_at": created + 60,
         "applied_by": {"type": "admin", "id": str(ws.admin_number(dice[16]))}}
        for n in tag_numbers(ws, number)
    ]  # fmt: skip
    return {
        "type": "conversation",
        "id": conversations.id(number),
        "created_at": created,
        "updated_at": updated,
        "waiting_since": updated if state == "open" and dice[17] < 128 else None,
        "snoozed_until": updated + 86_400 if state == "snoozed" else None,
        "source": {
            # The live API answers null where it does not know the channel.
            "type": SOURCE_TYPES[dice[18] % 5] if dice[19] < 240 else None,
            "id": str(400_000_000 + number),
            "delivered_as": "customer_initiated" if dice[20] < 200 else "admin_initiated",
            # Null now and then, whatever the schema says.
            "subject": subject if dice[22] < 100 else "" if dice[22] < 230 else None,
            "body": text(dice, 23),
            "author": {
                "type": "user", "id": author_id, "name": person(dice, 27), "email": f"person{contact}@example.com",
            },
            "attachments": [attachment(dice)] if dice[47] < 20 else [],
            "url": "https://app.example.com/?a=1&b=2" if dice[30] < 120 else None,
            "redacted": dice[31] < 4,
        },
        "contacts": {"type": "contact.list", "contacts": contacts},
        "first_contact_reply": {"created_at": created, "type": "conversation", "url": None} if dice[32] < 180 else None,
        "admin_assignee_id": ws.admin_number(dice[33]) if assigned else None,
        "team_assignee_id": int(ws.teams.id(dice[34] % teams)) if teams and dice[35] < 120 else None,
        "open": state != "closed",
        "state": state,
        "read": dice[36] < 128,
        "tags": {"type": "tag.list", "tags": tags},
        "priority": "priority" if dice[37] < 20 else "not_priority",
        "sla_applied": dict(SLA) if dice[38] < 20 else None,
        "statistics": _statistics(ws, number, dice, created, updated) if dice[39] < 230 or version else None,
        "conversation_rating": _rating(ws, contacts, dice, created) if dice[40] < 30 and contacts else None,
        # The schema calls the list "teammates"; the API answers "admins": Intercom's OpenAPI issue 220.
        "teammates": {
            "type": "admin.list", "admins": [{"type": "admin", "id": str(ws.admin_number(dice[33]))}],
        } if assigned else None,
        "title": SUBJECTS[dice[41] % len(SUBJECTS)] if dice[42] < 128 else None,
        "custom_attributes": _custom(number, dice, created),
        "topics": _topics(dice) if dice[43] < 128 else {},
        "ticket": _ticket(ws, number),
        "company": _company(ws, contact) if contact is not None and dice[62] < 40 else None,
        "linked_objects": _linked(ws, dice),
        "ai_agent": _ai_agent(dice, created) if dice[44] < 60 else None,
        "ai_agent_participated": dice[44] < 60,
    }  # fmt: skip


def build_full(ws: World, number: int) -> Record:
    """`GET /conversations/{id}`: the item and its newest 500 parts, oldest of these first."""
    return {**ws.conversations.body(number), "conversation_parts": {
        "type": "conversation_part.list",
        "conversation_parts": parts(ws, number),
        "total_count": part_count(ws, number),
    }}  # fmt: skip


def parts(ws: World, number: int) -> list[Record]:
    """The newest 500 parts. Times run from the opening to the last change; changes append theirs."""
    total = part_count(ws, number)
    history = ws.conversations.history(number)
    laid_out = total - len(history.moments)
    created = ws.conversations.created[number]
    # One conversation in four was changed after its last part, by a tag or an assignment.
    span = history.first_updated - created
    if roll(ws.seed, "conversations", number)[45] < 64:
        span = span * 9 // 10
    found = []
    for at in range(max(0, total - PARTS_CAP), total):
        moment = created + span * (at + 1) // laid_out if at < laid_out else history.moments[at - laid_out]
        found.append(_part(ws, number, at, moment, fresh=at >= laid_out))
    return found


def _part(ws: World, conversation: int, at: int, moment: int, fresh: bool) -> Record:
    dice = roll(ws.seed, "part", conversation * PART_ROOM + at)
    kind = "comment" if fresh else PART_TYPES[dice[0] % len(PART_TYPES)]
    record: Record = {
        "type": "conversation_part",
        "id": str(20_000_000_000 + conversation * PART_ROOM + at),
        "part_type": kind,
        "body": None if kind in NO_BODY or dice[1] < 10 else text(dice, 2),
        "created_at": moment,
        "updated_at": moment,
        "notified_at": moment,
        "assigned_to": _assigned_to(ws, dice) if kind == "assignment" else None,
        "author": _author(ws, conversation, dice),
        "attachments": [attachment(dice)] if dice[7] < 8 else [],
        "external_id": f"ext-{conversation}-{at}" if dice[8] < 10 else None,
        "redacted": dice[9] < 4,
        "email_message_metadata": {
            "subject": "Re: " + SUBJECTS[dice[18] % len(SUBJECTS)], "message_id": f"<{at}.{conversation}@example.com>",
            "email_address_headers": [{"type": "from", "email_address": "person@example.com", "name": None}],
        } if dice[19] < 10 else None,
        # Empty objects where one would expect null.
        "metadata": _quick_replies(conversation, at) if dice[20] < 8 else {},
        "state": "closed" if kind == "close" else "snoozed" if kind == "snoozed" else "open",
        "tags": [{"type": "tag", "id": ws.tags.id(0), "name": ws.tags.body(0)["name"]}]
        if dice[21] < 8 and ws.laid_out("tags") else [],
        "event_details": {},
        "app_package_code": None,
    }  # fmt: skip
    if kind == "conversation_attribute_updated_by_admin":
        record["event_details"] = {
            "attribute": {"name": "Issue"},
            "value": {"name": SUBJECTS[dice[10] % len(SUBJECTS)]},
        }
    elif kind == "custom_action_started":
        record["event_details"] = {"action": {"name": "Create issue"}}
        record["app_package_code"] = "test-integration"
    if dice[11] < 20:
        record["translations"] = None
    return record


def _quick_replies(conversation: int, at: int) -> Record:
    one = str(uuid.UUID(int=conversation << 32 | at, version=4))
    return {
        "quick_reply_options": [{"text": "Yes", "uuid": one, "translations": {"de": "Ja"}}],
        "quick_reply_uuid": one,
    }


def _company(ws: World, contact: int) -> Record | None:
    """The company of the conversation's contact, whole."""
    numbers = company_numbers(ws, contact)
    return ws.companies.body(numbers[0]) if numbers else None


def _author(ws: World, conversation: int, dice: bytes) -> Record:
    if dice[12] < 110:
        contact = contact_number(ws, conversation)
        who = ws.contacts.id(contact) if contact is not None else "0"
        return {"type": "user", "id": who, "name": person(dice, 13), "email": f"person{contact}@example.com"}
    if dice[12] < 130:
        return {"type": "bot", "id": "278", "name": "Fin", "email": "operator+sandbox@example.com",
                "from_ai_agent": True, "is_ai_answer": dice[13] < 128}  # fmt: skip
    admin = dice[13] % max(1, ws.laid_out("admins"))
    return {"type": "admin", "id": str(ws.admin_number(admin)), "name": admin_name(ws, admin),
            "email": f"admin{admin}@example.com", "from_ai_agent": False, "is_ai_answer": False}  # fmt: skip


def _assigned_to(ws: World, dice: bytes) -> Record:
    """An admin, a team or nobody; unassignment has a value of its own."""
    if dice[14] < 40:
        return {"type": "nobody_admin", "id": None}
    if dice[14] < 90 and ws.laid_out("teams"):
        return {"type": "team", "id": ws.teams.id(dice[15] % ws.laid_out("teams"))}
    return {"type": "admin", "id": str(ws.admin_number(dice[15]))}


def attachments(ws: World, number: int) -> Iterator[Record]:
    """The files of a conversation, with what tells one from the other: the message and the place in it."""
    conversation = ws.conversations.body(number)
    for part in (conversation["source"], *parts(ws, number)):
        assert isinstance(part, dict)
        for position, one in enumerate(part["attachments"]):
            moment = part.get("created_at") or conversation["created_at"]
            yield {**one, "part_id": part["id"], "position": position, "attached_at": moment}


def attachment(dice: bytes) -> Record:
    return {"type": "upload", "name": f"log-{dice[16]}.txt", "url": f"https://files.example.com/{dice[16]}?expires=1",
            "content_type": "text/plain", "filesize": 1 + dice[17] * 100, "width": 0, "height": 0}  # fmt: skip


def _statistics(ws: World, number: int, dice: bytes, created: int, updated: int) -> Record:
    middle = created + (updated - created) // 3
    return {
        "type": "conversation_statistics",
        "time_to_assignment": dice[46] * 3, "time_to_admin_reply": dice[47] * 9,
        "time_to_first_close": dice[48] * 60, "time_to_last_close": dice[48] * 90,
        "median_time_to_reply": dice[49] * 7, "first_contact_reply_at": created, "first_assignment_at": middle,
        "first_admin_reply_at": middle, "first_close_at": middle, "last_assignment_at": middle,
        "last_assignment_admin_reply_at": middle, "last_contact_reply_at": middle, "last_admin_reply_at": middle,
        "last_close_at": middle, "last_closed_by_id": str(ws.admin_number(dice[50])),
        "count_reopens": dice[51] % 4, "count_assignments": dice[52] % 5,
        "count_conversation_parts": part_count(ws, number),
        "assigned_team_first_response_time": [
            {"team_id": 814_860, "team_name": "Team 1", "response_time": dice[53] * 5}] if dice[54] < 60 else [],
        "assigned_team_first_response_time_in_office_hours": [
            {"team_id": 814_860, "team_name": "Team 1", "response_time": dice[53] * 3}] if dice[54] < 30 else [],
        "handling_time": dice[55] * 11, "adjusted_handling_time": dice[55] * 8 if dice[56] < 128 else None,
    }  # fmt: skip


def _topics(dice: bytes) -> Record:
    topics = [{"type": "topic", "id": 9_100 + dice[43] % 4, "name": SUBJECTS[dice[43] % 4]}] if dice[43] < 40 else []
    return {"type": "topic.list", "topics": topics, "total_count": len(topics)}


def _rating(ws: World, contacts: list[Record], dice: bytes, created: int) -> Record:
    return {"rating": 1 + dice[57] % 5, "remark": SENTENCES[dice[58] % len(SENTENCES)], "created_at": created + 600,
            "updated_at": created + 900, "contact": contacts[0],
            "teammate": {"type": "admin", "id": str(ws.admin_number(dice[33]))}}  # fmt: skip


def _custom(number: int, dice: bytes, created: int) -> Record:
    """Text, numbers, booleans and, now and then, a list of custom objects."""
    values: Record = {}
    if dice[59] < 128:
        values["Copilot used"] = dice[60] < 40
        values["Issue"] = SUBJECTS[dice[60] % len(SUBJECTS)]
    if dice[59] < 50:
        values["Effort"] = dice[61] / 2
    if dice[59] < 15:
        values["Orders"] = {"type": "order.list", "instances": [{
            "id": str(7_000_000 + number), "external_id": f"order-{number}", "type": "Order",
            "external_created_at": created, "external_updated_at": None, "created_at": created,
            "updated_at": created, "custom_attributes": {"total": str(dice[62])}}]}  # fmt: skip
    return values


def _linked(ws: World, dice: bytes) -> Record:
    """Most often nothing, else a ticket; now and then a crowd, for this list is not cut at ten."""
    tickets, conversations = ws.laid_out("tickets"), ws.laid_out("conversations")
    first, count = wide(dice, 55), 11 + dice[61] % 20 if dice[63] < 4 else 1 if dice[63] < 30 else 0
    linked: list[Record] = [
        {"type": "ticket", "id": ws.tickets.id(number), "category": ticket_category(ws, number)}
        for number in some_of(tickets, count, dice, 55)
    ]  # fmt: skip
    if count > 1 and conversations:
        linked += [{"type": "conversation", "id": ws.conversations.id((first + at) % conversations), "category": None}
                   for at in range(min(3, conversations))]  # fmt: skip
    return {"type": "list", "data": linked, "total_count": len(linked), "has_more": False}


def _ticket(ws: World, number: int) -> Record | None:
    """One conversation in four is a ticket too."""
    if not is_ticket(ws, number) or not ws.laid_out("tickets"):
        return None
    ticket = number % ws.laid_out("tickets")
    return {"type": "ticket", "id": ws.tickets.id(ticket), "category": ticket_category(ws, ticket)}


def _ai_agent(dice: bytes, created: int) -> Record:
    return {
        "source_type": "workflow", "source_title": "Triage ✨",
        "last_answer_type": "ai_answer" if dice[45] < 128 else None,
        "resolution_state": ("assumed_resolution", "confirmed_resolution", "escalated", None)[dice[46] % 4],
        "rating": 1 + dice[47] % 5 if dice[48] < 60 else None, "rating_remark": None,
        "created_at": created, "updated_at": created + 30,
        "content_sources": {"type": "content_source.list", "total_count": 1, "content_sources": [
            {"content_type": "article", "url": "https://help.example.com/1", "title": "Log in", "locale": "en"}]},
    }  # fmt: skip
