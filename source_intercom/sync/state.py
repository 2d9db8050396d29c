"""Reads saved states: our own and those of Airbyte's official connector. What cannot be understood is refused.

Ours is ``{"updated_at": 1700000000}``, which the official connector reads too: everything up to and including that
second has been read. While windows that were read lie beyond a hole, the CDK's own concurrent shape goes with it
(``state_type`` and ``slices``), so that a crash costs the hole and not what lies behind it. Beside these stands what
decided what was read (:class:`Remembered`). ``cursor`` writes what this module reads.
"""

import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.concurrent.state_converters.abstract_stream_state_converter import (
    ConcurrencyCompatibleStateType,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from pydantic import BaseModel

from source_intercom.sync.moments import seconds_of, shown
from source_intercom.sync.reconciling import RECONCILED, RECONCILING
from source_intercom.sync.windows import DAY, HOUR, Window

# Intercom's search index lags by minutes (Hevo's guide of 2024 waits an hour), so each sync reads the hour before its
# state again.
INDEX_LAG = HOUR
# Keys beside the position, for what decided which records were read. Empty ones are left out.
FILTERS = "filters"
READ_FROM = "read_from"
WITHOUT = "without_permissions"
SHORT = "short_windows"
# When a full refresh began that has not finished: only such a state can be continued.
REFRESHING = "full_refresh_began_at"
# How far a sync has come in asking every parent for its rows.
UNDER_WAY = "under_way"
# When all parents were last asked for their rows, where most syncs ask only those that were active.
ASKED_ALL = "asked_all_at"
# The export job that Intercom is working on.
JOB = "job"
# Where in a list that is paged by cursor the reading of the next sync may begin.
PAGE_CURSOR = "page_cursor"
# The workspace that was read, by Intercom's id of it.
WORKSPACE = "workspace"
# The time by which windows go, where it is not the usual one.
ORDER = "order_by"
# Options that decide what records look like, where they are not the defaults.
SHAPED_BY = "shaped_by"
_BESIDE = frozenset(
    {FILTERS, READ_FROM, WITHOUT, SHORT, REFRESHING, UNDER_WAY, ASKED_ALL, RECONCILED, RECONCILING, JOB, PAGE_CURSOR}
    | {WORKSPACE, ORDER, SHAPED_BY}
)
SLICES = "slices"
# The CDK's own mark of a full refresh that has finished.
FINISHED = "__ab_full_refresh_sync_complete"
STATE_TYPE = "state_type"
DATE_RANGE = ConcurrencyCompatibleStateType.date_range.value
# The official connector's child streams write these keys, and no position before they have read anything. Under the
# names of the parents stands the position of the parent.
_WITHOUT_POSITION = {"use_global_cursor", "states", "lookback_window", "parent_state"}
_PARENTS = ("conversations", "companies")


class Shortage(NamedTuple):
    """A window, in Unix seconds, of which Intercom announced so many records more than it gave."""

    start: int
    end: int
    missing: int


class UnderWay(NamedTuple):
    """How far a sync has come in asking every parent: it began at a moment, in Unix seconds, and has asked all up to
    ``through``.

    The stream of the parents knows what ``through`` is: a time in Unix seconds, or an id.
    """

    began: int
    through: int | str

    @classmethod
    def of(cls, raw: object) -> "UnderWay | None":
        """What a saved state tells; a value that this connector would not write is ignored."""
        if not isinstance(raw, dict):
            return None
        began, through = seconds_of(raw.get("began_at")), raw.get("through")
        if began and isinstance(through, (int, str)) and not isinstance(through, bool):
            return cls(began, through)
        return None


class PageCursor(NamedTuple):
    """A cursor of a list that is sorted oldest first. What lies before it is as old as ``moment`` or older.

    ``moment`` is in Unix seconds.
    """

    after: str
    moment: int

    @classmethod
    def of(cls, raw: object) -> "PageCursor | None":
        """What a saved state tells; a value that this connector would not write is ignored."""
        if not isinstance(raw, dict):
            return None
        after, moment = raw.get("after"), seconds_of(raw.get("moment"))
        return cls(after, moment) if isinstance(after, str) and after and moment is not None else None


@dataclass(frozen=True)
class Remembered:
    """What stands beside the position of a state: what decided which records were read.

    ``filters`` is the short name of the user's filters, ``read_from`` the start date in Unix seconds,
    ``without`` the permissions that were missing and without which Intercom leaves records out, ``refreshing`` the
    moment at which a full refresh began that was not finished, ``under_way`` how far every parent has been asked,
    ``asked_all`` the moment at which a sync began that asked all of them, 0 where each sync does, ``page_cursor`` where
    in its list the next sync may begin, ``job`` what Intercom was working on for us, ``reconciled`` the moment at which
    all of the stream was last read again, 0 where that is not done, ``workspace`` Intercom's id of the workspace, empty
    where it is not known, ``order_by`` the time by which windows go, empty for the usual one, and ``shaped_by`` the
    options that decide what records look like, without defaults.
    """

    filters: str | None = None
    read_from: int = 0
    without: tuple[str, ...] = ()
    shortages: tuple[Shortage, ...] = ()
    refreshing: int = 0
    under_way: UnderWay | None = None
    asked_all: int = 0
    page_cursor: PageCursor | None = None
    job: Mapping[str, Any] | None = None
    reconciled: int = 0
    workspace: str = ""
    order_by: str = ""
    shaped_by: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Remembered":
        """What a saved state tells; a value that this connector would not write is ignored."""
        filters, without, short, job = raw.get(FILTERS), raw.get(WITHOUT), raw.get(SHORT), raw.get(JOB)
        shaped_by = raw.get(SHAPED_BY)
        return cls(
            filters=filters if isinstance(filters, str) else None,
            read_from=seconds_of(raw.get(READ_FROM)) or 0,
            without=tuple(name for name in without if isinstance(name, str)) if isinstance(without, list) else (),
            under_way=UnderWay.of(raw.get(UNDER_WAY)),
            asked_all=seconds_of(raw.get(ASKED_ALL)) or 0,
            page_cursor=PageCursor.of(raw.get(PAGE_CURSOR)),
            job=dict(job) if isinstance(job, Mapping) else None,
            reconciled=seconds_of(raw.get(RECONCILED)) or 0,
            workspace=_text(raw.get(WORKSPACE)),
            order_by=_text(raw.get(ORDER)),
            shaped_by=dict(shaped_by) if isinstance(shaped_by, Mapping) else {},
            refreshing=0 if raw.get(FINISHED) else seconds_of(raw.get(REFRESHING)) or 0,
            shortages=tuple(
                Shortage(*item)
                for item in (short if isinstance(short, list) else ())
                if isinstance(item, list) and len(item) == 3 and all(type(number) is int for number in item)
            ),
        )

    def beside(self) -> dict[str, Any]:
        """All of it as keys of a state; empty values are left out."""
        said = {
            FILTERS: self.filters,
            READ_FROM: self.read_from,
            WITHOUT: list(self.without),
            SHORT: [list(short) for short in self.shortages],
            REFRESHING: self.refreshing,
            UNDER_WAY: self.under_way and {"began_at": self.under_way.began, "through": self.under_way.through},
            ASKED_ALL: self.asked_all,
            PAGE_CURSOR: self.page_cursor and self.page_cursor._asdict(),
            JOB: self.job and dict(self.job),
            RECONCILED: self.reconciled,
            WORKSPACE: self.workspace,
            ORDER: self.order_by,
            SHAPED_BY: dict(self.shaped_by),
        }
        return {key: value for key, value in said.items() if value}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class StateError(AirbyteTracedException):
    """A state that cannot be understood. Guessing would leave a hole or read everything again unasked."""

    def __init__(self, stream: str, fault: str) -> None:
        message = (
            f"The saved state of stream '{stream}' cannot be used: {fault}. "
            "Clear the stream's state to sync it from its start date again."
        )
        super().__init__(internal_message=message, message=message, failure_type=FailureType.config_error)


def read_state(raw: Mapping[str, Any], *, stream: str, field: str, start: int, now: int) -> list[Window]:
    """The windows that a state says have been read, by any connector that may have written it.

    ``field`` is the stream's cursor field, ``start`` the configured start, ``now`` the present in Unix seconds. Clocks
    differ, so a window can end a little ahead of it. Nobody can have read more than a day ahead: such a window is
    refused. An empty list means that nothing has been read. Raises ``StateError``.
    """
    known = {key: value for key, value in raw.items() if not key.startswith("__ab_") and key not in _BESIDE}
    if not known:
        return []
    if known.get(STATE_TYPE) == DATE_RANGE:
        return _read_slices(known.get(SLICES), stream, now)
    positions = list(_positions(known, field, stream))
    if not positions:
        # A parent's position that was never written, as some destinations hand it back, or a sync that
        # was stopped before it had one.
        if not any(known.values()) or (known.keys() <= _WITHOUT_POSITION and not known.get("parent_state")):
            return []
        raise StateError(stream, f"it has no '{field}', only {_names(known)}")
    position = min(_believable(position, stream, now) for position in positions)
    position -= _moment(known.get("lookback_window") or 0, stream)
    # A state that names no start is another connector's or an older one's: it counts as read from today's start on.
    read_from = Remembered.of(raw).read_from or start
    return [Window(min(read_from, position), position)] if position >= 0 else []


def _believable(position: int, stream: str, now: int) -> int:
    if position > now + DAY:
        raise StateError(stream, f"its position {shown(position)} lies in the future (now is {shown(now)})")
    return position


def _positions(known: Mapping[str, Any], field: str, stream: str) -> Iterable[int]:
    """Every position in the official connector's shapes; the earliest is the one that is safe."""
    parents = known.get("parent_state") or {}
    if not isinstance(parents, Mapping):
        raise StateError(stream, "its 'parent_state' is not an object")
    holders: list[object] = [known, known.get("state")]
    holders += [source.get(parent) for source in (known, parents) for parent in _PARENTS]
    for holder in holders:
        if isinstance(holder, Mapping) and holder.get(field) not in (None, ""):
            yield _moment(holder[field], stream)


def _read_slices(slices: object, stream: str, now: int) -> list[Window]:
    if not isinstance(slices, list) or not all(isinstance(item, Mapping) for item in slices):
        raise StateError(stream, f"its '{SLICES}' is not a list of objects")
    windows = [
        Window(max(0, _moment(item.get("start"), stream)), _believable(_moment(item.get("end"), stream), stream, now))
        for item in slices
    ]
    return sorted(window for window in windows if window.start <= window.end)


def _moment(value: object, stream: str) -> int:
    """Seconds from a number, a number in text, or an ISO moment: the official connector has written all three."""
    moment = seconds_of(value)
    if moment is None:
        raise StateError(stream, f"{reprlib.repr(value)} is not a moment in Unix seconds")
    return moment


def _names(known: Mapping[str, Any]) -> str:
    return ", ".join(repr(key) for key in sorted(known))


def fingerprint(filters: BaseModel | None) -> str | None:
    """A short name of a set of filters, None for filters that choose everything."""
    chosen = filters.model_dump_json(exclude_defaults=True) if filters else "{}"
    return None if chosen == "{}" else sha256(chosen.encode()).hexdigest()[:12]
