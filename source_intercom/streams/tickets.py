"""Tickets."""

from source_intercom.streams.base import TICKETS_PERMISSION, SearchStream


class Tickets(SearchStream):
    """Tickets with their parts inside, at most the 500 newest of each."""

    endpoint = "/tickets/search"
    records_key = "tickets"
    permission = TICKETS_PERMISSION
