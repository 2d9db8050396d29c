"""Rows that lie inside the records of a parent."""

from collections.abc import Iterator
from typing import ClassVar

from source_intercom.api.errors import IntercomError, RecordGone
from source_intercom.api.figures import Page
from source_intercom.api.pages import list_pages
from source_intercom.api.paths import path_of
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.gone import check_path, owner_of
from source_intercom.shapes.reading import Reading
from source_intercom.shapes.refusals import incomplete, is_of_one, refusal_of_all
from source_intercom.sync.windows import Window


class Nested(IntercomStream):
    """Rows that lie inside the records of its parent: no request of their own but to complete a cut list.

    ``nested`` names the list inside the record, ``parent_key`` the field that gets the record's id. ``complete`` is
    the path that has the whole list, for lists that Intercom cuts at ten (``has_more``). A row tells the time of its
    parent as ``parent_time``, by which rows of an older state can be told apart.
    """

    nested: ClassVar[tuple[str, str]]
    parent_key: ClassVar[str]
    parent_time: ClassVar[str] = ""
    complete: ClassVar[str] = ""
    complete_key: ClassVar[str] = "data"
    # Whether records may have the list although none of a page shows it, so that each must be asked.
    asks_when_absent: ClassVar[bool] = False

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        return self.source.pages(window, reading)

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        parents = self.identified(page)
        unknown = self.asks_when_absent and not any(self.nested[0] in record for record in parents)
        cut_off = [
            record
            for record in parents
            if self.complete and (self.is_cut(record) or (unknown and self.may_have(record)))
        ]
        completed = dict(self.client.each(self._completed, cut_off))
        failed = {name: found for name, found in completed.items() if isinstance(found, IntercomError)}
        gone = {name: error for name, error in failed.items() if isinstance(error, RecordGone)}
        unread = {name: error for name, error in failed.items() if name not in gone}
        check_path(self, self.complete, cut_off, gone, owner_of(self.complete))
        self.client.tally.add(gone=len(gone))
        # What a record that is gone has shown goes with the record. What one that is refused has shown is not all: with
        # the record's new time it would say that the rest was taken away.
        whole = {name: items for name, items in completed.items() if name not in gone}
        rows: Page = []
        for record in parents:
            items = whole[record["id"]] if record["id"] in whole else self.shown(record)
            if not isinstance(items, IntercomError):
                rows += [self._row(item, record) for item in self.objects(items)]
        yield rows
        if unread:
            raise refusal_of_all(unread, len(cut_off)) or incomplete(self.name, unread)

    def is_cut(self, record: Record) -> bool:
        """Whether a record shows only the first items of its list."""
        return bool(self._nested(record).get("has_more"))

    def shown(self, record: Record) -> object:
        """The items that a record shows."""
        return self._nested(record).get(self.nested[1])

    def may_have(self, record: Record) -> bool:
        """Whether a record that shows no list can have one all the same."""
        return True

    def project(self, item: Record) -> Record:
        """What of a nested item makes a row."""
        return dict(item)

    def _row(self, item: Record, parent: Record) -> Record:
        row = {**self.project(item), self.parent_key: parent["id"]}
        if self.parent_time:
            row[self.parent_time] = parent.get(self.source.time_field)
        return row

    def _nested(self, record: Record) -> Record:
        nested = record.get(self.nested[0])
        return nested if isinstance(nested, dict) else {self.nested[1]: nested}

    def completed(self, items: Page) -> Page:
        """The items of a complete list as the record would show them."""
        return items

    def _completed(self, record: Record) -> tuple[str, Page | IntercomError]:
        path = path_of(self.complete, id=record["id"])
        try:
            items = [item for page in list_pages(self.client, path, self.complete_key) for item in page]
        except IntercomError as error:
            if not isinstance(error, RecordGone) and not is_of_one(error):
                raise
            return record["id"], error
        return record["id"], self.completed(items)
