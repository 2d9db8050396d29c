"""How the workspace is set up: away reasons, brands, senders, office hours, audiences, attributes."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from ..collection import Record
from ..dice import roll
from ..world import World

REASONS = (("On a break", "☕"), ("Lunch", "🥪"), ("In a meeting", "📅"), ("Training", "📚"), ("Done for today", "🏠"))


def _times(ws: World, kind: str, number: int) -> Record:
    records = ws.collection(kind)
    return {"created_at": records.created[number], "updated_at": records.updated[number]}


def _named(ws: World, kind: str, number: int, name: str) -> str:
    version = ws.collection(kind).version(number)
    return f"{name} (rev {version})" if version else name


def away_reason(ws: World, number: int) -> Record:
    """A reason for being away; the last of each five was deleted, and stays in the list."""
    at, kind = number % len(REASONS), "away_status_reasons"
    label, emoji = REASONS[at]
    return {
        "type": "away_status_reason", "id": ws.collection(kind).id(number), "label": _named(ws, kind, number, label),
        "emoji": emoji, "order": number + 1, "deleted": at == len(REASONS) - 1, **_times(ws, kind, number),
    }  # fmt: skip


def brand(ws: World, number: int) -> Record:
    """The first brand is the default one and has the workspace's id."""
    centers, senders = ws.laid_out("help_centers"), ws.laid_out("email_settings")
    record: Record = {
        "type": "brand", "id": ws.collection("brands").id(number),
        "name": _named(ws, "brands", number, f"Brand {number}" if number else "Default Brand"),
        "is_default": number == 0, **_times(ws, "brands", number),
    }  # fmt: skip
    if centers:
        record["help_center_id"] = ws.collection("help_centers").id(number % centers)
    if senders:
        record["default_address_settings_id"] = ws.collection("email_settings").id(number % senders)
    return record


def email_setting(ws: World, number: int) -> Record:
    brands, dice = ws.laid_out("brands"), roll(ws.seed, "email_settings", number)
    times = _times(ws, "email_settings", number)
    forwarded = dice[0] < 128
    return {
        "type": "email_setting", "id": ws.collection("email_settings").id(number),
        "email": f"support{number}@example.com", "verified": dice[1] < 200, "domain": "example.com",
        "brand_id": ws.collection("brands").id(number % brands) if brands else ws.app_id,
        "forwarding_enabled": forwarded,
        "forwarded_email_last_received_at": times["updated_at"] if forwarded else None, **times,
    }  # fmt: skip


def schedule(ws: World, number: int) -> Record:
    """A schedule: minutes count from Monday's midnight."""
    kind = "office_hours_schedules"
    always = roll(ws.seed, kind, number)[0] < 50
    hours = [{"start_minute": day * 1_440 + 540, "end_minute": day * 1_440 + 1_020, "day_of_week": day}
             for day in range(5)]  # fmt: skip
    return {
        "type": "office_hours_schedule", "id": ws.collection(kind).id(number),
        "name": _named(ws, kind, number, f"Hours {number + 1}"), "time_zone_name": ws.settings.timezone,
        "time_intervals": [] if always else hours, "twenty_four_seven": always, **_times(ws, kind, number),
    }  # fmt: skip


def schedule_of(ws: World, number: int) -> int:
    """The schedule an exception belongs to."""
    return number % max(1, ws.laid_out("office_hours_schedules"))


def exception(ws: World, number: int) -> Record:
    kind = "office_hours_exceptions"
    dice = roll(ws.seed, kind, number)
    closed = dice[0] < 160
    day = date(2026, 1, 1) + timedelta(days=(dice[1] << 8 | dice[2]) % 365)
    return {
        "type": "office_hours_exception", "id": ws.collection(kind).id(number),
        "office_hours_schedule_id": ws.collection("office_hours_schedules").ids.make(0, schedule_of(ws, number)),
        "exception_date": day.isoformat(), "exception_type": "closed" if closed else "custom_hours",
        "name": _named(ws, kind, number, f"Holiday {number} 🎄") if dice[3] < 200 else None,
        "time_intervals": None if closed else [
            {"start_minute": 540, "end_minute": 780, "day_of_week": day.weekday()}],
        "recurring_annually": dice[4] < 128, **_times(ws, kind, number),
    }  # fmt: skip


def audience(ws: World, number: int) -> Record:
    dice = roll(ws.seed, "audiences", number)
    wanted: Record = {"attribute": "company.name", "type": "string", "comparison": "contains", "value": "Acme"}
    return {
        "type": "audience", "id": ws.collection("audiences").id(number),
        "name": _named(ws, "audiences", number, f"Audience {number + 1}"),
        "predicates": [wanted] if dice[0] < 180 else [],
        "role_predicates": [{"attribute": "role", "type": "role", "comparison": "eq",
                             "value": "user" if dice[1] < 180 else "lead"}],
        **_times(ws, "audiences", number),
    }  # fmt: skip


ATTRIBUTES: tuple[tuple[str, str], ...] = (
    ("Issue", "string"), ("Urgent", "boolean"), ("Effort", "decimal"), ("Severity ⚠️", "list"), ("Due", "datetime"),
    ("Orders", "relationship"), ("Receipts", "files"), ("Attempts", "integer"), ("Issue", "string"),
)  # fmt: skip
"""Names may repeat."""


def attribute_archived(number: int) -> bool:
    return number % len(ATTRIBUTES) == 7


def attribute(ws: World, number: int) -> Record:
    """`GET /conversations/attributes`: another shape than `/data_attributes` has."""
    kind = "conversation_attributes"
    dice = roll(ws.seed, kind, number)
    name, data_type = ATTRIBUTES[number % len(ATTRIBUTES)]
    record: Record = {
        "type": "conversation_attribute", "id": int(ws.collection(kind).id(number)), "name": name,
        "description": _named(ws, kind, number, "") if dice[0] < 128 else _named(ws, kind, number, "What it is about"),
        "data_type": data_type, "required": dice[1] < 60,
        "visible_to_team_ids": [ws.teams.id(0)] if ws.laid_out("teams") and (number == 0 or dice[2] < 60) else [],
        "archived": attribute_archived(number), **_times(ws, kind, number), "admin_id": str(ws.admin_number(dice[3])),
    }  # fmt: skip
    if data_type == "string":
        record["multiline"] = dice[4] < 60
    elif data_type == "list":
        record["options"] = [{"id": str(uuid.UUID(int=(number << 64) + at, version=4)), "label": label,
                              "archived": at == 2} for at, label in enumerate(("Low", "High", "Old"))]  # fmt: skip
    elif data_type == "relationship":
        record["reference"] = {"type": "many", "object_type_id": (ws.settings.custom_object_types or ["Order"])[0]}
    return record
