"""Streams made from Intercom's reporting export: a stream for each dataset that the options name."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import IO, Any, ClassVar

from source_intercom.api import permissions
from source_intercom.api.client import Json
from source_intercom.api.datasets import Attribute, Dataset, fields_of
from source_intercom.api.errors import AccessDenied, NotOffered, Unavailable, strange
from source_intercom.api.exports import Exports, RangeRefused
from source_intercom.api.figures import Page
from source_intercom.api.masking import shortened
from source_intercom.api.tables import Table, tables_in
from source_intercom.options.report_options import ReportOptions
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.compact_set import CompactSet
from source_intercom.shapes.jobs import ExportedStream, Job, batched
from source_intercom.shapes.reading import Reading
from source_intercom.sync.moments import seconds_of
from source_intercom.sync.windows import DAY, HOUR, Window, midnight_after, midnight_before

TIME = "occurred_at"
NUMBER = "row_number"
# A first sync of two years is a dozen jobs, and a later one with 30 days of lookback is one.
_LONGEST = 61 * DAY
# Intercom keeps reporting data for two years (docs/intercom-api.md#reporting-export). A day less, as a request takes
# its time.
_KEPT = 729 * DAY
# Sources disagree whether times are those of UTC or of the workspace (docs/intercom-api.md#reporting-times).
_ANY_ZONE = 15 * HOUR
# Rows have hundreds of columns.
_BATCH = 200


class Report(ExportedStream):
    """The rows of a dataset, as text.

    A row has the columns that the user asks for, the time by which the dataset is exported in ``occurred_at``, and a
    number in ``row_number`` that tells rows apart which share the rest of the key: Intercom documents no key of any
    dataset. ``ids`` are the fields that name a row as far as that is known, ``occurred_at`` among them where no
    attribute does alone.
    """

    options: ClassVar[ReportOptions]
    # What is known of the dataset without asking Intercom.
    known: ClassVar[Dataset]
    ids: ClassVar[tuple[str, ...]] = (TIME,)
    has_more_columns = True
    permission = permissions.REPORTS
    # The first one whose export has conversations that never had a reply.
    version = "2.16"
    cursor_time = TIME
    longest = _LONGEST
    # As Intercom describes it; None where it has not been asked.
    described: Dataset | None = None

    @property
    def name(self) -> str:
        return f"report_{self.options.dataset}"

    @property
    def exports(self) -> Exports:
        return self.sync.reports

    @property
    def lookback(self) -> int:
        return self.sync.config.report_lookback_days * DAY

    @property
    def filters(self) -> ReportOptions | None:
        return self.options if self.options.attributes else None

    def get_json_schema(self) -> Mapping[str, Any]:  # type: ignore[override]  # the CDK caches what it reads from files
        dataset = self.described or self.known
        asked = self._asked(dataset)
        columns = self._columns(dataset, asked)
        told = {columns[one]: f"{one.title or one.short} ({one.name} in Intercom)." for one in asked}
        added = {
            TIME: ("string", "The time by which Intercom exports the row, as Intercom writes it."),
            NUMBER: ("integer", "1, or a higher number where several rows share the rest of the key."),
        }
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",  # ignore-https-check: a name space
            "type": "object",
            "additionalProperties": True,
            "properties": {
                **{
                    name: {"type": [kind, "null"], "description": f"{words} Added by the connector."}
                    for name, (kind, words) in added.items()
                },
                **{name: {"type": ["string", "null"]} for name in self._keys},
                **{name: {"type": ["string", "null"], "description": words} for name, words in told.items()},
            },
        }

    def probe(self) -> None:
        super().probe()
        self._dataset()

    def first(self, window: Window) -> int:
        return max(super().first(window), self._oldest)

    @property
    def _oldest(self) -> int:
        """The first second that may be asked for."""
        return max(self.sync.config.start, self.sync.now - _KEPT)

    def next_part(self, start: int, end: int, longest: int) -> tuple[Window, Window]:
        if longest < 2 * DAY:
            return super().next_part(start, end, longest)
        # Of whole days: it is not documented whether Intercom looks at seconds, and when clocks are set back two hours
        # have the same times, whose rows must get the same numbers each time.
        start = max(midnight_before(start, self.sync.zone), self._oldest)
        part = Window(start, min(end, midnight_after(start + longest - DAY, self.sync.zone) - 1))
        return part, part

    def known_to(self, job: Job) -> int:
        # A row shows what became of it until it is exported, whatever the range.
        return job.made

    def shorter(self, asked: Window, error: Unavailable | RangeRefused) -> int:
        if isinstance(error, RangeRefused):
            # The length of a range is not known to be refused. What is refused is said best in Intercom's words.
            raise error
        return super().shorter(asked, error)

    def asked_for(self, asked: Window) -> Json:
        dataset = self._dataset()
        return {
            "dataset_id": dataset.name,
            "attribute_ids": [one.name for one in self._asked(dataset)],
            "start_time": asked.start,
            # It is not documented whether the end belongs to the range. Rows that come twice for it are dropped.
            "end_time": asked.end + 1,
        }

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        edge = _Edge()
        for page in super().pages(window, reading):
            yield edge.without_known(page)

    def pages_of(self, file: IO[bytes], part: Window, asked: Window) -> Iterator[Page]:
        dataset = self._dataset()
        tables = tables_in(file)
        for table in tables:
            # Also finds a damaged file before any of its rows leaves.
            table.lines()
        numbers, first, last = _Numbers(), "", ""
        for row in self._rows(dataset, tables, part):
            numbers.see(self._name_of(row))
            first, last = min(first or row[TIME], row[TIME]), max(last, row[TIME])
        numbers.seen()
        self._look_at(dataset, part, first, last)
        rows = self._rows(dataset, tables, part)
        yield from batched(({**row, NUMBER: numbers.next(self._name_of(row))} for row in rows), _BATCH)

    def _look_at(self, dataset: Dataset, part: Window, first: str, last: str) -> None:
        """Say so where the times of an export do not lie in the range that was asked for."""
        # Times do not tell their zone.
        wide = Window(part.start - _ANY_ZONE, part.end + _ANY_ZONE)
        if any(moment is not None and not wide.holds(moment) for moment in map(seconds_of, (first, last))):
            self.logger.warning(
                f"{self.name}: Intercom exports rows from {first} to {last} where rows {part.shown} were asked for, "
                f"so it goes by another time than {dataset.time}."
            )

    def _dataset(self) -> Dataset:
        """The dataset as the workspace has it, or as far as it is known where the token may not ask."""
        wanted = self.options
        try:
            offered = self.sync.datasets.all(self.client)
        except AccessDenied as error:
            if not self.known.attributes:
                raise AccessDenied(
                    "The access token may not list reporting datasets, and this connector does not know the attributes "
                    f"of {wanted.dataset!r}: {error.message}",
                    str(error.internal_message),
                ) from None
            return self.known
        dataset = offered.get(wanted.dataset)
        if dataset is None:
            raise NotOffered(
                f"This Intercom workspace has no reporting dataset {wanted.dataset!r}, which the option 'reports' "
                f"names. It has: {', '.join(offered) or 'none'}."
            )
        if unknown := [name for name in wanted.attributes if not dataset.called(name)]:
            raise NotOffered(
                f"The reporting dataset {dataset.name!r} has no attribute {', '.join(map(repr, unknown))}, which the "
                f"option 'reports' names. It has: {shortened(', '.join(one.name for one in dataset.attributes), 2000)}."
            )
        if not dataset.called(dataset.time):
            raise strange(f"the reporting dataset {dataset.name!r} without an attribute {dataset.time!r} for its time")
        return dataset

    @property
    def _keys(self) -> list[str]:
        """The attributes among ``ids``."""
        return [name for name in self.ids if name != TIME]

    def _columns(self, dataset: Dataset, asked: Iterable[Attribute]) -> dict[Attribute, str]:
        return {**{one: one.short for one in asked}, **dataset.fields(self._keys, (TIME, NUMBER))}

    def _asked(self, dataset: Dataset) -> list[Attribute]:
        """The attributes that are asked for: those of the options, or all, and those that rows are known by."""
        chosen = self.options.attributes
        if not chosen:
            return list(dataset.attributes)
        needed = [name for name in (*self._keys, dataset.time) if dataset.called(name)]
        return list(dict.fromkeys(dataset.called(name) or Attribute(name) for name in (*needed, *chosen)))

    def _rows(self, dataset: Dataset, tables: Iterable[Table], part: Window) -> Iterator[Record]:
        asked = self._asked(dataset)
        columns = self._columns(dataset, asked)
        timed = dataset.called(dataset.time)
        time = columns[timed] if timed else ""
        for table in tables:
            lines = table.cells()
            names = fields_of(next(lines, []), asked, columns)
            if names and (lacking := [name for name in (*self._keys, time) if name not in names]):
                raise strange(
                    f"an export of {dataset.name} without {', '.join(lacking)}: {shortened(', '.join(names), 200)}"
                )
            for cells in lines:
                row: Record = {name: cell for name, cell in zip(names, cells, strict=False) if cell and name}
                # A row without a time is of this part all the same, and must not take the key of one of another.
                row[TIME] = row.get(time) or _shown(part.start)
                yield row

    def _name_of(self, row: Record) -> Hashable:
        return tuple(row.get(name) for name in self.ids)


def _shown(moment: int) -> str:
    """A moment as Intercom writes it in reports, of UTC."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


class _Numbers:
    """Numbers rows that share a name, in eight bytes a row: first all are seen, then each gets its number."""

    def __init__(self) -> None:
        self._seen = CompactSet()
        self._given: Counter[int] = Counter()

    def see(self, name: Hashable) -> None:
        self._seen.add(name)

    def seen(self) -> None:
        self._seen.sort()

    def next(self, name: Hashable) -> int:
        if self._seen.count(name) == 1:
            return 1
        self._given[hash(name)] += 1
        return self._given[hash(name)]


class _Edge:
    """The rows of the last second of what was exported, which the next export can have once more."""

    def __init__(self) -> None:
        self._time = ""
        self._rows: set[int] = set()

    def without_known(self, page: Page) -> Page:
        """A page without the rows of that second that were given before."""
        return [row for row in page if self._is_new(row)]

    def _is_new(self, row: Record) -> bool:
        if row[TIME] < self._time:
            return True
        if row[TIME] > self._time:
            self._time, self._rows = row[TIME], set()
        before = len(self._rows)
        self._rows.add(hash(tuple(sorted(row.items()))))
        return len(self._rows) > before
