"""The search cursor: base64 of `[sort value in ms, id, page]`, as live ones decode (amp-labs, pull request 1079).

A cursor made under an explicit `sort` cannot be used without one: Intercom then answers 500
(intercom-php issue 322).
The sandbox keeps no memory of cursors it gave out; the JSON inside is written without blanks under an
explicit sort and with blanks otherwise, which is enough to tell.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins: after this sort value (seconds; None when sorted by id) and this id."""

    second: int | None
    id: str
    page: int
    sorted: bool

    def encode(self) -> str:
        first = self.id if self.second is None else self.second * 1000
        text = json.dumps([first, self.id, self.page], separators=(",", ":") if self.sorted else (", ", ": "))
        return base64.b64encode(text.encode()).decode()

    @classmethod
    def decode(cls, text: object) -> Cursor:
        """Raises ValueError for anything that is not a cursor."""
        if not isinstance(text, str):
            raise ValueError("not text")
        try:
            raw = base64.b64decode(text, validate=True).decode()
            first, name, page = json.loads(raw)
        except (binascii.Error, UnicodeDecodeError, TypeError) as error:
            raise ValueError("not a cursor") from error
        if not isinstance(name, str) or not isinstance(page, int):
            raise ValueError("not a cursor")
        if isinstance(first, int):
            return cls(first // 1000, name, page, ", " not in raw)
        if first != name:
            raise ValueError("not a cursor")
        return cls(None, name, page, ", " not in raw)
