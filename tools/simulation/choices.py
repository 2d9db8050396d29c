"""What chance may choose from: zones, faults, quirks and the errors that these must be told in, changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sandbox.quirks.names import TOGETHER
from tools.simulation.facts import FACTS

ZONES = (
    "America/Los_Angeles", "UTC", "Pacific/Pago_Pago", "Pacific/Kiritimati", "Asia/Kathmandu", "Australia/Lord_Howe",
    "America/St_Johns", "Pacific/Apia", "Europe/Dublin", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Kolkata",
    "Pacific/Chatham", "Africa/Cairo",
)  # fmt: skip

FAULTS = (
    "status:500", "status:502", "status:503", "status:504", "status:429", "status:999", "html:403", "html:405",
    "html:502", "html:503", "error:500:server_error", "reset", "truncate", "empty", "hang:0.05", "limit:none",
    "limit:past", "limit:same", "limit:ms", "limit:digits", "limit:zero", "limit:now", "scroll", "quote-token",
    "drip-headers:0.0002", "header-flood:200", "redirect:http://127.0.0.1:9",  # ignore-https-check: nobody is there
)  # fmt: skip
"""Answers that go wrong for a while. Those that take real minutes (silence, bombs) have tests of their own."""

QUIET = (
    *(name for name in TOGETHER if name not in ("endless-paging", "html-403", "hidden-tickets")),
    "html-403=25", "repeated-page", "empty-last-page", "no-pages", "refused-field",
    "activity-log-range=400", "refused-in-operator=invalid_field", "odd-json=surrogate", "odd-json=bom",
    "odd-nested-items=null", "odd-rate-headers=zero", "odd-rate-headers=past", "odd-rate-headers=same",
    "odd-rate-headers=ms", "odd-rate-headers=endless", "refused-field=contacts.last_seen_at",
    "export-statistics=by-time", "report-names", "report-heads=titles", "report-heads=shuffled", "report-times=unix",
    "report-file=gzip", "report-file=zip", "report-empty", "report-empty=file",
)  # fmt: skip
"""Quirks under which everything can still be read."""

CLOCKS = ("odd-date=past", "odd-date=future", "odd-date=-7200", "odd-date=7200", "odd-date=-90", "odd-date=90")
"""Quirks of Intercom's clock, tried while the machine's own is right: nobody can do anything about two wrong ones."""

BODIES = ("odd-json", "odd-times", "odd-nested-items", "avatar-text", "open-metadata", "company-segments",
          "report-names")  # fmt: skip
"""Quirks under which a record is compared by key and time alone: the truth tells its fields in the odd form."""


@dataclass(frozen=True)
class Loud:
    """A quirk that withholds something for good. ``streams`` may end INCOMPLETE under it, with one of the ``words``.

    ``is_believed`` says that Intercom gives fewer records than it announces, for ever. At the next sync that is taken
    for a wrong total, as it must not stop a workspace for ever; so nothing can be said of the records that never come.
    """

    quirk: str
    streams: frozenset[str]
    words: tuple[str, ...]
    is_believed: bool = False


def _asking(*calls: str) -> frozenset[str]:
    """Streams that make one of these requests, themselves or for what they are made from."""
    return frozenset(name for name, facts in FACTS.items() if not set(calls).isdisjoint(facts.paths))


_SEARCHED = frozenset(name for name, facts in FACTS.items() if facts.is_searched)
INSIDE_CONVERSATION = _asking("GET /conversations/{id}")
"""Streams that take their rows out of each conversation by itself."""
_BEHIND_CONVERSATION = INSIDE_CONVERSATION | {"conversation_handling_events", "side_conversations"}
_TOLD_OF_MESSAGES = _asking("POST /export/content/data") - {"message_receipts"}
_ANNOUNCED = ("announces",)
_REPEATED = ("gives the same records again and again", "gave the same next page twice", "repeats itself")
_REFUSED = ("lacks the permission", "refused", "does not offer", "did not give", "not answer", "could not", "cannot")

LOUD = (
    Loud("wrong-total-for-good", _SEARCHED, _ANNOUNCED),
    Loud("search-ends-early=always", _SEARCHED, _ANNOUNCED, is_believed=True),
    Loud("repeated-page=always", _SEARCHED, _ANNOUNCED, is_believed=True),
    Loud("empty-last-page=always", _SEARCHED, _ANNOUNCED, is_believed=True),
    Loud("no-pages=always", _SEARCHED, _ANNOUNCED, is_believed=True),
    # Without cursors a search goes on from the last time it reached: it cannot pass a second that holds more records
    # than a page, and reaches no time where the order is ignored as well.
    Loud("refused-cursor=always", _SEARCHED, ("refuses a page cursor",)),
    Loud("refused-conversation", _BEHIND_CONVERSATION, ("did not give the",)),
    Loud("refused-conversation=400", _BEHIND_CONVERSATION, ("did not give the",)),
    # Nothing tells how many records these lists have, so nobody can know that all came: it is said instead.
    Loud("endless-paging", frozenset(FACTS), _REPEATED),
    Loud("endless-paging=GET /macros", frozenset({"macros"}), _REPEATED),
    Loud("resource-401=GET /tags", _asking("GET /tags"), ("lacks the permission",)),
    Loud("resource-401=POST /tickets/search", _asking("POST /tickets/search"), ("lacks the permission",)),
    Loud("missing-endpoint=GET /news/newsfeeds", _asking("GET /news/newsfeeds"), ("does not offer",)),
    Loud("missing-endpoint=GET /segments", _asking("GET /segments"), ("does not offer",)),
    Loud("missing-endpoint=POST /contacts/search", _asking("POST /contacts/search"), ("does not offer",)),
    Loud("probe-errors=500:GET /segments", _asking("GET /segments"), _REFUSED),
    Loud("probe-errors=400:GET /teams", _asking("GET /teams"), _REFUSED),
    Loud("probe-errors=503:GET /calls", _asking("GET /calls"), _REFUSED),
    Loud("probe-errors=500:GET /conversations/{id}", INSIDE_CONVERSATION, _REFUSED),
    # A file without room for others has receipts alone, and nobody can tell that from a workspace without the rest.
    Loud("export-file", _TOLD_OF_MESSAGES, (), is_believed=True),
    Loud("export-file=plain", _TOLD_OF_MESSAGES, (), is_believed=True),
    Loud("export-ends", _asking("POST /export/content/data"), ("export of message data failed",)),
    Loud("export-ends=canceled", _asking("POST /export/content/data"), ("was canceled by somebody",)),
    Loud("report-ends", _asking("POST /export/reporting_data/enqueue"), ("export of reporting data failed",)),
    Loud("report-ends=canceled", _asking("POST /export/reporting_data/enqueue"), ("was canceled by somebody",)),
    Loud("report-ends=expired", _asking("POST /export/reporting_data/enqueue"), ("export of reporting data failed",)),
    Loud(
        "missing-endpoint=GET /export/reporting_data/get_datasets",
        _asking("GET /export/reporting_data/get_datasets"),
        ("does not offer",),
    ),
    Loud("resource-401=POST /export/content/data", _asking("POST /export/content/data"), ("lacks the permission",)),
    Loud("version-refused", frozenset(FACTS), ("does not serve this data in the API version",)),
)
"""Quirks that must be told of."""


def loud(quirks: Iterable[str], lacking: str = "") -> list[Loud]:
    """Those of some quirks that must be told of, and the permission that the token lacks."""
    chosen = set(quirks)
    found = [one for one in LOUD if one.quirk in chosen]
    if lacking:
        streams = frozenset(name for name, facts in FACTS.items() if lacking in facts.permissions)
        found.append(Loud("", streams, ("lacks the permission",)))
    return found


PERMISSIONS = tuple(sorted({permission for facts in FACTS.values() for permission in facts.permissions}))


CHANGES: Mapping[str, tuple[str, ...]] = {
    "contacts": ("update", "update", "create", "delete"),
    "companies": ("update", "create", "delete"),
    "conversations": ("update", "update", "create", "delete"),
    "tickets": ("update", "create", "delete", "assign_quietly"),
    "contact_tags": ("create", "delete"),
    "contact_companies": ("create", "delete"),
    "contact_subscriptions": ("create", "delete"),
    "contact_notes": ("create", "delete"),
    "company_notes": ("create", "delete"),
    "contact_events": ("create", "create_late"),
    "contact_merge_history": ("create",),
    "segments": ("update", "create"),
    "activity_logs": ("create",),
    "admins": ("create",),
    "tags": ("create",),
    "teams": ("create",),
    "calls": ("update", "create", "delete"),
    "articles": ("update", "create", "delete"),
    "collections": ("update", "create", "delete"),
    "internal_articles": ("update", "create", "delete"),
    "news_items": ("update", "create"),
    "newsfeeds": ("update", "create"),
    "macros": ("update", "create", "delete"),
    "external_pages": ("update", "create", "delete"),
    "content_snippets": ("update", "create", "delete"),
    "data_connector_execution_results": ("create",),
    "custom_object_instances": ("update", "create", "delete"),
    "help_center_redirects": ("create", "delete"),
    "audiences": ("update", "create"),
    "message_receipts": ("create",),
    "brands": ("update", "create"),
}
"""What may happen to a workspace, and to how few records at a time; a verb named twice is chosen twice as often."""
