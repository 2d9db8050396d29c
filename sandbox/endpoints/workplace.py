"""How the workspace is set up, and what runs in it by itself."""

from __future__ import annotations

import orjson

from ..collection import Record
from ..errors import ApiError, not_found
from ..permissions import Permission
from ..records import activity, automation, small, workplace
from ..router import Call, Reply, Router
from . import parents
from .shapes import Paged, listed, newest_first, paged

LAST_HOUR = 3_600
EVENT_TYPES = Reply(orjson.dumps({"type": "activity_log_event_type.list", "event_types": activity.EVENT_TYPES}))
"""Bare names."""
EXCEPTIONS = "/office_hours_schedules/{id}/office_hours_exceptions"


def add(router: Router) -> None:
    listed(router, "/subscription_types", "subscription_types", Permission.READ_PEOPLE, "2.11")
    listed(router, "/away_status_reasons", "away_status_reasons", Permission.READ_ADMINS, "2.14")
    listed(router, "/brands", "brands", Permission.READ_BRANDS, "2.15")
    listed(router, "/emails", "email_settings", Permission.READ_EMAILS, "2.15")
    router.get("/teams/{id}/metrics", Permission.READ_ADMINS, since="2.16")(team_metrics)
    listed(router, "/office_hours_schedules", "office_hours_schedules", Permission.OFFICE_HOURS, "2.16",
           "office_hours_schedule.list")  # fmt: skip
    router.get(EXCEPTIONS, Permission.OFFICE_HOURS, since="2.16")(exceptions)
    router.get("/admins/activity_log_event_types", Permission.READ_ACTIVITY_LOGS, since="2.16")(
        lambda _call: EVENT_TYPES
    )
    paged(router, "/audiences", "audiences", Permission.READ_AUDIENCES, "2.16", Paged(50, 50, counters="top"))
    router.get("/macros", Permission.READ_CONVERSATIONS, since="2.16")(macros)
    router.get("/data_connectors", Permission.DATA_CONNECTORS, since="2.16")(connectors)
    router.get("/data_connectors/{id}/execution_results", Permission.DATA_CONNECTORS, since="2.16")(executions)
    router.get("/custom_object_instances/{type}", Permission.READ_CUSTOM_OBJECTS, since="2.16")(instances)


def team_metrics(call: Call) -> Reply:
    """Of each member of one team, where the workspace has real-time monitoring."""
    if not call.ws.settings.realtime_monitoring:
        raise ApiError(403, "api_plan_restricted", "Real-time monitoring is not enabled for your workspace.")
    team = parents.of(call, "teams", not_found("team_not_found", "Team not found"))
    return Reply(orjson.dumps({"type": "team_metric.list", "data": small.team_metrics(call.ws, team)}))


def exceptions(call: Call) -> Reply:
    ws, schedule = call.ws, parents.of(call, "office_hours_schedules")
    records = ws.collection("office_hours_exceptions")
    found = [records.body(number) for number in records if workplace.schedule_of(ws, number) == schedule]
    return Reply(orjson.dumps({"type": "office_hours_exception.list", "data": found}))


def macros(call: Call) -> Reply:
    """Newest first; `updated_since` leaves out what was last changed in that second or before."""
    try:
        since = call.number("updated_since", -1, low=0)
    except ApiError as error:
        raise ApiError(400, "parameter_invalid", "Invalid updated_since timestamp") from error
    return newest_first(call, call.ws.collection("macros"), default=50, high=150, since=since + 1)


def connectors(call: Call) -> Reply:
    return newest_first(call, call.ws.collection("data_connectors"), default=20, high=50)


def executions(call: Call) -> Reply:
    """Runs of one data connector, of the last hour unless told otherwise, newest first."""
    ws = call.ws
    connector = parents.of(call, "data_connectors", not_found("data_connector_not_found", "Data connector not found"))
    end = call.number("end_ts", ws.clock(), low=0)
    start = call.number("start_ts", ws.clock() - LAST_HOUR, low=0)
    records, bodies = ws.collection("data_connector_execution_results"), call.flag("include_bodies")

    def build(number: int) -> Record:
        extra = automation.execution_bodies(number) if bodies else {}
        return {**records.body(number), **extra}

    def keep(number: int) -> bool:
        return automation.connector_of(ws, number) == connector

    return newest_first(call, records, default=10, high=30, by_updated=False, since=start, until=end, keep=keep,
                        build=build)  # fmt: skip


def instances(call: Call) -> Reply:
    """Custom objects of one type; types cannot be listed, and an unknown one is a 404."""
    ws, kind = call.ws, call.params["type"]
    if kind not in ws.settings.custom_object_types:
        raise not_found("not_found", "Custom object type not found")
    records = ws.collection("custom_object_instances")
    numbers = [number for number in records if automation.type_of(ws, number) == kind]
    return Paged(20, 150).reply(call, numbers, records.body)
