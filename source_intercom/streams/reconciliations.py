"""Which collections were compared whole, and when."""

from collections.abc import Iterator

from source_intercom.api import permissions
from source_intercom.api.figures import Page
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.reading import Reading
from source_intercom.sync.windows import Window


class Reconciliations(IntercomStream):
    """One row for each full comparison of a stream that the connector completed.

    What a comparison did not give again is gone from Intercom, or is no longer chosen by filters and start date: rows
    of that stream that were last emitted before it began can be taken for deleted. A comparison from which Intercom
    left records out, as a permission was missing, is not told.
    """

    endpoint = "/me"
    permission = permissions.CONTACTS
    key = ("stream", "began_at")
    cursor_time = "began_at"
    time_field = "began_at"
    reads_whole = True
    # A comparison may have begun in an earlier sync than this stream was last read in.
    every_parent = True
    comes_last = True

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        yield list(self.sync.reconciliations)

    @property
    def lacks_option(self) -> str:
        """That a sync completed no comparison, which is so in most of them."""
        return "" if self.sync.reconciliations else "no full comparison was completed (reconcile_every_days)"

    def probe(self) -> None:
        """Nothing: it makes no request."""
