"""Tickets, what lies inside them, and how they are described."""

from source_intercom.api import permissions
from source_intercom.shapes.lists import ListStream, Projection
from source_intercom.shapes.search import SearchStream


class Tickets(SearchStream):
    """Tickets with their parts inside, at most the 500 newest of each."""

    endpoint = "/tickets/search"
    records_key = "tickets"
    permission = permissions.TICKETS
    walk = "tickets"
    cursor_time = "updated_at"


class TicketParts(Projection, Tickets):
    """Every part of every ticket that changed."""

    nested = ("ticket_parts", "ticket_parts")
    parent_key = "ticket_id"
    parent_time = "ticket_updated_at"
    cursor_time = "updated_at"


class TicketContacts(Projection, Tickets):
    """Which contact takes part in which ticket."""

    nested = ("contacts", "contacts")
    key = ("ticket_id", "id")
    parent_key = "ticket_id"
    parent_time = "ticket_updated_at"
    cursor_time = "ticket_updated_at"


class TicketTypes(ListStream):
    """Ticket types with their attributes, archived ones too."""

    endpoint = "/ticket_types"
    permission = permissions.TICKETS
    walk = "ticket types"


class TicketTypeAttributes(Projection, TicketTypes):
    """Attributes of ticket types."""

    nested = ("ticket_type_attributes", "data")
    parent_key = "ticket_type_id"


class TicketStates(ListStream):
    """States a ticket can be in, archived ones too."""

    endpoint = "/ticket_states"
    permission = permissions.TICKETS
