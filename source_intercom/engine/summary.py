"""The table at the end of a read: what each stream brought, what that cost, and what was left out and why."""

from collections.abc import Collection, Iterator, Sequence

from source_intercom.api.tally import Tally
from source_intercom.shapes.base import IntercomStream

_HEADS = ("stream", "records", "requests", "seconds", "left out")


def table(streams: Sequence[IntercomStream], seconds: float, failed: Collection[str] = ()) -> Iterator[str]:
    """The lines of the table, the streams with most requests first.

    ``seconds`` is how long the read took; ``failed`` are the names of the streams that have told an error.
    """
    ordered = sorted(streams, key=lambda stream: (-stream.client.tally.calls, -stream.client.tally.records))
    rows = [_HEADS, *(_row(stream, stream.name in failed) for stream in ordered)]
    if len(ordered) > 1:
        tallies = [stream.client.tally for stream in ordered]
        records, requests = sum(tally.records for tally in tallies), sum(tally.calls for tally in tallies)
        # Streams are read side by side: their seconds do not add up.
        rows.append(("together", f"{records:,}", f"{requests:,}", f"{seconds:.1f}", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    for row in rows:
        name, *figures, left_out = row
        aligned = [name.ljust(widths[0]), *(f.rjust(w) for f, w in zip(figures, widths[1:], strict=False)), left_out]
        yield "  ".join(aligned).rstrip()


def _row(stream: IntercomStream, has_failed: bool) -> tuple[str, ...]:
    tally = stream.client.tally
    left_out = _left_out(stream, tally, has_failed)
    return stream.name, f"{tally.records:,}", f"{tally.calls:,}", f"{tally.seconds:.1f}", left_out


def _left_out(stream: IntercomStream, tally: Tally, has_failed: bool) -> str:
    said = [
        "incomplete: its error is above" if has_failed else "",
        stream.lacks_option,
        f"{tally.gone:,} deleted meanwhile" if tally.gone else "",
        f"{tally.skipped:,} skipped, as the options ask" if tally.skipped else "",
        f"{tally.capped:,} cut short by Intercom" if tally.capped else "",
        f"{tally.odd:,} {'item that is no record' if tally.odd == 1 else 'items that are no records'}"
        if tally.odd
        else "",
    ]
    return "; ".join(words for words in said if words)
