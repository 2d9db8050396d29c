"""The small tables of a workspace: admins, teams, tags, segments."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll
from ..world import World
from .words import FIRST_NAMES, LAST_NAMES, TAG_NAMES


def admin_name(ws: World, number: int) -> str:
    dice = roll(ws.seed, "admins", number)
    return f"{FIRST_NAMES[dice[0] % len(FIRST_NAMES)]} {LAST_NAMES[dice[1] % len(LAST_NAMES)]}"


def team_members(ws: World, team: int) -> list[int]:
    """Admins of a team, by number; an admin may be in several teams or in none."""
    admins = ws.laid_out("admins")
    return [n for n in range(admins) if ws.admins.alive(n) and roll(ws.seed, f"team-{team}", n)[0] < 110]


def admin(ws: World, number: int) -> Record:
    """An admin as `GET /admins` lists it: empty values are left out, not null."""
    dice = roll(ws.seed, "admins", number)
    version = ws.admins.version(number)
    teams = [
        int(ws.teams.id(t)) for t in ws.teams.living(list(range(ws.laid_out("teams")))) if number in team_members(ws, t)
    ]
    record: Record = {
        "type": "admin",
        "id": ws.admins.id(number),
        "name": admin_name(ws, number),
        "email": f"admin{number}@example.com",
        "away_mode_enabled": (dice[2] < 60) != bool(version % 2),
        "away_mode_reassign": dice[3] < 30,
        "has_inbox_seat": dice[4] < 220,
        "team_ids": teams,
    }
    if dice[5] < 120:
        record["job_title"] = "Support Engineer"
    if dice[6] < 60:
        record["away_status_reason_id"] = 1 + dice[7] % 5
    if dice[8] < 80:
        record["team_priority_level"] = {
            "primary_team_ids": teams[:1],
            "secondary_team_ids": teams[1:],
        }
    return record


def team(ws: World, number: int) -> Record:
    dice = roll(ws.seed, "teams", number)
    version = ws.teams.version(number)
    members = [int(ws.admins.id(n)) for n in team_members(ws, number)]
    record: Record = {
        "type": "team",
        "id": ws.teams.id(number),
        "name": f"Team {number + 1}" + (f" (rev {version})" if version else ""),
        "admin_ids": members,
        "distribution_method": "load_balanced" if dice[0] < 100 else "manual",
    }
    if dice[0] < 100:
        record["assignment_limit"] = 5 + dice[1] % 20
        record["admin_priority_level"] = {"primary_admin_ids": members[:1], "secondary_admin_ids": members[1:]}
    return record


def team_metrics(ws: World, team: int) -> list[Record]:
    """How many conversations each admin of a team has at the moment."""
    found: list[Record] = []
    for number in team_members(ws, team):
        dice = roll(ws.seed, "team_metrics", number)
        found.append({
            "type": "team_metric", "admin_id": ws.admins.id(number),
            "open": dice[0] % 20, "idle": dice[1] % (dice[0] % 20 + 1), "snoozed": dice[2] % 8,
        })  # fmt: skip
    return found


def tag(ws: World, number: int) -> Record:
    version = ws.tags.version(number)
    name = f"{TAG_NAMES[number % len(TAG_NAMES)]} {number // len(TAG_NAMES)}"
    return {"type": "tag", "id": ws.tags.id(number), "name": name + (f" (rev {version})" if version else "")}


def segment(ws: World, number: int) -> Record:
    version = ws.segments.version(number)
    return {
        "type": "segment",
        "id": ws.segments.id(number),
        "name": f"Segment {number + 1}" + (f" (rev {version})" if version else ""),
        "created_at": ws.segments.created[number],
        "updated_at": ws.segments.updated[number],
        "person_type": "user" if number % 3 else "contact",
    }


def counted_segment(ws: World, number: int) -> Record:
    """A segment with `include_count=true`."""
    return {**segment(ws, number), "count": ws.membership.of_segment(number)}


def me(ws: World) -> Record:
    """`GET /me`: the admin who owns the token, and the workspace with its time zone."""
    return {
        "type": "admin",
        "id": str(ws.admin_number(0)),
        "email": "admin0@example.com",
        "name": admin_name(ws, 0),
        "email_verified": True,
        "app": {
            "type": "app",
            "id_code": ws.app_id,
            "name": "Sandbox",
            "created_at": ws.began - 10 * 86_400,
            "secure": False,
            "identity_verification": False,
            "timezone": ws.settings.timezone,
            "region": ws.settings.region,
        },
        "avatar": {"type": "avatar", "image_url": None},
        "has_inbox_seat": True,
    }
