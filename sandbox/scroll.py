"""The company scroll: one for the whole workspace, one token for the whole walk."""

from __future__ import annotations

import time
import uuid
from array import array
from dataclasses import dataclass

from .collection import NUMBER_MASK
from .errors import ApiError, not_found
from .world import World


@dataclass
class Walk:
    """An open scroll. What it will show is settled when it is opened."""

    token: str
    keys: array[int]
    at: int
    used: float


class Scroll:
    """At most one walk at a time; it ends on an empty page, by neglect, or by an injected failure."""

    def __init__(self, ws: World) -> None:
        self._ws = ws
        self._walk: Walk | None = None
        self._opened = 0

    def page(self, token: str | None) -> tuple[str, list[int]]:
        """The token and the next companies. An empty page closes the walk, so the token is dead after it."""
        now = time.monotonic()
        if self._walk is not None and now - self._walk.used > self._ws.settings.scroll_expiry_seconds:
            self._walk = None
        if token is None:
            if self._walk is not None:
                raise ApiError(400, "scroll_exists", "scroll already exists for this workspace")
            self._walk = self._open(now)
        walk = self._walk
        if walk is None or (token is not None and token != walk.token):
            raise not_found("not_found", "scroll parameter not found")
        chunk = walk.keys[walk.at : walk.at + self._ws.settings.scroll_page]
        walk.at += len(chunk)
        walk.used = now
        if not chunk:
            self._walk = None
        return walk.token, [key & NUMBER_MASK for key in chunk]

    def die(self) -> None:
        """Forget the walk, as after the 500 that asks for a restart."""
        self._walk = None

    def _open(self, now: float) -> Walk:
        self._opened += 1
        token = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._ws.app_id}/scroll/{self._opened}"))
        return Walk(token, array("Q", self._ws.companies.by_created), 0, now)
