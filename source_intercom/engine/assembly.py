"""Puts streams, their states and the concurrent CDK together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import CursorField, FinalStateCursor
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream

from source_intercom.engine.changed import (
    decides,
    other_records,
    refuse_other_order,
    refuse_other_workspace,
    still_read,
)
from source_intercom.engine.group import Group
from source_intercom.engine.member import Member
from source_intercom.engine.partition import Following, Leading
from source_intercom.shapes.base import IntercomStream
from source_intercom.sync.asked_parents import parents_to_ask
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.reconciling import Reconciliation
from source_intercom.sync.state import INDEX_LAG, Remembered, UnderWay, read_state
from source_intercom.sync.windows import END_OF_TIME, Window, overlap_of

_USUAL_DAYS = 7


def refuse_unusable(states: ConnectorStateManager, streams: Iterable[IntercomStream], start: int) -> None:
    """Read the states of streams once before anything is asked of Intercom. Raises ``StateError``.

    ``start`` is the configured start in Unix seconds. Whether a position lies in the future is left to when the time is
    known.
    """
    for stream in streams:
        field = stream.cursor_field
        if isinstance(field, str) and not stream.full:
            raw = states.get_stream_state(stream.name, None)
            read_state(raw, stream=stream.name, field=field, start=start, now=END_OF_TIME)
            refuse_other_order(stream, raw)


def member_of(
    stream: IntercomStream,
    states: ConnectorStateManager,
    messages: MessageRepository,
    *,
    missing: frozenset[str] = frozenset(),
    unknown: Mapping[str, bool] | None = None,
    deduplicates: bool = False,
) -> Member:
    """A stream with the cursor that knows what of it has been read.

    ``missing`` are permissions without which Intercom leaves records out, ``unknown`` those of which it is not known
    whether the token has them, and whether that may be known later; ``deduplicates`` says whether the destination keeps
    one row for each key. Raises ``StateError``.
    """
    field = stream.cursor_field
    if not isinstance(field, str):
        return Member(stream, FinalStateCursor(stream.name, None, messages))
    sync = stream.sync
    raw = _saved(stream, states)
    remembered = Remembered.of(raw)
    tells = decides(stream, remembered, missing, unknown or {})
    if stream.full and raw and other_records(remembered, tells):
        # What the refresh has brought so far was chosen in another way, and no later sync would bring the rest of it.
        sync.logger.info(f"{stream.name}: the full refresh that broke off had other options, so this one begins anew.")
        raw, remembered = {}, Remembered()
        tells = decides(stream, remembered, missing, unknown or {})
    refuse_other_workspace(stream, remembered, tells)
    done, ahead = _read_before(stream, field, raw, tells)
    position = max((window.end for window in done), default=0)
    start = min(sync.config.start, sync.begin)
    under_way = _under_way(stream, remembered, tells)
    # A reading of every parent that broke off is finished first, up to the moment at which it began.
    end = under_way.began if under_way else sync.begin
    parents = parents_to_ask(
        asked_all=remembered.asked_all,
        position=position,
        now=end,
        every_days=0 if stream.full else stream.asks_all_every_days,
        # A sync that broke off while it asked all parents is continued with the rest of them.
        must_ask_all=not done or done[0].start > start or under_way is not None,
    )
    stream.choose_parents(all_of_them=parents.are_all)
    # A first sync reads all, and a state that does not tell is taken to be whole at its position.
    last = remembered.reconciled or position or sync.begin
    every_days = _days_between_reconciliations(stream, deduplicates)
    cursor = WindowCursor(
        stream=stream.name,
        field=field,
        done=done,
        ahead=ahead,
        start=start,
        end=end,
        overlap=stream.source.overlap + parents.again,
        planner=lambda: stream.source.planner,
        message_repository=messages,
        state_manager=states,
        tells=replace(tells, under_way=under_way, asked_all=parents.asked_all, reconciled=last if every_days else 0),
        # A total that was wrong for other records says nothing about these.
        short_before=remembered.shortages if remembered.filters == tells.filters else (),
        asked_all=parents.asked_all_then,
        reconciliation=Reconciliation.due(
            # One that is under way has compared other records.
            {} if other_records(remembered, tells) else raw,
            start=start,
            now=sync.begin,
            last=last,
            every_days=every_days,
        ),
    )
    return Member(stream, cursor)


def _saved(stream: IntercomStream, states: ConnectorStateManager) -> Mapping[str, Any]:
    """The state that a sync goes on from.

    A full refresh reads everything, whatever syncs before it have read. Only one that broke off is continued.
    """
    raw = states.get_stream_state(stream.name, None)
    return {} if stream.full and not (stream.is_resumable and Remembered.of(raw).refreshing) else raw


def _read_before(
    stream: IntercomStream, field: str, raw: Mapping[str, Any], tells: Remembered
) -> tuple[list[Window], int]:
    """The windows that need not be read again, and how far ahead the clock was when the state was written."""
    sync = stream.sync
    saved = read_state(raw, stream=stream.name, field=field, start=sync.config.start, now=sync.now)
    # What lies later cannot have been read whole by now.
    done = overlap_of(saved, [Window(0, sync.now)])
    # Each sync reads the hour before its saved position again, so it need not go back by more.
    ahead = min(saved[0].end - done[0].end, INDEX_LAG) if done else 0
    return (still_read(stream, done, Remembered.of(raw), tells) if raw else done), ahead


def _under_way(stream: IntercomStream, remembered: Remembered, tells: Remembered) -> UnderWay | None:
    """How far an earlier sync that broke off had come in asking every parent; None if it asked for other rows."""
    under_way = remembered.under_way
    if under_way is None or not stream.asks_every_parent or under_way.began > stream.sync.begin:
        return None
    same = not other_records(remembered, tells)
    return under_way if same and remembered.read_from <= tells.read_from else None


def _days_between_reconciliations(stream: IntercomStream, deduplicates: bool) -> int:
    """How many days after a reconciliation the next one is due, 0 for never.

    Only streams that cost no requests but their pages have reconciliations. A reconciliation delivers every record
    again, so it is on by default only where the destination keeps one row for each key.
    """
    if not stream.source.is_reconciled or stream.is_costly or stream.full:
        return 0
    chosen = stream.sync.config.reconcile_every_days
    if chosen is not None:
        return chosen
    return _USUAL_DAYS if deduplicates else 0


def concurrent_streams(groups: Sequence[Group]) -> list[AbstractStream]:
    """The streams of some groups as the concurrent CDK wants them."""
    return [
        _concurrent(member, group, [other for other in groups if other is not group])
        for group in groups
        for member in group.members
    ]


def _concurrent(member: Member, group: Group, others: list[Group]) -> DefaultStream:
    stream = member.stream
    field = stream.cursor_field
    after = others if stream.comes_last else []
    return DefaultStream(
        partition_generator=Leading(group, after) if member is group.leader else Following(group),
        name=stream.name,
        json_schema=stream.get_json_schema(),
        primary_key=stream.primary_key,
        cursor_field=CursorField(field) if isinstance(field, str) else None,
        logger=stream.logger,
        cursor=member.cursor,
    )
