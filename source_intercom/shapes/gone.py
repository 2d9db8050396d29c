"""Whether records are gone, or the path that was asked for each of them is not there."""

from collections.abc import Sequence

from source_intercom.api.errors import IntercomError, NotOffered, RecordGone
from source_intercom.api.paths import path_of
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record

# Of the parents of a page so many, and no fewer than all, must be gone for the path to be doubted. Where a stream asks
# all parents there are, one is enough: there may be no more, and its table would be emptied, or never get the rows.
_MANY = 3
# And so many where no other call tells whether a parent is there.
_MOST = 10


def check_path(
    stream: IntercomStream, path: str, asked: Sequence[Record], gone: dict[str, RecordGone], whose: str
) -> None:
    """Raise ``NotOffered`` where a path answers 404 for all parents, though they are there.

    A workspace can lack an endpoint, or lose it for hours, which looks as if each parent had been deleted
    (docs/intercom-api.md#error-endpoint). ``gone`` has the error of each parent that is, by its id; ``whose`` is the
    path of a parent itself, which tells whether it is there. It is empty where it cannot tell.
    """
    if len(gone) < len(asked) or len(gone) < (1 if stream.needs_every_parent else _MANY):
        return
    name, error = next(iter(gone.items()))
    if whose:
        try:
            stream.client.get(path_of(whose, id=name))
        except IntercomError:
            return
    elif len(gone) < _MOST:
        return
    raise NotOffered.of(error, path)


def owner_of(path: str) -> str:
    """The path of the parent itself; empty where that is the same, or can answer for a parent that is gone.

    A company that is archived is such a one: it may be given, while all that belongs to it is not found
    (docs/intercom-api.md#companies-archived).
    """
    head, _, tail = path.partition("{id}")
    return head + "{id}" if tail and not head.startswith("/companies/") else ""
