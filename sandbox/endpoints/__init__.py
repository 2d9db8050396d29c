"""Intercom's endpoints, one file a family."""

from __future__ import annotations

from ..router import Router
from . import attached, content, exports, inbox, people, search, settings, threads, workplace


def routes() -> Router:
    """The whole API."""
    router = Router()
    for family in (settings, search, people, attached, inbox, threads, workplace, content, exports):
        family.add(router)
    return router
