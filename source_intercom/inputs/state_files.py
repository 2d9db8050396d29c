"""The saved state, in every form that somebody is known to write it in, as the list that the CDK takes.

Only the wrapping is undone here. What the state of one stream says is for the stream to judge.

==================================  =====================================================================
form                                written by
==================================  =====================================================================
list of STREAM messages             Airbyte's platform, for connectors
GLOBAL with ``stream_states``       Airbyte's platform, for connectors that share a state
``LEGACY``, ``data``, a bare map    Airbyte's platform before version 0.40; Meltano's wrapper of connectors
camelCase                           the platform's API (``/state/get``)
one STREAM object or descriptor     people who took one stream out of a list
lines of printed messages           a read whose output was kept
``bookmarks``, ``singer_state``     Singer's tap-intercom, and Meltano around it
==================================  =====================================================================
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from airbyte_cdk.models import (
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStreamState,
    StreamDescriptor,
)

from source_intercom.inputs.json_files import Fault, json_of, quoted
from source_intercom.options.faults import kind_of
from source_intercom.sync.moments import seconds_of

_PRINTED = ("RECORD", "LOG", "TRACE", "CONTROL", "SPEC", "CATALOG", "CONNECTION_STATUS", "DEBUG")
_DESCRIPTORS = {"stream_descriptor", "streamDescriptor"}
_SINGER = {"singer_state", "bookmarks", "completed", "partial"}
# Keys of a state of one stream: a map of such keys is no map of streams.
_POSITIONS = {"updated_at", "created_at", "slices", "state_type", "parent_state", "use_global_cursor"}

_EXAMPLE = "{'updated_at': '2024-01-31T00:00:00.000000Z'}"

_State = tuple[str, dict[str, Any]]


def states_from(text: str) -> list[AirbyteStateMessage]:
    """The states that a text holds, the last one of each stream. Raises ``Fault``."""
    if not text.strip():
        # An empty file: the first read printed no state.
        return []
    latest = dict(_lines(text) if _is_lines(text) else _states(json_of(text), "the file"))
    return [
        AirbyteStateMessage(
            type=AirbyteStateType.STREAM,
            # Intercom has no namespaces: one in a descriptor is the destination's.
            stream=AirbyteStreamState(
                stream_descriptor=StreamDescriptor(name=name), stream_state=AirbyteStateBlob(state)
            ),
        )
        for name, state in latest.items()
    ]


def known_states_from(text: str, streams: Container[str]) -> list[AirbyteStateMessage]:
    """The states that a text holds. One that is of no known stream at all would mean to read everything again, unasked.

    Raises ``Fault``.
    """
    states = states_from(text)
    names = [state.stream.stream_descriptor.name for state in states if state.stream]
    if names and not any(name in streams for name in names):
        raise Fault(f"names no stream of this connector, only {', '.join(map(quoted, names[:5]))}")
    return states


def _is_lines(text: str) -> bool:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and lines[0][0] == "{" and lines[0][-1] == "}"


def _lines(text: str) -> Iterator[_State]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                value = json_of(line)
            except Fault as fault:
                raise Fault(f"has a faulty line {number}, which {fault}") from None
            if not isinstance(value, dict):
                raise Fault(f"has {kind_of(value)} in line {number}, not a message")
            if value.get("type") not in _PRINTED:
                yield from _states(value, f"line {number}")


def _states(value: object, place: str) -> Iterator[_State]:
    """The states of streams in a value of any known form, in its order."""
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            if not isinstance(item, dict):
                raise Fault(f"has {kind_of(item)} as item {number}, not a state")
            yield from _states(item, f"item {number}")
    elif isinstance(value, dict):
        yield from _from_object(value, place)
    elif value is not None:
        raise Fault(f"holds {kind_of(value)}, not a list of states")


def _from_object(value: Mapping[str, Any], place: str) -> Iterator[_State]:
    kind = value.get("type", value.get("stateType"))
    # A stream may be called "type", too, in a map of streams.
    form = kind.upper() if isinstance(kind, str) else None
    stream = value.get("stream")
    if form == "STATE":
        yield from _states(_message(value, place), place)
    elif form not in (None, "STREAM", "GLOBAL", "LEGACY", "NOT_SET"):
        raise Fault(f"has a state of the unknown type {quoted(kind)} in {place}")
    elif _DESCRIPTORS & value.keys():
        yield from _one(value, place)
    elif isinstance(stream, dict) and _DESCRIPTORS & stream.keys():
        yield from _one(stream, place)
    elif isinstance(value.get("streamState"), list):
        yield from _states(value["streamState"], place)
    elif form == "STREAM":
        raise Fault(f"has a state of type STREAM without the descriptor of a stream in {place}")
    elif form == "GLOBAL" or isinstance(value.get("global"), dict):
        yield from _global(value.get("global", value.get("globalState")), place)
    elif _SINGER & value.keys():
        yield from _singer(value, place)
    elif form == "LEGACY" or "data" in value:
        yield from _legacy(value.get("data", value.get("state")), place)
    elif form != "NOT_SET":
        yield from _legacy(value, place)


def _one(value: Mapping[str, Any], place: str) -> Iterator[_State]:
    """A descriptor with its state."""
    descriptor = value.get("stream_descriptor", value.get("streamDescriptor"))
    name = descriptor.get("name") if isinstance(descriptor, dict) else None
    if not isinstance(name, str) or not name:
        raise Fault(f"has no name of a stream in the descriptor of {place}")
    yield from _entry(name, value.get("stream_state", value.get("streamState")))


def _entry(name: str, state: object) -> Iterator[_State]:
    if state is None:
        return
    if not isinstance(state, dict):
        raise Fault(f"has {kind_of(state)} as the state of stream {quoted(name)}, not an object")
    yield name, state


def _global(value: object, place: str) -> Iterator[_State]:
    if not isinstance(value, dict):
        raise Fault(f"has {kind_of(value)} as the global state of {place}, not an object")
    if value.get("shared_state") or value.get("sharedState"):
        raise Fault(f"has a state that all streams share in {place}, which this connector never writes")
    yield from _states(value.get("stream_states", value.get("streamStates")), place)


def _legacy(value: object, place: str) -> Iterator[_State]:
    """States by the names of their streams."""
    if not isinstance(value, dict):
        raise Fault(f"has {kind_of(value)} as the data of {place}, not an object of states by stream")
    if value.keys() & _POSITIONS:
        keys = ", ".join(map(quoted, sorted(value)[:5]))
        raise Fault(f"has a state in {place} that names no stream, only {keys}")
    for name, state in value.items():
        yield from _entry(name, state)


def _singer(value: Mapping[str, Any], place: str) -> Iterator[_State]:
    """What Meltano keeps, and the bookmarks of tap-intercom in it."""
    # In this order: the state of a run that broke off adds to that of the last complete run.
    for part in ("completed", "partial", "singer_state"):
        if value.get(part):
            yield from _states(value[part], f"the '{part}' of {place}")
    bookmarks = value.get("bookmarks") or {}
    if not isinstance(bookmarks, dict):
        raise Fault(f"has {kind_of(bookmarks)} as the bookmarks of {place}, not an object")
    for name, bookmark in bookmarks.items():
        if bookmark:
            yield from _entry(name, dict(_positions(name, bookmark)))


def _positions(name: str, bookmark: object) -> Iterable[tuple[str, int]]:
    """A bookmark of tap-intercom: up to which moment it has read, under the name of the field that it compares."""
    fields = ("updated_at", "created_at")
    known = bookmark if isinstance(bookmark, dict) else {}
    given = [field for field in fields if known.get(field)]
    if not given:
        raise Fault(f"has a bookmark of stream {quoted(name)} that is none of tap-intercom's, such as {_EXAMPLE}")
    for field in given:
        moment = seconds_of(known[field]) if isinstance(known[field], str) else None
        if moment is None:
            raise Fault(
                f"has {quoted(known[field])} as the bookmark of stream {quoted(name)}, not a time such as {_EXAMPLE}"
            )
        yield field, moment


def _message(value: Mapping[str, Any], place: str) -> Any:
    if not isinstance(value.get("state"), dict):
        raise Fault(f"has a message of type STATE without a 'state' in {place}")
    return value["state"]
