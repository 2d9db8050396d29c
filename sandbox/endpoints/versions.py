"""What 2.16 shows differently from 2.15 (notes §2). Bodies are built in the shape of 2.15."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from ..collection import Record
from ..router import Call

SINCE = "2.16"


def reshaped(call: Call, kind: str, numbers: Sequence[int]) -> Sequence[Record | orjson.Fragment]:
    """Records for an answer, in the shape of the version that was asked for."""
    records = call.ws.collection(kind)
    if not call.at_least(SINCE) or kind not in _CHANGES:
        return records.fragments(numbers)
    return [reshape(call, kind, records.body(number)) for number in numbers]


def reshape(call: Call, kind: str, record: Record) -> Record:
    if call.at_least(SINCE) and kind in _CHANGES:
        _CHANGES[kind](record)
    return record


def _contact(record: Record) -> None:
    if record["owner_id"] is not None:
        record["owner_id"] = str(record["owner_id"])


def _conversation(record: Record) -> None:
    for name in ("admin_assignee_id", "team_assignee_id"):
        record[name] = record[name] or 0
    record["priority"] = {"priority": "high"}.get(str(record["priority"]), "none")


def _ticket(record: Record) -> None:
    for name in ("admin_assignee_id", "team_assignee_id"):
        record[name] = int(str(record[name]))


_CHANGES = {"contacts": _contact, "conversations": _conversation, "tickets": _ticket}
