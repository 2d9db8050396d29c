"""The configured catalog: which streams to read, and how."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)

from source_intercom.inputs.json_files import Fault, Json, json_of, quoted
from source_intercom.options.faults import kind_of

_LOGGER = logging.getLogger("airbyte")

M = TypeVar("M", SyncMode, DestinationSyncMode)

_DISCOVERED = "discover prints streams; a configured catalog has each of them as 'stream' beside a 'sync_mode'"


class Facts(NamedTuple):
    """What a catalog may ask of a stream. Which of the fields drives it is the choice of an option."""

    sync_modes: list[SyncMode]
    cursor_fields: list[str]


Known: TypeAlias = Mapping[str, Facts]


def catalog_from(text: str, known: Known) -> ConfiguredAirbyteCatalog:
    """The catalog that a text is, held against the streams that there are. Raises ``Fault``."""
    value = json_of(text)
    if not isinstance(value, dict):
        raise Fault(f"holds {kind_of(value)}, not an object with 'streams'")
    if "catalog" in value and "streams" not in value:
        raise Fault(f"is what discover printed, not a configured catalog: {_DISCOVERED}")
    streams = value.get("streams")
    if not isinstance(streams, list):
        raise Fault("has no 'streams'" if streams is None else f"has {kind_of(streams)} as 'streams', not a list")
    names = [_name(item, f"stream {number}") for number, item in enumerate(streams, 1)]
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        raise Fault(
            f"asks for streams that this connector does not have ({', '.join(map(quoted, unknown))}): "
            "refresh the connection's schema"
        )
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise Fault(f"has the same stream twice ({', '.join(twice)}), which would sync each of its records twice")
    wanted = [_configured(item, name, known[name]) for item, name in zip(streams, names, strict=True)]
    return ConfiguredAirbyteCatalog(streams=_with_modes_that_there_are(wanted))


def _with_modes_that_there_are(wanted: list[ConfiguredAirbyteStream]) -> list[ConfiguredAirbyteStream]:
    """The same streams, those that have no incremental mode in full refresh, which is said.

    No fault: PyAirbyte asks for every stream in incremental mode, whatever discover has told it (0.71, November 2026).
    """
    lacking = [one for one in wanted if one.sync_mode not in (one.stream.supported_sync_modes or ())]
    for one in lacking:
        one.sync_mode = SyncMode.full_refresh
    if lacking:
        _LOGGER.info(
            "These streams have no incremental mode and are read whole, as in a full refresh: "
            f"{', '.join(one.stream.name for one in lacking)}"
        )
    return wanted


def _name(item: object, place: str) -> str:
    if not isinstance(item, dict):
        raise Fault(f"has {kind_of(item)} as {place}, not an object")
    stream = item.get("stream")
    if stream is None and "json_schema" in item:
        raise Fault(f"is not a configured catalog: {_DISCOVERED}")
    if not isinstance(stream, dict):
        raise Fault(f"has {'no' if stream is None else kind_of(stream) + ' as'} 'stream' in {place}")
    name = stream.get("name")
    if not isinstance(name, str):
        raise Fault(f"has {'no' if name is None else kind_of(name) + ' as'} 'name' in {place}")
    return name


def _configured(item: Json, name: str, facts: Facts) -> ConfiguredAirbyteStream:
    sync_mode = _mode(item, name, "sync_mode", SyncMode)
    numbers = ("generation_id", "minimum_generation_id", "sync_id")
    return ConfiguredAirbyteStream(
        # All else about a stream is known here, so a hand-written catalog may leave it out.
        stream=AirbyteStream(name=name, json_schema={}, supported_sync_modes=facts.sync_modes),
        sync_mode=sync_mode,
        destination_sync_mode=_mode(item, name, "destination_sync_mode", DestinationSyncMode),
        cursor_field=_cursor(item, name, sync_mode, facts.cursor_fields) if facts.cursor_fields else None,
        primary_key=_primary_key(item, name),
        include_files=_flag(item, name, "include_files"),
        **{field: _number(item, name, field) for field in numbers},
    )


def _mode(item: Json, name: str, field: str, modes: type[M]) -> M:
    value = item.get(field)
    known = {mode.value: mode for mode in modes}
    mode = known.get(value) if isinstance(value, str) else None
    if mode is None:
        has = f"has no '{field}'" if value is None else f"has {quoted(value)} as '{field}'"
        raise Fault(f"{has} in stream '{name}': it must be {_either(list(known))}")
    return mode


def _cursor(item: Json, name: str, sync_mode: SyncMode, cursors: list[str]) -> list[str] | None:
    value = item.get("cursor_field")
    if value is None:
        return None
    if not _is_path(value):
        raise Fault(f"has {quoted(value)} as 'cursor_field' of stream '{name}', not a list of names")
    if value and sync_mode is SyncMode.incremental and value not in [[cursor] for cursor in cursors]:
        raise Fault(
            f"has {quoted('.'.join(value))} as 'cursor_field' of stream '{name}', whose changes are found "
            f"by {_either([repr(cursor) for cursor in cursors])} only"
        )
    return list(value)


def _primary_key(item: Json, name: str) -> list[list[str]] | None:
    value = item.get("primary_key")
    if value is None or (isinstance(value, list) and all(map(_is_path, value))):
        return value
    raise Fault(f"has {quoted(value)} as 'primary_key' of stream '{name}', not a list of lists of names")


def _number(item: Mapping[str, Any], name: str, field: str) -> int | None:
    value = item.get(field)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise Fault(f"has {quoted(value)} as '{field}' of stream '{name}', not a whole number")


def _flag(item: Mapping[str, Any], name: str, field: str) -> bool | None:
    value = item.get(field)
    if value is None or isinstance(value, bool):
        return value
    raise Fault(f"has {quoted(value)} as '{field}' of stream '{name}', not true or false")


def _is_path(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
