"""Help center, news and AI content."""

from __future__ import annotations

import orjson

from ..collection import NUMBER_MASK
from ..permissions import Permission
from ..records import help_center, news
from ..router import Call, Reply, Router
from . import parents
from .shapes import Paged, latest, listed, paged
from .versions import reshape


def add(router: Router) -> None:
    articles, feeds, ai_content = Permission.READ_ARTICLES, Permission.READ_NEWS, Permission.AI_CONTENT
    paged(router, "/articles", "articles", articles, "2.11", Paged(25), by_updated=True)
    paged(router, "/help_center/collections", "collections", articles, "2.11", Paged(20), by_updated=True)
    router.get("/articles/{id}", articles)(article)
    router.get("/articles/{id}/versions", articles, since="2.16")(article_versions)
    listed(router, "/help_center/help_centers", "help_centers", articles, "2.11")
    router.get("/help_center/help_centers/{id}/redirects", Permission.READ_REDIRECTS, since="2.16")(redirects)
    paged(router, "/internal_articles", "internal_articles", articles, "2.13", Paged(25))
    paged(router, "/folders", "folders", articles, "2.17", Paged(50, counters="pages without next"))
    paged(router, "/dynamic_contents", "dynamic_contents", Permission.READ_DYNAMIC_CONTENT, "2.17",
          Paged(50, 50, counters="top", clamps=True), by_updated=True)  # fmt: skip
    paged(router, "/news/news_items", "news_items", feeds, "2.11", Paged(10))
    paged(router, "/news/newsfeeds", "newsfeeds", feeds, "2.11", Paged(10))
    router.get("/news/newsfeeds/{id}/items", feeds)(newsfeed_items)
    paged(router, "/ai/content_import_sources", "content_import_sources", ai_content, "2.12", Paged(50))
    paged(router, "/ai/external_pages", "external_pages", ai_content, "2.12", Paged(50))
    paged(
        router, "/content_snippets", "content_snippets", Permission.READ_SNIPPETS, "2.16", Paged(50, 50, counters="top")
    )


def article(call: Call) -> Reply:
    """One article, with its statistics."""
    ws, number = call.ws, parents.of(call, "articles")
    record = reshape(call, "articles", ws.collection("articles").body(number))
    return Reply(orjson.dumps({**record, "statistics": help_center.statistics(ws, number)}), ids=[call.params["id"]])


def article_versions(call: Call) -> Reply:
    """Of one article, newest first."""
    found = help_center.versions(call.ws, parents.of(call, "articles"))
    return Paged(25).reply(call, found, lambda version: version)


def redirects(call: Call) -> Reply:
    """Of one help center, last changed first."""
    ws, center = call.ws, parents.of(call, "help_centers")
    records = ws.collection("help_center_redirects")
    numbers = [key & NUMBER_MASK for key in latest(call, records)]
    own = [number for number in numbers if help_center.center_of(ws, number) == center]
    return Paged(50, 250).reply(call, own, records.body)


def newsfeed_items(call: Call) -> Reply:
    """What is live on one newsfeed."""
    numbers = list(news.live_numbers(call.ws, parents.of(call, "newsfeeds")))
    return Paged(20).reply(call, numbers, call.ws.collection("news_items").body)
