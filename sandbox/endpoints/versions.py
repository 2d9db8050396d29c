"""What 2.16 shows differently from 2.15. Bodies are built in the shape of 2.15."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from ..collection import Record
from ..records import merges
from ..router import Call

SINCE = "2.16"


def reshaped(call: Call, kind: str, numbers: Sequence[int]) -> Sequence[Record | orjson.Fragment]:
    """Records for an answer, in the shape of the version that was asked for."""
    records = call.ws.collection(kind)
    if not call.at_least(SINCE) or kind not in _CHANGES:
        return records.fragments(numbers)
    return [whole(call, kind, number) for number in numbers]


def whole(call: Call, kind: str, number: int) -> Record:
    """One record in the shape of the version, with what was asked for besides."""
    record = reshape(call, kind, call.ws.collection(kind).body(number))
    if kind == "contacts" and call.at_least(SINCE) and call.flag("include_merge_history") and record["role"] == "user":
        record["merge_history"] = merges.history(call.ws, number)
    return record


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


def _article(record: Record) -> None:
    del record["parent_id"], record["parent_type"]


_CHANGES = {"contacts": _contact, "conversations": _conversation, "tickets": _ticket, "articles": _article}
