"""Rows that take a request for each record of a parent."""

from collections.abc import Iterator
from typing import ClassVar

from source_intercom.api.errors import AccessDenied, IntercomError, RecordGone, Unavailable
from source_intercom.api.figures import Page
from source_intercom.api.pages import list_pages
from source_intercom.api.paths import path_of
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.gone import check_path, owner_of
from source_intercom.shapes.reading import Reading
from source_intercom.sync.windows import Window

# So many parents of a page, and no fewer than all of them, must be refused to mean that the stream is.
_MANY = 3
_NAMED = 20


class Child(IntercomStream):
    """Rows that take a request for each record of its parent.

    ``child`` is the path of that request, ``child_key`` where its rows stand; ``has_children`` spares the request for
    parents that are known to have none. A parent that is gone meanwhile is skipped and counted. One that Intercom
    refuses or cannot give is named; the others are read, and the stream ends incomplete.
    """

    child: ClassVar[str]
    child_key: ClassVar[str] = "data"
    child_params: ClassVar[tuple[tuple[str, str], ...]] = ()
    child_wish: ClassVar[int] = 0
    # The path of a parent itself, where ``child`` does not begin with it.
    whose: ClassVar[str] = ""
    parent_key: ClassVar[str]
    parent_time: ClassVar[str] = ""
    is_costly = True

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        return self.source.pages(window, reading)

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        parents = [parent for parent in self.identified(page) if self.has_children(parent)]
        unread: dict[str, IntercomError] = {}
        gone: dict[str, RecordGone] = {}
        answers = self.client.each(lambda each: self._children(each, window), parents)
        for parent, rows in zip(parents, answers, strict=True):
            if isinstance(rows, RecordGone):
                gone[str(parent["id"])] = rows
            elif isinstance(rows, IntercomError):
                unread[str(parent.get("id"))] = rows
            else:
                yield rows
        check_path(self, self.child, parents, gone, self.whose or owner_of(self.child))
        self.client.tally.add(gone=len(gone))
        refused = [error for error in unread.values() if error.final]
        if len(refused) == len(parents) and len(refused) >= _MANY:
            raise refused[0]
        if unread and self.skips_failures:
            self.client.tally.add(skipped=len(unread))
            self.logger.warning(f"Left out, as the options ask for it. {self._incomplete(unread).internal_message}")
        elif unread:
            raise self._incomplete(unread)

    def _incomplete(self, unread: dict[str, IntercomError]) -> Unavailable:
        named = ", ".join(list(unread)[:_NAMED]) + (" and more" if len(unread) > _NAMED else "")
        reason = next(iter(unread.values()))
        count = "1 record" if len(unread) == 1 else f"{len(unread)} records"
        return Unavailable(
            f"Intercom did not give the {self.name} of {count}: {named}. All others were read; the next sync tries "
            f"again. The first reason: {reason.message}",
            str(reason.internal_message),
        )

    @property
    def skips_failures(self) -> bool:
        """Whether a parent whose rows cannot be read is left out, as an option asks for."""
        return False

    def has_children(self, parent: Record) -> bool:
        """Whether a request is worth it."""
        return True

    def children(self, parent: Record, window: Window) -> Page:
        """New rows of one parent. Raises an ``IntercomError``."""
        path = path_of(self.child, id=parent["id"])
        pages = list_pages(self.client, path, self.child_key, dict(self.child_params), wish=self.child_wish)
        return [row for page in pages for row in page]

    def _children(self, parent: Record, window: Window) -> Page | IntercomError:
        try:
            rows = self.children(parent, window)
        except RecordGone as error:
            return error
        except IntercomError as error:
            # What the plan of the workspace lacks, no other record has either.
            if not error.may_be_of_one or (isinstance(error, AccessDenied) and error.by_plan):
                raise
            return error
        return [self.named(row, parent) for row in self.objects(rows)]

    def named(self, row: Record, parent: Record) -> Record:
        """A row that tells whose it is."""
        named = {**row, self.parent_key: parent["id"]}
        if self.parent_time:
            named[self.parent_time] = parent.get(self.source.time_field)
        return named
