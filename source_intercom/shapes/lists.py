"""The few shapes that streams come in: list, walk, newest first, projection, child. Searches have ``search``."""

from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import quote

from source_intercom.api.errors import RecordGone, Unavailable
from source_intercom.api.pages import Page, list_pages
from source_intercom.shapes.base import IntercomStream, Reading, moment_of
from source_intercom.shapes.coercion import Record
from source_intercom.sync.windows import Window


class ListStream(IntercomStream):
    """A collection that is read whole by every sync: Intercom neither filters it nor says when it changed."""

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        return self.listed()


class WalkedStream(IntercomStream):
    """A collection that Intercom cannot filter, but whose records tell when they changed.

    It is walked whole; the records of the window are kept. A full refresh keeps what changes during the walk
    too, because no later sync would bring it. The new state is the start of the walk, which is where the
    window ends: a record that changed behind the walk is found by the next one.
    """

    cursor_time = "updated_at"

    @property
    def walks_whole(self) -> bool:
        return True

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        for page in self.listed(window.start):
            yield [record for record in page if self._wanted(record, window)]

    def _wanted(self, record: Record, window: Window) -> bool:
        """Whether a record belongs to this sync; one without a time always does."""
        moment = moment_of(record, self.walk_field)
        if moment is None:
            return True
        open_ended = self.full and self.sync.config.end is None
        return moment >= window.start if open_ended else window.holds(moment)


class NewestFirstStream(WalkedStream):
    """A collection that Intercom documents to be sorted newest first: a walk stops where the window starts."""

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        for page in self.listed(window.start):
            yield [record for record in page if self._wanted(record, window)]
            moments = [moment_of(record, self.walk_field) for record in page]
            # A whole page must be older: one record out of place does not hide those behind it.
            if moments and all(moment is not None and moment < window.start for moment in moments):
                return


class Projection(IntercomStream):
    """Rows that lie inside the records of another stream's walk: no call of their own but to complete a cut list.

    ``nested`` names the list inside the record, ``parent_key`` the field that gets the record's id.
    ``complete`` is the path that has the whole list, for lists that Intercom cuts at ten (``has_more``).
    A row tells the time of its parent, ``parent_time``, by which rows of an older state can be told apart.
    """

    nested: ClassVar[tuple[str, str]]
    parent_key: ClassVar[str]
    parent_time: ClassVar[str] = ""
    complete: ClassVar[str] = ""
    complete_key: ClassVar[str] = "data"

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        cut_off = [record for record in page if self.complete and self._nested(record).get("has_more")]
        whole = dict(self.client.each(self._completed, cut_off))
        rows: Page = []
        for record in page:
            items = whole[record["id"]] if record["id"] in whole else self._nested(record).get(self.nested[1])
            rows += [self._row(item, record) for item in items or ()]
        yield rows

    def project(self, item: Record) -> Record:
        """What of a nested item makes a row."""
        return dict(item)

    def _row(self, item: Record, parent: Record) -> Record:
        row = {**self.project(item), self.parent_key: parent["id"]}
        if self.parent_time:
            row[self.parent_time] = parent.get(self.walk_field)
        return row

    def _nested(self, record: Record) -> Record:
        nested = record.get(self.nested[0])
        if isinstance(nested, list):
            return {self.nested[1]: nested}
        return nested if isinstance(nested, dict) else {}

    def _completed(self, record: Record) -> tuple[str, Page]:
        path = self.complete.format(id=quote(str(record["id"]), safe=""))
        try:
            return record["id"], [item for page in list_pages(self.client, path, self.complete_key) for item in page]
        except RecordGone:
            self.client.tally.add(gone=1)
            return record["id"], []


class Child(IntercomStream):
    """Rows that take a call for each record of another stream's walk.

    ``child`` is the path of that call, ``child_key`` where its rows stand; ``has_children`` spares the call for
    parents that are known to have none. A parent that is gone meanwhile is skipped and counted.
    """

    child: ClassVar[str]
    child_key: ClassVar[str] = "data"
    child_params: ClassVar[tuple[tuple[str, str], ...]] = ()
    child_wish: ClassVar[int] = 0
    parent_key: ClassVar[str]
    parent_time: ClassVar[str] = ""
    is_costly = True

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        parents = [parent for parent in page if self.has_children(parent)]
        unread: list[str] = []
        for parent, rows in zip(
            parents, self.client.each(lambda each: self._children(each, window), parents), strict=True
        ):
            if rows is None:
                unread.append(str(parent["id"]))
            else:
                yield rows
        if unread and not self.skips_failures:
            raise Unavailable(
                f"Intercom could not answer for {len(unread)} records after several tries: "
                f"{', '.join(unread[:20])}. All others were read; the next sync tries these again.",
            )

    @property
    def skips_failures(self) -> bool:
        """Whether a parent whose rows cannot be read is left out, as an option asks for."""
        return False

    def has_children(self, parent: Record) -> bool:
        """Whether a call is worth it."""
        return True

    def children(self, parent: Record, window: Window) -> Page:
        """Rows of one parent. Raises an ``IntercomError``."""
        path = self.child.format(id=quote(str(parent["id"]), safe=""))
        pages = list_pages(self.client, path, self.child_key, dict(self.child_params), wish=self.child_wish)
        return [row for page in pages for row in page]

    def _children(self, parent: Record, window: Window) -> Page | None:
        try:
            rows = self.children(parent, window)
        except RecordGone:
            self.client.tally.add(gone=1)
            return []
        except Unavailable as error:
            self.logger.warning(f"{self.name} of {parent['id']} could not be read: {error.internal_message}")
            return None
        for row in rows:
            row[self.parent_key] = parent["id"]
            if self.parent_time:
                row[self.parent_time] = parent.get(self.walk_field)
        return rows
