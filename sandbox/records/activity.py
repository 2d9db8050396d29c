"""Activity logs: what admins did, with `metadata` of many shapes (notes §6, §7.17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..collection import Record
from ..dice import roll
from .small import admin_name

if TYPE_CHECKING:
    from ..workspace import Workspace

SHAPES: tuple[tuple[str, Record], ...] = (
    ("admin_login_success", {"sign_in_method": "email_password"}),
    ("admin_away_mode_change", {"away_mode": True, "away_status_reason": "Lunch", "reassign_conversations": False}),
    ("app_name_change", {"before": "before", "after": "after"}),
    ("message_state_change", {"message": {"id": 123, "title": "Hello"}, "before": "draft", "after": "live"}),
    ("admin_logout", {}),
    ("team_assignment_limit_change", {"team": {"id": 814860, "name": "Team 1"}, "team_assignment_limit": 20}),
    ("bulk_export", {"external_id": "9f2c"}),
    ("admin_conversation_assignment_limit_change", {"conversation_assignment_limit": 15}),
    ("admin_ticket_assignment_limit_change", {"ticket_assignment_limit": 4}),
    ("admin_occupancy_state_change", {
        "source": "admin update from web", "auto_changed": "false", "update_by": 93, "update_by_name": "Ada",
        "previous_state": "available", "new_state": "at capacity"}),
    ("automatic_away_mode_setting_change", {
        "threshold_minutes": 20, "last_activity_at": 1_700_000_000, "auto": True, "mode": "auto"}),
    ("office_hours_change", {"setting_type": "hours", "changes": {"timezone": {"before": "UTC", "after": "CET"}}}),
    ("admin_impersonation_consent_approved", {"consent_id": 7, "expired_at": "2025-12-04T09:31:57Z"}),
    ("temporary_expectation_change", {"enabled": False}),
)  # fmt: skip
"""Types of activity, each with the metadata it brings."""


def build(ws: Workspace, number: int) -> Record:
    """One entry of `GET /admins/activity_logs`."""
    dice = roll(ws.seed, "activity_logs", number)
    kind, metadata = SHAPES[dice[0] % len(SHAPES)]
    who = dice[1] % max(1, ws.laid_out("admins"))
    return {
        "id": ws.activity_logs.id(number),
        "performed_by": {
            "type": "admin",
            "id": str(ws.admin_number(who)),
            "email": f"admin{who}@example.com",
            "ip": f"10.0.{dice[2]}.{dice[3]}",
        },
        "metadata": dict(metadata) if dice[4] < 245 else None,
        "created_at": ws.activity_logs.created[number],
        "activity_type": kind,
        "activity_description": f"{admin_name(ws, who)} did something: {kind.replace('_', ' ')}.",
    }
