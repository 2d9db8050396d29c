"""Intercom's endpoints, one file a family."""

from __future__ import annotations

from ..router import Router
from . import inbox, people, search, settings


def routes() -> Router:
    """The whole API."""
    router = Router()
    for family in (settings, search, people, inbox):
        family.add(router)
    return router
