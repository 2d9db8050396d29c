"""What describes the workspace itself: people, teams, tags, settings, and what its admins did."""

from collections.abc import Iterator

from source_intercom.api import permissions
from source_intercom.api.client import Client
from source_intercom.api.errors import AccessDenied, RecordGone, Unavailable
from source_intercom.api.pages import Page, list_pages, pages_from, pages_told
from source_intercom.shapes.base import INTERCOM_BIRTH, IntercomStream, Reading
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.lists import Child, ListStream, NewestFirstStream, WalkedStream
from source_intercom.sync.windows import DAY, HOUR, Planner, Window, cut, of_days, whole


class Admins(ListStream):
    """Teammates. A deleted one disappears from here while its id lives on in conversations."""

    endpoint = "/admins"
    records_key = "admins"
    params = (("display_avatar", "true"),)
    permission = permissions.ADMINS


class Teams(ListStream):
    """Teams with the ids of their members."""

    endpoint = "/teams"
    records_key = "teams"
    permission = permissions.ADMINS
    walk = "teams"


class TeamAdmins(Teams):
    """Which teammate is in which team."""

    key = ("team_id", "admin_id")

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        for team in page:
            yield [{"team_id": team["id"], "admin_id": admin_id} for admin_id in team.get("admin_ids") or ()]


class Tags(ListStream):
    """Tags, keyed by id: a renamed tag is the same tag."""

    endpoint = "/tags"
    permission = permissions.TAGS


class ActivityLogs(IntercomStream):
    """What admins did in the workspace, by the second of the deed.

    Long ranges can make Intercom fail (notes §1b), so the whole range is tried once: where it fails, it is read in
    windows of thirty days, and one of them that still fails is halved, down to an hour. What works but has many pages
    is cut for the sake of many hands. The option makes windows shorter, but for the years before the workspace was
    made, in which hardly anything is expected.
    """

    endpoint = "/admins/activity_logs"
    records_key = "activity_logs"
    cursor_time = "created_at"
    walk_field = "created_at"
    permission = permissions.ACTIVITY_LOGS

    _PAGE = 250
    # Half a page at the end of each window and the page that showed its weight make two calls in a hundred.
    _WINDOW_PAGES = 50
    # The official connector's step, which most workspaces bear.
    _USUAL_STEP = 30

    @property
    def planner(self) -> Planner:
        chosen = self.sync.config.activity_logs_time_step
        return of_days(chosen, since=self.sync.birth) if chosen else whole

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        # Nobody did anything before there was Intercom.
        start = max(window.start, min(INTERCOM_BIRTH, window.end))
        return self._read(Window(start, window.end), reading, set())

    def probe(self) -> None:
        self.client.get(self.endpoint, {"created_at_after": self.sync.begin - DAY, "per_page": 1})

    def _read(self, window: Window, reading: Reading, given: set[str]) -> Iterator[Page]:
        """The pages of a window but for the logs ``given`` already; parts of it may be handed out."""
        # Whether Intercom's bounds are inclusive is not documented: ask one second wider, keep what fits.
        asked = {
            "created_at_after": window.start - 1,
            "created_at_before": window.end + 1,
            "per_page": self._PAGE,
        }
        try:
            # A range too long fails each time; where there is a shorter way, retries are minutes lost.
            answer = self.client.get(self.endpoint, asked, retry=not self._is_long(window))
            parts = self._parts(window, min(pages_told(answer) // self._WINDOW_PAGES, reading.most_parts))
            if len(parts) < 2:
                for page in pages_from(answer, self.client, self.endpoint, self.records_key, asked):
                    logs = [log for log in page if log["id"] not in given and self.lies_in(window, log)]
                    given.update(log["id"] for log in logs)
                    yield logs
                return
        except Unavailable:
            parts = self._shorter(window)
            if len(parts) < 2:
                raise
        if not given and reading.most_parts:
            reading.split(parts[1:])
            parts = parts[:1]
        for part in parts:
            yield from self._read(part, reading, given)

    def _parts(self, window: Window, parts: int) -> list[Window]:
        """Cut a window that has work for so many; there is none before the workspace was made."""
        if parts < 2 or window.end <= self.sync.birth:
            return [window]
        first, *others = cut(Window(max(window.start, self.sync.birth), window.end), parts)
        return [Window(window.start, first.end), *others]

    def _shorter(self, window: Window) -> list[Window]:
        if self._is_long(window):
            return list(of_days(self._step, since=window.start)(window))
        return cut(window, 2) if window.end - window.start >= HOUR else [window]

    def _is_long(self, window: Window) -> bool:
        return window.end - window.start >= self._step * DAY

    @property
    def _step(self) -> int:
        """Days that a request may cover without being called long."""
        return self.sync.config.activity_logs_time_step or self._USUAL_STEP


class ActivityLogEventTypes(ListStream):
    """Kinds of deeds that activity logs tell, as Intercom names them."""

    endpoint = "/admins/activity_log_event_types"
    records_key = "event_types"
    key = ("name",)
    permission = permissions.ACTIVITY_LOGS
    version = "2.16"

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        # The list holds bare names.
        yield [{"name": name} for name in page]


class AwayStatusReasons(WalkedStream):
    """Reasons that teammates give for being away, deleted ones too."""

    endpoint = "/away_status_reasons"
    permission = permissions.ADMINS


class Brands(WalkedStream):
    """Brands of the workspace."""

    endpoint = "/brands"
    permission = permissions.ADMINS


class EmailSettings(WalkedStream):
    """Addresses that the workspace sends from."""

    endpoint = "/emails"
    permission = permissions.ADMINS


class OfficeHoursSchedules(WalkedStream):
    """Office hours."""

    endpoint = "/office_hours_schedules"
    permission = permissions.ADMINS
    version = "2.16"


class OfficeHoursExceptions(Child, ListStream):
    """Days on which office hours differ."""

    endpoint = "/office_hours_schedules"
    child = "/office_hours_schedules/{id}/office_hours_exceptions"
    parent_key = "office_hours_schedule_id"
    permission = permissions.ADMINS
    version = "2.16"


class Audiences(WalkedStream):
    """Audiences that content is shown to."""

    endpoint = "/audiences"
    params = (("per_page", "50"),)
    permission = permissions.CONTACTS
    version = "2.16"


class DataConnectors(NewestFirstStream):
    """Connectors through which Intercom calls other systems; newest first."""

    endpoint = "/data_connectors"
    params = (("per_page", "50"),)
    permission = permissions.CONTENT
    version = "2.16"


class DataConnectorExecutionResults(Child, ListStream):
    """What data connectors did in the window; Intercom keeps results for a time that it does not document."""

    endpoint = "/data_connectors"
    params = (("per_page", "50"),)
    child = "/data_connectors/{id}/execution_results"
    parent_key = "data_connector_id"
    cursor_time = "created_at"
    permission = permissions.CONTENT
    version = "2.16"

    def children(self, parent: Record, window: Window) -> Page:
        asked = {"start_ts": window.start, "end_ts": window.end, "per_page": 30}
        path = self.child.format(id=parent["id"])
        return [row for page in list_pages(self.client, path, self.child_key, asked) for row in page]


class CustomObjectInstances(ListStream):
    """Instances of the custom object types that the options name; Intercom has no list of the types."""

    endpoint = "/custom_object_instances/{type_identifier}"
    params = (("per_page", "150"),)
    key = ("type_identifier", "id")
    permission = permissions.CUSTOM_OBJECTS
    version = "2.16"

    def listed(self, since: int = 0) -> Iterator[Page]:
        for type_identifier in self.sync.config.custom_object_types:
            path = self.endpoint.format(type_identifier=type_identifier)
            try:
                for page in list_pages(self.client, path, self.records_key, dict(self.params)):
                    yield [{**record, "type_identifier": type_identifier} for record in page]
            except RecordGone:
                self.logger.warning(f"Intercom knows no custom object type '{type_identifier}'; it is left out")

    @property
    def is_configured(self) -> bool:
        return bool(self.sync.config.custom_object_types)

    def probe(self) -> None:
        next(iter(self.listed()), None)


# What is counted by a search: the entity, the field of its search, its values, and the permission it takes.
_SEARCHED = (
    ("contacts", "role", ("user", "lead"), permissions.CONTACTS),
    ("conversations", "state", ("open", "closed", "snoozed"), permissions.CONVERSATIONS),
    ("tickets", "state", ("submitted", "in_progress", "waiting_on_customer", "resolved"), permissions.TICKETS),
)


class Counts(IntercomStream):
    """Figures of the workspace at the moment of counting, one a row, from totals that Intercom gives with a page.

    What a permission is missing for is left out, and the stream ends incomplete after all that can be counted.
    """

    endpoint = "/contacts/search"
    key = ("entity", "dimension", "value")
    permission = permissions.CONTACTS
    also_needs = (permissions.CONVERSATIONS, permissions.TICKETS, permissions.TAGS)

    def pages(self, window: Window, reading: Reading) -> Iterator[Page]:
        denied: list[AccessDenied] = []
        for count in (*_SEARCHED, self._by_segment, self._by_tag):
            try:
                yield count() if callable(count) else self._by_value(*count)
            except AccessDenied as error:
                denied.append(error)
        if denied:
            raise denied[0]

    def probe(self) -> None:
        self._count(self.client, "contacts", "role", "user", "")

    def _by_value(self, entity: str, field: str, values: tuple[str, ...], permission: str) -> Page:
        client = self.client_for(permission)
        return [self._count(client, entity, field, value, value) for value in values]

    def _by_segment(self) -> Page:
        """Segments tell their sizes themselves."""
        pages = list_pages(self.client, "/segments", "segments", {"include_count": "true"})
        return [
            self._row("contacts", "segment", str(segment["id"]), segment.get("name"), segment.get("count"))
            for page in pages
            for segment in page
        ]

    def _by_tag(self) -> Page:
        tags = [tag for page in list_pages(self.client_for(permissions.TAGS), "/tags", "data") for tag in page]
        return list(
            self.client.each(
                lambda tag: self._count(self.client, "contacts", "tag_id", str(tag["id"]), tag.get("name")), tags
            )
        )

    def _count(self, client: Client, entity: str, field: str, value: str, label: str | None) -> Record:
        query = {"field": field, "operator": "=", "value": value}
        answer = client.post(f"/{entity}/search", {"query": query, "pagination": {"per_page": 1}})
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
