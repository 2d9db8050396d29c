"""The streams, in the order of the docs: every public stream class of the families below."""

from source_intercom.shapes.base import IntercomStream
from source_intercom.streams import (
    activities,
    activity_logs,
    companies,
    contacts,
    conversations,
    counts,
    events,
    help_center,
    messages,
    reconciliations,
    tickets,
    workspace,
)

_FAMILIES = (
    contacts,
    activities,
    events,
    companies,
    conversations,
    messages,
    tickets,
    workspace,
    activity_logs,
    counts,
    reconciliations,
    help_center,
)

# Classes whose names begin with an underscore are pages that streams are made from, or what several streams share.
CATALOGUE: tuple[type[IntercomStream], ...] = tuple(
    kind
    for family in _FAMILIES
    for name, kind in vars(family).items()
    if isinstance(kind, type)
    and issubclass(kind, IntercomStream)
    and kind.__module__ == family.__name__
    and not name.startswith("_")
)

__all__ = ["CATALOGUE", "IntercomStream"]
