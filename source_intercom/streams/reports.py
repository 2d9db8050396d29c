"""Datasets of Intercom's reporting export, a stream for each that the options name."""

from collections.abc import Iterable, Mapping

from source_intercom.api.datasets import Attribute, Dataset
from source_intercom.api.exports import REPORTING
from source_intercom.options.report_options import ReportOptions
from source_intercom.shapes.report_export import NUMBER, TIME, Report

# The fields that name a row, as far as public clients' code tells them (docs/intercom-api.md#reporting-datasets). Of
# other datasets the time does.
IDS: Mapping[str, tuple[str, ...]] = {
    "conversation": ("conversation_id",),
    "consolidated_conversation_part": ("action_id",),
    "conversation_rating_sent": ("conversation_rating_id",),
    "conversation_sla_status_log": ("conversation_id", TIME),
    "conversation_state": ("conversation_id", TIME),
    "teammate_handling_conversation": ("conversation_id", TIME),
    "tickets": ("ticket_id",),
    "ticket_time_in_state": ("conversation_id", TIME),
    "call": ("call_id",),
    "call_team_stats": ("call_id", TIME),
    "call_teammate_stats": ("call_id", TIME),
}
# What is asked for where the token may not list the datasets: the attributes whose full names have been seen in use.
_KNOWN = (
    Dataset(
        "conversation",
        time="timestamp.conversation_started_at",
        attributes=tuple(
            map(
                Attribute,
                (
                    "standard.conversation_id",
                    "timestamp.conversation_started_at",
                    "standard.channel",
                    "standard.current_conversation_state",
                    "standard.conversation_started_by",
                    "standard.teammate_replies_count",
                    "team.currently_assigned_team_id",
                    "teammate.currently_assigned_teammate_id",
                    "teammate.first_closing_teammate_id",
                    "duration.first_response_time_excluding_bot_inbox",
                    "duration.time_from_first_assignment_to_close_in_office_hours",
                    "duration.time_to_close_excluding_bot_inbox_in_office_hours",
                    "duration.time_to_first_close_excluding_bot_inbox_in_office_hours",
                ),
            )
        ),
    ),
    Dataset(
        "consolidated_conversation_part",
        time="timestamp.action_time",
        attributes=tuple(
            map(
                Attribute,
                (
                    "standard.action_id",
                    "timestamp.action_time",
                    "standard.action_type",
                    "standard.conversation_id",
                    "timestamp.conversation_started_at",
                    "standard.channel",
                    "standard.conversation_started_by",
                    "standard.conversation_tag_ids",
                    "standard.last_teammate_rating",
                    "team.action_team_assignee_id",
                    "teammate.action_performed_by_teammate_id",
                    "teammate.action_teammate_assignee_id",
                    "teammate.teammate_assignee_at_action_time",
                    "duration.response_time",
                    "duration.teammate_first_response_time",
                    "duration.teammate_subsequent_response_time",
                ),
            )
        ),
    ),
)


def report_streams(reports: Iterable[ReportOptions]) -> tuple[type[Report], ...]:
    """A stream class for each report of the options."""
    return tuple(_stream_of(report) for report in reports)


def _stream_of(report: ReportOptions) -> type[Report]:
    ids = IDS.get(report.dataset, (TIME,))
    known = next((one for one in _KNOWN if one.name == report.dataset), Dataset(report.dataset))
    facts = {
        "options": report,
        "known": known,
        "ids": ids,
        "key": (*ids, NUMBER),
        "may_lack": ids,
        # Streams of one endpoint are probed together, and each dataset may be missing alone.
        "endpoint": f"{REPORTING.create}?dataset_id={report.dataset}",
    }
    name = "".join(word.capitalize() for word in report.dataset.split("_"))
    return type(f"Report{name}", (Report,), {"__doc__": f"The dataset {report.dataset} of reports.", **facts})
