"""The scroll over companies. Asked late, as the one that this run leaves open ends only after a minute."""

from __future__ import annotations

from dataclasses import dataclass, field

from source_intercom.api.client import Json
from source_intercom.api.errors import GatewayAnswer, ScrollTaken
from source_intercom.api.figures import records_in
from tools.contract.belief import Answer, Belief, no, not_seen, told, yes
from tools.contract.searches import objects
from tools.contract.workspace import Refused, Workspace

_PATH = "/companies/scroll"
_PAGE = 100
_MOST_PAGES = 5


@dataclass
class _Scrolled:
    """The first pages of a scroll, and what a second one was answered.

    ``taken``: somebody else's is open, so there are no pages. ``broken``: what ended it before its time.
    """

    pages: list[Json] = field(default_factory=list)
    second: Refused | None = None
    was_second_asked: bool = False
    taken: Refused | None = None
    broken: Refused | None = None

    @property
    def sizes(self) -> list[int]:
        return [len(records_in(page, "data")) for page in self.pages]

    @property
    def tokens(self) -> set[str]:
        return {str(page["scroll_param"]) for page in self.pages if page.get("scroll_param")}


def _scrolled(ws: Workspace) -> _Scrolled | None:
    """None where this run shall not scroll. Raises ``Refused``."""
    return ws.keep("scroll", lambda: _scroll(ws)) if ws.scrolls else None


def _scroll(ws: Workspace) -> _Scrolled:
    made = _Scrolled()
    try:
        made.pages.append(_page(ws))
    except Refused as refusal:
        if not isinstance(refusal.cause, ScrollTaken):
            raise
        made.taken = refusal
        return made
    if made.sizes[0]:
        made.was_second_asked = True
        try:
            _page(ws)
        except Refused as refusal:
            made.second = refusal
    while made.sizes[-1] and len(made.pages) < _MOST_PAGES and (token := made.pages[-1].get("scroll_param")):
        try:
            made.pages.append(_page(ws, scroll_param=token))
        except Refused as refusal:
            made.broken = refusal
            break
    return made


def _page(ws: Workspace, **params: object) -> Json:
    """Asked once, as a page whose answer is lost may have moved the scroll on; a gateway's refusal is no answer."""
    try:
        return ws.get(_PATH, params, once=True, fresh=True)
    except Refused as refusal:
        if not isinstance(refusal.cause, GatewayAnswer):
            raise
        return ws.get(_PATH, params, once=True, fresh=True)


def _ask(ws: Workspace) -> _Scrolled | Answer:
    made = _scrolled(ws)
    if made is None:
        return not_seen("left out, as --without-scroll asks for")
    return not_seen("somebody else has a scroll open") if made.taken else made


def companies(ws: Workspace) -> list[Json]:
    """The companies of the first pages, none where none are known. Raises ``Refused``."""
    made = _scrolled(ws)
    return [company for page in (made.pages if made else []) for company in objects(records_in(page, "data"))]


def a_company(ws: Workspace) -> str | None:
    """The id of some company, None where none is known. Raises ``Refused``."""
    return next((str(company["id"]) for company in companies(ws) if company.get("id") is not None), None)


def _conflict(ws: Workspace) -> Answer:
    made = _scrolled(ws)
    if made is None:
        return not_seen("left out, as --without-scroll asks for")
    refusal = made.taken or made.second
    if refusal is None:
        return no("a second one is opened") if made.was_second_asked else not_seen("there are no companies")
    code = refusal.heard.code if refusal.heard else ""
    return told(code == "scroll_exists", unless=refusal.words)


def _token(ws: Workspace) -> Answer:
    made = _ask(ws)
    if isinstance(made, Answer):
        return made
    if len(made.pages) < 2:
        return not_seen("there is one page only")
    return told(len(made.tokens) == 1)


def _size(ws: Workspace) -> Answer:
    made = _ask(ws)
    if isinstance(made, Answer):
        return made
    if len(made.sizes) < 2 or not made.sizes[1]:
        return not_seen("there is one page only")
    return told(made.sizes[0] == _PAGE, f"{made.sizes[0]} a page")


def _end(ws: Workspace) -> Answer:
    made = _ask(ws)
    if isinstance(made, Answer):
        return made
    if not made.sizes[-1]:
        return yes()
    ids = [str(company.get("id")) for page in made.pages for company in objects(records_in(page, "data"))]
    if len(ids) > len(set(ids)):
        return no("companies come again")
    return not_seen(f"it broke off ({made.broken.words})" if made.broken else f"it has more than {_MOST_PAGES} pages")


BELIEFS = (
    Belief("scroll-conflict", "Is a second scroll refused with the code `scroll_exists`?", "yes",
           "It waits for the other scroll, up to ten minutes, and then says what is in the way.",
           "The message counts too, so it waits all the same.", "scroll-one", _conflict),
    Belief("scroll-token", "Is the token of the scroll the same on every page?", "yes",
           "Only an empty page ends the scroll.", "The newest token is sent.", "scroll-token", _token),
    Belief("scroll-page", "Does a page of the scroll have 100 companies?", "yes",
           "Nothing.", "Nothing: every size is read.", "scroll-page", _size),
    Belief("scroll-end", "Does the scroll end with an empty page?", "yes",
           "That is the end.", "A page that brings no new company stops the stream before it fills the warehouse with "
           "copies.", "scroll-end", _end),
)  # fmt: skip
