"""Reads what a connector printed, in Airbyte's protocol or Singer's, down to what a comparison needs."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Version = tuple[str, int | None]
"""A record's primary key as text, and the second it was last changed (None where the record does not say)."""

KEYS: dict[str, str] = {
    "contacts": "id",
    "companies": "id",
    "conversations": "id",
    "conversation_parts": "id",
    "segments": "id",
    "tags": "id",
    "teams": "id",
    "contact_attributes": "full_name",
    "company_attributes": "full_name",
}
"""The streams that all three connectors have under one meaning, and the field that tells their records apart."""


def key_of(stream: str) -> str:
    """The field that tells the records of a stream apart."""
    return KEYS.get(stream, "id")


@dataclass
class Delivery:
    """What one run delivered."""

    records: defaultdict[str, Counter[Version]] = field(default_factory=lambda: defaultdict(Counter))
    """How often each version of a record came, by stream."""
    state: Any = None
    """What the next run is handed as its state: a list (Airbyte) or an object (Singer)."""
    errors: list[str] = field(default_factory=list)
    """What the connector itself said went wrong."""

    @property
    def count(self) -> int:
        """Records of all streams, repetitions included."""
        return sum(sum(versions.values()) for versions in self.records.values())


def second_of(value: Any) -> int | None:
    """A time as Intercom gives it (Unix seconds) or as Singer does (ISO 8601, UTC), in Unix seconds."""
    if isinstance(value, str):
        return round(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp())
    return None if value is None else round(value)


def version_of(key: str, record: Mapping[str, Any]) -> Version:
    """A record's key and time of change."""
    return str(record.get(key)), second_of(record.get("updated_at"))


def _parsed(lines: Iterable[bytes]) -> Iterable[dict[str, Any]]:
    """Every line that is a JSON object. A run that was ended at its time limit leaves a torn last line."""
    for line in lines:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict):
            yield message


def _keep(delivery: Delivery, stream: str, record: Mapping[str, Any]) -> None:
    delivery.records[stream][version_of(key_of(stream), record)] += 1


def read_airbyte(lines: Iterable[bytes]) -> Delivery:
    """Records, the last state of each stream, and error traces."""
    delivery = Delivery()
    states: dict[str, Any] = {}
    for message in _parsed(lines):
        kind = message.get("type")
        if kind == "RECORD":
            _keep(delivery, message["record"]["stream"], message["record"]["data"])
        elif kind == "STATE":
            states[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
        elif kind == "TRACE" and message["trace"]["type"] == "ERROR":
            delivery.errors.append(message["trace"]["error"]["message"])
    delivery.state = list(states.values())
    return delivery


def read_singer(lines: Iterable[bytes]) -> Delivery:
    """Records and the last state. A tap says what went wrong on stderr only."""
    delivery = Delivery()
    for message in _parsed(lines):
        kind = message.get("type")
        if kind == "RECORD":
            _keep(delivery, message["stream"], message["record"])
        elif kind == "STATE":
            delivery.state = message["value"]
    return delivery
