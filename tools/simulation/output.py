"""What one run of the connector printed, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from source_intercom.shapes.coercion import Record


class Row(NamedTuple):
    """A RECORD."""

    stream: str
    data: Record


class Said(NamedTuple):
    """A STATE of one stream, with its message as a platform hands it back."""

    stream: str
    state: Mapping[str, object]
    message: Mapping[str, object]


@dataclass
class Output:
    """How one run ended and what it printed up to then.

    ``events`` are its records and states in the order in which they came. ``code`` is the exit code, negative for a
    signal. ``torn`` is what stood behind the last end of a line. ``seconds`` is how long it took, ``dying`` how long
    after the kill it ended, and ``late`` says that it had to be ended because it went on for too long.
    """

    code: int
    stdout: bytes
    stderr: bytes
    seconds: float
    was_killed: bool = False
    dying: float = 0.0
    late: bool = False
    events: list[Row | Said] = field(default_factory=list)
    status: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    strange: list[bytes] = field(default_factory=list)
    torn: bytes = b""

    def __post_init__(self) -> None:
        whole, end, self.torn = self.stdout.rpartition(b"\n")
        for line in (whole + end).splitlines():
            message = _message(line)
            if message is None:
                self.strange.append(line)
            else:
                self._take(message)

    def _take(self, message: Record) -> None:
        kind = message["type"]
        if kind == "RECORD":
            self.events.append(Row(message["record"]["stream"], message["record"]["data"]))
        elif kind == "STATE":
            stream = message["state"]["stream"]
            said = Said(stream["stream_descriptor"]["name"], stream["stream_state"], message["state"])
            self.events.append(said)
        elif kind == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
            status = message["trace"]["stream_status"]
            self.status[status["stream_descriptor"]["name"]] = status["status"]
        elif kind == "TRACE" and message["trace"]["type"] == "ERROR":
            error = message["trace"]["error"]
            name = (error.get("stream_descriptor") or {}).get("name", "")
            self.errors[name] = error["message"]
            self.details[name] = f"{error.get('internal_message')} {error.get('stack_trace') or ''}"

    @property
    def rows(self) -> Iterator[Row]:
        """Its records."""
        return (event for event in self.events if isinstance(event, Row))

    @property
    def states(self) -> dict[str, Said]:
        """The last state of each stream."""
        return {event.stream: event for event in self.events if isinstance(event, Said)}

    @property
    def is_clean(self) -> bool:
        """Whether the run came to its own end."""
        return not self.was_killed and not self.late


def _message(line: bytes) -> Record | None:
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            # Integers beyond 64 bits and NaN, which odd bodies bring, are more than strict JSON.
            message = json.loads(line)
        except ValueError:
            return None
    return message if isinstance(message, dict) and "type" in message else None
