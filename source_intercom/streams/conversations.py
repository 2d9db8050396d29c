"""Conversations and their parts."""

from collections.abc import Iterator
from urllib.parse import quote

from source_intercom.api.errors import RecordGone, Unavailable
from source_intercom.api.paging import Page
from source_intercom.streams.base import CONVERSATIONS_PERMISSION, SearchStream
from source_intercom.streams.coercion import Record


class Conversations(SearchStream):
    """Conversations without their parts, as the search gives them."""

    endpoint = "/conversations/search"
    records_key = "conversations"
    permission = CONVERSATIONS_PERMISSION


class ConversationParts(Conversations):
    """Every part of every conversation that changed, each with its conversation's id.

    Windows and state are the conversations': a part is never chosen by its own time, which is how other
    connectors lose most of them (peers #11). One call for each conversation that has parts.
    """

    # Each page costs up to 150 calls beside its own: a few windows spend the budget, and half a page is nothing.
    window_pages = 4

    @property
    def walk(self) -> str:
        return "conversations"

    def rows(self, page: Page) -> Iterator[Page]:
        unread: list[str] = []
        wanted = [conversation for conversation in page if _has_parts(conversation)]
        for conversation_id, parts in self.client.each(self._parts_of, wanted):
            if parts is None:
                unread.append(conversation_id)
            else:
                yield parts
        if unread:
            raise Unavailable(
                f"Intercom could not give the parts of {len(unread)} conversations after several tries: "
                f"{', '.join(unread[:20])}. All others were read; the next sync tries these again.",
            )

    def _parts_of(self, found: Record) -> tuple[str, list[Record] | None]:
        """Parts of one conversation, none when it is gone, None when it cannot be read."""
        conversation_id = str(found["id"])
        try:
            conversation = self.client.get(f"/conversations/{quote(conversation_id, safe='')}")
        except RecordGone:
            self.client.tally.add(gone=1)
            return conversation_id, []
        except Unavailable as error:
            self.logger.warning(f"Conversation {conversation_id} could not be read: {error.internal_message}")
            return conversation_id, None
        nested = conversation.get("conversation_parts") or {}
        parts: list[Record] = nested.get("conversation_parts") or []
        total = nested.get("total_count")
        if isinstance(total, int) and total > len(parts):
            self.client.tally.add(capped=1)
            self.logger.warning(
                f"Conversation {conversation_id} has {total} parts; Intercom gives the newest {len(parts)} only"
            )
        for part in parts:
            part["conversation_id"] = conversation_id
            part["conversation_created_at"] = conversation.get("created_at")
            part["conversation_updated_at"] = conversation.get("updated_at")
            part["conversation_total_parts"] = total
        return conversation_id, parts


def _has_parts(conversation: Record) -> bool:
    """Whether a call is worth it. Only a plain zero says no: without statistics nothing is known."""
    return (conversation.get("statistics") or {}).get("count_conversation_parts") != 0
