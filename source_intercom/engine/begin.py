"""What a read must know before it begins: the workspace, its time zone, and the time."""

import logging
from collections.abc import Iterable, Mapping
from datetime import timezone, tzinfo
from time import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from source_intercom.api.client import Client, Json, Transport
from source_intercom.api.errors import RETRIES, AccessDenied
from source_intercom.options.config import Config, ConfigError
from source_intercom.shapes.base import INTERCOM_BIRTH, Sync
from source_intercom.sync.moments import seconds_of, shown
from source_intercom.sync.windows import DAY, END_OF_TIME, HOUR

# 2025-01-01: no clock that is right shows an earlier moment to this connector.
_MADE = 1_735_689_600


def begin_sync(
    config: Config,
    transport: Transport,
    logger: logging.Logger,
    *,
    selected: frozenset[str] = frozenset(),
    without_files: frozenset[str] = frozenset(),
    retries: int = RETRIES,
    newest_state: int = 0,
) -> Sync:
    """Ask ``/me`` and make what the streams of a read share.

    A read covers what changed up to the moment it began. A token that may not ask ``/me`` reads on, with a warning.
    ``newest_state`` is the latest position of the saved states, in Unix seconds. Raises an ``IntercomError``, or a
    ``ConfigError`` when no clock can be believed.
    """
    me = Client("me", transport, logger, permission="", retries=retries)
    workspace, server_time = _workspace(me, config, logger)
    now = _now(int(time()), server_time, newest_state, logger)
    return Sync(
        config=config,
        transport=transport,
        logger=logger,
        begin=min(now, config.end or now),
        now=now,
        birth=_birth(workspace),
        zone=_zone(workspace, logger),
        workspace=_id(workspace),
        selected=selected,
        without_files=without_files,
        retries=retries,
    )


def _workspace(me: Client, config: Config, logger: logging.Logger) -> tuple[Json, int | None]:
    """What Intercom tells of the workspace, nothing where it refuses to, and its time in Unix seconds."""
    try:
        workspace, server_time = me.get_with_time("/me")
    except AccessDenied as error:
        # Intercom refused this to a real token that could read all else (PostHog 57519, May 2026). The refusal shows
        # Intercom's time all the same: by a clock of ours that is ahead, a state would cover what is still to come.
        logger.warning(
            "Intercom does not tell this token about its workspace, so the workspace's time zone is not known and "
            f"contacts are read by UTC days. Everything else is read as usual. {error.internal_message}"
        )
        return {}, error.answered_at
    _warn_of_region(workspace, config, logger)
    return workspace, server_time


def newest_position(states: Iterable[Mapping[str, Any]]) -> int:
    """The latest moment that saved states name as read, in Unix seconds, as far as it can be one."""
    moments = (seconds_of(value) for state in states for value in state.values())
    return max((moment for moment in moments if moment and moment < END_OF_TIME), default=0)


def _now(ours: int, intercoms: int | None, newest_state: int, logger: logging.Logger) -> int:
    """The present by the earlier of two clocks, this machine's and Intercom's, that can be right.

    A state in Intercom's future would leave a hole, so the earlier one counts. But a clock that shows a moment before
    this connector was made, or before what has been read, is wrong: to believe it would read nothing, and say that all
    is well. An hour before is no fault, and neither is a day where no clock is nearer. Raises ``ConfigError`` when both
    are wrong.
    """
    clocks = [clock for clock in (ours, intercoms) if clock is not None]
    # A state ahead of every clock says nothing about clocks; it is refused with its own sentence.
    floors = [newest_state - HOUR, newest_state - DAY] if newest_state <= max(clocks) + DAY else [0]
    told = ([clock for clock in clocks if clock >= max(_MADE, floor)] for floor in floors)
    plausible = next(filter(None, told), [])
    if not plausible:
        raise ConfigError(
            f"No clock can be believed: this machine says {shown(ours)}, Intercom's answer "
            f"{shown(intercoms) if intercoms else 'nothing'}, and the saved states reach up to "
            f"{shown(max(_MADE, newest_state))}. Set this machine's clock, or clear the states."
        )
    now = min(plausible)
    if max(clocks) - min(clocks) > HOUR:
        intercoms_clock = next(clock for clock in clocks if clock != ours)
        logger.warning(
            f"This machine's clock says {shown(ours)}, Intercom's {shown(intercoms_clock)}. This sync reads up to "
            f"{shown(now)}."
        )
    return now


def _app(workspace: Json) -> Json:
    app = workspace.get("app")
    return app if isinstance(app, dict) else {}


def _id(workspace: Json) -> str:
    name = _app(workspace).get("id_code")
    return name if isinstance(name, str) else ""


def _birth(workspace: Json) -> int:
    """When the workspace was made; windows begin there, though the first one looks before it too."""
    created = seconds_of(_app(workspace).get("created_at"))
    return INTERCOM_BIRTH if created is None else max(created, INTERCOM_BIRTH)


def _zone(workspace: Json, logger: logging.Logger) -> tzinfo:
    """The workspace's zone. Without one, windows are cut at UTC's midnights, which costs pages and loses nothing."""
    name = _app(workspace).get("timezone")
    try:
        return ZoneInfo(name or "")
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        logger.info(f"The workspace's time zone {name!r} is not known here; contacts are read by UTC days")
        return timezone.utc


def _warn_of_region(workspace: Json, config: Config, logger: logging.Logger) -> None:
    """Intercom's US host passes tokens of other regions on, so data may cross an ocean unnoticed."""
    told = _app(workspace).get("region")
    # A European workspace has been seen to say "Europe" (PostHog 36127).
    regions = {"us": "us", "eu": "eu", "europe": "eu", "au": "au", "australia": "au"}
    region = regions.get(told.lower()) if isinstance(told, str) else None
    if region and region != config.region:
        logger.warning(
            f"This workspace is hosted in the region '{region}', but the option 'region' says '{config.region}': its "
            "data passes through another region on its way. Set the option to the workspace's own region."
        )
