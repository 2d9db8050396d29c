"""Intercom's endpoints, one file a family."""

from __future__ import annotations

from ..router import Router
from . import attached, content, exports, inbox, people, reports, search, settings, threads, workplace


def routes() -> Router:
    """The whole API."""
    router = Router()
    for family in (settings, search, people, attached, inbox, threads, workplace, content, exports, reports):
        family.add(router)
    return router
