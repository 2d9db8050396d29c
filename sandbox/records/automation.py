"""Macros, data connectors with their runs, and custom objects."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll, wide
from ..times import iso
from ..world import World
from .words import SENTENCES, SUBJECTS

METHODS = ("get", "post", "put", "delete", "patch")


def macro(ws: World, number: int) -> Record:
    """A macro: its times are text, and its body may be null."""
    macros, teams = ws.collection("macros"), ws.laid_out("teams")
    dice, version = roll(ws.seed, "macros", number), macros.version(number)
    said = SENTENCES[dice[0] % len(SENTENCES)]
    some, blank = bool(teams) and dice[1] < 80, dice[2] < 16
    return {
        "type": "macro",
        "id": macros.id(number),
        "name": f"{SUBJECTS[dice[3] % len(SUBJECTS)]} {number}" + (f" (rev {version})" if version else ""),
        "body": None if blank else f'<p>Hi <attribute key="user.name" default="there"/>, {said}</p>',
        "body_text": None if blank else f'Hi {{{{user.name|fallback:"there"}}}}, {said}',
        "created_at": iso(macros.created[number], milliseconds=True),
        "updated_at": iso(macros.updated[number], milliseconds=True),
        "visible_to": "specific_teams" if some else "everyone",
        "visible_to_team_ids": [ws.teams.id(dice[4] % teams)] if some else [],
        "available_on": ["inbox", "messenger"] if dice[5] < 128 else ["inbox"],
    }


def connector(ws: World, number: int) -> Record:
    connectors = ws.collection("data_connectors")
    dice, version = roll(ws.seed, "data_connectors", number), connectors.version(number)
    name = connectors.id(number)
    return {
        "type": "data_connector",
        "id": name,
        "name": f"Order status {number}" + (f" (rev {version})" if version else ""),
        "description": SENTENCES[dice[0] % len(SENTENCES)] if dice[1] < 180 else None,
        "state": "live" if dice[2] < 180 else "draft",
        "http_method": METHODS[dice[3] % len(METHODS)],
        "direct_fin_usage": dice[4] < 60,
        "created_by_admin_id": str(ws.admin_number(dice[5])),
        "updated_by_admin_id": str(ws.admin_number(dice[6])),
        "created_at": iso(connectors.created[number]),
        "updated_at": iso(connectors.updated[number]),
        "execution_results_url": f"/data_connectors/{name}/execution_results",
    }


def connector_of(ws: World, number: int) -> int:
    """The data connector of a run."""
    dice = roll(ws.seed, "data_connector_execution_results", number)
    return wide(dice, 0) % max(1, ws.laid_out("data_connectors"))


def execution(ws: World, number: int) -> Record:
    """A run of a data connector; the keys of a failure are absent where there was none."""
    runs, connectors = ws.collection("data_connector_execution_results"), ws.collection("data_connectors")
    dice, conversations = roll(ws.seed, runs.kind, number), ws.laid_out("conversations")
    failed = dice[4] < 50
    record: Record = {
        "type": "data_connector.execution",
        "id": runs.id(number),
        "data_connector_id": connectors.ids.make(0, connector_of(ws, number)),
        "success": not failed,
        "http_status": (None if dice[5] < 128 else 500) if failed else 200,
        "http_method": "post",
        "created_at": iso(runs.created[number]),
        "source_type": "inbox" if dice[6] < 60 else "workflow",
    }
    if failed:
        record["error_type"], record["error_message"] = "3rd_party_error", "Connection refused"
    else:
        record["request_url"], record["execution_time_ms"] = "https://api.example.com/orders", 20 + dice[7] * 9
    if dice[6] >= 60:
        record["source_id"] = str(5_000 + dice[8])
    if conversations and dice[9] < 200:
        record["conversation_id"] = ws.conversations.id(wide(dice, 10) % conversations)
    return record


def execution_bodies(number: int) -> Record:
    """What `include_bodies=true` adds."""
    return {"request_body": f'{{"order": {number}}}', "response_body": '{"status": "ok"}',
            "raw_response_body": '{"status": "ok", "v": 1}'}  # fmt: skip


def type_of(ws: World, number: int) -> str:
    """The type of a custom object."""
    types = ws.settings.custom_object_types
    return types[number % len(types)]


def instance(ws: World, number: int) -> Record:
    instances = ws.collection("custom_object_instances")
    dice, version = roll(ws.seed, "custom_object_instances", number), instances.version(number)
    created = instances.created[number]
    outside = dice[0] < 128
    return {
        "id": instances.id(number),
        "type": type_of(ws, number),
        "custom_attributes": {"order_number": f"ORDER-{number}", "total": str(dice[1] * 10 + version)},
        "external_id": f"order_{number:05d}",
        "external_created_at": created - 600 if outside else None,
        "external_updated_at": created if outside else None,
        "created_at": created,
        "updated_at": instances.updated[number],
    }
