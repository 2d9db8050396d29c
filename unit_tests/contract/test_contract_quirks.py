"""The contract sees every quirk of the sandbox that a caller who changes nothing can see in one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from contract_bench import READS, Changes, answers, named

from sandbox.quirks.names import QUIRKS, TOGETHER
from tools.contract.belief import Answer
from tools.contract.beliefs import BELIEFS


@dataclass(frozen=True)
class Case:
    """A quirk, the belief that sees it, and the answer that it gives then. ``note`` must stand in the answer.

    ``changes`` happen before the run. ``after`` are beliefs that are asked before, where this one judges what all
    answers of a run said.
    """

    quirk: str
    belief: str
    word: str = "no"
    note: str = ""
    changes: Changes = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        return not self.changes and not self.settings


def fields(kind: str, *names: str) -> list[Case]:
    return [Case(f"refused-field={kind}.{name}", f"search-fields-{kind}", note=name) for name in names]


SEES = (
    Case("text-page-counters", "list-counters", note="/articles"),
    Case("text-page-counters", "list-links", note="/news/news_items"),
    Case("search-ends-early", "search-last-page", note="contacts, conversations, tickets"),
    Case("search-ends-early=always", "search-last-page"),
    Case("repeated-page", "search-new-records", note="contacts, conversations, tickets"),
    Case("empty-last-page", "search-no-empty-page", note="contacts, conversations, tickets"),
    Case("no-pages", "search-pages", note="contacts, conversations, tickets"),
    Case("wrong-total-for-good", "search-total", note="contacts, conversations, tickets"),
    Case("short-pages", "search-full-pages", note="contacts, conversations, tickets"),
    Case("null-next", "search-next-absent"),
    Case("endless-paging", "search-ends", note="contacts, conversations, tickets"),
    Case("endless-paging", "list-ends", note="/articles"),
    Case("endless-paging=GET /macros", "list-ends", note="/macros"),
    Case("endless-paging=GET /companies/scroll", "scroll-end", note="come again", settings={"companies": 20}),
    Case("refused-cursor", "search-cursor-taken", note="refused once"),
    Case("refused-cursor=always", "search-cursor-taken", note="again and again"),
    Case("refused-cursor=always", "search-cursor-later", note="HTTP 400 invalid_param"),
    Case("ignored-sort", "search-sort-contacts"),
    Case("ignored-sort", "search-sort-conversations"),
    Case("ignored-sort", "search-sort-tickets"),
    Case("unsorted-lists", "list-order-articles"),
    Case("unsorted-lists", "list-order-macros"),
    Case("unsorted-lists", "list-order-data-connectors"),
    Case("unsorted-lists", "list-order-dynamic-contents"),
    Case("unsorted-lists", "list-order-conversations-deleted"),
    Case("scroll-conflict-message", "scroll-conflict", note="HTTP 400 bad_request"),
    Case("whole-utc-days", "search-days-conversations", "yes"),
    Case("whole-utc-days", "search-days-tickets", "yes"),
    Case("contacts-utc-days", "search-day-zone", note="days of UTC"),
    Case("refused-in-operator", "search-in", note="data_invalid"),
    Case("refused-in-operator=invalid_field", "search-in", note="invalid_field"),
    *fields("contacts", "role", "email", "segment_id", "tag_id"),
    *fields("conversations", "state", "admin_assignee_id"),
    *fields("tickets", "state", "open"),
    Case("activity-log-range", "activity-range", note="HTTP 422"),
    Case("activity-log-range=400", "activity-range", note="HTTP 400"),
    Case("hidden-tickets", "tickets-hidden", "yes", settings={"scopes": READS}),
    Case("refused-conversation", "conversation-by-id", note="HTTP 403", settings={"conversations": 5}),
    Case("refused-conversation=400", "conversation-by-id", note="HTTP 400", settings={"conversations": 5}),
    Case("resource-401", "access-401", note="/tags (HTTP 401 unauthorized)"),
    Case("resource-401=POST /tickets/search", "access-401", note="/tickets/search"),
    Case("me-refused", "me-answers", note="HTTP 403 action_forbidden"),
    Case("probe-errors", "access-works", note="/segments (HTTP 500 server_error)"),
    Case("probe-errors=400:GET /admins/activity_logs", "access-works", note="/admins/activity_logs"),
    Case("missing-endpoint", "access-offered", note="/news/newsfeeds (HTTP 404 not_found)"),
    Case("html-403", "error-envelope", note="403, 405", after=("list-places",)),
    Case("version-refused", "version-216", note="intercom_version_invalid"),
    Case("version-refused=2.17", "version-217", note="intercom_version_invalid"),
    Case("version-refused=2.15", "version-215", note="intercom_version_invalid"),
    Case("other-version-served", "version-served", note="2.14 for 2.15"),
    Case("other-region", "me-region", note="eu"),
    # A late part is seen afterwards, if something has happened before the run.
    Case("late-ticket-parts", "ticket-time-hour", changes={"tickets": {"update": 40}}),
    Case("quiet-contact-changes", "contact-time-moves", changes={"contact_tags": {"create": 4}},
         settings={"contacts": 4}),
    Case("no-merge-history", "merge-history-key", note="in 0 of"),
    Case("many-ticket-parts", "ticket-parts-complete", note="500 of 520"),
    *(Case(f"company-segments={value}", "company-segments", note=" of ") for value in
      ("absent", "cut", "unsaid", "stale", "thin")),
    *(Case(f"company-notes={value}", "company-notes", note=" of ", settings={"companies": 30})
      for value in ("absent", "zero")),
    Case("avatar-text", "contact-avatar", note="are text"),
    Case("open-metadata", "activity-metadata", note="are objects"),
    Case("odd-times", "record-times", note="contacts.updated_at"),
    Case("odd-times", "record-call-times"),
    *(
        Case(f"odd-json{value}", "json-strict", after=("search-size",))
        for value in ("", "=surrogate", "=nan", "=huge", "=latin", "=digits", "=bom", "=nesting")
    ),
    Case("odd-nested-items", "record-items", note="conversations.tags"),
    Case("odd-nested-items=null", "record-items"),
    Case("odd-nested-items=text", "record-items"),
    Case("odd-nested-items=no-id", "list-record-keys", note="/segments, /tags"),
    Case("odd-date", "clock", note="hours apart"),
    Case("odd-date=future", "clock", note="hours apart"),
    Case("report-names", "report-full-names", note="conversation"),
    *(Case(f"odd-rate-headers={value}", "rate-headers") for value in ("zero", "past", "same", "ms", "endless")),
)  # fmt: skip

UNSEEN = {
    "empty-activities": "the answer is the same as where nothing has happened to contacts",
    **dict.fromkeys(
        (
            *("export-ends", "export-file", "export-statistics", "export-text-times"),
            *("report-empty", "report-end", "report-ends", "report-file", "report-heads", "report-times"),
        ),
        "an export is a job that Intercom makes, and there may be few at a time: the contract only reads",
    ),
    "late-events": "an event tells when it happened and not when it arrived, so a late one looks like any other",
}
"""Quirks that no single run without changes can see, each with the reason."""


@pytest.fixture(scope="module")
def plain() -> dict[str, Answer]:
    """What the sandbox answers without any quirk."""
    return answers()


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.quirk} {case.belief}") for case in SEES])
def test_is_seen(case: Case, plain: dict[str, Answer]) -> None:
    beliefs = named(*case.after, case.belief)
    with_quirk = answers(beliefs, case.changes, quirks=[case.quirk], **case.settings)[case.belief]
    without = plain if case.is_plain else answers(beliefs, case.changes, **case.settings)
    assert with_quirk.word == case.word, with_quirk
    assert case.note in with_quirk.note
    assert without[case.belief].word not in (case.word, "not seen"), "without the quirk the answer is the same"


def test_what_is_said_to_be_unseen_is() -> None:
    """All at once: one alone that changed an answer would change it here too."""
    happened: Changes = {"contact_events": {"create": 8}}
    with_quirks, without = (answers(changes=happened, quirks=quirks) for quirks in (list(UNSEEN), []))
    assert {name: answer.word for name, answer in with_quirks.items()} == {
        name: answer.word for name, answer in without.items()
    }


def test_no_quirk_is_without_a_belief_or_a_reason() -> None:
    seen = {case.quirk.partition("=")[0] for case in SEES}
    without = sorted(set(QUIRKS) - seen - set(UNSEEN))
    assert not without, f"no belief sees {', '.join(without)}: add one to tools/contract/beliefs, or a reason to UNSEEN"
    assert not set(UNSEEN) & seen
    assert set(UNSEEN) <= set(QUIRKS)


def test_a_workspace_without_quirks_is_as_expected(plain: dict[str, Answer]) -> None:
    differing = {one.name: str(plain[one.name]) for one in BELIEFS if one.verdict(plain[one.name]) == "differs"}
    assert differing == {}
    unseen = {name for name, answer in plain.items() if answer.word == "not seen"}
    # Nothing of these can be seen in a workspace that stands still, with a token that may read everything.
    assert unseen == {"search-lag", "contact-deleted", "events-late", "tickets-hidden", "access-scope-named"}


def test_all_quirks_at_once_leave_no_check_at_a_loss() -> None:
    together = answers(quirks=list(TOGETHER))
    assert {name for name, answer in together.items() if answer.word == "no"} >= {
        "list-counters", "search-cursor-taken", "search-sort-contacts", "contact-avatar", "version-served",
    }  # fmt: skip
