"""Subscription types, and what contacts chose about them."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll
from ..world import World

TOPICS = ("Announcements", "Newsletter ✉️", "Product tips", "Billing", "Events & webinars")


def kind(ws: World, number: int) -> Record:
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


def chosen(ws: World, contact: int) -> tuple[list[int], list[int]]:
    """Types a contact has opted out of, and opted in to. Most have chosen nothing."""
    held = numbers(ws, contact)
    return [number for number in held if not number % 2], [number for number in held if number % 2]


def numbers(ws: World, contact: int) -> list[int]:
    """Types a contact has chosen anything about."""
    return ws.collection("subscription_types").living(
        ws.relinked("contact_subscriptions", contact, _first(ws, contact))
    )


def _first(ws: World, contact: int) -> list[int]:
    dice = roll(ws.seed, "contact-links", contact)
    if min(dice[20], dice[21]) >= 40:
        return []
    found: list[int] = []
    for consent in (0, 1):
        offered = range(consent, ws.laid_out("subscription_types"), 2)
        share, chance = dice[20 + consent], dice[22 + consent]
        wanted = 1 + chance % 16 if share < 8 else 1 + chance % 2 if share < 40 else 0
        found += list(offered)[:wanted]
    return found


def subscriptions(ws: World, contact: int) -> list[Record]:
    """`GET /contacts/{id}/subscriptions`: both lists in one, whole."""
    return [kind(ws, number) for number in sorted(numbers(ws, contact))]
