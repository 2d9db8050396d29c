"""Subscription types, and what contacts chose about them (notes §1a, §7.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..collection import Record
from ..dice import roll

if TYPE_CHECKING:
    from ..workspace import Workspace

TOPICS = ("Announcements", "Newsletter ✉️", "Product tips", "Billing", "Events & webinars")


def kind(ws: Workspace, number: int) -> Record:
    """A subscription type; even ones are opted out of, odd ones opted in to."""
    dice = roll(ws.seed, "subscription_types", number)
    version = ws.collection("subscription_types").version(number)
    default = {
        "name": f"{TOPICS[number % len(TOPICS)]} {number}" + (f" (rev {version})" if version else ""),
        "description": "What we have to say about it", "locale": "en",
    }  # fmt: skip
    return {
        "type": "subscription",
        "id": ws.collection("subscription_types").id(number),
        "state": "live" if dice[0] < 200 else "draft" if dice[0] < 220 else "archived",
        "default_translation": default,
        "translations": [default, {**default, "name": "Neuigkeiten", "locale": "de"}] if dice[1] < 80 else [default],
        "consent_type": "opt_in" if number % 2 else "opt_out",
        "content_types": ["email", "sms_message"] if dice[2] < 60 else ["email"],
    }


def chosen(ws: Workspace, dice: bytes) -> tuple[list[int], list[int]]:
    """Types a contact has opted out of, and opted in to, by the dice of its links. Most have chosen nothing."""
    if min(dice[20], dice[21]) >= 40:
        return [], []
    found: list[list[int]] = []
    for consent in (0, 1):
        offered = range(consent, ws.laid_out("subscription_types"), 2)
        share, chance = dice[20 + consent], dice[22 + consent]
        wanted = 1 + chance % 16 if share < 8 else 1 + chance % 2 if share < 40 else 0
        found.append(ws.collection("subscription_types").living(list(offered)[:wanted]))
    return found[0], found[1]


def subscriptions(ws: Workspace, dice: bytes) -> list[Record]:
    """`GET /contacts/{id}/subscriptions`: both lists in one, whole."""
    out, into = chosen(ws, dice)
    return [kind(ws, number) for number in sorted([*out, *into])]
