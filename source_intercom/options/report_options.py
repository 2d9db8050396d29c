"""Options of reports: which datasets of Intercom's reporting export, which attributes, how many days again."""

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from source_intercom.options.spec import form

_DATASET = r"^[a-z][a-z0-9_]*$"


class ReportOptions(BaseModel):
    """A report to sync."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="Report")

    dataset: str = Field(
        pattern=_DATASET,
        max_length=100,
        title="Dataset",
        description=(
            "The identifier of a dataset in Intercom, such as conversation, consolidated_conversation_part, call. Its "
            "stream is called report_conversation, and so on."
        ),
        examples=["conversation", "consolidated_conversation_part", "call"],
        json_schema_extra=form(
            "the identifier of a dataset, in small letters, such as conversation",
            pattern_descriptor="small letters, digits and underscores",
        ),
    )
    attributes: list[str] = Field(
        default=[],
        title="Attributes",
        description=(
            "Only these columns, by their identifiers in Intercom, such as channel or people.Brand. Leave it empty for "
            "all columns, which can be hundreds and include personal data of your contacts."
        ),
        json_schema_extra=form("a list of identifiers of attributes"),
    )


def _each_once(reports: list[ReportOptions]) -> list[ReportOptions]:
    if len({report.dataset for report in reports}) < len(reports):
        raise ValueError("names a dataset twice")
    return reports


Reports: TypeAlias = Annotated[list[ReportOptions], AfterValidator(_each_once)]
REPORTS: Any = Field(
    default=[],
    title="Reports",
    description=(
        "Datasets of Intercom's reporting that you want to sync, each as a stream of its own. They reach two years "
        "back, and include conversations that nobody ever answered. The access token needs the permission to export "
        "reporting data."
    ),
    json_schema_extra=form("a list of objects with dataset and attributes, each dataset once", group="data"),
)
LOOKBACK: Any = Field(
    default=30,
    ge=0,
    le=729,
    title="Reports: lookback (days)",
    description=(
        "Each sync also exports the reports of this many days before the previous sync again, because the figures of "
        "a conversation change until it is closed and rated."
    ),
    examples=[7, 30, 90],
    json_schema_extra=form("a whole number of days from 0 to 729", group="advanced"),
)
