"""The catalogue, in the order of the docs."""

from source_intercom.streams.base import IntercomStream
from source_intercom.streams.companies import Companies, CompanyAttributes, CompanySegments
from source_intercom.streams.contacts import ContactAttributes, Contacts, Segments
from source_intercom.streams.conversations import ConversationParts, Conversations
from source_intercom.streams.tickets import Tickets
from source_intercom.streams.workspace import ActivityLogs, Admins, Tags, Teams

CATALOGUE: tuple[type[IntercomStream], ...] = (
    Contacts,
    Companies,
    Conversations,
    ConversationParts,
    Tickets,
    ActivityLogs,
    Admins,
    Teams,
    Tags,
    Segments,
    ContactAttributes,
    CompanyAttributes,
    CompanySegments,
)

__all__ = ["CATALOGUE", "IntercomStream"]
