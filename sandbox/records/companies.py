"""Companies, with keys that are absent rather than null and `plan: {}`."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll
from ..world import World
from .contacts import some_of
from .words import COMPANY_ENDS, COMPANY_WORDS, INDUSTRIES, ODD_NAMES, PLANS


def segment_numbers(ws: World, number: int) -> list[int]:
    dice = roll(ws.seed, "company-links", number)
    return ws.segments.living(some_of(ws.laid_out("segments"), dice[0] % 4, dice, 1))


def has_users(ws: World, number: int) -> bool:
    """Companies without users are missing from `/companies/list`, but not from the scroll."""
    return roll(ws.seed, "companies", number)[0] >= 20


def build(ws: World, number: int) -> Record:
    """One company as the scroll, the list and `GET /companies/{id}` show it."""
    companies = ws.companies
    dice = roll(ws.seed, "companies", number)
    created, updated, version = companies.created[number], companies.updated[number], companies.version(number)
    plan = dice[1] % (len(PLANS) + 1)
    links = roll(ws.seed, "company-links", number)
    tags = ws.tags.living(some_of(ws.laid_out("tags"), links[6] % 3, links, 7))
    record: Record = {
        "type": "company",
        "company_id": f"acct-{number}" if dice[2] < 200 else str(1_000 + number),
        "id": companies.id(number),
        "app_id": ws.app_id,
        "name": _name(dice, number),
        "created_at": created,
        "updated_at": updated,
        "monthly_spend": dice[3] * 10 if dice[4] < 150 else 0,
        "session_count": dice[5] + version,
        "user_count": 1 + dice[6] % 60 if has_users(ws, number) else 0,
        "tags": {"type": "tag.list", "tags": [
            {"type": "tag", "id": ws.tags.id(n), "name": ws.tags.body(n)["name"]} for n in tags]},
        "segments": {"type": "segment.list", "segments": [
            ws.segments.body(n) for n in segment_numbers(ws, number)]},
        "plan": {"type": "plan", "id": str(plan), "name": PLANS[plan - 1]} if plan else {},
        "custom_attributes": _custom(dice),
    }  # fmt: skip
    if dice[7] < 180:
        record["remote_created_at"] = created - 86_400
    if dice[8] < 190:
        record["last_request_at"] = created + (updated - created) // 2
    if dice[9] < 120:
        record["size"] = 1 + dice[10] * 3
    if dice[11] < 140:
        record["website"] = f"https://company{number}.example.com"
    if dice[12] < 140:
        record["industry"] = INDUSTRIES[dice[13] % len(INDUSTRIES)]
    return record


def _name(dice: bytes, number: int) -> str:
    if dice[14] < 10:
        return f"{ODD_NAMES[dice[15] % len(ODD_NAMES)]} {number}"
    word, end = COMPANY_WORDS[dice[15] % len(COMPANY_WORDS)], COMPANY_ENDS[dice[16] % len(COMPANY_ENDS)]
    return f"{word} {end}"


def _custom(dice: bytes) -> Record:
    values: Record = {}
    if dice[17] < 120:
        values["tier"] = "gold" if dice[18] < 60 else "silver"
    if dice[17] < 60:
        values["seats"] = dice[19]
        values["trial"] = dice[20] < 128
    return values
