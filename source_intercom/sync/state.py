"""States in and out.

In: our own, the three shapes of Airbyte's official connector (peers §5.7), and garbage, which is refused.
Out: ``{"updated_at": 1700000000}``, which the official connector reads too: everything up to and including that
second has been read. While windows that were read lie beyond a hole, the CDK's own concurrent shape goes with
it (``state_type`` and ``slices``), so that a crash costs the hole and not what lies behind it.
"""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any, cast

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import ConcurrentCursor, CursorField
from airbyte_cdk.sources.streams.concurrent.cursor_types import CursorValueType
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.state_converters.abstract_stream_state_converter import (
    ConcurrencyCompatibleStateType,
)
from airbyte_cdk.sources.streams.concurrent.state_converters.datetime_stream_state_converter import (
    EpochValueConcurrentStreamStateConverter,
)
from airbyte_cdk.sources.types import Record, StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from pydantic import BaseModel

from source_intercom.sync.windows import HOUR, Planner, Window, gaps

# Intercom's search index lags by minutes (notes §4.2), so each sync reads the hour before its state again.
INDEX_LAG = HOUR
# Beside the position: which filters it was reached with.
FILTERS = "filters"
_SLICES = "slices"
_STATE_TYPE = "state_type"
_DATE_RANGE = ConcurrencyCompatibleStateType.date_range.value
# Children of the official connector keep their parent's position; what theirs means depends on it.
_WITHOUT_POSITION = {"use_global_cursor", "states", "lookback_window", "parent_state"}
_PARENTS = ("conversations", "companies")


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

    ``field`` is the stream's cursor field, ``start`` the configured start, ``now`` the moment this read began:
    a state cannot know more than that. An empty list means that nothing has been read. Raises ``StateError``.
    """
    known = {key: value for key, value in raw.items() if not key.startswith("__ab_") and key != FILTERS}
    if not known:
        return []
    if known.get(_STATE_TYPE) == _DATE_RANGE:
        return _read_slices(known.get(_SLICES), stream, now)
    positions = list(_positions(known, field, stream))
    if not positions:
        # A parent's position that was never written, as some destinations hand it back (peers #3), or a sync that
        # was stopped before it had one.
        if not any(known.values()) or (known.keys() <= _WITHOUT_POSITION and not known.get("parent_state")):
            return []
        raise StateError(stream, f"it has no '{field}', only {_names(known)}")
    position = min(positions) - _moment(known.get("lookback_window") or 0, stream)
    return [Window(min(start, position), min(position, now))] if position >= 0 else []


def _positions(known: Mapping[str, Any], field: str, stream: str) -> Iterable[int]:
    """Every position in the official connector's shapes; the earliest is the one that is safe."""
    parents = known.get("parent_state") or {}
    if not isinstance(parents, Mapping):
        raise StateError(stream, "its 'parent_state' is not an object")
    holders: list[Any] = [known, known.get("state")]
    holders += [source.get(parent) for source in (known, parents) for parent in _PARENTS]
    for holder in holders:
        if isinstance(holder, Mapping) and holder.get(field) not in (None, ""):
            yield _moment(holder[field], stream)


def _read_slices(slices: Any, stream: str, now: int) -> list[Window]:
    if not isinstance(slices, list) or not all(isinstance(item, Mapping) for item in slices):
        raise StateError(stream, f"its '{_SLICES}' is not a list of objects")
    windows = [
        Window(_moment(item.get("start"), stream), min(_moment(item.get("end"), stream), now)) for item in slices
    ]
    return [Window(max(0, window.start), window.end) for window in windows if max(0, window.start) <= window.end]


def _moment(value: Any, stream: str) -> int:
    """Seconds from a number, a number in text, or an ISO moment: the official connector has written all three."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, (float, str)):
        try:
            return int(float(value))
        except OverflowError:
            # An infinity, which JSON parsers make of 1e999.
            raise StateError(stream, f"{value!r} is not a moment in Unix seconds") from None
        except ValueError:
            pass
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            pass
        else:
            return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
    raise StateError(stream, f"{value!r} is not a moment in Unix seconds")


def _names(known: Mapping[str, Any]) -> str:
    return ", ".join(repr(key) for key in sorted(known))


def fingerprint(filters: BaseModel | None) -> str | None:
    """A short name of a set of filters, None for filters that choose everything."""
    chosen = filters.model_dump_json(exclude_defaults=True) if filters else "{}"
    return None if chosen == "{}" else sha256(chosen.encode()).hexdigest()[:12]


class _WholeSeconds(EpochValueConcurrentStreamStateConverter):
    """Closed windows: a window that was read is read to its end, whatever times its records had."""

    def __init__(self, filters: str | None) -> None:
        super().__init__()
        self._filters = filters

    def convert_to_state_message(
        self, cursor_field: CursorField, stream_state: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        merged = self.merge_intervals(stream_state[_SLICES])
        position = max(0, self.output_format(merged[0][self.END_KEY]))
        state: dict[str, Any] = {cursor_field.cursor_field_key: position}
        if self._filters:
            state[FILTERS] = self._filters
        if len(merged) > 1:
            state |= self.serialize({_SLICES: merged}, ConcurrencyCompatibleStateType.date_range)
        return state


def _cdk_moment(seconds: int) -> CursorValueType:
    # The CDK's protocol of what can be compared does not fit datetime for a type checker, though it is made for it.
    return cast(CursorValueType, datetime.fromtimestamp(seconds, timezone.utc))


class WindowCursor(ConcurrentCursor):
    """The CDK's concurrent cursor over whole seconds, with our own gaps between what was read and what was not.

    ``done`` are the windows that earlier syncs have read, ``start`` and ``end`` bound this one in Unix seconds;
    ``planner`` cuts the gaps, and is called when the stream's turn comes, off the main thread.
    """

    def __init__(
        self,
        *,
        stream: str,
        field: str,
        done: list[Window],
        start: int,
        end: int,
        overlap: int,
        planner: Callable[[], Planner],
        message_repository: MessageRepository,
        state_manager: ConnectorStateManager,
        filters: str | None = None,
    ) -> None:
        self.done = done
        self._bounds = Window(start, end)
        self._overlap = overlap
        self._planner = planner
        slices = [Window(max(window.start, start), window.end) for window in sorted(done) if window.end >= start]
        if not slices or slices[0].start > start:
            # Nothing read at the start yet: a window of no length, from which the position goes on.
            slices.insert(0, Window(start, start - 1))
        super().__init__(
            stream_name=stream,
            stream_namespace=None,
            stream_state={
                _STATE_TYPE: _DATE_RANGE,
                _SLICES: [{"start": window.start, "end": window.end} for window in slices],
            },
            message_repository=message_repository,
            connector_state_manager=state_manager,
            connector_state_converter=_WholeSeconds(filters),
            cursor_field=CursorField(field),
            slice_boundary_fields=("start", "end"),
            start=_cdk_moment(start),
            end_provider=lambda: _cdk_moment(end),
        )

    def stream_slices(self) -> Iterable[StreamSlice]:
        planner = self._planner()
        for gap in gaps(self.done, self._bounds.start, self._bounds.end, self._overlap):
            for window in planner(gap):
                yield StreamSlice(partition={}, cursor_slice=window._asdict())

    def observe(self, record: Record) -> None:
        """Nothing: a state comes from windows that ended, never from the times of records."""

    def close_partition(self, partition: Partition) -> None:
        """Add a window that this stream has got all rows of; one that was given up stays unread."""
        is_read_for = getattr(partition, "is_read_for", None)
        if is_read_for is None or is_read_for(self._stream_name):
            super().close_partition(partition)

    def advance(self, window: Window) -> None:
        """Count a part of a window that is still being read, and say so in a state."""
        with self._lock:
            self._concurrent_state[_SLICES].append(
                {key: _cdk_moment(moment) for key, moment in window._asdict().items()}
            )
            self._merge_partitions()
            self._emit_state_message()
