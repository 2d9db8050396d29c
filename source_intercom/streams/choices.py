"""The user's filters of contacts and conversations: as terms of a search, and as a check of a record."""

from source_intercom.api.queries import Choices, equals, one_of
from source_intercom.options.config import Config
from source_intercom.options.filters import ContactFilters
from source_intercom.shapes.coercion import Record


def contact_choices(config: Config, roles: list[str]) -> Choices:
    """Filters of contacts that their search takes: role, e-mail, segment, tag."""
    filters = config.filters.contacts
    choices: Choices = []
    if len(roles) == 1:
        choices.append([equals("role", roles[0])])
    if filters.emails:
        choices.append([one_of("email", filters.emails)])
    if filters.segment_ids:
        choices.append([equals("segment_id", segment) for segment in filters.segment_ids])
    if filters.tag_ids:
        choices.append([equals("tag_id", tag) for tag in filters.tag_ids])
    if filters.ids and (filters.segment_ids or filters.tag_ids):
        choices.append([equals("id", contact) for contact in filters.ids])
    return choices


def is_chosen(filters: ContactFilters, roles: list[str], contact: Record) -> bool:
    """The filters of contacts that a record itself can answer: one that is asked for by its id passes no search.

    ``roles`` is empty for all. E-mail addresses are compared without regard to capitals, as people write them.
    """
    emails = {email.casefold() for email in filters.emails}
    return (
        (not filters.ids or str(contact.get("id")) in filters.ids)
        and (not roles or contact.get("role") in roles)
        and (not emails or str(contact.get("email")).casefold() in emails)
    )


def conversation_choices(config: Config) -> Choices:
    """Filters of conversations that their search takes: state and assigned teammates.

    Each value is a term of its own: whether ``IN`` is taken for these fields is told both ways (docs/intercom-api.md).
    """
    filters = config.filters.conversations
    choices: Choices = []
    if filters.states:
        choices.append([equals("state", state) for state in filters.states])
    if filters.assignee == "admins":
        choices.append([equals("admin_assignee_id", int(admin)) for admin in filters.admin_ids])
    return choices


def is_wanted(config: Config, conversation: Record) -> bool:
    """All filters of conversations: those asked for by id pass no search, and no search can say "nobody".

    Intercom writes "nobody" as null, 0 or "0".
    """
    filters = config.filters.conversations
    assignee = conversation.get("admin_assignee_id")
    if filters.states and conversation.get("state") not in filters.states:
        return False
    if filters.assignee == "admins":
        return str(assignee) in filters.admin_ids
    return filters.assignee != "unassigned" or assignee in (None, 0, "0")


def belongs_to_company(config: Config, companies: list[Record]) -> bool:
    """Whether one of a contact's companies is wanted; the search of contacts knows no companies."""
    wanted = config.filters.contacts.company_ids
    return not wanted or any(str(company.get("id")) in wanted for company in companies)
