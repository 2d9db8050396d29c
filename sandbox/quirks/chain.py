"""Answers pass through the quirks that are on, one after another."""

from __future__ import annotations

from collections import Counter, defaultdict

from ..router import Call, Handler, Reply
from ..settings import Settings
from . import bodies, paging, refusals
from .headers import HEADER_QUIRKS
from .names import chosen
from .visit import Quirk, Visit

# The first is the outermost: it sees a call first and its answer last. What makes bytes that nobody can read
# comes first, then what refuses, then what changes records, and last what changes pages.
THROUGH: dict[str, Quirk] = {
    "html-403": refusals.html_403,
    "odd-json": bodies.odd_json,
    "version-refused": refusals.version_refused,
    "me-refused": refusals.me_refused,
    "resource-401": refusals.resource_401,
    "probe-errors": refusals.probe_errors,
    "missing-endpoint": refusals.missing_endpoint,
    "refused-conversation": refusals.refused_conversation,
    "refused-in-operator": refusals.refused_in_operator,
    "refused-field": refusals.refused_field,
    "activity-log-range": refusals.activity_log_range,
    "no-merge-history": refusals.no_merge_history,
    "other-region": bodies.other_region,
    "avatar-text": bodies.avatar_text,
    "open-metadata": bodies.open_metadata,
    "odd-times": bodies.odd_times,
    "odd-nested-items": bodies.odd_nested_items,
    "company-segments": bodies.company_segments,
    "company-notes": bodies.company_notes,
    "scroll-conflict-message": paging.scroll_conflict_message,
    "refused-cursor": paging.refused_cursor,
    "text-page-counters": paging.text_page_counters,
    "endless-paging": paging.endless_paging,
    "null-next": paging.null_next,
    "wrong-total-for-good": paging.wrong_total,
    "search-ends-early": paging.search_ends_early,
    "empty-activities": paging.empty_activities,
    "no-pages": paging.no_pages,
    "repeated-page": paging.repeated_page,
    "empty-last-page": paging.empty_last_page,
    "short-pages": paging.short_pages,
    "ignored-sort": paging.ignored_sort,
}
DEEP = frozenset({
    "whole-utc-days", "contacts-utc-days", "hidden-tickets", "unsorted-lists", "late-ticket-parts",
    "quiet-contact-changes", "late-events", "many-ticket-parts", "export-statistics", "export-file",
    "export-text-times", "export-ends", "report-names", "report-heads", "report-times", "report-end", "report-file",
    "report-empty", "report-ends",
})  # fmt: skip
"""Quirks of the data or of what is found in it: no answer could be changed into theirs afterwards."""


class Chain:
    """The quirks of one server, with what they remember of its calls."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._memories: dict[str, Counter[str]] = defaultdict(Counter)

    def answer(self, endpoint: str, handler: Handler, call: Call) -> Reply:
        """The answer of an endpoint, as the quirks that are on let it be."""
        on = chosen(self._settings.quirks)
        for name in set(self._memories) - set(on):
            del self._memories[name]
        names = [name for name in THROUGH if name in on]

        def go(at: int, call: Call) -> Reply:
            if at == len(names):
                return handler(call)
            visit = Visit(endpoint, call, on[names[at]], self._memories[names[at]])
            return THROUGH[names[at]](visit, lambda changed: go(at + 1, changed))

        return go(0, call)

    def headers(self, headers: dict[str, str]) -> None:
        for name, value in chosen(self._settings.quirks).items():
            if name in HEADER_QUIRKS:
                HEADER_QUIRKS[name](headers, value, self._settings)
