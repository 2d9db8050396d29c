"""Every quirk: its name, what it does in one line, and the public evidence that Intercom may behave so.

`--help` and the documentation are made from this table. How a quirk is done stands elsewhere: most answers pass
through the functions in the files beside this one, and what changes the data itself is asked for by name there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

OFTEN = "so many times for each endpoint, or always (default: once)"
COUNT = r"\d+"
TIMES = r"\d+|always"
CALL = r"(GET|POST) /\S+"


@dataclass(frozen=True)
class About:
    """One quirk. `value` matches what may follow its name and `=`, and `hint` says what that means."""

    line: str
    evidence: str
    value: str = ""
    hint: str = ""


QUIRKS: Mapping[str, About] = {
    # Lists and searches, page by page.
    "text-page-counters": About(
        "lists paged by number tell page and per_page as text when they were sent, and no next",
        "Intercom's reference of 2.17, pages of internal articles and folders, read 2026-11"),
    "search-ends-early": About(
        "a search ends after a page although total_count says more",
        "inference from community.intercom.com topic 1761: a page says that it is the last and is not", TIMES, OFTEN),
    "repeated-page": About(
        "the second page of a search is the first one again, and says that it is the last",
        "community.intercom.com topic 1761", TIMES, OFTEN),
    "empty-last-page": About(
        "a later page of a search is empty and has no next, although total_count says more",
        "inference from community.intercom.com topic 1761", TIMES, OFTEN),
    "no-pages": About(
        "a search answers without pages although there is more",
        "inference: no text of Intercom promises the key", TIMES, OFTEN),
    "wrong-total-for-good": About(
        "total_count of every search is too high, always by the same number",
        "inference: search answers from an index that trails behind", COUNT, "by how much (5)"),
    "short-pages": About(
        "pages by cursor hold fewer records than were asked for, with more behind them",
        "Parabola, issue 717"),
    "null-next": About(
        "on the last page, pages.next is an object whose starting_after is null",
        "Intercom's OpenAPI text of 2.15 allows it (starting_after_paging is nullable)"),
    "endless-paging": About(
        "paging never ends: behind the last page come new cursors or links to records already shown",
        "inference from community.intercom.com topic 1761, where a page comes again", CALL,
        "of this endpoint only (default: all but the scroll, which would stay open)"),
    "refused-cursor": About(
        "a cursor just given is answered 400 invalid_param: its first use, or always in searches",
        "intercom-node issue 509, 2026-01, open", "once|always", "once or always (default: once)"),
    "ignored-sort": About(
        "searches take sort and ignore it",
        "ForestAdmin forest_admin_datasource_intercom, measured on 2.16, 2026-08"),
    "unsorted-lists": About(
        "articles, collections, redirects, news items, internal articles, macros, data connectors, dynamic contents "
        "and deleted conversations come in no order",
        "Intercom's reference of 2.17 no longer promises the order of collections; Fivetran re-imports articles"),
    "scroll-conflict-message": About(
        "the refusal of a second scroll has another code, but its message",
        "the connectors of Estuary and Airbyte match the message, not the code; read 2026-11"),
    "empty-activities": About(
        "the feed of contact activities answers an empty page although it has more",
        "Intercom's reference of 2.17: so it does when its store cannot be read", COUNT,
        "from which of its answers on (1)"),
    # What a search can be asked.
    "whole-utc-days": About(
        "searches of conversations and tickets see whole UTC days: > begins the day after, < ends before the day",
        "ForestAdmin forest_admin_datasource_intercom, measured on 2.16, 2026-08"),
    "contacts-utc-days": About(
        "the days that contact search sees are those of UTC, whatever the zone of the workspace",
        "ForestAdmin forest_admin_datasource_intercom, 2026-08; Intercom's OpenAPI issues 576, 625 say its zone"),
    "refused-in-operator": About(
        "IN on state or admin_assignee_id is answered 400",
        "ForestAdmin forest_admin_datasource_intercom, search_fields.yml, 2026-08",
        "data_invalid|invalid_field", "the code (data_invalid)"),
    "refused-field": About(
        "a search by one field is answered 400 invalid_field",
        "ForestAdmin forest_admin_datasource_intercom, search_fields.yml, 2026-08", r"\w+\.[\w.]+",
        "kind and field (tickets.state)"),
    "activity-log-range": About(
        "activity logs over more than thirty days, or more than fifty a page, are refused",
        "inference: wide ranges are answered 500 in the field",
        "400|422", "status (422)"),
    # Who may see what.
    "hidden-tickets": About(
        "conversations that are tickets are left out of lists and searches, and refused by id with 403, unless the "
        "token may read tickets",
        "Intercom's page of unversioned changes, 2024-07 and 2024-08"),
    "refused-conversation": About(
        "one conversation is refused for ever, and so is what hangs on it",
        "inference from airbyte issues 36277 and 42853, where one record fails what it stands in",
        "400|403", "status (403)"),
    "resource-401": About(
        "one endpoint answers 401 with the code unauthorized, though the token is good",
        "intercom-ruby issues 323, 345, 364; airbyte issue 64110", CALL, "the endpoint (GET /tags)"),
    "me-refused": About("/me answers 403", "PostHog pull request 57519, 2026-05"),
    "probe-errors": About(
        "one endpoint fails for ever",
        "Intercom's status page, 2021-10: whole areas out while others worked",
        r"(4|5)\d\d:(GET|POST) /\S+", "status and endpoint (500:GET /segments)"),
    "missing-endpoint": About(
        "a whole list is not there: 404",
        "Intercom's OpenAPI issue 501: merge_history only with a feature of the workspace", CALL,
        "the endpoint (GET /news/newsfeeds)"),
    "html-403": About(
        "now and then a gateway answers a page of HTML, 403 and 405 in turn; asked again, it is gone",
        "community.intercom.com topic 4656, 2023; dust-tt/dust treats 405 as transient", COUNT,
        "every how many calls (7)"),
    "version-refused": About(
        "one version is refused with 400 intercom_version_invalid",
        "inference: workspaces may be served another version than they ask for", r"\d+\.\d+",
        "the version (2.16)"),
    "other-version-served": About(
        "the Intercom-Version of an answer is another than the one asked for",
        "ForestAdmin forest_admin_datasource_intercom README, 2026-08", r"\d+\.\d+", "the version told (2.14)"),
    "other-region": About(
        "/me tells another region",
        "Intercom's staff on proxied tokens of other regions, community.intercom.com", r"[A-Z]{2}", "the region (EU)"),
    "company-segments": About(
        "companies show their segments in their records otherwise than GET /companies/{id}/segments lists them: not at "
        "all, the first one only and has_more, the first one only without a word, none for every second company, or "
        "ids only",
        "inference: Intercom's OpenAPI text shows the list and does not say that it is whole",
        "absent|cut|unsaid|stale|thin", "which (cut)"),
    "company-notes": About(
        "companies of 2.16 show no notes, or say that they have none",
        "inference: Intercom's OpenAPI text of 2.16 tells another form of the list than live records have",
        "absent|zero", "which (absent)"),
    # What happens without a trace.
    "late-ticket-parts": About(
        "an update of an open ticket adds a part and does not move updated_at; "
        "change with tickets: assign_quietly does so always",
        "live captures of estuary/connectors: parts up to 158 s later than updated_at, for 17 months"),
    "quiet-contact-changes": About(
        "tags, notes, companies and subscriptions of a contact come and go without moving updated_at",
        "tap-intercom issue 50, 2022 (tag added: not moved); estuary/connectors 2465 saw it move, 2025-02"),
    "late-events": About(
        "events arrive two days late; change with contact_events: create_late does so always",
        "inference: whoever sends an event says when it happened"),
    "no-merge-history": About(
        "include_merge_history has no effect: the key is absent",
        "Intercom's OpenAPI issue 501: merge_history only with a feature of the workspace"),
    "many-ticket-parts": About(
        "the oldest ticket has 520 parts and shows the newest 500",
        "Intercom's reference of GET /tickets/{id}: at most 500 parts"),
    # What the content export counts and how its file looks.
    "export-statistics": About(
        "the content export counts statistics of any time, not only those in the range that was asked for; or its "
        "files of statistics tell what happened in the range, whenever the message was sent",
        "Intercom's help page of message exports promises all time; a public client joins by-time files to older "
        "receipts; read 2026-11", "all|by-time", "which (all)"),
    "export-file": About(
        "the content export is no ZIP but one CSV file, of receipts",
        "OpenAPI text of 2.16: streamed in a gzipped CSV format; ZIP is what public clients unpack", "gzip|plain",
        "which (gzip)"),
    "export-text-times": About(
        "times in the content export are text, not Unix seconds",
        "inference: the reference of 2.6 calls their type timestamp, and public clients parse both"),
    "export-ends": About(
        "jobs of the content export end otherwise than asked for",
        "OpenAPI text of 2.16 lists these states", "failed|canceled", "how (failed)"),
    # What the reporting export takes and how its file looks.
    "report-names": About(
        "datasets of reports tell no qualified_id, and attributes are asked for by their short ids",
        "OpenAPI of 2.15 knows no qualified_id; tap-intercom of Dext asks by id"),
    "report-heads": About(
        "the columns of reports are headed by full ids or by titles, and come in another order than asked for",
        "inference: a public client takes the part before the dot off, if there is one; read 2026-11",
        "full|titles|shuffled", "which (full)"),
    "report-times": About(
        "times in reports are those of UTC, or Unix seconds",
        "public clients disagree: one reads UTC, one the zone of the workspace; read 2026-11", "utc|unix",
        "which (utc)"),
    "report-end": About(
        "the end of a report's range belongs to it",
        "inference: public clients ask to the last second of a day, or to the first of the next; read 2026-11"),
    "report-file": About(
        "a report is no plain CSV file but packed",
        "changelog of 2.14: compressed files (.tgz format); public clients read plain and gzipped CSV",
        "gzip|zip|tgz", "how (tgz)"),
    "report-empty": About(
        "a report without rows says no_data, or has a file of nothing",
        "inference from the content export", "no_data|file", "which (no_data)"),
    "report-ends": About(
        "jobs of reports end otherwise than asked for",
        "OpenAPI of 2.16 has a failed job as its example", "failed|canceled|expired", "how (failed)"),
    # Odd bodies.
    "avatar-text": About(
        "the avatar of a contact is text, an address",
        "live fixtures of Nango (2026-05) and hull-connectors (2020); schema of tap-intercom"),
    "open-metadata": About(
        "before and after of an activity log may be objects",
        "expected records of Airbyte's connector: admin_permission_change"),
    "odd-times": About(
        "times come as ISO text, as fractions and in milliseconds, besides Unix seconds",
        "types in the code of old taps; Intercom's OpenAPI text allows text and integer for calls.initiated_at"),
    "odd-json": About(
        "some records hold what strict JSON refuses: half a surrogate pair, NaN, 1e400, a byte of latin-1, an "
        "integer of 23 digits; with BOM before the body",
        "inference: message text is the customers' own; strict parsers refuse these",
        "surrogate|nan|huge|latin|digits|bom|nesting", "only this one (all but nesting)"),
    "odd-nested-items": About(
        "some nested lists hold null or text, and lists of tags and segments a record without id",
        "inference: nullable items in Intercom's OpenAPI text of 2.15", "null|text|no-id", "only this one (all)"),
    # Headers.
    "odd-date": About(
        "the Date header of every answer lies in the past or the future",
        "inference: a gateway's own clock", r"past|future|-?\d+", "past, future (a year) or seconds to add (past)"),
    "odd-rate-headers": About(
        "X-RateLimit headers make no sense: limit 0, a reset in the past, that never moves, in milliseconds, or digits "
        "without end",
        "inference: gateways and proxies rewrite headers",
        "zero|past|same|ms|endless", "which (zero)"),
}  # fmt: skip


TOGETHER = (
    "text-page-counters", "search-ends-early", "short-pages", "null-next", "endless-paging", "refused-cursor",
    "ignored-sort", "unsorted-lists", "scroll-conflict-message", "whole-utc-days", "contacts-utc-days",
    "refused-in-operator", "activity-log-range", "hidden-tickets", "me-refused", "html-403", "other-version-served",
    "other-region", "late-ticket-parts", "quiet-contact-changes", "late-events", "no-merge-history",
    "company-segments", "company-notes", "many-ticket-parts", "avatar-text", "open-metadata", "odd-times",
    "odd-json", "odd-nested-items", "export-statistics", "export-text-times", "report-heads", "report-times",
    "report-end", "report-file",
)  # fmt: skip
"""Quirks under which everything can still be read, all of them at once: what each withholds can be had by asking
again or otherwise. Left out are those that refuse something for good, that contradict each other, or that are about
clocks and rate limits."""


@lru_cache(maxsize=256)
def _parsed(names: tuple[str, ...]) -> Mapping[str, str]:
    return {name: value for name, _, value in (text.partition("=") for text in names)}


def chosen(names: Iterable[str]) -> Mapping[str, str]:
    """Name and value of each: `["endless-paging", "html-403=5"]` is `{"endless-paging": "", "html-403": "5"}`."""
    return _parsed(tuple(names))


def check_quirks(names: object) -> None:
    """Raise ValueError, with a sentence, for what is no list of quirks."""
    if not isinstance(names, list | tuple | set | frozenset):
        raise ValueError("quirks must be a list of names")
    for text in names:
        if not isinstance(text, str):
            raise ValueError("quirks must be a list of names")
        name, equals, value = text.partition("=")
        if name not in QUIRKS:
            raise ValueError(f"no quirk is called {name!r}; there are: {', '.join(QUIRKS)}")
        about = QUIRKS[name]
        if equals and not about.value:
            raise ValueError(f"the quirk {name!r} takes no value")
        if equals and not re.fullmatch(about.value, value):
            raise ValueError(f"the quirk {name!r} does not take {value!r}; it takes: {about.hint}")


def helped() -> str:
    """The list of quirks for `--help`."""
    return "\n".join(
        f"  {name}{'[=...]' if about.value else ''}: {about.line}"
        + (f"; value: {about.hint}" if about.hint else "")
        + f" [{about.evidence}]"
        for name, about in QUIRKS.items()
    )
