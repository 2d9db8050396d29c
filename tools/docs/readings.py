"""How a stream is read, in words, by the shape of its class."""

from __future__ import annotations

from source_intercom.shapes.lists import ClientFilteredStream, NewestFirstStream
from source_intercom.shapes.search import SearchStream
from source_intercom.streams import IntercomStream
from tools.docs.by_hand import READ_AS, Reading
from tools.facts import (
    Kind,
    asks_every_parent,
    given_the_same,
    is_child,
    name_of,
    parent_of,
    shares_pages,
    tells_of_children,
)


def reading(stream: IntercomStream) -> Reading:
    """How a stream is read, by its shape."""
    return READ_AS.get(stream.name) or _by_shape(type(stream))


def _by_shape(kind: Kind) -> Reading:
    if is_child(kind):
        return _child(kind)
    if parent_of(kind):
        return _inside(kind)
    if issubclass(kind, SearchStream):
        return Reading("filtered by Intercom", "Intercom filters by time.", "one for each 150 records that changed")
    if issubclass(kind, NewestFirstStream):
        return Reading(
            "newest first",
            "Intercom cannot filter, but sorts newest first: reading stops where the last sync began.",
            "its pages, down to the last sync",
        )
    if issubclass(kind, ClientFilteredStream):
        return Reading(
            "read completely",
            "Intercom cannot filter, so each sync reads everything and delivers what changed.",
            "all its pages, at each sync",
        )
    return Reading("full refresh", "Read completely at each sync.", "all its pages, at each sync")


def _child(kind: Kind) -> Reading:
    parent = parent_of(kind)
    assert parent is not None, f"{kind.__name__} has no parent"
    thing = _thing(kind)
    if issubclass(parent, SearchStream) and kind.cursor_time and not asks_every_parent(kind):
        having = " that has such rows" if tells_of_children(kind) else ""
        shared = "".join(f", shared with {link(name_of(other))}" for other in given_the_same(kind))
        own = f"one for each 150 {thing}s, because this stream reads them itself"
        return Reading(
            f"one request for each changed {thing}",
            f"Intercom filters the {thing}s by time, and the connector reads all rows of each {thing} that changed.",
            f"one for each changed {thing}{having}{shared}, in addition to "
            + (f"the pages of {link(name_of(parent))}" if shares_pages(kind) else own),
        )
    pages = {"contact": "the pages of all contacts", "company": "the scroll over companies"}
    return Reading(
        f"one request for each {thing}",
        f"Each sync asks for the rows of every {thing}.",
        f"one for each {thing}, at each sync, in addition to {pages.get(thing, f'the list of {thing}s')}",
    )


def _inside(kind: Kind) -> Reading:
    parent = parent_of(kind)
    assert parent is not None, f"{kind.__name__} has no parent"
    completed = ""
    if getattr(kind, "complete", ""):
        completed = f"; one more for each {_thing(kind)} whose list Intercom cut short"
    if shares_pages(kind):
        name = name_of(parent)
        return Reading(
            f"inside `{name}`",
            f"Taken from the records of {link(name)}; both streams use the same pages.",
            f"none in addition to the pages of {link(name)}{completed}",
        )
    return Reading(
        "filtered by Intercom",
        f"Intercom filters the {_thing(kind)}s by time; the rows lie inside them.",
        f"one for each 150 {_thing(kind)}s that changed{completed}",
    )


def _thing(kind: Kind) -> str:
    """What a parent is called, from the name of its id."""
    parent_key: str = getattr(kind, "parent_key", "")
    return parent_key.removesuffix("_id").replace("_", " ").replace("intercom user", "contact")


def link(name: str) -> str:
    """A link to the section of a stream, on the page of the reference."""
    return f"[`{name}`](#{name})"
