"""What follows from the facts that stream classes state, for the docs and the benchmark's least calls."""

from __future__ import annotations

from source_intercom.shapes.child import Child
from source_intercom.streams import CATALOGUE, IntercomStream

Kind = type[IntercomStream]


def name_of(kind: Kind) -> str:
    return kind().name


def is_child(kind: Kind) -> bool:
    """Whether its rows take a call for each record of a parent."""
    return hasattr(kind, "child")


def parent_of(kind: Kind) -> Kind | None:
    """The stream whose records this one is made from; None when they are its own."""
    stated: Kind | None = getattr(kind, "parent", None)
    if stated in CATALOGUE:
        return stated
    # The parent stated can be a variant that is no stream of its own, such as contacts with their merges.
    made_of = (other for other in CATALOGUE if _is_list(other) and other is not kind and _path(kind) == _path(other))
    return next((other for other in made_of if stated or not _is_list(kind) or issubclass(kind, other)), None)


def shares_pages(kind: Kind) -> bool:
    """Whether the pages that it is made from are those of its parent, and read once for both."""
    parent = parent_of(kind)
    if parent is None:
        return False
    return _place(kind) == _place(parent)


def given_the_same(kind: Kind) -> list[Kind]:
    """Other streams that are given the same answers of single parents, where they are read together."""
    asks = kind().asks if issubclass(kind, Child) else None
    return [
        other for other in CATALOGUE if asks and other is not kind and issubclass(other, Child) and other().asks == asks
    ]


def asks_every_parent(kind: Kind) -> bool:
    """Whether each sync asks for the rows of every parent, changed or not."""
    return kind.every_parent


def tells_of_children(kind: Kind) -> bool:
    """Whether a parent tells if it has any, which spares the call for those that have none."""
    # The shape says yes for all; a stream that can tell overrides it.
    return sum("has_children" in vars(base) for base in kind.__mro__) > 1


def _is_list(kind: Kind) -> bool:
    return not getattr(kind, "parent", None) and not is_child(kind) and not hasattr(kind, "nested")


def _path(kind: Kind) -> str:
    """Children of companies have no list of their own: they take the ids from the one scroll."""
    return getattr(kind, "endpoint", "/companies/scroll").partition("?")[0]


def _place(kind: Kind) -> tuple[str, str, str]:
    return kind.endpoint, kind.version, kind.records_key
