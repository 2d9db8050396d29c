"""How the work of a heavy window is cut, so that every worker has some and few requests are spent on it."""

from collections.abc import Callable
from datetime import tzinfo

from source_intercom.api.pages import SEARCH_PAGE
from source_intercom.shapes.reading import Reading
from source_intercom.sync.windows import FAR_AHEAD, Window, cut_at_midnights, stretched

# A window wastes half a page at its end. At forty pages that is one request in a hundred, at ten one in twenty: so
# much buys speed only where a sync takes less than one rate-limit window.
_LEAST_PAGES = 10
_MOST_PAGES = 40
# With more parts than these, one request to find the last record is cheaper than empty windows behind it.
_PAYS_A_REQUEST = 8


def parts_of(total: int, reading: Reading, workers: int) -> int:
    """Into how many parts to cut a window with so many records; 1 to leave it as it is."""
    pages = -(-total // SEARCH_PAGE)
    size = min(max(pages // max(workers, 1), _LEAST_PAGES), _MOST_PAGES)
    return min(pages // size, reading.most_parts)


def heavy_parts(
    window: Window,
    total: int,
    reading: Reading,
    workers: int,
    *,
    first: int,
    latest: Callable[[], int],
    zone: tzinfo,
) -> list[Window]:
    """A window with ``total`` records cut at midnights of ``zone``; just the window where it is light or one day.

    ``first`` is the time of its first record, ``latest`` asks for that of its last.
    """
    parts = parts_of(total, reading, workers)
    if parts < 2:
        return [window]
    start = min(max(first, window.start), window.end)
    # Years may lie empty behind the last record: cutting them up would cost a request a window.
    end = latest() if parts > _PAYS_A_REQUEST and window.end - start > 0 else window.end
    return stretched(cut_at_midnights(Window(start, max(min(end, window.end), start)), parts, zone), window)


def crowded_slices(
    part: Window | None, total: int, reading: Reading, workers: int, *, life: Window, zone: tzinfo
) -> list[Window]:
    """Slices, by a second time, of a crowded day, or of a slice ``part`` of it that is still crowded.

    A nightly job that touches every contact puts the whole table into one day.
    """
    parts = parts_of(total, reading, workers)
    return slices_of(part, parts, life=life, zone=zone) if parts > 1 else []


def slices_of(part: Window | None, parts: int, *, life: Window, zone: tzinfo) -> list[Window]:
    """A slice, or all times for None, cut into so many of about equal length; none where it is a single day.

    Slices are whole days of the workspace's ``life``; the outer ones reach as far as any record can lie.
    """
    bounds = part or Window(0, life.end + FAR_AHEAD)
    inner = Window(max(bounds.start, min(life.start, life.end)), min(bounds.end, life.end))
    if inner.start >= inner.end:
        return []
    cut = cut_at_midnights(inner, parts, zone)
    return stretched(cut, bounds) if len(cut) > 1 else []
