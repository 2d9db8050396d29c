"""The first page of each list that the connector reads, asked for as it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from source_intercom.api.client import Json
from source_intercom.api.errors import RequestRefused
from source_intercom.api.figures import next_request, number_in
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.lists import ListStream
from source_intercom.streams import CATALOGUE, IntercomStream
from source_intercom.streams.companies import Companies
from source_intercom.streams.conversations import Macros
from source_intercom.streams.workspace import CustomObjectInstances
from tools.contract.workspace import Refused, Workspace

# Not asked for here: the scroll has questions of its own, and which custom objects there are only options tell.
_APART = (Companies, CustomObjectInstances)


@dataclass(frozen=True)
class Listed:
    """The first page of a list, or why there is none. ``refused_wish``: its page size was refused before."""

    kind: type[IntercomStream]
    asked: Mapping[str, object]
    answer: Json = field(default_factory=dict)
    refusal: Refused | None = None
    refused_wish: bool = False

    @property
    def path(self) -> str:
        return self.kind.endpoint

    @property
    def records(self) -> list[Any] | None:
        """Its records; None where they do not stand where the connector looks for them."""
        for key in self.kind.records_key.split("|"):
            found = self.answer.get(key)
            if isinstance(found, list):
                return found
        return None

    @property
    def objects(self) -> list[Record]:
        return [one for one in self.records or () if isinstance(one, dict)]

    @property
    def counters(self) -> Mapping[str, Any]:
        pages = self.answer.get("pages")
        return pages if isinstance(pages, dict) else self.answer

    @property
    def total(self) -> int | None:
        own = number_in(self.answer, "total_count")
        return number_in(self.counters, "total_count") if own is None else own

    @property
    def has_more(self) -> bool:
        return next_request(self.answer, self.path, self.asked) is not None


def lists(ws: Workspace) -> list[Listed]:
    """Every list, whether it could be read or not."""
    return ws.keep("lists", lambda: list(_lists(ws)))


def readable(ws: Workspace) -> list[Listed]:
    """The lists that could be read. Raises ``Refused`` when there is none."""
    all_of_them = lists(ws)
    made = [one for one in all_of_them if one.refusal is None]
    refusals = [one.refusal for one in all_of_them if one.refusal]
    if not made and refusals:
        raise refusals[0]
    return made


def list_of(ws: Workspace, kind: type[IntercomStream]) -> Listed:
    """One list. Raises ``Refused`` when it could not be read."""
    made = _listed(ws, kind)
    if made.refusal:
        raise made.refusal
    return made


def _lists(ws: Workspace) -> Iterator[Listed]:
    for kind in CATALOGUE:
        if issubclass(kind, ListStream) and kind.parent is None and kind not in _APART:
            yield _listed(ws, kind)


def _listed(ws: Workspace, kind: type[IntercomStream]) -> Listed:
    asked: Json = dict(kind.params)
    wish = 150 if kind is Macros else kind.page_wish
    refused_wish = False
    try:
        if wish:
            wished = {**asked, "per_page": wish}
            try:
                return Listed(kind, wished, ws.get(kind.endpoint, wished, version=kind.version))
            except Refused as refusal:
                if not isinstance(refusal.cause, RequestRefused):
                    raise
                refused_wish = True
        return Listed(kind, asked, ws.get(kind.endpoint, asked, version=kind.version), refused_wish=refused_wish)
    except Refused as refusal:
        return Listed(kind, asked, refusal=refusal)
