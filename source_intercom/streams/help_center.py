"""Help center, news, and what Fin reads."""

from source_intercom.api import permissions
from source_intercom.shapes.child import Child
from source_intercom.shapes.lists import NewestFirstStream, WalkedStream


class Articles(NewestFirstStream):
    """Articles of the help center; Intercom sorts them newest first."""

    endpoint = "/articles"
    page_wish = 150
    permission = permissions.ARTICLES


class Collections(WalkedStream):
    """Collections of articles. That they come newest first is said up to version 2.16 and gone in 2.17."""

    endpoint = "/help_center/collections"
    page_wish = 150
    permission = permissions.ARTICLES


class HelpCenters(WalkedStream):
    """Help centers."""

    endpoint = "/help_center/help_centers"
    permission = permissions.ARTICLES


class _HelpCentersOf216(HelpCenters):
    version = "2.16"


class HelpCenterRedirects(Child):
    """Addresses that lead elsewhere in a help center."""

    parent = _HelpCentersOf216
    child = "/help_center/help_centers/{id}/redirects"
    child_params = (("per_page", "250"),)
    parent_key = "help_center_id"
    permission = permissions.REDIRECTS
    also_needs = (permissions.ARTICLES,)


class InternalArticles(WalkedStream):
    """Articles for teammates only."""

    endpoint = "/internal_articles"
    page_wish = 150
    permission = permissions.ARTICLES


class Folders(WalkedStream):
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


class NewsItems(WalkedStream):
    """News posts."""

    endpoint = "/news/news_items"
    page_wish = 150
    permission = permissions.NEWS


class Newsfeeds(WalkedStream):
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


class ContentImportSources(WalkedStream):
    """Where Fin's external content comes from."""

    endpoint = "/ai/content_import_sources"
    permission = permissions.CONTENT


class ExternalPages(WalkedStream):
    """Pages that were imported for Fin."""

    endpoint = "/ai/external_pages"
    page_wish = 150
    permission = permissions.CONTENT


class ContentSnippets(WalkedStream):
    """Snippets that Fin answers from."""

    endpoint = "/content_snippets"
    params = (("per_page", "50"),)
    permission = permissions.CONTENT
    version = "2.16"
