"""Everything that can be set about a sandbox workspace, in one place.

A running server reads its settings anew for every call, so what describes behaviour (latency, rate limit,
permissions, faults) may be changed live. What describes the data (seed, counts, history) is read once, when
the workspace is laid out.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .permissions import Permission
from .quirks.names import check_quirks, chosen

DATA_SETTINGS = frozenset(
    {
        "seed", "contacts", "companies", "conversations", "tickets", "admins", "teams", "tags", "segments",
        "activity_logs", "max_parts", "history_days", "now", "clock_ahead_seconds", "skew", "max_tags", "port",
        "articles", "collections", "help_centers", "help_center_redirects", "internal_articles", "news_items",
        "newsfeeds", "content_import_sources", "external_pages", "content_snippets", "macros", "data_connectors",
        "data_connector_execution_results", "custom_object_instances", "custom_object_types", "calls",
        "subscription_types", "away_status_reasons", "brands", "email_settings", "office_hours_schedules",
        "folders", "dynamic_contents",
        "office_hours_exceptions", "audiences", "conversation_attributes", "deleted_conversations",
        "message_receipts", "silent_conversations",
    }
)  # fmt: skip
"""Settings that are read once: changing them on a running server has no effect, so it is refused."""


@dataclass
class Settings:
    """A workspace: how much is in it, how it behaves, and what goes wrong with it.

    Counts are numbers of records. `scopes` are the permission labels of `token` (None: every read
    permission, but none that writes, as for a token made for a read-only connector); `tokens` adds more tokens.
    """

    # What is in the workspace.
    seed: int = 1
    contacts: int = 200
    companies: int = 40
    conversations: int = 150
    tickets: int = 60
    admins: int = 8
    teams: int = 3
    tags: int = 25
    segments: int = 6
    activity_logs: int = 300
    max_parts: int = 40
    max_tags: int = 16
    history_days: int = 365
    now: int | None = None
    clock_ahead_seconds: int = 0
    skew: str = "even"

    # What else is in it; what is attached to contacts, companies and conversations follows from their number.
    articles: int = 40
    collections: int = 24
    help_centers: int = 2
    help_center_redirects: int = 12
    internal_articles: int = 30
    folders: int = 14
    dynamic_contents: int = 16
    news_items: int = 25
    newsfeeds: int = 3
    content_import_sources: int = 4
    external_pages: int = 60
    content_snippets: int = 20
    macros: int = 30
    data_connectors: int = 5
    data_connector_execution_results: int = 120
    custom_object_instances: int = 40
    custom_object_types: list[str] = field(default_factory=lambda: ["Order", "Subscription"])
    calls: int = 60
    subscription_types: int = 26
    away_status_reasons: int = 5
    brands: int = 3
    email_settings: int = 4
    office_hours_schedules: int = 2
    office_hours_exceptions: int = 7
    audiences: int = 6
    conversation_attributes: int = 9
    deleted_conversations: int = 12
    message_receipts: int = 150
    silent_conversations: int = 25

    # Who may read it.
    token: str = "sandbox-token"
    scopes: list[str] | None = None
    tokens: dict[str, list[str] | None] = field(default_factory=dict)
    plan_restricted: list[str] = field(default_factory=list)

    # How it behaves.
    port: int = 0
    timezone: str = "America/Los_Angeles"
    region: str = "US"
    latency_ms: float = 0
    rate_limit: int = 10_000
    realtime_monitoring: bool = True
    rate_headers: bool = True
    gzip: bool = False
    index_lag_seconds: int = 0
    inclusive_bounds: bool = False
    scroll_page: int = 100
    scroll_expiry_seconds: float = 60
    export_polls: int = 2
    export_seconds: float = 60

    # What goes wrong with it.
    quirks: list[str] = field(default_factory=list)
    vanished_percent: float = 0
    touch_every: int = 0

    def quirk(self, name: str) -> str | None:
        """What follows the `=` of a quirk that is on ("" when nothing does), or None when it is off."""
        return chosen(self.quirks).get(name)

    def clock(self) -> float:
        """Intercom's clock: ours, or that much ahead of ours."""
        return time.time() + self.clock_ahead_seconds

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Refuse values that would only fail later, in the middle of a run."""
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no time zone is called {self.timezone!r}") from error
        if self.skew not in ("even", "burst"):
            raise ValueError(f"skew is {self.skew!r}; accepted: even, burst")
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name not in ("seed", "now", "clock_ahead_seconds") and isinstance(value, int | float) and value < 0:
                name = one.name
                raise ValueError(f"{name} must not be negative")
        if self.history_days < 1:
            raise ValueError("history_days must be at least 1")
        if self.custom_object_instances and not self.custom_object_types:
            raise ValueError("custom_object_instances need custom_object_types")
        if self.max_parts > 9_000:
            raise ValueError("max_parts must be at most 9000: part ids are reserved in blocks of 10,000")
        if not 0 <= self.vanished_percent <= 100:
            raise ValueError("vanished_percent must lie between 0 and 100")
        check_quirks(self.quirks)
        for labels in (self.scopes, *self.tokens.values()):
            for label in labels or ():
                Permission.labelled(label)
        for label in self.plan_restricted:
            Permission.labelled(label)

    def change(self, values: dict[str, object]) -> None:
        """Set some settings on a running server; all of them or, when one is wrong, none."""
        names = {f.name: f for f in fields(self)}
        for name in values:
            if name not in names:
                raise ValueError(f"no setting is called {name!r}")
            if name in DATA_SETTINGS:
                raise ValueError(f"{name!r} is read when the workspace is laid out and cannot change now")
        before = {name: getattr(self, name) for name in values}
        for name, value in values.items():
            setattr(self, name, value)
        try:
            self.check()
        except (ValueError, TypeError):
            for name, value in before.items():
                setattr(self, name, value)
            raise

    def permissions(self, token: str) -> frozenset[Permission] | None:
        """What a token may do, or None for a token nobody has issued."""
        if token == self.token:
            labels = self.scopes
        elif token in self.tokens:
            labels = self.tokens[token]
        else:
            return None
        if labels is None:
            return Permission.all_reads()
        return frozenset(Permission.labelled(label) for label in labels)
