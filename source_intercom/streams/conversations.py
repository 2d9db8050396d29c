"""Conversations, their parts, what hangs on them, and those that were deleted."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from source_intercom.api import permissions
from source_intercom.api.client import Json
from source_intercom.api.figures import Page, inside, record_in, records_in
from source_intercom.api.files import LinkRefused, file_name
from source_intercom.api.pages import list_pages
from source_intercom.api.paths import path_of
from source_intercom.api.queries import Choices
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.child import Child
from source_intercom.shapes.coercion import FILE, Record
from source_intercom.shapes.lists import ClientFilteredStream, ListStream, NewestFirstStream
from source_intercom.shapes.nested import Nested
from source_intercom.shapes.search import SearchStream
from source_intercom.streams.choices import conversation_choices, is_wanted
from source_intercom.sync.windows import Window


class Conversations(SearchStream):
    """Conversations without their parts, as the search gives them."""

    endpoint = "/conversations/search"
    records_key = "conversations"
    permission = permissions.CONVERSATIONS
    # Conversations that are tickets are left out of lists and searches, and refused by id, unless the token may read
    # tickets (docs/intercom-api.md#permission-tickets-hide).
    shrinks_without = (permissions.TICKETS,)
    cursor_time = "updated_at"
    single = "/conversations/{id}"

    @property
    def filters(self) -> BaseModel:
        return self.sync.config.filters.conversations

    @property
    def choices(self) -> Choices:
        return conversation_choices(self.sync.config)

    @property
    def chosen_ids(self) -> list[str]:
        return self.sync.config.filters.conversations.ids

    @property
    def checks_choices(self) -> bool:
        return True

    def select(self, records: Page) -> Page:
        return [record for record in records if is_wanted(self.sync.config, record)]

    def single_record(self, record: Record) -> Record:
        # Asked for by id, a conversation brings its parts; they have a stream of their own.
        return {key: value for key, value in record.items() if key != "conversation_parts"}


class _OfConversation(IntercomStream):
    """What hangs on a conversation. Windows, filters and state are those of the conversations."""

    parent = Conversations
    parent_key: ClassVar[str] = "conversation_id"
    parent_time: ClassVar[str] = "conversation_updated_at"
    cursor_time = "conversation_updated_at"

    @property
    def filters(self) -> BaseModel:
        return self.sync.config.filters.conversations


class _InConversation(_OfConversation, Child):
    """What a conversation shows only when it is asked for by id."""

    child = "/conversations/{id}"

    @property
    def skips_failures(self) -> bool:
        return self.sync.config.skip_failed_conversations

    def answer(self, parent: Record, window: Window) -> Json:
        return self._conversation(parent)

    def _conversation(self, parent: Record) -> Json:
        return self.client.get(path_of(self.child, id=parent["id"]), dict(self.parameters) or None)

    def parts_in(self, answer: Json) -> Page:
        """The parts of a conversation, which stand in an object of their own."""
        nested = record_in(answer, "conversation_parts").get("conversation_parts")
        return self.objects(nested.get("conversation_parts") if isinstance(nested, dict) else nested)


class ConversationParts(_InConversation):
    """Every part of every conversation that changed, each with its conversation's id.

    Windows and state are the conversations': a part is never chosen by its own time, which is how other
    connectors lose most of them (airbyte issue 39463). One request for each conversation that has parts.
    """

    parent_time = ""
    cursor_time = "updated_at"

    @property
    def shaped_by(self) -> Mapping[str, Any]:
        return {"plain_text_bodies": True} if self.sync.config.plain_text_bodies else {}

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        # Whether files stay as they are is not documented (docs/intercom-api.md#conversation-plaintext), so streams
        # that want nothing of texts do not ask for them like this.
        return (("display_as", "plaintext"),) if self._sync and self._sync.config.plain_text_bodies else ()

    def has_children(self, parent: Record) -> bool:
        """Only a plain zero says no: without statistics nothing is known."""
        return inside(parent, "statistics").get("count_conversation_parts") != 0

    def children(self, answer: Json, parent: Record) -> Page:
        parts = self.parts_in(answer)
        total = inside(answer, "conversation_parts").get("total_count")
        self.warn_of_cap(parent, total, len(parts))
        told = {
            "conversation_created_at": answer.get("created_at"),
            "conversation_updated_at": answer.get("updated_at"),
            "conversation_total_parts": total,
        }
        return [{**part, **told} for part in parts]


class ConversationAttachments(_InConversation):
    """Files that came with the messages of each conversation that changed: their names, sizes and links.

    A link of Intercom's ends after a while. One that is not taken any more is asked for once more, with its
    conversation. A file that is gone for good leaves its row without it.
    """

    key = ("conversation_id", "part_id", "position")
    may_lack = ("part_id",)
    brings_files = True

    @property
    def shaped_by(self) -> Mapping[str, Any]:
        return {"attachment_files": True} if self.completes_rows else {}

    @property
    def completes_rows(self) -> bool:
        return self.sync.config.attachment_files and self.name not in self.sync.without_files

    def has_children(self, parent: Record) -> bool:
        if inside(parent, "statistics").get("count_conversation_parts") != 0:
            return True
        return bool(inside(parent, "source").get("attachments"))

    def children(self, answer: Json, parent: Record) -> Page:
        source = answer.get("source")
        return [
            {
                **attachment,
                "conversation_id": str(parent["id"]),
                "part_id": str(part.get("id") or ""),
                "position": str(position),
                "attached_at": part.get("created_at") or answer.get("created_at"),
            }
            for part in ([source] if isinstance(source, dict) else []) + self.parts_in(answer)
            for position, attachment in enumerate(self.objects(part.get("attachments")))
        ]

    def completed(self, rows: Page, parent: Record) -> Page:
        links: dict[tuple[str, str], object] = {}
        for row in rows:
            error = self._refusal(row, row.get("url"))
            if error:
                links = links or {
                    (one["part_id"], one["position"]): one.get("url")
                    for one in self.children(self._conversation(parent), parent)
                }
                error = self._refusal(row, links.get((row["part_id"], row["position"]), row.get("url")))
            if error:
                self.client.tally.add(gone=1)
                self.logger.warning(
                    f"{self.name}: a file of conversation '{parent['id']}', part '{row['part_id']}', is left out: "
                    f"{error.message}"
                )
        return rows

    def _refusal(self, row: Record, url: object) -> LinkRefused | None:
        """Bring the file of a row, which then names it; the error where its host does not take the link."""
        place = Path(self.name, *(file_name(row[key]) for key in ("conversation_id", "part_id", "position")))
        try:
            brought = self.sync.files.bring(url, place / file_name(row.get("name")))
        except LinkRefused as error:
            return error
        row[FILE] = {
            "staging_file_url": brought.path,
            "source_file_relative_path": brought.relative,
            "file_size_bytes": brought.size,
        }
        return None


class ConversationContacts(_OfConversation, Nested):
    """Which contact takes part in which conversation."""

    key = ("conversation_id", "id")
    nested = ("contacts", "contacts")


class ConversationTags(_OfConversation, Nested):
    """Which conversation has which tag, who put it on, and when."""

    key = ("conversation_id", "id")
    nested = ("tags", "tags")


class ConversationTeammates(_OfConversation, Nested):
    """Which teammate takes part in which conversation."""

    key = ("conversation_id", "id")
    nested = ("teammates", "admins")


class ConversationLinkedObjects(_OfConversation, Nested):
    """Tickets and conversations that are linked to a conversation."""

    key = ("conversation_id", "id")
    nested = ("linked_objects", "data")


class ConversationHandlingEvents(_OfConversation, Child):
    """When a teammate paused or resumed work on a conversation."""

    child = "/conversations/{id}/handling_events"
    child_key = "handling_events"
    key = ("conversation_id", "timestamp", "type", "teammate_id")
    may_lack = ("teammate_id",)

    def named(self, row: Record, parent: Record) -> Record:
        teammate = row.get("teammate")
        return {**super().named(row, parent), "teammate_id": teammate.get("id") if isinstance(teammate, dict) else None}


class _ConversationsOf216(Conversations):
    called = "conversations"
    version = "2.16"


class SideConversations(_OfConversation, Child):
    """Conversations that teammates hold beside a conversation, with their parts."""

    parent = _ConversationsOf216
    child = "/conversations/{id}/side_conversations"
    child_key = "side_conversations"
    child_params = (("per_page", "50"),)
    key = ("side_conversation_id",)


class ConversationsDeleted(NewestFirstStream):
    """Conversations that were deleted. No other stream reports them."""

    endpoint = "/conversations/deleted"
    records_key = "conversations"
    params = (("order", "desc"), ("per_page", "60"))
    permission = permissions.CONVERSATIONS
    version = "2.16"
    cursor_time = "deleted_at"
    time_field = "deleted_at"
    other_order = ""


class ConversationAttributes(ListStream):
    """Attributes of conversations, archived ones too."""

    endpoint = "/conversations/attributes"
    params = (("include_archived", "true"),)
    permission = permissions.CONVERSATIONS
    version = "2.16"


class Calls(ClientFilteredStream):
    """Phone calls."""

    endpoint = "/calls"
    params = (("per_page", "25"),)
    permission = permissions.CONVERSATIONS

    def listed(self, since: int = 0) -> Iterator[Page]:
        # Twenty pages of 25 at once: transcripts are asked for 20 calls at a time, and 25 would leave a rest of five.
        pages = super().listed(since)
        while together := list(islice(pages, 20)):
            yield [call for page in together for call in page]


class CallTranscripts(Nested):
    """What was said in calls that changed."""

    parent = Calls
    key = ("call_id",)
    cursor_time = "updated_at"

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        wanted = self.identified(page)
        calls = {str(call["id"]) for call in wanted}
        conversations = sorted({str(call["conversation_id"]) for call in wanted if call.get("conversation_id")})
        for start in range(0, len(conversations), 20):
            answer = self.client.post("/calls/search", {"conversation_ids": conversations[start : start + 20]})
            # The search gives every call of a conversation, those of other pages too.
            found = [call for call in self.identified(records_in(answer, "data")) if str(call["id"]) in calls]
            yield [{**call, "call_id": str(call["id"])} for call in found]


class Macros(NewestFirstStream):
    """Saved replies and actions. Their times are ISO 8601 text."""

    endpoint = "/macros"
    permission = permissions.CONVERSATIONS
    version = "2.16"

    def listed(self, since: int = 0) -> Iterator[Page]:
        params = {"per_page": 150, **({"updated_since": since} if since else {})}
        return list_pages(self.client, self.endpoint, self.records_key, params, whole=True)
