"""The help center: articles, collections, the centers themselves and their redirects."""

from __future__ import annotations

from ..collection import Record
from ..dice import roll, wide
from ..world import World
from .words import SENTENCES, SUBJECTS, text

LOCALES = ("en", "de", "pt-BR", "id")
"""`id` is Indonesian, and so a key of `translated_content`."""


def _title(ws: World, kind: str, number: int) -> str:
    version = ws.collection(kind).version(number)
    return f"{SUBJECTS[number % len(SUBJECTS)]} {number}" + (f" (rev {version})" if version else "")


def article(ws: World, number: int) -> Record:
    """An article as `GET /articles` lists it: without statistics."""
    articles, shelves = ws.collection("articles"), ws.laid_out("collections")
    dice = roll(ws.seed, "articles", number)
    title, body = _title(ws, "articles", number), text(dice, 0)
    author = ws.admin_number(dice[4])
    state = "published" if dice[5] < 200 else "draft"
    created, updated = articles.created[number], articles.updated[number]
    parent = int(ws.collection("collections").id(wide(dice, 6) % shelves)) if shelves and dice[10] < 220 else None
    tag = dice[11] % ws.laid_out("tags") if ws.laid_out("tags") and dice[12] < 50 else None
    record: Record = {
        "id": articles.id(number),
        "type": "article",
        "workspace_id": ws.app_id,
        "parent_id": parent,
        "parent_type": "collection" if parent else None,
        "parent_ids": [parent] if parent else [],
        "tags": {"type": "tag.list", "tags": [] if tag is None or not ws.tags.alive(tag) else [ws.tags.body(tag)]},
        "title": title,
        "description": SENTENCES[dice[13] % len(SENTENCES)] if dice[14] < 150 else None,
        "body": body if dice[15] < 240 else None,
        "author_id": author,
        "state": state,
        "created_at": created,
        "updated_at": updated,
        "url": f"https://help.example.com/en/articles/{articles.id(number)}" if state == "published" else None,
    }
    if dice[16] < 60:
        record["default_locale"] = "en"
        record["translated_content"] = {"type": "article_translated_content", **{
            locale: {"type": "article_content", "title": f"{title} [{locale}]", "description": "", "body": body,
                     "author_id": author, "state": state, "created_at": created, "updated_at": updated,
                     "url": f"https://help.example.com/{locale}/articles/{articles.id(number)}"}
            for locale in LOCALES[: 1 + dice[17] % 4]}}  # fmt: skip
    return record


def statistics(ws: World, number: int) -> Record | None:
    """What `GET /articles/{id}` counts of an article; nothing of some drafts. Views come without a change of it."""
    dice, version = roll(ws.seed, "article_statistics", number), ws.collection("articles").version(number)
    if dice[0] < 20:
        return None
    happy, neutral = dice[3] % 60, dice[4] % 40
    return {
        "type": "article_statistics",
        "views": wide(dice, 5) % 5_000 + 10 * version + len(ws.added("article_statistics", number)),
        "conversions": dice[1] % 30,
        "reactions": dice[2],
        "happy_reaction_percentage": float(happy),
        "neutral_reaction_percentage": float(neutral),
        "sad_reaction_percentage": float(100 - happy - neutral),
    }


def versions(ws: World, number: int) -> list[Record]:
    """The versions of an article, newest first, as their list shows them: without their texts."""
    articles, dice = ws.collection("articles"), roll(ws.seed, "article_versions", number)
    history = articles.history(number)
    created, first = articles.created[number], history.first_updated
    before = 1 + dice[0] % 4 if dice[1] < 200 else 30
    moments = [created + (first - created) * at // before for at in range(before)] + history.moments
    name = int(articles.id(number)) * 1_000
    return [
        {
            "type": "article_version",
            "id": str(name + at),
            "article_id": articles.id(number),
            "title": f"{SUBJECTS[number % len(SUBJECTS)]} {number} ({at})",
            "description": SENTENCES[dice[2] % len(SENTENCES)] if dice[3] < 150 else None,
            "author_id": str(ws.admin_number(dice[4])),
            "created_by_id": str(ws.admin_number(dice[5])),
            "created_via": ("web", "api")[(dice[6] + at) % 2],
            "from_version_id": str(name + at - 1) if at else None,
            "state": ("published", "draft")[(dice[7] + at) % 2],
            "created_at": moment,
        }
        for at, moment in reversed(list(enumerate(moments)))
    ]


def collection(ws: World, number: int) -> Record:
    """A collection; those that stand in another have a `parent_id`, and no help center of their own."""
    shelves, centers = ws.collection("collections"), ws.laid_out("help_centers")
    dice = roll(ws.seed, "collections", number)
    inner = number > 0 and dice[0] < 100
    record: Record = {
        "id": shelves.id(number),
        "workspace_id": ws.app_id,
        "name": _title(ws, "collections", number),
        "url": f"https://help.example.com/en/collections/{shelves.id(number)}" if dice[1] < 230 else None,
        "order": number,
        "created_at": shelves.created[number],
        "updated_at": shelves.updated[number],
        "description": SENTENCES[dice[2] % len(SENTENCES)] if dice[3] < 150 else None,
        "icon": "bookmark" if dice[4] < 200 else None,
        "parent_id": shelves.id(dice[5] % number) if inner else None,
        "help_center_id": int(ws.collection("help_centers").id(dice[6] % centers)) if centers and not inner else None,
    }
    if dice[7] < 60:
        record["default_locale"] = "en"
        record["translated_content"] = {"type": "group_translated_content", **{
            locale: {"type": "group_content", "name": f"Name [{locale}]", "description": ""}
            for locale in LOCALES}}  # fmt: skip
    return record


def center(ws: World, number: int) -> Record:
    centers = ws.collection("help_centers")
    dice = roll(ws.seed, "help_centers", number)
    return {
        "id": centers.id(number),
        "workspace_id": ws.app_id,
        "created_at": centers.created[number],
        "updated_at": centers.updated[number],
        "identifier": f"sandbox-{number}",
        "website_turned_on": dice[0] < 200,
        "display_name": _title(ws, "help_centers", number),
        "url": f"https://help.example.com/sandbox-{number}",
        "custom_domain": f"help{number}.example.com" if dice[1] < 100 else None,
    }


def center_of(ws: World, number: int) -> int:
    """The help center of a redirect."""
    return number % max(1, ws.laid_out("help_centers"))


def redirect(ws: World, number: int) -> Record:
    redirects, centers = ws.collection("help_center_redirects"), ws.collection("help_centers")
    dice = roll(ws.seed, "help_center_redirects", number)
    target = "article" if dice[0] < 180 else "collection"
    aims = ws.collection(f"{target}s")
    version = redirects.version(number)
    return {
        "id": redirects.id(number),
        "type": "help_center_redirect",
        "from_url": f"https://help.example.com/old/{number}" + (f"-{version}" if version else ""),
        "locale": "en",
        "help_center_id": centers.id(center_of(ws, number)) if ws.laid_out("help_centers") else "0",
        "target_type": target,
        "target_id": aims.id(dice[1] % ws.laid_out(aims.kind)) if ws.laid_out(aims.kind) else "0",
        "created_at": redirects.created[number],
        "updated_at": redirects.updated[number],
    }


def internal_article(ws: World, number: int) -> Record:
    articles = ws.collection("internal_articles")
    dice = roll(ws.seed, "internal_articles", number)
    return {
        "type": "internal_article",
        "id": articles.id(number),
        "title": _title(ws, "internal_articles", number),
        "body": text(dice, 0) if dice[4] < 230 else None,
        "owner_id": ws.admin_number(dice[5]),
        "author_id": ws.admin_number(dice[6]),
        "created_at": articles.created[number],
        "updated_at": articles.updated[number],
        "locale": "en",
    }
