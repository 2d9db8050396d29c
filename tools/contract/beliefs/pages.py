"""How searches page, and whether their totals are true."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable, Iterator

from source_intercom.api.errors import RequestRefused, Unavailable
from source_intercom.api.pages import SEARCH_PAGE
from tools.contract.belief import Answer, Belief, no, not_seen, told, yes
from tools.contract.searches import (
    CONTACTS,
    KINDS,
    Page,
    Walk,
    any_of,
    compared,
    newest,
    search,
    some,
    walk,
    walks,
)
from tools.contract.workspace import Refused, Workspace

_ONE_PAGE = "no search here has more than one page"


def _at_fault(ws: Workspace, is_faulty: Callable[[Walk], bool]) -> Answer:
    """No, with the kinds of which a search is not as it should be."""
    faulty = sorted({one.kind.name for one in walks(ws) if is_faulty(one)})
    return told(not faulty, unless=", ".join(faulty))


def _where_several(ws: Workspace, is_faulty: Callable[[Walk], bool]) -> Answer:
    if not any(len(one.pages) > 1 for one in walks(ws)):
        return not_seen(_ONE_PAGE)
    return _at_fault(ws, is_faulty)


def _has_pages(ws: Workspace) -> Answer:
    return _at_fault(ws, lambda one: any(not page.has_pages for page in one.pages))


def _size(ws: Workspace) -> Answer:
    for kind in KINDS:
        try:
            newest(ws, kind)
        except Refused as refusal:
            if isinstance(refusal.cause, RequestRefused):
                return no(f"{kind.name}: {refusal.words}")
    pages = [one.pages[0] for one in walks(ws) if one.per_page == SEARCH_PAGE]
    sizes = {page.size for page in pages if page.size not in (None, SEARCH_PAGE)}
    return told(not sizes, unless=f"it says that its pages have {', '.join(map(str, sizes))}")


def _heavy(ws: Workspace) -> Answer:
    first = [one for one in walks(ws) if one.wanted is None]
    failed = sorted(one.kind.name for one in first if one.per_page < SEARCH_PAGE)
    return told(not failed, unless=f"{', '.join(failed)}: a page of {SEARCH_PAGE} does not come, a smaller one does")


def _limit(ws: Workspace) -> Answer:
    try:
        search(ws, CONTACTS, compared("role", "=", "user"), per_page=SEARCH_PAGE + 1)
    except Refused as refusal:
        if isinstance(refusal.cause, RequestRefused):
            return yes(refusal.words)
        raise
    return no()


def _full(ws: Workspace) -> Answer:
    """Pages with more behind them."""

    def is_short(one: Walk) -> bool:
        return any(len(page.records) < one.per_page for page in one.pages if page.cursor)

    if not any(page.cursor for one in walks(ws) for page in one.pages):
        return not_seen(_ONE_PAGE)
    return _at_fault(ws, is_short)


def _announces_more(page: Page, before: set[str]) -> bool:
    known = before | {str(record["id"]) for record in page.records}
    return page.total is not None and page.cursor is None and len(known) < page.total


def _seen_before(one: Walk) -> Iterator[tuple[Page, set[str]]]:
    before: set[str] = set()
    for page in one.pages:
        yield page, set(before)
        before |= {str(record["id"]) for record in page.records}


def _last_page(ws: Workspace) -> Answer:
    """A full page, or one with new records, that says that it is the last although its total says more."""

    def ends_early(one: Walk) -> bool:
        if one.refused_cursors and not one.has_ended:
            return False
        return any(
            _announces_more(page, before) and bool(page.records) and not _repeats(page, before)
            for page, before in _seen_before(one)
        ) and not _is_wrong(one)

    return _at_fault(ws, ends_early)


def _repeats(page: Page, before: set[str]) -> bool:
    return bool(page.records) and {str(record["id"]) for record in page.records} <= before


def _new_records(ws: Workspace) -> Answer:
    def repeats(one: Walk) -> bool:
        # Where paging has no end everything comes again; that is another question.
        return one.has_ended and any(_repeats(page, before) for page, before in _seen_before(one))

    return _where_several(ws, repeats)


def _empty(ws: Workspace) -> Answer:
    def is_empty(one: Walk) -> bool:
        return any(not page.records and _announces_more(page, before) for page, before in _seen_before(one))

    return _where_several(ws, is_empty)


def _is_wrong(one: Walk) -> bool:
    """Whether the total of a search for records that exist is another number than there are."""
    return one.wanted is not None and any(page.total not in (None, one.wanted) for page in one.pages)


def _total(ws: Workspace) -> Answer:
    known = [one for one in walks(ws) if one.wanted]
    if not known:
        return not_seen("there are no records")
    if all(page.total is None for one in known for page in one.pages):
        return no("there is none")
    return _at_fault(ws, _is_wrong)


def _steady(ws: Workspace) -> Answer:
    return _where_several(ws, lambda one: len({page.total for page in one.pages}) > 1)


def _ends(ws: Workspace) -> Answer:
    ended = [one for one in walks(ws) if one.pages and not one.is_cut and not one.refused_cursors]
    endless = [one for one in walks(ws) if one.is_cut and one.wanted is not None and not one.refused_cursors]
    if not ended and not endless:
        return not_seen("no search was read to its end")
    return told(not endless, unless=", ".join(one.kind.name for one in endless))


def _next_on_last(ws: Workspace) -> Answer:
    last = [one.pages[-1] for one in walks(ws) if one.has_ended and one.pages[-1].has_pages]
    if not last:
        return not_seen("no search was read to its end")
    ways = sorted({page.next for page in last})
    return told("no cursor" not in ways, " or ".join(ways), unless="an object without a cursor")


def _taken(ws: Workspace) -> Answer:
    refused = [one for one in walks(ws) if one.refused_cursors]
    if not refused and not any(len(one.pages) > 1 for one in walks(ws)):
        return not_seen(_ONE_PAGE)
    for_good = any(one.is_cut for one in refused)
    return told(not refused, unless="refused again and again" if for_good else "refused once, then taken")


def _cursor(ws: Workspace) -> Answer:
    cursors = [page.cursor for one in walks(ws) for page in one.pages if page.cursor]
    if not cursors:
        return not_seen(_ONE_PAGE)
    return told(all(map(_is_value, cursors)), unless="it is written in another way")


def _is_value(cursor: str) -> bool:
    try:
        inside = json.loads(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError):
        return False
    return isinstance(inside, list) and len(inside) > 1 and isinstance(inside[0], (int, float))


def _first_cursor(ws: Workspace) -> tuple[Walk, str] | None:
    for kind in KINDS:
        try:
            made = walk(ws, kind)
        except Refused:
            continue
        if made.pages and made.pages[0].cursor:
            return made, made.pages[0].cursor
    return None


def _whole_body(ws: Workspace) -> Answer:
    first = _first_cursor(ws)
    if first is None:
        return not_seen(_ONE_PAGE)
    made, cursor = first
    pagination = {"per_page": made.per_page, "starting_after": cursor}
    body = {"query": any_of(some(ws, made.kind)), "pagination": pagination}
    try:
        ws.post(made.kind.path, body, once=True)
    except Refused as refusal:
        if isinstance(refusal.cause, (Unavailable, RequestRefused)):
            return yes(refusal.words)
        raise
    return no("page 2 came without sort too")


def _same_page_again(ws: Workspace) -> Answer:
    first = _first_cursor(ws)
    if first is None:
        return not_seen(_ONE_PAGE)
    made, cursor = first
    query = any_of(some(ws, made.kind))
    try:
        page = search(ws, made.kind, query, per_page=made.per_page, cursor=cursor, fresh=True)
    except Refused as refusal:
        if isinstance(refusal.cause, RequestRefused):
            return no(refusal.words)
        raise
    age = f"after {time.monotonic() - made.began:.0f} s"
    return told(bool(page.records), age, unless=f"the page is empty {age}")


def _by_id(ws: Workspace) -> Answer:
    asked = [one for one in walks(ws) if one.wanted]
    if not asked:
        return not_seen("there are no records")
    foreign = [one.kind.name for one in asked if not set(one.ids) <= {str(each["id"]) for each in some(ws, one.kind)}]
    nothing = [one.kind.name for one in asked if not one.ids]
    return told(not foreign and not nothing, unless=", ".join(sorted({*foreign, *nothing})))


def _lag(_: Workspace) -> Answer:
    return not_seen("nothing is changed here, so nothing can come late")


def _belief(name: str, question: str, ask: Callable[[Workspace], Answer], if_yes: str, if_no: str, fact: str) -> Belief:
    return Belief(name, question, "yes", if_yes, if_no, fact, ask)


_HELD = (
    "It compares the number of distinct records with the total. If some are missing, it asks for them in smaller "
    "searches. If they are still missing, the stream ends incomplete with both numbers, and its state stays."
)

BELIEFS = (
    _belief("search-size", "Does a search take 150 records a page?", _size,
            "It asks for 150.", "The stream ends incomplete with Intercom's words.", "search-page"),
    _belief("search-heavy", "Does a page of 150 records come, however much they hold?", _heavy,
            "Nothing.", "A page that fails after all tries is asked for at half its size, down to one record.",
            "search-heavy-pages"),
    _belief("search-limit", "Is a page of 151 refused?", _limit,
            "It never asks for more than 150.", "The same; larger pages would save calls, so please report it.",
            "search-page"),
    _belief("search-pages", "Does each answer of a search have `pages`?", _has_pages,
            "It follows the cursor there.", f"It takes such an answer for the last page. {_HELD}", "list-last-page"),
    _belief("search-full-pages", "Is each page but the last as long as was asked for?", _full,
            "Nothing.", "It goes on as long as there is a cursor, however short a page is.", "list-page-repeats"),
    _belief("search-last-page", "Does a search go on until its total has come?", _last_page,
            "Nothing.", _HELD, "conflict-totals"),
    _belief("search-new-records", "Does each page of a search bring new records?", _new_records,
            "Nothing.", f"A record that comes twice counts once. {_HELD}", "list-page-repeats"),
    _belief("search-no-empty-page", "Are there no empty pages before the total has come?", _empty,
            "Nothing.", _HELD, "conflict-totals"),
    _belief("search-total", "Is `total_count` the number of records that match?", _total,
            "It compares the number of records with it.",
            "The first sync ends incomplete. If the next one finds the same difference, the connector warns that the "
            "total is wrong, and saves the new state.", "conflict-totals"),
    _belief("search-steady-total", "Does `total_count` stay the same from page to page?", _steady,
            "The total of the last page counts.", "The total of the last page counts.", "search-totals"),
    _belief("search-ends", "Does the last page of a search say that it is the last?", _ends,
            "The search ends there.", "It ends after two pages without a new record.", "list-page-repeats"),
    _belief("search-next-absent", "Is `pages.next` absent or null on the last page?", _next_on_last,
            "That is the end.", "A `next` whose cursor is null is the end too.", "list-last-page"),
    _belief("search-cursor-taken", "Does Intercom accept a cursor that it has just given?", _taken,
            "Nothing.",
            "The search continues from the last time that it reached. If Intercom accepts no cursor at all, it "
            "continues in smaller searches.",
            "list-cursor-refused"),
    _belief("search-cursor-value", "Does a cursor hold the time and the id after which the search continues?", _cursor,
            "A record that changes while it is read is seen again, never lost: the order is ascending.",
            "The same, but nobody knows what a change does to the pages that follow. Please report it.",
            "search-cursor"),
    _belief("search-whole-body", "Must page 2 send the whole body again?", _whole_body,
            "It always does.", "It always does.", "search-body"),
    _belief("search-by-id", "Does a search for ids find these records and no others?", _by_id,
            "It searches so where filters by id are combined with segments or tags.",
            "Records outside the filters are left out here.", "search-grammar"),
    Belief("search-lag", "Can the search find a change minutes late?", "yes",
           "The hour before the last sync is read again each time.", "The same: it costs a few pages.", "search-lag",
           _lag),
)  # fmt: skip

LATE = (
    _belief("search-cursor-later", "Does a cursor work a second time, at the end of this run?", _same_page_again,
            "A page that failed is asked for again.", "The search continues from the last time that it reached.",
            "list-cursor-refused"),
)  # fmt: skip
"""What is asked at the end of a run."""
