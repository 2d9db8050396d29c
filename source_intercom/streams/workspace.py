"""What describes the workspace itself: people, teams, tags, settings, and what its admins did."""

from collections.abc import Iterator
from contextlib import suppress

from source_intercom.api import permissions
from source_intercom.api.errors import NotOffered, RecordGone
from source_intercom.api.figures import Page
from source_intercom.api.pages import list_pages
from source_intercom.api.paths import path_of
from source_intercom.shapes.child import Child
from source_intercom.shapes.coercion import Record
from source_intercom.shapes.lists import ClientFilteredStream, ListStream, NewestFirstStream
from source_intercom.shapes.nested import Nested
from source_intercom.sync.windows import Window


class Admins(ListStream):
    """Teammates. A deleted teammate disappears from this stream, but conversations keep the id."""

    endpoint = "/admins"
    records_key = "admins"
    params = (("display_avatar", "true"),)
    permission = permissions.ADMINS


class Teams(ListStream):
    """Teams with the ids of their members."""

    endpoint = "/teams"
    records_key = "teams"
    permission = permissions.ADMINS


class TeamAdmins(Nested):
    """Which teammate is in which team."""

    parent = Teams
    key = ("team_id", "admin_id")

    def rows(self, page: Page, window: Window) -> Iterator[Page]:
        for team in self.identified(page):
            admin_ids = team.get("admin_ids")
            if isinstance(admin_ids, list):
                yield [{"team_id": team["id"], "admin_id": admin_id} for admin_id in admin_ids]
            elif admin_ids is not None:
                self.client.tally.add(odd=1)


class _TeamsOf216(Teams):
    called = "teams"
    version = "2.16"


class TeamMetrics(Child):
    """How many conversations each teammate of a team has at the moment: open, idle and snoozed."""

    # Only workspaces with real-time monitoring have them (docs/intercom-api.md#team-metrics).
    parent = _TeamsOf216
    child = "/teams/{id}/metrics"
    key = ("team_id", "admin_id")
    parent_key = "team_id"

    def children(self, answer: Page, parent: Record) -> Page:
        return [{**row, "counted_at": self.sync.begin} for row in self.objects(answer)]

    def probe(self) -> None:
        teams = (team for page in self.source.listed() for team in self.identified(page))
        for team in teams:
            with suppress(RecordGone):
                self.client.get(path_of(self.child, id=team["id"]))
            return


class Tags(ListStream):
    """Tags. The key is the id, so a renamed tag stays one row."""

    endpoint = "/tags"
    permission = permissions.TAGS


class AwayStatusReasons(ClientFilteredStream):
    """Reasons that teammates give for being away, deleted ones too."""

    endpoint = "/away_status_reasons"
    permission = permissions.ADMINS


class Brands(ClientFilteredStream):
    """Brands of the workspace."""

    endpoint = "/brands"
    permission = permissions.BRANDS


class EmailSettings(ClientFilteredStream):
    """Addresses that the workspace sends from."""

    endpoint = "/emails"
    permission = permissions.EMAILS


class OfficeHoursSchedules(ClientFilteredStream):
    """Office hours."""

    endpoint = "/office_hours_schedules"
    permission = permissions.OFFICE_HOURS
    version = "2.16"


class OfficeHoursExceptions(Child):
    """Days on which office hours differ."""

    parent = OfficeHoursSchedules
    child = "/office_hours_schedules/{id}/office_hours_exceptions"
    parent_key = "office_hours_schedule_id"


class Audiences(ClientFilteredStream):
    """Audiences that content is shown to."""

    endpoint = "/audiences"
    params = (("per_page", "50"),)
    permission = permissions.AUDIENCES
    version = "2.16"


class DataConnectors(NewestFirstStream):
    """Connectors through which Intercom calls other systems; newest first."""

    endpoint = "/data_connectors"
    params = (("per_page", "50"),)
    permission = permissions.DATA_CONNECTORS
    version = "2.16"
    is_asked_whole = True


class DataConnectorExecutionResults(Child):
    """What data connectors did."""

    parent = DataConnectors
    every_parent = True
    child = "/data_connectors/{id}/execution_results"
    parent_key = "data_connector_id"
    cursor_time = "created_at"

    def answer(self, parent: Record, window: Window) -> Page:
        asked = {"start_ts": window.start, "end_ts": window.end, "per_page": 30}
        path = path_of(self.child, id=parent["id"])
        return [row for page in list_pages(self.client, path, self.child_key, asked) for row in page]


class CustomObjectInstances(ListStream):
    """Objects of the custom object types that the options name. Intercom's API cannot list the types."""

    endpoint = "/custom_object_instances/{type_identifier}"
    params = (("per_page", "150"),)
    key = ("type_identifier", "id")
    permission = permissions.CUSTOM_OBJECTS
    version = "2.16"

    def listed(self, since: int = 0) -> Iterator[Page]:
        unknown: list[str] = []
        types = self.sync.config.custom_object_types
        for type_identifier in types:
            path = path_of(self.endpoint, type_identifier=type_identifier)
            try:
                for page in list_pages(self.client, path, self.records_key, dict(self.params)):
                    yield [{**record, "type_identifier": type_identifier} for record in self.objects(page)]
            except RecordGone as error:
                unknown.append(str(error.internal_message))
                self.logger.warning(f"Intercom knows no custom object type '{type_identifier}'; it is left out")
        # Where it knows none at all, an empty table would say that there are no objects.
        if unknown and len(unknown) == len(types):
            raise NotOffered(
                "Intercom knows none of the custom object types that the option custom_object_types names, or this "
                "workspace does not offer custom objects. Correct the option, or leave the stream out.",
                unknown[0],
            )

    @property
    def lacks_option(self) -> str:
        return "" if self.sync.config.custom_object_types else "the option custom_object_types names no types"

    def probe(self) -> None:
        next(iter(self.listed()), None)
