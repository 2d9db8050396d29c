"""Datasets of the reporting export: which attributes they have, and their rows.

A row is told by the full names of its attributes, times in Unix seconds. What its file makes of it is the endpoint's
business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..collection import Record
from ..dice import roll, wide
from ..times import spread
from ..world import World
from . import conversations
from .small import admin_name

HOUR = 3_600
FIRST_SILENT = 314_000_000_000
"""Ids of the conversations that nobody answered, which no other endpoint knows."""
CHANNELS = ("Chat", "Email", "WhatsApp", "Phone call")
PERIODS = 12


@dataclass(frozen=True)
class Dataset:
    """A dataset: its title, what it says of itself, the attribute that its exports are cut by, and its rows.

    `attributes` are full names, each with its title.
    """

    title: str
    description: str
    time: str
    attributes: dict[str, str]
    rows: Callable[[World, bool], Iterator[Record]]


def silent_times(ws: World) -> list[int]:
    """When each conversation was started that nobody answered, oldest first."""
    created, _ = spread("silent_conversations", ws.settings.silent_conversations, ws.settings, ws.laid_out_at)
    return list(created)


def _conversations(ws: World, with_silent: bool) -> Iterator[Record]:
    for number in list(ws.conversations):
        yield _conversation(ws, number)
    if with_silent:
        for number, second in enumerate(silent_times(ws)):
            yield {
                "standard.conversation_id": str(FIRST_SILENT + number),
                "timestamp.conversation_started_at": second,
                "standard.channel": CHANNELS[number % 2],
                "standard.current_conversation_state": "Open",
                "standard.conversation_started_by": "Teammate",
                "standard.teammate_replies_count": 0,
                "people.Brand": "Acme",
            }


def _conversation(ws: World, number: int) -> Record:
    record: dict[str, Any] = ws.conversations.body(number)
    dice = roll(ws.seed, "report-conversation", number)
    teams, is_rated = ws.laid_out("teams"), record["conversation_rating"] is not None
    closed = record["created_at"] + HOUR * (1 + dice[0]) if record["state"] == "closed" else None
    return {
        "standard.conversation_id": record["id"],
        "timestamp.conversation_started_at": record["created_at"],
        "timestamp.conversation_first_closed_at": closed,
        "standard.channel": CHANNELS[dice[1] % len(CHANNELS)],
        "standard.current_conversation_state": record["state"].capitalize(),
        "standard.conversation_started_by": "Customer",
        "standard.teammate_replies_count": conversations.part_count(ws, number),
        "team.currently_assigned_team_id": f"Team {dice[2] % teams}" if teams and dice[3] < 128 else "Unassigned",
        "teammate.currently_assigned_teammate_id": admin_name(ws, dice[4] % max(1, ws.laid_out("admins"))),
        "duration.first_response_time_excluding_bot_inbox": 30 + dice[5] * 7 if dice[6] < 200 else None,
        "standard.last_teammate_rating": record["conversation_rating"]["rating"] if is_rated else None,
        "people.user_email": record["source"]["author"]["email"],
        "people.Brand": "Acme" if dice[7] < 200 else None,
        "conversation.Brand": "Acme Europe" if dice[8] < 100 else None,
        "people.language": "fr" if dice[9] < 60 else "en",
        "conversation.Language": "French" if dice[9] < 60 else "English",
        "conversation.Escalation reason, if any:": 'Needs "more",\nsoon' if dice[10] < 40 else None,
    }


def _actions(ws: World, _: bool) -> Iterator[Record]:
    for number in list(ws.conversations):
        dice = roll(ws.seed, "report-conversation", number)
        for part in conversations.parts(ws, number):
            yield {
                "standard.action_id": part["id"],
                "timestamp.action_time": part["created_at"],
                "standard.action_type": str(part["part_type"]).replace("_", " ").capitalize(),
                "standard.conversation_id": ws.conversations.id(number),
                "standard.channel": CHANNELS[dice[1] % len(CHANNELS)],
                "teammate.action_performed_by_teammate_id": admin_name(ws, dice[4] % max(1, ws.laid_out("admins"))),
            }


def _periods(ws: World, _: bool) -> Iterator[Record]:
    """Nothing names such a row. Now and then two start in one second, also of one teammate."""
    span = (ws.laid_out_at - ws.began) // PERIODS
    for admin in range(ws.laid_out("admins")):
        for at in range(PERIODS):
            dice = roll(ws.seed, "status-period", admin * PERIODS + at)
            begin = ws.began + at * span + (wide(dice, 0) % span if dice[8] < 150 else span // 2)
            for copy in range(2 if dice[9] < 40 else 1):
                yield {
                    "timestamp.teammate_status_period_started_at": begin,
                    "timestamp.teammate_status_period_ended_at": begin + HOUR + dice[10] if at < PERIODS - 1 else None,
                    "teammate.teammate_status_id": admin_name(ws, admin),
                    "standard.teammate_status": ("Active", "Away")[copy],
                    "standard.teammate_away_reason": "Lunch" if copy else None,
                }


DATASETS = {
    "conversation": Dataset(
        "Conversation",
        "Conversation-level details: status, channel, assignee.",
        "conversation_started_at",
        {
            "standard.conversation_id": "Conversation ID",
            "timestamp.conversation_started_at": "Conversation started at",
            "timestamp.conversation_first_closed_at": "Conversation first closed at",
            "standard.channel": "Channel",
            "standard.current_conversation_state": "Current conversation state",
            "standard.conversation_started_by": "Conversation started by",
            "standard.teammate_replies_count": "Teammate replies",
            "team.currently_assigned_team_id": "Team currently assigned",
            "teammate.currently_assigned_teammate_id": "Teammate currently assigned",
            "duration.first_response_time_excluding_bot_inbox": "First response time, excluding bot inbox",
            "standard.last_teammate_rating": "Last teammate rating",
            "people.user_email": "Email",
            "people.Brand": "Brand (people)",
            "conversation.Brand": "Brand (conversation)",
            "people.language": "Browser language",
            "conversation.Language": "Language",
            "conversation.Escalation reason, if any:": "Escalation reason, if any:",
        },
        _conversations,
    ),
    "consolidated_conversation_part": Dataset(
        "Conversation actions",
        "What people and bots did in conversations.",
        "action_time",
        {
            "standard.action_id": "Action ID",
            "timestamp.action_time": "Action time",
            "standard.action_type": "Action type",
            "standard.conversation_id": "Conversation ID",
            "standard.channel": "Channel",
            "teammate.action_performed_by_teammate_id": "Action performed by",
        },
        _actions,
    ),
    "admin_status_change": Dataset(
        "Teammate status period",
        "When teammates were active and away.",
        "timestamp.teammate_status_period_started_at",
        {
            "timestamp.teammate_status_period_started_at": "Teammate status period started at",
            "timestamp.teammate_status_period_ended_at": "Teammate status period ended at",
            "teammate.teammate_status_id": "Teammate",
            "standard.teammate_status": "Teammate status",
            "standard.teammate_away_reason": "Teammate away reason",
        },
        _periods,
    ),
}


def short(name: str) -> str:
    """The part of a full name behind its first dot."""
    return name.partition(".")[2]


def time_of(name: str) -> str:
    """The full name of the attribute that a dataset's exports are cut by."""
    dataset = DATASETS[name]
    return next(one for one in dataset.attributes if dataset.time in (one, short(one)))


def report(ws: World, name: str) -> Iterator[Record]:
    """All rows of a dataset that Intercom can still export, with all their attributes that have a value."""
    time, now = time_of(name), ws.clock()
    for row in DATASETS[name].rows(ws, True):
        moment = row[time]
        assert isinstance(moment, int)
        if moment <= now:
            yield {one: value for one, value in row.items() if value is not None}
