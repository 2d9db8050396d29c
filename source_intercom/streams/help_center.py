"""Help center, news, and what Fin reads."""

from collections.abc import Iterator
from zlib import crc32

from source_intercom.api import permissions
from source_intercom.api.client import Json
from source_intercom.api.figures import Page, record_in
from source_intercom.api.paths import path_of
from source_intercom.shapes.child import Child
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.lists import ClientFilteredStream, NewestFirstStream
from source_intercom.shapes.reading import Reading
from source_intercom.sync.windows import DAY, Window

_WEEK = 7 * DAY
# The number of articles between two checkpoints.
_BATCH = 500


class Articles(NewestFirstStream):
    """Articles of the help center; Intercom sorts them newest first."""

    endpoint = "/articles"
    page_wish = 150
    permission = permissions.ARTICLES


class _EveryArticle(Articles):
    """The ids and times of all articles, in an order that the next sync finds again, should this one break off."""

    called = "articles"
    reads_whole = True

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        # Only these two fields: the texts of all articles together can be large.
        pages = self.with_moved(self.listed()) if self.full else self.listed()
        times = {str(one["id"]): one.get("updated_at") for page in pages for one in self.identified(page)}
        ids = sorted(times)
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            yield [{"id": article_id, "updated_at": times[article_id]} for article_id in batch]
            reading.asked(batch[-1])

    def lies_within(self, record: Record, through: int | str) -> bool:
        return isinstance(through, str) and str(record["id"]) <= through


class ArticleStatistics(Child):
    """Views, conversations and reactions of each article, as they were when they were counted.

    Readers move them without changing the article, and Intercom has no list of them
    (docs/intercom-api.md#articles). So a sync asks for the articles that changed and for a share of the others: each
    article has a second of the week of its own, and is due when that lies between the last sync and this one. Each is
    asked for once a week, however often there is a sync.
    """

    parent = _EveryArticle
    every_parent = True
    child = "/articles/{id}"
    key = ("article_id",)
    parent_key = "article_id"
    parent_time = "article_updated_at"
    cursor_time = "counted_at"

    def wants(self, record: Record, window: Window) -> bool:
        # A first sync counts every article: an old article has readers too, whatever the start date.
        if self.full or window.start <= self.sync.config.start:
            return True
        moment = self.source.moment_of(record)
        return moment is None or moment >= window.start or _is_due(str(record["id"]), window)

    def answer(self, parent: Record, window: Window) -> Json:
        return self.client.get(path_of(self.child, id=parent["id"]))

    def children(self, answer: Json, parent: Record) -> Page:
        counted = record_in(answer, "statistics").get("statistics")
        # Some articles have none.
        return [{**counted, "counted_at": self.sync.begin}] if isinstance(counted, dict) else []


def _is_due(article_id: str, window: Window) -> bool:
    """Whether the article's own second of the week lies in a window."""
    own = crc32(article_id.encode()) % _WEEK
    return (own - window.start) % _WEEK <= window.end - window.start


class _ArticlesOf216(Articles):
    called = "articles"
    version = "2.16"


class ArticleVersions(Child):
    """Who changed which article and when: the versions of each article that changed, without their texts."""

    parent = _ArticlesOf216
    child = "/articles/{id}/versions"
    child_wish = 150
    parent_key = "article_id"
    parent_time = "article_updated_at"
    cursor_time = "article_updated_at"


class Collections(ClientFilteredStream):
    """Collections of articles."""

    endpoint = "/help_center/collections"
    page_wish = 150
    permission = permissions.ARTICLES


class HelpCenters(ClientFilteredStream):
    """Help centers."""

    endpoint = "/help_center/help_centers"
    permission = permissions.ARTICLES


class _HelpCentersOf216(HelpCenters):
    called = "help_centers"
    version = "2.16"


class HelpCenterRedirects(Child):
    """Addresses of a help center that lead to another page."""

    parent = _HelpCentersOf216
    child = "/help_center/help_centers/{id}/redirects"
    child_params = (("per_page", "250"),)
    parent_key = "help_center_id"
    permission = permissions.REDIRECTS
    also_needs = (permissions.ARTICLES,)


class InternalArticles(ClientFilteredStream):
    """Articles for teammates only."""

    endpoint = "/internal_articles"
    page_wish = 150
    permission = permissions.ARTICLES


class Folders(ClientFilteredStream):
    """Folders that content is kept in."""

    # Only 2.17 has them (docs/intercom-api.md#folders).
    endpoint = "/folders"
    params = (("per_page", "150"),)
    permission = permissions.ARTICLES
    version = "2.17"


class DynamicContents(NewestFirstStream):
    """Pieces of content that several articles show, with a variation for each language; newest first."""

    # More than 50 a page gives 50 (docs/intercom-api.md#dynamic-contents).
    endpoint = "/dynamic_contents"
    params = (("per_page", "50"),)
    permission = permissions.DYNAMIC_CONTENT
    version = "2.17"


class NewsItems(ClientFilteredStream):
    """News posts."""

    endpoint = "/news/news_items"
    page_wish = 150
    permission = permissions.NEWS


class Newsfeeds(ClientFilteredStream):
    """Newsfeeds."""

    endpoint = "/news/newsfeeds"
    page_wish = 150
    permission = permissions.NEWS


class NewsfeedItems(Child):
    """What is live in which newsfeed."""

    parent = Newsfeeds
    child = "/news/newsfeeds/{id}/items"
    child_wish = 150
    key = ("newsfeed_id", "id")
    parent_key = "newsfeed_id"


class ContentImportSources(ClientFilteredStream):
    """Sources of the external content that Fin, Intercom's AI agent, answers from."""

    endpoint = "/ai/content_import_sources"
    permission = permissions.AI_CONTENT


class ExternalPages(ClientFilteredStream):
    """Pages that were imported for Fin."""

    endpoint = "/ai/external_pages"
    page_wish = 150
    permission = permissions.AI_CONTENT


class ContentSnippets(ClientFilteredStream):
    """Snippets that Fin answers from."""

    endpoint = "/content_snippets"
    params = (("per_page", "50"),)
    permission = permissions.SNIPPETS
    version = "2.16"
