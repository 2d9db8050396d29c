"""Faults on order: which calls go wrong, how, and how often."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from .errors import ApiError
from .router import Call
from .search.cursor import Cursor

NUMBER = r"\d+(\.\d+)?"
KINDS: Mapping[str, tuple[str, str]] = {
    # the first word of a fault's kind: what must follow after a colon, and how that is said
    "status": (r"\d{3}", "a status, such as status:503; also those that HTTP does not know, such as 999"),
    "html": (r"[1-5]\d\d", "a status, such as html:503"),
    "error": (r"[1-5]\d\d:\w+(:.*)?", "a status and a code, such as error:500:server_error"),
    "reset": ("", "nothing"),
    "truncate": ("", "nothing"),
    "empty": ("", "nothing"),
    "hang": (NUMBER, "seconds, such as hang:3"),
    "scroll": ("", "nothing"),
    "silent": ("", "nothing: it never answers"),
    "drip": (NUMBER, "seconds between two bytes of the body, such as drip:1"),
    "drip-headers": (NUMBER, "seconds between two bytes of the headers, such as drip-headers:1"),
    "limit": ("same|past|ms|digits|now|zero|none|after(-.*)?",
              "what a 429 says of its reset: same, past, now, ms, digits (400 of them), zero (a limit of 0), none, or "
              "after-VALUE for Retry-After, such as limit:past"),
    "bomb": (r"\d+", "megabytes that the gzip body unpacks to, such as bomb:1000"),
    "big": (r"\d+", "megabytes of one record, such as big:500"),
    "header-flood": (r"\d+", "how many headers, such as header-flood:10000"),
    "redirect": (r"https?://.+", "an address that the call is sent on to, such as redirect:http://localhost:9"),
    "quote-token": ("", "nothing: an error that quotes the token"),
}  # fmt: skip
ANSWERED = ("hang", "truncate", "drip", "drip-headers", "header-flood")
"""Faults that strike on the way back: the answer is made before."""


@dataclass(frozen=True)
class When:
    """Narrows a fault to some of the calls that match it. Unset conditions hold always."""

    per_page_over: int | None = None
    """Only pages of more records: Intercom fails on heavy ones."""
    range_over: int | None = None
    """Only activity logs over more than so many seconds."""
    ids: frozenset[str] = frozenset()
    """Only answers that hold one of these records: one that Intercom cannot build fails its page."""
    page_over: int | None = None
    """Only pages after this one of a cursor walk."""

    @classmethod
    def of(cls, raw: Mapping[str, object]) -> When:
        known = {one.name for one in fields(cls)}
        for name in raw:
            if name not in known:
                raise ValueError(f"no condition is called {name!r}; there are: {', '.join(sorted(known))}")
        numbers: dict[str, int | None] = {}
        for name in known - {"ids"}:
            value = raw.get(name)
            if value is not None and not isinstance(value, int):
                raise ValueError(f"{name} must be a whole number")
            numbers[name] = value
        ids = raw.get("ids") or []
        if not isinstance(ids, list | tuple | set | frozenset):
            raise ValueError("ids must be a list")
        return cls(
            numbers["per_page_over"], numbers["range_over"], frozenset(str(one) for one in ids), numbers["page_over"]
        )


@dataclass
class Fault:
    """One rule. The first `skip` matching calls pass, then each `every`-th fails, `times` times (None: for ever)."""

    match: str
    kind: str
    times: int | None = None
    skip: int = 0
    every: int = 1
    when: When = field(default_factory=When)
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        method, _, path = self.match.partition(" ")
        if self.match != "*" and (not method.isupper() or not path.startswith("/")):
            raise ValueError(f"{self.match!r} is not a method and a path, such as 'GET /tags'")
        word, _, rest = self.kind.partition(":")
        if word not in KINDS:
            raise ValueError(f"no fault is called {word!r}; there are: {', '.join(KINDS)}")
        pattern, needed = KINDS[word]
        if not re.fullmatch(pattern, rest, re.DOTALL):
            raise ValueError(f"{word} needs {needed}")

    @property
    def answered(self) -> bool:
        return self.kind.partition(":")[0] in ANSWERED

    def strikes(self) -> bool:
        """Count a matching call, and say whether it goes wrong."""
        self.seen += 1
        if self.times is not None and self.fired >= self.times:
            return False
        if self.seen <= self.skip or (self.seen - self.skip - 1) % self.every:
            return False
        self.fired += 1
        return True


class Faults:
    """The rules in force. Changed by control calls, consulted by every other."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def before(self, name: str, call: Call) -> Fault | None:
        """The fault that strikes a call before it is answered."""
        return self._find(name, lambda rule: not rule.when.ids and _holds(rule.when, call))

    def after(self, name: str, call: Call, ids: list[str]) -> Fault | None:
        """The fault that strikes because of the records in an answer."""
        if not any(rule.when.ids for rule in self.rules):
            return None
        held = frozenset(ids)
        return self._find(name, lambda rule: bool(rule.when.ids & held) and _holds(rule.when, call))

    def _find(self, name: str, applies: Callable[[Fault], bool]) -> Fault | None:
        for rule in self.rules:
            if rule.match in ("*", name) and applies(rule) and rule.strikes():
                return rule
        return None


def _holds(when: When, call: Call) -> bool:
    if when.per_page_over is None and when.range_over is None and when.page_over is None:
        return True
    pagination = _pagination(call)
    if when.per_page_over is not None:
        size = pagination.get("per_page") or call.query.get("per_page") or 20
        if int(str(size)) <= when.per_page_over:
            return False
    if when.range_over is not None:
        after = int(call.query.get("created_at_after", 0))
        before = int(call.query.get("created_at_before", call.ws.clock()))
        if before - after <= when.range_over:
            return False
    return when.page_over is None or _page(pagination) > when.page_over


def _pagination(call: Call) -> Mapping[str, object]:
    if not call.body:
        return {}
    try:
        found = call.json().get("pagination")
    except ApiError:
        return {}
    return found if isinstance(found, dict) else {}


def _page(pagination: Mapping[str, object]) -> int:
    after = pagination.get("starting_after")
    if after is None:
        return 1
    try:
        return Cursor.decode(after).page
    except ValueError:
        return 1


def parse_fault(text: str) -> Fault:
    """`"POST /contacts/search=status:503:times=2"`, as the command line takes it.

    After the kind come options `times`, `skip`, `every`, `per_page_over`, `range_over`, `page_over` and `ids`
    (separated by "+").
    """
    match, separator, rest = text.partition("=")
    if not separator:
        raise ValueError(f"{text!r} is not MATCH=KIND[:OPTION=VALUE...]")
    words, options = [], {}
    for word in rest.split(":"):
        name, equals, value = word.partition("=")
        if equals:
            options[name] = value
        else:
            words.append(word)
    when: dict[str, object] = {}
    for name in ("per_page_over", "range_over", "page_over"):
        if name in options:
            when[name] = int(options.pop(name))
    if "ids" in options:
        when["ids"] = options.pop("ids").split("+")
    times = options.pop("times", None)
    skip, every = int(options.pop("skip", 0)), int(options.pop("every", 1))
    if options:
        raise ValueError(f"unknown fault options: {', '.join(options)}")
    return Fault(match, ":".join(words), None if times is None else int(times), skip, every, When.of(when))
