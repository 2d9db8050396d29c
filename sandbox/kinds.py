"""The collections beside the core ones: what each is called in a stream, how its ids look, who builds it.

A kind's name is its stream's, the name of the setting that says how many there are, and the name by which
`change` and `records` know it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .collection import IdScheme, NumberIds, Record
from .records import (
    ai_content,
    automation,
    help_center,
    library,
    messages,
    news,
    phone,
    subscriptions,
    workplace,
)  # fmt: skip
from .world import World

CORE = ("contacts", "companies", "conversations", "tickets", "admins", "teams", "tags", "segments", "activity_logs")
Builder = Callable[["World", int], Record]


@dataclass(frozen=True)
class FirstNamed:
    """Running numbers, but for the first record, whose id is given: the default brand has the workspace's."""

    first: str
    others: NumberIds

    def make(self, created: int, number: int) -> str:
        return self.others.make(created, number) if number else self.first

    def number(self, name: str) -> int:
        return 0 if name == self.first else self.others.number(name)


@dataclass(frozen=True)
class Kind:
    """One kind of record. `fixed`: it never changes once made, so it has one time only."""

    build: Builder
    base: int
    fixed: bool = False

    def ids(self, ws: World) -> IdScheme:
        if self.build is workplace.brand:
            return FirstNamed(ws.app_id, NumberIds(self.base))
        return NumberIds(self.base)


KINDS: dict[str, Kind] = {
    "articles": Kind(help_center.article, 6_871_000),
    "collections": Kind(help_center.collection, 125_000),
    "help_centers": Kind(help_center.center, 1_790),
    "help_center_redirects": Kind(help_center.redirect, 26_000),
    "internal_articles": Kind(help_center.internal_article, 3_900_000),
    "folders": Kind(library.folder, 610),
    "dynamic_contents": Kind(library.dynamic_content, 12_100),
    "news_items": Kind(news.item, 141_000),
    "newsfeeds": Kind(news.feed, 198_000),
    "content_import_sources": Kind(ai_content.source, 33_000),
    "external_pages": Kind(ai_content.page, 19_000_000),
    "content_snippets": Kind(ai_content.snippet, 77_000),
    "macros": Kind(automation.macro, 5_670_000),
    "data_connectors": Kind(automation.connector, 12_300),
    "data_connector_execution_results": Kind(automation.execution, 99_000_000, fixed=True),
    "custom_object_instances": Kind(automation.instance, 16_032_000),
    "calls": Kind(phone.call, 48_000_000),
    "subscription_types": Kind(subscriptions.kind, 9_100),
    "away_status_reasons": Kind(workplace.away_reason, 1),
    "brands": Kind(workplace.brand, 10),
    "email_settings": Kind(workplace.email_setting, 15),
    "office_hours_schedules": Kind(workplace.schedule, 1_230),
    "office_hours_exceptions": Kind(workplace.exception, 4_560),
    "audiences": Kind(workplace.audience, 7_010),
    "conversation_attributes": Kind(workplace.attribute, 8_800),
    "message_receipts": Kind(messages.receipt, 30_000_000_000, fixed=True),
}
CHANGEABLE = (*CORE, *KINDS)
