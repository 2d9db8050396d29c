"""News items and the newsfeeds they appear on."""

from __future__ import annotations

from collections.abc import Iterator

from ..collection import Record
from ..dice import roll
from ..world import World
from .contacts import some_of
from .words import SUBJECTS, text


def _live(dice: bytes) -> bool:
    return dice[0] < 180


def _feeds(ws: World, dice: bytes) -> list[int]:
    feeds = ws.collection("newsfeeds")
    return feeds.living(some_of(ws.laid_out("newsfeeds"), dice[1] % 3, dice, 2))


def item(ws: World, number: int) -> Record:
    items, feeds = ws.collection("news_items"), ws.collection("newsfeeds")
    dice, version = roll(ws.seed, "news_items", number), items.version(number)
    created = items.created[number]
    return {
        "id": items.id(number),
        "type": "news-item",
        "workspace_id": ws.app_id,
        "title": f"{SUBJECTS[dice[6] % len(SUBJECTS)]} is new" + (f" (rev {version})" if version else ""),
        "body": text(dice, 7),
        "sender_id": ws.admin_number(dice[11]),
        "state": "live" if _live(dice) else "draft",
        "labels": ["Product Update", None][: dice[12] % 3],
        "cover_image_url": f"https://static.example.com/news/{number}.png" if dice[13] < 60 else None,
        "reactions": ["👍", "🎉", None, None] if dice[14] < 128 else [None, None, None, None],
        "deliver_silently": dice[15] < 40,
        "created_at": created,
        "updated_at": items.updated[number],
        "newsfeed_assignments": [{"newsfeed_id": int(feeds.id(feed)), "published_at": created + 3_600}
                                 for feed in _feeds(ws, dice)],
    }  # fmt: skip


def feed(ws: World, number: int) -> Record:
    feeds = ws.collection("newsfeeds")
    version = feeds.version(number)
    return {
        "id": feeds.id(number),
        "type": "newsfeed",
        "name": f"Feed {number + 1}" + (f" (rev {version})" if version else ""),
        "created_at": feeds.created[number],
        "updated_at": feeds.updated[number],
    }


def live_numbers(ws: World, feed_number: int) -> Iterator[int]:
    """Items that are live on a feed, newest first."""
    for number in reversed(list(ws.collection("news_items"))):
        dice = roll(ws.seed, "news_items", number)
        if _live(dice) and feed_number in _feeds(ws, dice):
            yield number
