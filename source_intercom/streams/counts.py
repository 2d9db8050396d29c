"""Figures of the workspace at the moment of counting."""

from collections.abc import Callable, Iterator
from functools import partial

from source_intercom.api import permissions
from source_intercom.api.client import Client
from source_intercom.api.errors import AccessDenied, RequestRefused
from source_intercom.api.figures import Page
from source_intercom.api.pages import list_pages
from source_intercom.api.queries import equals
from source_intercom.shapes.base import IntercomStream
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.reading import Reading
from source_intercom.sync.windows import Window

# What is counted by a search: the entity, the field of its search, its values, and the permission it takes.
_SEARCHED = (
    ("contacts", "role", ("user", "lead"), permissions.CONTACTS),
    ("conversations", "state", ("open", "closed", "snoozed"), permissions.CONVERSATIONS),
    ("tickets", "state", ("submitted", "in_progress", "waiting_on_customer", "resolved"), permissions.TICKETS),
)


class Counts(IntercomStream):
    """How many contacts, conversations and tickets there are at the moment of the sync, one number a row.

    What a permission is missing for is left out, and the stream ends incomplete after all that can be counted. A
    figure that Intercom refuses is left out with a warning.
    """

    endpoint = "/contacts/search"
    key = ("entity", "dimension", "value")
    permission = permissions.CONTACTS
    also_needs = (permissions.CONVERSATIONS, permissions.TICKETS, permissions.TAGS)

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        denied: list[AccessDenied] = []
        searched: list[Callable[[], Page]] = [partial(self._by_value, *counted) for counted in _SEARCHED]
        for count in [*searched, self._by_segment, self._by_tag]:
            try:
                yield count()
            except AccessDenied as error:
                denied.append(error)
        if denied:
            raise denied[0]

    def probe(self) -> None:
        self._count(self.client, "contacts", "role", "user", "")

    def _by_value(self, entity: str, field: str, values: tuple[str, ...], permission: str) -> Page:
        client = self.client_for(permission)
        counted = [self._counted(client, entity, field, value, value) for value in values]
        return [row for rows in counted for row in rows]

    def _by_segment(self) -> Page:
        """Segments tell their sizes themselves."""
        pages = list_pages(self.client, "/segments", "segments", {"include_count": "true"}, whole=True)
        return [
            self._row("contacts", "segment", str(segment["id"]), segment.get("name"), segment.get("count"))
            for page in pages
            for segment in self.identified(page)
        ]

    def _by_tag(self) -> Page:
        pages = list_pages(self.client_for(permissions.TAGS), "/tags", "data", whole=True)
        tags = [tag for page in pages for tag in self.identified(page)]
        counted = self.client.each(
            lambda tag: self._counted(self.client, "contacts", "tag_id", str(tag["id"]), tag.get("name")), tags
        )
        return [row for rows in counted for row in rows]

    def _counted(self, client: Client, entity: str, field: str, value: str, label: str | None) -> Page:
        """The row of a figure, none where Intercom refuses to count it."""
        try:
            return [self._count(client, entity, field, value, label)]
        except RequestRefused as error:
            self.logger.warning(f"{entity} with {field} {value!r} are not counted: {error.internal_message}")
            return []

    def _count(self, client: Client, entity: str, field: str, value: str, label: str | None) -> Record:
        answer = client.post(f"/{entity}/search", {"query": equals(field, value), "pagination": {"per_page": 1}})
        return self._row(entity, field.removesuffix("_id"), value, label, answer.get("total_count"))

    def _row(self, entity: str, dimension: str, value: str, label: object, count: object) -> Record:
        return {
            "entity": entity,
            "dimension": dimension,
            "value": value,
            "label": label,
            "count": count,
            "counted_at": self.sync.begin,
        }
