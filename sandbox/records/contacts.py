"""Contacts: users and leads, with the nested lists that stop at ten."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll, wide
from ..world import World
from . import notes as notes_of
from . import subscriptions
from .words import BROWSERS, CITIES, PLANS, SYSTEMS, person

NESTED_CAP = 10
"""How many entries a nested list of a contact shows."""

DAY = 86_400
FIRST_EXTERNAL_ID = 70_000


def some_of(total: int, count: int, dice: bytes, at: int) -> list[int]:
    """`count` different numbers below `total`, in the order in which they were attached."""
    if total == 0 or count == 0:
        return []
    first = wide(dice, at) % total
    return [(first + step) % total for step in range(min(count, total))]


def links(ws: World, number: int) -> bytes:
    """The dice that decide what a contact is attached to; the functions below read them."""
    return roll(ws.seed, "contact-links", number)


def tag_numbers(ws: World, number: int) -> list[int]:
    """All tags of a contact, not only the ten that its record shows."""
    dice = links(ws, number)
    count = dice[0] % (ws.settings.max_tags + 1) if dice[1] < 90 else dice[0] % 3
    return ws.tags.living(ws.relinked("contact_tags", number, some_of(ws.laid_out("tags"), count, dice, 4)))


def company_numbers(ws: World, number: int) -> list[int]:
    return ws.companies.living(ws.relinked("contact_companies", number, all_company_numbers(ws, links(ws, number))))


def all_company_numbers(ws: World, dice: bytes) -> list[int]:
    """Companies a contact was given at first, also those deleted since."""
    count = dice[2] % 14 if dice[3] < 20 else dice[2] % 2
    return some_of(ws.laid_out("companies"), count, dice, 8)


def segment_numbers(ws: World, number: int) -> list[int]:
    return ws.segments.living(all_segment_numbers(ws, links(ws, number)))


def all_segment_numbers(ws: World, dice: bytes) -> list[int]:
    return some_of(ws.laid_out("segments"), dice[12] % 4, dice, 13)


def is_user(ws: World, number: int) -> bool:
    """Users have an id of the customer's own, leads have not."""
    return roll(ws.seed, "contacts", number)[0] < 190


def tags(ws: World, number: int) -> list[Record]:
    """`GET /contacts/{id}/tags`: all of them, with when and by whom they were put on."""
    contacts, dice = ws.contacts, links(ws, number)
    created, last = contacts.created[number], contacts.history(number).first_updated
    return [{**ws.tags.body(tag),
             "applied_at": ws.linked_at("contact_tags", number, tag) or min(last, created + 60 * (at + 1)),
             "applied_by": {"type": "admin", "id": str(ws.admin_number(dice[24] + at))}}
            for at, tag in enumerate(tag_numbers(ws, number))]  # fmt: skip


def addressable(kind: str, ids: list[str], contact: str, path: str) -> Record:
    """A nested list: at most ten entries, the true number, and where the rest is."""
    shown = ids[:NESTED_CAP]
    return {
        "type": "list",
        "data": [{"type": kind, "id": one, "url": f"/{path}/{one}"} for one in shown],
        "url": f"/contacts/{contact}/{path}",
        "total_count": len(ids),
        "has_more": len(ids) > len(shown),
    }


def build(ws: World, number: int) -> Record:
    """One contact as `POST /contacts/search` and `GET /contacts/{id}` show it."""
    contacts = ws.contacts
    name = contacts.id(number)
    created, updated, version = contacts.created[number], contacts.updated[number], contacts.version(number)
    dice = roll(ws.seed, "contacts", number)
    user = dice[0] < 190
    known = dice[1] < 230
    phone_user = dice[2] < 30
    city, region, country, country_code, continent = CITIES[dice[3] % len(CITIES)]
    email = f"person{number}@example{dice[4] % 40}.com" if known else ""
    seen = created + (updated - created) // 2
    tags = [ws.tags.id(n) for n in tag_numbers(ws, number)]
    companies = [ws.companies.id(n) for n in company_numbers(ws, number)]
    notes = [notes_of.note_id("contacts", number, at) for at in notes_of.places(ws, "contacts", number)]
    types = ws.collection("subscription_types")
    opted_out, opted_in = ([types.id(n) for n in numbers] for numbers in subscriptions.chosen(ws, number))
    return {
        "type": "contact",
        "id": name,
        "workspace_id": ws.app_id,
        "external_id": str(FIRST_EXTERNAL_ID + number) if user else None,
        "role": "user" if user else "lead",
        "email": email,
        "email_domain": email.partition("@")[2],
        "phone": f"+35312{dice[5]:03d}{dice[6]:03d}" if dice[7] < 90 else None,
        "name": person(dice, 8) if known else None,
        "avatar": {
            "type": "avatar", "image_url": f"https://static.example.com/a/{number}.png",
        } if dice[11] < 60 else None,
        "owner_id": ws.admin_number(dice[12]) if dice[13] < 120 else None,
        "social_profiles": {"type": "list", "data": _profiles(dice, number)},
        "has_hard_bounced": dice[14] < 6,
        "marked_email_as_spam": dice[15] < 4,
        "unsubscribed_from_emails": dice[16] < 40,
        "created_at": created,
        "updated_at": updated,
        "signed_up_at": created - 60 if user else None,
        "last_seen_at": seen if dice[17] < 200 else None,
        "last_replied_at": seen + 30 if dice[18] < 100 else None,
        "last_contacted_at": updated if version or dice[19] < 120 else None,
        "last_email_opened_at": seen if dice[20] < 50 else None,
        "last_email_clicked_at": seen if dice[21] < 20 else None,
        "language_override": "de" if dice[22] < 10 else None,
        "browser": BROWSERS[dice[23] % 4] if user else None,
        "browser_version": f"{90 + dice[24] % 40}.0.0" if user else None,
        "browser_language": "en" if user else None,
        "os": SYSTEMS[dice[25] % 4] if user else None,
        "location": {
            "type": "location", "country": country, "region": region, "city": city,
            "country_code": country_code, "continent_code": continent,
        } if dice[26] < 180 else {
            "type": "location", "country": None, "region": None, "city": None,
            "country_code": None, "continent_code": None,
        },
        "android_app_name": None,
        "android_app_version": None,
        "android_device": None,
        "android_os_version": None,
        "android_sdk_version": None,
        "android_last_seen_at": None,
        "ios_app_name": "Pocket" if phone_user else None,
        "ios_app_version": "4.2.1" if phone_user else None,
        "ios_device": "iPhone15,3" if phone_user else None,
        "ios_os_version": "17.5" if phone_user else None,
        "ios_sdk_version": "16.0.0" if phone_user else None,
        "ios_last_seen_at": seen if phone_user else None,
        "custom_attributes": _custom(dice, created, version),
        "tags": addressable("tag", tags, name, "tags"),
        "notes": addressable("note", notes, name, "notes"),
        "companies": addressable("company", companies, name, "companies"),
        "opted_out_subscription_types": addressable(
            "subscription", opted_out, name, "subscriptions"),
        "opted_in_subscription_types": addressable(
            "subscription", opted_in, name, "subscriptions"),
        "utm_campaign": None,
        "utm_content": None,
        "utm_medium": "cpc" if dice[29] < 20 else None,
        "utm_source": "search" if dice[29] < 20 else None,
        "utm_term": None,
        "referrer": "https://example.com/?q=a&b=c" if dice[30] < 40 else None,
        "sms_consent": False,
        "unsubscribed_from_sms": False,
        "enabled_push_messaging": True if phone_user else None,
    }  # fmt: skip


def _profiles(dice: bytes, number: int) -> list[Record]:
    if dice[31] >= 20:
        return []
    return [{"type": "social_profile", "name": "Twitter", "url": f"https://twitter.example.com/{number}"}]


def _custom(dice: bytes, created: int, version: int) -> Record:
    """Values of several types, some before 1970, and one that changes with each touch."""
    values: Record = {"logins": dice[32] + version}
    if dice[33] < 160:
        values["plan"] = PLANS[dice[34] % 4]
    if dice[33] < 120:
        values["paid subscriber"] = dice[35] < 128
    if dice[33] < 80:
        values["score"] = dice[36] / 8
    if dice[33] < 60:
        values["birthday_at"] = (dice[37] - 160) * 100 * DAY
    if dice[33] < 30:
        values["renewal_at"] = created + dice[38] * DAY
    if dice[33] < 10:
        values["nickname"] = None
    return values
