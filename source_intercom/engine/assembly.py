"""Puts streams, their states and the concurrent CDK together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import CursorField, FinalStateCursor
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream

from source_intercom.engine.group import Group
from source_intercom.engine.member import Member
from source_intercom.engine.partition import Following, Leading
from source_intercom.shapes.base import IntercomStream
from source_intercom.sync.asked_parents import parents_to_ask
from source_intercom.sync.cursor import WindowCursor
from source_intercom.sync.reconciling import Reconciliation
from source_intercom.sync.state import INDEX_LAG, Remembered, UnderWay, fingerprint, read_state
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


def member_of(
    stream: IntercomStream,
    states: ConnectorStateManager,
    messages: MessageRepository,
    *,
    missing: frozenset[str] = frozenset(),
    deduplicates: bool = False,
) -> Member:
    """A stream with the cursor that knows what of it has been read.

    ``missing`` are permissions without which Intercom leaves records out; ``deduplicates`` says whether the destination
    keeps one row for each key. Raises ``StateError``.
    """
    field = stream.cursor_field
    if not isinstance(field, str):
        return Member(stream, FinalStateCursor(stream.name, None, messages))
    sync = stream.sync
    raw = _saved(stream, states)
    remembered = Remembered.of(raw)
    tells = _decides(stream, remembered, missing)
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
        short_before=remembered.shortages,
        asked_all=parents.asked_all_then,
        reconciliation=Reconciliation.due(raw, start=start, now=sync.begin, last=last, every_days=every_days),
    )
    return Member(stream, cursor)


def _saved(stream: IntercomStream, states: ConnectorStateManager) -> Mapping[str, Any]:
    """The state that a sync goes on from.

    A full refresh reads everything, whatever syncs before it have read. Only one that broke off is continued.
    """
    raw = states.get_stream_state(stream.name, None)
    return {} if stream.full and not (stream.is_resumable and Remembered.of(raw).refreshing) else raw


def _decides(stream: IntercomStream, remembered: Remembered, missing: frozenset[str]) -> Remembered:
    """What was remembered, with what decides now which records are read, for the states of this sync to tell."""
    sync = stream.sync
    return replace(
        remembered,
        filters=fingerprint(stream.filters),
        read_from=sync.config.start,
        without=tuple(sorted(missing.intersection(stream.shrinks_without))),
        refreshing=(remembered.refreshing or sync.begin) if stream.full and stream.is_resumable else 0,
        shortages=(),
    )


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
    return (_still_read(stream, done, Remembered.of(raw), tells) if raw else done), ahead


def _still_read(stream: IntercomStream, done: list[Window], remembered: Remembered, tells: Remembered) -> list[Window]:
    """Those windows of a saved state that need not be read again, with a warning where what decides has changed."""
    if remembered.filters != tells.filters:
        stream.sync.logger.warning(
            f"{stream.name}: the filters have changed since the saved state. A record that matches only now is "
            "delivered when it changes next. Clear the state of the stream to get all of them at once."
        )
    if granted := [permission for permission in remembered.without if permission not in tells.without]:
        stream.sync.logger.warning(
            f'{stream.name}: the access token has been granted "{", ".join(granted)}" since the saved state. '
            "Records that Intercom left out until then can have any time, so the whole stream is read once more."
        )
        return []
    if done and max(window.end for window in done) > stream.sync.begin:
        stream.sync.logger.warning(
            f"{stream.name}: the saved state is later than the end date of the options, so this sync reads only what "
            "earlier syncs left out before the end date. The state stays as it is."
        )
    return done


def _under_way(stream: IntercomStream, remembered: Remembered, tells: Remembered) -> UnderWay | None:
    """How far an earlier sync that broke off had come in asking every parent; None if it asked for other rows."""
    under_way = remembered.under_way
    if under_way is None or not stream.asks_every_parent or under_way.began > stream.sync.begin:
        return None
    same = (remembered.filters, remembered.without) == (tells.filters, tells.without)
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
