"""Messages sent to contacts: a receipt for each, and what its receiver did with it, as the content export tells it."""

from __future__ import annotations

from collections.abc import Iterator

from ..collection import Record
from ..dice import roll, wide
from ..world import World

HOUR = 3_600
DAY = 86_400
TYPES = ("Email", "Chat", "Post", "Survey", "Tour")
TITLES = ("Welcome aboard", 'Your "free" trial, and what then', "Nouveautés 📣", "How was it?\nTell us", "A tour")
RULESETS = 15
STATISTICS = {
    # The file of a statistic: its column of times, and how likely each of its delays is, of 256.
    "open": ("opened_at", ((7 * 60, 150), (10 * DAY, 60), (21 * DAY + HOUR, 25))),
    "click": ("clicked_at", ((9 * 60, 70), (9 * 60 + 4, 30), (10 * DAY + 60, 30))),
    "reply": ("replied_at", ((2 * HOUR, 40), (3 * DAY, 15))),
    "completion": ("completed_at", ((HOUR, 50),)),
    "goal_success": ("succeeded_at", ((5 * DAY, 35),)),
    "dismissal": ("dismissed_at", ((60, 45),)),
    "unsubscribe": ("unsubscribed_at", ((8 * 60, 20),)),
    "hard_bounce": ("bounced_at", ((30, 15),)),
    "answer": ("answered_at", ((HOUR - 60, 50),)),
    "reaction": ("reacted_at", ((11 * 60, 40), (12 * DAY, 20))),
}
"""Only `clicked_at` is documented; the other columns of times are called as one would expect, or nearly."""
QUESTIONS = (("401", "How likely are you to recommend us?", "8"), ("402", "Why, in your words?", "It's fine, mostly"))
COLUMNS = (
    "user_id", "user_external_id", "company_id", "email", "name", "ruleset_id", "content_id", "content_type",
    "content_title", "ruleset_version_id", "receipt_id", "received_at", "series_id", "series_title", "node_id",
    *(f"first_{kind}" for kind in STATISTICS), "sent_by_robot",
)  # fmt: skip
"""Of the file of receipts; the last is in no description."""


def receipt_id(ws: World, number: int) -> str:
    return ws.collection("message_receipts").id(number)


def received_at(ws: World, number: int) -> int:
    return ws.collection("message_receipts").created[number]


def times(ws: World, kind: str, number: int, until: int) -> list[int]:
    """When a statistic was recorded for a receipt, oldest first, up to a moment."""
    dice, sent = roll(ws.seed, f"message-{kind}", number), received_at(ws, number)
    # A second that differs from receipt to receipt, lest all of a bulk share one.
    drawn = [
        sent + delay + dice[40] % 50 for at, (delay, chance) in enumerate(STATISTICS[kind][1]) if dice[at] < chance
    ]
    return [moment for moment in drawn if moment <= until]


def receipt(ws: World, number: int) -> Record:
    """A receipt with all that has happened by now."""
    now = ws.clock()
    return with_firsts(ws, number, {kind: times(ws, kind, number, now) for kind in STATISTICS})


def with_firsts(ws: World, number: int, happened: dict[str, list[int]]) -> Record:
    """A receipt that tells of each statistic the first time; what it does not have is left out."""
    dice = roll(ws.seed, "message_receipts", number)
    total = ws.laid_out("contacts")
    contact = wide(dice, 0) % total if total else 0
    ruleset = dice[4] % RULESETS
    in_series = ruleset % 4 == 0
    record: Record = {
        "user_id": ws.contacts.ids.make(ws.contacts.created[contact], contact) if total else "0",
        "user_external_id": f"ext-{contact}" if dice[5] < 200 else None,
        "company_id": str(6_000 + dice[6]) if dice[7] < 128 else "-1",
        "email": f"contact{contact}@example.com",
        "name": f"Contact {contact}",
        "ruleset_id": str(28_000_000 + ruleset),
        "content_id": str(41_000_000 + 2 * ruleset + dice[8] % 2),
        "content_type": TYPES[ruleset % len(TYPES)],
        "content_title": TITLES[ruleset % len(TITLES)],
        "ruleset_version_id": str(52_000_000 + ruleset),
        "receipt_id": receipt_id(ws, number),
        "received_at": received_at(ws, number),
        "series_id": str(700 + ruleset) if in_series else "-1",
        "series_title": f"Series {ruleset}" if in_series else None,
        "node_id": str(9_000 + ruleset) if in_series else None,
        **{f"first_{kind}": min(moments) for kind, moments in happened.items() if moments},
        "sent_by_robot": "true" if dice[9] < 200 else "false",
    }
    return {name: value for name, value in record.items() if value is not None}


def rows(ws: World, kind: str, number: int, moments: list[int]) -> Iterator[Record]:
    """What the file of a statistic tells of a receipt."""
    column = STATISTICS[kind][0]
    for moment in moments:
        row: Record = {"receipt_id": receipt_id(ws, number), column: moment}
        if kind == "answer":
            for question_id, question, response in QUESTIONS:
                yield {**row, "question_id": question_id, "question": question, "response": response}
        elif kind == "reaction":
            yield {**row, "reaction": "👍"}
        else:
            yield row


def statistic(ws: World, kind: str) -> Iterator[Record]:
    """All rows of a statistic by now, with the time by the name that the stream has for it.

    What no description knows, the connector passes on as it is: how that looks is left open here.
    """
    now, column = ws.clock(), STATISTICS[kind][0]
    for number in list(ws.collection("message_receipts")):
        for row in rows(ws, kind, number, times(ws, kind, number, now)):
            known = {name: value for name, value in row.items() if name == "clicked_at" or name != column}
            yield {**known, "occurred_at": row[column]}


def reactions(ws: World) -> Iterator[Record]:
    """The only statistic here that has no stream of its own."""
    return ({**row, "statistic": "reaction"} for row in statistic(ws, "reaction"))
