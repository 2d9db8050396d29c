"""`display_as=plaintext`: bodies and subjects without markup."""

from __future__ import annotations

import re

from ..collection import Record

_TAG = re.compile(r"<[^>]*>")


def plain(conversation: Record) -> None:
    """Strip the markup from a conversation and its parts, in place."""
    source = conversation.get("source")
    if isinstance(source, dict):
        _strip(source, "subject")
        _strip(source, "body")
    holder = conversation.get("conversation_parts")
    if isinstance(holder, dict):
        for part in holder["conversation_parts"]:
            _strip(part, "body")


def _strip(record: Record, name: str) -> None:
    value = record.get(name)
    if isinstance(value, str):
        record[name] = _TAG.sub("", value)
