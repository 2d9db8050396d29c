"""A saved state meets other options, another token or workspace: what still counts as read, and what is said."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from source_intercom.shapes.base import IntercomStream
from source_intercom.sync.state import Remembered, StateError, fingerprint
from source_intercom.sync.windows import Window

# The time by which windows go unless an option chooses the other.
_USUAL_ORDER = "updated_at"
_OTHER_ORDER = "created_at"


def decides(
    stream: IntercomStream, remembered: Remembered, missing: frozenset[str], unknown: Mapping[str, bool]
) -> Remembered:
    """What was remembered, with what decides now which records are read, for the states of this sync to tell.

    Of ``unknown`` permissions what the saved state says is believed. A first sync takes those to be missing of which
    Intercom will tell another time: the records that may have been left out are read once more then.
    """
    sync = stream.sync
    is_first = remembered == Remembered()
    lacking = missing | {
        name for name, is_told_later in unknown.items() if name in remembered.without or (is_first and is_told_later)
    }
    filters = fingerprint(stream.filters)
    return replace(
        remembered,
        filters=filters,
        read_from=sync.config.start,
        without=tuple(sorted(lacking.intersection(stream.shrinks_without))),
        refreshing=(remembered.refreshing or sync.begin) if stream.full and stream.is_resumable else 0,
        shortages=(),
        # A job that is under way is about other records.
        job=remembered.job if remembered.filters == filters else None,
        workspace=sync.workspace or remembered.workspace,
        order_by=_order_of(stream),
        shaped_by=stream.shaped_by,
    )


def other_records(remembered: Remembered, tells: Remembered) -> bool:
    """Whether a saved state is about other records than those that are asked for now, or about others of their form."""
    return any(
        before != now
        for before, now in (
            (remembered.filters, tells.filters),
            (remembered.without, tells.without),
            (remembered.order_by, tells.order_by),
            (remembered.workspace or tells.workspace, tells.workspace),
            (dict(remembered.shaped_by), dict(tells.shaped_by)),
        )
    )


def _order_of(stream: IntercomStream) -> str:
    """The time by which the windows of a stream go, empty for the usual one."""
    return stream.order_by if stream.follows_order_by and stream.order_by != _USUAL_ORDER else ""


def refuse_other_order(stream: IntercomStream, raw: Mapping[str, Any]) -> None:
    """A state that is about the times of creation says nothing about changes, and the other way round.

    Raises ``StateError``. The cursor field tells the two apart only where it is that time itself.
    """
    if not raw or not stream.follows_order_by:
        return
    written = Remembered.of(raw).order_by or _USUAL_ORDER
    if stream.cursor_time == _USUAL_ORDER and _OTHER_ORDER in raw and _USUAL_ORDER not in raw:
        written = _OTHER_ORDER
    if written != stream.order_by:
        raise StateError(stream.name, f"the option 'order_by' was '{written}' then and is '{stream.order_by}' now")


def refuse_other_workspace(stream: IntercomStream, remembered: Remembered, tells: Remembered) -> None:
    """What has been read of one workspace says nothing about another one. Raises ``StateError``."""
    if remembered.workspace and remembered.workspace != tells.workspace:
        raise StateError(
            stream.name,
            f"it is of the Intercom workspace '{remembered.workspace}', and the access token belongs to the workspace "
            f"'{tells.workspace}'",
        )


def still_read(stream: IntercomStream, done: list[Window], remembered: Remembered, tells: Remembered) -> list[Window]:
    """Those windows of a saved state that need not be read again, with a warning where what decides has changed."""
    if remembered.filters != tells.filters:
        stream.sync.logger.warning(
            f"{stream.name}: the filters have changed since the saved state. A record that matches only now is "
            "delivered when it changes next. Clear the state of the stream to get all of them at once."
        )
    for option in _changed_options(remembered, tells):
        stream.sync.logger.warning(
            f"{stream.name}: the option '{option}' has changed since the saved state. A record that does not change "
            "keeps the form in which it was delivered. Clear the state of the stream to get all in the new form."
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


def _changed_options(remembered: Remembered, tells: Remembered) -> list[str]:
    """The options that records were formed by and that differ."""
    before, now = remembered.shaped_by, tells.shaped_by
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
